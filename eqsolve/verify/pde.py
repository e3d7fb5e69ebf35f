"""The closed form against the grid solution of the extended HJB system."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from eqsolve.errors import InputError
from eqsolve.game import Game
from eqsolve.pde import GridSolution, solve_extended_hjb
from eqsolve.verify.check import Check

Array = NDArray[np.float64]
Claim = Mapping[sp.Expr, float]
Box = tuple[tuple[float, float], tuple[float, float]]

#: Nodes a side of the coarse and of the fine grid. The moments are quadratic in the states, for
#: which the differences are exact: both grids have rounding errors only.
NODES = (21, 41)
#: Boxes in the order they are tried. The first one is used where it can be: the others serve where
#: the policy changes sign in it or its linear systems are ill-conditioned. The choice depends on
#: the grid solution only, never on the claim. The comparison is made on the inner half.
BOXES: tuple[Box, ...] = (
    ((0.0, 2.0), (0.0, 2.0)),
    ((0.5, 1.5), (0.5, 1.5)),
    ((2.0, 4.0), (0.0, 2.0)),
    ((-2.0, 0.0), (0.0, 2.0)),
)
#: Largest error relative to the largest value on the window. Mostly 1e-12 is left.
ALLOWED = 1e-10
#: The grids must agree this much better than what is allowed, or they cannot judge.
MARGIN = 0.25


@dataclass(frozen=True)
class Referee:
    """A grid solution and whether it may judge.

    Attributes
    ----------
    solution : the fine grid's solution, with the coarse one's attached.
    box : where it was computed.
    floor : largest difference of policy or moments on the two grids, on the nodes of the inner
        window that they share, relative to the largest value there.
    reason : why it cannot judge, a sentence; empty if it can.
    """

    solution: GridSolution
    box: Box
    floor: float
    reason: str

    @property
    def note(self) -> str:
        """One sentence for a reader."""
        solution = self.solution
        sizes = ", ".join(
            f"{s.x.size} x {s.y.size}" for s in (solution.coarse, solution) if s is not None
        )
        (a, b), (c, d) = self.box
        where = f"Grids {sizes} on [{a:g}, {b:g}] x [{c:g}, {d:g}]"
        verdict = f" Not verified: {self.reason}." if self.reason else ""
        return f"{where}; status {solution.status}: {solution.message}.{verdict}"


def referee(
    game: Game,
    values: Mapping[sp.Symbol, sp.Expr] | Mapping[str, object],
    *,
    nodes: tuple[int, int] = NODES,
    boxes: Sequence[Box] = BOXES,
    allowed: float = ALLOWED,
) -> Referee:
    """Solve on two grids, on the first box where they can judge errors of ``allowed``.

    Where none can, the first box's solution is returned with the reason.

    Raises
    ------
    InputError
        If a number is missing or the game is out of scope.
    MissingPartError
        If the compiled solver is not installed.
    """
    first: Referee | None = None
    for box in boxes:
        solution = solve_extended_hjb(
            game,
            dict(values),
            box=box,
            nodes=nodes[1],
            coarse=nodes[0],
            refuse_infinite=False,
        )
        found = judged(solution, box, allowed)
        if not found.reason:
            return found
        first = first or found
        if not _box_dependent(solution):
            break
    assert first is not None
    return first


def judged(solution: GridSolution, box: Box, allowed: float = ALLOWED) -> Referee:
    """Decide whether a grid solution may judge errors of ``allowed``."""
    gap = floor(solution)
    if solution.status == "degenerate_policy":
        reason = "the policy changes sign in every box tried, where the diffusion degenerates"
    elif not solution.ok:
        reason = f"the grid's status is {solution.status}"
    elif gap > MARGIN * allowed:  # what is not a number is no refusal: the check fails
        reason = (
            f"the two grids agree to {gap:.2g} only, which is too little to judge errors of"
            f" {allowed:g}"
        )
    else:
        reason = ""
    return Referee(solution, box, gap, reason)


def _box_dependent(solution: GridSolution) -> bool:
    """Whether another box may help: not where waves grow at a policy of one sign, for the growth
    rate does not depend on the state then, nor where moments are infinite."""
    low, high = solution.diagnostics.get("policy_range") or (-math.inf, math.inf)
    one_sign = low > 0 or high < 0
    return solution.status != "moment_explosion" and not (
        solution.status == "short_wave_unstable" and one_sign
    )


def floor(solution: GridSolution) -> float:
    """Largest relative difference of the solutions on the two grids; NaN without a coarse one."""
    coarse = solution.coarse
    if coarse is None:
        return math.nan
    rows, columns = (
        _shared(fine[window], other)
        for fine, window, other in zip(
            (solution.x, solution.y), solution.inner, (coarse.x, coarse.y), strict=True
        )
    )
    gaps = []
    for name in ("policy", "G", "H"):
        mine = getattr(solution, name)[solution.inner][np.ix_(rows[0], columns[0])]
        theirs = getattr(coarse, name)[np.ix_(rows[1], columns[1])]
        gaps.append(relative_error(theirs, mine))
    return float(np.max(gaps))


def _shared(fine: Array, coarse: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices of nodes that two axes share."""
    i, j = np.nonzero(abs(fine[:, None] - coarse[None, :]) <= 1e-9 * (fine[-1] - fine[0]))
    if not i.size:
        raise InputError("the two grids share no nodes.", stage="grid")
    return i, j


