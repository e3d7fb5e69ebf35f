"""Several populations: each plays a mean-field game, and pays for the laws of the others, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from eqsolve.pde.couplings import Coupling
from eqsolve.pde.edge import Progress, call, plain, refuse, shown
from eqsolve.pde.given import Given
from eqsolve.pde.hamiltonians import STAGE
from eqsolve.pde.mfg_solution import MFGSolution
from eqsolve.pde.told import Told
from eqsolve.schemas import SCHEMA

#: Most populations.
MOST = 20
#: What all populations have in common.
SHARED = (
    "domain nodes horizon steps times stationary boundary scheme damped_steps method tolerance "
    "max_iterations relaxation"
).split()


@dataclass(frozen=True)
class PopulationsSolution(Told):
    """An equilibrium of several populations.

    Attributes
    ----------
    solutions : of each population, with its own status and evidence.
    """

    solutions: tuple[MFGSolution, ...]

    @property
    def ok(self) -> bool:
        """Whether all can be relied on."""
        return all(solution.ok for solution in self.solutions)

    @property
    def status(self) -> str:
        """``ok``, or the status of the first population that is not."""
        return next((s.status for s in self.solutions if not s.ok), "ok")

    @property
    def message(self) -> str:
        """What is said of the first population that is not ``ok``, or of the last one."""
        told = list(enumerate(self.solutions, start=1))
        number, found = next(((i, s) for i, s in told if not s.ok), told[-1])
        return f"population {number}: {found.message}"

    def __iter__(self) -> Iterator[MFGSolution]:
        return iter(self.solutions)

    def to_dict(self) -> dict[str, Any]:
        """Return a mapping of plain numbers, strings and lists; undefined numbers are None."""
        parts = [solution.to_dict() for solution in self.solutions]
        head = {"schema": SCHEMA, "status": self.status, "message": self.message}
        return {**head, "populations": plain(parts)}


def solve_mfg_populations(
    populations: Sequence[Mapping[str, Any]],
    others: Sequence[Sequence[Coupling | None]],
    *,
    check: bool = True,
    progress: Progress | None = None,
    **shared: Any,
) -> PopulationsSolution:
    """Solve the mean-field game of several populations on one interval.

    Parameters
    ----------
    populations : for each the arguments of `solve_mfg` that are its own: ``viscosity``,
        ``drift``, ``discount``, ``initial``, ``running``, ``terminal``, ``hamiltonian``,
        ``stopping``, ``exit_costs``.
    others : entry ``[i][j]`` is the running cost of population i for the law of population j, a
        `Coupling` or None; on the diagonal None.
    check : solve on the grid of twice the widths, too.
    progress : as in `solve_mfg`.
    shared : the arguments of `solve_mfg` that all have in common, such as ``domain``, ``nodes``,
        ``horizon``, ``steps``, ``boundary``, ``method``.

    Raises
    ------
    InputError
        If an argument is outside its domain; names the argument, its value and the remedy.
    """
    count = len(populations)
    if not 1 <= count <= MOST:
        refuse(STAGE, "populations", f"a list of {count}", f"choose 1 to {MOST}")
    square = len(others) == count and all(len(row) == count for row in others)
    if not square or any(row[i] is not None for i, row in enumerate(others)):
        needed = f"{count} rows of {count} entries are needed, None on the diagonal"
        refuse(STAGE, "others", shown(others), needed)
    own = set(Given.__dataclass_fields__) - {
        *(*SHARED, "richardson", "starts", "mass_source", "planner"),
    }
    for names, known in ((shared, SHARED), *((population, own) for population in populations)):
        for name in names:
            if name not in known:
                place = "an argument of all" if names is shared else "of one population"
                refuse(STAGE, name, place, f"known there: {', '.join(sorted(known))}")
    for name, places in (("domain", [shared]), ("viscosity", populations)):
        if any(name not in place for place in places):
            refuse(STAGE, name, "missing", "it is needed")
    given = [Given(**{**shared, **population}, starts=1) for population in populations]
    found = _solved(given, others, progress)
    if not check:
        return found
    coarse: list[MFGSolution | None] = [None] * count
    if found.ok and given[0].half.possible:
        grid = given[0].half
        below = [
            one.halved(solution.diagnostics["scheme"])
            for one, solution in zip(given, found, strict=True)
        ]
        rows = [[part and grid.coupling(part) for part in row] for row in others]
        coarse = list(_solved(below, rows, None))
    judged = (one.judged(fine, half) for one, fine, half in zip(given, found, coarse, strict=True))
    return replace(found, solutions=tuple(judged))


def _solved(
    given: Sequence[Given], others: Sequence[Sequence[Coupling | None]], progress: Progress | None
) -> PopulationsSolution:
    x, middles = given[0].x, given[0].middles
    rows = [[part and part.encoded(x, middles) for part in row] for row in others]
    games = [(one.game, one.options | {"progress": progress}) for one in given]
    found: Any = call(STAGE, "solve_mfg_populations", games, rows)
    solutions = [MFGSolution.of(part) for part in found]
    if given[0].stationary:
        solutions = [solution.at_rest() for solution in solutions]
    return PopulationsSolution(tuple(solutions))
