"""What was learned beside the derived solution: errors of control, value and law, exploitability.

The referee takes any control ``a(t, x)``. The weights of its errors are those of the solution's own
law; cost, law and exploitability are those of a crowd in which everybody plays the control.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from eqsolve.laws import Atoms, wasserstein
from eqsolve.learn.chain import Chain, Played
from eqsolve.learn.crowd import Crowd
from eqsolve.learn.training import Array, Policy
from eqsolve.learn.truth import Truth

#: Times of the errors, and nodes of the law at each (Gauss and Hermite).
TIMES, NODES = 41, 15
#: The chain reaches so many standard deviations beyond the law.
REACH = 7.0


@dataclass(frozen=True)
class Verdict:
    """How far a control is from the solution.

    Attributes
    ----------
    control_mse, control_rms : mean squared error of the control over time and the solution's law,
        and its root.
    cost : of a player when all play the control.
    excess : that cost without the solution's.
    law_w2, law_mean : Wasserstein distance of order 2 between the laws of the state, and that of
        their means, each the largest over time.
    exploitability : what a single player gains by leaving the control when all others play it;
        None for the planner, whose measure is ``excess``.
    value, value_error : what the method itself says the cost is, and its distance from the
        solution's value; None where it says nothing.
    """

    control_mse: float
    control_rms: float
    cost: float
    excess: float
    law_w2: float
    law_mean: float
    exploitability: float | None
    value: float | None = None
    value_error: float | None = None

    def to_dict(self) -> dict[str, float | None]:
        """The numbers by name; what is not finite is None."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        return {k: v if v is not None and np.isfinite(v) else None for k, v in found.items()}


@dataclass(frozen=True)
class Referee:
    """The solution of a crowd's game, and the chain on which controls are compared with it."""

    crowd: Crowd
    truth: Truth

    @cached_property
    def chains(self) -> tuple[Chain, Chain]:
        """Wide enough for the solution's law, and for a crowd that does nothing; one coarse."""
        means, deviations = self.truth.law
        idle = self.crowd.variance + self.crowd.volatility**2 * self.crowd.horizon
        reach = REACH * max(float(deviations.max()), float(np.sqrt(idle)))
        center = self.crowd.mean
        low = min(float(means.min()), center) - reach
        high = max(float(means.max()), center) + reach
        return Chain(self.crowd, low, high), Chain(self.crowd, low, high, 0.5)

    @cached_property
    def solved(self) -> tuple[Played, float]:
        """The solution's control on the chain, and its cost."""
        played = [chain.play(self.truth.control) for chain in self.chains]
        return played[0], self._limit(*(one.cost for one in played))

    @cached_property
    def value(self) -> float:
        """The solution's cost on average over the initial law, without error of a grid."""
        points, weights = _hermite()
        x = self.crowd.mean + self.crowd.deviation * points
        return float(weights @ self.truth.value(0.0, x))

    def _limit(self, fine: float, coarse: float) -> float:
        """What costs on both chains say of steps of length zero."""
        one, two = (chain.width for chain in self.chains)
        return fine if one == two else fine + (fine - coarse) * one / (two - one)

    def judge(self, policy: Policy, value: float | None = None) -> Verdict:
        """Compare a control, and the value that its method states."""
        mse = self._squared(policy)
        both = [chain.play(policy) for chain in self.chains]
        played, cost = both[0], self._limit(*(one.cost for one in both))
        gain = None
        if not self.crowd.planner:
            least = (chain.response(one.laws) for chain, one in zip(self.chains, both))
            gain = cost - self._limit(*least)
        solved, least_cost = self.solved
        x = self.chains[0].nodes
        pairs = list(zip(played.weights, solved.weights))
        # the distance is dear: at a tenth of the times
        distances = [_distance(x, *pair) for pair in pairs[:: max(len(pairs) // 10, 1)]]
        distances.append(_distance(x, *pairs[-1]))
        return Verdict(
            control_mse=mse,
            control_rms=float(np.sqrt(mse)),
            cost=cost,
            excess=cost - least_cost,
            law_w2=max(distances),
            law_mean=max(abs(float(x @ (one - other))) for one, other in pairs),
            exploitability=gain,
            value=value,
            value_error=None if value is None else abs(value - self.value),
        )

    def _squared(self, policy: Policy) -> float:
        """Mean squared error of a control over time and the solution's law."""
        points, weights = _hermite()
        found = []
        for t in np.linspace(0.0, self.crowd.horizon, TIMES):
            mean, deviation = self.truth.normal(float(t))
            x = mean + deviation * points
            gap = policy(float(t), x) - self.truth.control(float(t), x)
            found.append(float(weights @ gap**2))
        return float(np.trapezoid(found) / (TIMES - 1))


def worse(
    verdict: Mapping[str, float | None],
    guess: Mapping[str, float | None],
    names: tuple[str, ...] | None = None,
) -> list[str]:
    """The measures of these names in which what was learned is no better than a guess.

    By default they are those of a crowd. In a game the cost is none of them: all together may do
    better than in equilibrium.
    """
    if names is None:
        last = "excess" if guess["exploitability"] is None else "exploitability"
        names = ("control_mse", "law_w2", last)

    def size(row: Mapping[str, float | None], name: str) -> float:
        found = row[name]
        return np.inf if found is None else abs(found)

    return [name for name in names if size(verdict, name) >= size(guess, name)]


def idle(t: float, x: Array) -> Array:
    """The guess: no control at all."""
    return np.zeros(np.shape(x))


def _hermite() -> tuple[Array, Array]:
    """Nodes and weights of the standard normal law."""
    points, weights = np.polynomial.hermite_e.hermegauss(NODES)
    return points, weights / weights.sum()


def _distance(x: Array, one: Array, other: Array) -> float:
    """W_2 of two laws on the same nodes."""
    return wasserstein(Atoms(x, one), Atoms(x, other), 2.0)
