"""Equations that are linear in all unknowns but one or two, which are solved for exactly.

With the coefficients of the feedback given, those of the functions solve linear equations. Their
solutions, as rational functions of the feedback, are inserted in the first-order conditions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import sympy as sp
from flint import arb, arb_mat, ctx, fmpq, fmpq_mpoly

from eqsolve.arithmetic.plane import plane_solutions
from eqsolve.arithmetic.roots import polynomial_roots
from eqsolve.derivation.linear import is_linear, solve_linear
from eqsolve.derivation.units import Units
from eqsolve.solve.conditions import balls, evaluate
from eqsolve.symbolic.algebra import Ring

#: What is known of a coefficient: a rational number, or a ball around an irrational one.
Number: TypeAlias = Any
Values = dict[sp.Symbol, Number]


class Degenerate(Exception):
    """A block has infinitely many solutions, or may have; the message is a sentence."""


def eliminated(
    block: Sequence[sp.Symbol],
    numerators: Sequence[fmpq_mpoly],
    units: Units,
    known: Values,
    feedback: Sequence[sp.Symbol],
) -> tuple[list[Values], bool] | None:
    """The solutions of a block whose equations are linear but for one or two unknowns.

    Parameters
    ----------
    block, numerators, units : an equation for every unknown.
    known : values of other symbols in the equations.
    feedback : the unknowns that are not linear.

    Returns
    -------
    The real solutions, and whether these are proved to be all. None if the equations are not of
    this kind.

    Raises
    ------
    Degenerate
        If there are infinitely many.
    """
    ring = units.ring
    equations = dict(zip(block, numerators))
    linear = [u for u in block if u not in feedback]
    rows = [equations[u] for u in linear]
    if units.generators or len(feedback) > 2 or not all(is_linear(ring, p, linear) for p in rows):
        return None
    solution = solve_linear(ring, rows, linear)
    if solution.residuals or solution.free:
        return None
    left = [equations[u] for u in feedback]
    for unknown, value in solution.values.items():
        left = [ring.substituted(p, unknown, value) for p in left]
    # each factor once: what is excluded by it is decided in number fields
    factors = {str(f): f for v in solution.values.values() for f, _ in v.denominator.factor()[1]}
    below = ring.context.constant(1)
    for factor in factors.values():
        below *= factor
    if len(feedback) == 1:
        points, complete = _line(ring, left[0], below, known, feedback[0])
    else:
        if set().union(*(ring.expression(p).free_symbols for p in left)) - set(feedback):
            return None
        points, complete = _plane(ring, left, below, feedback)
    spelled = [ring.expression(row) for row in rows]
    found: list[Values] = []
    for point in points:
        values = _completed(spelled, linear, {**known, **point}, point)
        complete &= values is not None
        if values is not None:
            found.append(values)
    return found, complete


def _line(
    ring: Ring, polynomial: fmpq_mpoly, below: fmpq_mpoly, known: Values, unknown: sp.Symbol
) -> tuple[list[Values], bool]:
    while not (common := polynomial.gcd(below)).is_constant():
        polynomial = polynomial / common
    parts = ring.coefficients(polynomial, unknown)
    coefficients = [evaluated(ring.expression(c), known) for c in parts]
    if all(c == 0 for c in coefficients):
        raise Degenerate(f"The equation of {unknown} holds for every number.")
    roots = polynomial_roots([ball(c) if isinstance(c, arb) else rational(c) for c in coefficients])
    return [{unknown: root.value} for root in roots.roots], roots.complete


def _plane(
    ring: Ring, polynomials: Sequence[fmpq_mpoly], below: fmpq_mpoly, unknowns: Sequence[sp.Symbol]
) -> tuple[list[Values], bool]:
    plane = Ring(tuple(unknowns))
    places = [ring.symbols.index(u) for u in unknowns]

    def lowered(polynomial: fmpq_mpoly) -> fmpq_mpoly:
        terms = polynomial.to_dict().items()
        return plane.context.from_dict({tuple(int(e[i]) for i in places): c for e, c in terms})

    first, second = map(lowered, polynomials)
    if first.is_zero() or second.is_zero():
        raise Degenerate(f"An equation of {unknowns[0]} and {unknowns[1]} holds for all numbers.")
    found = plane_solutions(first, second, lowered(below), bits=int(ctx.prec))
    if found.degenerate and not found.points:
        raise Degenerate(f"The equations of {unknowns[0]} and {unknowns[1]} hold on a curve.")
    return [dict(zip(unknowns, point)) for point in found.points], found.complete


def _completed(
    rows: Sequence[sp.Expr], unknowns: Sequence[sp.Symbol], at: Values, point: Values
) -> Values | None:
    """The linear unknowns at a point; None where their equations may be singular."""
    solved = solve_balls(rows, unknowns, at)
    return None if solved is None else {**point, **solved}


def solve_balls(
    rows: Sequence[sp.Expr], unknowns: Sequence[sp.Symbol], known: Values
) -> Values | None:
    """Solve equations ``= 0`` that are linear in the unknowns; None where they may be singular."""
    size = len(unknowns)
    values = balls(_entries(tuple(rows), tuple(unknowns)), {s: ball(v) for s, v in known.items()})
    try:
        solved: Any = arb_mat(size, size, values[: size**2]).solve(
            arb_mat(size, 1, values[size**2 :])
        )
    except ZeroDivisionError:
        return None
    return {u: solved[i, 0] for i, u in enumerate(unknowns)}


@lru_cache(maxsize=32)
def _entries(rows: tuple[sp.Expr, ...], unknowns: tuple[sp.Symbol, ...]) -> tuple[sp.Expr, ...]:
    """The matrix of linear equations, and their right sides."""
    zero = dict.fromkeys(unknowns, sp.S.Zero)
    slopes = (sp.diff(row, u) for row in rows for u in unknowns)
    return (*slopes, *(-row.xreplace(zero) for row in rows))


def evaluated(expression: sp.Expr, known: Mapping[sp.Symbol, Number]) -> Number:
    """An expression in known symbols: exact if it has none, or a ball."""
    if expression.is_Rational:
        return expression
    return evaluate(expression, {s: ball(known[s]) for s in expression.free_symbols})


def ball(value: Number) -> arb:
    """A number as a ball."""
    return value if isinstance(value, arb) else arb(rational(value))


def rational(value: sp.Rational) -> fmpq:
    """A rational number for balls."""
    return fmpq(int(value.p), int(value.q))
