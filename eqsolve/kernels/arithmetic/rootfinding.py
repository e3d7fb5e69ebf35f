"""Newton's method for cubics with double-double coefficients, and cubics near a fold.

The building blocks of :mod:`eqsolve.kernels.arithmetic.cubic`: polishing a seed, a root within a
bracket, and all real roots from the two critical points where two roots nearly coincide.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np
from numba import njit

from eqsolve.kernels.arithmetic import doubledouble as dd
from eqsolve.kernels.arithmetic.doubledouble import DoubleDouble


class CubicStatus(IntEnum):
    """Outcome of ``real_roots``; any other than OK and NEAR_FOLD means no usable roots."""

    OK = 0
    NEAR_FOLD = 1
    IDENTICALLY_ZERO = 2
    NOT_FINITE = 3
    OUT_OF_RANGE = 4
    NOT_CONVERGED = 5


# The same codes as plain integers, for use inside compiled functions.
OK = int(CubicStatus.OK)
NEAR_FOLD = int(CubicStatus.NEAR_FOLD)
IDENTICALLY_ZERO = int(CubicStatus.IDENTICALLY_ZERO)
NOT_FINITE = int(CubicStatus.NOT_FINITE)
OUT_OF_RANGE = int(CubicStatus.OUT_OF_RANGE)
NOT_CONVERGED = int(CubicStatus.NOT_CONVERGED)

Roots = tuple[DoubleDouble, DoubleDouble, DoubleDouble]
Cubic = tuple[DoubleDouble, DoubleDouble, DoubleDouble, DoubleDouble]

# Relative error bound of double-double values that decide signs, with a factor of four
# or more over the sum of the bounds of the operations involved.
VALUE_BOUND = 2.0**-98


@njit(error_model="numpy", cache=True)
def value_at(cubic: Cubic, x: DoubleDouble) -> DoubleDouble:
    """Cubic at x by Horner's rule."""
    c3, c2, c1, c0 = cubic
    return dd.add(dd.mul(dd.add(dd.mul(dd.add(dd.mul(c3, x), c2), x), c1), x), c0)


@njit(error_model="numpy", cache=True)
def slope_at(cubic: Cubic, x: DoubleDouble) -> float:
    """First derivative at x, evaluated in double-double precision."""
    c3, c2, c1, _ = cubic
    inner = dd.add(dd.mul(dd.mul_double(c3, 3.0), x), dd.mul_double(c2, 2.0))
    return dd.add(dd.mul(inner, x), c1)[0]


@njit(error_model="numpy", cache=True)
def weight_at(cubic: Cubic, x: float) -> float:
    """Sum of the absolute values of the terms at x: the scale of the rounding error."""
    c3, c2, c1, c0 = cubic
    size = abs(x)
    return ((abs(c3[0]) * size + abs(c2[0])) * size + abs(c1[0])) * size + abs(c0[0])


@njit(error_model="numpy", cache=True)
def polish(cubic: Cubic, seed: float) -> tuple[bool, DoubleDouble]:
    """Newton's method, corrected to third order, with double-double residuals."""
    a, b, c = cubic[0][0], cubic[1][0], cubic[2][0]
    x = (seed, 0.0)
    for _ in range(12):
        slope = (3.0 * a * x[0] + 2.0 * b) * x[0] + c
        step = value_at(cubic, x)[0] / slope
        bend = step * (3.0 * a * x[0] + b) / slope
        x = dd.add_double(x, -step * (1.0 + bend))
        # What is left: the next order of the expansion and the error of the slope.
        noise = 2.0**-50 * ((3.0 * a * abs(x[0]) + 2.0 * abs(b)) * abs(x[0]) + abs(c))
        rest = 2.0 * bend * bend + abs(a * step * step / slope) + abs(noise / slope)
        if abs(step) * rest <= 2.0**-99 * abs(x[0]) and rest < 0.01:
            return True, x
    return False, x


@njit(error_model="numpy", cache=True)
def bracketed(
    cubic: Cubic, start: DoubleDouble, left: DoubleDouble, right: DoubleDouble, rising: bool
) -> tuple[bool, DoubleDouble]:
    """Newton's method in double-double, safeguarded by bisection of [left, right]."""
    x = start
    for _ in range(400):
        value = value_at(cubic, x)
        if abs(value[0]) <= 2.0**-106 * weight_at(cubic, x[0]):
            return True, x
        if (value[0] > 0.0) == rising:
            right = x
        else:
            left = x
        step = value[0] / slope_at(cubic, x)
        candidate = dd.add_double(x, -step)
        if abs(step) <= 2.0**-101 * abs(x[0]):
            return True, candidate
        if not (dd.less(left, candidate) and dd.less(candidate, right)):
            candidate = dd.mul_double(dd.add(left, right), 0.5)
            if not (dd.less(left, candidate) and dd.less(candidate, right)):
                return True, x
        x = candidate
    return False, x


