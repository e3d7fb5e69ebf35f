"""Execution, game and planner, against boundary value problems of the maximum principle.

With the adjoint Y the speed is ``-Y/cA``, of a planner ``(g E[X] - Y)/cA``, and ``Y' = -(cX X - g
A)`` with the mean speed A, ``Y = cg X`` at the end: two equations for the means, and the same
without A for what is apart from them. No value, no Riccati equation and no law on a grid occurs.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_bvp
from scipy.linalg import expm
from scipy.optimize import brentq

from eqsolve.errors import NoSolutionError
from eqsolve.game.parameters import read
from eqsolve.pde.declared import represented
from eqsolve.pde.declared_law import MeanField
from eqsolve.registry import resolve
from eqsolve.verify.models import variants

Array = np.ndarray[Any, np.dtype[np.float64]]
NAMES = ("cX", "cA", "cg", "g", "sig", "T", "m0", "v0")
#: Sets that are none of the game's; a longer horizon and a falling price in the last ones.
SETS = [
    (1.1, 0.7, 0.9, 0.4, 0.3, 0.8, -0.9, 0.16),
    (0.6, 1.4, 0.2, 0.3, 0.5, 2.2, 1.3, 0.25),
    (2.5, 1.0, 0.5, -0.8, 0.4, 1.3, 0.7, 0.04),
]


def matrix(values: Mapping[str, float], planner: bool, mean: bool) -> Array:
    """Of the linear equations of (X, Y): of the means, or of what is apart from them."""
    cX, cA, g = (values[name] for name in ("cX", "cA", "g"))
    if not mean:
        return np.array([[0.0, -1 / cA], [-cX, 0.0]])
    speed = np.array([g / cA if planner else 0.0, -1 / cA])
    return np.array([speed, g * speed - np.array([cX, 0.0])])


def start(values: Mapping[str, float], planner: bool) -> tuple[float, float]:
    """Mean speed at time 0, and the change of a speed by the inventory."""
    found = []
    for mean, at in ((True, values["m0"]), (False, 1.0)):
        rates = matrix(values, planner, mean)
        answer = solve_bvp(
            lambda t, z, rates=rates: rates @ z,
            lambda z, end, at=at: np.array([z[0] - at, end[1] - values["cg"] * end[0]]),
            np.linspace(0, values["T"], 41),
            np.full((2, 41), at),
            tol=1e-9,
        )
        assert answer.success, answer.message
        found.append(float((rates @ answer.y[:, 0])[0]))
    return found[0], found[1]


def declared(planner: bool) -> Any:
    """The game of a continuum, and its planner."""
    for variant in variants(resolve("execution")):
        game = variant.model.game
        wanted = "planner" if planner else "feedback"
        if game.crowd.size is None and game.notion == wanted:
            return variant.model
    raise AssertionError(planner)


@pytest.mark.parametrize("planner", [False, True])
@pytest.mark.parametrize(
    "row", [SETS[0], *(pytest.param(s, marks=pytest.mark.full) for s in SETS[1:])]
)
def test_the_grid_has_the_speeds_of_the_maximum_principle(
    row: tuple[float, ...], planner: bool
) -> None:
    """Within 1e-3 of the largest; the other notion's speeds are further away."""
    values = dict(zip(NAMES, row, strict=True))
    model = declared(planner)
    numbers = read(model, {name: str(value) for name, value in values.items()})
    found = represented(model).solve(numbers, None)
    assert found.result.ok, found.result.message
    ((speed,), x) = found.controls.values(), found.nodes[model.game.state_symbols[0]]
    gaps = []
    for notion in (planner, not planner):
        mean, slope = start(values, notion)
        exact = mean + slope * (x - values["m0"])
        gaps.append(np.abs(speed - exact).max() / np.abs(exact).max())
    assert gaps[0] < 1e-3 < 1e-2 < gaps[1], gaps


def conjugate(values: Mapping[str, float]) -> float:
    """The time before the end at which a planner's mean with ``Y = cg X`` at the end is zero."""
    rates, last = matrix(values, True, True), np.array([1.0, values["cg"]])

    def mean(before: float) -> float:
        return float((expm(-before * rates) @ last)[0])

    times = np.linspace(0, 40, 4001)
    signs = np.array([mean(time) for time in times])
    first = int(np.argmax(signs < 0))
    return float(brentq(mean, times[first - 1], times[first])) if first else np.inf


@pytest.mark.parametrize("g", [2.5, 3.4])
@pytest.mark.parametrize("cg", [0.1, 0.6])
def test_the_planner_ends_where_the_maximum_principle_has_two_solutions(
    g: float, cg: float
) -> None:
    """Refused from that horizon on, by a ten-millionth part; 1 % shorter is none."""
    values = dict(zip(NAMES, (1.3, 0.9, cg, g, 0.3, 30.0, 0.4, 0.09), strict=True))
    planner = MeanField(declared(True)).checked()
    exact = {sp.Symbol(name): sp.Rational(Fraction(str(v))) for name, v in values.items()}
    limit, last = planner.bounded(exact), conjugate(values)
    assert limit is not None and abs(limit / last - 1) < 1e-7, (limit, last)
    shorter = exact | {sp.Symbol("T"): sp.Rational(Fraction(str(round(0.99 * last, 6))))}
    assert planner.bounded(shorter) is None
    numbers = {**{k: str(v) for k, v in values.items()}, "T": str(round(1.01 * last, 6))}
    with pytest.raises(NoSolutionError, match=f"{last:.7f}"[:5]):
        planner.solve(read(planner.model, numbers))
