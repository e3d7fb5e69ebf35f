"""What was learned of one agent's problem beside the solution, over all wealth and by decade.

A control is the fraction of wealth at risk at a time and logarithms of wealth. What playing it is
worth is followed backward on nodes of the logarithm: over a step the control is held, wealth is
lognormal, and the expectation is a sum over the noise (Gauss and Hermite). It is exact for a
fraction that does not depend on wealth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import sympy as sp
from scipy.interpolate import PchipInterpolator

from eqsolve.game import Model
from eqsolve.game.parameters import read
from eqsolve.learn.alone.investor import DECADES, Investor
from eqsolve.learn.training import Array, Policy
from eqsolve.learn.truth import Truth
from eqsolve.pde.declared import represented
from eqsolve.pde.declared_part import Part, numbers_in

#: Steps in time, nodes of a decade, nodes of the noise.
TIMES, NODES, NOISE = 64, 24, 11
#: In these what was learned is to be better than a guess.
MEASURES = ("control_rms", "value_rms", "loss")


@dataclass(frozen=True)
class Verdict:
    """How far a control, and what its method says it is worth, are from the solution.

    Attributes
    ----------
    control_rms, control_max : root mean square and largest error of the fraction of wealth at risk,
        over time and the logarithm of wealth, of the solution's root mean square.
    value_rms, value_max : the same of the stated certainty equivalent at time 0, of the solution's.
    loss, loss_max : share of the certainty equivalent at time 0 that playing the control loses, on
        average over the logarithm of wealth and at most: the exploitability of a single agent.
    """

    control_rms: float
    control_max: float
    value_rms: float | None
    value_max: float | None
    loss: float
    loss_max: float

    def to_dict(self) -> dict[str, float | None]:
        """The numbers by name; what is not finite is None."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        return {k: v if v is not None and np.isfinite(v) else None for k, v in found.items()}


@dataclass(frozen=True)
class Errors:
    """The errors at all nodes: control (times, nodes), value (nodes,) if stated, loss (nodes,)."""

    wealth: Array
    control: Array
    value: Array | None
    loss: Array

    def verdict(self, low: float, high: float) -> Verdict:
        """Those between two logarithms of wealth."""
        inside = (low - 1e-9 <= self.wealth) & (self.wealth <= high + 1e-9)
        control, loss = self.control[:, inside], self.loss[inside]
        typical, largest = None, None
        if self.value is not None:
            typical, largest = _sizes(self.value[inside])
        return Verdict(*_sizes(control), typical, largest, float(loss.mean()), float(loss.max()))


def _sizes(errors: Array) -> tuple[float, float]:
    """Root mean square, and the largest."""
    with np.errstate(over="ignore"):
        return float(np.sqrt(np.mean(errors**2))), float(np.abs(errors).max())


