"""Real roots of a cubic with double-double coefficients, for numba kernels.

``real_roots`` counts the distinct real roots of c3 p^3 + c2 p^2 + c1 p + c0 and
returns them in double-double precision. The method:

1. The polynomial and its variable are scaled by powers of two (exactly) so that
   the outer coefficients are about 1. Zero or relatively negligible coefficients
   leave a quadratic or a linear equation.
2. The number of roots is the sign of the discriminant. It is evaluated in double
   precision with an error bound; where that does not decide, the values at the
   two critical points are evaluated in double-double precision with a bound.
3. Far from folds the seeds are those of Kahan: Newton's method for the most
   isolated root, which converges monotonically, then deflation on the stable
   side (W. Kahan, "To solve a real cubic equation", Berkeley PAM-352, 1986).
   They are polished with double-double residuals. Near folds the roots are found
   by Newton's method within brackets formed by the critical points.

The equilibrium's cubic (2.53)-(2.54) of the paper is solved by this kernel.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from eqsolve.kernels.arithmetic import doubledouble as dd
from eqsolve.kernels.arithmetic.doubledouble import DoubleDouble
from eqsolve.kernels.arithmetic.rootfinding import (
    IDENTICALLY_ZERO,
    NEAR_FOLD,
    NOT_CONVERGED,
    NOT_FINITE,
    OK,
    OUT_OF_RANGE,
    VALUE_BOUND,
    Cubic,
    CubicStatus,
    Roots,
    near_fold,
    polish,
    slope_at,
)

__all__ = [
    "IDENTICALLY_ZERO",
    "NEAR_FOLD",
    "NOT_CONVERGED",
    "NOT_FINITE",
    "OK",
    "OUT_OF_RANGE",
    "CubicRoots",
    "CubicStatus",
    "real_roots",
]

# A discriminant in double precision is trusted above this multiple of the sum of its
# terms. Its error is below 2^-48 of that sum; the margin keeps three digits of the gap.
DOUBLE_BOUND = 2.0**-36
# Ratio of coefficients, as a power of two, from which a root separates exactly.
SEPARATION = 250
SMALLEST_NORMAL = 2.0**-1022


class CubicRoots(NamedTuple):
    """Distinct real roots of a cubic.

    Attributes
    ----------
    status : a code of :class:`CubicStatus`. NEAR_FOLD: two (or three) roots coincide,
        or whether they are real cannot be decided; they are reported as one root,
        their common real part to about 1e-14 (1e-9 for three).
    number : number of distinct real roots, 0 to 3.
    roots : the roots as double-double pairs, ascending; NaN from ``number`` on.
    gap : signed distance from a fold. Distance of the two closest roots relative to
        the larger: positive between real roots, negative (-2 abs(Im z)/abs(z)) for
        a complex pair, 0 at a fold, infinite where there is at most one root of
        any kind. Accurate to about 1e-3.
    """

    status: int
    number: int
    roots: Roots
    gap: float


@njit(error_model="numpy", cache=True)
def _discriminant_sign(a: float, b: float, c: float, d: float) -> tuple[int, float]:
    """Sign of the discriminant (0: not decided in double precision) and its value."""
    t1, t2, t3 = 18.0 * a * b * c * d, -4.0 * b * b * b * d, b * c * b * c
    t4, t5 = -4.0 * a * c * c * c, -27.0 * a * a * d * d
    value = t1 + t2 + t3 + t4 + t5
    bound = DOUBLE_BOUND * (abs(t1) + abs(t2) + t3 + abs(t4) + abs(t5))
    if value > bound:
        return 1, value
    if value < -bound:
        return -1, value
    return 0, value


@njit(error_model="numpy", cache=True)
def _seeds(a: float, b: float, c: float, d: float) -> tuple[float, float, float]:
    """Most isolated real root and the real parts of the others, in double precision."""
    x = -b / (3.0 * a)
    value = ((a * x + b) * x + c) * x + d
    descent = -((3.0 * a * x + 2.0 * b) * x + c) / a
    reach = float(np.cbrt(abs(value) / a))
    if descent > 0.0:
        # 1.3247... is the real root of t^3 = t + 1: the start lies beyond the root.
        reach = 1.324718 * max(reach, math.sqrt(descent))
    x -= math.copysign(reach, value)
    for _ in range(64):
        slope = (3.0 * a * x + 2.0 * b) * x + c
        if slope == 0.0:
            break
        step = (((a * x + b) * x + c) * x + d) / slope
        x -= step
        if abs(step) <= 2.0**-26 * abs(x):
            break
    if abs(a * x * x * x) > abs(d):
        product = -d / x
        linear = (product - c) / x
    else:
        linear = a * x + b
        product = linear * x + c
    offset = linear * linear - 4.0 * a * product
    half = -0.5 * (linear + math.copysign(math.sqrt(max(offset, 0.0)), linear))
    if half == 0.0:
        return x, 0.0, 0.0
    return x, half / a, product / half


@njit(error_model="numpy", cache=True)
def _distance(x: DoubleDouble, y: DoubleDouble) -> float:
    """Distance of x and y relative to the larger."""
    return abs(dd.sub(x, y)[0]) / max(abs(x[0]), abs(y[0]))


@njit(error_model="numpy", cache=True)
def _ordered(x: DoubleDouble, y: DoubleDouble) -> tuple[DoubleDouble, DoubleDouble]:
    """The two numbers, ascending."""
    if dd.less(y, x):
        return y, x
    return x, y


@njit(error_model="numpy", cache=True)
def _sorted(x: DoubleDouble, y: DoubleDouble, z: DoubleDouble) -> Roots:
    """The three numbers, ascending."""
    x, y = _ordered(x, y)
    y, z = _ordered(y, z)
    x, y = _ordered(x, y)
    return x, y, z


@njit(error_model="numpy", cache=True)
def _scaled_roots(cubic: Cubic) -> CubicRoots:
    """Roots of a cubic with outer coefficients of magnitude 1 to 8 and c3 > 0."""
    a, b, c, d = cubic[0][0], cubic[1][0], cubic[2][0], cubic[3][0]
    nothing = dd.from_double(math.nan)
    sign, discriminant = _discriminant_sign(a, b, c, d)
    if sign != 0:
        number = 3 if sign > 0 else 1
        seeds = _seeds(a, b, c, d)
        done, x = polish(cubic, seeds[0])
        roots = (x, nothing, nothing)
        if number == 3:
            done_y, y = polish(cubic, seeds[1])
            done_z, z = polish(cubic, seeds[2])
            roots = _sorted(x, y, z)
            apart = min(_distance(roots[0], roots[1]), _distance(roots[1], roots[2]))
            # Three distinct limits are all the roots; otherwise two seeds met.
            done = done and done_y and done_z and apart > 2.0**-40
        size, status = math.sqrt(abs(discriminant)), OK
    if sign == 0 or not done:
        status, number, roots, size = near_fold(cubic)
    if status == NEAR_FOLD:
        gap = 0.0
    elif number == 3:
        gap = min(_distance(roots[0], roots[1]), _distance(roots[1], roots[2]))
    else:
        # The pair z: abs(z1 - z2) = sqrt(abs(discriminant))/(c3 slope), abs(z)^2 = -c0/(c3 x).
        modulus = math.sqrt(abs(d / (a * roots[0][0])))
        gap = -size / (a * slope_at(cubic, roots[0]) * modulus)
    return CubicRoots(status, number, roots, gap)


@njit(error_model="numpy", cache=True)
def _ratio(x: DoubleDouble, y: DoubleDouble) -> DoubleDouble:
    """-x / y without intermediate over- or underflow."""
    ex, ey = dd.exponent_of(x[0]), dd.exponent_of(y[0])
    return dd.scale(dd.neg(dd.div(dd.scale(x, -ex), dd.scale(y, -ey))), ex - ey)


@njit(error_model="numpy", cache=True)
def _quadratic(c2: DoubleDouble, c1: DoubleDouble, c0: DoubleDouble) -> CubicRoots:
    """Real roots of c2 p^2 + c1 p + c0 with c2 and c0 not zero."""
    nothing = dd.from_double(math.nan)
    lead = dd.exponent_of(c2[0])
    shift = (dd.exponent_of(c0[0]) - lead) >> 1
    if dd.exponent_of(c1[0]) - lead - shift > SEPARATION:
        low, high = _ordered(_ratio(c1, c2), _ratio(c0, c1))
        return CubicRoots(OK, 2, (low, high, nothing), _distance(low, high))
    a, b = dd.scale(c2, -lead), dd.scale(c1, -lead - shift)
    c = dd.scale(c0, -lead - 2 * shift)
    square, product = dd.mul(b, b), dd.mul_double(dd.mul(a, c), 4.0)
    discriminant = dd.sub(square, product)
    bound = VALUE_BOUND * (square[0] + abs(product[0]))
    if discriminant[0] < -bound:
        gap = -2.0 * math.sqrt(discriminant[0] / -product[0])
        return CubicRoots(OK, 0, (nothing, nothing, nothing), gap)
    if discriminant[0] <= bound:
        fold = dd.scale(dd.div(b, dd.mul_double(a, -2.0)), shift)
        return CubicRoots(NEAR_FOLD, 1, (fold, nothing, nothing), 0.0)
    root = dd.sqrt(discriminant)
    half = dd.mul_double(dd.add(b, root) if b[0] >= 0.0 else dd.sub(b, root), -0.5)
    low, high = _ordered(dd.div(half, a), dd.div(c, half))
    roots = (dd.scale(low, shift), dd.scale(high, shift), nothing)
    return CubicRoots(OK, 2, roots, _distance(low, high))


@njit(error_model="numpy", cache=True)
def _with_root(pair: CubicRoots, root: DoubleDouble) -> CubicRoots:
    """Roots of a quadratic and one more root, distinct from them."""
    nothing = dd.from_double(math.nan)
    if pair.number == 0:
        return CubicRoots(pair.status, 1, (root, nothing, nothing), pair.gap)
    if pair.number == 1:
        low, high = _ordered(pair.roots[0], root)
        return CubicRoots(pair.status, 2, (low, high, nothing), pair.gap)
    roots = _sorted(pair.roots[0], pair.roots[1], root)
    gap = min(_distance(roots[0], roots[1]), _distance(roots[1], roots[2]))
    return CubicRoots(pair.status, 3, roots, gap)


@njit(error_model="numpy", cache=True)
def _dispatch(c3: DoubleDouble, c2: DoubleDouble, c1: DoubleDouble, c0: DoubleDouble) -> CubicRoots:
    """Roots by the degree and the sizes of finite coefficients."""
    zero, nothing = (0.0, 0.0), dd.from_double(math.nan)
    none = (nothing, nothing, nothing)
    if c3[0] == 0.0 and c2[0] == 0.0:
        if c1[0] != 0.0:
            return CubicRoots(OK, 1, (_ratio(c0, c1), nothing, nothing), math.inf)
        return CubicRoots(OK if c0[0] != 0.0 else IDENTICALLY_ZERO, 0, none, math.inf)
    if c0[0] == 0.0:
        # Zero is a root: a double one if c1 vanishes too.
        if c1[0] != 0.0:
            if c3[0] != 0.0:
                return _with_root(_quadratic(c3, c2, c1), zero)
            low, high = _ordered(zero, _ratio(c1, c2))
            return CubicRoots(OK, 2, (low, high, nothing), 1.0)
        if c3[0] == 0.0 or c2[0] == 0.0:
            return CubicRoots(NEAR_FOLD, 1, (zero, nothing, nothing), 0.0)
        low, high = _ordered(zero, _ratio(c2, c3))
        return CubicRoots(NEAR_FOLD, 2, (low, high, nothing), 0.0)
    if c3[0] == 0.0:
        return _quadratic(c2, c1, c0)

    lead = dd.exponent_of(c3[0])
    shift = (dd.exponent_of(c0[0]) - lead) // 3
    size2 = dd.exponent_of(c2[0]) - lead - shift
    size1 = dd.exponent_of(c1[0]) - lead - 2 * shift
    if max(size2, size1) > SEPARATION:
        # One root is larger (or smaller) than the others by a factor beyond 2^200.
        if size2 >= size1:
            return _with_root(_quadratic(c2, c1, c0), _ratio(c2, c3))
        return _with_root(_quadratic(c3, c2, c1), _ratio(c0, c1))
    a, b = dd.scale(c3, -lead), dd.scale(c2, -lead - shift)
    c, d = dd.scale(c1, -lead - 2 * shift), dd.scale(c0, -lead - 3 * shift)
    if a[0] < 0.0:
        a, b, c, d = dd.neg(a), dd.neg(b), dd.neg(c), dd.neg(d)
    scaled = _scaled_roots((a, b, c, d))
    x, y, z = scaled.roots
    roots = (dd.scale(x, shift), dd.scale(y, shift), dd.scale(z, shift))
    return CubicRoots(scaled.status, scaled.number, roots, scaled.gap)


@njit(error_model="numpy", cache=True)
def real_roots(
    c3: DoubleDouble, c2: DoubleDouble, c1: DoubleDouble, c0: DoubleDouble
) -> CubicRoots:
    """Distinct real roots of c3 p^3 + c2 p^2 + c1 p + c0.

    Parameters
    ----------
    c3, c2, c1, c0 : coefficients as double-double pairs; any may be zero.

    Returns
    -------
    CubicRoots
        Status, number, ascending roots and distance from a fold. Relative error of the
        roots with respect to the given coefficients: about 2^-94 divided by the gap (by its
        square where three roots are close).
        OUT_OF_RANGE: a root is not a normal double. No exception is raised.
    """
    c3, c2 = dd.two_sum(c3[0], c3[1]), dd.two_sum(c2[0], c2[1])
    c1, c0 = dd.two_sum(c1[0], c1[1]), dd.two_sum(c0[0], c0[1])
    nothing = dd.from_double(math.nan)
    # A pair with a non-finite part has a low part that is NaN.
    if not math.isfinite(c3[1] + c2[1] + c1[1] + c0[1]):
        return CubicRoots(NOT_FINITE, 0, (nothing, nothing, nothing), math.nan)
    result = _dispatch(c3, c2, c1, c0)
    status = result.status
    for index in range(result.number):
        size = abs(result.roots[index][0])
        if not math.isfinite(size) or (size < SMALLEST_NORMAL and (size > 0.0 or c0[0] != 0.0)):
            status = OUT_OF_RANGE
    return CubicRoots(status, result.number, result.roots, result.gap)
