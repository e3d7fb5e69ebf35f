"""Inequalities between expressions, from the equation for their difference and the signs in it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Literal

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.prove.coq import NotStatedError
from eqsolve.prove.signs import Signed, assumptions, signed
from eqsolve.prove.statement import Hypothesis, Joined, Line, Relation, Statement, Theorem
from eqsolve.prove.witness import VacuousError, holds, witness

Order = Literal["<", ">", "<=", ">="]

#: The relations of displays.
RELATIONS: dict[str, Order] = {">": ">", "<": "<", r"\geq": ">=", r"\leq": "<="}


def decided(
    equation: Theorem, word: str, difference: sp.Expr, positive: Collection[sp.Symbol]
) -> Theorem:
    """That one side is the larger one, where what the sign hangs on is positive.

    Parameters
    ----------
    equation : that the left side is the right one and the difference.
    word : the relation, in LaTeX.
    positive : letters that may be assumed to be positive.

    Raises
    ------
    NotStatedError
        If the difference does not have the sign that the relation asks for.
    VacuousError
        If no point satisfies what is assumed.
    """
    found, relation = signed(difference, positive).oriented, RELATIONS.get(word)
    if relation is None or difference.has(AppliedUndef):
        raise NotStatedError(f"{equation.title}: {word} is not stated.", stage="proofs")
    strict, rises = len(relation) == 1, relation.startswith(">")
    if found.sign != (1 if rises else -1):
        raise NotStatedError(f"{equation.title}: the sign is another one.", stage="proofs")
    assert isinstance(equation.conclusion, Relation)
    left, right = equation.conclusion.left, equation.conclusion.right - difference
    stated: Statement = Relation(left, relation, right)
    signs = assumptions([found if strict else replace(found, nonzero=())])
    if found.rest != 1 and strict:
        stated = Joined("<->", (stated, Relation(found.rest, ">")))
    elif found.rest != 1:
        signs.append(Hypothesis("not_negative", Relation(found.rest, ">=")))
    here = [h.statement for h in signs if isinstance(h.statement, Relation)]
    nonzero = [Relation(one.left, "<>") for one in here if one.relation != ">="]
    kept = [h for h in equation.hypotheses if h.statement not in nonzero]
    signs = [replace(h, name=f"sign_{k}") for k, h in enumerate(signs, 1)]
    made = replace(
        equation,
        name=f"{equation.name}_sign",
        hypotheses=(*kept, *signs),
        conclusion=stated,
        script=(*_before(equation, right, found, rises), *_signs(found, strict)),
    )
    known = {s: e for s, e in equation.witness.items() if isinstance(e, sp.Expr)}
    if all(holds(one, known) for one in here):
        return made
    if made.functions:
        raise VacuousError(f"no point was found at which {made.name} holds.", stage="proofs")
    return replace(made, witness=witness(made))


def _before(equation: Theorem, right: sp.Expr, found: Signed, rises: bool) -> Iterator[Line]:
    """What the sides differ by."""
    assert isinstance(equation.conclusion, Relation)
    left = equation.conclusion.left
    sides, both = ("{0} - {1}", "z - {0}") if rises else ("{1} - {0}", "{0} - z")
    differ = f"assert (difference : {sides} = {{2}} * {{3}})."
    yield Line("intros.")
    yield Line("assert (same : {}).", (equation.conclusion,))
    yield Line("{{ " + equation.script[1].text, equation.script[1].expressions)
    yield from equation.script[2:]
    yield Line("}}")
    yield Line(differ, (left, right, found.magnitude, found.rest))
    yield Line(f"{{{{ etransitivity; [exact (f_equal (fun z => {both}) same) |].", (right,))
    yield Line("  cbv beta; field; side. }}")


def _signs(found: Signed, strict: bool) -> Iterator[Line]:
    """Which side is the larger one."""
    product = (found.magnitude, found.rest)
    if not strict:
        yield Line("assert (sign : 0 <= {} * {}) by not_negative.", product)
    elif found.rest == 1:
        yield Line("assert (sign : 0 < {} * {}) by positive.", product)
    else:
        yield Line("assert (above : 0 < {}) by positive.", product[:1])
        yield Line("pose proof (positive_product {} {} above) as sign.", product)
    yield Line("rewrite <- difference in sign.")
    if strict and found.rest != 1:
        yield Line("split; intro larger; [apply sign | apply sign in larger]; lra.")
    else:
        yield Line("lra.")
