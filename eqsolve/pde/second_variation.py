"""The second variation of a population's total cost in its law, on the grid.

The total cost ``F = sum_i mu_i f(x_i, law) + control q M + control_control q A`` depends on the
masses mu and on the total speed ``q = sum_i mu_i a_i``: the mean M, the variance V and the mean
control ``A = q/mass`` are functions of them. `Variation` holds the derivatives of the cost at the
nodes up to the second order and applies the second derivative of F to changes of mu and q. The
derivatives of a cost given as a function are differences; nothing is taken from the solver.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from eqsolve.pde.couplings import Coupling
from eqsolve.pde.edge import Array

#: Functionals of the law in a cost, as arguments of its function.
MEAN, VARIANCE, DENSITY, CONVOLUTION, CONTROL = 2, 3, 4, 5, 6
#: Those that are the same for all nodes.
MOMENTS = (MEAN, VARIANCE, CONTROL)
#: Step of differences, in units of the argument.
STEP = 1e-3
#: Points at which it is found out on what a function depends.
PROBED = 60


@dataclass(frozen=True)
class Variation:
    """The second derivative of the total cost of laws at several times.

    Attributes
    ----------
    cost : the parts of the cost, encoded: arrays over the nodes.
    function : a further part as a plain function, or None.
    x, weights : nodes and weights of the quadrature, (nodes,).
    times : of the laws, (times,).
    masses : mu, (times, nodes).
    speed : q, (times,); NaN where there is no control.
    """

    cost: dict[str, Any]
    function: Callable[..., float] | None
    x: Array
    weights: Array
    times: Array
    masses: Array
    speed: Array

    @cached_property
    def _at(self) -> tuple[Array, ...]:
        """Mass, mean, variance and mean control, (times, 1)."""
        mass = self.masses.sum(axis=1, keepdims=True)
        mean = (self.masses @ self.x)[:, None] / mass
        spread = self.x - mean
        variance = np.sum(self.masses * spread**2, axis=1, keepdims=True) / mass
        return mass, mean, variance, self.speed[:, None] / mass

    @cached_property
    def _derivatives(self) -> tuple[dict[int, Array], dict[tuple[int, int], Array]]:
        """First and second derivatives of the cost at the nodes, those that are not zero."""
        first: dict[int, Array] = {}
        second: dict[tuple[int, int], Array] = {}
        _, mean, _, _ = self._at
        density = np.maximum(self.masses / self.weights, 0.0)
        cost, one = self.cost, np.ones_like(density)
        if "mean" in cost:
            first[MEAN] = one * cost["mean"]
        if "mean_squared" in cost:
            first[MEAN] = first.get(MEAN, 0.0) + 2 * mean * cost["mean_squared"]
            second[MEAN, MEAN] = 2 * one * cost["mean_squared"]
        for name, place in (("variance", VARIANCE), ("control_mean", CONTROL)):
            if name in cost:
                first[place] = one * cost[name]
        if "density" in cost:
            k, present = cost["density_power"], density > 0
            powers = np.where(present, density, 1.0) ** (k - 2) * present
            first[DENSITY] = cost["density"] * k * powers * density
            second[DENSITY, DENSITY] = cost["density"] * k * (k - 1) * powers
        if self.function is not None:
            self._differences(density, first, second)
        elif "kernel" in cost:
            first[CONVOLUTION] = one
        return first, second

    def _differences(
        self, density: Array, first: dict[int, Array], second: dict[tuple[int, int], Array]
    ) -> None:
        """Add the derivatives of the part that is a function."""
        assert self.function is not None
        _, mean, variance, control = self._at
        kernel = self.cost.get("kernel")
        convolution = self.masses @ kernel.T if kernel is not None else 0 * density
        shape, there = density.shape, density > 0
        parts = (self.times[:, None], self.x, mean, variance, density, convolution, control)
        at = [np.broadcast_to(part, shape)[there] for part in parts]
        length = float(np.ptp(self.x))
        units = {
            MEAN: np.full_like(at[0], length),
            VARIANCE: at[VARIANCE],
            DENSITY: at[DENSITY],
            CONVOLUTION: np.maximum(abs(at[CONVOLUTION]), np.finfo(float).tiny),
            CONTROL: np.maximum(abs(at[CONTROL]), 1e-2 * length),
        }
        value = np.vectorize(_guarded(self.function), otypes=[float])

        def moved(points: list[Array], *shifts: tuple[int, int]) -> Array:
            changed = list(points)
            for place, sign in shifts:
                changed[place] = changed[place] + sign * STEP * units[place][: points[0].size]
            result: Array = value(*changed)
            return result

        some = slice(None, None, max(1, at[0].size // PROBED))
        few = [part[some] for part in at]
        units, whole = {place: unit[some] for place, unit in units.items()}, units
        still = moved(few)
        used = [p for p in units if not np.array_equal(moved(few, (p, 1)), still, equal_nan=True)]
        units = whole

        def spread(values: Array) -> Array:
            full = np.zeros(shape)
            full[there] = values
            return full

        base = moved(at)
        for i, p in enumerate(used):
            step = STEP * units[p]
            up, down = moved(at, (p, 1)), moved(at, (p, -1))
            first[p] = first.get(p, 0.0) + spread((up - down) / (2 * step))
            second[p, p] = second.get((p, p), 0.0) + spread((up - 2 * base + down) / step**2)
            for q in used[:i]:
                cross = sum(s * r * moved(at, (p, s), (q, r)) for s in (1, -1) for r in (1, -1))
                second[p, q] = second[q, p] = spread(cross / (4 * step * STEP * units[q]))

    @cached_property
    def factor(self) -> Array:
        """Factor of the agent's own control in what he pays, his effect included, (times,)."""
        mass, mean, _, control = self._at
        total = self.cost["control"] * mean + 2 * self.cost["control_control"] * control
        first, _ = self._derivatives
        if CONTROL in first:
            total = total + self._sum(self.masses * first[CONTROL]) / mass
        return np.asarray(total)[:, 0]

    @staticmethod
    def _sum(values: Array) -> Array:
        return np.asarray(values.sum(axis=1, keepdims=True))

    def times_change(self, change: Array, speed: Array) -> tuple[Array, Array]:
        """The second derivative of F applied to changes of mu and q, its parts for mu and q."""
        first, second = self._derivatives
        mass, mean, variance, control = self._at
        masses, q, s = self.masses, self.speed[:, None], speed[:, None]
        c, cc = self.cost["control"], self.cost["control_control"]
        away = self.x - mean
        gained = self._sum(change)
        d_mean = self._sum(away * change) / mass
        d_variance = self._sum((away**2 - variance) * change) / mass
        d_control = (s - control * gained) / mass
        kernel = self.cost.get("kernel")
        d = {MEAN: d_mean, VARIANCE: d_variance, DENSITY: change / self.weights}
        d[CONVOLUTION] = change @ kernel.T if kernel is not None else 0 * change
        d[CONTROL] = d_control
        d_first = {p: 0 * change for p in first}
        for (p, r), value in second.items():
            d_first[p] = d_first[p] + value * d[r]
        result = sum((value * d[p] for p, value in first.items()), 0 * change)
        to_speed = np.zeros_like(mass)
        slopes = {
            MEAN: away / mass,
            VARIANCE: (away**2 - variance) / mass,
            CONTROL: -control / mass,
        }
        bends = {
            MEAN: -d_mean / mass,
            VARIANCE: (-2 * away * d_mean - d_variance) / mass,
            CONTROL: -d_control / mass,
        }
        for p in MOMENTS:
            if p not in first:
                continue
            total = self._sum(masses * first[p])
            d_total = self._sum(change * first[p] + masses * d_first[p])
            bend = bends[p] - slopes[p] * gained / mass
            result = result + d_total * slopes[p] + total * bend
            if p == CONTROL:
                to_speed = to_speed + (d_total - total * gained / mass) / mass
        if DENSITY in first:
            result = result + d[DENSITY] * first[DENSITY]
            result = result + masses / self.weights * d_first[DENSITY]
        if CONVOLUTION in first and kernel is not None:
            moved = change * first[CONVOLUTION] + masses * d_first[CONVOLUTION]
            result = result + moved @ kernel
        if c or cc:
            result = result + c * (
                s * slopes[MEAN] + q * (bends[MEAN] - slopes[MEAN] * gained / mass)
            )
            result = result - 2 * cc * (q * s - q * q * gained / mass) / mass**2
            to_speed = to_speed + c * d_mean + 2 * cc * d_control
        return result, to_speed[:, 0]


def of_cost(
    cost: Coupling, x: Array, weights: Array, times: Array, masses: Array, speed: Array
) -> Variation:
    """The second variation of a cost at laws."""
    encoded = cost.encoded(x, times)
    for name in ("mean", "mean_squared", "variance", "control_mean", "density", "kernel"):
        if name in encoded:
            encoded[name] = np.asarray(encoded[name], dtype=float)
    plain = cost.function
    plain = getattr(plain, "__wrapped__", getattr(plain, "py_func", plain))
    return Variation(encoded, plain, x, weights, times, masses, speed)


def _guarded(function: Callable[..., float]) -> Callable[..., float]:
    def value(*at: float) -> float:
        try:
            return float(function(*at))
        except (ArithmeticError, ValueError):
            return math.nan

    return value
