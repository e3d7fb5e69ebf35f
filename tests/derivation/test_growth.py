"""Growth of expectations against formulas by hand, where parameters stand below fraction bars."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
import sympy as sp

import eqsolve
from eqsolve.derivation import growth
from eqsolve.derivation.derivation import Derivation, derive
from eqsolve.derivation.growth import growth_systems, terms
from eqsolve.derivations import kim_omberg, merton, merton_consumption, merton_jump, regulator
from eqsolve.derivations.relative_performance import (
    lacker_zariphopoulou_cara,
    lacker_zariphopoulou_crra,
)
from eqsolve.game import (
    Ansatz,
    Game,
    Horizon,
    Model,
    Player,
    State,
    Vocabulary,
    expected,
    parameter,
    positive,
)
from eqsolve.kernels.steps.kernel import StepsKernel, model_kernel
from eqsolve.program.make import program
from eqsolve.solve.solve import answered, solve
from eqsolve.status import Status

x, y, a, b = sp.symbols("x y a b", positive=True)


def consumption_growth(p: Mapping[str, Fraction]) -> Fraction:
    """Growth of E x^(1-g) less rho under the optimal constant fractions of wealth (GAMES, Ito)."""
    r, B, s, g, rho = (p[name] for name in ("r", "B", "s", "g", "rho"))
    fraction = B / (g * s**2)
    spent = (rho - (1 - g) * (r + B**2 / (2 * g * s**2))) / g
    drift = r + B * fraction - spent
    return (1 - g) * (drift - g * (fraction * s) ** 2 / 2) - rho


@pytest.mark.parametrize(
    "change", [{}, {"g": "0.5", "rho": "0.12"}, {"g": "5", "s": "0.2"}, {"B": "-0.3", "r": "0.1"}]
)
def test_growth_with_consumption_is_decided(change: dict[str, str]) -> None:
    values = {**merton_consumption.model().cases["default"], **change}
    answer = eqsolve.solve("merton-consumption", values)
    assert answer.ok
    wanted = consumption_growth({k: Fraction(v) for k, v in values.items()})
    (root,) = (root for root in answer.roots if root["selected"])
    assert root["growth"] == [pytest.approx(float(wanted), rel=1e-14)]
    if not change:
        assert wanted == Fraction("-0.05625")


@pytest.mark.parametrize(
    "module",
    (
        merton_consumption,
        merton,
        merton_jump,
        lacker_zariphopoulou_cara,
        lacker_zariphopoulou_crra,
    ),
    ids=lambda module: str(module.__name__).rpartition(".")[2],
)
def test_one_utility_needs_one_function(module: Any) -> None:
    """That of the utility: its logarithm has the slope of the logarithm of the value."""
    derivation = derive(module.model())
    for system, player in zip(growth_systems(derivation), derivation.systems):
        (function,) = system.functions
        for state in player.problem.states:
            value = player.value
            ratio = sp.diff(function, state) * value - sp.diff(value, state) * function
            assert sp.simplify(ratio) == 0
        assert system.matrix is not None and len(system.matrix) == 1


def test_what_is_below_the_bar_is_divided_among_function_and_coefficient() -> None:
    z = sp.Symbol("z", positive=True)
    whole = (a * x**2 + 1) / (b * (a + 1) * x * (x + z) ** 2)
    found = terms(whole, (x, z))
    assert len(found) == 2
    assert all(f.free_symbols == {x, z} for f in found)
    assert all(c.free_symbols <= {a, b} for c in found.values())
    assert sp.simplify(sum(f * c for f, c in found.items()) - whole) == 0
    # a parameter that no factor sets apart from the states stays in the function
    assert all(a in f.free_symbols for f in terms(1 / (a + x), (x,)))


# -- a game in which the growth decides -----------------------------------------------------------

s, e, h, k, rho, output, level = sp.symbols("s e h k rho q K")

#: A demand y that grows by a factor e in the time h; the output q is sold at the price y^-e.
SELLER = Model(
    Game(
        "seller",
        (State(y, y / h, {"W": s * y}),),
        (Player("seller", (output,), expected(output / y**e - k * output**2 / 2), discount=rho),),
        Horizon(),
    ),
    Ansatz({"J": level / y ** (2 * e)}, {output: 1 / (k * y**e)}),
    Vocabulary(
        *(parameter(p, domain=positive) for p in (s, e, h, k, rho)),
    ),
)
SOLD = {"s": "0.3", "e": "1.5", "h": "10", "k": "2", "rho": "0.3"}


@cache
def seller() -> tuple[Derivation, StepsKernel]:
    derivation = derive(SELLER)
    return derivation, model_kernel(derivation)


def revenue_growth(p: Mapping[str, Fraction]) -> Fraction:
    """Of E y^(-2e), y a geometric Brownian motion, less rho."""
    power = -2 * p["e"]
    return power / p["h"] + power * (power - 1) * p["s"] ** 2 / 2 - p["rho"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, Status.OK),
        ({"s": "0.4"}, Status.UNSTABLE),
        ({"s": "0.316"}, Status.OK),
        ({"s": "0.317"}, Status.UNSTABLE),
        ({"h": "8", "s": "0.34"}, Status.UNSTABLE),
        ({"h": "5", "s": "0.34"}, Status.OK),
        ({"rho": "0.1"}, Status.UNSTABLE),
        ({"e": "0.5", "rho": "0.1"}, Status.OK),
    ],
)
def test_growth_above_the_discount_has_its_status(change: dict[str, str], status: Status) -> None:
    """The revenue is infinite there, while the equation of the ansatz has a root everywhere."""
    values = {**SOLD, **change}
    growth = revenue_growth({name: Fraction(v) for name, v in values.items()})
    assert (growth < 0) is (status is Status.OK)
    answer = solve(SELLER, values, at={"y": 2})
    assert answer.status is status
    (root,) = answer.roots
    assert root["growth"] == [pytest.approx(float(growth), rel=1e-12)]
    found = seller()[1].evaluate({name: float(v) for name, v in {**values, "y": 2}.items()})
    assert Status(int(found["status"])) is status
    if answer.ok:
        k, e = float(values["k"]), float(values["e"])
        worth = 2.0 ** (-2 * e) / (2 * k) / float(-growth)
        assert answer.at["V"] == pytest.approx(worth, rel=1e-12)
        assert found["V"] == pytest.approx(worth, rel=1e-12)


def test_what_is_not_followed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    case = next(iter(regulator.MODEL.cases.values()))
    followed = solve(regulator.MODEL, case).message
    assert "ever more functions" not in followed and "are not given" not in followed
    monkeypatch.setattr(growth, "LARGEST", 0)
    lost = answered(program(derive(regulator.MODEL)), case)
    assert lost.ok and "Whether expectations are finite is not decided" in lost.message
    assert "Means and variances of the states are not given" in lost.message


def test_moments_that_are_not_given_are_named_in_the_answer() -> None:
    answer = solve(kim_omberg.model, next(iter(kim_omberg.model().cases.values())))
    assert answer.ok and "Means and variances of the states are not given" in answer.message
