"""A quantization tree: a Markov chain on few points in place of a diffusion on the line.

From a point the next state is normal; from all points of a date it is a mixture of normal laws,
which is quantized, and the probability of a branch is that of the cell that it leads to
(recursive marginal quantization: Pages and Sagna, Applied Mathematical Finance 22, 2015). It
serves for a common noise: along a path of the tree the crowd's conditional law is deterministic,
and an expectation over the noise is a finite sum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from eqsolve.laws.line import Normals, refused
from eqsolve.laws.quantize import quantize

Array = NDArray[np.float64]
#: Mean and standard deviation of the state at a time, given the states (points,) at another.
Move: TypeAlias = Callable[[float, float, Array], tuple[ArrayLike, ArrayLike]]
Values: TypeAlias = Callable[[Array], ArrayLike]


@dataclass(frozen=True)
class Tree:
    """A Markov chain on points that change from date to date.

    Attributes
    ----------
    times : (n + 1,).
    points, weights : for every date, (K,): the states and their probabilities.
    branches : for every step, (K, K): probabilities of the next states, row by row.
    """

    times: Array
    points: tuple[Array, ...]
    weights: tuple[Array, ...]
    branches: tuple[Array, ...]

    def expectation(self, function: Values, date: int = -1) -> float:
        """The expectation of a function of the state at a date."""
        return float(_values(function, self.points[date]) @ self.weights[date])

    def backward(
        self,
        payoff: Values,
        running: Callable[[float, Array], ArrayLike] | None = None,
        *,
        rate: float = 0.0,
        stopped: Callable[[float, Array], ArrayLike] | None = None,
    ) -> list[Array]:
        """Conditional expectations of a discounted payoff at every date's points.

        Parameters
        ----------
        payoff : of the states at the last date.
        running : rate of payment at a time, paid over the step that follows.
        rate : of discounting.
        stopped : what is paid where one stops; the larger of this and going on is taken (optimal
            stopping of a maximizer).
        """
        values = [_values(payoff, self.points[-1])]
        for k in reversed(range(len(self.branches))):
            span = self.times[k + 1] - self.times[k]
            value = np.exp(-rate * span) * (self.branches[k] @ values[0])
            x, now = self.points[k], float(self.times[k])
            if running is not None:
                value = value + span * np.broadcast_to(running(now, x), x.shape)
            if stopped is not None:
                value = np.maximum(value, np.broadcast_to(stopped(now, x), x.shape))
            values.insert(0, value)
        return values

    def paths(self, count: int, seed: int) -> Array:
        """Paths drawn on the tree, (count, dates)."""
        rng = np.random.default_rng(seed)
        place = rng.choice(self.points[0].size, count, p=self.weights[0])
        found = [self.points[0][place]]
        for branch, points in zip(self.branches, self.points[1:]):
            sums = np.cumsum(branch[place], axis=1)
            draw = rng.random(count)[:, None] * sums[:, -1:]
            place = (sums < draw).sum(axis=1)
            found.append(points[place])
        return np.stack(found, axis=1)


def tree(move: Move, start: float | Normals, times: Sequence[float] | Array, points: int) -> Tree:
    """Build a tree of a chain with normal steps.

    Parameters
    ----------
    move : mean and deviation at the second time, given the time and the states (points,) at the
        first; deviations are positive.
    start : the state at the first time, or its law.
    times : increasing.
    points : at every later date (and at the first, if the start has a law).

    Raises
    ------
    InputError
        If times or deviations make no sense.
    NoSolutionError
        If a law is not quantized.
    """
    dates = np.array(times, float)
    if dates.ndim != 1 or dates.size < 2 or not np.all(np.diff(dates) > 0):
        raise refused("a tree needs two or more increasing times.")
    if isinstance(start, Normals):
        first = quantize(start, points)
        places, weights = [first.points], [first.weights]
    else:
        places, weights = [np.array([float(start)])], [np.ones(1)]
    branches = []
    for now, then in zip(dates, dates[1:]):
        moved = (np.broadcast_to(v, places[-1].shape) for v in move(now, then, places[-1]))
        mean, deviation = (np.array(v, float) for v in moved)
        found = quantize(Normals(mean, deviation, weights[-1]), points).points
        edges = np.concatenate([[-np.inf], (found[1:] + found[:-1]) / 2, [np.inf]])
        branch = np.diff(ndtr((edges - mean[:, None]) / deviation[:, None]), axis=1)
        branches.append(branch)
        places.append(found)
        weights.append(weights[-1] @ branch)
    return Tree(dates, tuple(places), tuple(weights), tuple(branches))


def diffusion(
    drift: Callable[[float, Array], ArrayLike], volatility: Callable[[float, Array], ArrayLike]
) -> Move:
    """The steps of Euler and Maruyama of ``dX = drift(t, X) dt + volatility(t, X) dW``."""

    def move(now: float, then: float, x: Array) -> tuple[Array, Array]:
        span = then - now
        mean = x + span * np.asarray(drift(now, x), float)
        return mean, np.sqrt(span) * np.abs(np.asarray(volatility(now, x), float))

    return move


def _values(function: Values, points: Array) -> Array:
    return np.array(np.broadcast_to(np.asarray(function(points), float), points.shape))
