"""Arithmetic of the answer key: a private 60-digit context and real roots of polynomials.

The context is private so that importing the answer key does not change mpmath's global precision.
Ten guard digits stand behind the fifty that are promised. Polynomials are lists of coefficients,
constant term first.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import mpmath

ctx: Any = mpmath.mp.clone()
ctx.dps = 60

# A root counts as real when |Im| <= REAL_TOLERANCE * |z|. Roots are found with about 120 digits,
# so a double root splits by at most 1e-60 of its size and a simple pair below the threshold is
# not resolved.
REAL_TOLERANCE = ctx.mpf(10) ** -40

# A difference of two inputs (beta - gamma kappa) below this fraction of their size is rounding.
CANCELLED = ctx.mpf(10) ** -45


def number(value: Any) -> Any:
    """Exact value of a decimal string, a ratio such as "1/3", a Fraction, an int or a float."""
    if isinstance(value, str) and "/" in value:
        value = Fraction(value)
    if isinstance(value, Fraction):
        return ctx.mpf(value.numerator) / value.denominator
    return ctx.mpf(value)


def poly_add(*terms: Sequence[Any]) -> list[Any]:
    """Sum of polynomials."""
    size = max(len(term) for term in terms)
    return [sum((t[k] for t in terms if k < len(t)), ctx.zero) for k in range(size)]


def poly_mul(*factors: Sequence[Any]) -> list[Any]:
    """Product of polynomials."""
    product: list[Any] = [ctx.one]
    for factor in factors:
        result = [ctx.zero] * (len(product) + len(factor) - 1)
        for i, left in enumerate(product):
            for j, right in enumerate(factor):
                result[i + j] += left * right
        product = result
    return product


def poly_value(coefficients: Sequence[Any], point: Any) -> Any:
    """Value of a polynomial at a point."""
    return ctx.polyval(list(reversed(coefficients)), point)


def poly_derivative(coefficients: Sequence[Any]) -> list[Any]:
    """Derivative of a polynomial."""
    return [k * c for k, c in enumerate(coefficients)][1:]


def _float_roots(monic: Sequence[float]) -> list[complex]:
    """Approximate roots of a monic polynomial by the Durand-Kerner iteration in floats."""
    degree = len(monic) - 1
    radius = max(abs(c) ** (1 / (degree - k)) for k, c in enumerate(monic[:-1]))
    roots = [radius * (0.4 + 0.9j) ** k for k in range(degree)]
    for _ in range(100):
        largest = 0.0
        for i, z in enumerate(roots):
            step = complex(1)
            for c in monic[-2::-1]:
                step = step * z + c
            for other in roots[:i] + roots[i + 1 :]:
                step /= z - other
            roots[i] -= step
            largest = max(largest, abs(step) / (abs(z) or 1.0))
        if largest < 1e-12:
            break
    return roots


def all_roots(coefficients: Sequence[Any]) -> list[Any]:
    """Every root, complex ones included; zero leading and trailing coefficients are removed first.

    A zero constant term gives the exact root 0; a zero leading coefficient lowers the degree.
    """
    remaining = list(coefficients)
    while remaining and remaining[-1] == 0:
        remaining.pop()
    zeros: list[Any] = []
    while len(remaining) > 1 and remaining[0] == 0:
        remaining.pop(0)
        zeros.append(ctx.zero)
    if len(remaining) < 2:
        return zeros
    if len(remaining) == 2:
        return [*zeros, -remaining[0] / remaining[1]]
    # Float roots only shorten the iteration. Widely spread roots need steps in proportion to the
    # logarithm of their ratio.
    settings = {"maxsteps": 2000, "cleanup": False, "extraprec": 200}
    try:
        seeds = _float_roots([float(c / remaining[-1]) for c in remaining])
        found = ctx.polyroots(remaining[::-1], roots_init=seeds, **settings)
    except (ArithmeticError, mpmath.libmp.NoConvergence):
        found = ctx.polyroots(remaining[::-1], **settings)
    return zeros + list(found)


def real_part(roots: Sequence[Any]) -> list[Any]:
    """The real ones among the roots, in increasing order, each with its multiplicity."""
    return sorted(ctx.re(z) for z in roots if abs(ctx.im(z)) <= REAL_TOLERANCE * abs(z))


def solve(matrix: Sequence[Sequence[Any]], right: Sequence[Any]) -> list[Any]:
    """Solution of a small linear system."""
    solution = ctx.lu_solve(ctx.matrix(matrix), ctx.matrix(right))
    return [solution[k] for k in range(len(right))]
