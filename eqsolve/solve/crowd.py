"""Equilibria of a crowd whose copies have types of their own.

The averages over all copies are found first: with the averages given, a type's feedback is
explicit; those averages that the feedback depends on solve a linear system, the others follow.
Then every type is solved like a game of its own at the averages found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy as sp

from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.linear import equations as listed
from eqsolve.derivation.linear import is_linear, solve_linear
from eqsolve.errors import DerivationError
from eqsolve.game.parameters import Numbers, read
from eqsolve.game.types import WEIGHT, Types
from eqsolve.numerics.status import Status
from eqsolve.solve.answer import Answer
from eqsolve.symbolic.algebra import Ring

Averages = dict[sp.Symbol, sp.Rational]


def numbers_of_types(derivation: Derivation, types: Types) -> list[Numbers]:
    """The numbers of every type, checked."""
    return [read(derivation.model, {**types.common, **row}) for row in types.rows]


def average_terms(
    derivation: Derivation,
) -> tuple[dict[sp.Symbol, sp.Expr], tuple[sp.Symbol, ...]]:
    """What a type adds to every average per unit of its weight, and the averages that it needs.

    The terms are in the parameters of a type and the averages.

    Raises
    ------
    DerivationError
        If the feedback is not explicit.
    """
    game = derivation.model.game
    system = derivation.system
    assert game.crowd is not None
    require_explicit(derivation)
    spelled = derivation.solved.game.abbreviations
    share = sp.S.Zero + game.crowd.share
    terms = {
        symbol: share ** (atom.power - 1)
        * atom.expression.xreplace(dict(system.feedback)).xreplace(spelled)
        for symbol, atom in derivation.closure.aggregates.items()
    }
    used = set().union(*(f.free_symbols for f in system.feedback.values()))
    return terms, tuple(a for a in terms if a in used)


def refuse_given(derivation: Derivation) -> None:
    """Refuse players with types of their own whose averages are given."""
    if derivation.fixed is not None and derivation.fixed.totals:
        raise DerivationError(
            "its players differ, and averages over the others are given.",
            game=derivation.model.name,
            stage="laws",
            remedy="derive, solve, converge and verify take such a game.",
        )


def require_explicit(derivation: Derivation) -> None:
    """Refuse a feedback with coefficients that move, or that is found by iteration."""
    system = derivation.system
    refuse_given(derivation)
    if system.implicit or any(
        f.free_symbols & set(system.unknowns) for f in system.feedback.values()
    ):
        raise DerivationError(
            "the feedback of a type is not explicit in its parameters and the averages.",
            game=derivation.model.name,
            stage="laws",
            remedy="Types of their own need a feedback without coefficients that move.",
        )


def averages(
    derivation: Derivation, numbers: list[Numbers], types: Types
) -> Averages | tuple[Status, str]:
    """The averages over all copies, or why there are none.

    Raises
    ------
    DerivationError
        If the feedback is not explicit, or not affine in the averages it depends on.
    """
    aggregates = derivation.closure.aggregates
    feedback = derivation.system.feedback
    game = derivation.model.game
    require_explicit(derivation)
    symbols = list(aggregates)
    coupled = [a for a in symbols if any(a in f.free_symbols for f in feedback.values())]
    sums: dict[sp.Symbol, list[sp.Expr]] = {a: [] for a in symbols}
    for number, weight, share in zip(numbers, types.weights, types.shares):
        table = _rationals(derivation, number)
        own = {s: f.xreplace(table) for s, f in feedback.items()}
        for symbol, atom in aggregates.items():
            term = atom.expression.xreplace(own).xreplace(table)
            if term.has(sp.zoo, sp.nan):
                return Status.DEGENERATE, "The feedback of a type divides by zero."
            sums[symbol].append(_rational(weight * share ** (atom.power - 1)) * term)
    found: Averages = {}
    if coupled:
        equations = [sp.expand(a - sp.Add(*sums[a])) for a in coupled]
        ring = Ring.of(equations, coupled)
        polynomials = [ring.ratio(e).numerator for e in equations]
        if not all(is_linear(ring, p, coupled) for p in polynomials):
            raise DerivationError(
                "the averages do not solve a linear system.", game=game.name, stage="laws"
            )
        solution = solve_linear(ring, polynomials, coupled)
        if solution.residuals:
            return Status.NO_SOLUTION, "The averages over the types have no solution."
        if solution.free:
            line = solution.solutions(coupled)
            strategies = {
                sp.Symbol(f"{s}_{k}"): sp.expand(
                    f.xreplace(_rationals(derivation, n)).xreplace(line)
                )
                for k, n in enumerate(numbers, start=1)
                for s, f in feedback.items()
            }
            return (
                Status.DEGENERATE,
                f"The equations of the averages over the types have {solution.described(coupled)}: "
                f"an equilibrium for each, {listed(strategies)}.",
            )
        for symbol, ratio in solution.values.items():
            found[symbol] = ring.expression(ratio.numerator) / ring.expression(ratio.denominator)
    for symbol in symbols:
        if symbol not in found:
            found[symbol] = sp.Add(*sums[symbol]).xreplace(found)
    return found


def _rational(value: Fraction) -> sp.Rational:
    return sp.Rational(value.numerator, value.denominator)


def _rationals(derivation: Derivation, numbers: Numbers) -> dict[sp.Symbol, sp.Rational]:
    table = {s: _rational(v) for s, v in numbers.parameters.items()}
    for name, definition in derivation.solved.game.definitions.items():
        table[name] = definition.xreplace(table)
    return table


def merged(answers: list[Answer], types: Types, found: Mapping[sp.Symbol, Any]) -> Answer:
    """One answer for all types: results of type k have the suffix ``_k``.

    If one of them has no solution, that is the answer.
    """
    failed = next((k for k, a in enumerate(answers) if not a.ok), None)
    first = answers[failed or 0]

    def joined(part: str) -> dict[str, Any]:
        return {
            f"{name}_{k}": value
            for k, answer in enumerate(answers, start=1)
            for name, value in getattr(answer, part).items()
        }

    own = {name for row in types.rows for name in row}
    shared = {name: v for name, v in first.parameters.items() if name not in own}
    single = {k: v for k, v in joined("parameters").items() if k.rpartition("_")[0] in own}
    # as a user would give them: equal weights are left out
    unequal = len(set(types.weights)) > 1
    weights = {f"{WEIGHT}_{k}": str(w) for k, w in enumerate(types.weights, start=1) if unequal}
    first = replace(
        first,
        parameters={**shared, **single, **weights},
        laws={s.name: float(v) for s, v in found.items()},
    )
    if failed is not None:
        return replace(first, message=f"Type {failed + 1}: {first.message}")
    return replace(
        first,
        strategy=joined("strategy"),
        response=joined("response"),
        value=joined("value"),
        coefficients=joined("coefficients"),
        outputs=joined("outputs"),
        at=joined("at"),
        certificate={**first.certificate, "types": len(answers), "quadrature": types.drawn},
    )
