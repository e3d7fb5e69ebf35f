"""Branch-free double arithmetic for loops that a compiler turns into vector instructions.

Every function is inlined, free of branches and IEEE exact about order: an element's result does not
depend on whether it was computed in a vector, and in which. Choices are made by :func:`select`, so
that both sides are computed; what a discarded side produced (infinities, NaN) has no effect.

:func:`approached`, :func:`isolated`, :func:`deflated` and :func:`quadratic` give the roots of a
cubic to about 11 digits, after W. Kahan ("To solve a real cubic equation", Berkeley PAM-352, 1986):
the most isolated root, which is well conditioned relative to the others, then the quadratic that is
left, deflated on the stable side. :func:`improved` and :func:`polished` take one of them to the
last digit with a compensated residual (S. Graillat, P. Langlois, N. Louvet, "Algorithms for
accurate, validated and fast polynomial evaluation", Japan J. Indust. Appl. Math. 26, 2009). The
caller has to check what they say about their results. They are short because each is to be a loop
of its own: see ``eqsolve.kernels.tiles``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from eqsolve.kernels.arithmetic.doubledouble import fma, kernel, two_prod, two_sum

__all__ = [
    "approached",
    "bits",
    "cubic",
    "deflated",
    "fma",
    "improved",
    "in_range",
    "isolated",
    "lower",
    "polished",
    "quadratic",
    "read_soon",
    "select",
    "smaller",
    "upper",
    "whole",
    "write_soon",
]

# The bits of 2^-64 and 2^64.
LEAST, MOST = np.uint64((1023 - 64) << 52), np.uint64((1023 + 64) << 52)
SIGN = 0x7FFFFFFFFFFFFFFF
# High word of the cube root's first approximation (fdlibm's constant).
CUBE_ROOT = 715094163
# Half the bits of 1.
THREE_HALVES = 1023 << 51
# Rational approximation of the root of t^3 + e t = 1 within a tenth: exact to first order in e and
# in 1/e, and at e = 1.
PADE = 0.2476
TWO_THIRDS = 2.0 / 3.0
# Relative error of a coefficient up to which roots count as its cubic's.
CERTAIN = 2.0**-24


def _select_intrinsic(typingctx: Any, condition: Any, a: Any, b: Any) -> Any:
    """A selection without a branch."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.select(*arguments)

    if condition != types.boolean or a != b or a not in (types.float64, types.uint64):
        return None
    return a(types.boolean, a, a), codegen


def _floor_intrinsic(typingctx: Any, a: Any) -> Any:
    """Largest integer below, as a double."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        floor = builder.module.declare_intrinsic("llvm.floor", [arguments[0].type])
        return builder.call(floor, arguments)

    if a != types.float64:
        return None
    return types.float64(types.float64), codegen


def _prefetch_intrinsic(write: int) -> Callable[[Any, Any, Any], Any]:
    """A hint that an element will be read or, with ``write`` one, written soon."""

    def typed(typingctx: Any, array: Any, index: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            view = context.make_array(signature.args[0])(context, builder, arguments[0])
            place = builder.gep(view.data, [arguments[1]])
            place = builder.bitcast(place, ir.IntType(8).as_pointer())
            kind = ir.FunctionType(ir.VoidType(), [place.type] + 3 * [ir.IntType(32)])
            hint = builder.module.declare_intrinsic("llvm.prefetch", [place.type], kind)
            # keep in all levels, data
            flags = (ir.Constant(ir.IntType(32), k) for k in (write, 3, 1))
            builder.call(hint, [place, *flags])
            return context.get_dummy_value()

        if not isinstance(array, types.Array) or not isinstance(index, types.Integer):
            return None
        return types.void(array, types.int64), codegen

    return typed


_select = cast(Callable[[bool, float, float], float], intrinsic(_select_intrinsic))
_read_soon = cast(Callable[[Any, int], None], intrinsic(_prefetch_intrinsic(0)))
_write_soon = cast(Callable[[Any, int], None], intrinsic(_prefetch_intrinsic(1)))
_floor = cast(Callable[[float], float], intrinsic(_floor_intrinsic))


@kernel
def select(condition: bool, a: float, b: float) -> float:
    """Return a if the condition holds, else b; both are computed."""
    return _select(condition, float(a), float(b))


@kernel
def smaller(a: float, b: float) -> float:
    """Return a if it is smaller than b, else b."""
    return select(a < b, a, b)


@kernel
def read_soon(array: Any, index: int) -> None:
    """Ask for an element's cache line; an index outside of the array is harmless."""
    _read_soon(array, index)


