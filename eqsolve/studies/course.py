"""An equilibrium as a function of time, under any hazard rate and up to any end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from eqsolve.errors import InputError
from eqsolve.numbers import exact

if TYPE_CHECKING:
    import pandas

#: Most times of a table.
MOST = 10_000


@dataclass(frozen=True)
class Course:
    """Answers at ascending times.

    Attributes
    ----------
    game, hazard : what was solved.
    times : in calendar time.
    answers : one for each.
    """

    game: str
    hazard: str
    times: tuple[Fraction, ...]
    answers: tuple[Any, ...]

    @property
    def ok(self) -> bool:
        """Whether there is an equilibrium at all times."""
        return all(answer.ok for answer in self.answers)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """For every time the status, the strategy's coefficients and what is obtained."""
        found = []
        for time, answer in zip(self.times, self.answers):
            told = answer.to_dict()
            row: dict[str, Any] = {"t": float(time), "status": told["status"]}
            row |= coefficients(answer) | _by_agent(told)
            here = told.get("at", {})
            row |= {name: value for name, value in here.items() if name not in row}
            found.append(row)
        return found

    def to_frame(self) -> pandas.DataFrame:
        """A row for every time."""
        import pandas

        return pandas.DataFrame(self.rows)


def coefficients(answer: Any) -> dict[str, float]:
    """The coefficients of an answer's strategy, by control and monomial."""
    found: dict[str, float] = {}
    told = answer.to_dict()
    for name, value in told.get("strategy", told.get("feedback", {})).items():
        own = value if isinstance(value, Mapping) else {name: value}
        lead = f"{name}_" if isinstance(value, Mapping) else "k_"
        found |= {f"{lead}{monomial}": number for monomial, number in own.items()}
    return found


def _by_agent(told: Mapping[str, Any]) -> dict[str, float]:
    """What is known of one agent after the other, as of those who differ."""
    lists = {name: found for name, found in told.items() if isinstance(found, list)}
    return {f"{name}_{k}": v for name, found in lists.items() for k, v in enumerate(found, 1)}


def evenly(text: str, game: str) -> list[Fraction]:
    """The times of ``START:STOP:COUNT``.

    Raises
    ------
    InputError
        If it is not written so.
    """
    parts = text.split(":")
    if len(parts) != 3 or not parts[2].isdecimal() or not 0 < int(parts[2]) <= MOST:
        raise InputError(
            f"{text!r} are no times.",
            game=game,
            stage="input",
            remedy=f"Write START:STOP:COUNT, of at most {MOST} times, as in 0:40:41.",
        )
    first, last, count = exact("t", parts[0]), exact("t", parts[1]), int(parts[2])
    return [first + (last - first) * k / max(count - 1, 1) for k in range(count)]


def course(
    game: Any,
    hazard: str,
    values: Mapping[str, object],
    times: Sequence[object],
    *,
    horizon: object = None,
    at: Mapping[str, object] | None = None,
    **how: Any,
) -> Course:
    """The equilibrium at several times; see ``eqsolve.course``."""
    from eqsolve.handle import Handle
    from eqsolve.solve.answer import Answer
    from eqsolve.solve.moving import Moving, moving_problem
    from eqsolve.words.hazard import course as course_of_family

    moments = sorted({exact("t", time) for time in times})
    if not moments or moments[0] < 0:
        raise InputError("times start from 0, and at least one is needed.", stage="input")
    end = None if horizon is None else exact("horizon", horizon)
    if end is not None and moments[-1] > end:
        raise InputError(f"t = {float(moments[-1]):g} is after the horizon.", stage="input")
    found: Sequence[Any]
    if isinstance(game, Handle):
        found = course_of_family(game, hazard, values, moments, horizon=horizon, at=at)
        name = game.name
    else:
        problem = moving_problem(game, hazard, values, horizon=horizon, **how)
        if isinstance(problem, Moving):
            found = problem.course(moments, at or {})
        else:
            from eqsolve.solve.solve import solve

            answer: Answer = solve(game, problem, at=at, **how)
            found = [answer] * len(moments)
        name = found[0].game
    return Course(name, hazard, tuple(moments), tuple(found))
