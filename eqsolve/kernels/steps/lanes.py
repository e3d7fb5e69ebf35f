"""What generated code without branches calls: functions that a compiler turns into vector code.

Where a function is not accurate it gives what is not a number: such points are left to the code
with branches.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.kernels.arithmetic.doubledouble import fma, kernel
from eqsolve.kernels.arithmetic.lanes import cube_root, select, smaller, with_sign
from eqsolve.kernels.arithmetic.moving import (
    DOUBLE,
    LANES,
    LINE,
    ROW,
    TILE,
    await_stores,
    column,
    load,
    store,
    wide,
)

__all__ = [
    "ROW",
    "TILE",
    "await_stores",
    "column",
    "exponential",
    "fma",
    "growth_of_step",
    "linear_root",
    "load",
    "logarithm",
    "quadratic_root",
    "raised",
    "room",
    "select",
    "sinh_by",
    "smaller",
    "some",
    "spread",
    "store",
    "trust",
    "trusted",
    "wide",
]

#: Points from which on results go past the caches: they would not stay in the second level.
MANY = 1 << 15

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
def room(rows: int) -> NDArray[np.float64]:
    """A working array; its rows begin lines of the cache."""
    found = np.empty(rows * TILE + LANES)
    offset = -np.int64(found.ctypes.data) % LINE // DOUBLE
    return found[offset : offset + rows * TILE]


@kernel
def spread(work: NDArray[Any], row: int, source: NDArray[Any]) -> None:
    """Fill a row of the working array with the only entry of an input, else with ones."""
    value = source[0] if source.size == 1 else 1.0
    for i in range(TILE):
        work[row * TILE + i] = value


@kernel
def trust(work: NDArray[Any], row: int) -> None:
    """Fill a row of the working array with ones."""
    for i in range(TILE):
        work[row * TILE + i] = 1.0


@kernel
def trusted(work: NDArray[Any], row: int) -> bool:
    """Whether a row of the working array holds ones only."""
    doubts = 0
    for i in range(TILE):
        doubts += 0 if work[row * TILE + i] > 0.5 else 1
    return doubts == 0


@kernel
def some(work: NDArray[Any], row: int) -> bool:
    """Whether a row of the working array holds a number above one half."""
    count = 0
    for i in range(TILE):
        count += 1 if work[row * TILE + i] > 0.5 else 0
    return count > 0


@kernel
def growth_of_step(ratio: float) -> float:
    """By what a step of a method of order 3 grows, from its tolerance over its error.

    Between 1/10, which is also the answer to what is not a number, and 6.
    """
    within = select(ratio > 1.4e-3, ratio, 1.4e-3)
    return 0.9 * cube_root(select(within < 300.0, within, 300.0))


@kernel
def exponential(x: float) -> float:
    """``exp(x)`` to 1 ulp for ``|x| < 700``, else not a number."""
    shifted = x * LOG2_INVERSE + ROUNDER
    k = shifted - ROUNDER
    r = fma(k, -LOG2_LOW, fma(k, -LOG2_HIGH, x))
    # two chains, of even and of odd powers, are half as long as one
    z = r * r
    even = fma(1.0 / 479001600.0, z, 1.0 / 3628800.0)
    odd = fma(1.0 / 6227020800.0, z, 1.0 / 39916800.0)
    even = fma(even, z, 1.0 / 40320.0)
    odd = fma(odd, z, 1.0 / 362880.0)
    even = fma(even, z, 1.0 / 720.0)
    odd = fma(odd, z, 1.0 / 5040.0)
    even = fma(even, z, 1.0 / 24.0)
    odd = fma(odd, z, 1.0 / 120.0)
    even = fma(even, z, 0.5)
    odd = fma(odd, z, 1.0 / 6.0)
    p = fma(fma(odd, r, even), z, r) + 1.0
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
    zz = z * z
    even = fma(2.0 / 19.0, zz, 2.0 / 15.0)
    odd = fma(2.0 / 21.0, zz, 2.0 / 17.0)
    even = fma(even, zz, 2.0 / 11.0)
    odd = fma(odd, zz, 2.0 / 13.0)
    even = fma(even, zz, 2.0 / 7.0)
    odd = fma(odd, zz, 2.0 / 9.0)
    even = fma(even, zz, 2.0 / 3.0)
    odd = fma(odd, zz, 2.0 / 5.0)
    p = fma(odd, z, even)
    # log m = f - s (f - z p): what rounding of s does is small beside f
    small = fma(-s, f - z * p, f)
    value = fma(k, LOG2_HIGH, fma(k, LOG2_LOW, small))
    return select((x >= LEAST) & (x <= MOST), value, math.nan)


@kernel
def raised(x: float) -> float:
    """``exp(x)`` of an exponent that is a product with a logarithm, else not a number.

    That is a power to about 16 ulp.
    """
    return select(math.fabs(x) < STEEPEST, exponential(x), math.nan)


@kernel
def sinh_by(x: float, up: float, down: float) -> float:
    """``sinh(x)`` to 4 ulp from ``up = exp(x)`` and ``down = 1 / exp(x)``."""
    z = x * x
    p = 1.0 / 121645100408832000.0
    p = fma(p, z, 1.0 / 355687428096000.0)
    p = fma(p, z, 1.0 / 1307674368000.0)
    p = fma(p, z, 1.0 / 6227020800.0)
    p = fma(p, z, 1.0 / 39916800.0)
    p = fma(p, z, 1.0 / 362880.0)
    p = fma(p, z, 1.0 / 5040.0)
    p = fma(p, z, 1.0 / 120.0)
    p = fma(p, z, 1.0 / 6.0)
    return select(z < 1.0, fma(x * z, p, x), 0.5 * (up - down))


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
