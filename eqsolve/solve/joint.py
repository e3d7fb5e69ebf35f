"""The equilibrium of types that respond to averages over the others: joint numbers, and a verdict.

Each type is solved at averages that are given; at the solutions chosen the averages follow from
everybody's responses. Whether expectations are finite is decided for each type by what its own
payoff reaches when everybody plays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from typing import Any

from flint import arb

from eqsolve.errors import InputError
from eqsolve.program.letters import Environment
from eqsolve.program.program import exact
from eqsolve.program.responses import Responses
from eqsolve.rows import Types
from eqsolve.solve.answer import Answer
from eqsolve.solve.choice import Solved
from eqsolve.solve.everybody import JOINT, Everybody, Feedback, Undetermined
from eqsolve.solve.merged import merged
from eqsolve.solve.path import center, rational
from eqsolve.solve.play import NotFollowed, Play
from eqsolve.solve.play_moving import Expectations
from eqsolve.solve.point import Point
from eqsolve.status import Status

#: Most joint equilibria that are listed; more are counted.
LISTED = 81
#: Why a type has no equilibrium.
GROWS = "When everybody plays, expectations grow at least as fast as they are discounted."


@dataclass(frozen=True)
class Outcome:
    """What follows from one choice of solutions.

    Attributes
    ----------
    everybody : the responses.
    feedback : every type's controls in states, where these are affine and the types few.
    play : the motion, where it is followed; else ``open`` says why not.
    growth : of every type's expectations, less the rate of discounting.
    expected : what is expected over time, where strategies move.
    """

    everybody: Everybody
    feedback: Sequence[Feedback]
    play: Play | None
    growth: Sequence[arb]
    open: str = ""
    expected: Expectations | None = None

    def status(self, k: int) -> Status:
        """Whether the expectations of a type are finite."""
        if not self.growth or self.growth[k] < 0:
            return Status.OK
        return Status.INFINITE_VARIANCE if self.growth[k] > 0 else Status.UNRESOLVED

    @property
    def statuses(self) -> list[Status]:
        """The same of all types."""
        return [self.status(k) for k in range(len(self.everybody.values))]


@dataclass(frozen=True)
class Together:
    """What all types decide and play.

    Attributes
    ----------
    solved : of every type the solution, or the answer that there is none.
    places : the states of all types with their laws, where they were given.
    chosen : what follows from the selected solutions; None if a type has none.
    whole : the averages over all players, where the states are known.
    """

    solved: Sequence[Solved | Answer]
    places: Sequence[Environment] | None
    chosen: Outcome | None
    whole: Mapping[str, arb]


def together(
    points: Sequence[Point],
    types: Types,
    solved: Sequence[Solved | Answer] | None = None,
    expected: Expectations | str = "",
) -> Together:
    """Solve all types, and tell every one what follows from all.

    Parameters
    ----------
    points : one for every type.
    types : their weights.
    solved : the solutions of all types, where they are known; else they are solved.
    expected : what these expect when strategies move in time, or why that is not known.

    Raises
    ------
    Undetermined
        If the averages do not follow from the responses.
    """
    with_averages(points, types)
    solved = [point.solved() for point in points] if solved is None else solved
    found = [s for s in solved if not isinstance(s, Answer)]
    if len(found) < len(solved):
        return Together(solved, None, None, {})
    chosen = _outcome(points, types, [s.path for s in found], expected)
    places = _places(points, chosen.everybody)
    return Together(solved, places, chosen, _inform(points, types, chosen, places))


def joint(
    points: Sequence[Point],
    types: Types,
    solved: Sequence[Solved | Answer] | None = None,
    expected: Expectations | str = "",
) -> Answer:
    """Solve all types and put them together; see :func:`together`."""
    try:
        every = together(points, types, solved, expected)
    except Undetermined as error:
        own = [p.refused(Status.DEGENERATE, str(error)) for p in points]
        return replace(merged(own, types, {}), message=str(error))
    solved, chosen, places = every.solved, every.chosen, every.places
    found = [s for s in solved if not isinstance(s, Answer)]
    if chosen is None:
        own = [
            s if isinstance(s, Answer) else p.refused(s.decision.status, s.decision.sentence)
            for p, s in zip(points, solved)
        ]
        return _told(merged(own, types, {}), [(a.status, a.message) for a in own])
    answers = [p.found(s) for p, s in zip(points, found)]
    statuses = [
        (s, a.message if s is Status.OK else GROWS) for s, a in zip(chosen.statuses, answers)
    ]
    own = [
        a if s is Status.OK else p.refused(s, m) for a, p, (s, m) in zip(answers, points, statuses)
    ]
    answer = merged(own, types, every.whole)
    equilibria, number = every_choice(points, types, found, places)
    more = [chosen.open] if answer.ok and chosen.open else []
    more += [how_many(number)] if number > 1 else []
    answer = replace(
        answer,
        message=" ".join([answer.message, *more]),
        roots=tuple({"type": k, **row} for k, s in enumerate(found, 1) for row in s.roots),
        equilibria=equilibria,
    )
    return _told(answer, statuses, [center(g) for g in chosen.growth])


def _inform(
    points: Sequence[Point],
    types: Types,
    chosen: Outcome,
    places: Sequence[Environment] | None,
) -> dict[str, arb]:
    """Tell every type what follows from all: averages, strategy and what is obtained.

    Returns the averages over all players, where the states are known.
    """
    whole: dict[str, arb] = {}
    if places is not None:
        everybody = chosen.everybody
        whole, others = everybody.averages(places, everybody.at(places))
        for k, point in enumerate(points):
            point.frozen = others[k]
            if chosen.play is not None and chosen.status(k) is Status.OK:
                over = chosen.expected
                functions = None if over is None else over.at(point.numbers.time)[k]
                objective, gain = chosen.play.outcome(k, places, functions)
                point.obtained = {"J": objective}
                if gain is not None:
                    point.obtained = {"J": objective, "exploitability": gain}
    for k, (point, own) in enumerate(zip(points, chosen.feedback)):
        point.strategy = _named(chosen.everybody.responses, own, types, k)
    return whole


def _told(
    answer: Answer, statuses: Sequence[tuple[Status, str]], growth: Sequence[float] = ()
) -> Answer:
    """The answer with what became of every type."""
    rows: list[dict[str, Any]] = [
        {"status": status.label, "message": message} for status, message in statuses
    ]
    if growth:
        rows = [{**row, "growth": value} for row, value in zip(rows, growth)]
    return replace(answer, types=tuple(rows))


def with_averages(points: Sequence[Point], types: Types) -> None:
    """Put the laws that the states of all types imply among their numbers.

    Raises
    ------
    InputError
        If a law was given that is another.
    """
    program = points[0].program
    assert program.given is not None and program.given.responses is not None
    own = program.given.responses
    for law in own.laws:
        if not law.implied or not all({*own.states} <= p.numbers.states.keys() for p in points):
            continue
        implied = Fraction(0)
        for weight, p in zip(types.weights, points):
            given = {name: rational(v) for name, v in p.numbers.states.items()}
            (value,) = exact(law.code, {**p.parameters, **given})
            assert value is not None, "averages of states are rational"
            implied += weight * Fraction(int(value.p), int(value.q))
        for p in points:
            told = p.numbers.states.get(law.name, implied)
            if told != implied:
                raise InputError(
                    f"{law.name} is {float(told):g}, but the types' {law.text} average to "
                    f"{float(implied):g}.",
                    game=program.game,
                    stage="input",
                    remedy=f"Leave out {law.name}.",
                )
            p.numbers = replace(p.numbers, states={**p.numbers.states, law.name: implied})


def _places(points: Sequence[Point], everybody: Everybody) -> list[dict[str, arb]] | None:
    """The states of all types with their laws, where they were given."""
    wanted = {*everybody.program.states}
    if not all(wanted <= p.numbers.states.keys() for p in points):
        return None
    return [{s: arb(rational(p.numbers.states[s])) for s in wanted} for p in points]


def _outcome(
    points: Sequence[Point],
    types: Types,
    paths: Sequence[Any],
    expected: Expectations | str = "",
) -> Outcome:
    """What follows from one solution of every type."""
    program = points[0].program
    values: list[Environment] = [
        p.environment(path.coefficients(p.numbers.time), p.numbers.time)
        for p, path in zip(points, paths)
    ]
    everybody = Everybody(program, types, values)
    if len(points) > JOINT:
        many = f"Beyond {JOINT} types the growth of expectations is not examined."
        return Outcome(everybody, (), None, (), many)
    if not everybody.responses.affine:
        return Outcome(everybody, (), None, (), "Controls are not affine in the states.")
    feedback = everybody.feedback(_places(points, everybody) or ())
    if not program.stationary:
        if isinstance(expected, str):
            return Outcome(everybody, feedback, None, (), expected)
        return Outcome(everybody, feedback, Play(everybody, feedback), (), "", expected)
    try:
        play = Play(everybody, feedback)
        growth = [play.growth(k) for k in range(len(points))]
    except NotFollowed as error:
        return Outcome(everybody, feedback, None, (), str(error))
    return Outcome(everybody, feedback, play, growth)


def how_many(number: int) -> str:
    """A sentence about several joint choices."""
    kind = "listed" if number <= LISTED else f"counted only: more than {LISTED}"
    return f"There are {number} joint choices of admissible solutions, {kind}."


def every_choice(
    points: Sequence[Point],
    types: Types,
    found: Sequence[Solved],
    places: Sequence[Environment] | None,
) -> tuple[tuple[dict[str, Any], ...], int]:
    """Every joint choice of admissible solutions, and how many there are."""
    number = math.prod(len(s.admissible) for s in found)
    if not 1 < number <= LISTED:
        return (), number
    rows = []
    for choice in product(*(s.admissible.items() for s in found)):
        row: dict[str, Any] = {
            "roots": [index + 1 for index, _ in choice],
            "selected": all(i == s.decision.selected for (i, _), s in zip(choice, found)),
        }
        try:
            outcome = _outcome(points, types, [path for _, path in choice])
            status = next((s for s in outcome.statuses if s is not Status.OK), Status.OK)
            row |= {"status": status.label}
            if outcome.growth:
                row["growth"] = [center(g) for g in outcome.growth]
            if places is not None:
                row |= _controls(points, outcome.everybody.at(places))
        except Undetermined as error:
            row |= {"status": Status.DEGENERATE.label, "message": str(error)}
        rows.append(row)
    return tuple(rows), number


def _controls(points: Sequence[Point], played: Sequence[Sequence[arb]]) -> dict[str, list[float]]:
    program = points[0].program
    assert program.given is not None and program.given.responses is not None
    names = program.given.responses.controls
    return {name: [center(row[c]) for row in played] for c, name in enumerate(names)}


def _named(
    own: Responses, feedback: Feedback, types: Types, k: int
) -> Mapping[str, Mapping[str, float]]:
    """The controls of a type by the names of states: ``x_j`` is that of type j, on average."""
    found = {}
    for c, control in enumerate(own.controls):
        row = {}
        if types.counts[k] != 1:
            row = {s: center(v) for s, v in zip(own.states, feedback.own[c])}
        for j, values in enumerate(feedback.averages[c], 1):
            row |= {f"{s}_{j}": center(v) for s, v in zip(own.states, values)}
        found[control] = {**row, "1": center(feedback.constant[c])}
    return found
