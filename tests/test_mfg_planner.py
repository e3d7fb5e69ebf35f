"""The planner's problem on the grid: his costs, his second variation, and where it is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

from eqsolve.errors import InputError, NoSolutionError
from eqsolve.pde import Absolute, Compiled, Coupling, MFGSolution, Power, gaussian, solve_mfg
from reference.games import exit_externality

Array = np.ndarray[Any, np.dtype[np.float64]]

WAVE = 2 * np.pi


def on_the_circle(running: Coupling, **options: Any) -> MFGSolution:
    given: dict[str, Any] = {
        "domain": (0, 1),
        "nodes": 40,
        "steps": 40,
        "viscosity": 0.06,
        "boundary": "periodic",
        "starts": 1,
    }
    return solve_mfg(running=running, **(given | options))


# ------------------------------------------------------- planners who are games


def bump(x: Array) -> Array:
    return np.asarray(1 + 0.5 * np.cos(WAVE * x))


def lopsided(d: Array) -> Array:
    return np.asarray(np.exp(np.sin(WAVE * d)))


NODES = np.arange(40) / 40
PAIRS = lopsided(np.subtract.outer(NODES, NODES))


@pytest.mark.parametrize(
    ("planned", "played"),
    [
        (Coupling(density=1.0), Coupling(density=2.0)),
        (Coupling(density=0.3, density_power=2.0), Coupling(density=0.9, density_power=2.0)),
        (Coupling(kernel=lopsided), Coupling(kernel=PAIRS + PAIRS.T)),
        (Coupling(density=bump), Coupling(density=lambda x: 2 * bump(x))),
    ],
)
@pytest.mark.parametrize("stationary", [False, True])
def test_a_planner_is_the_game_of_his_derivative(
    planned: Coupling, played: Coupling, stationary: bool
) -> None:
    """``m f`` has the derivative ``f + m f_m``; ``K`` has ``K + K^T``."""

    def potential(x: Array) -> Array:
        return np.asarray(np.sin(WAVE * x))

    options: dict[str, Any] = {
        "stationary": stationary,
        "check": False,
        **({} if stationary else {"initial": lambda x: 1 - 0.5 * np.sin(WAVE * x)}),
    }
    planner = on_the_circle(replace(planned, potential=potential), planner=True, **options)
    game = on_the_circle(replace(played, potential=potential), **options)
    assert planner.ok and game.ok, (planner.message, game.message)
    np.testing.assert_allclose(planner.m, game.m, atol=1e-8)
    np.testing.assert_allclose(planner.u, game.u, atol=1e-8)
    # the planted error: what is played without him
    alone = on_the_circle(replace(planned, potential=potential), **options)
    assert abs(alone.m - planner.m).max() > 1e-3
    # what the game's agents pay for the law, the planner's pay half of, or a third
    assert (
        planner.diagnostics["social_cost"]
        < planner.diagnostics["cost"]
        == pytest.approx(game.diagnostics["cost"], abs=1e-8)
    )


def execution(horizon: float = 1.0, planner: bool = True, **options: Any) -> MFGSolution:
    """Optimal execution; the planner's solution explodes at the horizon 1.549441."""
    given: dict[str, Any] = {
        "domain": (-3.0, 5.5),
        "nodes": 101,
        "steps": 50,
        "initial": gaussian(0.5, 0.3),
        "boundary": "open",
        "running": Coupling(potential=lambda x: x * x, control_mean=lambda x: -1.75 * x),
        "terminal": lambda x: 0.15 * x * x,
    }
    return solve_mfg(horizon=horizon, viscosity=0.125, planner=planner, **(given | options))


def test_the_planner_s_representative_of_execution() -> None:
    """Derived from the game's costs he is the one that was written by hand."""
    by_hand = Coupling(potential=lambda x: x * x, control_mean=lambda x: -1.75 * x, control=-1.75)
    found, expected = execution(), execution(planner=False, running=by_hand)
    # his control's cost is known in the middle of a step
    np.testing.assert_allclose(found.control, expected.control, atol=2e-3)
    np.testing.assert_allclose(found.m, expected.m, atol=2e-3)
    assert found.diagnostics["social_cost"] == pytest.approx(0.125026134678, abs=1e-3)


# ----------------------------------- an independent scheme: finite volumes, explicit sums


