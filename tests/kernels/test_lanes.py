"""Functions without branches against exact numbers, and against the code with branches."""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest

import eqsolve
from eqsolve.kernels import lanes
from eqsolve.kernels.runtime import explosion_time, root_cosh, root_of, root_sinh

ULP = 2.0**-52


def worst(
    function: Callable[[float], float], exact: Callable[..., object], points: object
) -> float:
    """The largest error in ulp; infinite if there is no number."""
    with mpmath.workdps(40):
        found = 0.0
        for x in np.asarray(points):
            value, truth = function(float(x)), exact(mpmath.mpf(float(x)))
            error = abs((mpmath.mpf(value) - truth) / truth) / ULP if value == value else math.inf
            found = max(found, float(error))
        return found


NEAR_ZERO = np.concatenate([10.0 ** np.arange(-300.0, 0.0, 7), -(10.0 ** np.arange(-12.0, 0.0))])
RNG = np.random.default_rng(7)
WIDE = np.concatenate([RNG.uniform(-699, 699, 400), RNG.uniform(-3, 3, 400), NEAR_ZERO])
POSITIVE = np.concatenate(
    [
        np.exp(RNG.uniform(-700, 700, 400)),
        RNG.uniform(0.4, 2.1, 400),
        1 + NEAR_ZERO[NEAR_ZERO > 1e-15],
    ]
)


@pytest.mark.parametrize(
    ("name", "points", "ulp"),
    [
        ("exponential", WIDE, 1.0),
        ("sinh", WIDE, 2.0),
        ("cosh", WIDE, 1.5),
        ("tanh", WIDE, 3.0),
        ("logarithm", POSITIVE[POSITIVE != 1.0], 1.5),
    ],
)
def test_errors_in_ulp(name: str, points: object, ulp: float) -> None:
    exact = {"exponential": "exp", "logarithm": "log"}.get(name, name)
    assert worst(getattr(lanes, name), getattr(mpmath, exact), points) < ulp


def test_powers() -> None:
    bases, exponents = np.exp(RNG.uniform(-5, 5, 300)), RNG.uniform(-4, 4, 300)
    for b, e in zip(bases, exponents):
        value = lanes.power(float(b), float(e))
        if abs(e * math.log(b)) < 7.99:
            assert value == pytest.approx(b**e, rel=16 * ULP)
        elif abs(e * math.log(b)) > 8.01:
            assert math.isnan(value)


@pytest.mark.parametrize("x", [0.0, -1.0, -0.0, math.inf, -math.inf, math.nan, 1e-310])
def test_no_logarithm(x: float) -> None:
    assert math.isnan(lanes.logarithm(x))
    assert math.isnan(lanes.power(x, 0.5))


@pytest.mark.parametrize("x", [700.0, -701.0, 1e300, math.inf, -math.inf, math.nan])
def test_no_exponential(x: float) -> None:
    assert math.isnan(lanes.exponential(x))


def test_hyperbolic_functions_of_roots() -> None:
    for square, s in zip(np.exp(RNG.uniform(-30, 6, 300)), RNG.uniform(0.01, 3, 300)):
        assert lanes.root_cosh(square, s) == pytest.approx(root_cosh(square, s), rel=1e-13)
        assert lanes.root_sinh(square, s) == pytest.approx(root_sinh(square, s), rel=1e-13)
        for slope in (0.5 * math.sqrt(square), -1.0, 2.0 * math.sqrt(square)):
            expected = explosion_time(square, slope)
            assert lanes.explosion_time(square, slope) == pytest.approx(expected, rel=1e-13)
        assert math.isnan(lanes.root_cosh(-square, s)) and math.isnan(lanes.root_sinh(-square, s))
        assert not 0.0 < lanes.explosion_time(-square, 1.0)
    for square, slope in ((0.0, 2.0), (1e-12, 3.0), (0.0, -1.0), (1e-300, 1e-150)):
        expected = explosion_time(square, slope)
        assert lanes.explosion_time(square, slope) == pytest.approx(expected, rel=1e-13)


def test_roots_are_those_of_the_code_with_branches() -> None:
    """Where lanes answer, the code with branches has the same root; ties and rounding included."""
    answered = 0
    for _ in range(4000):
        a, b, c, start = RNG.integers(-3, 4, 4) * 2.0 ** RNG.integers(-2, 3, 4)
        if RNG.random() < 0.5:
            # two roots that differ by little
            u, v = RNG.uniform(-2, 2), 10.0 ** RNG.uniform(-16, 0)
            a, b, c = 1.0, -(2 * u + v), u * (u + v)
        value = lanes.quadratic_root(a, b, c, start) if a else lanes.linear_root(b, c, start)
        if math.isfinite(value):
            answered += 1
            expected = root_of(np.array([a, b, c]), start, -1)
            assert value == pytest.approx(expected, rel=1e-13, abs=1e-13)
    assert answered > 1200


def test_games_with_closed_forms_need_no_branches() -> None:
    for game in ("execution", "lq-target", "systemic-risk"):
        assert "tile_0" in eqsolve.kernel(game).source