@kernel
def write_soon(array: Any, index: int) -> None:
    """Ask for an element's cache line to write to; an index outside of the array is harmless."""
    _write_soon(array, index)


@kernel
def select_bits(condition: bool, a: Any, b: Any) -> Any:
    """Return the unsigned a if the condition holds, else b; both are computed."""
    return _select(condition, a, b)


@kernel
def with_sign(a: float, b: float) -> float:
    """Return abs(a) with the sign of b."""
    bits = np.float64(b).view(np.int64) & ~SIGN
    return np.int64((np.float64(a).view(np.int64) & SIGN) | bits).view(np.float64)


@kernel
def whole(a: float) -> bool:
    """Return whether a is a whole number."""
    return _floor(a) == a


@kernel
def bits(a: float) -> Any:
    """Return the bits of a as an unsigned integer, ordered like magnitudes; large if negative."""
    return np.uint64(np.float64(a).view(np.int64))


@kernel
def in_range(smallest: Any, largest: Any) -> bool:
    """Return whether numbers are below 2^64 and either zero or at least 2^-64, and not negative.

    ``smallest`` is the least of their bits less 1, in which zero is the largest; ``largest`` is the
    greatest of their bits.
    """
    inside: bool = (smallest >= LEAST - np.uint64(1)) & (largest < MOST)
    return inside


@kernel
def lower(a: Any, b: Any) -> Any:
    """Return the smaller of a and the predecessor of b, both unsigned; 0 has the largest one."""
    previous = b - np.uint64(1)
    return _select(a < previous, a, previous)


@kernel
def upper(a: Any, b: Any) -> Any:
    """Return the larger of a and b, both unsigned."""
    return _select(a > b, a, b)


@kernel
def cube_root(a: float) -> float:
    """Return the cube root of a positive normal number within five per cent."""
    high = np.uint64(np.float64(a).view(np.int64)) >> np.uint64(32)
    third = (high * np.uint64(0x55555556)) >> np.uint64(32)
    return np.uint64((third + np.uint64(CUBE_ROOT)) << np.uint64(32)).view(np.float64)


@kernel
def three_halves(a: float) -> float:
    """Return a^1.5 of a nonnegative number within seven per cent; something tiny for zero."""
    pattern = np.uint64(np.float64(a).view(np.int64))
    half = (pattern >> np.uint64(1)) - np.uint64(THREE_HALVES)
    return np.uint64(select_bits(a > 0.0, pattern + half, np.uint64(0))).view(np.float64)


@kernel
def cubic(a: float, b: float, c: float, d: float, x: float) -> float:
    """Return a x^3 + b x^2 + c x + d by Horner's rule."""
    return fma(fma(fma(a, x, b), x, c), x, d)


@kernel
def approached(a: float, b: float, c: float, d: float) -> tuple[float, float, float, float, float]:
    """Return 1/a, m, q, v and an approximation s of the shifted root; a is not zero.

    With t = x - m, m the inflection point of a x^3 + b x^2 + c x + d, the cubic is a times
    t^3 - q t + v, and the most isolated root is -sign(v) times the only positive root of
    s^3 - q s - abs(v), here within a tenth or so.
    """
    inverse = 1.0 / a
    middle = b * inverse * (-1.0 / 3.0)
    q = -fma(b, middle, c) * inverse
    v = fma(fma(b * TWO_THIRDS, middle, c), middle, d) * inverse
    w = math.fabs(v)
    falling, rising = select(q > 0.0, q, 0.0), select(q > 0.0, 0.0, -q)
    # Within an eighth: the cube root of w + q^1.5 if q > 0, else a rational function of
    # q / w^(2/3).
    s = cube_root(w + three_halves(falling))
    square = s * s
    top = fma(PADE * rising, square, square * square)
    s *= top / fma(rising, fma(PADE, rising, square * (1.0 / 3.0)), top)
    return inverse, middle, q, v, s


