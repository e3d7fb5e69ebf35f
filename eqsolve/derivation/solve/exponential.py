"""Two coupled linear differential equations with constant coefficients.

``u' = M u + q`` has the solution ``exp(M s) (u_T + M^{-1} q) - M^{-1} q``, and for two unknowns
``exp(M s) = exp(m s / 2) (cosh(D s / 2) + (2 M - m) sinh(D s / 2) / D)`` with the trace ``m`` and
``D^2 = m^2 - 4 det M``.
"""

from __future__ import annotations

import sympy as sp

from eqsolve.derivation.solve import algebra
from eqsolve.derivation.solve.block import Block, Found, Known
from eqsolve.derivation.solve.functions import RootCosh, RootSinh
from eqsolve.derivation.solve.linear import divided
from eqsolve.derivation.solve.step import Explicit, Flow, Step, to_go


def recognize(block: Block, known: Known) -> Found | None:
    """Solve a linear system with constant coefficients; more than two unknowns stay a flow."""
    if block.algebraic or block.constraints or not block.initial or len(block.symbols) < 2:
        return None
    symbols = block.symbols
    rows, forcing = [], []
    for rate in block.rates.values():
        parts = algebra.powers(rate, symbols)
        if parts is None or any(sum(exponents) > 1 for exponents in parts):
            return None
        units = [tuple(int(i == k) for i in range(len(symbols))) for k in range(len(symbols))]
        rows.append([parts.get(unit, sp.S.Zero) for unit in units])
        forcing.append(parts.get((0,) * len(symbols), sp.S.Zero))
    rates, start = tuple(block.rates.values()), tuple(block.initial[s] for s in symbols)
    matrix, constant = sp.Matrix(rows), sp.Matrix(forcing)
    flow = Found((Flow(symbols, rates, start, "linear"),))
    if len(symbols) > 2 or not all(map(known.is_constant, (*matrix, *constant))):
        return flow
    determinant = algebra.factored(known.spelled(matrix.det()))
    if determinant == 0 and any(entry != 0 for entry in constant):
        return flow
    trace = algebra.factored(known.spelled(matrix.trace()))
    shown, named = known.discriminant(algebra.factored(trace**2 - 4 * determinant), symbols[0])
    steps: list[Step] = [*named]
    cosh, sinh = RootCosh(shown, to_go / 2), RootSinh(shown, to_go / 2)
    rest = sp.zeros(2, 1)
    if any(entry != 0 for entry in constant):
        rest = (matrix.adjugate() * constant / determinant).applyfunc(algebra.factored)
    begin = (sp.Matrix(start) + rest).applyfunc(algebra.factored)
    turned = ((2 * matrix - trace * sp.eye(2)) * begin).applyfunc(algebra.factored)
    for k, symbol in enumerate(symbols):
        value = sp.exp(trace * to_go / 2) * (begin[k] * cosh + turned[k] * sinh) - rest[k]
        conditions = divided(rest[k], f"the closed form of {symbol} divides by it")
        steps.append(Explicit(symbol, value, "exponential", conditions))
    return Found(tuple(steps))
