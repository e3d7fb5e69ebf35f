"""Programs made of programs."""

from __future__ import annotations

import pytest
import sympy as sp
from flint import arb, ctx, fmpq

from eqsolve.arithmetic.code import Code
from eqsolve.arithmetic.function import Function
from eqsolve.arithmetic.rational import Rational, code_of, terms, value

a, b, x, y = sp.symbols("a b x y")
EXPRESSION = (a * x**2 - sp.exp(-b * x) / (y + a)) * sp.log(y) + y ** (1 - b) + sp.sqrt(a)
VALUES = {a: sp.Rational(9, 4), b: sp.Integer(3), x: sp.Rational(2, 7), y: sp.Rational(5, 3)}


def _ball(value: sp.Rational) -> arb:
    return arb(fmpq(int(value.p), int(value.q)))


def _exact(value: sp.Rational) -> fmpq:
    return fmpq(int(value.p), int(value.q))


def test_values_inserted_before_and_after_are_the_same() -> None:
    with ctx.workprec(200):
        whole = Function([EXPRESSION, x / y], [a, b, x, y])
        wanted, _ = whole([_ball(VALUES[s]) for s in (a, b, x, y)])
        for known in ([a], [a, b], [b, y], [a, b, x, y]):
            code = whole.at({s: _exact(VALUES[s]) for s in known})
            assert code.arguments == tuple(s for s in (a, b, x, y) if s not in known)
            found = code([_ball(VALUES[s]) for s in code.arguments])[0]
            assert found.overlaps(wanted) and found.rad() < 1e-50


def test_what_is_rational_is_computed_exactly() -> None:
    whole = Function([y ** (1 - b) + sp.sqrt(a), x * (b - 3)], [a, b, x, y])
    code = whole.at({s: _exact(VALUES[s]) for s in (a, b, y)})
    # (5/3)^-2 + 3/2 is 93/50, and what zero multiplies is gone
    assert code.steps == () and set(code.constants) == {fmpq(93, 50), fmpq(0)}


def test_a_shifted_argument() -> None:
    code = Function([x * y], [x, y]).at({}, shift={x: fmpq(1, 2)})
    assert code([arb(2), arb(3)])[0].contains(fmpq(15, 2))


def test_a_rational_program_is_a_coprime_pair() -> None:
    rational = Rational(Function([(x**2 - y**2) / (x - y) + x / (2 * x * y)], [x, y]))
    (fraction,) = rational.functions
    # x + y + 1/(2 y)
    assert terms(fraction.above) == {(1, 1): 1, (0, 2): 1, (0, 0): fmpq(1, 2)}
    assert terms(fraction.below) == {(0, 1): 1}


def test_elementary_functions_are_variables_of_their_own() -> None:
    rational = Rational(Function([sp.exp(x) * y - sp.exp(x) / y + sp.pi], [x, y]))
    assert [name for name, _ in rational.elementary] == ["pi", "exp"]
    with ctx.workprec(100):
        balls = rational.balls([arb(2), arb(3)])
        assert balls[3].overlaps(arb(2).exp()) and balls[2].overlaps(arb.pi())


def test_polynomials_become_programs_again() -> None:
    polynomial = {(3, 0): fmpq(2), (1, 2): fmpq(-1, 3), (0, 0): fmpq(5)}
    code = code_of([polynomial], ["x", "y"])
    assert isinstance(code, Code)
    assert code([arb(2), arb(3)])[0].contains(fmpq(15))


def test_polynomials_are_finite_around_zero() -> None:
    (function,) = Rational(Function([x**3 + 2 * x * y + 1], [x, y])).functions
    found = value(function.above, [arb(0, 1e-30), arb(5)])
    assert found.is_finite() and found.contains(1) and float(found.rad()) < 1e-28


def test_doubles_are_those_of_the_operations() -> None:
    functions = [sp.exp(a) / b - sp.pi * b**3, sp.sqrt(a + b) * sp.tanh(a), sp.Rational(-1, 3) * a]
    code = Function(functions, [a, b])
    assert code.doubles()(0.7, 1.3) == pytest.approx(code([0.7, 1.3]), rel=1e-15)
    with pytest.raises(ZeroDivisionError):
        code.doubles()(0.7, 0.0)
    with pytest.raises(ValueError, match="math domain"):
        code.doubles()(-2.0, 1.0)
