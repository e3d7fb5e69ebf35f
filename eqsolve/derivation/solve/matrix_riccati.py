"""Coefficients that form a symmetric matrix ``P`` with ``P' = Q + A^T P + P A - P S P``.

It is ``P = Y X^{-1}`` with the linear Hamiltonian system ``X' = -A X + S Y``, ``Y' = Q X + A^T Y``;
the stationary solution that stabilizes the states comes from its invariant subspace.
"""

from __future__ import annotations

import sympy as sp

from eqsolve.derivation.linear import solve_linear
from eqsolve.derivation.solve import algebra
from eqsolve.derivation.solve.block import Block, Found, Known
from eqsolve.derivation.solve.step import Flow, Linearization, Roots
from eqsolve.derivation.units import Units


def recognize(block: Block, known: Known) -> Found | None:
    """Find the matrix among the second derivatives of the ansatz, and its Riccati equation."""
    if block.constraints or len(block.symbols) < 3:
        return None
    for unknown in known.hessians:
        if unknown.free_symbols != set(block.symbols):
            continue
        matrix = _hamiltonian(unknown, block, known)
        if matrix is None:
            continue
        linearization = Linearization(unknown, matrix)
        rates = tuple(block.rates.values())
        if block.algebraic:
            units = [Units.of([rate]) for rate in rates]
            equations = tuple(u.expression(u.ratio(r).numerator) for u, r in zip(units, rates))
            roots = Roots(block.symbols, equations, "matrix Riccati", (), linearization)
            return Found((roots,))
        if block.initial:
            start = tuple(block.initial[s] for s in block.symbols)
            flow = Flow(block.symbols, rates, start, "matrix Riccati", (), linearization)
            return Found((flow,))
    return None


def _hamiltonian(unknown: sp.Matrix, block: Block, known: Known) -> sp.Matrix | None:
    """The matrix of the linear system, or None if the equation has another form."""
    size = unknown.shape[0]
    slopes = sp.Matrix(size, size, lambda i, j: sp.Dummy(f"A{i}{j}"))
    upper = {(i, j): sp.Dummy(f"S{i}{j}") for i in range(size) for j in range(i, size)}
    curvature = sp.Matrix(size, size, lambda i, j: upper[min(i, j), max(i, j)])
    moved = unknown.applyfunc(
        lambda e: sp.Add(*(sp.diff(e, s) * block.rates[s] for s in block.symbols))
    )
    if not all(map(known.is_constant, block.rates.values())):
        return None
    constant = moved.xreplace(dict.fromkeys(block.symbols, sp.S.Zero))
    form = constant + slopes.T * unknown + unknown * slopes - unknown * curvature * unknown
    residual = [(moved - form)[i, j] for i in range(size) for j in range(i, size)]
    lines = []
    units = Units.of(residual)
    for entry in residual:
        lines += units.collect(entry, block.symbols)
    wanted = [*slopes, *upper.values()]
    solution = solve_linear(units.ring, lines, wanted)
    if solution.residuals or solution.free:
        return None
    values = {
        w: algebra.factored(units.expression(r.numerator) / units.expression(r.denominator))
        for w, r in solution.values.items()
    }
    slopes, curvature = slopes.xreplace(values), curvature.xreplace(values)
    top = sp.Matrix.hstack(-slopes, curvature)
    return sp.Matrix.vstack(top, sp.Matrix.hstack(constant, slopes.T))
