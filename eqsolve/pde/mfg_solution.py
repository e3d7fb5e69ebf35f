"""The solution of a mean-field game on a grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eqsolve.pde.edge import Array, plain
from eqsolve.pde.told import Told
from eqsolve.schemas import SCHEMA

#: Statuses with which a solution may be relied on.
USABLE = ("ok",)


@dataclass(frozen=True)
class MFGSolution(Told):
    """Value, density and control of a mean-field game at the nodes of a space-time grid.

    Attributes
    ----------
    x, t : nodes (nodes,) and times (steps + 1,). With ``richardson=True`` every second one. A
        stationary problem has the one time 0.
    u, m, control : value, density and optimal control a = -H'(u_x), arrays (steps + 1, nodes).
    mean, variance, control_mean : of the law of those who have not left at the times t, arrays
        (steps + 1,); NaN once nobody is left.
    status : ``ok``; ``multiple_found`` (another start led to another equilibrium, see
        ``alternative``); ``not_converged`` (the fixed point), ``newton_failed`` (the equation of
        one step), ``second_order_lost`` (a planner's stationary point is no minimum),
        ``outside_table`` (a gradient left the table of H), ``not_finite`` (a cost
        returned NaN or infinity), ``unresolved`` (more than a hundredth of the mass is negative,
        the grid of twice the widths differs by more than a hundredth, or the domain cuts a
        hundredth of the initial law off). Only with ``ok`` may the solution be relied on.
    message : the status as a sentence with its numbers.
    warnings : sentences on what a status does not say: negative density, mass at the ends of an
        open interval, an unresolved boundary layer.
    diagnostics : evidence by name.
        ``scheme`` used; ``iterations`` of the fixed point, ``residual`` and ``residual_history``
        (relative change of the law's functionals in one iteration); ``newton_iterations`` (total);
        ``ergodic_constant`` (long-run mean cost, of stationary problems without discount);
        ``cost`` (of the agents of m under their own control), ``best_cost`` (of the best response
        to m) and ``exploitability`` (their difference); ``mass_error`` (largest change of mass,
        exits included); ``stopped_mass`` (where agents may stop); ``exit_mass`` (left and right, at
        absorbing boundaries);
        ``solver_error`` (of the linear systems, as a change of mass); ``minimum_density``,
        ``negative_mass`` and ``boundary_mass``; ``cell_peclet`` (largest ``abs(H') h/(2 nu)``);
        ``other_starts`` (status and distance of each further start); ``error_estimate`` (of u and
        m, relative, with Richardson only); ``discretization_error`` (of mean, variance and u, by
        the grid of twice the widths; None if there is none); ``numerical_viscosity`` (the largest
        ``abs(H') h/2``, which the monotone scheme adds to nu).
    alternative : the other equilibrium, if one was found.
    """

    x: Array
    t: Array
    u: Array
    m: Array
    control: Array
    mean: Array
    variance: Array
    control_mean: Array
    status: str
    message: str
    warnings: tuple[str, ...]
    diagnostics: Mapping[str, Any]
    alternative: MFGSolution | None = None

    @classmethod
    def of(cls, found: dict[str, Any]) -> MFGSolution:
        """The solution that the compiled module returns."""
        alternative = found.pop("alternative", None)
        laws = ("mean", "variance", "control_mean")
        names = ("x", "t", "u", "m", "control", *laws, "status", "message")
        fields = {name: found.pop(name) for name in names}
        return cls(
            **fields,
            warnings=tuple(found.pop("warnings")),
            diagnostics=found,
            alternative=None if alternative is None else cls.of(alternative),
        )

    def at_rest(self) -> MFGSolution:
        """The solution of a problem without time: its last row."""
        names = ("t", "u", "m", "control", "mean", "variance", "control_mean")
        rows = {name: getattr(self, name)[-1:] for name in names}
        other = None if self.alternative is None else self.alternative.at_rest()
        return replace(self, **rows | {"t": np.zeros(1)}, alternative=other)

    @property
    def ok(self) -> bool:
        """Whether the solution can be relied on."""
        return self.status in USABLE

    def to_dict(self) -> dict[str, Any]:
        """Return a mapping of plain numbers, strings and lists; undefined numbers are None."""
        result: dict[str, Any] = {
            "schema": SCHEMA,
            "status": self.status,
            "message": self.message,
            "warnings": list(self.warnings),
            **self.diagnostics,
        }
        fields = ("x", "t", "u", "m", "control", "mean", "variance", "control_mean")
        result |= {name: getattr(self, name) for name in fields}
        if self.alternative is not None:
            result["alternative"] = self.alternative.to_dict()
        return {name: plain(value) for name, value in result.items()}
