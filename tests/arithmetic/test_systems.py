"""All real solutions: known counts and values, nothing missed, nothing invented."""

from __future__ import annotations

import itertools
import random
from typing import Any

import flint
import mpmath
import pytest
import sympy as sp
from flint import arb, fmpq

from eqsolve.arithmetic import systems
from eqsolve.arithmetic.elimination import Infinite, Quotient, quotient
from eqsolve.arithmetic.function import Function
from eqsolve.arithmetic.krawczyk import krawczyk, solution_near
from eqsolve.arithmetic.systems import Solutions, real_solutions
from eqsolve.errors import DerivationError

X, Y, Z = sp.symbols("x y z")


@pytest.fixture(autouse=True)
def digits() -> Any:
    with mpmath.workdps(90):
        yield


def contains(ball: arb, value: Any) -> bool:
    with flint.ctx.workprec(500):
        return bool(ball.contains(arb(mpmath.nstr(value, 80))))


def check(solutions: Solutions, expected: list[tuple[Any, ...]]) -> None:
    """Each point holds exactly one of the expected ones, to thirty digits, and none is missing."""
    assert solutions.complete and not solutions.undecided and not solutions.degenerate
    assert len(solutions.points) == len(expected)
    for reference in expected:
        holding = [
            point
            for point in solutions.points
            if all(contains(ball, value) for ball, value in zip(point, reference))
        ]
        assert len(holding) == 1
        for ball, value in zip(holding[0], reference):
            assert ball.rad() < 1e-30 * max(1, abs(value))


def test_two_coupled_quadratics() -> None:
    # The difference of the equations is (x - y)(x + y - 5).
    solutions = real_solutions([X**2 + 2 * X * Y - 5 * X + 1, Y**2 + 2 * X * Y - 5 * Y + 1], [X, Y])
    a, b = mpmath.sqrt(13), mpmath.sqrt(29)
    symmetric = [((5 + s * a) / 6,) * 2 for s in (1, -1)]
    check(solutions, [*symmetric, ((5 + b) / 2, (5 - b) / 2), ((5 - b) / 2, (5 + b) / 2)])


@pytest.mark.parametrize(
    "equations, expected",
    [
        ([X**2 + Y**2 - 5, X * Y - 2], [(1, 2), (2, 1), (-1, -2), (-2, -1)]),
        ([X**2 + Y**2 + 1, X * Y - 2], []),
        ([X**2 + 1, X**2 + Y], []),
        ([X - Y, X + Y - 2], [(1, 1)]),
        ([X - Y, X - Y - 2], []),
        ([X - 3, (Y - X) * (Y**2 + 1)], [(3, 3)]),
    ],
)
def test_small_systems(equations: list[sp.Expr], expected: list[tuple[int, int]]) -> None:
    check(real_solutions(equations, [X, Y]), expected)


def test_solutions_that_a_coordinate_does_not_tell_apart() -> None:
    check(
        real_solutions([X * (X**2 - 1), Y * (Y**2 - 4)], [X, Y]),
        list(itertools.product((-1, 0, 1), (-2, 0, 2))),
    )


def test_close_solutions_are_told_apart() -> None:
    gap = sp.Rational(1, 10**20)
    solutions = real_solutions([(X - 1) * (X - 1 - gap), Y - X**2], [X, Y])
    near = 1 + mpmath.mpf(10) ** -20
    check(solutions, [(1, 1), (near, near**2)])


def test_denominators_do_not_vanish_at_solutions() -> None:
    # Without the denominators (1, 1), (2, 1), ... would be solutions.
    equations = [(X - 1) * (X - 2) / (X - Y), (Y - 1) * (Y - 3) / (X - Y) ** 2]
    check(real_solutions(equations, [X, Y]), [(1, 3), (2, 1), (2, 3)])
    # The numerators have the line x = y = 3 in common, the equations have not.
    line = [(X - Y) * (Z - 1), (X - Y) * (X - 2), (Y - 3) / (X - Y) + Z - 1]
    check(real_solutions(line, [X, Y, Z]), [(2, 3, 1)])
    numerators = [sp.fraction(sp.together(e))[0] for e in line]
    assert real_solutions(numerators, [X, Y, Z]).degenerate


