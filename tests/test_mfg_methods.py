"""Every iteration on the fixed point finds the same law, in every kind of problem."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from eqsolve.pde import (
    Choice,
    Compiled,
    Coupling,
    MFGSolution,
    PlaneCost,
    gaussian,
    solve_mfg,
    solve_mfg_plane,
    solve_mfg_populations,
)

Array = np.ndarray[Any, np.dtype[np.float64]]

#: Iterations, and the tolerance of each: fictitious play gains a digit in ten times the steps.
METHODS = {
    "newton": 1e-10,
    "picard": 1e-10,
    "policy_iteration": 1e-10,
    "fictitious_play": 1e-4,
}

LINE: dict[str, Any] = {
    "domain": (-2.5, 3.5),
    "nodes": 49,
    "steps": 12,
    "viscosity": 0.1,
    "initial": gaussian(0.5, 0.5),
    "boundary": "open",
}
CIRCLE: dict[str, Any] = {
    "domain": (0, 1),
    "nodes": 32,
    "steps": 12,
    "viscosity": 0.1,
    "initial": lambda y: 1 + 0.5 * np.cos(2 * np.pi * y),
    "boundary": "periodic",
}


def potential(y: Array) -> Array:
    return 0.3 * np.cos(2 * np.pi * y)


def near(distance: Array) -> Array:
    result: Array = np.exp(-8 * distance**2)
    return result


#: A cost of moving that grows with the local density.
CONGESTION = Compiled(lambda x, p, t, m: p * p / (2 * (1 + m)), lambda x, p, t, m: p / (1 + m))

GAMES: dict[str, dict[str, Any]] = {
    "linear-quadratic": LINE
    | {"running": Coupling.attraction(), "terminal": lambda y: 0.3 * y * y},
    "execution": LINE
    | {
        "running": Coupling(potential=lambda y: 0.3 * y * y, control_mean=lambda y: -0.5 * y),
        "terminal": lambda y: 0.4 * y * y,
    },
    "crowd": CIRCLE | {"running": Coupling(potential=potential, density=0.5)},
    "crowd at rest": CIRCLE
    | {"running": Coupling(potential=potential, density=0.5), "stationary": True},
    "congestion": CIRCLE
    | {"hamiltonian": CONGESTION, "running": Coupling(potential=potential, density=0.4)},
    "kernel": CIRCLE | {"running": Coupling(potential=potential, kernel=near)},
}


def populations(**options: Any) -> list[MFGSolution]:
    shared = {key: CIRCLE[key] for key in ("domain", "nodes", "steps", "boundary")}
    one = {"viscosity": 0.1, "initial": CIRCLE["initial"], "running": Coupling(density=0.4)}
    two = {"viscosity": 0.15, "running": Coupling(potential=potential)}
    others = [[None, Coupling(density=0.6)], [Coupling(density=0.3), None]]
    return list(solve_mfg_populations([one, two], others, **shared, **options).solutions)


def plane(**options: Any) -> list[Any]:
    return [
        solve_mfg_plane(
            domain=((-2.5, 3.5), (-2.5, 3.5)),
            nodes=(25, 25),
            steps=8,
            viscosity=(0.1, 0.15),
            initial=lambda x, y: np.exp(-2 * (x - 0.5) ** 2 - 2 * y * y),
            running=PlaneCost.attraction(),
            terminal=lambda x, y: 0.3 * (x * x + y * y),
            boundary=("open", "open"),
            **options,
        )
    ]


def solved(name: str, **options: Any) -> list[Any]:
    options = {"max_iterations": 2000, "check": False} | options
    if name == "populations":
        return populations(**options)
    if name == "plane":
        return plane(**options)
    return [solve_mfg(**GAMES[name] | {"starts": 1} | options)]


@cache
def accelerated(name: str) -> list[Any]:
    return solved(name)


def gaps(found: list[Any], others: list[Any]) -> list[float]:
    """Largest differences of laws and of values, relative to the largest density and cost."""
    return [
        max(
            float(abs(a - b).max() / abs(b).max())
            for one, two in zip(found, others, strict=True)
            for a, b in [(getattr(one, part), getattr(two, part))]
        )
        for part in ("m", "u")
    ]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", [*GAMES, "populations", "plane"])
def test_every_method_finds_the_same_law(name: str, method: str) -> None:
    tolerance = METHODS[method]
    # the plain iteration on a law at rest has no time to smooth it, and cycles; see below
    relaxed = {"relaxation": 0.5} if (name, method) == ("crowd at rest", "picard") else {}
    found = solved(name, method=method, tolerance=tolerance, **relaxed)
    assert all(one.status == "ok" for one in found), found[0].message
    assert all(one.diagnostics["iterations"] > 2 for one in found)
    assert max(gaps(found, accelerated(name))) < 10 * tolerance
    assert max(abs(one.diagnostics["exploitability"]) for one in found) < 1e-6


def test_a_cost_of_another_size_is_another_law() -> None:
    """What the test above would see."""
    for method, tolerance in METHODS.items():
        changed = Coupling(potential=potential, density=0.51)
        found = solved("crowd", method=method, tolerance=tolerance, running=changed)
        assert max(gaps(found, accelerated("crowd"))) > 50 * tolerance


def test_a_plain_iteration_that_cycles_says_so() -> None:
    (found,) = solved("crowd at rest", method="picard")
    assert found.status == "not_converged" and "smaller relaxation" in found.message
    assert found.diagnostics["exploitability"] > 0.1


ALONE = LINE | {"running": lambda y: 0.5 * y * y, "starts": 1, "check": False}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"stationary": True, "discount": 0.3},
        {"stationary": True},
        {"hamiltonian": Choice([-1.0, -0.3, 0.0, 0.3, 1.0], [0.5, 0.1, 0.0, 0.1, 0.5])},
        {"stopping": lambda y: 0.4 + 0 * y},
        {"boundary": "absorbing", "exit_costs": (0.2, 0.1), "initial": lambda y: (y < 1) + 0 * y},
    ],
    ids=["end", "discounted", "ergodic", "list", "stopping", "exits"],
)
def test_policies_are_improved_until_the_value_rests(change: dict[str, Any]) -> None:
    """Where the law enters no cost it rests at once; only the value shows that policies change."""
    given = ALONE | change
    found = solve_mfg(**given, method="policy_iteration")
    assert found.ok, found.message
    assert max(gaps([found], [solve_mfg(**given)])) < 1e-9
    if not given.get("stationary"):  # at rest pseudo-time has already led to the value
        short = solve_mfg(**given, method="policy_iteration", max_iterations=2)
        assert short.status == "not_converged"
