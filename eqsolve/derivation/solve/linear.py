"""Stationary blocks that are linear in their unknowns."""

from __future__ import annotations

import math

import sympy as sp

from eqsolve.derivation.linear import is_linear, solve_linear
from eqsolve.derivation.solve import algebra
from eqsolve.derivation.solve.block import Block, Found, Known
from eqsolve.derivation.solve.step import LINEAR, Condition, Explicit, Roots
from eqsolve.derivation.units import Units

#: Most terms of a determinant that is written out. Systems that may be read have a tenth of it at
#: most; ten times as many take minutes.
MOST = 10**6


def recognize(block: Block, known: Known) -> Found | None:
    """Solve linear equations by elimination, or keep them where their determinant is too long."""
    if not block.algebraic:
        return None
    units = Units.of(block.equations)
    lines = [units.ratio(e).numerator for e in block.equations]
    hidden = {s for meaning in units.meaning.values() for s in meaning.free_symbols}
    if hidden & set(block.symbols):
        return None
    if not all(is_linear(units.ring, line, block.symbols) for line in lines):
        return None
    # a term of the determinant has a factor of every equation
    if math.prod(len(line) for line in lines) > MOST:
        kept = tuple(units.expression(line) for line in lines)
        return Found((Roots(block.symbols, kept, LINEAR),))
    solution = solve_linear(units.ring, lines, block.symbols)
    if solution.residuals or solution.free or len(solution.values) != len(block.symbols):
        return None
    steps = []
    for symbol in block.symbols:
        value = algebra.factored(
            units.expression(solution.values[symbol].numerator)
            / units.expression(solution.values[symbol].denominator)
        )
        steps.append(Explicit(symbol, value, "linear", divided(value, f"{symbol} exists")))
    return Found(tuple(steps))


def divided(
    value: sp.Expr, sentence: str, times: tuple[sp.Symbol, ...] = ()
) -> tuple[Condition, ...]:
    """The conditions under which an expression does not divide by zero."""
    return tuple(Condition(d, "!=", sentence) for d in algebra.divisors(value, times))