def social_cost(
    found: MFGSolution, control: Array, nu: float, absorbing: bool, costs: Callable[..., Any]
) -> float:
    """What all pay under a control: fluxes between cells, Crank-Nicolson, sums over the cells."""
    x, width, size = found.x, found.x[1] - found.x[0], found.x.size
    weight = np.full(size, width)
    weight[[0, -1]] /= 2
    m, total = found.m[0] * weight, 0.0
    step = found.t[1] - found.t[0]
    for before, after in zip(control[:-1], control[1:], strict=True):
        a = (before + after) / 2
        rate = np.zeros((size, size))
        for i in range(size - 1):
            wind = (a[i] + a[i + 1]) / 4
            for j, sign in ((i, 1.0), (i + 1, -1.0)):
                flux = (wind + sign * nu / width) / weight[j]
                rate[i, j] -= flux
                rate[i + 1, j] += flux
        if absorbing:
            rate[[0, -1], :] = rate[:, [0, -1]] = 0.0
        one = np.eye(size)
        after_step = np.linalg.solve(one - step / 2 * rate, (one + step / 2 * rate) @ m)
        mass = (m + after_step) / 2
        total += step * float(mass @ (a**2 / 2 + costs(x, mass, weight, a)))
        m = after_step
    return total + float(m @ costs(x, m, weight, None))


def parts(x: Array, mass: Array, weight: Array, control: Array | None) -> Any:
    """Every part that is linear in a functional of the law."""
    mean = mass @ x / mass.sum()
    variance = mass @ (x - mean) ** 2 / mass.sum()
    if control is None:
        return 0.6 * (x - mean) ** 2 + 0.3 * variance * np.cos(x)
    average = mass @ control / mass.sum()
    near = np.exp(-(np.subtract.outer(x, x + 0.2) ** 2)) @ mass
    return (
        0.4 * x**3 * mean
        + 0.5 * np.sin(x) * mean**2
        + 0.3 * np.exp(x) * variance
        - 0.4 * x * average
        + 0.2 * mass / weight
        + 0.3 * near
        + 0.25 * control * mean
        - 0.1 * control * average
    )


PARTS = Coupling(
    mean=lambda x: 0.4 * x**3,
    mean_squared=lambda x: 0.5 * np.sin(x),
    variance=lambda x: 0.3 * np.exp(x),
    control_mean=lambda x: -0.4 * x,
    density=0.2,
    kernel=lambda d: 0.3 * np.exp(-((d - 0.2) ** 2)),
    control=0.25,
    control_control=-0.1,
)
PARTS_END = Coupling(
    potential=lambda x: 0.6 * x * x,
    mean=lambda x: -1.2 * x,
    mean_squared=0.6,
    variance=lambda x: 0.3 * np.cos(x),
)


def mixed(x: Array, mass: Array, weight: Array, control: Array | None) -> Any:
    """A cost that is no sum of such parts."""
    mean = mass @ x / mass.sum()
    variance = mass @ (x - mean) ** 2 / mass.sum()
    if control is None:
        return 0.5 * (x - mean) ** 2 + 0.3 * (mass / weight) ** 2
    average = mass @ control / mass.sum()
    near = np.exp(-(np.subtract.outer(x, x + 0.2) ** 2)) @ mass
    return mixture(0.0, x, mean, variance, mass / weight, near, average)


def mixture(t: Any, x: Any, mean: Any, variance: Any, density: Any, near: Any, a: Any) -> Any:
    return (
        0.3 * density * near + x * mean * near + 0.2 * a * a * x + 2 * variance * variance * x * x
    )


MIXED = Coupling(kernel=lambda d: np.exp(-((d - 0.2) ** 2)), function=mixture)
MIXED_END = Coupling(
    potential=lambda x: 0.5 * x * x,
    mean=lambda x: -x,
    mean_squared=0.5,
    density=0.3,
    density_power=2.0,
)


@pytest.mark.parametrize(
    ("running", "terminal", "costs", "boundary", "nodes"),
    [
        (PARTS, PARTS_END, parts, "reflecting", 81),
        pytest.param(PARTS, PARTS_END, parts, "absorbing", 161, marks=pytest.mark.full),
        (MIXED, MIXED_END, mixed, "reflecting", 41),
        (MIXED, MIXED_END, mixed, "absorbing", 81),
    ],
)
def test_no_change_of_the_controls_lowers_the_social_cost(
    running: Coupling, terminal: Coupling, costs: Callable[..., Any], boundary: str, nodes: int
) -> None:
    """By finite volumes of its own; the game's equilibrium is the planted error."""
    absorbing = boundary == "absorbing"
    options: dict[str, Any] = {
        "domain": (-1.0, 1.0),
        "nodes": nodes,
        "steps": nodes // 2,
        # where agents leave the total cost is convex for a short time only
        "horizon": 0.3 if absorbing else 1.0,
        "viscosity": 0.1,
        "initial": lambda x: np.maximum(1 - x * x, 0.0) * (1.2 + x),
        "boundary": boundary,
        "running": running,
        "terminal": terminal,
        "starts": 1,
        "check": False,
    }
    planner, game = (solve_mfg(planner=kind, **options) for kind in (True, False))
    assert planner.ok and game.ok, (planner.message, game.message)
    assert planner.diagnostics["curvature"] > 0.1

    def total(found: MFGSolution, change: Array | float = 0.0) -> float:
        return social_cost(found, found.control + change, 0.1, absorbing, costs)

    assert planner.diagnostics["social_cost"] == pytest.approx(total(planner), rel=1e-2)
    x, t = planner.x, planner.t[:, None]
    bend = 1 - x * x  # nobody moves at reflecting ends
    slopes = []
    for change in (bend + 0 * t, bend * x * (1 - t), bend * np.cos(3 * x) * t):
        size = 0.05
        for found in (planner, game):
            up, down = (total(found, sign * size * change) for sign in (1, -1))
            slopes.append((up - down) / (2 * size))
            if found is planner:
                still = total(found)
                assert up + down > 2 * still
    ours, theirs = np.array(slopes).reshape(3, 2).T
    assert np.linalg.norm(ours) < 0.02 * np.linalg.norm(theirs), (ours, theirs)
    assert total(planner) < total(game)


