"""All solutions of a stationary coefficient system, block by block.

The coefficients of the feedback are unknowns beside those of the functions. In these, at a given
feedback, the equations are linear; they are eliminated exactly, and one or two polynomials in the
coefficients of the feedback are left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import sympy as sp
from flint import arb, ctx, fmpq_mpoly

from eqsolve.arithmetic.function import Function
from eqsolve.arithmetic.roots import function_roots, polynomial_roots
from eqsolve.arithmetic.systems import real_solutions
from eqsolve.derivation.blocks import triangular
from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.linear import is_linear, solve_linear
from eqsolve.derivation.units import Units
from eqsolve.solve.conditions import Condition, domains
from eqsolve.solve.path import exact as midpoint
from eqsolve.solve.reduction import (
    Degenerate,
    Values,
    ball,
    eliminated,
    evaluated,
    rational,
    solve_balls,
)


@dataclass(frozen=True)
class Solutions:
    """The solutions of a stationary system.

    Attributes
    ----------
    points : coefficients of functions and implicit coefficients of the feedback, one mapping
        for every real solution.
    complete : whether it is proved that there are no others.
    degenerate : what is known of a block without isolated solutions, where there is one; the
        points are the others then.
    """

    points: tuple[Values, ...]
    complete: bool
    degenerate: str = ""


def stationary(
    derivation: Derivation,
    parameters: Mapping[sp.Symbol, sp.Rational],
    only: Sequence[sp.Symbol] = (),
) -> Solutions:
    """Find all real solutions at exact parameters; of some unknowns if they need no other."""
    system = derivation.system
    rates = system.open_rates or system.rates
    equations = {
        symbol: expression.xreplace(dict(parameters))
        for symbol, expression in (
            *rates.items(),
            *system.implicit.items(),
            *system.conditions.items(),
        )
    }
    needs = {u: [s for s in equations if s in e.free_symbols] for u, e in equations.items()}
    positive = [c.expression.xreplace(dict(parameters)) for c in domains(derivation)]
    points: list[Values] = [{}]
    complete, degenerate = True, ""
    for block in triangular(needs):
        if only and not set(block) <= set(only):
            continue
        found: list[Values] = []
        for point in points:
            try:
                inner = [u for u in block if u in system.conditions]
                more, whole = _block(block, [equations[u] for u in block], point, inner)
            except Degenerate as found_none:
                complete, degenerate = False, str(found_none)
                continue
            complete &= whole
            found += [{**point, **values} for values in more]
        points = [point for point in found if not _outside(point, positive)]
    names = (*system.unknowns, *system.implicit)
    found = [{s: point[s] for s in names if s in point} for point in points]
    return Solutions(tuple(found), complete, degenerate)


def _outside(point: Values, positive: Sequence[sp.Expr]) -> bool:
    """Whether something that stands under a power or logarithm is surely not positive."""
    values = {symbol: ball(value) for symbol, value in point.items()}
    return any(
        Condition(expression, "").holds(values) is False
        for expression in positive
        if expression.free_symbols <= values.keys()
    )


def _block(
    block: Sequence[sp.Symbol],
    equations: Sequence[sp.Expr],
    known: Values,
    feedback: Sequence[sp.Symbol] = (),
) -> tuple[list[Values], bool]:
    """The solutions of one block at known values of earlier ones, and whether these are all.

    ``feedback`` are the block's unknowns that are coefficients of the feedback.
    """
    exact = {s: v for s, v in known.items() if not isinstance(v, arb)}
    inserted = [e.xreplace(exact) for e in equations]
    bases = _bases(inserted, block)
    if bases:
        # before anything is cleared: rational exponents would become enormous degrees
        return _transcendental(block, inserted, bases)
    units, numerators = _cleared(tuple(inserted))
    ring = units.ring
    if all(is_linear(ring, p, block) for p in numerators):
        return _linear(block, numerators, units, known)
    if len(block) == 1:
        (unknown,) = block
        coefficients = [
            evaluated(units.expression(c), known) for c in ring.coefficients(numerators[0], unknown)
        ]
        roots = polynomial_roots(
            [ball(c) if isinstance(c, arb) else rational(c) for c in coefficients]
        )
        values: list[Values] = [{unknown: root.value} for root in roots.roots]
        return values, roots.complete
    if feedback:
        solved = eliminated(block, numerators, units, known, feedback)
        if solved is not None:
            return solved
    middle = {s: midpoint(v) for s, v in known.items() if isinstance(v, arb)}
    # earlier irrational values: their balls are far narrower than solutions are apart
    solutions = real_solutions([e.xreplace(middle) for e in inserted], block, bits=ctx.prec)
    if solutions.degenerate:
        raise Degenerate(f"The equations of {_listed(block)} have infinitely many solutions.")
    found = [dict(zip(block, point)) for point in solutions.points]
    return found, solutions.complete and not any(e.has(*middle) for e in inserted if middle)


@lru_cache(maxsize=32)
def _cleared(equations: tuple[sp.Expr, ...]) -> tuple[Units, list[fmpq_mpoly]]:
    """The numerators of equations, which are the same at every value of earlier unknowns."""
    units = Units.of(equations)
    return units, [units.ratio(e).numerator for e in equations]


def _bases(equations: Sequence[sp.Expr], block: Sequence[sp.Symbol]) -> list[sp.Expr]:
    """What stands under powers and logarithms of the block's unknowns, to be positive."""
    inner = set(block)
    found: dict[sp.Expr, None] = {}
    for equation in equations:
        for power in equation.atoms(sp.Pow):
            if not power.exp.is_Integer and power.free_symbols & inner:
                found[power.base] = None
        for function in equation.atoms(sp.log, sp.exp):
            if function.free_symbols & inner:
                found[function.args[0] if isinstance(function, sp.log) else sp.S.One] = None
    return list(found)


