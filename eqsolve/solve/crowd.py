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
from eqsolve.derivation.linear import is_linear, solve_linear
from eqsolve.errors import DerivationError
from eqsolve.game.parameters import Numbers, read
from eqsolve.game.types import Types
from eqsolve.numerics.status import Status
from eqsolve.solve.answer import Answer
from eqsolve.symbolic.algebra import Ring

Averages = dict[sp.Symbol, sp.Rational]


def numbers_of_types(
    derivation: Derivation, types: Types, at: Mapping[str, object] | None
) -> list[Numbers]:
    """The numbers of every type, checked."""
    return [read(derivation.model, {**types.common, **row}, at) for row in types.rows]


def averages(
    derivation: Derivation, numbers: list[Numbers], weights: tuple[Fraction, ...]
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
    if derivation.system.implicit or any(
        f.free_symbols & set(derivation.system.unknowns) for f in feedback.values()
    ):
        raise DerivationError(
            "the feedback of a type is not explicit in its parameters and the averages.",
            game=game.name,
            stage="laws",
            remedy="Types of their own need a feedback without coefficients that move.",
        )
    symbols = list(aggregates)
    coupled = [a for a in symbols if any(a in f.free_symbols for f in feedback.values())]
    sums: dict[sp.Symbol, list[sp.Expr]] = {a: [] for a in symbols}
    for number, weight in zip(numbers, weights):
        table = _rationals(derivation, number)
        own = {s: f.xreplace(table) for s, f in feedback.items()}
        for symbol, atom in aggregates.items():
            term = atom.expression.xreplace(own).xreplace(table)
            share = sp.Rational(weight.numerator, weight.denominator) ** atom.power
            sums[symbol].append(share * term)
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
            return (
                Status.DEGENERATE,
                "The averages over the types are not determined: there is a line of equilibria.",
            )
        for symbol, ratio in solution.values.items():
            found[symbol] = ring.expression(ratio.numerator) / ring.expression(ratio.denominator)
    for symbol in symbols:
        if symbol not in found:
            found[symbol] = sp.Add(*sums[symbol]).xreplace(found)
    return found


def _rationals(derivation: Derivation, numbers: Numbers) -> dict[sp.Symbol, sp.Rational]:
    table = {s: sp.Rational(v.numerator, v.denominator) for s, v in numbers.parameters.items()}
    for name, definition in derivation.solved.game.definitions.items():
        table[name] = definition.xreplace(table)
    return table


def merged(answers: list[Answer], types: Types, found: Averages) -> Answer:
    """One answer for all types: results of type k have the suffix ``_k``."""
    first = answers[0]
    failed = next((a for a in answers if not a.ok), None)
    averages = {s.name: float(v) for s, v in found.items()}
    if failed is not None:
        number = answers.index(failed) + 1
        return replace(failed, message=f"Type {number}: {failed.message}", laws=averages)

    def joined(part: str) -> dict[str, Any]:
        return {
            f"{name}_{k}": value
            for k, answer in enumerate(answers, start=1)
            for name, value in getattr(answer, part).items()
        }

    return replace(
        first,
        parameters=joined("parameters"),
        strategy=joined("strategy"),
        value=joined("value"),
        coefficients=joined("coefficients"),
        outputs=joined("outputs"),
        at=joined("at"),
        laws=averages,
        certificate={**first.certificate, "types": len(answers), "quadrature": types.drawn},
    )