def _riccati(eigenvalues: list[int], seed: int) -> tuple[list[sp.Expr], sp.Matrix, Any, int]:
    """A'P + PA - PBP + Q = 0 with a Hamiltonian of known real eigenvalues, plus and minus."""
    n = len(eigenvalues)
    upper = sp.Matrix(n, n, lambda i, j: sp.Rational((3 * i + 5 * j + seed) % 7 - 3, 4))
    a = (upper + upper.T) / 4 + sp.diag(*eigenvalues)
    b = sp.eye(n) + sp.ones(n) / 5
    p = sp.Matrix(n, n, lambda i, j: sp.Symbol(f"p{min(i, j)}{max(i, j)}"))
    q = 6 * sp.eye(n) + sp.ones(n)
    equation = a.T * p + p * a - p * b * p + q
    names = [p[i, j] for i in range(n) for j in range(i, n)]
    hamiltonian = sp.Matrix.vstack(sp.Matrix.hstack(a, -b), sp.Matrix.hstack(-q, -a.T))
    numbers = mpmath.matrix(
        [[mpmath.mpf(int(x.p)) / int(x.q) for x in row] for row in hamiltonian.tolist()]
    )
    return [equation[i, j] for i in range(n) for j in range(i, n)], names, numbers, n


@pytest.mark.parametrize("eigenvalues", [[1, 3], [1, 2, 4]])
def test_symmetric_matrix_riccati_equations(eigenvalues: list[int]) -> None:
    equations, names, hamiltonian, n = _riccati(eigenvalues, seed=2)
    values, vectors = mpmath.eig(hamiltonian)
    assert all(abs(mpmath.im(v)) < 1e-60 for v in values)
    # One of each pair of opposite eigenvalues: 2^n symmetric solutions P = Y X^-1.
    positive = [k for k in range(2 * n) if mpmath.re(values[k]) > 0]
    pairs = [(k, min(range(2 * n), key=lambda j: abs(values[j] + values[k]))) for k in positive]
    expected = []
    for chosen in itertools.product(*pairs):
        x = mpmath.matrix(n, n)
        y = mpmath.matrix(n, n)
        for column, k in enumerate(chosen):
            for i in range(n):
                x[i, column] = mpmath.re(vectors[i, k])
                y[i, column] = mpmath.re(vectors[n + i, k])
        p = y * x**-1
        expected.append(tuple(p[i, j] for i in range(n) for j in range(i, n)))
    assert len(expected) == 2**n
    check(real_solutions(equations, names), expected)


def test_a_region_restricts_the_solutions() -> None:
    equations = [X**2 + Y**2 - 5, X * Y - 2]
    inside = real_solutions(equations, [X, Y], region=[arb(1.5, 1), arb(1.5, 1)])
    assert inside.complete and len(inside.points) == 2
    border = real_solutions(equations, [X, Y], region=[arb(1.5, 1), arb(2.5, 1.5)])
    assert len(border.points) + len(border.undecided) == 2
    assert border.complete == (not border.undecided)


@pytest.mark.parametrize(
    "equations",
    [
        [X * Y, X * (Y - 1)],
        [X * Y, X * (X - 1)],
        [X - Y, 2 * X - 2 * Y],
        [(X - Y) * (X - 2), (X - Y) * (Y + 1)],
    ],
)
def test_infinitely_many_solutions_are_degenerate(equations: list[sp.Expr]) -> None:
    solutions = real_solutions(equations, [X, Y])
    assert solutions.degenerate and not solutions.complete and solutions.undecided
    for point in solutions.points:
        values = Function(equations, [X, Y])(point)
        assert all(value.contains(0) for value in values)


