"""What the solvers of the extended HJB system return."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from eqsolve.errors import InputError
from eqsolve.pde.coefficients import Array
from eqsolve.pde.edge import plain
from eqsolve.pde.told import Told
from eqsolve.schemas import SCHEMA

#: Statuses with which a solution may be used to judge a closed form.
USABLE = ("ok", "degenerate_policy")
#: Largest relative difference of the policies on two grids that counts as agreement.
CONSISTENT = 1e-8
#: The inner window, relative to half the box: boundary effects stay outside.
INNER = 0.5


@dataclass(frozen=True)
class GridSolution(Told):
    """Moments and policy of the extended HJB system at the nodes of a tensor grid.

    Attributes
    ----------
    game : name of the game.
    x, y : nodes, arrays (nx,), (ny,).
    G, H, policy : arrays (nx, ny), index [i, j] at (x[i], y[j]).
    status : ``ok``; ``degenerate_policy`` (converged, but the policy changes sign in the box);
        ``short_wave_unstable``, ``moment_explosion``, ``stagnated``, ``max_iterations``,
        ``step_rejected``, ``inconsistent_grids``: the solution must not be relied on.
    message : the status as a sentence with its numbers.
    diagnostics : evidence by name: steps, rejections, residual, residual_history, step_sizes,
        second_order_min (smallest curvature of the objective in the control),
        variance_eigenvalues (of the quadratic form of H - G^2), policy_range, policy_nonaffine,
        short_wave_growth and short_wave_number (of the linearized problem), woodbury_condition,
        undefined_policy_nodes, unknowns, half_bandwidth; policy_changes (of policy iteration);
        payoff_boxes and payoff_box_moments (of that check, if asked for); what is not known is
        None.
    coarse : the solution on the coarser grid, if one was asked for.
    disagreement : largest difference of the two policies on the inner window, relative to the
        largest policy there.
    V : array (nx, ny), the value of the objective.
    """

    game: str
    x: Array
    y: Array
    G: Array
    H: Array
    policy: Array
    status: str
    message: str
    diagnostics: Mapping[str, Any]
    coarse: GridSolution | None = None
    disagreement: float | None = None
    V: Array | None = None

    @property
    def ok(self) -> bool:
        """Whether the solution can be relied on."""
        return self.status in USABLE

    @cached_property
    def inner(self) -> tuple[slice, slice]:
        """Index ranges of the inner half of the box in each direction."""
        return inner_half(self.x), inner_half(self.y)

    def to_dict(self) -> dict[str, Any]:
        """Return a mapping of plain numbers, strings and lists; undefined numbers are None."""
        result: dict[str, Any] = {
            "schema": SCHEMA,
            "game": self.game,
            "status": self.status,
            "message": self.message,
            **self.diagnostics,
            "disagreement": self.disagreement,
        }
        result |= {name: getattr(self, name).tolist() for name in ("x", "y", "G", "H", "policy")}
        if self.coarse is not None:
            result["coarse"] = self.coarse.to_dict()
        found = plain(result)
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True)
class GridPath(Told):
    """Moments and policy over time, for the horizon min(tau, T).

    Attributes
    ----------
    game : name of the game.
    times : array (levels,), from 0 to T.
    hazard : array (levels,), the hazard rate.
    x, y : nodes, arrays (nx,), (ny,).
    G, H, policy, V : arrays (levels, nx, ny), index [k, i, j] at times[k], (x[i], y[j]); not a
        number at times that were not reached.
    status : ``ok``, ``degenerate_policy``, ``short_wave_unstable``, ``moment_explosion`` or
        ``step_rejected``, as for :class:`GridSolution`.
    message : the status as a sentence with its numbers.
    diagnostics : evidence by name: newton_steps (for each step of time, from T backward),
        residual, second_order_min, variance_eigenvalues, policy_range, short_wave_growth,
        short_wave_number, short_wave_exponent (growth of short waves over the horizon, a
        logarithm), woodbury_condition, unknowns, half_bandwidth.
    """

    game: str
    times: Array
    hazard: Array
    x: Array
    y: Array
    G: Array
    H: Array
    policy: Array
    V: Array
    status: str
    message: str
    diagnostics: Mapping[str, Any]

    @property
    def ok(self) -> bool:
        """Whether the solution can be relied on."""
        return self.status in USABLE

    @cached_property
    def inner(self) -> tuple[slice, slice]:
        """Index ranges of the inner half of the box in each direction."""
        return inner_half(self.x), inner_half(self.y)

    def to_dict(self) -> dict[str, Any]:
        """Return a mapping of plain numbers, strings and lists; undefined numbers are None."""
        arrays = ("times", "hazard", "x", "y", "G", "H", "policy")
        result: dict[str, Any] = {
            "schema": SCHEMA,
            "game": self.game,
            "status": self.status,
            "message": self.message,
            **self.diagnostics,
            **{name: getattr(self, name).tolist() for name in arrays},
        }
        found = plain(result)
        assert isinstance(found, dict)
        return found


def inner_half(nodes: Array) -> slice:
    """Index range of the nodes in the inner half of an interval."""
    center, half = 0.5 * (nodes[0] + nodes[-1]), 0.5 * (nodes[-1] - nodes[0])
    # a node on the edge of the window belongs to it whatever the rounding
    inside = np.flatnonzero(abs(nodes - center) <= INNER * half * (1 + 1e-9))
    return slice(int(inside[0]), int(inside[-1]) + 1)


def compared(fine: GridSolution, coarse: GridSolution) -> GridSolution:
    """Attach the coarse solution; the policies are compared where the grids share nodes."""
    shared = []
    for ours, theirs in ((fine.x[fine.inner[0]], coarse.x), (fine.y[fine.inner[1]], coarse.y)):
        close = abs(ours[:, None] - theirs[None, :]) <= 1e-9 * (ours[-1] - ours[0])
        shared.append(np.nonzero(close))
    (ix, jx), (iy, jy) = shared
    if not (ix.size and iy.size):
        raise InputError(
            "the two grids share no nodes.",
            game=fine.game,
            stage="input",
            remedy="Choose numbers of nodes such that one less divides the other, less one.",
        )
    policy = fine.policy[fine.inner][np.ix_(ix, iy)]
    gap = abs(policy - coarse.policy[np.ix_(jx, jy)]).max()
    if gap > 0:
        gap /= abs(policy).max()
    changes: dict[str, Any] = {"coarse": coarse, "disagreement": float(gap)}
    if fine.ok and not coarse.ok:
        changes["status"] = coarse.status
        changes["message"] = f"on the coarser grid: {coarse.message}"
    elif fine.ok and not gap <= CONSISTENT:
        changes["status"] = "inconsistent_grids"
        changes["message"] = (
            f"the policies on the two grids differ by {gap:.3g} relative to the largest, more"
            f" than {CONSISTENT:g}"
        )
    return dataclasses.replace(fine, **changes)