@dataclass(frozen=True)
class Assessor:
    """The solution of a game of one agent, and the nodes at which controls are compared with it.

    Parameters
    ----------
    model, values : the game, which is derived and solved for the comparison.
    """

    investor: Investor
    model: Model
    values: Mapping[str, object]

    @cached_property
    def truth(self) -> Truth:
        """The derived solution."""
        return Truth.of(self.model, self.values)

    @cached_property
    def nodes(self) -> Array:
        """Logarithms of wealth, with those beyond from which was learned."""
        low, high = self.investor.reach
        return np.linspace(low, high, round((high - low) / np.log(10.0)) * NODES + 1)

    @property
    def width(self) -> float:
        """Length of a step in time."""
        return self.investor.horizon / TIMES

    def control(self, t: float, y: Array) -> Array:
        """The solution's fraction of wealth at risk."""
        x = np.exp(y)
        return self.truth.control(t, x) / x

    @cached_property
    def value(self) -> Policy:
        """The logarithm of the solution's certainty equivalent, of time and logarithm of wealth."""
        x = self.model.game.state_symbols[0]
        exact = numbers_in(read(self.model, self.values))
        utility = -Part(self.model).own[1].xreplace(exact)
        # U = level + factor phi
        factor = float(sp.diff(utility, x).xreplace({x: sp.S.One}))
        level = float(utility.xreplace({x: sp.S.One})) - factor * self.investor.utility(0.0)

        def at(t: float, y: Array) -> Array:
            return self.investor.worth((self.truth.value(t, np.exp(y)) - level) / factor)

        return at

    def played(self, control: Policy) -> Array:
        """What playing a control adds to the logarithm of wealth in certainty, at time 0."""
        investor, y = self.investor, self.nodes
        points, weights = np.polynomial.hermite_e.hermegauss(NOISE)
        weights, gain = weights / weights.sum(), np.zeros_like(y)
        noise = investor.volatility * np.sqrt(self.width) * points
        for place in reversed(range(TIMES)):
            w = control((place + 0.5) * self.width, y)[:, None]
            moves = investor.growth(w) * self.width + w * noise
            if not np.isfinite(moves).all():
                return np.full_like(y, np.nan)
            ends = np.clip(y[:, None] + moves, y[0], y[-1])
            found = moves + PchipInterpolator(y, gain)(ends)
            gain = self._certain(found, weights)
        return gain

    def _certain(self, found: Array, weights: Array) -> Array:
        """The certainty equivalent of logarithms of wealth, (nodes, noise)."""
        power = self.investor.power
        if not power:
            return np.asarray(found @ weights)
        largest = (power * found).max(axis=1)
        return np.asarray(
            (largest + np.log(np.exp(power * found - largest[:, None]) @ weights)) / power
        )

    def errors(self, control: Policy, value: Policy | None = None) -> Errors:
        """Compare a control, and what its method says it is worth at time 0."""
        y = self.nodes
        dates = np.linspace(0.0, self.investor.horizon, TIMES + 1)
        right = np.array([self.control(float(t), y) for t in dates])
        found = np.array([control(float(t), y) for t in dates])
        scale = float(np.sqrt(np.mean(right**2)))
        best = self.value(0.0, y)
        with np.errstate(over="ignore"):
            stated = None if value is None else np.expm1(value(0.0, y) - best)
            lost = -np.expm1(y + self.played(control) - best)
        return Errors(y, (found - right) / scale, stated, lost)

    def judge(self, control: Policy, value: Policy | None = None) -> Verdict:
        """The errors over all decades."""
        return self.errors(control, value).verdict(*_logarithms(*DECADES))

    def by_decade(self, control: Policy, value: Policy | None = None) -> dict[str, Verdict]:
        """The errors of every decade, by its least wealth."""
        errors = self.errors(control, value)
        return {f"{10.0**k:g}": errors.verdict(*_logarithms(k, k + 1)) for k in range(*DECADES)}

    def riskless(self, t: float, y: Array) -> Array:
        """The logarithm of the certainty equivalent of nothing at risk."""
        return np.asarray(y + self.investor.rate * (self.investor.horizon - t))

    @cached_property
    def grid(self) -> tuple[Policy, Policy]:
        """The control that a grid finds and what it is worth, linear between nodes."""
        result = represented(self.model).solve(read(self.model, self.values), None).result
        times, wealth, amount, certain = (
            np.asarray(part, float)
            for part in (
                *(result.axes[name] for name in ("t", "wealth")),
                *(result.arrays[name][1] for name in ("portfolio", "certainty_equivalent")),
            )
        )
        y = np.log(wealth)
        return _between(times, y, amount / wealth), _between(times, y, np.log(certain))


def _between(times: Array, y: Array, table: Array) -> Policy:
    """A table (times, nodes), linear between and constant in its slope beyond the nodes."""
    from scipy.interpolate import RegularGridInterpolator

    inner = RegularGridInterpolator((times, y), table, bounds_error=False, fill_value=None)

    def at(t: float, places: Array) -> Array:
        return np.asarray(inner((t, places)), float)

    return at


def _logarithms(low: int, high: int) -> tuple[float, float]:
    """Of powers of ten."""
    return float(low * np.log(10.0)), float(high * np.log(10.0))
