"""Where no time ends a declared game: an end that is put off until the start no longer moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np

from eqsolve.pde.edge import Array
from eqsolve.pde.mfg_solution import MFGSolution
from eqsolve.pde.plane_solution import PlaneSolution

#: Most ends that are tried.
TRIES = 5
#: Relative change of the strategy at the start, where the end is put off to twice the time.
SETTLED = 1e-3

S = TypeVar("S", MFGSolution, PlaneSolution)


def settled(
    solve: Callable[[float, int], S], start: Callable[[S], Array], horizon: float, steps: int
) -> S:
    """Solve up to later and later ends.

    Parameters
    ----------
    solve : takes an end and the number of steps.
    start : the strategy at time 0, at places that stay the same.
    horizon, steps : the first ones; both are doubled.

    Returns
    -------
    The first solution that is not ``ok`` or does not move the start, else the last one, which is
    unresolved.
    """
    solution = solve(horizon, steps)
    gap = np.nan
    for _ in range(TRIES - 1):
        if not solution.ok:
            return solution
        before, horizon, steps = start(solution), 2 * horizon, 2 * steps
        solution = solve(horizon, steps)
        now = start(solution)
        gap = float(np.max(np.abs(now - before)) / np.max(np.abs(now)))
        if gap < SETTLED:
            return solution
    if not solution.ok:
        return solution
    message = f"putting off the end from {horizon / 2:g} to {horizon:g} moves the strategy "
    message += f"at the start by {gap:.1e}, relative"
    return replace(solution, status="unresolved", message=message)
