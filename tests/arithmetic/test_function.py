"""Compiled expressions contain the values that mpmath finds at higher precision."""

from __future__ import annotations

import math
from typing import Any

import flint
import mpmath
import numpy as np
import pytest
import sympy as sp
from flint import acb, arb, arb_series, fmpq

from eqsolve.arithmetic.function import Function
from eqsolve.errors import DerivationError

X, Y, G = sp.symbols("x y g")
POINT = {X: sp.Rational(7, 5), Y: sp.Rational(3, 10), G: sp.Rational(5, 2)}
CASES = [
    X**3 / Y - 2 * X**2 + sp.Rational(1, 3),
    sp.sqrt(X) * sp.exp(-Y) + sp.tanh(X) / sp.cos(Y),
    X ** (-G) - Y ** (1 - G),
    (1 + X) ** sp.Rational(2, 3) / (2 + Y) ** sp.Rational(5, 2),
    sp.log(X) - sp.sinh(Y) + sp.cosh(X) + sp.tan(Y) * sp.sin(X),
    (X - Y) ** 5 / (X + Y) ** 4 + ((X - Y) ** 5 + G) * sp.pi,
    sp.S(3),
]


def _reference(expression: sp.Expr) -> mpmath.mpf:
    return mpmath.mpf(str(sp.N(expression.subs(POINT), 60)))


def _contains(ball: arb, value: mpmath.mpf) -> bool:
    """Whether a ball at low precision contains a number known to 50 digits."""
    with flint.ctx.workprec(300):
        return bool(ball.contains(arb(str(value))))


@pytest.mark.parametrize("expression", CASES, ids=str)
def test_values_and_derivatives_are_contained(
    expression: sp.Expr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flint.ctx, "prec", 100)
    function = Function([expression], POINT)
    values = [arb(fmpq(int(v.p), int(v.q))) for v in POINT.values()]
    with mpmath.workdps(60):
        (value,), (slopes,) = function.jacobian(values)
        assert _contains(value, _reference(expression)) and value.rad() < 1e-25 * abs(value)
        assert function(values) == [value] or value.overlaps(function(values)[0])
        for k, symbol in enumerate(POINT):
            slope = slopes.get(k, arb(0))
            assert _contains(slope, _reference(expression.diff(symbol))) and slope.rad() < 1e-24


@pytest.mark.parametrize("expression", CASES, ids=str)
def test_every_kind_of_number_gives_the_same_value(expression: sp.Expr) -> None:
    function = Function([expression], POINT)
    reference = float(_reference(expression))
    for kind in (float, mpmath.mpf, mpmath.mpc):
        (value,) = function([kind(float(v)) for v in POINT.values()])
        assert type(value) is kind and abs(value - reference) < 1e-13 * abs(reference)
    (value,) = function([acb(float(v)) for v in POINT.values()])
    assert abs(complex(value) - reference) < 1e-13 * abs(reference)


def test_a_series_of_an_expression_is_its_taylor_series(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flint.ctx, "cap", 5)
    expression = sp.tanh(X) / sp.sqrt(1 + X**2) + sp.sinh(X) * sp.log(2 + X) + X**G
    (series,) = Function([expression.subs(POINT | {X: X})], [X])([arb_series([arb(1), 1])])
    with mpmath.workdps(60):
        for k in range(5):
            derivative = expression.diff(X, k).subs({G: POINT[G], X: 1}) / math.factorial(k)
            assert _contains(series[k], mpmath.mpf(str(sp.N(derivative, 60))))


def test_equal_operations_are_done_once() -> None:
    power = Function([(X + Y) ** 4, (X + Y) ** 8], [X, Y])
    assert [step.name for step in power.steps] == ["add", "mul", "mul", "mul"]


@pytest.mark.parametrize("expression", [1 / X, sp.log(X), X**-G, 1 / sp.tan(X)])
@pytest.mark.parametrize(
    "zero", [arb(0, 1), arb_series([arb(0, 1), 1]), acb(0), 0.0, mpmath.mpf(0)], ids=repr
)
def test_what_is_not_defined_is_not_finite(expression: sp.Expr, zero: Any) -> None:
    (value,) = Function([expression], [X, G])([zero, zero + 1])
    if isinstance(value, arb_series):
        value = value[0]
    finite = value.is_finite() if isinstance(value, (arb, acb)) else mpmath.isfinite(value)
    assert not finite


def test_a_root_around_zero_is_not_finite() -> None:
    (value,), (slopes,) = Function([sp.sqrt(X)], [X]).jacobian([arb(0, 1)])
    assert not value.is_finite() and not slopes[0].is_finite()
    (value,), (slopes,) = Function([sp.sqrt(X)], [X]).jacobian([0.0])
    assert value == 0 and math.isnan(slopes[0])


def test_a_power_with_a_real_exponent_needs_a_positive_base() -> None:
    function = Function([X**G], [X, G])
    assert not function([arb(-2), arb(2)])[0].is_finite()
    assert function([arb(2), arb(2)])[0].contains(4)


@pytest.mark.parametrize(
    "expression",
    [
        sp.Piecewise((X, X > 0), (0, True)),
        sp.Float(0.5) * X,
        sp.Symbol("z") + X,
        sp.erf(X),
        sp.Max(X, 1),
        sp.I * X,
        sp.zoo * X,
    ],
    ids=str,
)
def test_what_cannot_be_evaluated_is_refused(expression: sp.Expr) -> None:
    with pytest.raises(DerivationError, match="cannot be evaluated in balls"):
        Function([expression], [X])


def test_strings_are_no_expressions() -> None:
    with pytest.raises(DerivationError, match="is not an expression"):
        Function(["x + 1"], [X])  # type: ignore[list-item]
    assert Function([2], [X])([1.5]) == [2.0]


def test_arguments_of_different_kinds_are_refused() -> None:
    with pytest.raises(TypeError):
        Function([X + Y], [X, Y])([arb(1), 1.0])


def test_arrays_give_what_their_numbers_give() -> None:
    program = Function(CASES, [X, Y, G])
    x, y = np.array([[1.4], [0.7]]), np.array([0.3, 0.5, 0.9])
    found = program([x, y, np.array(2.5)])
    for i, j in np.ndindex(2, 3):
        expected = program([float(x[i, 0]), float(y[j]), 2.5])
        values = [float(np.broadcast_to(row, (2, 3))[i, j]) for row in found]
        assert values == pytest.approx(expected, rel=1e-13)


def test_arrays_are_not_finite_where_a_function_is_not_defined() -> None:
    with np.errstate(all="ignore"):
        (found,) = Function([sp.log(X) + 1 / X], [X])([np.array([-1.0, 0.0, 1.0])])
    assert np.isfinite(found).tolist() == [False, False, True]
