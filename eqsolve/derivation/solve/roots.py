"""Stationary blocks of several coupled equations."""

from __future__ import annotations

from eqsolve.derivation.solve import algebra
from eqsolve.derivation.solve.block import Block, Found, Known
from eqsolve.derivation.solve.step import Roots
from eqsolve.derivation.units import Units


def recognize(block: Block, known: Known) -> Found | None:
    """Keep the system: its equations without denominators and common factors."""
    if not block.algebraic:
        return None
    equations = []
    for equation in block.equations:
        units = Units.of([equation])
        equations.append(units.expression(units.ratio(equation).numerator))
    polynomial = all(algebra.powers(e, block.symbols) is not None for e in equations)
    kind = "polynomials" if polynomial else "equations"
    return Found((Roots(block.symbols, tuple(equations), kind),))
