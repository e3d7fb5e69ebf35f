"""Players with types of their own until min(tau, T), under hazard rates that move in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from flint import ctx

from eqsolve.derivation.derivation import derived
from eqsolve.errors import InputError
from eqsolve.game import Model
from eqsolve.game.hazard_rates import parse_hazard
from eqsolve.numbers import exact
from eqsolve.program.make import program
from eqsolve.rows import Types
from eqsolve.solve.answer import Answer
from eqsolve.solve.choice import Solved
from eqsolve.solve.everybody import Undetermined
from eqsolve.solve.joint import joint, with_averages
from eqsolve.solve.moving import hazard_letter, moves, with_end
from eqsolve.solve.play import NotFollowed
from eqsolve.solve.play_moving import Expectations, expectations
from eqsolve.solve.point import Point
from eqsolve.solve.types import PRECISIONS, counted, typed
from eqsolve.status import Status

#: Times at which a formula is asked whether it is negative.
ASKED = 1000


def course_of_types(
    model: Model,
    specs: Sequence[str],
    values: Mapping[str, object],
    times: Sequence[Fraction],
    *,
    horizon: object,
    at: Mapping[str, object] | None = None,
    size: int | None = None,
    selection: str | None = None,
) -> list[Answer]:
    """Solve a game of players who differ, once for several times; averages are given.

    Parameters
    ----------
    specs : the hazard rate of all, or one for every type in turn.
    times : at least one, none after the horizon.
    others : as for ``eqsolve.solve.moving.solve_moving``.

    Raises
    ------
    InputError
        If the game has no end, or the rates are not as many as the types.
    """
    if horizon is None:
        raise InputError(
            "players who differ need an end: whether their solution converges as it grows is not "
            "decided.",
            game=model.name,
            stage="input",
            remedy="Give the horizon an end, --horizon T.",
        )
    model = replace(model, outputs={})
    letter, last = hazard_letter(model), exact("horizon", horizon)
    ended, end = with_end(model)
    made = program(derived(ended))
    given = counted(made, {**values, letter.name: 1, end.name: last}, size)
    chosen, types, numbers = typed(made, given, at=at, size=size, selection=selection)
    hazards = [parse_hazard(spec) for spec in specs]
    if len(hazards) not in (1, len(numbers)):
        raise InputError(
            f"{len(hazards)} hazard rates of {len(numbers)} types: give one, or one for each.",
            game=model.name,
            stage="input",
        )
    for hazard in hazards:
        for k in range(ASKED + 1):
            hazard.rate(float(last) * k / ASKED)
    rates = hazards * len(numbers) if len(hazards) == 1 else hazards
    for bits in PRECISIONS:
        with ctx.workprec(bits):
            points = [
                Point(made, own, chosen, moves=moves(hazard, letter.name))
                for own, hazard in zip(numbers, rates)
            ]
            answers = _answers(points, types, times)
        if not any(answer.status is Status.DEGENERATE for answer in answers):
            break
    return answers


def _answers(points: Sequence[Point], types: Types, times: Sequence[Fraction]) -> list[Answer]:
    """The answers at all times from one solution of every type."""
    solved: list[Solved | Answer] | None = None
    expected: Expectations | str = ""
    answers = []
    for time in times:
        for point in points:
            point.numbers = replace(point.numbers, time=time)
        if solved is None:
            with_averages(points, types)
            solved = [point.solved() for point in points]
            found = [s.path for s in solved if not isinstance(s, Answer)]
            if len(found) == len(points):
                try:
                    expected = expectations(points, types, found)
                except (NotFollowed, Undetermined) as error:
                    expected = str(error)
        answers.append(joint(points, types, solved, expected))
    return answers