def _transcendental(
    block: Sequence[sp.Symbol], equations: Sequence[sp.Expr], bases: Sequence[sp.Expr]
) -> tuple[list[Values], bool]:
    """The roots of one equation with powers of its unknown, where the bases are positive."""
    if len(block) != 1:
        return [], False
    (unknown,) = block
    low: sp.Expr = -sp.oo
    high: sp.Expr = sp.oo
    for inner in bases:
        if unknown not in inner.free_symbols:
            continue
        slope = sp.diff(inner, unknown)
        if slope.free_symbols or not slope.is_Rational:
            return [], False
        edge = sp.Rational(-inner.xreplace({unknown: sp.S.Zero}) / slope)
        low, high = (max(low, edge), high) if slope > 0 else (low, min(high, edge))
    function = Function([equations[0]], [unknown])
    ends = [rational(end) if end.is_Rational else None for end in (low, high)]
    roots = function_roots(function, *ends, bits=ctx.prec)
    return [{unknown: root.value} for root in roots.roots], roots.complete


def _linear(
    block: Sequence[sp.Symbol], numerators: Sequence[fmpq_mpoly], units: Units, known: Values
) -> tuple[list[Values], bool]:
    ring = units.ring
    free = set().union(*(units.expression(p).free_symbols for p in numerators)) - set(block)
    if not free and not units.generators:
        solution = solve_linear(ring, numerators, block)
        if solution.residuals:
            return [], True
        if solution.free:
            described = solution.described(block)
            raise Degenerate(f"The equations of {_listed(block)} have {described}.")
        exact = {
            u: units.expression(v.numerator) / units.expression(v.denominator)
            for u, v in solution.values.items()
        }
        return [exact], True
    solved = solve_balls([units.expression(p) for p in numerators], block, known)
    if solved is None:
        raise Degenerate(
            f"The determinant of the equations of {_listed(block)} cannot be told from zero: they "
            "have no solution, or infinitely many."
        )
    return [solved], True


def _listed(block: Sequence[sp.Symbol]) -> str:
    return ", ".join(map(str, block))
