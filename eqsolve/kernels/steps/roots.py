"""Real roots of polynomials, and zeros of other functions, in doubles."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from eqsolve.kernels.steps.common import EPSILON, Vector, own

#: Roots with imaginary parts below this may be two real ones that rounding took apart.
NEARLY_REAL = 1e-4


@njit(cache=True, error_model="numpy")
def value_at(coefficients: Vector, x: float) -> tuple[float, float]:
    """A polynomial, leading coefficient first, and its derivative."""
    value, slope = 0.0, 0.0
    for c in coefficients:
        slope = slope * x + value
        value = value * x + c
    return value, slope


@njit(cache=True, error_model="numpy")
def rounding(coefficients: Vector, x: float) -> float:
    """A bound of the rounding error of ``value_at``, of coefficients that are rounded, too."""
    total = 0.0
    for c in coefficients:
        total = total * abs(x) + abs(c)
    return 4.0 * coefficients.size * EPSILON * total


@njit(cache=True, error_model="numpy")
def real_roots(coefficients: Vector) -> tuple[Vector, Vector]:
    """The simple real roots in order, and where doubles do not decide whether there are any.

    A simple root is shown by a change of sign beyond rounding. Of every other root that is nearly
    real the real part is among the doubtful ones.
    """
    degree = coefficients.size - 1
    found, doubtful = np.empty(degree), np.empty(degree)
    if degree == 1:
        found[0] = -coefficients[1] / coefficients[0]
        return found, doubtful[:0]
    if degree == 2:
        a, b, c = coefficients[0], coefficients[1], coefficients[2]
        inside = b * b - 4.0 * a * c
        doubt = 16.0 * EPSILON * (b * b + abs(4.0 * a * c))
        if abs(inside) <= doubt:
            doubtful[0] = -0.5 * b / a
            return found[:0], doubtful[:1]
        if inside < 0.0:
            return found[:0], doubtful[:0]
        q = -0.5 * (b + math.copysign(math.sqrt(inside), b))
        found[0], found[1] = min(q / a, c / q), max(q / a, c / q)
        return found, doubtful[:0]
    count = doubts = 0
    for z in np.roots(coefficients.astype(np.complex128)):
        if abs(z.imag) > NEARLY_REAL * (1.0 + abs(z.real)):
            continue
        x = z.real
        for _ in range(4):
            value, slope = value_at(coefficients, x)
            if slope != 0.0 and math.isfinite(value / slope):
                x -= value / slope
        sure, new, width = False, True, 1e-10
        while not sure and width < 1e-4:
            width *= 10.0
            reach = width * (1.0 + abs(x))
            low, _ = value_at(coefficients, x - reach)
            high, _ = value_at(coefficients, x + reach)
            sure = low * high < 0.0 and abs(low) > rounding(coefficients, x - reach)
            sure = sure and abs(high) > rounding(coefficients, x + reach)
        for k in range(count):
            if abs(found[k] - x) <= 2.0 * width * (1.0 + abs(x)):
                new = False
        if sure and new:
            found[count] = x
            count += 1
        else:
            doubtful[doubts] = z.real
            doubts += 1
    return np.sort(found[:count]), doubtful[:doubts]


@njit(cache=True, error_model="numpy")
def root_of(coefficients: Vector, start: float, pick: int) -> float:
    """A real root of a polynomial, by its number, or where the motion from ``start`` ends.

    ``du/ds = polynomial(u)`` is monotone: it ends at the next root in the direction of its first
    rate. Infinite if there is no such root, not a number if doubles do not decide.
    """
    first = 0
    while first < coefficients.size and coefficients[first] == 0.0:
        first += 1
    poly = coefficients[first:]
    if poly.size < 2 or not np.all(np.isfinite(poly)):
        return math.nan
    roots, doubtful = real_roots(poly)
    if pick >= 0:
        if doubtful.size > 0:
            return math.nan
        return float(roots[pick]) if pick < roots.size else math.inf
    rate, _ = value_at(poly, start)
    if rate == 0.0:
        return start
    if not abs(rate) > rounding(poly, start):
        return math.nan
    direction = 1.0 if rate > 0.0 else -1.0
    best = math.inf
    for x in roots:
        distance = (x - start) * direction
        if 0.0 <= distance < best:
            best = distance
    for x in doubtful:
        # between the start and the root, within what a double root is off
        if -1e-3 * (1.0 + abs(x)) <= (x - start) * direction <= best + 1e-3 * (1.0 + abs(x)):
            return math.nan
    return start + direction * best


def crossing_of(function: Any) -> Any:
    """A function that finds a zero of ``function(x, p)`` next to 0, where that is defined.

    What it returns is not finite if it finds none.
    """

    @own(function)
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
