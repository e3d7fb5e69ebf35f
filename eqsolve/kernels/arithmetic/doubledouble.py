"""Double-double arithmetic for numba kernels.

A double-double number is a pair ``(hi, lo)`` of float64 whose unevaluated sum is
the value, with ``hi = fl(hi + lo)``; it carries about 106 significant bits. Every
function is compiled by numba, inlined into its caller and free of allocation.

Accuracy. With u = 2^-53 the relative error of each operation is at most

====================  ============================================
``add``, ``sub``      3u^2 + 13u^3, also under cancellation
``add_double``        2u^2
``mul``               4u^2
``mul_double``        2u^2
``div``               15u^2 + 56u^3
``sqrt``              (25/8)u^2
====================  ============================================

(M. Joldes, J.-M. Muller, V. Popescu, "Tight and rigorous error bounds for basic
building blocks of double-word arithmetic", ACM TOMS 44, 2017; V. Lefevre,
N. Louvet, J.-M. Muller, J. Picot, L. Rideau, "Accurate calculation of Euclidean
norms using double-word arithmetic", ACM TOMS 49, 2023.) The bounds hold while the
low part of the result is a normal number, that is for results above about 2^-915
in magnitude; below, the absolute error is a few multiples of 2^-1074.

Exceptional values. An infinite or NaN operand, an overflow, 0/0, x/0 and the
root of a negative number give a pair whose ``hi`` is infinite or NaN, never a
finite number. Results within a factor of two of the largest double may overflow.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from eqsolve.errors import InputError

DoubleDouble = tuple[float, float]
Function = TypeVar("Function", bound=Callable[..., object])

# Operands below this bound are scaled up where a remainder would underflow.
SMALL = 2.0**-900
LARGEST_EXACT_INTEGER = 2**53


def kernel(function: Function) -> Function:
    """Compile ``function`` with numba and inline it into its compiled callers.

    IEEE semantics are kept (no fastmath): error-free transformations depend on them.
    """
    return cast(Function, njit(function, error_model="numpy", forceinline=True, cache=True))


def own(of: Any) -> Callable[[Any], Any]:
    """Compile a function that is made for another one, under a name of its own.

    Machine code that is read from disk is linked by names: functions made by one maker for
    different kernels would be taken for each other.
    """
    maker = getattr(of, "py_func", of)

    def compiled(function: Any) -> Any:
        function.__qualname__ = f"{function.__name__}_{maker.__module__}_{maker.__name__}"
        return njit(error_model="numpy")(function)

    return compiled


def _fma_intrinsic(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """Fused multiply-add; LLVM calls the C library's fma where the processor has none."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    if any(operand != types.float64 for operand in (a, b, c)):
        return None
    return types.float64(types.float64, types.float64, types.float64), codegen


_fma = cast(Callable[[float, float, float], float], intrinsic(_fma_intrinsic))


@kernel
def fma(a: float, b: float, c: float) -> float:
    """Return a*b + c with one rounding."""
    return _fma(float(a), float(b), float(c))


@kernel
def quick_two_sum(a: float, b: float) -> DoubleDouble:
    """Return (fl(a + b), its exact error); requires abs(a) >= abs(b) or a = 0."""
    total = a + b
    return total, b - (total - a)


@kernel
def two_sum(a: float, b: float) -> DoubleDouble:
    """Return (fl(a + b), its exact error) for any a and b."""
    total = a + b
    shadow = total - a
    return total, (a - (total - shadow)) + (b - shadow)


@kernel
def two_prod(a: float, b: float) -> DoubleDouble:
    """Return (fl(a * b), its exact error), exact while the product is above 2^-968."""
    product = a * b
    return product, fma(a, b, -product)


@kernel
def from_double(a: float) -> DoubleDouble:
    """Return the double ``a`` as a double-double number."""
    # a - a is 0 for finite a and NaN otherwise, so that no non-finite pair looks exact.
    return float(a), float(a) - float(a)


@kernel
def neg(x: DoubleDouble) -> DoubleDouble:
    """Return -x."""
    return -x[0], -x[1]


@kernel
def absolute(x: DoubleDouble) -> DoubleDouble:
    """Return the absolute value of x."""
    if x[0] < 0.0:
        return -x[0], -x[1]
    return x


@kernel
def less(x: DoubleDouble, y: DoubleDouble) -> bool:
    """Return whether x < y; false if either is NaN."""
    return x[0] < y[0] or (x[0] == y[0] and x[1] < y[1])


@kernel
def add(x: DoubleDouble, y: DoubleDouble) -> DoubleDouble:
    """Return x + y."""
    high, high_error = two_sum(x[0], y[0])
    low, low_error = two_sum(x[1], y[1])
    high, rest = quick_two_sum(high, high_error + low)
    return quick_two_sum(high, low_error + rest)


