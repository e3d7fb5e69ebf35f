"""Weights of assets under constraints, drawn to a game's equilibrium by a penalty.

Minimized is A R(w) - M(w) + P |w - e|^2: M is the portfolio's mean return of a year, R half its
variance of a year or its conditional value at risk of a period times the root of a year's periods,
A the aversion, e the equilibrium's weights, and P the penalty. Without a penalty the game plays no
part; with an infinite one the answer is the admissible point next to the equilibrium.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from eqsolve.arrays import Array
from eqsolve.market.needed import bad
from eqsolve.market.read import Market
from eqsolve.market.risk import TAIL

RISKS = ("variance", "tail")
#: Bisections that find the shift of a projection to the last digits.
_HALVINGS = 60
#: Generations of the evolution, members by weight, and the spread at which it ends.
_GENERATIONS, _MEMBERS, _SPREAD = 2000, 12, 1e-10
#: The largest bound, aversion, or finite penalty.
_LARGEST = 1e6
#: A weight nearer to an end than this is there.
_END = 1e-8


@dataclass(frozen=True)
class Constraints:
    """What weights must satisfy.

    Attributes
    ----------
    low, high : bounds of every weight.
    budget : their sum; None leaves what is left at the interest rate.
    leverage : the largest sum of their absolute values.
    """

    low: float = -1.0
    high: float = 1.0
    budget: float | None = None
    leverage: float | None = None

    def check(self, size: int) -> None:
        """Refuse what no weights of so many assets satisfy.

        Raises
        ------
        InputError
            If there are none, or a bound is not a number.
        """
        low, high, budget, most = self.low, self.high, self.budget, self.leverage
        if not -_LARGEST <= low < high <= _LARGEST:
            raise bad(
                f"weights from {low:g} to {high:g} are not taken.",
                f"Give a lower and a higher number, up to {_LARGEST:g} in absolute value.",
            )
        nearest = float(np.clip(0.0, low, high))
        if budget is not None and not size * low <= budget <= size * high:
            raise bad(
                f"{size} weights from {low:g} to {high:g} do not sum to {budget:g}.",
                "Widen --box, or change --budget.",
            )
        least = max(size * abs(nearest), abs(budget or 0.0))
        if most is not None and not least <= most < np.inf:
            raise bad(
                f"no weights have absolute values that sum to {most:g}.",
                f"Give a --leverage of {least:g} or more.",
            )


@dataclass(frozen=True)
class Plan:
    """How weights are chosen.

    Attributes
    ----------
    position : the result of the game that a unit of wealth holds in the assets together.
    penalty : of the squared distance to the equilibrium; may be infinite.
    aversion : to risk, in the same units as the mean of a year.
    measure : ``variance`` or ``tail``.
    constraints : what weights satisfy.
    """

    position: str
    penalty: float = 1.0
    aversion: float = 2.0
    measure: str = RISKS[0]
    constraints: Constraints = Constraints()

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; an infinite penalty is the text ``inf``."""
        penalty = self.penalty if np.isfinite(self.penalty) else "inf"
        return {**vars(self), "penalty": penalty, "constraints": vars(self.constraints)}

    def check(self, size: int) -> None:
        """Refuse what is not acceptable for so many assets.

        Raises
        ------
        InputError
            If a number or name is not acceptable.
        """
        self.constraints.check(size)
        if not (0 <= self.penalty <= _LARGEST or self.penalty == np.inf):
            raise bad(f"the penalty is {self.penalty:g}.", f"Give 0 to {_LARGEST:g}, or inf.")
        if not 0 <= self.aversion <= _LARGEST:
            raise bad(f"the aversion is {self.aversion:g}.", f"Give 0 to {_LARGEST:g}.")
        if self.measure not in RISKS:
            raise bad(
                f"the measure {self.measure!r} is unknown.", f"Measures are {', '.join(RISKS)}."
            )