def relative_error(claimed: Array, reference: Array) -> float:
    """Largest difference relative to the largest reference value; NaN if any value is NaN."""
    scale = float(abs(reference).max())
    return float(abs(claimed - reference).max()) / scale if scale > 0 else math.nan


def window(solution: GridSolution) -> list[Array]:
    """The states at the nodes of the inner window, one array each."""
    axes = (solution.x[solution.inner[0]], solution.y[solution.inner[1]])
    return list(np.meshgrid(*axes, indexing="ij"))


def monomial(game: Game, expression: sp.Expr, mesh: Sequence[Array]) -> Array:
    """A monomial of the states on a mesh."""
    powers = (sp.S.Zero + expression).as_powers_dict()
    factors = (
        part ** int(powers.get(state, 0))
        for part, state in zip(mesh, game.state_symbols, strict=True)
    )
    return np.asarray(math.prod(factors, start=np.ones(mesh[0].shape)))


def arrays(solution: GridSolution, game: Game) -> dict[str, Array]:
    """Policy and moments on the inner window, by name."""
    moments = (m.name for m in game.preference.moments)
    found = {"policy": solution.policy} | dict(zip(moments, (solution.G, solution.H), strict=True))
    return {name: array[solution.inner] for name, array in found.items()}


def grid_checks(
    game: Game,
    feedback: Claim,
    values: Mapping[sp.Symbol, sp.Expr],
    *,
    name: str,
    moments: Mapping[str, Claim] | None = None,
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
    One check for the policy, one for each moment, one for the agreement of the two grids. All of
    them are refused where the grid cannot judge.

    Raises
    ------
    InputError
        If a number is missing or the game is out of scope.
    MissingPartError
        If the compiled solver is not installed.
    """
    grid = referee(game, values, nodes=nodes, allowed=allowed)
    return compare(grid, game, feedback, moments or {}, name=name, allowed=allowed)


def compare(
    grid: Referee,
    game: Game,
    feedback: Claim,
    moments: Mapping[str, Claim],
    *,
    name: str,
    allowed: float,
) -> list[Check]:
    """Compare claims with a grid solution that is at hand; see :func:`grid_checks`."""
    found, refused = arrays(grid.solution, game), bool(grid.reason)
    checks = []
    for label, claim in ({"policy": feedback} | dict(moments)).items():
        value, reference, error = _worst(grid.solution, game, found[label], claim)
        checks.append(
            Check(
                name=f"{name}: {label}",
                game=game.name,
                kind="grid",
                value=value,
                reference=reference,
                error=error,
                allowed=allowed,
                note=grid.note,
                refused=refused,
            )
        )
    checks.append(
        Check(
            name=f"{name}: two grids",
            game=game.name,
            kind="grid",
            value=0.0,
            reference=0.0,
            error=grid.floor,
            allowed=allowed,
            note=grid.note,
            refused=refused,
        )
    )
    return checks


def _worst(
    solution: GridSolution, game: Game, reference: Array, claim: Claim
) -> tuple[float, float, float]:
    """Claim and reference where they differ most, and the difference relative to the largest.

    A value that is not a number anywhere on the window makes the error not a number.
    """
    mesh = window(solution)
    claimed = np.zeros(mesh[0].shape)
    for expression, coefficient in claim.items():
        claimed += coefficient * monomial(game, expression, mesh)
    # argmax takes the first number that is not a number
    gaps = abs(claimed - reference)
    at = np.unravel_index(int(np.argmax(gaps)), gaps.shape)
    return float(claimed[at]), float(reference[at]), relative_error(claimed, reference)
