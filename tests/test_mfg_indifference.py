"""Agents who are indifferent between controls: the statuses, and what a small cost mends."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from eqsolve.pde import Absolute, Choice, Coupling, Lagrangian, MFGSolution, solve_mfg

Array = np.ndarray[Any, np.dtype[np.float64]]

NODES, STEPS, NU = 40, 20, 0.05


def potential(y: Array) -> Array:
    result: Array = np.cos(2 * np.pi * y)
    return result


def crowd(hamiltonian: Any, **change: Any) -> MFGSolution:
    """Who keeps away from others moves at no cost, at most with the speed 1."""
    game: dict[str, Any] = {
        "domain": (0, 1),
        "nodes": NODES,
        "steps": STEPS,
        "viscosity": NU,
        "boundary": "periodic",
        "initial": lambda y: 1 + 0.5 * np.cos(2 * np.pi * y),
        "running": Coupling(density=1.0, potential=potential),
        "scheme": "monotone",
        "check": False,
        "starts": 1,
    }
    return solve_mfg(hamiltonian=hamiltonian, **game | change)


@cache
def slowed(cost: float) -> MFGSolution:
    """The same with a small cost of the speed."""
    hamiltonian = Lagrangian(lambda a: cost * a * a, lambda a: 2 * cost * a, -1, 1, 201)
    return crowd(hamiltonian, method="newton")


def loss(found: MFGSolution) -> float:
    """What an agent for whom speed is free loses by doing as all do, by dynamic programming.

    A Markov chain on the nodes with implicit steps in time: from each node he moves to the left, to
    the right, or not at all, at the rate 1/h beside that of the noise.
    """
    h, tau = 1 / NODES, 1 / STEPS
    shift = np.eye(NODES)
    to_left, to_right = np.roll(shift, -1, axis=1), np.roll(shift, 1, axis=1)
    noise = NU / h**2 * (to_left + to_right - 2 * shift)
    law = found.m[1:]
    costs = law + potential(found.x)
    moves = np.array([0 * shift, (to_left - shift) / h, (to_right - shift) / h])
    value, nodes = np.zeros(NODES), np.arange(NODES)
    for f in costs[::-1]:
        policy = np.zeros(NODES, dtype=int)
        for _ in range(50):
            generator = noise + moves[policy, nodes]
            now = np.linalg.solve(shift - tau * generator, value + tau * f)
            better = (moves @ now).argmin(axis=0)
            gain = (moves @ now)[policy, nodes] - (moves @ now).min(axis=0)
            if gain.max() < 1e-12:
                break
            policy = better
        else:
            raise AssertionError("policy iteration goes on")
        value = now
    paid = tau * h * float((costs * law).sum())
    return paid - h * float(value @ found.m[0])


@pytest.mark.parametrize("method", ["anderson", "newton", "picard", "policy_iteration"])
@pytest.mark.parametrize("hamiltonian", [Absolute(), Choice([-1.0, 0.0, 1.0], [0.0, 0.0, 0.0])])
def test_jumping_best_responses_are_told_with_what_helps(hamiltonian: Any, method: str) -> None:
    found = crowd(hamiltonian, method=method)
    assert found.status == "not_converged"
    assert "indifferent" in found.message and "Lagrangian" in found.message
    assert found.diagnostics["exploitability"] > 0.1


def test_a_small_cost_is_the_most_that_an_agent_loses() -> None:
    losses = []
    for cost in (0.05, 0.005):
        found = slowed(cost)
        assert found.ok, found.message
        losses.append(loss(found))
        assert -1e-9 < losses[-1] <= cost
    assert losses[1] < losses[0] / 5
    # the law is the same one but for the cost
    assert abs(slowed(0.05).m - slowed(0.005).m).max() < 0.1
    # what the last iterate of the game itself loses is another matter
    assert loss(crowd(Absolute())) > 0.1


def test_without_indifference_the_kink_does_no_harm() -> None:
    found = crowd(Absolute(), running=potential)
    assert found.ok, found.message
