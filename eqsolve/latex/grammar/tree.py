"""The syntax tree of a formula."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from eqsolve.latex.grammar.tokens import joined


@dataclass(frozen=True)
class Number:
    """A rational number."""

    value: Fraction
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Atom:
    """A name with accents, subscript and index in the superscript, in canonical LaTeX."""

    base: str
    sub: tuple[str, ...] = ()
    sup: str = ""
    span: tuple[int, int] = field(default=(0, 0), compare=False)

    @property
    def name(self) -> str:
        """The canonical LaTeX."""
        text = self.base
        if self.sup:
            text += f"^{{{self.sup}}}"
        return f"{text}_{{{joined(self.sub)}}}" if self.sub else text

    @property
    def tex(self) -> str:
        """The name without the braces that LaTeX does not need."""
        return tidy(self.name)


@dataclass(frozen=True)
class Sum:
    """Terms with their signs; the last of each triple is where the sign stands."""

    terms: tuple[tuple[int, Node, tuple[int, int]], ...]
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Product:
    """Factors."""

    factors: tuple[Node, ...]
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Quotient:
    """A fraction."""

    top: Node
    bottom: Node
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Power:
    """An integer power."""

    base: Node
    exponent: int
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Call:
    """A function, expectation, sum over an index, limit, ... applied to arguments."""

    name: str
    arguments: tuple[Node, ...]
    span: tuple[int, int] = field(default=(0, 0), compare=False)


Node = Number | Atom | Sum | Product | Quotient | Power | Call


@dataclass(frozen=True)
class Relation:
    """``left relation right``; ``sign`` is where the relation stands.

    ``condition`` is text that belongs to it and is not read, such as ``if x > 0``.
    """

    left: Node
    relation: str
    right: Node
    sign: tuple[int, int]
    tex: str
    condition: str = ""


@dataclass(frozen=True)
class Context:
    """What decides readings that depend on the display.

    Attributes
    ----------
    differentials : whether ``d`` before a name is a differential.
    indexed : canonical names in which a number in the superscript is an index.
    is_factor : whether a name before a bracket is a factor; otherwise it is a function of what
        is in the bracket. None takes every name for a factor.
    """

    differentials: bool = False
    indexed: frozenset[str] = frozenset()
    is_factor: Callable[[Atom, Node], bool] | None = None


def tidy(name: str) -> str:
    """A canonical name without the braces that LaTeX does not need."""
    return re.sub(r"([_^])\{(\w|\*)\}", r"\1\2", name)
