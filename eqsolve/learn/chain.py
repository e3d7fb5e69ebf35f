"""What a control costs, the law that it makes, and what a single player gains by leaving it.

The state is followed as a Markov chain on a grid: over a step it is normal around where the drift
leads, and the same matrix moves the law forward and the cost backward. There is no sampling error.
That of the steps is of first order in their length: from two chains it is removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from eqsolve.learn.crowd import Crowd, Law
from eqsolve.learn.training import Array, Policy

#: Steps of the chain at most, nodes of a standard deviation of a step, most nodes.
TIMES, FINENESS, MOST_NODES = 200, 1.25, 900


@dataclass(frozen=True)
class Played:
    """What becomes of a crowd that plays a control.

    Attributes
    ----------
    cost : mean of a player's own cost.
    weights : (times + 1, nodes), the law.
    laws : mean, variance and mean control at every step, and at the end.
    """

    cost: float
    weights: Array
    laws: tuple[Law, ...]


@dataclass(frozen=True)
class Chain:
    """The chain of a crowd between two states.

    Parameters
    ----------
    low, high : hold the law of every control that is looked at.
    share : of the steps that it could have.
    """

    crowd: Crowd
    low: float
    high: float
    share: float = 1.0

    @cached_property
    def times(self) -> int:
        """Steps: fewer where the nodes would be too many."""
        span = (self.high - self.low) * FINENESS / self.crowd.volatility
        least = (MOST_NODES / span) ** 2  # steps that many nodes can follow in unit time
        return max(int(self.share * min(TIMES, self.crowd.horizon * least)), 1)

    @cached_property
    def width(self) -> float:
        """Length of a step."""
        return self.crowd.horizon / self.times

    @cached_property
    def spread(self) -> float:
        """Standard deviation of a step."""
        return self.crowd.volatility * float(np.sqrt(self.width))

    @cached_property
    def nodes(self) -> Array:
        """The states."""
        count = int(np.ceil((self.high - self.low) * FINENESS / self.spread)) + 1
        return np.linspace(self.low, self.high, min(max(count, 101), MOST_NODES))

    @cached_property
    def dates(self) -> Array:
        """Times of the steps' beginnings, and the end."""
        return np.linspace(0.0, self.crowd.horizon, self.times + 1)

    @cached_property
    def initial(self) -> Array:
        """Weights of the initial law."""
        return _normal(self.nodes - self.crowd.mean, self.crowd.deviation)

    def moves(self, a: Array, law: Law) -> Array:
        """(nodes, nodes), the probabilities of a step's ends by its beginning."""
        x = self.nodes
        ends = x + self.width * np.asarray(self.crowd.drift(x, a, law), float)
        return _normal(x[None, :] - ends[:, None], self.spread)

    def law(self, weights: Array, a: Array) -> Law:
        """Mean, variance and mean control under weights."""
        mean = float(weights @ self.nodes)
        variance = float(weights @ (self.nodes - mean) ** 2)
        return Law(mean, variance, float(weights @ a))

    def play(self, policy: Policy) -> Played:
        """Let everybody play a control."""
        weights, laws, paid = [self.initial], [], 0.0
        for t in self.dates[:-1]:
            now, a = weights[-1], policy(float(t), self.nodes)
            laws.append(self.law(now, a))
            cost = self.crowd.running(self.nodes, a, laws[-1])
            paid += self.width * float(now @ np.asarray(cost, float))
            weights.append(now @ self.moves(a, laws[-1]))
        laws.append(self.law(weights[-1], 0 * self.nodes))
        end = self.crowd.payoff(self.nodes, 0 * self.nodes, laws[-1])
        paid += float(weights[-1] @ np.asarray(end, float))
        return Played(paid, np.array(weights), tuple(laws))

    def response(self, laws: tuple[Law, ...]) -> float:
        """Least own cost of a single player among others who make these laws.

        The control of each step minimizes the Hamiltonian with the slope of the next step's cost.
        What it costs is that of playing it, so it is never below the least.
        """
        x = self.nodes
        cost = np.asarray(self.crowd.payoff(x, 0 * x, laws[-1]), float)
        for law in reversed(laws[:-1]):
            a = np.asarray(self.crowd.best(x, np.gradient(cost, x, edge_order=2), law), float)
            now = np.asarray(self.crowd.running(x, a, law), float)
            cost = self.width * now + self.moves(a, law) @ cost
        return float(self.initial @ cost)


def _normal(distance: Array, deviation: float) -> Array:
    """Normal weights along the last axis."""
    found = np.exp(-0.5 * (distance / deviation) ** 2)
    return np.asarray(found / np.maximum(found.sum(axis=-1, keepdims=True), 1e-300))