@kernel
def isolated(
    a: float,
    b: float,
    c: float,
    d: float,
    inverse: float,
    middle: float,
    q: float,
    v: float,
    s: float,
) -> float:
    """Return the most isolated root, to about 1e-11, from what :func:`approached` returns."""
    w, factor = math.fabs(v), 0.0
    for _ in range(2):
        # Halley's method
        square = s * s
        value, slope = fma(s, square - q, -w), fma(3.0, square, -q)
        factor = slope / fma(slope, slope, -3.0 * s * value)
        s -= value * factor
    x = middle - with_sign(s, v)
    # A correction in the given variable, where no digits were lost to the shift; the last factor is
    # close to the reciprocal of the slope.
    return x - cubic(a, b, c, d, x) * (inverse * factor)


@kernel
def deflated(a: float, b: float, c: float, d: float, x: float) -> tuple[float, float, float, bool]:
    """Divide the cubic by its most isolated root, given approximately.

    Returns the root, the coefficients l and p of the quotient a t^2 + l t + p, and whether root and
    quotient belong to a cubic whose coefficients differ by at most about 2^-24, relative, from the
    given ones.
    """
    linear = fma(a, x, b)
    product = fma(linear, x, c)
    # The product of the roots gives a small one all its digits; where not, it is left alone.
    small = math.fabs(x * fma(a, x, linear)) < 0.25 * math.fabs(product)
    x = select(small, -d / product, x)
    linear = fma(a, x, b)
    product = fma(linear, x, c)
    # Either division leaves the coefficients but one, which tells whether x is right.
    outer = math.fabs(a * x * x) > math.fabs(product)
    inner_residual, inner_size = fma(product, x, d), math.fabs(d)
    reciprocal = 1.0 / x
    product_outer = -d * reciprocal
    linear_outer = (product_outer - c) * reciprocal
    outer_residual = linear_outer - linear
    outer_size = math.fabs(linear_outer) + math.fabs(a * x)
    residual = select(outer, outer_residual, inner_residual)
    size = select(outer, outer_size, inner_size)
    certain = math.fabs(residual) <= CERTAIN * size
    product = select(outer, product_outer, product)
    linear = select(outer, linear_outer, linear)
    return x, linear, product, certain


@kernel
def quadratic(
    a: float, linear: float, product: float, inverse: float
) -> tuple[float, float, float, float]:
    """Return the roots of a t^2 + l t + p, its discriminant and the magnitude of its two terms.

    The roots are real if the discriminant is positive, else of no use; inverse is 1/a. If the
    quadratic was left over from a cubic, their relative accuracy is about that of the isolated root
    divided by their relative distance.
    """
    four = 4.0 * a * product
    discriminant = fma(linear, linear, -four)
    root = math.sqrt(select(discriminant > 0.0, discriminant, 0.0))
    half = -0.5 * (linear + with_sign(root, linear))
    terms = fma(linear, linear, math.fabs(four))
    return half * inverse, product / half, discriminant, terms


@kernel
def improved(a: float, b: float, c: float, d: float, x: float) -> tuple[float, float, float, float]:
    """Return a root after a Newton step from x, the slope at x, its reciprocal and the step."""
    slope = fma(fma(3.0 * a, x, 2.0 * b), x, c)
    inverse = 1.0 / slope
    first = cubic(a, b, c, d, x) * inverse
    return x - first, slope, inverse, first


@kernel
def polished(
    a: float, b: float, c: float, d: float, x: float, inverse: float
) -> tuple[float, float]:
    """Return the root next to x to the last digit, and the step to it.

    A Newton step with a residual as if computed in twice the precision; inverse is the reciprocal
    of the slope near x. The result is within an ulp if the step to x was below 2^-30 relative and
    this one is below 2^-36.
    """
    value, rest = a, 0.0
    for coefficient in (b, c, d):
        product, product_error = two_prod(value, x)
        value, sum_error = two_sum(product, coefficient)
        rest = fma(rest, x, product_error + sum_error)
    second = (value + rest) * inverse
    root = x - second
    # A root that is zero exactly is reached only in the limit.
    tiny = (d == 0.0) & (math.fabs(root) * (math.fabs(b) + math.fabs(a)) < 2.0**-60 * math.fabs(c))
    return select(tiny, 0.0, root), second
