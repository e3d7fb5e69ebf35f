"""Evaluation of closed forms in ball arithmetic: every number comes with a rigorous error bound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from fractions import Fraction

import flint
import sympy as sp
from flint import arb, arb_poly, fmpq, fmpq_poly

from eqsolve.errors import EqsolveError
from eqsolve.symbolic.solving import Definition

#: A ball around zero is taken as zero if its radius is below this.
_TINY = 1e-40
#: Relative accuracy, in bits, that a number must have before it is rounded to a double.
_BITS = 60

Values = MutableMapping[sp.Symbol, arb]


class UndecidedError(EqsolveError):
    """A sign could not be decided at the working precision."""


class DivisionByZero(EqsolveError):
    """A quantity that the closed form divides by is zero."""


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Work with ``bits`` of precision."""
    saved = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = saved


def ball(value: Fraction) -> arb:
    """Return an exact number as a ball."""
    return arb(fmpq(value.numerator, value.denominator))


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


def run(program: tuple[Definition, ...], values: Values) -> None:
    """Evaluate definitions in order into ``values``, skipping those already there."""
    for definition in program:
        if definition.symbol not in values:
            values[definition.symbol] = evaluate(definition.expression, values)


def number(value: arb) -> float:
    """Return the nearest double; a tiny ball around zero gives 0.

    Raises
    ------
    UndecidedError
        If the ball is too wide to name a double.
    """
    if not value.is_finite():
        raise UndecidedError("a number is not finite at this precision.")
    if value.contains(0):
        if value.rad() > _TINY:
            raise UndecidedError("a number cannot be told from zero at this precision.")
        return 0.0
    if value.rel_accuracy_bits() < _BITS:
        raise UndecidedError("a number is not known to double precision.")
    return float(value)


def sign(value: arb) -> int:
    """Return -1, 0 or 1; raises UndecidedError if the ball straddles zero without being zero."""
    if value.is_zero():
        return 0
    if value > 0:
        return 1
    if value < 0:
        return -1
    raise UndecidedError("a sign cannot be decided at this precision.")


def real_roots(coefficients: list[Fraction]) -> list[tuple[arb, int]]:
    """Return all real roots with multiplicities, ascending, of a polynomial with exact coefficients.

    ``coefficients`` are given leading one first; the root counts are exact.
    """
    polynomial = fmpq_poly([fmpq(c.numerator, c.denominator) for c in reversed(coefficients)])
    if polynomial.degree() < 1:
        return []
    integral = polynomial.numer()
    found = [(z.real, m) for z, m in integral.complex_roots() if z.imag.is_zero()]
    return sorted(found, key=lambda pair: float(pair[0].mid()))


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
