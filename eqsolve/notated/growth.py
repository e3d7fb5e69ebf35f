"""Growth of second moments under the feedback: when do expectations at the horizon exist?"""

from __future__ import annotations

from itertools import permutations

import sympy as sp
from flint import fmpq_mpoly

from eqsolve.arithmetic.algebra import Ring
from eqsolve.notated.matching import CoefficientSystem


def growth_polynomials(system: CoefficientSystem, rate: sp.Symbol) -> tuple[sp.Expr, ...]:
    """Return the factors of the characteristic polynomial of the second moments' growth.

    The coefficients ``h`` of the quadratic terms of the last moment solve
    ``(M - lambda) h = source``; ``M`` is the (transposed) matrix of the linear equations of the
    second moments. Expectations at an exponential time are finite if and only if every eigenvalue
    of ``M`` has a real part below the hazard rate. The factors are monic polynomials in the symbol
    ``rate``, irreducible over the rationals in the feedback coefficients and parameters.
    """
    states = system.hjb.game.state_symbols
    hazard, moment = system.hjb.game.horizon.hazard, system.hjb.game.preference.moments[-1].name
    second = [
        e
        for e in system.equations
        if e.source == moment
        and (sp.Poly(e.monomial, *states[:2]).total_degree() == 2 or e.monomial in states[2:])
    ]
    unknowns = [e.unknown for e in second]
    # spelled out, so that the polynomial factors
    squares = {
        s: e for s, e in system.hjb.game.definitions.items() if e.is_Add and e.args[0].is_Pow
    }
    rows = []
    for equation in second:
        row = [sp.diff(equation.expression.subs(squares), u) for u in unknowns]
        index = unknowns.index(equation.unknown)
        rows.append([rate - e - hazard if j == index else -e for j, e in enumerate(row)])
    ring = Ring.of(*rows)
    matrix = [[ring.polynomial(sp.expand(e)) for e in row] for row in rows]
    _, factors = ring.factors(_determinant(ring, matrix))
    monic = []
    for factor, multiplicity in factors:
        lead = sp.Poly(factor, rate).LC()
        monic += [sp.expand(factor / lead)] * multiplicity
    return tuple(monic)


def _determinant(ring: Ring, matrix: list[list[fmpq_mpoly]]) -> fmpq_mpoly:
    total = ring.context.constant(0)
    for columns in permutations(range(len(matrix))):
        inversions = sum(a > b for i, a in enumerate(columns) for b in columns[i + 1 :])
        product = ring.context.constant(-1 if inversions % 2 else 1)
        for row, column in enumerate(columns):
            product = product * matrix[row][column]
        total = total + product
    return total