def test_a_double_solution_is_undecided_and_located() -> None:
    solutions = real_solutions([X**2 + Y**2 - 2, (X + Y - 2) * (X - 7)], [X, Y])
    assert not solutions.complete and not solutions.degenerate and not solutions.points
    assert len(solutions.undecided) == 1
    assert all(ball.contains(1) and ball.rad() < 1e-30 for ball in solutions.undecided[0])


def test_a_missing_solution_is_not_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    proved = systems._proved
    calls = []

    def forgetful(*arguments: Any) -> Any:
        calls.append(1)
        return None if len(calls) == 2 else proved(*arguments)

    monkeypatch.setattr(systems, "_proved", forgetful)
    solutions = real_solutions([X**2 + Y**2 - 5, X * Y - 2], [X, Y])
    assert len(solutions.points) == 3 and not solutions.complete
    (box,) = solutions.undecided
    values = {tuple(round(float(x)) for x in point) for point in (*solutions.points, box)}
    assert values == {(1, 2), (2, 1), (-1, -2), (-2, -1)}


def test_complex_solutions_with_a_real_form_hide_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    # With the form 0 x + y the pairs x = +-1 and x = +-i are not told apart.
    monkeypatch.setattr(random.Random, "randint", lambda self, low, high: next(weights))
    weights = itertools.cycle((0, 1))
    solutions = real_solutions([X**4 - 1, Y**2 - Y - X**2 + 1], [X, Y])
    assert not solutions.complete and not solutions.points
    for point in ((1, 0), (1, 1), (-1, 0), (-1, 1)):
        assert any(
            all(contains(ball, value) for ball, value in zip(box, point))
            for box in solutions.undecided
        )


def test_a_solution_found_twice_does_not_stand_for_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        systems, "solution_near", lambda function, start: solution_near(function, [arb(1), arb(2)])
    )
    solutions = real_solutions([X**2 + Y**2 - 5, X * Y - 2], [X, Y])
    assert len(solutions.points) == 1 and not solutions.complete
    assert len(solutions.undecided) == 3


def test_a_perturbed_solution_is_not_proved() -> None:
    function = Function([X**2 + Y**2 - 5, X * Y - 2], [X, Y])
    small = [arb(1e-6)] * 2
    found = krawczyk(function, [arb(1), arb(2)], small)
    assert found is not None and found[0].contains(1) and found[1].contains(2)
    assert krawczyk(function, [arb(1) + 1e-5, arb(2)], small) is None
    assert krawczyk(function, [arb(1), arb(2) - 1e-5], small) is None
    # Two solutions in a box are not one.
    assert krawczyk(function, [arb(1.5), arb(1.5)], [arb(1)] * 2) is None
    # A double solution is none either.
    double = Function([X**2 - 2 * X + Y, Y - 1], [X, Y])
    assert krawczyk(double, [arb(1), arb(1)], small) is None


def test_newton_starts_far_away_or_fails_plainly() -> None:
    function = Function([X**2 + Y**2 - 5, X * Y - 2], [X, Y])
    found = solution_near(function, [arb(3), arb(0.5)])
    assert found is not None and found[0].contains(2) and found[1].contains(1)
    assert solution_near(Function([X**2 + 1, Y], [X, Y]), [arb(1), arb(1)]) is None
    assert solution_near(Function([X / Y, Y], [X, Y]), [arb(1), arb(0)]) is None


def test_parameters_of_a_box_may_be_balls() -> None:
    function = Function([X**2 - Z, Y - X], [X, Y, Z])
    found = krawczyk(function, [arb(2), arb(2)], [arb(0.1)] * 2, [arb(4, 1e-3)])
    assert found is not None and found[0].contains(2)
    assert 1e-4 < found[0].rad() < 1e-2


