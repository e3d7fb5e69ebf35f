"""Expressions and real roots of polynomials in ball arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import arb, arb_poly, fmpq, fmpq_poly

from eqsolve.arithmetic.number import DivisionByZero, UndecidedError

#: Balls by symbol.
Values = dict[sp.Symbol, arb]


def evaluate(expression: sp.Expr, values: Mapping[sp.Symbol, arb]) -> arb:
    """Evaluate a rational expression (square roots allowed).

    A product with an exactly zero factor is zero whatever its other factors are: a term that the
    parameters switch off does not need its denominator.

    Raises
    ------
    DivisionByZero
        If a denominator is exactly zero.
    UndecidedError
        If a denominator cannot be told from zero at this precision.
    """
    if isinstance(expression, sp.Symbol):
        return values[expression]
    if isinstance(expression, sp.Rational):
        return arb(fmpq(int(expression.p), int(expression.q)))
    if isinstance(expression, sp.Add):
        return sum((evaluate(term, values) for term in expression.args), arb(0))
    if isinstance(expression, sp.Mul):
        divisors = [f for f in expression.args if isinstance(f, sp.Pow) and f.exp.is_negative]
        product = arb(1)
        for factor in expression.args:
            if factor not in divisors:
                product *= evaluate(factor, values)
        if product.is_zero():
            return product
        for factor in divisors:
            product *= evaluate(factor, values)
        return product
    if isinstance(expression, sp.Pow):
        base = evaluate(expression.base, values)
        if expression.exp == sp.Rational(1, 2):
            return base.sqrt()
        exponent = int(expression.exp)
        if exponent >= 0:
            return _power(base, exponent)
        if base.is_zero():
            raise DivisionByZero(str(expression.base))
        if base.contains(0):
            raise UndecidedError(f"{expression.base} cannot be told from zero.")
        return 1 / _power(base, -exponent)
    raise TypeError(f"cannot evaluate {expression}")


def _power(base: arb, exponent: int) -> arb:
    """Multiply out: the library's power takes logarithms, which fail around zero."""
    result = arb(1)
    for _ in range(exponent):
        result *= base
    return result


def real_roots_of_balls(coefficients: list[arb]) -> list[arb]:
    """Return the simple real roots of a polynomial with inexact coefficients, constant term first.

    The isolating discs of the library are sharpened by interval Newton steps.

    Raises
    ------
    UndecidedError
        If roots cannot be told apart at this precision.
    """
    coefficients = list(coefficients)
    while coefficients and coefficients[-1].is_zero():
        coefficients.pop()
    if len(coefficients) < 2:
        return []
    polynomial = arb_poly(coefficients)
    try:
        discs = polynomial.complex_roots()
    except ValueError:
        raise UndecidedError("the roots of a polynomial cannot be told apart.") from None
    derivative = polynomial.derivative()
    return [
        _sharpened(polynomial, derivative, disc.real) for disc in discs if disc.imag.contains(0)
    ]


def _sharpened(polynomial: arb_poly, derivative: arb_poly, root: arb) -> arb:
    for _ in range(64):
        slope = derivative(root)
        if slope.contains(0):
            raise UndecidedError("a root cannot be told from a double root.")
        middle = root.mid()
        step = (middle - polynomial(middle) / slope).intersection(root)
        if step.rad() >= root.rad() / 2:
            return step
        root = step
    return root


def real_roots(coefficients: list[Fraction]) -> list[tuple[arb, int]]:
    """Return all real roots with multiplicities, ascending, of an exact polynomial.

    ``coefficients`` are given leading one first; the root counts are exact.
    """
    polynomial = fmpq_poly([fmpq(c.numerator, c.denominator) for c in reversed(coefficients)])
    if polynomial.degree() < 1:
        return []
    integral = polynomial.numer()
    pairs: Any = integral.complex_roots()
    found = [(z.real, int(m)) for z, m in pairs if z.imag.is_zero()]
    return sorted(found, key=lambda pair: float(pair[0].mid()))
