"""From finitely many players to a continuum under a hazard rate that moves in time."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eqsolve.errors import InputError, NoSolutionError
from eqsolve.output import replacing
from eqsolve.schemas import SCHEMA
from eqsolve.studies.course import Course, coefficients
from eqsolve.studies.limit import MOST, extrapolated, observed_order

if TYPE_CHECKING:
    import pandas

Strategy = dict[str, float]


@dataclass(frozen=True)
class Moment:
    """The strategies of n players against those of a continuum at a time.

    Attributes
    ----------
    time : in calendar time.
    limit : the continuum's strategy.
    rows : for each n, the number of players and their strategy.
    rate_constants : limits of ``n (k_n - k)``, extrapolated from the two largest n.
    order : observed order; None where there are not two rows that differ from the limit.
    skipped : n and status where there is no equilibrium.
    """

    time: Fraction
    limit: Strategy
    rows: tuple[tuple[int, Strategy], ...]
    skipped: tuple[tuple[int, str], ...]

    @property
    def rate_constants(self) -> Strategy:
        """None of these where no number of players has an equilibrium."""
        return extrapolated(self.rows, self.limit)

    @property
    def order(self) -> float | None:
        """Minus the slope of the regression of ``log max |k_n - k|`` on ``log n``."""
        return observed_order(self.rows, self.limit)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "t": float(self.time),
            "limit": dict(self.limit),
            "rate_constants": self.rate_constants,
            "order": self.order,
            "rows": [{"n": n, **row} for n, row in self.rows],
            "skipped": [{"n": n, "status": status} for n, status in self.skipped],
        }


@dataclass(frozen=True)
class ConvergenceInTime:
    """A comparison at several times.

    Attributes
    ----------
    game, hazard : what was solved.
    moments : one for each time, ascending.
    """

    game: str
    hazard: str
    moments: tuple[Moment, ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "schema": SCHEMA,
            "game": self.game,
            "hazard": self.hazard,
            "moments": [moment.to_dict() for moment in self.moments],
        }

    @property
    def rows(self) -> list[dict[str, Any]]:
        """For every time the strategies of n players, the continuum's and the constants."""
        found: list[dict[str, Any]] = []
        for moment in self.moments:
            named = [(str(n), row) for n, row in moment.rows]
            named += [("continuum", moment.limit), ("n (k_n - k)", moment.rate_constants)]
            found += [{"t": float(moment.time), "n": name, **row} for name, row in named if row]
        return found

    def to_frame(self) -> pandas.DataFrame:
        """The rows as a table."""
        import pandas

        return pandas.DataFrame(self.rows)

    def write(self, path: str | Path) -> None:
        """Write the rows as CSV; the file appears when it is complete.

        Raises
        ------
        InputError
            If the file has another suffix than ``.csv`` or cannot be written.
        """
        if Path(path).suffix != ".csv":
            raise InputError(
                f"the rows are written as CSV, not to {str(path)!r}.",
                stage="converge",
                remedy="Use a name that ends in .csv.",
            )
        with replacing(Path(path)) as temporary, temporary.open("w", newline="") as file:
            table = csv.DictWriter(file, list(self.rows[0]), lineterminator="\n")
            table.writeheader()
            table.writerows(self.rows)


def converge_in_time(
    solved: Callable[[int | None], Course], counts: Sequence[int]
) -> ConvergenceInTime:
    """Compare the courses of each size with the continuum's.

    Parameters
    ----------
    solved : the course of n players, or of a continuum (None), at the same times.
    counts : numbers of players.

    Raises
    ------
    InputError
        If a number of players is not acceptable.
    NoSolutionError
        If the continuum has no equilibrium at one of the times.
    """
    if not counts or min(counts) < 1 or max(counts) > MOST:
        raise InputError(f"numbers of players lie between 1 and {MOST:.0e}.", stage="converge")
    limit = solved(None)
    for answer in limit.answers:
        if not answer.ok:
            status = answer.to_dict()["status"]
            raise NoSolutionError(answer.message, game=limit.game, stage=status)
    sizes = sorted(set(counts))
    courses = [solved(n) for n in sizes]
    moments = []
    for k, time in enumerate(limit.times):
        answers = [(n, course.answers[k]) for n, course in zip(sizes, courses)]
        rows = tuple((n, coefficients(answer)) for n, answer in answers if answer.ok)
        failed = tuple((n, answer.to_dict()["status"]) for n, answer in answers if not answer.ok)
        moments.append(Moment(time, coefficients(limit.answers[k]), rows, failed))
    return ConvergenceInTime(courses[0].game, limit.hazard, tuple(moments))
