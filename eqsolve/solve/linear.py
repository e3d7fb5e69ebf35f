"""Linear equations with rational numbers, solved exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flint import fmpq, fmpq_mat

if TYPE_CHECKING:
    import sympy as sp

    from eqsolve.derivation.linear import LinearSolution

#: One equation a row: the coefficients of the unknowns, and what is added to them, to vanish.
Rows = Sequence[Sequence[fmpq]]


class Many(Exception):
    """There are infinitely many solutions."""


def solved(rows: Rows) -> list[fmpq] | None:
    """The solution; None if there is none.

    Raises
    ------
    Many
        If there is more than one.
    """
    size = len(rows[0]) - 1
    entries = [entry for row in rows for entry in row]
    reduced, rank = fmpq_mat(len(rows), size + 1, entries).rref()
    pivots = [next(j for j in range(size + 1) if reduced[i, j] != 0) for i in range(int(rank))]
    if size in pivots:
        return None
    if len(pivots) < size:
        raise Many
    return [-reduced[i, size] for i in range(size)]


def many(rows: Rows, unknowns: Sequence[str]) -> tuple[LinearSolution, list[sp.Symbol]]:
    """All solutions, for sentences about them, and the symbols of the unknowns."""
    import sympy as sp  # it writes the sentence; answers do without

    from eqsolve.arithmetic.algebra import Ring
    from eqsolve.derivation.linear import solve_linear

    symbols = list(map(sp.Symbol, unknowns))
    ring = Ring(tuple(symbols))
    equations = [
        sp.Add(*(sp.Rational(str(c)) * s for c, s in zip(row, (*symbols, sp.S.One))))
        for row in rows
    ]
    return solve_linear(ring, [ring.ratio(e).numerator for e in equations], symbols), symbols


def described(rows: Rows, unknowns: Sequence[str]) -> str:
    """Infinitely many solutions as a phrase."""
    solution, symbols = many(rows, unknowns)
    return solution.described(symbols)
