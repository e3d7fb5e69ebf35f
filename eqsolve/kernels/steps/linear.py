"""Small linear systems and eigenvalues in doubles."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from eqsolve.kernels.steps.common import Vector


@njit(cache=True, error_model="numpy")
def factor(matrix: Vector, order: Any) -> bool:
    """Gaussian elimination in place with the largest pivots; False if one is zero."""
    size = order.size
    for k in range(size):
        best = k
        for i in range(k + 1, size):
            if abs(matrix[i, k]) > abs(matrix[best, k]):
                best = i
        order[k] = best
        if not abs(matrix[best, k]) > 0.0:
            return False
        if best != k:
            for j in range(size):
                matrix[k, j], matrix[best, j] = matrix[best, j], matrix[k, j]
        inverse = 1.0 / matrix[k, k]
        for i in range(k + 1, size):
            matrix[i, k] *= inverse
            for j in range(k + 1, size):
                matrix[i, j] -= matrix[i, k] * matrix[k, j]
    return True


@njit(cache=True, error_model="numpy")
def substitute(matrix: Vector, order: Any, right: Vector) -> None:
    """Solve with a matrix that ``factor`` has worked on, in place."""
    size = order.size
    for k in range(size):
        right[k], right[order[k]] = right[order[k]], right[k]
    for k in range(size):
        for i in range(k + 1, size):
            right[i] -= matrix[i, k] * right[k]
    for k in range(size - 1, -1, -1):
        for j in range(k + 1, size):
            right[k] -= matrix[k, j] * right[j]
        right[k] /= matrix[k, k]


@njit(cache=True, error_model="numpy")
def relative(change: Vector, u: Vector) -> float:
    """The largest change relative to ``1 + |u|``; not finite if one is not."""
    largest = 0.0
    for i in range(u.size):
        part = abs(change[i]) / (1.0 + abs(u[i]))
        largest = part if not part <= largest else largest
    return largest


@njit(cache=True, error_model="numpy")
def norm(matrix: Vector) -> float:
    """The largest sum of magnitudes in a row; not finite if one is not."""
    largest = 0.0
    for i in range(matrix.shape[0]):
        total = 0.0
        for j in range(matrix.shape[1]):
            total += abs(matrix[i, j])
        largest = total if not total <= largest else largest
    return largest


@njit(cache=True, error_model="numpy")
def growth(matrix: Vector, start: Vector) -> float:
    """The largest real part of the eigenvalues of the part of a matrix that ``start`` reaches."""
    size = matrix.shape[0]
    reached = np.zeros(size, dtype=np.bool_)
    for i in range(size):
        reached[i] = np.any(start[i] != 0.0)
    grown = True
    while grown:
        grown = False
        for i in range(size):
            for j in range(size):
                if reached[i] and not reached[j] and matrix[i, j] != 0.0:
                    reached[j] = True
                    grown = True
    count = 0
    part = np.zeros((size, size), dtype=np.complex128)
    places = np.zeros(size, dtype=np.int64)
    for i in range(size):
        if reached[i]:
            places[count] = i
            count += 1
    if count == 0:
        return 0.0
    for i in range(count):
        for j in range(count):
            value = matrix[places[i], places[j]]
            if not math.isfinite(value):
                return math.nan
            part[i, j] = value
    return float(np.max(np.linalg.eigvals(part[:count, :count].copy()).real))


@njit(cache=True, error_model="numpy")
def attracts(matrix: Vector) -> bool:
    """Whether all eigenvalues of a matrix have negative real parts."""
    size = matrix.shape[0]
    if size == 1:
        return bool(matrix[0, 0] < 0.0)
    if size == 2:
        trace = matrix[0, 0] + matrix[1, 1]
        return bool(trace < 0.0 and matrix[0, 0] * matrix[1, 1] > matrix[0, 1] * matrix[1, 0])
    return growth(matrix, np.ones((size, 1))) < 0.0


@njit(cache=True, error_model="numpy")
def eliminate(matrix: Any, errors: Any, right: Vector, solution: Vector) -> bool:
    """Solve a small linear system in place; False if a pivot could be zero.

    ``errors`` bounds the errors of the entries, and grows with what is subtracted from them.
    """
    size = right.size
    for k in range(size):
        best = k
        for i in range(k + 1, size):
            if abs(matrix[i, k]) - errors[i, k] > abs(matrix[best, k]) - errors[best, k]:
                best = i
        if not abs(matrix[best, k]) > errors[best, k]:
            return False
        for j in range(size):
            matrix[k, j], matrix[best, j] = matrix[best, j], matrix[k, j]
            errors[k, j], errors[best, j] = errors[best, j], errors[k, j]
        right[k], right[best] = right[best], right[k]
        for i in range(k + 1, size):
            factor = matrix[i, k] / matrix[k, k]
            doubt = (errors[i, k] + abs(factor) * errors[k, k]) / (abs(matrix[k, k]) - errors[k, k])
            for j in range(k, size):
                errors[i, j] += abs(factor) * errors[k, j] + doubt * (
                    abs(matrix[k, j]) + errors[k, j]
                )
                matrix[i, j] -= factor * matrix[k, j]
            right[i] -= factor * right[k]
    for k in range(size - 1, -1, -1):
        total = right[k]
        for j in range(k + 1, size):
            total -= matrix[k, j] * solution[j]
        solution[k] = total / matrix[k, k]
    return True
