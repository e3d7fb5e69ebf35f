"""Whether the grid of a mean-field game resolves it: the same game on one of twice the widths."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from eqsolve.pde.couplings import Coupling
from eqsolve.pde.mfg_solution import MFGSolution

Array = NDArray[np.float64]

#: Relative errors, and the share of the initial law outside the domain, above which nothing may be
#: relied on; and the share of the viscosity above which that of the scheme is told.
UNRESOLVED = 1e-2
#: Smallest share outside the domain that is told.
NEGLIGIBLE = 1e-6


@dataclass(frozen=True)
class Gaussian:
    """The density of a normal law but for its factor."""

    mean: float
    deviation: float

    def __call__(self, x: Array) -> Array:
        z = (x - self.mean) / self.deviation
        values: Array = np.exp(-0.5 * z * z)
        return values

    def outside(self, low: float, high: float) -> float:
        """The mass outside an interval."""
        scale = math.sqrt(2) * self.deviation
        return 0.5 * (math.erfc((self.mean - low) / scale) + math.erfc((high - self.mean) / scale))


@dataclass(frozen=True)
class PlaneGaussian:
    """The density of independent normal laws along x and y but for its factor."""

    x: Gaussian
    y: Gaussian

    def __call__(self, x: Array, y: Array) -> Array:
        return self.x(x) * self.y(y)

    def outside(self, sides: Sequence[tuple[float, float]]) -> float:
        """The mass outside a rectangle."""
        along_x, along_y = (law.outside(*side) for law, side in zip((self.x, self.y), sides))
        return along_x + along_y - along_x * along_y


@dataclass(frozen=True)
class Halved:
    """A grid of about twice the widths in space and time, and what is given at the fine nodes.

    Where every second node makes a grid, it is that one; otherwise what is given is interpolated
    at as many nodes as are next to half (piecewise cubic and monotone). An odd last step stays.

    Attributes
    ----------
    nodes, when : the fine nodes and times.
    periodic : whether the right end is the left one and not a node.
    resting : whether there is no time.
    """

    nodes: Array
    when: Array
    periodic: bool
    resting: bool = False

    @property
    def possible(self) -> bool:
        """Whether the grid is fine enough to have a coarser one."""
        return self.nodes.size >= 9 and (self.resting or self.when.size >= 3)

    @property
    def _every_second(self) -> bool:
        return self.nodes.size % 2 == (0 if self.periodic else 1)

    @property
    def x(self) -> Array:
        """The coarse nodes."""
        if self._every_second:
            second: Array = self.nodes[::2]
            return second
        count = (self.nodes.size + 1) // 2
        if not self.periodic:
            return np.linspace(self.nodes[0], self.nodes[-1], count)
        period = self.nodes.size * (self.nodes[1] - self.nodes[0])
        found: Array = self.nodes[0] + period * np.arange(count) / count
        return found

    @property
    def steps(self) -> NDArray[np.intp]:
        """The coarse times among the fine ones."""
        last = 0 if self.resting else self.when.size - 1
        return np.unique(np.append(np.arange(0, last + 1, 2), last))

    @property
    def times(self) -> Array:
        """The coarse times."""
        return self.when[self.steps]

    @property
    def ratio(self) -> float:
        """The coarse width of space in fine ones."""
        return float((self.x[1] - self.x[0]) / (self.nodes[1] - self.nodes[0]))

    def at(self, values: Array) -> Array:
        """Values at the fine nodes, the last axis, at the coarse ones."""
        if self._every_second:
            found: Array = values[..., ::2]
            return found
        nodes = self.nodes
        if self.periodic:
            nodes = np.append(nodes, nodes[0] + nodes.size * (nodes[1] - nodes[0]))
            values = np.concatenate([values, values[..., :1]], axis=-1)
        found = PchipInterpolator(nodes, values, axis=-1)(self.x)
        return found

    def field(self, given: Any) -> Any:
        """A field of the state at the coarse nodes; what is called is called with the fine ones."""
        values = np.asarray(given(self.nodes) if callable(given) else given)
        return self.at(values) if values.ndim else given

    def density(self, given: Any) -> Any:
        """An initial law, whose mass the coarse grid measures anew."""
        values = self.field(given)
        return lambda x: values

    def forcing(self, given: Any) -> Any:
        """A function of time and state, or its means over the coarse steps."""
        if given is None:
            return None
        if callable(given):
            return lambda t, x: self.field(given(t, self.nodes))
        array, steps = self.at(np.asarray(given)), self.steps
        widths = np.diff(self.when)[:, None]
        sums = np.add.reduceat(array * widths, steps[:-1], axis=0)
        return sums / np.add.reduceat(widths, steps[:-1], axis=0)

    def over_time(self, given: Any) -> Any:
        """A field of the state that may change with time."""
        return self.forcing(given) if callable(given) or np.ndim(given) == 2 else self.field(given)

    def coupling(self, given: Any) -> Any:
        """A cost."""
        if not isinstance(given, Coupling):
            return self.field(given)
        names = ("potential", "mean", "mean_squared", "variance", "control_mean", "density")
        parts: dict[str, Any] = {name: self.field(getattr(given, name)) for name in names}
        kernel = given.kernel
        if kernel is not None and not callable(kernel):
            kernel = self.at(self.at(np.asarray(kernel)).T).T
        return dataclasses.replace(
            given, kernel=kernel, forcing=self.forcing(given.forcing), **parts
        )


def judged(
    solution: MFGSolution,
    coarse: MFGSolution | None,
    initial: Callable[[Array], object] | object,
    domain: tuple[float, float],
    order: int,
    halved: Halved,
    boundary: str,
) -> MFGSolution:
    """The solution with what the coarser one, the domain and the scheme say about its errors."""
    x = solution.x
    added = 0.5 * float(x[1] - x[0]) * float(np.nanmax(np.abs(solution.control), initial=0.0))
    told: dict[str, Any] = {"discretization_error": None}
    monotone = solution.diagnostics["scheme"] == "monotone"
    told["numerical_viscosity"] = added if monotone else 0.0
    status, message = solution.status, solution.message
    warnings = list(solution.warnings)
    lost, about = 0.0, ""
    if isinstance(initial, Gaussian):
        lost = initial.outside(*domain)
    elif boundary == "open":
        # a tail like a normal law's: beyond one deviation it holds less than this
        lost = float(abs(solution.m[0, [0, -1]]).sum() * math.sqrt(solution.variance[0]))
        about = "about "
    if lost > (UNRESOLVED if about else NEGLIGIBLE):
        warnings.append(
            f"truncation: {about}a share of {lost:.3e} of the initial law lies outside the domain"
        )
    if lost > UNRESOLVED and status == "ok":
        status = "unresolved"
        message = f"the domain cuts {about}a share of {lost:.3e} of the initial law off: widen it"
    if coarse is not None and coarse.ok:
        error = _difference(solution, coarse, halved) / (halved.ratio**order - 1)
        told["discretization_error"] = error
        if not error <= UNRESOLVED and status == "ok":
            status = "unresolved"
            message = (
                f"the grid of twice the widths differs so much that the relative error of mean, "
                f"variance or value is about {error:.3g}: use more nodes and steps, or richardson"
            )
            if monotone:
                warnings.append(
                    f"numerical_viscosity: the monotone scheme adds up to |H'| h/2 = {added:.3g} "
                    "to the viscosity"
                )
    elif coarse is not None and status == "ok":
        status = "unresolved"
        message = f"on the grid of twice the widths: {coarse.message}"
    return dataclasses.replace(
        solution,
        status=status,
        message=message,
        warnings=tuple(warnings),
        diagnostics={**solution.diagnostics, **told},
    )


def extrapolated(solution: MFGSolution) -> MFGSolution:
    """A solution by extrapolation, which is unresolved where the fine grid alone has a large error.

    The estimate is the fine grid's, far above that of the extrapolation where it is of use.
    """
    error = float(np.max(solution.diagnostics["error_estimate"]))
    if not solution.ok or error <= UNRESOLVED:
        return solution
    message = (
        f"the grid of twice the widths differs so much that the relative error of value or density "
        f"is about {error:.3g} before extrapolation: use more nodes and steps"
    )
    return dataclasses.replace(solution, status="unresolved", message=message)


def _difference(fine: MFGSolution, coarse: MFGSolution, halved: Halved) -> float:
    """Largest relative difference of mean and variance at the coarse times, and of the first value.

    The mean is measured in deviations of the law, or in its own range if that is larger; the
    variance at every time in itself; the value at time 0 in its range; the ergodic constant in
    itself, or where it is near zero in a tenth of E|a u_x|, which no constant cost changes.
    """
    steps = halved.steps
    mean, variance, value = fine.mean[steps], fine.variance[steps], halved.at(fine.u[0])
    spread = max(float(np.nanmax(np.sqrt(np.maximum(variance, 0)))), float(np.ptp(mean)))
    least = np.finfo(float).tiny
    # the range of a constant value is rounding; at rest its mean is zero and the constant is apart
    constant = fine.diagnostics.get("ergodic_constant") or 0.0
    level = 1e-8 * max(float(np.abs(value).max()), abs(float(constant)))
    parts = (
        np.abs(mean - coarse.mean) / max(spread, least),
        np.abs(variance - coarse.variance) / np.maximum(np.abs(variance), least),
        np.abs(value - coarse.u[0]) / max(float(np.ptp(value)), level, least),
        _apart(fine, coarse),
    )
    return max(float(np.nanmax(part, initial=0.0)) for part in parts)


def _apart(fine: MFGSolution, coarse: MFGSolution) -> float:
    """Relative difference of the ergodic constants, 0 if there are none."""
    constant, other = (s.diagnostics.get("ergodic_constant") for s in (fine, coarse))
    if constant is None or other is None:
        return 0.0
    law = np.abs(fine.m[-1]) / np.abs(fine.m[-1]).sum()
    paid = float(law @ np.abs(fine.control[-1] * np.gradient(fine.u[-1], fine.x)))
    # where nothing is paid both are zero but for rounding
    return abs(float(constant) - float(other)) / max(abs(float(constant)), 0.1 * paid, 1e-12)
