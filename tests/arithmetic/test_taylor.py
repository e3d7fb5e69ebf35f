"""Enclosed trajectories contain what closed forms give at 50 digits, and refuse what they must."""

from __future__ import annotations

import random
from typing import Any

import flint
import mpmath
import numpy as np
import pytest
import sympy as sp
from flint import arb, fmpq

from eqsolve.arithmetic import step
from eqsolve.arithmetic.function import Function
from eqsolve.arithmetic.jet import solution_coefficients
from eqsolve.arithmetic.majorant import Frame, exponential
from eqsolve.arithmetic.taylor import integrate
from eqsolve.arithmetic.trajectory import OutsideError, Trajectory
from eqsolve.errors import DerivationError

S, U, V = sp.symbols("s u v")
TIMES = [fmpq(k, 7) for k in range(0, 71, 5)]


@pytest.fixture(autouse=True)
def digits() -> Any:
    with mpmath.workdps(60):
        yield


def contains(ball: arb, value: Any) -> bool:
    """Whether a ball contains a number known to 50 digits."""
    with flint.ctx.workprec(400):
        return bool(ball.contains(arb(mpmath.nstr(value, 55))))


def number(value: fmpq) -> Any:
    return mpmath.mpf(int(value.p)) / int(value.q)


def system(rates: list[sp.Expr], unknowns: list[sp.Symbol]) -> Function:
    return Function(rates, [S, *unknowns])


SCALAR = {
    "decay": (-5 * U, 1, lambda s: mpmath.exp(-5 * s)),
    "stiff": (-50 * U, 1, lambda s: mpmath.exp(-50 * s)),
    "forced": (
        -5 * U + sp.sin(S),
        1,
        lambda s: (5 * mpmath.sin(s) - mpmath.cos(s) + 27 * mpmath.exp(-5 * s)) / 26,
    ),
    "logistic": (U * (1 - U), fmpq(1, 10), lambda s: 1 / (1 + 9 * mpmath.exp(-s))),
    "hyperbolic": (1 - U**2, 0, mpmath.tanh),
    "square root": (-sp.sqrt(U) / 10, 4, lambda s: (2 - s / 20) ** 2),
    "power": (-(U ** sp.Rational(5, 3)), 1, lambda s: (1 + 2 * s / 3) ** mpmath.mpf(-1.5)),
    "rational": (-1 / (1 + S) * U, 3, lambda s: 3 / (1 + s)),
    "logarithm": (sp.exp(-U), 0, lambda s: mpmath.log(1 + s)),
    "growth": (U, 1, mpmath.exp),
}


@pytest.mark.parametrize("name", SCALAR)
def test_dense_output_contains_the_closed_form(name: str) -> None:
    rate, start, exact = SCALAR[name]
    with flint.ctx.workprec(200):
        trajectory = integrate(system([rate], [U]), [arb(start)], fmpq(10))
    assert trajectory.status == "ok" and trajectory.reached == 10 and trajectory.bracket is None
    for time in TIMES:
        (value,) = trajectory.at(time)
        reference = exact(number(time))
        assert contains(value, reference), time
        assert value.rad() <= 1e-20 * max(1, abs(reference))


def test_an_interval_of_times_contains_all_its_values() -> None:
    rotation = integrate(system([V, -U], [U, V]), [arb(0), arb(1)], fmpq(10))
    values = rotation.at(arb(2).union(arb(7)))
    for k in range(21):
        assert contains(values[0], mpmath.sin(2 + k / mpmath.mpf(4)))
    assert contains(rotation.at(arb.pi())[0], 0)


def _riccati(rows: int, columns: int, seed: int) -> tuple[Function, Any]:
    """P' = D + A P + P C - P B P, P(0) = 0, and its solution by a linear system."""
    draw = random.Random(seed)

    def matrix(a: int, b: int) -> sp.Matrix:
        return sp.Matrix(a, b, lambda i, j: sp.Rational(draw.randint(-10, 10), 10))

    a, c, d = matrix(rows, rows), matrix(columns, columns), matrix(rows, columns)
    b = d.T / 2
    p = sp.Matrix(rows, columns, lambda i, j: sp.Symbol(f"p{i}_{j}"))
    a, c = a - 2 * sp.eye(rows), c - 2 * sp.eye(columns)
    rates = d + a * p + p * c - p * b * p
    # With P = Y X^-1: X' = B Y - C X, Y' = D X + A Y.
    blocks = sp.Matrix.vstack(sp.Matrix.hstack(-c, b), sp.Matrix.hstack(d, a))
    linear = mpmath.matrix(
        [[mpmath.mpf(int(x.p)) / int(x.q) for x in row] for row in blocks.tolist()]
    )

    def exact(s: Any) -> Any:
        flow = mpmath.expm(linear * s)
        return flow[columns:, :columns] * flow[:columns, :columns] ** -1

    return Function(list(rates), [S, *p]), exact


