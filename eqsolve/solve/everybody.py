"""What everybody plays where each type responds to averages over the others, in balls.

The response of a type is affine in the averages, and the averages are sums over the types: they
solve a linear system of their own size, however many types there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flint import arb, arb_mat

from eqsolve.arithmetic.number import UndecidedError
from eqsolve.arithmetic.singular import described, solutions
from eqsolve.program.letters import Environment
from eqsolve.program.program import Program
from eqsolve.rows import Types
from eqsolve.solve.path import rational

#: Most types whose controls are given in the states of all of them.
JOINT = 8

#: Balls of all types' controls: by type, then by control.
Controls = list[list[arb]]


class Undetermined(Exception):
    """The averages do not follow from the responses; the message is a sentence.

    ``numbers`` are the ``solutions`` of a singular system that has some.
    """

    def __init__(self, message: str, numbers: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.numbers = dict(numbers or {})


@dataclass(frozen=True)
class Feedback:
    """The controls of a player of one type as affine functions of states.

    Attributes
    ----------
    own : by control and state, the coefficient of the player's own state.
    averages : by control, type and state, that of the average over all players of a type.
    constant : by control.
    """

    own: list[list[arb]]
    averages: list[list[list[arb]]]
    constant: list[arb]


class Everybody:
    """The responses of all types, each at one of its solutions.

    Parameters
    ----------
    program : of a game of players with types of their own, with the notion given.
    types : their weights.
    values : for every type, balls for parameters, coefficients and the time.
    """

    #: The kind of its matrices, and its zero and one.
    matrix: Any = arb_mat
    zero: Any = arb(0)
    one: Any = arb(1)

    def __init__(self, program: Program, types: Types, values: Sequence[Environment]) -> None:
        assert program.given is not None and program.given.responses is not None
        self.program, self.types, self.values = program, types, values
        self.responses = program.given.responses
        self.controls, self.states = self.responses.controls, self.responses.states
        self.weights = [arb(rational(w)) for w in types.weights]
        self.shares = [arb(rational(s)) for s in types.shares]

    def at(self, places: Sequence[Environment]) -> Controls:
        """The controls of every type, at the states and laws of states of every type.

        Raises
        ------
        Undetermined
            If the averages have no solution, or more than one.
        """
        return self._solved([places])[0]

    def averages(
        self, places: Sequence[Environment], played: Controls
    ) -> tuple[dict[str, arb], list[dict[str, arb]]]:
        """The averages over all players, and for every type those over the others."""
        own = self.responses
        terms = [
            own.terms.within({**values, **place, **dict(zip(self.controls, row))})
            for values, place, row in zip(self.values, places, played)
        ]
        whole: dict[str, arb] = {}
        others: list[dict[str, arb]] = [{} for _ in terms]
        for j, (total, name, power) in enumerate(zip(own.totals, own.averages, own.powers)):
            parts = zip(self.weights, self.shares, terms)
            whole[total] = sum((w * s ** (power - 1) * row[j] for w, s, row in parts), arb(0))
            for table, share, row in zip(others, self.shares, terms):
                table[name] = whole[total] - share**power * row[j]
        return whole, others

    def feedback(self, first: Sequence[Environment] = ()) -> list[Feedback]:
        """Every type's controls in states; of averages over types, one player is its own.

        Parameters
        ----------
        first : states and laws at which solutions are told where there is more than one.

        Raises
        ------
        Undetermined
            As for ``at``.
        """
        count, size = len(self.values), len(self.states)
        units = [(k, s) for k in range(count) for s in range(size)]
        columns = [self.places({}), *(self.places({unit: self.one}) for unit in units)]
        solved = self._solved([first, *columns] if first else columns)
        rest, *found = solved[-len(columns) :]
        feedback = []
        for k, (share, weight) in enumerate(zip(self.shares, self.weights)):
            own = self._alone(k)
            averages = [
                [
                    [found[j * size + s][k][c] - rest[k][c] for s in range(size)]
                    for j in range(count)
                ]
                for c in range(len(self.controls))
            ]
            for c, row in enumerate(averages):
                row[k] = [v - own[c][s] for s, v in enumerate(row[k])]
            feedback.append(Feedback(own, averages, rest[k]))
        return feedback

    def places(self, moved: dict[tuple[int, int], arb]) -> list[dict[str, arb]]:
        """States by type with the laws that they imply; those not among ``moved`` are 0."""
        found = [
            {s: moved.get((k, i), self.zero) for i, s in enumerate(self.states)}
            for k in range(len(self.values))
        ]
        return self.with_laws(found)

    def with_laws(self, found: list[dict[str, arb]]) -> list[dict[str, arb]]:
        """Add the laws of states that the states of all types imply."""
        for law in self.responses.laws:
            if law.implied:
                parts = [
                    w * law.code.within({**v, **p})[0]
                    for w, v, p in zip(self.weights, self.values, found)
                ]
                for place in found:
                    place[law.name] = sum(parts, self.zero)
        return found

    # -- the linear system ----------------------------------------------------------------------

    def row(self, k: int, place: Environment) -> tuple[arb_mat, ...]:
        """Of a type: response at zero and its slopes, what is averaged at zero and its slopes."""
        numbers = self.responses.table.within({**self.values[k], **place})
        return blocks(numbers, len(self.controls), self.responses.entering, self.matrix)

    def _alone(self, k: int) -> list[list[arb]]:
        """Slopes of one player's controls in the own states, the averages over all being held.

        A player who is the only one of a type has none beside those in the average of the type.
        """
        count = len(self.states)
        if self.types.counts[k] == 1:
            return [[arb(0)] * count for _ in self.controls]
        still = dict.fromkeys(self.program.states, self.zero)
        places = [still, *({**still, s: self.one} for s in self.states)]
        try:
            rest, *moved = (
                _column(_reaction(self.row(k, place), self.shares[k])[0]) for place in places
            )
        except ZeroDivisionError:
            raise Undetermined(
                f"The reaction of type {k + 1} to its own part of the averages is singular."
            ) from None
        return [[m[c] - rest[c] for m in moved] for c in range(len(self.controls))]

    def _solved(self, columns: Sequence[Sequence[Environment]]) -> list[Controls]:
        """The controls at several places of all types."""
        many, found = self.responses.entering, []
        for places in columns:
            rows = [self.row(k, place) for k, place in enumerate(places)]
            matrix = identity(many, self.matrix)
            right = self.matrix(many, 1)
            try:
                parts = [_reaction(row, s) for row, s in zip(rows, self.shares)]
                for w, (*_, zero, load), (still, slopes) in zip(self.weights, rows, parts):
                    right += (zero + load * still) * w
                    matrix -= (load * slopes) * w
                solved: Any = matrix.solve(right)
            except ZeroDivisionError:
                return self._jointly(columns)
            found.append([_column(still + slopes * solved) for still, slopes in parts])
        return found

    def system(
        self, columns: Sequence[Sequence[Environment]]
    ) -> tuple[list[list[arb]], list[list[arb]]]:
        """The linear system of everybody's controls: its matrix, and right sides at places."""
        count, size = len(self.values), len(self.controls)
        matrix: list[list[arb]] = []
        rights: list[list[arb]] = []
        for places in columns:
            rows = [self.row(k, place) for k, place in enumerate(places)]
            matrix, right = [], []
            for k, (still, slopes, *_) in enumerate(rows):
                parts = [w - self.shares[k] if j == k else w for j, w in enumerate(self.weights)]
                blocks = [slopes * load * w for w, (*_, load) in zip(parts, rows)]
                rest = still
                for w, (*_, zero, _load) in zip(parts, rows):
                    rest = rest + slopes * zero * w
                right += _column(rest)
                for c in range(size):
                    matrix.append(
                        [
                            arb(int((k, c) == (j, d))) - blocks[j][c, d]
                            for j in range(count)
                            for d in range(size)
                        ]
                    )
            rights.append(right)
        return matrix, rights

    def _averaged(self, columns: Sequence[Sequence[Environment]]) -> list[Controls]:
        """The same by the linear system of the averages, where every reaction is regular."""
        many, rights, matrix = self.responses.entering, [], identity(self.responses.entering)
        parts: list[tuple[arb_mat, arb_mat]] = []
        for places in columns:
            rows = [self.row(k, place) for k, place in enumerate(places)]
            matrix, right = identity(many), arb_mat(many, 1)
            try:
                parts = [_reaction(row, s) for row, s in zip(rows, self.shares)]
            except ZeroDivisionError:
                raise Undetermined(
                    "The reaction of a type to its own part of the averages is singular: whether "
                    f"there is an equilibrium is decided for at most {JOINT} types."
                ) from None
            for w, (*_, zero, load), (still, slopes) in zip(self.weights, rows, parts):
                right += (zero + load * still) * w
                matrix -= (load * slopes) * w
            rights.append(_column(right))
        entries = [[matrix[i, j] for j in range(many)] for i in range(many)]
        try:
            found = solutions(entries, rights)
        except UndecidedError as error:
            raise Undetermined(
                f"The linear system of the averages is nearly singular: {error.message}"
            ) from None
        names = ", ".join(self.responses.entered)
        sentence, numbers = described(found, "the averages", f"({names})")
        raise Undetermined(sentence[:1].upper() + sentence[1:], numbers)

    def _jointly(self, columns: Sequence[Sequence[Environment]]) -> list[Controls]:
        """The same by the linear system of everybody's controls.

        It decides where an average, or the reaction of a type to its own part of it, is singular.
        """
        count, size = len(self.values), len(self.controls)
        if count > JOINT:
            return self._averaged(columns)
        matrix, rights = self.system(columns)
        try:
            found = solutions(matrix, rights)
        except UndecidedError as error:
            raise Undetermined(
                f"The linear system of the controls is nearly singular: {error.message}"
            ) from None
        if found.directions or not found.solvable:
            names = [f"{c}_{k}" for k in range(1, count + 1) for c in self.controls]
            sentence, numbers = described(found, "the controls", f"({', '.join(names)})")
            raise Undetermined(sentence[:1].upper() + sentence[1:], numbers)
        return [
            [list(row[k * size : (k + 1) * size]) for k in range(count)]
            for row in found.through
            if row is not None
        ]


