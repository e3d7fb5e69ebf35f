"""The law that a policy leads to, its value, the best response, and exploitability, all exact.

A policy has shape (T + 1, states, actions). The exploitability of a policy is what one agent gains
by the best response while all others keep to it (Perrin et al., Fictitious play for mean field
games, NeurIPS 2020): the gain over the whole horizon, weighted by the initial law. It is 0 exactly
in equilibrium.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eqsolve.finite.environment import MASS, FiniteGame

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Exploitability:
    """What a deviation gains.

    Attributes
    ----------
    best, own : values of the best response and of the policy, (states,), at time 0.
    initial : the initial law.
    horizon : the number of rewards that a path collects.
    """

    best: Array
    own: Array
    initial: Array
    horizon: int

    @property
    def total(self) -> float:
        """The gain over the horizon, weighted by the initial law: mfglib's measure."""
        return float(self.initial @ (self.best - self.own))

    @property
    def per_step(self) -> float:
        """The same, divided by the number of rewards."""
        return self.total / self.horizon

    @property
    def worst(self) -> float:
        """The largest gain from any state at time 0."""
        return float((self.best - self.own).max())

    @property
    def summed(self) -> float:
        """The gains of all states at time 0, summed without weights."""
        return float((self.best - self.own).sum())

    def measure(self, name: str) -> float:
        """One of these by its name."""
        return float(getattr(self, name))


#: The measures that packages report.
MEASURES = ("total", "per_step", "worst", "summed")


def uniform(game: FiniteGame) -> Array:
    """The policy that takes all allowed actions alike."""
    allowed = game.allowed.astype(float)
    found: Array = allowed / allowed.sum(axis=-1, keepdims=True)
    return found


def require_policy(game: FiniteGame, policy: ArrayLike) -> Array:
    """The policy as an array.

    Raises
    ------
    InputError
        If it has another shape, is no law in some state, or takes an action that is not allowed.
    """
    found = np.asarray(policy, float)
    if found.shape != game.size:
        raise game.error(
            f"a policy has the shape {game.size}, not {found.shape}.",
            "Give (times, states, actions); there are T + 1 times of decision.",
        )
    sums = found.sum(axis=-1)
    if not (np.all(np.isfinite(found)) and found.min() >= -MASS and np.all(abs(sums - 1) <= MASS)):
        raise game.error("a policy is a law of actions in every state at every time.")
    if np.any(found[~game.allowed] > MASS):
        raise game.error("the policy takes an action that is not allowed.")
    clipped = np.maximum(found, 0.0)
    return np.asarray(clipped / clipped.sum(axis=-1, keepdims=True), float)


def by_name(game: FiniteGame, policy: Mapping[str, Mapping[int, float]]) -> Array:
    """A policy that is given by the names of states, as OpenSpiel's; others act uniformly.

    Raises
    ------
    InputError
        If a name is not known.
    """
    found = uniform(game)
    known = {name for names in game.states for name in names}
    odd = sorted({*policy} - known)
    if odd:
        raise game.error(f"there is no state {odd[0]!r}.", "Take the names of the game's states.")
    for time, names in enumerate(game.states):
        for place, name in enumerate(names):
            if name in policy:
                row = policy[name]
                found[time, place] = [row.get(action, 0.0) for action in range(game.actions)]
    return require_policy(game, found)


def flow(game: FiniteGame, policy: ArrayLike) -> Array:
    """The joint laws of states and actions when all follow a policy, (T + 1, states, actions)."""
    chosen = require_policy(game, policy)
    laws, law = np.empty(game.size), game.initial
    for time in range(game.horizon + 1):
        laws[time] = law[:, None] * chosen[time]
        if time < game.horizon:
            law = np.einsum("sa,sax->x", laws[time], game.transitions(time, laws[time]))
    return laws


def policy_from(laws: ArrayLike, game: FiniteGame) -> Array:
    """The policy of joint laws; in states of no mass all allowed actions alike."""
    joint = np.asarray(laws, float)
    mass = joint.sum(axis=-1, keepdims=True)
    found: Array = np.where(mass > 0, joint / np.where(mass > 0, mass, 1), uniform(game))
    return found


def action_values(game: FiniteGame, laws: Array, policy: Array | None = None) -> Array:
    """(T + 1, states, actions): rewards to come against given laws, under a policy or the best."""
    found, after = np.empty(game.size), np.zeros(game.size[1])
    for time in reversed(range(game.horizon + 1)):
        found[time] = game.rewards(time, laws[time])
        if time < game.horizon:
            found[time] += game.transitions(time, laws[time]) @ after
        found[time] = np.where(game.allowed[time], found[time], -np.inf)
        if policy is None:
            after = found[time].max(axis=-1)
        else:
            kept = np.where(policy[time] > 0, found[time], 0.0)
            after = (policy[time] * kept).sum(axis=-1)
    return found


def values(game: FiniteGame, policy: ArrayLike, laws: Array | None = None) -> Array:
    """(states,): what a policy earns from time 0 against laws, by default its own."""
    chosen = require_policy(game, policy)
    laws = flow(game, chosen) if laws is None else laws
    first = action_values(game, laws, chosen)[0]
    return np.asarray((chosen[0] * np.where(chosen[0] > 0, first, 0.0)).sum(axis=-1), float)


def best_response(game: FiniteGame, laws: Array) -> tuple[Array, Array]:
    """A best policy against laws, the first of equal actions, and its values (states,)."""
    earned = action_values(game, laws)
    policy = np.eye(game.actions)[earned.argmax(axis=-1)]
    return policy, np.asarray(earned[0].max(axis=-1), float)


def exploitability(game: FiniteGame, policy: ArrayLike) -> Exploitability:
    """What an agent gains by the best response when all others follow a policy.

    Raises
    ------
    InputError
        If the policy is none.
    """
    laws = flow(game, policy)
    _, best = best_response(game, laws)
    return Exploitability(best, values(game, policy, laws), game.initial, game.horizon + 1)