@pytest.mark.parametrize("rows, columns", [(2, 2), (3, 4)])
def test_matrix_riccati_equations(rows: int, columns: int) -> None:
    rates, exact = _riccati(rows, columns, seed=rows)
    trajectory = integrate(rates, [arb(0)] * (rows * columns), fmpq(10))
    assert trajectory.status == "ok"
    for time in (fmpq(1, 3), fmpq(10)):
        with mpmath.workdps(80):
            reference = list(exact(number(time)))
        for ball, value in zip(trajectory.at(time), reference):
            assert contains(ball, value) and ball.rad() < 1e-20


def test_a_coupled_stiff_system_keeps_its_digits() -> None:
    # The matrix is far from normal: eigenvalues -5, a coupling of 100, and a rotation.
    a = mpmath.matrix([[-5, 100, 0, 0], [0, -5, 3, 1], [0, 0, -1, 8], [0, 0, -8, -1]])
    names = list(sp.symbols("w1:5"))
    rows = [sum(int(a[i, j]) * names[j] for j in range(4)) for i in range(4)]
    trajectory = integrate(system(rows, names), [arb(1)] * 4, fmpq(10))
    reference = mpmath.expm(a * 10) * mpmath.matrix([1, 1, 1, 1])
    for ball, value in zip(trajectory.at(10), reference):
        assert contains(ball, value) and ball.rad() < 1e-20


def test_what_the_start_leaves_open_is_carried_along() -> None:
    start = arb(1, 0.01)
    (end,) = integrate(system([-U * (1 + U)], [U]), [start], fmpq(3)).at(3)
    for begin in (mpmath.mpf("0.99"), mpmath.mpf("1.01")):
        decay = begin * mpmath.exp(-3) / (1 + begin * (1 - mpmath.exp(-3)))
        assert contains(end, decay)
    assert end.rad() < 1e-3


def test_steps_end_at_breaks() -> None:
    breaks = [fmpq(1, 3), fmpq(2, 3)]
    trajectory = integrate(system([U], [U]), [arb(1)], fmpq(1), breaks=breaks)
    assert {piece.end for piece in trajectory.pieces} >= {*breaks, fmpq(1)}


def test_a_wrong_polynomial_cannot_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*arguments: Any) -> list[list[arb]]:
        rows = solution_coefficients(*arguments)
        rows[0][2] += arb(10) ** -12
        return rows

    monkeypatch.setattr(step, "solution_coefficients", wrong)
    trajectory = integrate(system([1 - U**2], [U]), [arb(0)], fmpq(1), max_steps=20)
    assert trajectory.status == "unresolved"
    (value,) = trajectory.at(trajectory.reached)
    assert contains(value, mpmath.tanh(number(trajectory.reached)))


def test_without_its_defect_an_enclosure_misses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step.Stepper, "_defect", lambda self, *rest: [0.0])
    (value,) = integrate(system([1 - U**2], [U]), [arb(0)], fmpq(2)).at(2)
    assert not contains(value, mpmath.tanh(2))


def test_the_tangent_explodes_where_it_does() -> None:
    trajectory = integrate(system([1 + U**2], [U]), [arb(0)], fmpq(10))
    assert trajectory.status == "explodes" and trajectory.bracket is not None
    low, high = trajectory.bracket
    assert high is not None and trajectory.reached <= low
    assert number(low) < mpmath.pi / 2 < number(high)
    assert high - low < fmpq(1, 10**20)
    assert trajectory.reached > fmpq(157, 100)
    assert contains(trajectory.at(fmpq(3, 2))[0], mpmath.tan(mpmath.mpf(3) / 2))
    with pytest.raises(OutsideError, match="enclosed from 0 to"):
        trajectory.at(2)


def test_an_explosion_of_several_unknowns() -> None:
    # u explodes by itself and takes v with it; w does not take part.
    w = sp.Symbol("w")
    rates = system([U**2 + S, U * V - w, -w], [U, V, w])
    trajectory = integrate(rates, [arb(1), arb(1), arb(1)], fmpq(5))
    assert trajectory.status == "explodes" and trajectory.bracket is not None

    # u = -y'/y with y'' = -s y: the first zero of an Airy function.
    def y(s: Any) -> Any:
        a, b = mpmath.airyai, mpmath.airybi
        matrix = mpmath.matrix([[a(0), b(0)], [-a(0, derivative=1), -b(0, derivative=1)]])
        c = mpmath.lu_solve(matrix, mpmath.matrix([1, -1]))
        return c[0] * a(-s) + c[1] * b(-s)

    time = mpmath.findroot(y, mpmath.mpf("0.9"))
    low, high = trajectory.bracket
    assert high is not None and number(low) < time < number(high)
    assert high - low < fmpq(1, 10**9)


