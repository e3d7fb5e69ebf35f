"""What a written derivation consists of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sympy as sp

from eqsolve.ledger import Line

#: A sentence: words, and expressions that are set as formulas.
Prose = tuple[str | sp.Expr, ...]


@dataclass(frozen=True)
class Display:
    """Lines that stand together under one number, and the sentence that leads to them."""

    lines: tuple[Line, ...]
    prose: Prose = ()


@dataclass(frozen=True)
class Stage:
    """One stage of a derivation.

    Attributes
    ----------
    key : its name in commands.
    title : a heading.
    displays : in order; one without lines is prose only.
    """

    key: str
    title: str
    displays: tuple[Display, ...]


@dataclass(frozen=True)
class Names:
    """How symbols are written.

    Attributes
    ----------
    latex, text : by symbol, where they differ from SymPy's way.
    roots : symbols that are squares ``D^2``, and how their root ``D`` is written in LaTeX and in
        text.
    order : the place of symbols in products and sums: parameters, coefficients, and what moves,
        each in order of declaration.
    moving : states, laws and controls.
    states : the states of the game, upper case along their paths.
    own : states and controls, which every copy of a crowd has of its own.
    """

    latex: Mapping[sp.Symbol, str] = field(default_factory=dict)
    text: Mapping[sp.Symbol, str] = field(default_factory=dict)
    roots: Mapping[sp.Symbol, tuple[str, str]] = field(default_factory=dict)
    order: Mapping[sp.Symbol, int] = field(default_factory=dict)
    moving: frozenset[sp.Symbol] = frozenset()
    states: frozenset[sp.Symbol] = frozenset()
    own: frozenset[sp.Symbol] = frozenset()


def listed(items: Sequence[sp.Expr]) -> Prose:
    """``a, b and c`` as a part of a sentence."""
    parts: list[str | sp.Expr] = []
    for k, item in enumerate(items):
        if k:
            parts.append(" and " if k == len(items) - 1 else ", ")
        parts.append(item)
    return tuple(parts)
