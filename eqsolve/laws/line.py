"""Laws on the real line, known by their partial moments.

What distances and quantizers need of a law is its quantile function and the three numbers
``E[(X - a)^k; X <= x]``, k = 0, 1, 2. Every law here has them in closed form, so that nothing is
sampled and no integral is approximated. Moments are taken about a point ``a`` near by: squares of
places far from zero would cancel.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from eqsolve.errors import InputError

Array = NDArray[np.float64]

STAGE = "laws"
#: What a mass may differ from 1.
MASS = 1e-6
#: Halvings of an interval that reach the last digit.
_HALVINGS = 64


class Line(ABC):
    """A law on the real line."""

    @abstractmethod
    def partial(self, x: ArrayLike, about: ArrayLike = 0.0) -> Array:
        """``E[(X - about)^k; X <= x]`` for k = 0, 1, 2 along the first axis; x may be infinite."""

    @abstractmethod
    def quantile(self, level: ArrayLike) -> Array:
        """The smallest x with ``P(X <= x) >= level``, for levels in [0, 1]."""

    def density(self, x: ArrayLike) -> Array:
        """The density.

        Raises
        ------
        InputError
            If the law has none.
        """
        raise refused(
            "a law of atoms has no density.",
            "Use Lloyd's method, which needs partial moments only.",
        )

    @property
    def smooth(self) -> bool:
        """Whether the law has a density."""
        return True

    def cdf(self, x: ArrayLike) -> Array:
        """``P(X <= x)``."""
        found: Array = self.partial(x)[0]
        return found

    @property
    def mean(self) -> float:
        """The expectation."""
        return float(self.partial(math.inf)[1])

    @property
    def variance(self) -> float:
        """The variance."""
        _, first, second = self.partial(math.inf, self.mean)
        return float(max(second - first * first, 0.0))

    @property
    def deviation(self) -> float:
        """The standard deviation."""
        return math.sqrt(self.variance)


@dataclass(frozen=True)
class Normals(Line):
    """A mixture of normal laws.

    Parameters
    ----------
    means, deviations, weights : arrays of one length; deviations positive, weights not negative
        and of sum 1.
    """

    means: Array
    deviations: Array
    weights: Array

    def __post_init__(self) -> None:
        names = ("means", "deviations", "weights")
        parts = [vector(getattr(self, name), name) for name in names]
        if len({part.size for part in parts}) != 1 or not np.all(parts[1] > 0):
            raise refused(
                "a normal law needs a mean and a positive standard deviation.",
                "Where the deviation is 0 the law is an atom.",
            )
        if np.any(parts[2] < 0):
            raise refused("every normal law of a mixture needs a weight that is not negative.")
        require_mass(parts[2])
        parts[2] = parts[2] / parts[2].sum()
        for name, part in zip(names, parts):
            object.__setattr__(self, name, part)

    def partial(self, x: ArrayLike, about: ArrayLike = 0.0) -> Array:
        """See :class:`Line`."""
        s, m = self.deviations, self.means - np.asarray(about, float)[..., None]
        z = (np.asarray(x, float)[..., None] - self.means) / s
        total, bell = ndtr(z), _bell(z)
        edge = np.where(np.isinf(z), 0.0, z) * bell
        first = m * total - s * bell
        second = m * m * total - 2 * m * s * bell + s * s * (total - edge)
        return np.stack([part @ self.weights for part in (total, first, second)])

    def density(self, x: ArrayLike) -> Array:
        """See :class:`Line`."""
        z = (np.asarray(x, float)[..., None] - self.means) / self.deviations
        found: Array = (_bell(z) / self.deviations) @ self.weights
        return found

    def quantile(self, level: ArrayLike) -> Array:
        """See :class:`Line`; by bisection between the quantiles of the parts."""
        level = np.asarray(level, float)
        parts = self.means + self.deviations * ndtri(level)[..., None]
        low, high = parts.min(axis=-1), parts.max(axis=-1)
        if len(self.means) == 1:
            return np.array(low)
        return bisected(self.cdf, level, low, high)


def Normal(mean: float = 0.0, deviation: float = 1.0) -> Normals:
    """The normal law."""
    return Normals(np.array([mean]), np.array([deviation]), np.ones(1))


class Atoms(Line):
    """Finitely many points with weights, as the empirical law of particles.

    Parameters
    ----------
    points : (n,).
    weights : (n,), of sum 1; equal by default.
    """

    def __init__(self, points: ArrayLike, weights: ArrayLike | None = None) -> None:
        place = vector(points, "points")
        share = np.full(place.size, 1 / place.size) if weights is None else None
        mass = vector(weights, "weights") if share is None else share
        if mass.size != place.size or np.any(mass < 0):
            raise refused("every point needs a weight that is not negative.")
        require_mass(mass)
        order = np.argsort(place, kind="stable")
        self.points: Array = place[order]
        self.weights: Array = mass[order] / mass.sum()
        self._center = float(self.points @ self.weights)
        powers = np.stack([(self.points - self._center) ** k * self.weights for k in range(3)])
        self._sums = np.concatenate([np.zeros((3, 1)), np.cumsum(powers, axis=1)], axis=1)

    @property
    def smooth(self) -> bool:
        """Atoms have no density."""
        return False

    def partial(self, x: ArrayLike, about: ArrayLike = 0.0) -> Array:
        """See :class:`Line`."""
        place = np.searchsorted(self.points, np.asarray(x, float), "right")
        return _moved(self._sums[:, place], self._center - np.asarray(about, float))

    def quantile(self, level: ArrayLike) -> Array:
        """See :class:`Line`."""
        place = np.searchsorted(self._sums[0, 1:], np.asarray(level, float) - 1e-15, "left")
        found: Array = self.points[np.minimum(place, self.points.size - 1)]
        return found


class Density(Line):
    """A density on a grid, linear between the nodes, as the grid solver's.

    Parameters
    ----------
    nodes : (n,), increasing.
    values : (n,), not negative; the trapezoidal mass is 1.
    """

    def __init__(self, nodes: ArrayLike, values: ArrayLike) -> None:
        self.nodes, self.values = vector(nodes, "nodes"), vector(values, "values")
        steps = np.diff(self.nodes)
        if self.nodes.size != self.values.size or self.nodes.size < 2 or np.any(steps <= 0):
            raise refused("a density needs a value at each of two or more increasing nodes.")
        if np.any(self.values < 0):
            raise refused("a density is nowhere negative.")
        mass = np.trapezoid(self.values, self.nodes)
        require_mass(mass)
        self.values = self.values / mass
        self._slopes = np.diff(self.values) / steps
        self._center = float(self.nodes[np.argmax(self.values)])
        cells = self._within(np.arange(steps.size), steps)
        self._sums = np.concatenate([np.zeros((3, 1)), np.cumsum(cells, axis=1)], axis=1)

    def _within(self, cell: NDArray[np.intp], t: Array) -> Array:
        """Moments about the center of the part of a cell up to ``t`` behind its node."""
        x, f, s = self.nodes[cell] - self._center, self.values[cell], self._slopes[cell]
        m0 = t * (f + t * s / 2)
        m1 = t * t * (f / 2 + t * s / 3)
        m2 = t**3 * (f / 3 + t * s / 4)
        return _moved(np.stack([m0, m1, m2]), x)

    def partial(self, x: ArrayLike, about: ArrayLike = 0.0) -> Array:
        """See :class:`Line`."""
        place = np.clip(np.asarray(x, float), self.nodes[0], self.nodes[-1])
        cell = np.clip(np.searchsorted(self.nodes, place, "right") - 1, 0, self.nodes.size - 2)
        found = self._sums[:, cell] + self._within(cell, place - self.nodes[cell])
        return _moved(found, self._center - np.asarray(about, float))

    def density(self, x: ArrayLike) -> Array:
        """See :class:`Line`."""
        place: Any = np.asarray(x, float)
        return np.asarray(np.interp(place, self.nodes, self.values, left=0.0, right=0.0))

    def quantile(self, level: ArrayLike) -> Array:
        """See :class:`Line`."""
        mass = np.asarray(level, float) * self._sums[0, -1]
        cell = np.clip(np.searchsorted(self._sums[0], mass, "left") - 1, 0, self.nodes.size - 2)
        rest = np.maximum(mass - self._sums[0, cell], 0.0)
        f, s = self.values[cell], self._slopes[cell]
        root = f + np.sqrt(np.maximum(f * f + 2 * s * rest, 0.0))
        step = np.divide(2 * rest, root, out=np.zeros_like(rest), where=root > 0)
        found: Array = np.minimum(self.nodes[cell] + step, self.nodes[cell + 1])
        return found


def bisected(function: object, level: Array, low: Array, high: Array) -> Array:
    """Where an increasing function reaches levels, between bounds; infinite bounds are kept."""
    assert callable(function)
    low, high = np.array(low, float), np.array(high, float)
    for _ in range(_HALVINGS):
        with np.errstate(invalid="ignore"):
            middle = np.where(low == high, low, 0.5 * (low + high))
        below = function(middle) < level
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return high


def vector(values: ArrayLike | None, name: str) -> Array:
    """A non-empty array of finite numbers.

    Raises
    ------
    InputError
        If it is something else.
    """
    try:
        found = np.array(values, dtype=float).ravel()
    except (TypeError, ValueError):
        raise refused(f"{name} must be numbers.") from None
    if found.size == 0 or not np.all(np.isfinite(found)):
        raise refused(f"{name} must be one or more finite numbers.")
    return found


def require_mass(weights: ArrayLike) -> None:
    """Refuse weights whose sum is not 1."""
    total = float(np.sum(weights))
    if not abs(total - 1) <= MASS:
        raise refused(f"the mass of a law is 1, not {total:.9g}.", "Divide by the sum.")


def refused(text: str, remedy: str = "") -> InputError:
    """An error of this room."""
    return InputError(text, stage=STAGE, remedy=remedy)


def _moved(moments: Array, by: Array) -> Array:
    """Moments of a law that is moved."""
    m0, m1, m2 = moments
    return np.stack(np.broadcast_arrays(m0, m1 + by * m0, m2 + by * (2 * m1 + by * m0)))


def _bell(z: Array) -> Array:
    found: Array = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    return found