def test_coupled_unknowns_that_explode_together() -> None:
    # u = (2, 1) y/(1 - 2 s): a projective Riccati equation.
    rates = system([U * U, U * V], [U, V])
    trajectory = integrate(rates, [arb(2), arb(1)], fmpq(5))
    assert trajectory.bracket is not None
    low, high = trajectory.bracket
    assert high is not None and low <= fmpq(1, 2) <= high and high - low < fmpq(1, 10**9)


def test_an_explosion_of_another_kind_has_no_upper_bound() -> None:
    trajectory = integrate(system([U**3], [U]), [arb(1)], fmpq(5))
    assert trajectory.status == "explodes" and trajectory.bracket is not None
    low, high = trajectory.bracket
    assert high is None and fmpq(1, 2) - fmpq(1, 10**9) < low < fmpq(1, 2)


def _status(rate: sp.Expr, start: int, length: int, **options: Any) -> Trajectory:
    return integrate(system([rate], [U]), [arb(start)], fmpq(length), **options)


def test_large_is_not_infinite() -> None:
    trajectory = _status(U, 1, 60)
    assert trajectory.status == "ok" and contains(trajectory.at(60)[0], mpmath.exp(60))
    # It nearly explodes at 1, but stays below 10^7.
    bounded = system([U**2 - U**3 / 10**7], [U])
    trajectory = integrate(bounded, [arb(1)], fmpq(100001, 100000))
    assert trajectory.status == "ok" and 10**6 < trajectory.at(trajectory.reached)[0] < 10**7 + 1


def test_what_is_neither_enclosed_nor_infinite_is_unresolved() -> None:
    few = _status(1 + U**2, 0, 10, max_steps=5)
    assert few.status == "unresolved" and few.bracket is None and len(few.pieces) == 5
    # u = sqrt(1 - 2 s) ends at one half, where it is zero.
    ends = _status(-1 / U, 1, 5)
    assert ends.status == "unresolved" and fmpq(49, 100) < ends.reached < fmpq(1, 2)
    nowhere = _status(sp.log(U), 0, 5)
    assert nowhere.status == "unresolved" and nowhere.reached == 0
    assert nowhere.at(0) == [arb(0)]


def test_rates_that_are_constants_times_or_zero() -> None:
    w = sp.Symbol("w")
    rates = system([sp.S(3), S, sp.S(0)], [U, V, w])
    trajectory = integrate(rates, [arb(1), arb(0), arb(7)], fmpq(5))
    assert trajectory.status == "ok"
    for ball, value in zip(trajectory.at(5), (16, mpmath.mpf(25) / 2, 7)):
        assert contains(ball, value) and ball.rad() < 1e-20
    nothing = integrate(rates, [arb(1), arb(0), arb(7)], fmpq(0))
    assert nothing.status == "ok" and nothing.at(0) == [arb(1), arb(0), arb(7)]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(DerivationError, match="do not fit"):
        integrate(Function([U], [U]), [arb(1)], fmpq(1))
    with pytest.raises(DerivationError, match="positive length"):
        integrate(system([U], [U]), [arb(1)], fmpq(-1))
    with pytest.raises(DerivationError, match="needs unknowns"):
        integrate(Function([], [S]), [], fmpq(1))


@pytest.mark.parametrize("length", [1e-3, 1.0, 30.0])
def test_bounds_of_the_exponential_are_bounds(length: float) -> None:
    draw = np.random.default_rng(1)
    for _ in range(20):
        matrix = draw.uniform(0, 2, (4, 4)) - np.diag(draw.uniform(0, 5, 4))
        bound = exponential(matrix, length)
        exact = mpmath.expm(mpmath.matrix(matrix.tolist()) * mpmath.mpf(length))
        for i in range(4):
            for j in range(4):
                assert exact[i, j] <= bound[i, j]
                assert bound[i, j] <= exact[i, j] * (1 + mpmath.mpf("1e-6")) + 1e-16


def test_comparison_matrices_bound_every_matrix_of_an_interval() -> None:
    draw = np.random.default_rng(2)
    for _ in range(20):
        middle, radius = draw.normal(size=(4, 4)), draw.uniform(0, 0.1, (4, 4))
        frame = Frame.of(draw.normal(size=(4, 4)))
        bound = frame.comparison(middle, radius)
        x = mpmath.matrix(frame.forward.tolist())
        chosen = middle + radius * draw.choice([-1, 1], (4, 4))
        moved = x * mpmath.matrix(chosen.tolist()) * x**-1
        for i in range(4):
            assert moved[i, i].real <= bound[i, i]
            assert all(abs(moved[i, j]) <= bound[i, j] for j in range(4) if j != i)
