"""Random numbers addressed by seed, path and index, in vectorized machine code.

The generator is the counter-based form of SplitMix64 (Steele, Lea and Flood 2014): a bijective
mixing function applied to multiples of an odd constant. Number ``k`` of a seed is a function of
the two, so that any path can be drawn by any thread, alone or again. Every path owns ``2**40``
consecutive numbers; paths of one seed never share any.

Normal variates come in blocks by the transformation of Box and Muller (1958). Logarithm, sine and
cosine are Taylor polynomials after exact reductions of the argument: they have no branches, the
compiler turns them into vector instructions, and their errors stay below 1e-14.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Words: TypeAlias = NDArray[np.uint64]

#: Numbers that belong to one path, as a power of two; half of them for normal variates.
PATH_BITS = 40
#: Most paths of a seed.
MOST_PATHS = 1 << (64 - PATH_BITS)
#: Normal variates made at a time; the layout of the streams depends on it.
BLOCK = 256

_WORD = np.uint64
_STEP, _FIRST, _SECOND = (
    _WORD(c) for c in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)
_ONE, _MANTISSA = _WORD(0x3FF0000000000000), _WORD(0x000FFFFFFFFFFFFF)
_SHIFTS = tuple(_WORD(k) for k in (30, 27, 31, 12, 52, 11, PATH_BITS))
_ROOT2, _LN2, _EIGHTH = math.sqrt(2), math.log(2), math.pi / 2

#: Taylor coefficients, lowest first: sin a / a and cos a in a^2, artanh f / f in f^2.
_SIN = tuple((-1.0) ** k / math.factorial(2 * k + 1) for k in range(9))
_COS = tuple((-1.0) ** k / math.factorial(2 * k) for k in range(9))
_ARTANH = tuple(1.0 / (2 * k + 1) for k in range(9))


@njit(inline="always")
def _mixed(word: Any) -> Any:
    """A bijection of the 64-bit words whose outputs look independent."""
    word = (word ^ (word >> _SHIFTS[0])) * _FIRST
    word = (word ^ (word >> _SHIFTS[1])) * _SECOND
    return word ^ (word >> _SHIFTS[2])


@njit(error_model="numpy", nogil=True, cache=True)
def stream(seed: Any, path: int) -> Any:
    """The counter at which the numbers of a path start."""
    return _mixed(_WORD(seed) + _STEP) + _STEP * (_WORD(path) << _SHIFTS[6])


@njit(error_model="numpy", nogil=True, cache=True)
def word(start: Any, index: int) -> Any:
    """64 random bits from the half of a stream that normal variates leave free."""
    return _mixed(_WORD(start) + _STEP * (_WORD(index) + (_WORD(1) << _WORD(PATH_BITS - 1))))


@njit(error_model="numpy", nogil=True, cache=True)
def uniform(start: Any, index: int) -> float:
    """A random number in (0, 1], a multiple of 2^-53."""
    return (float(word(start, index) >> _SHIFTS[5]) + 1.0) * 2.0**-53


@njit(inline="always")
def _power_series(c: Any, t: float) -> float:
    """Value at ``t`` of a polynomial with nine coefficients."""
    high = c[4] + t * (c[5] + t * (c[6] + t * (c[7] + t * c[8])))
    return float(c[0] + t * (c[1] + t * (c[2] + t * (c[3] + t * high))))


@njit(error_model="numpy", nogil=True, cache=True)
def fill_normals(start: Any, block: int, words: Words, real: Array, out: Array) -> None:
    """Fill ``out`` with standard normal variates, a block of a stream.

    Parameters
    ----------
    start : the stream.
    block : number of the block.
    words : room for ``BLOCK`` words.
    real : the same memory as doubles.
    out : ``BLOCK`` doubles.
    """
    half, first = BLOCK // 2, _WORD(start) + _STEP * _WORD(block * BLOCK)
    for j in range(BLOCK):
        words[j] = (_mixed(first + _STEP * _WORD(j)) >> _SHIFTS[3]) | _ONE  # in [1, 2)
    for j in range(half):
        quarter = (real[half + j] - 1.5) * _EIGHTH  # of the angle: twice doubled below
        t = quarter * quarter
        sine = quarter * _power_series(_SIN, t)
        cosine = _power_series(_COS, t)
        sine2, cosine2 = 2.0 * sine * cosine, 1.0 - 2.0 * sine * sine
        real[half + j] = 1.0 - 2.0 * sine2 * sine2
        out[half + j] = 2.0 * sine2 * cosine2
        real[j] = 2.0 - real[j]  # in (0, 1]
    for j in range(half):
        out[j] = float(np.int64(words[j] >> _SHIFTS[4]) - np.int64(1023))
        words[j] = (words[j] & _MANTISSA) | _ONE
    for j in range(half):
        x, exponent = real[j], out[j]
        large = x > _ROOT2
        x = 0.5 * x if large else x
        exponent = exponent + 1.0 if large else exponent
        f = (x - 1.0) / (x + 1.0)
        log = 2.0 * f * _power_series(_ARTANH, f * f) + exponent * _LN2
        radius = math.sqrt(-2.0 * log) if log < 0.0 else 0.0
        cosine, sine = real[half + j], out[half + j]
        out[j] = radius * cosine
        out[half + j] = radius * sine
