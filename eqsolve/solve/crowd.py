"""Equilibria of a crowd whose copies have types of their own.

The averages over all copies are found first: with the averages given, a type's feedback is
explicit; those averages that the feedback depends on solve a linear system, the others follow.
Then every type is solved like a game of its own at the averages found.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import sympy as sp
from flint import ctx

from eqsolve.arithmetic.algebra import Ring
from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.linear import equations as listed
from eqsolve.derivation.linear import is_linear, solve_linear
from eqsolve.errors import DerivationError
from eqsolve.game.parameters import Numbers, read
from eqsolve.game.structure import counted
from eqsolve.game.types import read_types
from eqsolve.numbers import exact
from eqsolve.rows import Types
from eqsolve.solve.answer import Answer
from eqsolve.solve.derived import DerivedPoint
from eqsolve.solve.merged import merged
from eqsolve.solve.point import BITS
from eqsolve.status import Status

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
            remedy="derive, solve, sensitivity and verify take such a game.",
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


def solve_averages(
    derivation: Derivation,
    values: Mapping[str, object],
    *,
    at: Mapping[str, object] | None = None,
    size: int | None = None,
    selection: str | None = None,
) -> Answer:
    """Solve where the averages are not determined by numbers alone: see ``solve.solve``.

    Raises
    ------
    DerivationError
        If the averages over types do not solve a linear system.
    """
    model = derivation.model
    given = counted(model, values, size)
    crowd = model.game.crowd
    if size is None and crowd is not None and str(crowd.size) in given:
        size = int(exact(str(crowd.size), given[str(crowd.size)]))
    types = read_types(model, given, size, at=at)
    chosen = selection or model.selection
    with ctx.workprec(BITS):
        numbers = numbers_of_types(derivation, types)
        found = averages(derivation, numbers, types)
        if isinstance(found, tuple):
            return DerivedPoint(derivation, numbers[0], chosen).point.refused(*found)
        points = [DerivedPoint(derivation, number, chosen, found) for number in numbers]
        shown = {s.name: value for s, value in found.items()}
        return merged([point.answer() for point in points], types, shown)