# ------------------------------------------------------- the second variation


def explosion(nu: float, strength: float) -> float:
    """Horizon at which ``int int b^2 + strength y^2`` in the first wave loses its sign.

    On the circle the uniform law is a stationary point. Its first wave follows ``y' = -nu w^2 y -
    w b``, so that y'' = (nu^2 w^4 + strength w^2) y with y(0) = 0 and y' + nu w^2 y = 0 at T.
    """
    fading = nu * WAVE**2
    rate = np.sqrt(-strength * WAVE**2 - fading**2)

    def end(horizon: float) -> float:
        return float(rate * np.cos(rate * horizon) + fading * np.sin(rate * horizon))

    return float(brentq(end, np.pi / 2 / rate, np.pi / rate))


def closer(d: Array) -> Array:
    return np.asarray(-0.2 * np.cos(WAVE * d))


@pytest.mark.parametrize("running", [Coupling(density=-0.1), Coupling(kernel=closer)])
def test_the_second_variation_of_a_crowd_changes_its_sign_at_the_explosion(
    running: Coupling,
) -> None:
    limit = explosion(0.06, -0.2)
    before, after = (
        on_the_circle(running, planner=True, horizon=share * limit, check=False)
        for share in (0.98, 1.02)
    )
    assert before.ok and 0 < before.diagnostics["curvature"] < 0.05
    assert after.status == "second_order_lost" and -0.05 < after.diagnostics["curvature"] < 0
    assert "no minimum" in after.message
    # the planted error: half of the strength, as an agent feels it, is stable at all horizons
    half = (
        replace(running, density=-0.05)
        if running.kernel is None
        else Coupling(kernel=lambda d: closer(d) / 2)
    )
    assert on_the_circle(half, planner=True, horizon=1.02 * limit, check=False).ok
    game = on_the_circle(running, horizon=1.02 * limit, check=False)
    assert game.ok and "curvature" not in game.diagnostics


@pytest.mark.parametrize("horizon", [1.0, 1.54, 1.56, 2.0])
def test_the_second_variation_of_execution_changes_its_sign_at_the_explosion(
    horizon: float,
) -> None:
    """From the mean 0 the law stays put, so that its solution exists on all horizons."""
    options: dict[str, Any] = {
        "domain": (-4, 4),
        "initial": gaussian(0, 0.4),
        "boundary": "reflecting",
        "starts": 1,
        "check": False,
    }
    found = execution(horizon, **options)
    assert (found.diagnostics["curvature"] > 0) == (horizon < 1.54944070166526)
    assert found.ok == (horizon < 1.54944070166526)


@pytest.mark.parametrize("horizon", [1.56, 1.6, 2.5])
def test_a_planner_of_second_degree_is_told_his_horizon(horizon: float) -> None:
    with pytest.raises(NoSolutionError, match=r"horizons of 1\.549441 or more"):
        execution(horizon)
    assert execution(horizon, planner=False, domain=(-3, 3)).ok


def test_drift_and_costs_of_means_move_the_horizon() -> None:
    """``y' = k y + b`` and ``a A`` in the cost: the horizon of the same regulator of the mean."""
    growth, share = 0.4, 0.2
    cost = Coupling(mean=lambda x: -2.0 * x, mean_squared=0.5, control=-0.3, control_control=share)
    # int (1/2 + share) b^2 - 0.3 b y - 3/2 y^2, b = y' - growth y, the end free
    square = 0.5 + share
    bent = -1.5 + 0.3 * growth + square * growth**2
    mixed = -0.15 - square * growth
    rate = np.sqrt(-bent / square)

    def end(horizon: float) -> float:
        return float(square * rate * np.cos(rate * horizon) + mixed * np.sin(rate * horizon))

    limit = brentq(end, 0.1, np.pi / rate)
    with pytest.raises(NoSolutionError) as told:
        execution(3.0, running=cost, terminal=0.0, drift=lambda t, x: growth * x)
    named = str(told.value).partition("horizons of ")[2].split()[0]
    assert float(named) == pytest.approx(limit, rel=1e-5)


