"""Roots are proved: in their balls, counted, and told apart from what is undecided."""

from __future__ import annotations

import random
from typing import Any

import flint
import mpmath
import pytest
import sympy as sp
from flint import arb, fmpq, fmpq_poly

from eqsolve.arithmetic import roots
from eqsolve.arithmetic.function import Function
from eqsolve.arithmetic.roots import Roots, function_roots, polynomial_roots
from eqsolve.errors import DerivationError

X, K = sp.symbols("x k")


@pytest.fixture(autouse=True)
def digits() -> Any:
    with mpmath.workdps(80), flint.ctx.workprec(200):
        yield


def contains(ball: arb, value: Any) -> bool:
    with flint.ctx.workprec(400):
        return bool(ball.contains(arb(mpmath.nstr(value, 70))))


def holds(ball: arb, exact: fmpq | int) -> bool:
    with flint.ctx.workprec(4000):
        return bool(ball.contains(arb(exact)))


def product(*factors: tuple[fmpq, int]) -> fmpq_poly:
    """A polynomial with given roots and multiplicities."""
    result = fmpq_poly([1])
    for root, multiplicity in factors:
        result *= fmpq_poly([-root, fmpq(1)]) ** multiplicity
    return result


def blurred(polynomial: fmpq_poly, radius: float) -> list[arb]:
    return [arb(c) + arb(0, radius) for c in polynomial.coeffs()]


def test_exact_roots_with_multiplicities() -> None:
    polynomial = product((fmpq(1, 3), 2), (fmpq(-2), 3), (fmpq(7), 1)) * fmpq_poly([1, 0, 1])
    found = polynomial_roots(polynomial.coeffs())
    assert found.complete
    assert [root.multiplicity for root in found.roots] == [3, 2, 1]
    for root, exact in zip(found.roots, (fmpq(-2), fmpq(1, 3), fmpq(7))):
        assert holds(root.value, exact) and root.value.rad() < 1e-40


def test_exact_roots_that_nearly_meet() -> None:
    gap = fmpq(1, 10**40)
    found = polynomial_roots(product((fmpq(1), 1), (1 + gap, 1)).coeffs(), bits=300)
    first, second = found.roots
    assert found.complete and first.value < second.value
    assert holds(found.roots[0].value, 1) and holds(found.roots[1].value, 1 + gap)
    assert polynomial_roots((product((fmpq(1), 2)) + gap).coeffs()) == Roots(())


def test_roots_of_balls_are_complete() -> None:
    draw = random.Random(3)
    for _ in range(20):
        exact = sorted(draw.sample(range(-60, 60), 6))
        polynomial = product(*((fmpq(k, 7), 1) for k in exact)) * fmpq_poly([3, 1, 1])
        found = polynomial_roots(blurred(polynomial, 1e-40))
        assert found.complete and len(found.roots) == 6
        for root, k in zip(found.roots, exact):
            assert holds(root.value, fmpq(k, 7)) and root.value.rad() < 1e-30


def test_twelve_close_roots_in_balls() -> None:
    polynomial = product(*((fmpq(k), 1) for k in range(1, 13)))
    found = polynomial_roots(blurred(polynomial, 1e-40))
    assert found.complete and len(found.roots) == 12
    assert all(holds(root.value, k + 1) for k, root in enumerate(found.roots))


@pytest.mark.parametrize("multiplicity", [2, 3])
def test_what_balls_cannot_separate_is_undecided(multiplicity: int) -> None:
    polynomial = product((fmpq(1, 3), multiplicity), (fmpq(2), 1))
    found = polynomial_roots(blurred(polynomial, 1e-30))
    assert not found.complete and len(found.roots) == 1
    assert holds(found.roots[0].value, 2)
    assert len(found.undecided) == 1
    assert holds(found.undecided[0], fmpq(1, 3)) and found.undecided[0].rad() < 1e-8


def test_a_leading_ball_around_zero_leaves_everything_open() -> None:
    assert not polynomial_roots([arb(1), arb(1), arb(0, 1e-30)]).complete
    assert holds(polynomial_roots([arb(1), arb(1), arb(0)]).roots[0].value, -1)
    with pytest.raises(DerivationError, match="every number is a root"):
        polynomial_roots([0, arb(0)])


