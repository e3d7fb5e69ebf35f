"""Numbers that satisfy all hypotheses of a theorem: without them it would say nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.arithmetic.algebra import Ring
from eqsolve.errors import EqsolveError
from eqsolve.game import t
from eqsolve.prove.problem import Faced
from eqsolve.prove.statement import Relation, Theorem

#: Of the drawn numbers, and how often they are drawn before a theorem is refused.
SEED, ATTEMPTS = 5, 200


class VacuousError(EqsolveError):
    """No point was found that satisfies what a theorem assumes."""


def witness(
    theorem: Theorem, point: Mapping[sp.Symbol, sp.Expr] | None = None
) -> dict[sp.Symbol, sp.Expr]:
    """Rational numbers for all letters of a theorem without functions.

    Letters that equations define follow from the others; an equation that defines none is solved
    for a letter that it is linear in, where it does not hold already at a ``point`` that is given.

    Raises
    ------
    VacuousError
        If no point is found.
    """
    statements = [h.statement for h in theorem.hypotheses]
    relations = [s for s in statements if isinstance(s, Relation)]
    equations = [r for r in relations if r.relation == "="]
    defined = {r.left: r.right for r in equations if r.left.is_Symbol}
    implicit = [r.left - r.right for r in equations if not r.left.is_Symbol]
    rng = random.Random(SEED)
    for _ in range(ATTEMPTS):
        values = _point(theorem, defined, implicit, rng, point or {})
        if values is not None and all(holds(r, values) for r in relations):
            return values
    raise VacuousError(
        f"no point was found that satisfies what {theorem.name} assumes.", stage="proofs"
    )


def _point(
    theorem: Theorem,
    defined: Mapping[sp.Symbol, sp.Expr],
    implicit: list[sp.Expr],
    rng: random.Random,
    point: Mapping[sp.Symbol, sp.Expr],
) -> dict[sp.Symbol, sp.Expr] | None:
    """Drawn numbers, and those that follow from them."""
    spelled = dict(defined)
    for _ in defined:
        spelled = {s: e.xreplace(spelled) for s, e in spelled.items()}
    free = [s for s in theorem.letters if s not in defined]
    values: dict[sp.Symbol, sp.Expr] = {s: sp.Rational(rng.randint(1, 24), 8) for s in free}
    values |= {s: v for s, v in point.items() if s in free}
    for equation in rng.sample(implicit, len(implicit)):
        left = equation.xreplace(spelled)
        if holds(Relation(left, "="), values):
            continue
        letters = [s for s in free if s in left.free_symbols]
        rng.shuffle(letters)
        found = next(_solutions(left, letters, values), None)
        if found is None:
            return None
        values |= found
        free = [s for s in free if s not in found]
    try:
        return values | {s: _number(e, values) for s, e in spelled.items()}
    except ZeroDivisionError:
        return None


def _solutions(
    left: sp.Expr, letters: list[sp.Symbol], values: Mapping[sp.Symbol, sp.Expr]
) -> Iterator[dict[sp.Symbol, sp.Expr]]:
    """Values of one letter, in which the equation is linear, at which it holds."""
    for letter in letters:
        others = {s: v for s, v in values.items() if s != letter}
        here = left.xreplace(others)
        if not here.is_rational_function(letter):
            continue
        ring = Ring.of(here, (letter,))
        parts = ring.coefficients(ring.ratio(here).numerator, letter)
        if len(parts) == 2:
            below, above = (ring.expression(part) for part in reversed(parts))
            yield {letter: -above / below}


def _number(expression: sp.Expr, values: Mapping[sp.Symbol, sp.Expr]) -> sp.Rational:
    value = sp.expand(expression.xreplace(dict(values)))
    if not value.is_Rational:
        raise ZeroDivisionError
    return value


def holds(relation: Relation, values: Mapping[sp.Symbol, sp.Expr]) -> bool:
    try:
        difference = _number(relation.left - relation.right, values)
    except ZeroDivisionError:
        return False
    return bool(
        {
            "=": difference == 0,
            "<>": difference != 0,
            "<": difference < 0,
            ">": difference > 0,
            "<=": difference <= 0,
            ">=": difference >= 0,
        }[relation.relation]
    )


def numbers(
    theorem: Theorem,
    letters: Mapping[sp.Symbol, sp.Expr],
    meaning: Mapping[Any, sp.Expr],
    problem: Faced,
) -> dict[Any, sp.Expr]:
    """Numbers and functions that satisfy what a theorem about an ansatz assumes.

    Parameters
    ----------
    letters : what is defined, in order.
    meaning : what the functions of the ansatz and their derivatives are.
    problem : the player's; its coefficients stand still.
    """
    still = {sp.Function(c.name): c for c in problem.moves}
    named = {letter: sp.S.Zero for letter in problem.moves.values()}
    known = {*letters, *named, *meaning}
    rng = random.Random(SEED)
    free = [*(s for s in theorem.letters if s not in known), *still.values()]
    relations = [h.statement for h in theorem.hypotheses if isinstance(h.statement, Relation)]
    for _ in range(ATTEMPTS):
        values: dict[Any, sp.Expr] = {s: sp.Rational(rng.randint(1, 24), 8) for s in free}
        values |= named
        # at 0 powers of what a root stands in are rational
        values |= {s: sp.S.Zero for s in problem.implicit if s in values}

        def at(e: sp.Expr, values: Mapping[Any, sp.Expr] = values) -> sp.Expr:
            applied = {f: values[still[f.func]] for f in e.atoms(AppliedUndef) if f.func in still}
            return e.xreplace(applied).xreplace(
                {s: v for s, v in values.items() if isinstance(s, sp.Symbol)}
            )

        for root in (r for r in relations if r.left in problem.implicit.values()):
            letters_of = rng.sample(free, len(free))
            values |= next(_solutions(root.left, letters_of, {s: values[s] for s in free}), {})
        for letter, value in letters.items():
            values[letter] = at(value)
        if any(values[letter].is_real is False for letter in letters):
            continue  # a root of a negative number
        here = [Relation(at(r.left), r.relation, at(r.right)) for r in relations]
        if all(holds(relation, {}) for relation in here):
            functions = {f: sp.Lambda(t, values[c]) for f, c in still.items()}
            # numbers that are not rational as they are defined
            values |= {s: e for s, e in letters.items() if not values[s].is_Rational}
            return {**values, **functions, **meaning}
    raise VacuousError(
        f"no point was found that satisfies what {theorem.name} assumes.", stage="proofs"
    )