@dataclass(frozen=True)
class Weights:
    """The weights that were found.

    Attributes
    ----------
    values : of the assets.
    equilibrium : the equilibrium's, None where it has no part.
    objective : what was minimized; with an infinite penalty the squared distance.
    converged : whether the evolution ended by agreement of its members.
    """

    values: Array
    equilibrium: Array | None
    objective: float
    converged: bool

    @property
    def distance(self) -> float | None:
        """The distance to the equilibrium."""
        if self.equilibrium is None:
            return None
        return float(np.linalg.norm(self.values - self.equilibrium))

    def to_dict(self, assets: tuple[str, ...]) -> dict[str, Any]:
        """The JSON form."""
        near = self.equilibrium
        return {
            "weights": dict(zip(assets, self.values.tolist())),
            "equilibrium": None if near is None else dict(zip(assets, near.tolist())),
            "distance": self.distance,
            "objective": self.objective,
            "status": "ok" if self.converged else "unresolved",
        }


def weights(
    market: Market, equilibrium: Array | None, plan: Plan, *, rate: float = 0.0, seed: int = 0
) -> Weights:
    """Find weights by differential evolution (Storn and Price, J. Global Optimization 11 (1997)).

    Parameters
    ----------
    market : log returns.
    equilibrium : the equilibrium's weights; None if there is no equilibrium.
    plan : what is minimized, and under which constraints.
    rate : the interest rate of a year.
    seed : of the evolution.

    Raises
    ------
    InputError
        If the plan is not acceptable, or its penalty has no equilibrium.
    """
    from scipy.optimize import NonlinearConstraint, differential_evolution

    size, constraints = len(market.assets), plan.constraints
    plan.check(size)
    if plan.penalty > 0 and equilibrium is None:
        raise bad("there is no equilibrium to be near to.", "Give the penalty 0.")
    low, high, budget = constraints.low, constraints.high, constraints.budget
    cost = _cost(market, equilibrium, plan, rate)

    def admissible(points: Array) -> Array:
        return points if budget is None else on_budget(points, low, high, budget)

    limited: tuple[Any, ...] = ()
    if constraints.leverage is not None:
        limited = (
            NonlinearConstraint(
                lambda points: np.abs(admissible(points)).sum(axis=0, keepdims=points.ndim > 1),
                -np.inf,
                constraints.leverage,
            ),
        )
    found = differential_evolution(
        lambda points: cost(admissible(points)),
        [(low, high)] * size,
        maxiter=_GENERATIONS,
        popsize=_MEMBERS,
        tol=0.0,
        atol=_SPREAD,
        rng=np.random.default_rng(seed),
        polish=False,
        updating="deferred",
        vectorized=True,
        constraints=limited,
    )
    values = np.asarray(admissible(found.x[:, None])[:, 0])
    for end in (0.0, low, high):  # where the evolution meets an end it stops short of it
        values[np.abs(values - end) < _END] = end
    return Weights(values, equilibrium, float(found.fun), bool(found.success))


def on_budget(points: Array, low: float, high: float, budget: float) -> Array:
    """The points next to those given (their columns) that are in the box and sum to the budget."""
    below, above = points.min(axis=0) - high, points.max(axis=0) - low
    for _ in range(_HALVINGS):
        middle = (below + above) / 2
        much = np.clip(points - middle, low, high).sum(axis=0) > budget
        below, above = np.where(much, middle, below), np.where(much, above, middle)
    found: Array = np.clip(points - (below + above) / 2, low, high)
    return found


def _cost(
    market: Market, equilibrium: Array | None, plan: Plan, rate: float
) -> Callable[[Array], Array]:
    """What is minimized, of points in columns."""
    free = rate / market.year
    excess = np.expm1(market.returns) - free
    mean, covariance = excess.mean(axis=0), np.atleast_2d(np.cov(excess, rowvar=False))
    worst, across = max(int(TAIL * len(excess)), 1), np.ascontiguousarray(excess.T)

    def distance(points: Array) -> Array:
        if equilibrium is None:
            return np.zeros(points.shape[1])
        found: Array = ((points - equilibrium[:, None]) ** 2).sum(axis=0)
        return found

    def cost(points: Array) -> Array:
        if np.isinf(plan.penalty):
            return distance(points)
        if plan.measure == "variance":
            risk = market.year * np.einsum("ik,ij,jk->k", points, covariance, points) / 2
        else:
            returns = np.partition(free + points.T @ across, worst - 1, axis=1)
            risk = -returns[:, :worst].mean(axis=1) * market.year**0.5
        gain = rate + market.year * (mean @ points)
        found: Array = plan.aversion * risk - gain + plan.penalty * distance(points)
        return found

    return cost
