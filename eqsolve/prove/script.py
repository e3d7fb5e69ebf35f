"""Theorems whose proofs somebody wrote: a text with places for expressions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import sympy as sp

from eqsolve.prove.coq import Names
from eqsolve.prove.statement import Hypothesis, Line, Statement, Theorem
from eqsolve.prove.witness import witness

_PLACE = re.compile(r"<<(\w+)>>")


def script(text: str, parts: Mapping[str, sp.Expr | Statement] | None = None) -> tuple[Line, ...]:
    """A proof, line by line, with ``<<name>>`` where an expression or a statement stands.

    Raises
    ------
    KeyError
        If a place has no part.
    """
    lines = []
    for line in text.strip("\n").splitlines():
        names = _PLACE.findall(line)
        plain = line.replace("{", "{{").replace("}", "}}")
        lines.append(Line(_PLACE.sub("{}", plain), tuple((parts or {})[name] for name in names)))
    return tuple(lines)


def stated(
    name: str,
    title: str,
    hypotheses: Iterable[Hypothesis],
    conclusion: Statement,
    proof: Iterable[Line],
    source: str = "",
    point: Mapping[sp.Symbol, sp.Expr] | None = None,
) -> Theorem:
    """A theorem with a proof that is given, and with numbers that satisfy what it assumes.

    Parameters
    ----------
    point : numbers of some letters, where a draw does not find any.

    Raises
    ------
    VacuousError
        If no numbers are found that satisfy the assumptions.
    """
    made = Theorem(name, title, tuple(hypotheses), conclusion, tuple(proof), source=source)
    return Theorem(
        name,
        title,
        made.hypotheses,
        conclusion,
        (*_introduced(made), *made.script),
        witness(made, point or {}),
        source,
    )


def _introduced(theorem: Theorem) -> tuple[Line, ...]:
    """The letters and hypotheses, and nothing that the conclusion speaks of."""
    letters = " ".join(["{}"] * len(theorem.letters))
    names = " ".join(hypothesis.name for hypothesis in theorem.hypotheses)
    return (Line(f"intros {letters} {names}.", theorem.letters),)


def applied(theorem: Theorem) -> str:
    """A theorem at the letters and hypotheses of the same names, for a proof."""
    names = Names()
    letters = (names(letter) for letter in theorem.letters)
    hypotheses = (hypothesis.name for hypothesis in theorem.hypotheses)
    return f"({' '.join((theorem.name, *letters, *hypotheses))})"