@njit(error_model="numpy", cache=True)
def _outer_root(
    cubic: Cubic, edge: DoubleDouble, value: float, curvature: float, side: float
) -> tuple[bool, DoubleDouble]:
    """Root beyond the critical point ``edge`` (side 1: to the right, -1: to the left).

    A parabola through the critical value is passed by the cubic on the outside, so its
    root is a start from which Newton's method descends monotonically.
    """
    reach = math.sqrt(abs(value) / curvature)
    start = dd.add_double(edge, side * reach)
    end = dd.add_double(edge, side * (2.0 * reach))
    if side > 0.0:
        return bracketed(cubic, start, edge, end, True)
    return bracketed(cubic, start, end, edge, True)


@njit(error_model="numpy", cache=True)
def near_fold(cubic: Cubic) -> tuple[int, int, Roots, float]:
    """Status, number, roots and sqrt(abs(discriminant)) from the critical points; c3 > 0."""
    c3, c2, c1, _ = cubic
    nothing = dd.from_double(math.nan)
    lead = c3[0]
    square, cross = dd.mul(c2, c2), dd.mul_double(dd.mul(c3, c1), 3.0)
    spread = dd.sub(square, cross)
    bound = VALUE_BOUND * (square[0] + abs(cross[0]))
    center = dd.div(dd.neg(c2), dd.mul_double(c3, 3.0))

    if spread[0] <= bound:
        # Monotone, or the two critical points coincide.
        middle = value_at(cubic, center)[0]
        if spread[0] >= -bound and abs(middle) <= VALUE_BOUND * weight_at(cubic, center[0]):
            return NEAR_FOLD, 1, (center, nothing, nothing), 0.0
        reach = float(np.cbrt(abs(middle) / lead))
        left, right = dd.add_double(center, -2.0 * reach), dd.add_double(center, 2.0 * reach)
        start = dd.add_double(center, -math.copysign(reach, middle))
        found, only = bracketed(cubic, start, left, right, True)
        root27 = math.sqrt(27.0)
        flat = max(-spread[0], 0.0)
        size = math.hypot(2.0 * flat * math.sqrt(flat) / (root27 * lead), root27 * lead * middle)
        return OK if found else NOT_CONVERGED, 1, (only, nothing, nothing), size

    curvature = dd.sqrt(spread)
    if c2[0] >= 0.0:
        sum_ = dd.neg(dd.add(c2, curvature))
        top, bottom = dd.div(sum_, dd.mul_double(c3, 3.0)), dd.div(c1, sum_)
    else:
        sum_ = dd.sub(curvature, c2)
        bottom, top = dd.div(sum_, dd.mul_double(c3, 3.0)), dd.div(c1, sum_)
    high, low = value_at(cubic, top)[0], value_at(cubic, bottom)[0]
    high_bound = VALUE_BOUND * weight_at(cubic, top[0])
    low_bound = VALUE_BOUND * weight_at(cubic, bottom[0])
    size = math.sqrt(27.0) * lead * math.sqrt(abs(high)) * math.sqrt(abs(low))
    bend = curvature[0]

    if high < -high_bound:
        found, only = _outer_root(cubic, bottom, max(abs(low), abs(high)), bend, 1.0)
        return OK if found else NOT_CONVERGED, 1, (only, nothing, nothing), size
    if low > low_bound:
        found, only = _outer_root(cubic, top, max(abs(low), abs(high)), bend, -1.0)
        return OK if found else NOT_CONVERGED, 1, (only, nothing, nothing), size
    if high <= high_bound and low >= -low_bound:
        return NEAR_FOLD, 1, (center, nothing, nothing), 0.0
    if high <= high_bound:
        found, last = _outer_root(cubic, bottom, low, bend, 1.0)
        return NEAR_FOLD if found else NOT_CONVERGED, 2, (top, last, nothing), 0.0
    if low >= -low_bound:
        found, first = _outer_root(cubic, top, high, bend, -1.0)
        return NEAR_FOLD if found else NOT_CONVERGED, 2, (first, bottom, nothing), 0.0
    found_first, first = _outer_root(cubic, top, high, bend, -1.0)
    found_last, last = _outer_root(cubic, bottom, low, bend, 1.0)
    if high < -low:
        start = dd.add_double(top, math.sqrt(high / bend))
    else:
        start = dd.add_double(bottom, -math.sqrt(-low / bend))
    found, inner = bracketed(cubic, start, top, bottom, False)
    status = OK if found and found_first and found_last else NOT_CONVERGED
    return status, 3, (first, inner, last), size
