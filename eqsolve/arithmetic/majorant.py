"""Bounds of the error of an approximate solution by a linear comparison system, in doubles.

The error e of an approximate solution obeys e' = J e - d with a matrix J known up to an interval
and a defect d. In coordinates w = X e, abs(w_i) grows at most like r_i in r' = C r + abs(X) d,
where C has the real parts of the diagonal of X J X^-1 and the magnitudes of the rest, all rounded
up (T. Wazewski 1950; M. Mueller 1927). Decay is kept: a diagonal of -5 shrinks the bound.

Doubles are enough, because only an upper bound of small numbers is wanted: every operation below
is a sum of non-negative terms, whose rounding errors are covered by a factor.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from flint import arb

Matrix = npt.NDArray[Any]
_EPS = 2.0**-52
#: Covers results that underflow.
FLOOR = 1e-290


def magnitude(value: arb) -> float:
    """Return an upper bound of the magnitude of a ball (infinite if it is not finite)."""
    if not value.is_finite():
        return np.inf
    return float(value.abs_upper()) * (1 + _EPS) + FLOOR


def interval_matrix(rows: list[dict[int, arb]], first: int) -> tuple[Matrix, Matrix]:
    """Return middles and radii of a sparse matrix of balls, columns counted from ``first``."""
    size = len(rows)
    middle, radius = np.zeros((size, size)), np.zeros((size, size))
    for i, row in enumerate(rows):
        for j, entry in row.items():
            if j < first:
                continue
            if not entry.is_finite():
                radius[i, j - first] = np.inf
                continue
            center = float(entry.mid())
            middle[i, j - first] = center
            radius[i, j - first] = float(entry.rad()) * (1 + _EPS) + abs(center) * _EPS + FLOOR
    return middle, radius


class Frame:
    """Coordinates w = X e in which errors are bounded componentwise.

    Attributes
    ----------
    forward : the matrix X, exact.
    backward : bounds of the magnitudes of its inverse.
    """

    def __init__(self, forward: Matrix) -> None:
        self.forward = forward
        size = len(forward)
        self._inverse = np.linalg.inv(forward)
        # X Y = 1 - F gives X^-1 = Y (1 - F)^-1.
        rounding = (size + 4) * 4 * _EPS * (np.abs(forward) @ np.abs(self._inverse))
        residual = np.abs(np.eye(size) - forward @ self._inverse) + rounding
        norm = residual.sum(axis=1).max()
        if not norm < 0.5:
            raise ValueError("the frame is singular")
        # Every entry of F + F^2 + ... is bounded by norm/(1 - norm).
        self._error = np.tile(
            np.abs(self._inverse).sum(axis=1, keepdims=True) * (norm / (1 - norm)), (1, size)
        )
        self.backward = (np.abs(self._inverse) + self._error) * (1 + 4 * size * _EPS)

    @staticmethod
    def plain(size: int) -> Frame:
        """The coordinates as they are."""
        return Frame(np.eye(size))

    @staticmethod
    def of(matrix: Matrix) -> Frame:
        """Coordinates in which a matrix is triangular (a unitary change)."""
        # orthonormal vectors that span what the first eigenvectors span, for every number of them
        unitary, _ = np.linalg.qr(np.linalg.eig(matrix)[1].astype(complex))
        return Frame(unitary.conj().T)

    def comparison(self, middle: Matrix, radius: Matrix) -> Matrix:
        """Return C for all matrices J of an interval."""
        size = len(middle)
        outer = np.abs(self.forward)
        spread = outer @ (radius @ self.backward + np.abs(middle) @ self._error)
        spread += (size + 4) * 8 * _EPS * (outer @ np.abs(middle) @ np.abs(self._inverse))
        moved = self.forward @ middle @ self._inverse
        result = np.abs(moved)
        np.fill_diagonal(result, moved.diagonal().real)
        return np.asarray(result + spread * (1 + 8 * size * _EPS) + np.abs(result) * 4 * _EPS)

    def into(self, radii: Matrix) -> Matrix:
        """Bound coordinates, from bounds of the error (columns)."""
        return np.asarray(np.abs(self.forward) @ radii * (1 + 4 * len(self.forward) * _EPS) + FLOOR)

    def out(self, radii: Matrix) -> Matrix:
        """Bound the error, from bounds of its coordinates (columns)."""
        return np.asarray(self.backward @ radii * (1 + 4 * len(self.forward) * _EPS) + FLOOR)

    def change(self, other: Frame) -> Matrix:
        """Bound the magnitudes of the matrix that leads from another frame into this one."""
        size = len(self.forward)
        product = np.abs(self.forward @ other._inverse)
        outer = np.abs(self.forward)
        error = outer @ other._error + (size + 4) * 8 * _EPS * (outer @ np.abs(other._inverse))
        return np.asarray((product + error) * (1 + 8 * size * _EPS))


def exponential(comparison: Matrix, length: float) -> Matrix:
    """Return an upper bound of exp(C length), C with non-negative entries off the diagonal."""
    size = len(comparison)
    shift = max(0.0, float(-comparison.diagonal().min()))
    positive = comparison + shift * np.eye(size)
    positive = positive * (length * (1 + 4 * _EPS))
    norm = float(positive.sum(axis=1).max())
    if not norm < 1e4:
        return np.full((size, size), np.inf)
    halvings = max(0, int(np.ceil(np.log2(max(norm, 1e-300)))) + 1)
    positive = positive / 2.0**halvings
    result = term = np.eye(size)
    for k in range(1, 17):
        term = term @ positive / k
        result = result + term
    # The rest of the series, of a matrix with norm at most one half: below 2^-17/17!.
    result = result + 2.0**-60
    for _ in range(halvings):
        result = result @ result
    inflation = 1 + 40 * (size + 4) * _EPS * 2.0**halvings
    return np.asarray(result * (np.exp(-shift * length) * inflation) + FLOOR)