def test_a_quotient_has_the_dimension_of_the_solutions() -> None:
    circle = {(2, 0): fmpq(1), (0, 2): fmpq(1), (0, 0): fmpq(-5)}
    hyperbola = {(1, 1): fmpq(1), (0, 0): fmpq(-2)}
    algebra = quotient([circle, hyperbola], 2)
    assert isinstance(algebra, Quotient) and len(algebra.monomials) == 4
    x, y = algebra.factors
    assert x * y == y * x
    assert x.charpoly() == y.charpoly() == flint.fmpq_poly([4, 0, -5, 0, 1])
    assert quotient([circle, circle], 2) == Infinite(True)


def test_what_is_not_rational_is_refused() -> None:
    with pytest.raises(DerivationError, match="not a rational function"):
        real_solutions([sp.exp(X) - Y, X], [X, Y])
    with pytest.raises(DerivationError, match="rational coefficients"):
        real_solutions([Z * X - Y, X], [X, Y])
    with pytest.raises(DerivationError, match="1 equations for 2 unknowns"):
        real_solutions([X], [X, Y])


@pytest.mark.slow
def test_closed_loop_equilibria_of_three_agents() -> None:
    """SPEC section 7 with the set S1: two rational equations of degree eleven over twelve."""
    r = sp.Rational
    drift, rate, theta, gamma, beta, hazard = r(9, 100), r(3, 100), r(1, 2), 2, r(1, 2), r(3, 5)
    nu2 = sigma2 = r(1, 25)
    n = r(1, 3)
    p1, p2 = X, Y
    u, k = p1 - n * p2, p1 + (1 - n) * p2
    f_u, f_k = hazard - rate - drift * u, hazard - rate - drift * k
    a = hazard * ((1 - n) / f_u + (1 - theta) * n / f_k)
    c = hazard * (-1 / f_u + (1 - theta) / f_k)
    m_t = 2 * (rate + drift * u) + sigma2 * u**2 + nu2 * (1 - 2 * n) * u**2
    m_p = 2 * rate + drift * (u + k) + sigma2 * u * k + 2 * n * nu2 * u * k
    m_s = 2 * (rate + drift * u) + sigma2 * u**2 + nu2 * (1 - n) * u**2
    m_m = 2 * (rate + drift * k) + sigma2 * k**2 + n * nu2 * k**2
    first = (hazard - m_t) * (hazard - m_p) - 2 * (1 - 2 * n) * n * nu2**2 * u**3 * k
    second = (hazard - m_s) * (hazard - m_m) - (1 - n) * n * nu2**2 * u**2 * k**2
    t = hazard * (hazard - m_p + 2 * n * nu2 * u**2 * (1 - theta)) / first
    q = 2 * hazard * ((hazard - m_t) * (1 - theta) + (1 - 2 * n) * nu2 * u * k) / first
    s = hazard * (hazard - m_m + n * nu2 * u**2 * (1 - theta) ** 2) / second
    m = hazard * ((hazard - m_s) * (1 - theta) ** 2 + (1 - n) * nu2 * k**2) / second
    h20 = t * (1 - n) ** 2 + q * n * (1 - n) + (s - t) * n * (1 - n) + m * n**2
    h11 = -2 * t * (1 - n) + q * (1 - 2 * n) + 2 * n * (m - s + t)
    cross, curvature = gamma * sigma2 * h11 / 2, gamma * (sigma2 + nu2) * h20
    equations = [
        drift * (beta * a + gamma * a**2 - gamma * h20) - cross * n * (1 - n) * p2 - curvature * p1,
        drift * gamma * (a * c - h11 / 2) - cross * (p1 + (1 - 2 * n) * p2) - curvature * p2,
    ]
    solutions = real_solutions(equations, [X, Y])
    assert solutions.complete and not solutions.undecided
    # As many as the eight polynomials have from which t, q, s, m and two inverses are eliminated.
    assert len(solutions.points) == 13
    function = Function(equations, [X, Y])
    with flint.ctx.workprec(300):
        for point in solutions.points:
            assert all(value.contains(0) and value.rad() < 1e-20 for value in function(point))
    published = [
        p for p in solutions.points if abs(p[0] - 0.28140) < 5e-6 and abs(p[1] - 0.09506) < 5e-6
    ]
    assert len(published) == 1
