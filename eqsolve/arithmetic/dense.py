"""Matrices of numbers that add, multiply and divide, and of which nothing else is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Dense:
    """A matrix as ``arb_mat`` is one, of numbers that record how they are computed.

    Parameters
    ----------
    rows, columns : its shape.
    entries : row by row; zeros if left out.
    """

    def __init__(self, rows: int, columns: int, entries: Sequence[Any] | None = None) -> None:
        self.shape = rows, columns
        numbers = iter([0] * (rows * columns) if entries is None else entries)
        self.rows = [[next(numbers) for _ in range(columns)] for _ in range(rows)]

    def nrows(self) -> int:
        """How many rows it has."""
        return self.shape[0]

    def __getitem__(self, place: tuple[int, int]) -> Any:
        return self.rows[place[0]][place[1]]

    def _by(self, work: Any) -> Dense:
        rows, columns = self.shape
        return Dense(rows, columns, [work(i, j) for i in range(rows) for j in range(columns)])

    def __add__(self, other: Dense) -> Dense:
        return self._by(lambda i, j: self[i, j] + other[i, j])

    def __sub__(self, other: Dense) -> Dense:
        return self._by(lambda i, j: self[i, j] - other[i, j])

    def __mul__(self, other: Any) -> Dense:
        if not isinstance(other, Dense):
            return self._by(lambda i, j: self[i, j] * other)
        inner = range(self.shape[1])
        parts = [
            sum(self[i, k] * other[k, j] for k in inner)
            for i in range(self.shape[0])
            for j in range(other.shape[1])
        ]
        return Dense(self.shape[0], other.shape[1], parts)

    def solve(self, right: Dense) -> Dense:
        """The solution of a linear system, without a choice of pivots: signs are not known."""
        size = self.shape[0]
        rows = [[*row, *more] for row, more in zip(self.rows, right.rows)]
        for k in range(size):
            rows[k] = [value / rows[k][k] for value in rows[k]]
            for i in range(size):
                if i != k:
                    factor = rows[i][k]
                    rows[i] = [value - factor * p for value, p in zip(rows[i], rows[k])]
        return Dense(size, right.shape[1], [value for row in rows for value in row[size:]])
