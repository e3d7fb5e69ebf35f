"""Equilibria of finite games by iteration, each with its exploitability at every step."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eqsolve.answers import Tabled
from eqsolve.finite.environment import FiniteGame
from eqsolve.finite.play import (
    action_values,
    best_response,
    exploitability,
    flow,
    policy_from,
    require_policy,
    uniform,
)
from eqsolve.schemas import SCHEMA

Array = NDArray[np.float64]

#: Most steps.
MOST_STEPS = 10**6


@dataclass(frozen=True)
class Learned(Tabled):
    """A policy that was found.

    Attributes
    ----------
    method : and which iterate the policy is: ``average`` or ``last``.
    policy, laws : (T + 1, states, actions), the policy and the joint laws that it leads to.
    history : the exploitability of every iterate, the start's first.
    converged : whether the last is at most ``tolerance``.
    """

    name: str
    method: str
    iterate: str
    policy: Array
    laws: Array
    history: Array
    tolerance: float

    @property
    def converged(self) -> bool:
        """Whether the tolerance was reached."""
        return bool(self.history[-1] <= self.tolerance)

    @property
    def status(self) -> str:
        """``ok`` or ``unresolved``."""
        return "ok" if self.converged else "unresolved"

    @property
    def heading(self) -> str:
        """What was found, in a line."""
        return (
            f"{self.name}, {self.method} ({self.iterate} iterate): {self.status}, exploitability "
            f"{self.history[-1]:.3g} after {self.history.size - 1} steps"
        )

    def table(self) -> dict[str, dict[str, Any]]:
        """Exploitability at powers of two."""
        last = self.history.size - 1
        steps = sorted({0, last, *(2**k for k in range(21) if 2**k < last)})
        return {str(k): {"exploitability": float(self.history[k])} for k in steps}

    def bars(self) -> tuple[str, dict[str, float]]:
        """The same."""
        return "exploitability", {k: v["exploitability"] for k, v in self.table().items()}

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "schema": SCHEMA,
            "game": self.name,
            "method": self.method,
            "iterate": self.iterate,
            "status": self.status,
            "exploitability": float(self.history[-1]),
            "steps": self.history.size - 1,
            "policy": self.policy.tolist(),
        }


def fixed_point(
    game: FiniteGame, steps: int = 100, *, start: ArrayLike | None = None, tolerance: float = 1e-6
) -> Learned:
    """Best response to the last law, again and again; it need not converge."""

    def step(k: int, policy: Array) -> Array:
        return best_response(game, flow(game, policy))[0]

    return _iterated(game, "fixed point", "last", step, steps, start, tolerance)


def fictitious_play(
    game: FiniteGame, steps: int = 1000, *, start: ArrayLike | None = None, tolerance: float = 1e-6
) -> Learned:
    """Best responses to the average law (Perrin et al. 2020).

    The average policy mixes the old one and the best response with weights 1 - 1/(k + 1) and
    1/(k + 1), each times the mass that it brings to a state: the first best response takes the
    weight 1/2, the start keeps a weight.
    """

    def step(k: int, policy: Array) -> Array:
        laws = flow(game, policy)
        answer = flow(game, best_response(game, laws)[0])
        return policy_from((k * laws + answer) / (k + 1), game)

    return _iterated(game, "fictitious play", "average", step, steps, start, tolerance)


def mirror_descent(
    game: FiniteGame,
    steps: int = 1000,
    *,
    rate: float = 1.0,
    start: ArrayLike | None = None,
    tolerance: float = 1e-6,
) -> Learned:
    """Online mirror descent (Perolat et al., Scaling mean field games by online mirror descent,
    AAMAS 2022): the values of actions are summed, and the policy is their exponential."""
    if not 0 < rate < math.inf:
        raise game.error("the rate of learning is positive and finite.")
    summed = np.zeros(game.size)
    if start is not None:
        with np.errstate(divide="ignore"):
            summed = np.log(require_policy(game, start))

    def step(k: int, policy: Array) -> Array:
        nonlocal summed
        earned = action_values(game, flow(game, policy), policy)
        with np.errstate(over="ignore", invalid="ignore"):
            summed = np.where(game.allowed, summed + rate * earned, -np.inf)
            power = np.exp(summed - summed.max(axis=-1, keepdims=True))
        if not np.all(np.isfinite(power)):
            raise game.error(f"the sums of values overflow at step {k}.", "Take a smaller rate.")
        return np.asarray(power / power.sum(axis=-1, keepdims=True), float)

    return _iterated(game, "online mirror descent", "last", step, steps, start, tolerance)


def _iterated(
    game: FiniteGame,
    method: str,
    iterate: str,
    step: Callable[[int, Array], Array],
    steps: int,
    start: ArrayLike | None,
    tolerance: float,
) -> Learned:
    """Iterate until the exploitability is at most the tolerance."""
    if not 0 <= steps <= MOST_STEPS:
        raise game.error(f"the number of steps lies between 0 and {MOST_STEPS}.")
    policy = uniform(game) if start is None else require_policy(game, start)
    history = [exploitability(game, policy).total]
    for k in range(1, steps + 1):
        if history[-1] <= tolerance or not math.isfinite(history[-1]):
            break
        policy = step(k, policy)
        history.append(exploitability(game, policy).total)
    laws = flow(game, policy)
    return Learned(game.name, method, iterate, policy, laws, np.array(history), tolerance)