def test_a_slope_that_is_not_the_slope_hides_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    coefficients = blurred(product((fmpq(-1), 1), (fmpq(1), 1)), 1e-40)
    assert len(polynomial_roots(coefficients).roots) == 2
    steep = arb(9)
    monkeypatch.setattr(roots, "_centered", lambda p: p if p.degree() == 2 else lambda x: steep)
    assert not polynomial_roots(coefficients).roots


def jump_condition(jump: fmpq) -> sp.Expr:
    """The first-order condition of wealth with a jump J of relative size, risk aversion 3."""
    b, s2, rate = sp.Rational(9, 100), sp.Rational(1, 25), sp.Rational(1, 5)
    size = sp.Rational(int(jump.p), int(jump.q))
    return b - 3 * s2 * X + rate * size * (1 + X * size) ** (-K)


@pytest.mark.parametrize("jump", [fmpq(-3, 10), fmpq(1, 4)])
@pytest.mark.parametrize("power", [fmpq(3), fmpq(5, 2), fmpq(1, 2)])
def test_a_condition_with_jumps_has_one_root(jump: fmpq, power: fmpq) -> None:
    low, high = (None, -1 / jump) if jump < 0 else (-1 / jump, None)
    exponent = sp.Rational(int(power.p), int(power.q))
    function = Function([jump_condition(jump).subs(K, exponent)], [X])
    found = function_roots(function, low, high)
    assert found.complete and len(found.roots) == 1
    numeric = sp.lambdify(X, jump_condition(jump).subs(K, exponent), "mpmath")
    near = mpmath.findroot(numeric, mpmath.mpf(float(found.roots[0].value)))
    assert contains(found.roots[0].value, near) and found.roots[0].value.rad() < 1e-40


def test_a_parameter_may_be_a_ball() -> None:
    jump = fmpq(-3, 10)
    function = Function([jump_condition(jump)], [X, K])
    found = function_roots(function, None, -1 / jump, given=[arb(3, 1e-10)])
    assert found.complete and len(found.roots) == 1
    exact = function_roots(function, None, -1 / jump, given=[arb(3)])
    assert holds(found.roots[0].value, exact.roots[0].value)
    assert 1e-12 < found.roots[0].value.rad() < 1e-9


def _lambert(branch: int) -> Any:
    return (-5 * mpmath.lambertw(mpmath.mpf(-1) / 5, branch)).real


@pytest.mark.parametrize(
    "expression, low, high, expected",
    [
        (sp.log(X) - X / 5, fmpq(0), None, lambda: [_lambert(0), _lambert(-1)]),
        (sp.sin(X), fmpq(-1, 2), fmpq(10), lambda: [k * mpmath.pi for k in range(4)]),
        (X * (X - 1), fmpq(0), fmpq(10), lambda: [1]),
        (sp.exp(X) - 2, None, None, lambda: [mpmath.log(2)]),
        (sp.exp(X) + 1, None, None, lambda: []),
        (sp.sqrt(X) - 2, fmpq(0), None, lambda: [4]),
        (1 / X + 1 / (X - 1), fmpq(0), fmpq(1), lambda: [mpmath.mpf(1) / 2]),
        (sp.tanh(X) - sp.Rational(1, 2), None, None, lambda: [mpmath.atanh(mpmath.mpf(1) / 2)]),
        (sp.sinh(X) - sp.Rational(1, 2), None, None, lambda: [mpmath.asinh(mpmath.mpf(1) / 2)]),
    ],
    ids=lambda value: "" if callable(value) else str(value),
)
def test_roots_of_functions(
    expression: sp.Expr, low: fmpq | None, high: fmpq | None, expected: Any
) -> None:
    found = function_roots(Function([expression], [X]), low, high)
    assert found.complete and len(found.roots) == len(expected())
    for root, value in zip(found.roots, expected()):
        assert contains(root.value, value) and root.value.rad() < 1e-40


def test_a_double_root_of_a_function_is_undecided() -> None:
    found = function_roots(Function([sp.exp(X) - 1 - X], [X]), fmpq(-1), fmpq(2))
    assert not found.roots and len(found.undecided) == 1
    assert holds(found.undecided[0], 0) and found.undecided[0].rad() < 1e-20


def test_a_root_at_an_open_end_is_not_taken_for_none_inside() -> None:
    # The sine of 1/x has infinitely many roots near zero.
    found = function_roots(Function([sp.sin(1 / X)], [X]), fmpq(0), fmpq(1))
    assert not found.complete
