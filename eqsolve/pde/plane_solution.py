"""The solution of a mean-field game in two dimensions, and what it is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eqsolve.pde.edge import Array, plain
from eqsolve.pde.mfg_solution import USABLE
from eqsolve.pde.resolution import PlaneGaussian
from eqsolve.pde.told import Told
from eqsolve.schemas import SCHEMA

#: Relative error, and share of negative mass, above which nothing may be relied on.
UNRESOLVED = 1e-2
#: Exploitability, relative to the range of u, that contradicts convergence.
EXPLOITABLE = 1e-5


@dataclass(frozen=True)
class PlaneSolution(Told):
    """Value, density and controls of a mean-field game in two dimensions.

    Attributes
    ----------
    x, y, t : nodes (nx,), (ny,) and times (steps + 1,).
    u, m, control_x, control_y : arrays (steps + 1, nx, ny); controls are ``-H_i'(u_i)``.
    mean, covariance : of the law, (steps + 1, 2) and (steps + 1, 2, 2).
    status : ``ok``, ``not_converged``, ``newton_failed``, ``not_finite``, or ``unresolved`` (more
        than a hundredth of the mass is negative, or the grid of twice the widths differs by more).
    message : the status as a sentence with its numbers.
    diagnostics : ``iterations``, ``residual``, ``residual_history``, ``newton_iterations``,
        ``cost``, ``best_cost``, ``exploitability``, ``mass_error``, ``minimum_density``,
        ``boundary_mass``, ``discretization_error``: as in one dimension.
    """

    x: Array
    y: Array
    t: Array
    u: Array
    m: Array
    control_x: Array
    control_y: Array
    mean: Array
    covariance: Array
    status: str
    message: str
    diagnostics: Mapping[str, Any]

    @property
    def ok(self) -> bool:
        """Whether the solution can be relied on."""
        return self.status in USABLE

    def to_dict(self) -> dict[str, Any]:
        """Return a mapping of plain numbers, strings and lists; undefined numbers are None."""
        result: dict[str, Any] = {"schema": SCHEMA, "status": self.status, "message": self.message}
        names = ("x", "y", "t", "u", "m", "control_x", "control_y", "mean", "covariance")
        result |= {**self.diagnostics, **{name: getattr(self, name) for name in names}}
        return {name: plain(value) for name, value in result.items()}


def judged(
    found: dict[str, Any], axes: Sequence[Array], when: Array, weights: Array
) -> PlaneSolution:
    """The solution that the compiled module returns, with its moments and its status."""
    x, y = axes
    u, m = found.pop("u"), found.pop("m")
    masses = m * weights
    total = masses.sum(axis=(1, 2))
    mean = np.stack([(masses.sum(axis=2) @ x), (masses.sum(axis=1) @ y)], axis=-1) / total[:, None]
    apart = [np.subtract.outer(a, mean[:, i]).T for i, a in enumerate(axes)]
    covariance = np.empty((when.size, 2, 2))
    for i in range(2):
        square = apart[i] ** 2
        own = masses.sum(axis=2 - i)
        covariance[:, i, i] = np.einsum("ki,ki->k", own, square) / total
    mixed = np.einsum("kij,ki,kj->k", masses, apart[0], apart[1]) / total
    covariance[:, 0, 1] = covariance[:, 1, 0] = mixed
    ending, failed = found.pop("ending"), found.pop("failed_at")
    exploitability = found["cost"] - found["best_cost"]
    negative = -np.minimum(masses, 0.0).sum(axis=(1, 2))
    share = float((negative / np.abs(masses).sum(axis=(1, 2))).max())
    edge = np.ones(weights.shape, dtype=bool)
    edge[2:-2, 2:-2] = False
    diagnostics = {
        **found,
        "exploitability": exploitability,
        "minimum_density": float(m.min()),
        "boundary_mass": float(masses[:, edge].sum(axis=1).max()),
        "discretization_error": None,
    }
    unit = float(np.ptp(u.reshape(when.size, -1), axis=1).max()) + 1e-8 * float(np.abs(u).max())
    count, residual = found["iterations"], found["residual"]
    if ending in ("newton", "not_finite"):
        status = "newton_failed" if ending == "newton" else "not_finite"
        message = f"the step at time {failed:.4g} has no solution; use more steps, check the costs"
    elif share > UNRESOLVED:
        status = "unresolved"
        message = f"a share of {share:.3e} of the density is negative: use more nodes and steps"
    elif ending == "exhausted" or not abs(exploitability) <= EXPLOITABLE * unit:
        status = "not_converged"
        message = (
            f"after {count} evaluations the law changes by {residual:.3e}; exploitability "
            f"{exploitability:.3e}"
        )
    else:
        status = "ok"
        message = f"converged after {count} evaluations: the law changes by {residual:.3e}"
    controls = found.pop("control_x"), found.pop("control_y")
    del diagnostics["control_x"], diagnostics["control_y"]
    return PlaneSolution(
        x, y, when, u, m, *controls, mean, covariance, status, message, diagnostics
    )


def cut(
    found: PlaneSolution,
    initial: object,
    sides: Sequence[tuple[float, float]],
    ends: Sequence[str],
    weights: Array,
) -> PlaneSolution:
    """The solution, which is unresolved where the domain cuts the initial law off."""
    if isinstance(initial, PlaneGaussian):
        lost, about = initial.outside(sides), ""
    else:
        # a tail like a normal law's: beyond one deviation it holds less than this
        masses, lost, about = found.m[0] * weights, 0.0, "about "
        for i, (low, high) in enumerate(sides):
            if ends[i] == "open":
                width = (high - low) / (masses.shape[i] - 1)
                edge = masses.sum(axis=1 - i)[[0, -1]].sum() / (0.5 * width)
                lost += float(edge * np.sqrt(found.covariance[0, i, i]))
    if lost <= UNRESOLVED or not found.ok:
        return found
    message = f"the domain cuts {about}a share of {lost:.3e} of the initial law off: widen it"
    return replace(found, status="unresolved", message=message)


def compared(fine: PlaneSolution, coarse: PlaneSolution, order: int) -> PlaneSolution:
    """The solution with its error by one on the grid of twice the widths.

    Means are measured in deviations of the law, or in their range if that is larger; covariances
    in the product of deviations; the value at time 0 in its range.
    """
    if not coarse.ok:
        message = f"on the grid of twice the widths: {coarse.message}"
        return replace(fine, status="unresolved", message=message)
    mean, covariance = fine.mean[::2], fine.covariance[::2]
    deviation = np.sqrt(np.maximum(covariance[:, [0, 1], [0, 1]], np.finfo(float).tiny))
    spread = np.maximum(deviation.max(axis=0), np.ptp(mean, axis=0))
    unit = deviation[:, :, None] * deviation[:, None, :]
    value = fine.u[0, ::2, ::2]
    parts = (
        np.abs(mean - coarse.mean) / spread,
        np.abs(covariance - coarse.covariance) / unit,
        np.abs(value - coarse.u[0]) / max(float(np.ptp(value)), np.finfo(float).tiny),
    )
    error = max(float(part.max()) for part in parts) / (2**order - 1)
    diagnostics = {**fine.diagnostics, "discretization_error": error}
    if error <= UNRESOLVED:
        return replace(fine, diagnostics=diagnostics)
    message = (
        f"the grid of twice the widths differs so much that the relative error of mean, covariance "
        f"or value is about {error:.3g}: use more nodes and steps"
    )
    return replace(fine, status="unresolved", message=message, diagnostics=diagnostics)