@kernel
def sub(x: DoubleDouble, y: DoubleDouble) -> DoubleDouble:
    """Return x - y."""
    return add(x, neg(y))


@kernel
def add_double(x: DoubleDouble, y: float) -> DoubleDouble:
    """Return x + y for a double y."""
    high, error = two_sum(x[0], y)
    return quick_two_sum(high, x[1] + error)


@kernel
def mul(x: DoubleDouble, y: DoubleDouble) -> DoubleDouble:
    """Return x * y."""
    high, error = two_prod(x[0], y[0])
    cross = fma(x[1], y[0], fma(x[0], y[1], x[1] * y[1]))
    return quick_two_sum(high, error + cross)


@kernel
def mul_double(x: DoubleDouble, y: float) -> DoubleDouble:
    """Return x * y for a double y."""
    high, error = two_prod(x[0], y)
    return quick_two_sum(high, fma(x[1], y, error))


@kernel
def div(x: DoubleDouble, y: DoubleDouble) -> DoubleDouble:
    """Return x / y."""
    numerator, denominator = x, y
    if abs(x[0]) < SMALL and abs(y[0]) < 1.0:
        # The remainder below would underflow although the quotient does not.
        numerator, denominator = scale(x, 512), scale(y, 512)
    quotient = numerator[0] / denominator[0]
    product = mul_double(denominator, quotient)
    remainder = (numerator[0] - product[0]) + (numerator[1] - product[1])
    return quick_two_sum(quotient, remainder / denominator[0])


@kernel
def div_double(x: DoubleDouble, y: float) -> DoubleDouble:
    """Return x / y for a double y."""
    return div(x, from_double(y))


@kernel
def sqrt(x: DoubleDouble) -> DoubleDouble:
    """Return the square root of x; NaN for negative x."""
    if x[0] == 0.0:
        return x
    radicand, factor = x, 1.0
    if x[0] < SMALL:
        radicand, factor = scale(x, 600), 2.0**-300
    root = math.sqrt(radicand[0])
    remainder = fma(-root, root, radicand[0]) + radicand[1]
    high, low = quick_two_sum(root, remainder / (2.0 * root))
    return high * factor, low * factor


@kernel
def power(x: DoubleDouble, exponent: int) -> DoubleDouble:
    """Return x to an integer power; the error grows like abs(exponent) u^2.

    ``power(x, 0)`` is 1 for finite x, also for x = 0.
    """
    base, remaining = x, exponent
    if exponent < 0:
        # Inverting first keeps a tiny power from losing bits before its inversion.
        base, remaining = div((1.0, 0.0), x), -exponent
    result = (1.0 + 0.0 * x[0], 0.0)
    while remaining > 0:
        if remaining & 1:
            result = mul(result, base)
        remaining >>= 1
        if remaining > 0:
            base = mul(base, base)
    return result


@kernel
def from_ratio(numerator: int, denominator: int) -> DoubleDouble:
    """Return numerator / denominator; NaN if either exceeds 2^53 in magnitude.

    For constants written into generated source prefer :func:`rational_literal`.
    """
    if max(abs(numerator), abs(denominator)) > LARGEST_EXACT_INTEGER:
        return math.nan, math.nan
    return div((float(numerator), 0.0), (float(denominator), 0.0))


def rational_literal(value: Fraction | int) -> DoubleDouble:
    """Return the double-double number nearest to a rational (plain Python, not compiled).

    Raises
    ------
    InputError : if the magnitude of ``value`` is outside the range of doubles.
    """
    exact = Fraction(value)
    try:
        high = float(exact)
    except OverflowError:
        high = math.inf
    if math.isinf(high) or (high == 0.0 and exact != 0):
        raise InputError(
            "a rational constant is outside the range of double precision.",
            stage="code generation",
            remedy="Rescale the parameters of the game.",
        )
    return high, float(exact - Fraction(high))


@kernel
def exponent_of(a: float) -> int:
    """Return e with 2^e <= abs(a) < 2^(e+1), for finite nonzero a."""
    magnitude, offset = abs(a), 0
    if magnitude < SMALL:
        magnitude, offset = magnitude * 2.0**200, 200
    return int(np.float64(magnitude).view(np.int64) >> 52) - 1023 - offset


@kernel
def power_of_two(exponent: int) -> float:
    """Return 2^exponent for -1022 <= exponent <= 1023."""
    return np.int64((exponent + 1023) << 52).view(np.float64)


@kernel
def scale(x: DoubleDouble, exponent: int) -> DoubleDouble:
    """Return x * 2^exponent, exact unless it over- or underflows.

    Exponents beyond 2000 in magnitude are treated as 2000.
    """
    clipped = min(max(exponent, -2000), 2000)
    first, second = power_of_two(clipped >> 1), power_of_two(clipped - (clipped >> 1))
    return (x[0] * first) * second, (x[1] * first) * second