# ------------------------------------------------------- exits


EXITS = {"k": 0.5, "l": 1.0, "g": 0.2, "h": 0.3, "s": 0.3, "c": 1.0, "q": 1.0, "rho": 0.8}
START = {"m0": 0.6, "v0": 0.04}


@pytest.mark.parametrize("notion", [pytest.param("feedback", marks=pytest.mark.full), "planner"])
def test_exits_whose_discount_hangs_on_all_exits(notion: str) -> None:
    """The drift depends on the means of state and control: its speed is the solver's control.

    With ``v = g m + h abar - a`` and its mean V, ``a = c1 m + c2 V - v``.
    """
    k, level, g, h, s, c, q, rho = EXITS.values()
    c1, c2 = g / (1 - h), -h / (1 - h)

    def others(t: Any, x: Any, m: Any, variance: Any, density: Any, near: Any, speed: Any) -> Any:
        return 0.5 * q * x * x + 0.5 * c * (c1 * m + c2 * speed) ** 2

    horizon = 12.0
    found = solve_mfg(
        domain=(-1.0, 2.2),
        nodes=81,
        horizon=horizon,
        steps=120,
        viscosity=s * s / 2,
        drift=lambda t, x: k * (level - x),
        discount=rho,
        initial=gaussian(START["m0"], START["v0"] ** 0.5),
        running=Coupling(function=others, control=-c * c1, control_control=-c * c2),
        boundary="open",
        planner=notion == "planner",
        starts=1,
        check=False,
    )
    assert found.ok, found.message
    expected, other = (
        exit_externality.solve(kind, **EXITS, **START)
        for kind in (notion, "planner" if notion == "feedback" else "feedback")
    )
    inside = abs(found.x - START["m0"]) < 0.4
    mean, speed = found.mean[0], found.control_mean[0]
    strategy = (c1 * mean + c2 * speed - found.control[0])[inside]

    def exact(answer: dict[str, Any]) -> Array:
        constant = float(answer["gamma"]) + float(answer["beta"]) * START["m0"]
        return np.asarray(float(answer["alpha"]) * found.x[inside] + constant)

    size = abs(exact(expected)).max()
    assert abs(strategy - exact(expected)).max() < 2e-3 * size
    assert abs(strategy - exact(other)).max() > 2e-2 * size
    paid = found.diagnostics["social_cost" if notion == "planner" else "cost"]
    assert paid == pytest.approx(float(expected["J"]), rel=2e-3)
    if notion == "planner":
        assert found.diagnostics["curvature"] > 0


# ------------------------------------------------------- what is not offered


def test_what_a_planner_is_not_offered_for() -> None:
    run = Coupling(density=1.0)
    for options, told in (
        ({"planner": "yes"}, "planner"),
        ({"stopping": 1.0, "boundary": "reflecting"}, "stop"),
        (
            {"stationary": True, "boundary": "absorbing", "discount": 1.0},
            "horizon",
        ),
    ):
        with pytest.raises(InputError, match=told):
            on_the_circle(run, **({"planner": True} | options))


@pytest.mark.full
def test_no_planner_for_hamiltonians_of_the_law() -> None:
    law = Compiled(lambda x, p, t, m: p * p / (2 + m), lambda x, p, t, m: 2 * p / (2 + m))
    with pytest.raises(InputError, match="Hamiltonian of the law"):
        on_the_circle(Coupling(density=1.0), hamiltonian=law, planner=True)


def test_a_planner_who_is_not_checked_is_told() -> None:
    for options in ({"hamiltonian": Absolute()}, {"stationary": True}):
        cost = Coupling(potential=lambda x: np.sin(WAVE * x))
        found = on_the_circle(cost, planner=True, check=False, **options)
        assert found.ok, found.message
        assert any(text.startswith("second_order") for text in found.warnings)
    cubic = on_the_circle(
        Coupling(density=1.0, potential=lambda x: np.sin(WAVE * x)),
        planner=True,
        check=False,
        hamiltonian=Power(3.0),
    )
    assert cubic.ok and cubic.diagnostics["curvature"] > 0


def test_a_planner_extrapolated() -> None:
    found = execution(richardson=True, nodes=201, steps=100)
    assert found.ok and found.diagnostics["social_cost"] == pytest.approx(0.125026, abs=2e-3)