def _reaction(row: tuple[arb_mat, ...], share: arb) -> tuple[arb_mat, arb_mat]:
    """Controls of a type at zero averages over all players, and their slopes in these.

    Raises
    ------
    ZeroDivisionError
        If the response to the own part of the averages is singular.
    """
    still, slopes, zero, load = row
    size = still.nrows()
    own = slopes * load * share
    matrix = identity(size, type(still)) + own
    first: Any = matrix.solve(still - slopes * zero * share)
    second: Any = matrix.solve(slopes)
    return first, second


def blocks(
    numbers: Sequence[arb], size: int, many: int, matrix: Any = arb_mat
) -> tuple[arb_mat, ...]:
    """The entries of a table of responses as matrices, of so many controls and averages."""
    parts, start = [], 0
    for rows, columns in ((size, 1), (size, many), (many, 1), (many, size)):
        parts.append(matrix(rows, columns, list(numbers[start : start + rows * columns])))
        start += rows * columns
    return tuple(parts)


def identity(size: int, matrix: Any = arb_mat) -> Any:
    """The identity matrix."""
    return matrix(size, size, [arb(int(i == j)) for i in range(size) for j in range(size)])


def _column(matrix: arb_mat) -> list[arb]:
    return [matrix[i, 0] for i in range(matrix.nrows())]
