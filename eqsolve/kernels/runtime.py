"""What generated kernels call: roots, and integration of differential equations in doubles.

Functions take preallocated arrays of doubles and raise nothing; a failure is a value that is not
finite.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]

#: Columns of the extrapolation table: order 2 * COLUMNS in the step.
COLUMNS = 7
#: Local error of a step, relative to ``1 + |u|``.
TOLERANCE = 1e-13
#: Magnitude from which a solution is taken to explode.
LARGE = 1e10
MOST_STEPS = 20000


@njit(cache=True, error_model="numpy")
def root_cosh(square: float, s: float) -> float:
    """``cosh(sqrt(square) s)`` for squares of either sign."""
    if square >= 0.0:
        return math.cosh(math.sqrt(square) * s)
    return math.cos(math.sqrt(-square) * s)


@njit(cache=True, error_model="numpy")
def root_sinh(square: float, s: float) -> float:
    """``sinh(sqrt(square) s) / sqrt(square)`` for squares of either sign, ``s`` at 0."""
    z = square * s * s
    if abs(z) < 1e-3:
        return s * (1.0 + z / 6.0 * (1.0 + z / 20.0 * (1.0 + z / 42.0 * (1.0 + z / 72.0))))
    if square > 0.0:
        root = math.sqrt(square)
        return math.sinh(root * s) / root
    root = math.sqrt(-square)
    return math.sin(root * s) / root


@njit(cache=True, error_model="numpy")
def explosion_time(square: float, slope: float) -> float:
    """The first zero of ``cosh(D s / 2) - slope sinh(D s / 2) / D`` with ``D^2 = square``."""
    if square > 0.0:
        root = math.sqrt(square)
        return 2.0 / root * math.atanh(root / slope) if slope > root else math.inf
    if square == 0.0:
        return 2.0 / slope if slope > 0.0 else math.inf
    root = math.sqrt(-square)
    return (math.pi / 2.0 - math.atan(slope / root)) * 2.0 / root


@njit(cache=True, error_model="numpy")
def value_at(coefficients: Vector, x: float) -> tuple[float, float]:
    """A polynomial, leading coefficient first, and its derivative."""
    value, slope = 0.0, 0.0
    for c in coefficients:
        slope = slope * x + value
        value = value * x + c
    return value, slope


@njit(cache=True, error_model="numpy")
def limit_root(coefficients: Vector, start: float) -> float:
    """Where ``du/ds = polynomial(u)`` comes to rest from ``start``; not finite if nowhere.

    The motion is monotone: it ends at the next root in the direction of its first rate.
    """
    first = 0
    while first < coefficients.size and coefficients[first] == 0.0:
        first += 1
    poly = coefficients[first:]
    degree = poly.size - 1
    if degree < 1:
        return math.nan
    rate, _ = value_at(poly, start)
    if rate == 0.0:
        return start
    direction = 1.0 if rate > 0.0 else -1.0
    best = math.inf
    if degree == 1:
        candidates = np.array([-poly[1] / poly[0] + 0j])
    elif degree == 2:
        a, b, c = poly[0], poly[1], poly[2]
        inside = b * b - 4.0 * a * c
        if inside < 0.0:
            return math.inf * direction
        q = -0.5 * (b + math.copysign(math.sqrt(inside), b))
        candidates = np.array([q / a + 0j, c / q + 0j if q != 0.0 else 0j])
    else:
        candidates = np.roots(poly.astype(np.complex128))
    for z in candidates:
        if abs(z.imag) > 1e-7 * (1.0 + abs(z.real)):
            continue
        x = z.real
        for _ in range(4):
            value, slope = value_at(poly, x)
            if slope != 0.0:
                x -= value / slope
        distance = (x - start) * direction
        if 0.0 <= distance < best:
            best = distance
    return start + direction * best


def integrator(rates: Any) -> Any:
    """A function that integrates ``du/ds = rates(s, u, p)`` in place from 0 to a length.

    It returns whether it got there. Extrapolated midpoint rule (Gragg, Bulirsch and Stoer) of a
    fixed order with adaptive steps.
    """

    @njit(error_model="numpy")
    def midpoint(
        s: float, u: Vector, p: Vector, h: float, count: int, work: Vector, out: Vector
    ) -> None:
        part = h / count
        before, now, slope = work[0], work[1], work[2]
        before[:] = u
        rates(s, u, p, slope)
        now[:] = u + part * slope
        for k in range(1, count):
            rates(s + k * part, now, p, slope)
            before += 2.0 * part * slope
            for i in range(u.size):
                before[i], now[i] = now[i], before[i]
        rates(s + h, now, p, slope)
        out[:] = 0.5 * (now + before + part * slope)

    @njit(error_model="numpy")
    def integrate(u: Vector, p: Vector, length: float) -> bool:
        size = u.size
        table = np.empty((COLUMNS, size))
        work = np.empty((3, size))
        new = np.empty(size)
        s, h = 0.0, length / 8.0
        for _ in range(MOST_STEPS):
            if s >= length:
                return True
            h = min(h, length - s)
            for j in range(COLUMNS):
                midpoint(s, u, p, h, 2 * (j + 1), work, table[j])
                for k in range(j - 1, -1, -1):
                    ratio = (j + 1.0) / (k + 1.0)
                    factor = 1.0 / (ratio * ratio - 1.0)
                    for i in range(size):
                        table[k, i] = table[k + 1, i] + (table[k + 1, i] - table[k, i]) * factor
                if j == COLUMNS - 2:
                    new[:] = table[0]
            error = 0.0
            for i in range(size):
                scaled = abs(table[0, i] - new[i]) / (1.0 + abs(table[0, i]))
                error = scaled if not scaled <= error else error
            if error <= TOLERANCE:
                u[:] = table[0]
                s += h
                for i in range(size):
                    if not abs(u[i]) < LARGE:
                        return False
            grown = 0.9 * (TOLERANCE / error) ** (1.0 / (2 * COLUMNS - 1)) if error > 0.0 else 4.0
            h *= min(4.0, max(0.1, grown)) if math.isfinite(error) else 0.1
            if h < 1e-12 * length:
                return False
        return False

    return integrate


def settler(rates: Any, jacobian: Any) -> Any:
    """A function that follows ``du/ds = rates(s, u, p)`` in place to where it comes to rest.

    It returns whether it does: after the flow has slowed down, Newton's method takes over.
    """
    integrate = integrator(rates)

    @njit(error_model="numpy")
    def rest(u: Vector, p: Vector) -> bool:
        size = u.size
        slope = np.empty(size)
        matrix = np.empty((size, size))
        length = 1.0
        settled = False
        for _ in range(60):
            rates(0.0, u, p, slope)
            small = 0.0
            for i in range(size):
                small = max(small, abs(slope[i]) / (1.0 + abs(u[i])))
            if small < 1e-6:
                settled = True
                break
            if not integrate(u, p, length):
                return False
            length *= 1.5
        if not settled:
            return False
        for _ in range(6):
            rates(0.0, u, p, slope)
            jacobian(u, p, matrix)
            if not np.all(np.isfinite(matrix)) or not np.all(np.isfinite(slope)):
                return False
            step = np.linalg.solve(matrix, slope)
            u -= step
            if np.max(np.abs(step) / (1.0 + np.abs(u))) < 1e-14:
                break
        return bool(np.all(np.isfinite(u)))

    return rest


@njit(cache=True, error_model="numpy")
def growth(matrix: Vector) -> float:
    """The largest real part of the eigenvalues of a matrix."""
    if not np.all(np.isfinite(matrix)):
        return math.nan
    return float(np.max(np.linalg.eigvals(matrix.astype(np.complex128)).real))


def crossing_of(function: Any) -> Any:
    """A function that finds a zero of ``function(x, p)`` next to 0, where that is defined.

    What it returns is not finite if it finds none.
    """

    @njit(error_model="numpy")
    def crossing(p: Vector) -> float:
        low = high = 0.0
        start = function(0.0, p)
        if start == 0.0:
            return 0.0
        if not math.isfinite(start):
            return math.nan
        step = 1e-3
        found = False
        other_low, other_high = step, step
        for _ in range(400):
            if not found:
                value = function(high + other_high, p)
                if not math.isfinite(value):
                    other_high *= 0.5
                elif value * start <= 0.0:
                    low, high, found = high, high + other_high, True
                else:
                    high += other_high
                    other_high *= 1.5
            if not found:
                value = function(low - other_low, p)
                if not math.isfinite(value):
                    other_low *= 0.5
                elif value * start <= 0.0:
                    low, high, found = low - other_low, low, True
                else:
                    low -= other_low
                    other_low *= 1.5
            if found:
                break
        if not found:
            return math.nan
        left = function(low, p)
        for _ in range(200):
            middle = 0.5 * (low + high)
            if middle == low or middle == high:
                break
            value = function(middle, p)
            if value * left > 0.0:
                low, left = middle, value
            else:
                high = middle
        return 0.5 * (low + high)

    return crossing


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


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


def quadrature_of(function: Any) -> Any:
    """A function that integrates ``function(x, p)`` from 0: Gauss-Legendre on eight panels."""

    @njit(error_model="numpy")
    def quadrature(p: Vector, length: float) -> float:
        total = 0.0
        half = length / 16.0
        for panel in range(8):
            middle = half * (2 * panel + 1)
            for x, w in zip(_NODES, _WEIGHTS):
                total += half * w * function(middle + half * x, p)
        return total

    return quadrature
