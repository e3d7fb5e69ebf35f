"""Whether the grid of a mean-field game resolves it: the same game on one of twice the widths."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.pde.couplings import Coupling

if TYPE_CHECKING:
    from eqsolve.pde.mfg import MFGSolution

Array = NDArray[np.float64]

#: Relative errors, and the share of the initial law outside the domain, above which nothing may be
#: relied on; and the share of the viscosity above which that of the scheme is told.
UNRESOLVED = 1e-2
#: Smallest share outside the domain that is told.
NEGLIGIBLE = 1e-6
#: Order of the schemes.
ORDER = {"central": 2, "monotone": 1}


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
class Halved:
    """A grid of twice the widths in space and time, and what is given at the nodes of the fine one.

    Attributes
    ----------
    nodes, when : the fine nodes and times.
    periodic : whether the right end is the left one and not a node.
    """

    nodes: Array
    when: Array
    periodic: bool

    @property
    def possible(self) -> bool:
        """Whether every second node and time make a grid."""
        return (
            self.nodes.size >= 10
            and self.nodes.size % 2 == (0 if self.periodic else 1)
            and self.when.size >= 3
            and self.when.size % 2 == 1
        )

    @property
    def x(self) -> Array:
        """Every second node."""
        return self.nodes[::2]

    @property
    def times(self) -> Array:
        """Every second time."""
        return self.when[::2]

    def field(self, given: Any) -> Any:
        """A field of the state at every second node; what is called is called with all of them."""
        values = np.asarray(given(self.nodes) if callable(given) else given)
        return values[::2] if values.ndim else given

    def density(self, given: Any) -> Any:
        """An initial law, whose mass the coarse grid measures anew."""
        values = self.field(given)
        return lambda x: values

    def forcing(self, given: Any) -> Any:
        """A function of time and state, or its means over two steps."""
        if given is None:
            return None
        if callable(given):
            return lambda t, x: self.field(given(t, self.nodes))
        array = np.asarray(given)
        return 0.5 * (array[::2, ::2] + array[1::2, ::2])

    def coupling(self, given: Any) -> Any:
        """A cost."""
        if not isinstance(given, Coupling):
            return self.field(given)
        names = ("potential", "mean", "mean_squared", "variance", "control_mean", "density")
        parts: dict[str, Any] = {name: self.field(getattr(given, name)) for name in names}
        kernel = given.kernel
        if kernel is not None and not callable(kernel):
            kernel = np.asarray(kernel)[::2, ::2]
        return dataclasses.replace(
            given, kernel=kernel, forcing=self.forcing(given.forcing), **parts
        )


def judged(
    solution: MFGSolution,
    coarse: MFGSolution | None,
    initial: Callable[[Array], object] | object,
    domain: tuple[float, float],
    scheme: str,
) -> MFGSolution:
    """The solution with what the coarser one, the domain and the scheme say about its errors."""
    x = solution.x
    added = 0.5 * float(x[1] - x[0]) * float(np.nanmax(np.abs(solution.control), initial=0.0))
    told: dict[str, Any] = {"discretization_error": None}
    told["numerical_viscosity"] = added if scheme == "monotone" else 0.0
    status, message = solution.status, solution.message
    warnings = list(solution.warnings)
    if isinstance(initial, Gaussian):
        lost = initial.outside(*domain)
        if lost > NEGLIGIBLE:
            warnings.append(
                f"truncation: a share of {lost:.3e} of the initial law lies outside the domain"
            )
        if lost > UNRESOLVED and status == "ok":
            status = "unresolved"
            message = f"the domain cuts a share of {lost:.3e} of the initial law off: widen it"
    if coarse is not None and coarse.ok:
        error = _difference(solution, coarse) / (2 ** ORDER[scheme] - 1)
        told["discretization_error"] = error
        if not error <= UNRESOLVED and status == "ok":
            status = "unresolved"
            message = (
                f"the grid of twice the widths differs so much that the relative error of mean, "
                f"variance or value is about {error:.3g}: use more nodes and steps, or richardson"
            )
            if scheme == "monotone":
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


def _difference(fine: MFGSolution, coarse: MFGSolution) -> float:
    """Largest relative difference of mean and variance at the coarse times, and of the first value.

    The mean is measured in deviations of the law, or in its own range if that is larger; the
    variance at every time in itself; the value at time 0 in its range.
    """
    mean, variance, value = fine.mean[::2], fine.variance[::2], fine.u[0, ::2]
    spread = max(float(np.nanmax(np.sqrt(np.maximum(variance, 0)))), float(np.ptp(mean)))
    least = np.finfo(float).tiny
    parts = (
        np.abs(mean - coarse.mean) / max(spread, least),
        np.abs(variance - coarse.variance) / np.maximum(np.abs(variance), least),
        np.abs(value - coarse.u[0]) / max(float(np.ptp(value)), least),
    )
    return max(float(np.nanmax(part, initial=0.0)) for part in parts)
