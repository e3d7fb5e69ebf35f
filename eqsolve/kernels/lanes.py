"""What generated code without branches calls: functions that a compiler turns into vector code.

Where a function is not accurate it gives what is not a number: such points are left to the code
with branches.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.numerics.arithmetic.doubledouble import fma, kernel
from eqsolve.numerics.arithmetic.lanes import select, with_sign

__all__ = [
    "cosh",
    "explosion_time",
    "exponential",
    "fma",
    "linear_root",
    "load",
    "logarithm",
    "power",
    "quadratic_root",
    "root_cosh",
    "root_sinh",
    "select",
    "sinh",
    "store",
    "tanh",
]

#: Points of a tile.
TILE = 64

#: log 2 in two parts; the first has trailing zeros, so that its multiples are exact.
LOG2_HIGH, LOG2_LOW = 0.6931471803691238, 1.9082149292705877e-10
LOG2_INVERSE = 1.4426950408889634
#: 1.5 * 2^52: a sum with it is rounded to a whole number, which its last bits hold.
ROUNDER = 6755399441055744.0
ROUNDER_BITS = 0x4338000000000000
#: The bits of 1 and of sqrt(1/2).
ONE, HALF_ROOT = 0x3FF0000000000000, 0x3FE6A09E667F3BCD
#: Arguments of the exponential, and exponents of a power, beyond which digits are lost.
LARGEST, STEEPEST = 700.0, 8.0
EPSILON = 2.0**-53
#: The doubles that are normal.
LEAST, MOST = 2.0**-1022, 2.0**1023


@kernel
def load(work: NDArray[Any], row: int, source: NDArray[Any], start: int, count: int) -> None:
    """Copy a tile of an input to a row of the working array, or its only entry."""
    target = work[row * TILE : row * TILE + TILE]
    if source.size == 1:
        for i in range(TILE):
            target[i] = source[0]
        return
    part = source[start : start + count]
    if count == TILE:
        for i in range(TILE):
            target[i] = part[i]
        return
    for i in range(count):
        target[i] = part[i]


@kernel
def store(work: NDArray[Any], row: int, target: NDArray[Any], start: int, count: int) -> None:
    """Copy a row of the working array to an output, if that has any entries."""
    if target.size == 0:
        return
    part = target[start : start + count]
    source = work[row * TILE : row * TILE + TILE]
    if count == TILE:
        for i in range(TILE):
            part[i] = source[i]
        return
    for i in range(count):
        part[i] = source[i]


@kernel
def exponential(x: float) -> float:
    """``exp(x)`` to 1 ulp for ``|x| < 700``, else not a number."""
    shifted = x * LOG2_INVERSE + ROUNDER
    k = shifted - ROUNDER
    r = fma(k, -LOG2_LOW, fma(k, -LOG2_HIGH, x))
    p = 1.0 / 6227020800.0
    p = fma(p, r, 1.0 / 479001600.0)
    p = fma(p, r, 1.0 / 39916800.0)
    p = fma(p, r, 1.0 / 3628800.0)
    p = fma(p, r, 1.0 / 362880.0)
    p = fma(p, r, 1.0 / 40320.0)
    p = fma(p, r, 1.0 / 5040.0)
    p = fma(p, r, 1.0 / 720.0)
    p = fma(p, r, 1.0 / 120.0)
    p = fma(p, r, 1.0 / 24.0)
    p = fma(p, r, 1.0 / 6.0)
    p = fma(p, r, 0.5)
    p = fma(p * r, r, r) + 1.0
    exponent = np.int64((np.float64(shifted).view(np.int64) << 52) + ONE)
    return select(math.fabs(x) < LARGEST, p * exponent.view(np.float64), math.nan)


@kernel
def logarithm(x: float) -> float:
    """``log(x)`` to 2 ulp for normal positive ``x``, else not a number."""
    pattern = np.float64(x).view(np.int64)
    # x = 2^k m with m between sqrt(1/2) and sqrt(2)
    above = np.int64(pattern - HALF_ROOT)
    low = np.int64(np.uint64(above + (1024 << 52)) >> np.uint64(52))
    k = np.int64(low + ROUNDER_BITS).view(np.float64) - ROUNDER - 1024.0
    m = np.int64(pattern - ((low - 1024) << 52)).view(np.float64)
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    p = 2.0 / 21.0
    p = fma(p, z, 2.0 / 19.0)
    p = fma(p, z, 2.0 / 17.0)
    p = fma(p, z, 2.0 / 15.0)
    p = fma(p, z, 2.0 / 13.0)
    p = fma(p, z, 2.0 / 11.0)
    p = fma(p, z, 2.0 / 9.0)
    p = fma(p, z, 2.0 / 7.0)
    p = fma(p, z, 2.0 / 5.0)
    p = fma(p, z, 2.0 / 3.0)
    # log m = f - s (f - z p): what rounding of s does is small beside f
    small = fma(-s, f - z * p, f)
    value = fma(k, LOG2_HIGH, fma(k, LOG2_LOW, small))
    return select((x >= LEAST) & (x <= MOST), value, math.nan)


@kernel
def power(base: float, exponent: float) -> float:
    """``base ** exponent`` to about 16 ulp for a positive base, else not a number."""
    product = exponent * logarithm(base)
    return select(math.fabs(product) < STEEPEST, exponential(product), math.nan)


@kernel
def sinh(x: float) -> float:
    """``sinh(x)`` to 4 ulp for ``|x| < 700``, else not a number."""
    z = x * x
    p = 1.0 + z / 420.0
    p = fma(p, z / 342.0, 1.0)
    p = fma(p, z / 272.0, 1.0)
    p = fma(p, z / 210.0, 1.0)
    p = fma(p, z / 156.0, 1.0)
    p = fma(p, z / 110.0, 1.0)
    p = fma(p, z / 72.0, 1.0)
    p = fma(p, z / 42.0, 1.0)
    p = fma(p, z / 20.0, 1.0)
    p = fma(p, z / 6.0, 1.0)
    e = exponential(x)
    return select(z < 1.0, x * p, 0.5 * (e - 1.0 / e))


@kernel
def cosh(x: float) -> float:
    """``cosh(x)`` to 3 ulp for ``|x| < 700``, else not a number."""
    e = exponential(x)
    return 0.5 * (e + 1.0 / e)


@kernel
def tanh(x: float) -> float:
    """``tanh(x)`` to 8 ulp for ``|x| < 700``, else not a number."""
    return sinh(x) / cosh(x)


@kernel
def root_cosh(square: float, s: float) -> float:
    """``cosh(sqrt(square) s)``; not a number where ``square`` is negative."""
    return cosh(math.sqrt(square) * s)


@kernel
def root_sinh(square: float, s: float) -> float:
    """``sinh(sqrt(square) s) / sqrt(square)``; not a number where ``square`` is not positive."""
    root = math.sqrt(square)
    return sinh(root * s) / root


@kernel
def explosion_time(square: float, slope: float) -> float:
    """The first zero of ``cosh(D s / 2) - slope sinh(D s / 2) / D`` with ``D^2 = square``.

    Infinite if there is none; not a number where ``square`` is negative.
    """
    root = math.sqrt(square)
    part = root / slope
    flat = 2.0 / slope * fma(part, part / 3.0, 1.0)
    steep = logarithm((slope + root) / (slope - root)) / root
    time = select(part < 1e-4, flat, steep)
    found = select((slope <= root) | (slope <= 0.0), math.inf, time)
    return select(square >= 0.0, found, math.nan)


@kernel
def linear_root(a: float, b: float, start: float) -> float:
    """Where ``du/ds = a u + b`` ends from ``start``; not a number if doubles do not decide."""
    root = -b / a
    rate = fma(a, start, b)
    sure = math.fabs(rate) > 16.0 * EPSILON * (math.fabs(a * start) + math.fabs(b))
    return select(sure & ((root - start) * rate >= 0.0), root, math.nan)


@kernel
def quadratic_root(a: float, b: float, c: float, start: float) -> float:
    """Where ``du/ds = a u^2 + b u + c`` ends from ``start``; not a number if doubles do not decide.

    That is the next root in the direction of the first rate. The quadratic has two roots that
    rounding cannot take apart, and the first rate a sign.
    """
    both = math.fabs(4.0 * a * c)
    inside = b * b - 4.0 * a * c
    q = -0.5 * (b + with_sign(math.sqrt(inside), b))
    first, second = q / a, c / q
    rate = fma(fma(a, start, b), start, c)
    terms = math.fabs(a * start * start) + math.fabs(b * start) + math.fabs(c)
    one, other = first - start, second - start
    ahead, further = one * rate >= 0.0, other * rate >= 0.0
    nearer = further & ((math.fabs(other) < math.fabs(one)) | (not ahead))
    root = select(nearer, second, first)
    sure = (inside > 16.0 * EPSILON * (b * b + both)) & (ahead | further)
    return select(sure & (math.fabs(rate) > 16.0 * EPSILON * terms), root, math.nan)
