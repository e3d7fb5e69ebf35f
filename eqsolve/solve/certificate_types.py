"""Certificates of players with types of their own: of each one, and of what they play together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flint import arb, ctx

from eqsolve.arithmetic.code import Folding
from eqsolve.arithmetic.recorded import InexactError, Recorded
from eqsolve.errors import NoSolutionError
from eqsolve.inputs import Values
from eqsolve.program.program import Averaging, Program
from eqsolve.rows import Types
from eqsolve.solve.answer import Answer
from eqsolve.solve.certificate import Writer, code_data, empty, refused, shown, whole
from eqsolve.solve.everybody import JOINT, Everybody, Feedback, Undetermined
from eqsolve.solve.joint import together
from eqsolve.solve.path import rational
from eqsolve.solve.play import NotFollowed, Play
from eqsolve.solve.point import BITS, Point
from eqsolve.solve.results import USABLE
from eqsolve.solve.types import PRECISIONS, averages, typed

#: Numbers of one type by name, recorded.
Letters = dict[str, Any]


def certificate_of_types(
    program: Program,
    values: Mapping[str, object],
    *,
    at: Mapping[str, object] | None = None,
    size: int | None = None,
    selection: str | None = None,
) -> dict[str, Any]:
    """What shows that the answer is right, as values of JSON; see ``certificate``.

    Raises
    ------
    NoSolutionError
        If there is no equilibrium.
    InputError
        If a name or value is not acceptable, or the proof is of no kind that the file can hold.
    """
    chosen, types, numbers = typed(program, values, at=at, size=size, selection=selection)
    if program.given is None:
        with ctx.workprec(BITS):
            found = None if program.averaging is None else averages(program, numbers, types)
            if found is None:
                raise refused(program, "where the averages over types are no rational numbers")
            points = [Point(program, n, chosen, found) for n in numbers]
            document = _parts(program, points, [point.answer() for point in points])
            return whole(document | {"averages": _averages(program.averaging, points, types)})
    return jointly(program, numbers, types, chosen)


def jointly(
    program: Program, numbers: Sequence[Values], types: Types, selection: str
) -> dict[str, Any]:
    """The same of types that respond to averages over the others.

    Raises
    ------
    NoSolutionError, InputError
        As for ``certificate_of_types``.
    """
    message = ""
    for bits in PRECISIONS:
        with ctx.workprec(bits):
            try:
                return _jointly([Point(program, n, selection) for n in numbers], types)
            except Undetermined as error:
                message = str(error)
    raise NoSolutionError(message, game=program.game, stage="laws")


def _jointly(points: Sequence[Point], types: Types) -> dict[str, Any]:
    program, found = points[0].program, together(points, types)
    answers = [s if isinstance(s, Answer) else p.found(s) for p, s in zip(points, found.solved)]
    document = _parts(program, points, answers)
    if not found.chosen or not found.chosen.feedback:
        raise refused(program, f"of more than {JOINT} types, or of controls that are not affine")
    try:
        return whole(document | _Together(points, types, found.chosen.everybody).document())
    except InexactError:
        raise refused(program, "where a number of the game is not rational") from None


def _parts(program: Program, points: Sequence[Point], answers: Sequence[Answer]) -> dict[str, Any]:
    """A document of every type."""
    for k, answer in enumerate(answers, 1):
        if answer.status not in USABLE:
            raise NoSolutionError(
                f"Type {k}: {answer.message}", game=program.game, stage=answer.status.label
            )
    parts = [Writer(point, answer).document() for point, answer in zip(points, answers)]
    return empty(program.game) | {"notion": program.notion, "types": parts}


def _averages(own: Averaging | None, points: Sequence[Point], types: Types) -> list[list[Any]]:
    """Of every average the program of what it differs by from the sum over types: 0."""
    assert own is not None
    builder = Folding([f"{name}_{k}" for k, p in enumerate(points, 1) for name in p.parameters])
    letters = [_letters(builder, k, p.balls) for k, p in enumerate(points, 1)]
    step, names = 1 + own.coupled, own.averages
    totals: list[Any] = [letters[0][name] for name in names]
    for row, weight, share in zip(letters, types.weights, types.shares):
        first, rest = own.system.within(row), own.rest.within(row)
        for i, power in enumerate(own.powers):
            term = rest[i - own.coupled] if i >= own.coupled else first[i * step]
            for j, name in enumerate(names[: own.coupled] if i < own.coupled else ()):
                term = term + first[i * step + 1 + j] * row[name]
            totals[i] = totals[i] - term * rational(weight * share ** (power - 1))
    return [[name, _code(builder, [total])] for name, total in zip(names, totals)]


def _letters(builder: Folding, k: int, values: Mapping[str, arb]) -> Letters:
    """The numbers of a type, recorded under their names in the whole document."""
    places = {name: node for node, name in enumerate(builder.arguments)}
    return {n: Recorded(builder, places[f"{n}_{k}"], v) for n, v in values.items()}


def _code(builder: Folding, numbers: Sequence[Any]) -> dict[str, Any]:
    code = builder.code([number.node for number in numbers])
    return code_data(code.only(range(len(numbers))))


class _Together:
    """What everybody plays, as programs of the solutions of all types."""

    def __init__(self, points: Sequence[Point], types: Types, everybody: Everybody) -> None:
        self.points, self.types, self.known = points, types, everybody
        self.program, self.own = everybody.program, everybody.responses
        self.controls, self.states = self.own.controls, self.own.states
        names = [f"{n}_{k}" for k, v in enumerate(everybody.values, 1) for n in v]
        self.count = len(points)
        kinds = range(1, self.count + 1)
        #: where the states of all types are: all at zero, or one state of one type at one
        self.units = [(k, s) for k in range(self.count) for s in range(len(self.states))]
        columns = ["at zero", *(f"at {self.states[s]}_{k + 1}" for k, s in self.units)]
        self.columns = [
            [f"{c}_{k} {column}" for k in kinds for c in self.controls] for column in columns
        ]
        self.alone = [
            [f"{c}_{k} alone at {s}" for c in self.controls] for k in kinds for s in self.states
        ]
        solved = [name for group in (*self.columns, *self.alone) for name in group]
        self.builder = Folding([*names, *solved])
        values: list[Any] = [
            _letters(self.builder, k, v) for k, v in enumerate(everybody.values, 1)
        ]
        self.one = next(iter(values[0].values())).constant(1)
        self.zero = self.one.constant(0)
        self.everybody = Everybody(self.program, types, values)
        exact: Any = [self.one.constant(rational(w)) for w in types.weights]
        self.everybody.weights = exact
        shares: Any = [self.one.constant(rational(s)) for s in types.shares]
        self.everybody.shares = shares

    def document(self) -> dict[str, Any]:
        """What the file says of all types together."""
        feedback = self._feedback()
        found: dict[str, Any] = {"fixed": self._fixed(), "results": self._results(feedback)}
        if not self.program.stationary:
            return found
        try:
            play = Play(self.everybody, feedback)
            return found | {"play": [self._growth(play, k) for k in range(self.count)]}
        except NotFollowed as error:
            return found | {"open": [f"Growth in play is not shown. {error}"]}

    # -- the linear systems ---------------------------------------------------------------------

    def _row(self, k: int, place: Letters) -> tuple[list[list[Any]], ...]:
        """Of a type: response at zero and its slopes, what is averaged at zero and its slopes."""
        size, many = len(self.controls), self.own.entering
        numbers = iter(self.own.table.within({**self.everybody.values[k], **place}))
        shapes = ((size, 1), (size, many), (many, 1), (many, size))
        still, slopes, zero, load = (
            [[next(numbers) for _ in range(width)] for _ in range(height)]
            for height, width in shapes
        )
        return still, slopes, zero, load

    def _place(self, unit: tuple[int, int] | None) -> list[Letters]:
        found = [
            {s: self.one if unit == (k, i) else self.zero for i, s in enumerate(self.states)}
            for k in range(self.count)
        ]
        return self.everybody.with_laws(found)

    def _fixed(self) -> list[list[Any]]:
        """Linear systems with their letters: everybody's controls, and each one's reaction."""
        found = []
        for names, unit in zip(self.columns, [None, *self.units]):
            rows = [self._row(k, place) for k, place in enumerate(self._place(unit))]
            found.append([names, self._system(rows)])
        groups = iter(self.alone)
        for k in range(self.count):
            for state in self.states:
                names = next(groups)
                if self.types.counts[k] != 1:
                    found.append([names, self._reaction(k, state)])
        return found

    def _system(self, rows: Sequence[tuple[list[list[Any]], ...]]) -> dict[str, Any]:
        weights, shares = self.everybody.weights, self.everybody.shares
        matrix, right = [], []
        for k, (still, slopes, *_) in enumerate(rows):
            parts = [w - shares[k] if j == k else w for j, w in enumerate(weights)]
            for c in range(len(self.controls)):
                total = still[c][0]
                for w, (*_, zero, load) in zip(parts, rows):
                    total = total + sum((a * z[0] for a, z in zip(slopes[c], zero)), self.zero) * w
                right.append(total)
                for j, (w, (*_, load)) in enumerate(zip(parts, rows)):
                    for d in range(len(self.controls)):
                        part = sum((a * b[d] for a, b in zip(slopes[c], load)), self.zero)
                        matrix.append(self.one * int((k, c) == (j, d)) - part * w)
        return _code(self.builder, [*matrix, *right])

    def _reaction(self, k: int, state: str) -> dict[str, Any]:
        """Slopes of one player's controls in an own state, the averages over all being held."""
        share, size = self.everybody.shares[k], len(self.controls)
        still = dict.fromkeys(self.program.states, self.zero)
        base, moved = self._row(k, still), self._row(k, {**still, state: self.one})
        _, slopes, _, load = base
        matrix = [
            self.one * int(c == d)
            + sum((a * b[d] for a, b in zip(slopes[c], load)), self.zero) * share
            for c in range(size)
            for d in range(size)
        ]

        def right(row: tuple[list[list[Any]], ...], c: int) -> Any:
            first, own, zero, _ = row
            return first[c][0] - sum((a * z[0] for a, z in zip(own[c], zero)), self.zero) * share

        return _code(
            self.builder, [*matrix, *(right(moved, c) - right(base, c) for c in range(size))]
        )

    # -- what is played -------------------------------------------------------------------------

    def _feedback(self) -> list[Feedback]:
        """Every type's controls in states, in the letters of the linear systems."""
        size, states = len(self.controls), len(self.states)
        known = self.known.feedback()
        nodes = {name: node for node, name in enumerate(self.builder.arguments)}
        columns = {unit: names for unit, names in zip([None, *self.units], self.columns)}

        def letter(name: str, value: arb) -> Any:
            return Recorded(self.builder, nodes[name], value)

        found: list[Any] = []
        for k, ball in enumerate(known):
            several = self.types.counts[k] != 1
            own, slopes, constant = [], [], []
            for c in range(size):
                alone = [
                    letter(self.alone[k * states + s][c], v) if several else self.zero
                    for s, v in enumerate(ball.own[c])
                ]
                place, level = k * size + c, ball.constant[c]
                rest = letter(columns[None][place], level)
                rows: list[list[Any]] = []
                for j, row in enumerate(ball.averages[c]):
                    given = alone if j == k else [self.zero] * states
                    rows.append(
                        [
                            letter(columns[j, s][place], v + one.value + level) - rest - one
                            for s, (v, one) in enumerate(zip(row, given))
                        ]
                    )
                own.append(alone)
                slopes.append(rows)
                constant.append(rest)
            found.append(Feedback(own, slopes, constant))
        return found

    def _results(self, feedback: Sequence[Feedback]) -> list[list[Any]]:
        """Names, programs and doubles of the strategy."""
        found = []
        for k, (point, own) in enumerate(zip(self.points, feedback)):
            for c, control in enumerate(self.controls):
                numbers = dict(zip(self.states, own.own[c])) | {"1": own.constant[c]}
                for j, row in enumerate(own.averages[c], 1):
                    numbers |= {f"{s}_{j}": v for s, v in zip(self.states, row)}
                for name, value in point.strategy[control].items():
                    title = f"strategy.{control}_{k + 1}.{name}"
                    found.append([title, _code(self.builder, [numbers[name]]), value])
        return found

    def _growth(self, play: Play, k: int) -> list[Any]:
        """The growth of what a type is paid for, and its Lyapunov function."""
        payoffs, rows = play.reached(k)
        basis = list(rows)
        entries = [[self.zero + rows[f].get(g, 0) for g in basis] for f in basis]
        assert self.own.motion is not None
        (rate,) = self.own.motion.rate.within(self.everybody.values[k])
        system = {
            "functions": [" ".join(map(str, f)) or "1" for f in basis],
            "matrix": _code(self.builder, [v for row in entries for v in row]),
            "rate": _code(self.builder, [rate]),
            "start": [
                _code(self.builder, [self.zero + p.get(f, 0) for p in payoffs]) for f in basis
            ],
        }
        balls = [[v.value for v in row] for row in entries]
        return [system, shown(self.program, balls, range(len(basis)), rate.value)]
