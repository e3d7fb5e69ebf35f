"""The closed form against the grid solution of the extended HJB system."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from eqsolve.pde import GridSolution, solve_extended_hjb
from eqsolve.symbolic.game import Game
from eqsolve.verify.check import Check

Array = NDArray[np.float64]

#: Nodes a side of the coarse and of the fine grid. The moments are quadratic in the states, for
#: which the differences are exact: both grids have rounding errors only.
NODES = (21, 41)
#: The box; the comparison is made on its inner half, where each state is within 1/2 of 1.
BOX = ((0.0, 2.0), (0.0, 2.0))
#: Largest error relative to the largest value on the window. Mostly 1e-12 is left; the largest
#: error seen of a right closed form is 5e-10 (mean field, S1 with b = 0.18).
ALLOWED = 1e-9


def grid_checks(
    game: Game,
    feedback: Mapping[sp.Expr, float],
    values: Mapping[sp.Symbol, sp.Expr],
    *,
    name: str,
    moments: Mapping[str, Mapping[sp.Expr, float]] | None = None,
    nodes: tuple[int, int] = NODES,
    allowed: float = ALLOWED,
) -> list[Check]:
    """Compare a feedback, and moments if given, with the grid solution on two grids.

    Parameters
    ----------
    game : the decision problem, with two states.
    feedback : claimed coefficients of the states and of 1, by monomial.
    values : exact parameters and environment by symbol.
    name : what is checked, the start of the names of the checks.
    moments : claimed coefficients of the two moments by monomial of the states.
    nodes : nodes a side of the coarse and of the fine grid.
    allowed : largest error relative to the largest value on the inner window.

    Returns
    -------
    One check for the policy, one for each moment, one for the agreement of the two grids. None of
    them passes unless the solver's status is ``ok`` or ``degenerate_policy``.

    Raises
    ------
    InputError
        If a number is missing or the game is out of scope.
    MissingPartError
        If the compiled solver is not installed.
    """
    coarse, fine = nodes
    solution = solve_extended_hjb(game, dict(values), box=BOX, nodes=fine, coarse=coarse)
    return compare(solution, game, feedback, moments or {}, name=name, allowed=allowed)


def compare(
    solution: GridSolution,
    game: Game,
    feedback: Mapping[sp.Expr, float],
    moments: Mapping[str, Mapping[sp.Expr, float]],
    *,
    name: str,
    allowed: float,
) -> list[Check]:
    """Compare claims with a grid solution that is at hand; see :func:`grid_checks`."""
    sizes = ", ".join(
        f"{s.x.size} x {s.y.size}" for s in (solution.coarse, solution) if s is not None
    )
    note = f"Grids {sizes}; status {solution.status}: {solution.message}."
    arrays = {"policy": solution.policy} | dict(
        zip((m.name for m in game.preference.moments), (solution.G, solution.H), strict=True)
    )
    claims = {"policy": feedback, **moments}
    checks = []
    for label, claim in claims.items():
        value, reference, error = _worst(solution, game, arrays[label], claim)
        checks.append(
            Check(
                name=f"{name}: {label}",
                game=game.name,
                kind="grid",
                value=value,
                reference=reference,
                error=error if solution.ok else math.nan,
                allowed=allowed,
                note=note,
            )
        )
    gap = math.nan if solution.disagreement is None else solution.disagreement
    checks.append(
        Check(
            name=f"{name}: policy on two grids",
            game=game.name,
            kind="grid",
            value=0.0,
            reference=0.0,
            error=gap if solution.ok else math.nan,
            allowed=allowed,
            note=note,
        )
    )
    return checks


def _worst(
    solution: GridSolution, game: Game, array: Array, claim: Mapping[sp.Expr, float]
) -> tuple[float, float, float]:
    """Claim and reference where they differ most, and the difference relative to the largest.

    A value that is not a number anywhere on the window makes the error not a number.
    """
    window = solution.inner
    mesh = np.meshgrid(solution.x[window[0]], solution.y[window[1]], indexing="ij")
    claimed = np.zeros(mesh[0].shape)
    for monomial, coefficient in claim.items():
        powers = (sp.S.Zero + monomial).as_powers_dict()
        factors = (
            part ** int(powers.get(state, 0))
            for part, state in zip(mesh, game.state_symbols, strict=True)
        )
        claimed += coefficient * math.prod(factors, start=np.ones(claimed.shape))
    reference = array[window]
    gaps = abs(claimed - reference)
    # argmax takes the first number that is not a number
    at = np.unravel_index(int(np.argmax(gaps)), gaps.shape)
    scale = float(abs(reference).max())
    error = float(gaps[at]) / scale if scale > 0 else math.nan
    return float(claimed[at]), float(reference[at]), error
