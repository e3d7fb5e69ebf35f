"""Theorems whose proofs somebody wrote: a text with places for expressions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import sympy as sp

from eqsolve.prove.coq import Names
from eqsolve.prove.statement import (
    Exists,
    Hypothesis,
    Joined,
    Line,
    Relation,
    Statement,
    Theorem,
)
from eqsolve.prove.witness import VacuousError, holds, witness

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


def applied(theorem: Theorem, renamed: Mapping[str, str] | None = None) -> str:
    """A theorem at letters and hypotheses of the same names, or of other ones, for a proof."""
    names = Names()
    used = [names(letter) for letter in theorem.letters]
    used += [hypothesis.name for hypothesis in theorem.hypotheses]
    words = (theorem.name, *((renamed or {}).get(name, name) for name in used))
    return f"({' '.join(words)})"


def counterexample(
    name: str,
    title: str,
    statements: Sequence[Relation],
    point: Mapping[sp.Symbol, sp.Expr],
    source: str = "",
) -> Theorem:
    """That rational numbers satisfy statements together; a letter that is defined needs no number.

    Raises
    ------
    VacuousError
        If they do not.
    """
    values = dict(point)
    for one in statements:
        if one.relation == "=" and one.left.is_Symbol and one.left not in values:
            values[one.left] = one.right.xreplace(values)
    if not all(holds(one, values) for one in statements):
        raise VacuousError(f"{title}: the numbers do not show it.", stage="proofs")
    letters = tuple(sorted(values, key=lambda s: (s not in point, str(s.name))))
    numbers = ", ".join(["{}"] * len(letters))
    proof = (
        Line(f"exists {numbers}.", tuple(values[s] for s in letters)),
        Line("repeat split; witness."),
    )
    return Theorem(
        name, title, (), Exists(letters, Joined("/\\", tuple(statements))), proof, {}, source
    )
