"""Exact derivatives where types of their own respond to averages over the others.

The coefficients of a type satisfy equations in its own parameters: their derivatives solve a linear
system. A response is affine in the averages, these are sums over all types: how they answer to
what moves one type is a system of their own size, however many types there are. Everything is
computed in balls, by the programs that solve the game.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flint import arb, arb_mat, ctx

from eqsolve.arithmetic.code import Code
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.inputs import WEIGHT, Values
from eqsolve.program.letters import Environment
from eqsolve.program.program import Program
from eqsolve.rows import Types
from eqsolve.solve.everybody import Everybody, blocks, identity
from eqsolve.solve.joint import joint, together
from eqsolve.solve.point import BITS, Point
from eqsolve.studies.derivatives import Derivatives, Table, picked, told

#: Of a letter its derivatives, by parameter.
Slopes = dict[str, dict[str, arb]]
#: Most types whose derivatives are computed.
MOST = 100


@dataclass(frozen=True)
class Named:
    """What results are called.

    Attributes
    ----------
    coefficients : by coefficient of a type, the name without the number of the type.
    averages : by average over all, the name.
    """

    coefficients: Mapping[str, str]
    averages: Mapping[str, str]


def sensitivity_of_responses(
    program: Program,
    types: Types,
    numbers: Sequence[Values],
    *,
    selection: str = "limit",
    outputs: Sequence[str] | None = None,
    parameters: Sequence[str] | None = None,
    named: Named | None = None,
    game: str = "",
) -> Derivatives:
    """Differentiate coefficients, controls and averages in the parameters of every type.

    Results and parameters of type k have the suffix ``_k``; common parameters have none. States,
    weights and the number of players are held.

    Parameters
    ----------
    program : of players with types of their own, with the notion given, without an end.
    types, numbers : the types, and what each was given.
    selection : which solution.
    outputs, parameters : names of what is differentiated in what (default: all).
    named : other names of results, and which coefficients there are.
    game : how the game is called in errors.

    Raises
    ------
    InputError
        If a name is not known, there are too many types, or coefficients move in time.
    NoSolutionError
        If two solutions meet.
    """
    game = game or program.game
    if not program.stationary or len(numbers) > MOST:
        why = "coefficients move in time" if not program.stationary else f"there are {len(numbers)}"
        raise InputError(
            f"its players differ, and {why}.",
            game=game,
            stage="sensitivity",
            remedy=f"Derivatives are computed without an end, for up to {MOST} types.",
        )
    every_name = [p.name for p in program.inputs.parameters if p.name != program.count]
    own = [name for name in every_name if name in program.inputs.own and name != WEIGHT]
    common = [name for name in every_name if name not in program.inputs.own]
    floats = {name: float(numbers[0].parameters[name]) for name in common}
    letters = {name: (name, None) for name in common} | {
        f"{name}_{k}": (name, k - 1) for k in range(1, len(numbers) + 1) for name in own
    }
    floats |= {
        name: float(numbers[k].parameters[letter])
        for name, (letter, k) in letters.items()
        if k is not None
    }
    with ctx.workprec(BITS):
        answer = joint([Point(program, n, selection) for n in numbers], types)
        if not answer.ok:
            return Derivatives(game, answer.status.label, answer.message, {}, {}, floats)
        chosen = picked(game, "parameter", parameters, letters)
        wanted = [letters[name] for name in chosen]
        points = [Point(program, n, selection) for n in numbers]
        every = together(points, types)
        assert every.chosen is not None
        moved = _Moved(every.chosen.everybody, wanted, game)
        found = moved.coefficients(named.coefficients if named else None)
        if every.places is not None:
            found |= moved.played(every.places, named.averages if named else None)
    names = picked(game, "output", outputs, found)
    values = {name: float(found[name][0].mid()) for name in names}
    table: Table = {n: dict(zip(chosen, map(told, found[n][1]))) for n in names}
    return Derivatives(game, answer.status.label, answer.message, values, table, floats)


#: A result, and its derivatives in what is asked for.
Result = tuple[arb, list[arb]]


class _Moved:
    """How results move with parameters of all types, or of one, by its number."""

    def __init__(
        self, everybody: Everybody, wanted: Sequence[tuple[str, int | None]], game: str
    ) -> None:
        self.everybody, self.wanted, self.game = everybody, wanted, game
        names = sorted({name for name, _ in wanted})
        self.slopes = [self._of_coefficients(values, names) for values in everybody.values]

    def _of_coefficients(self, values: Environment, names: Sequence[str]) -> Slopes:
        """The derivatives of a type's letters in its parameters."""
        program = self.everybody.program
        slopes: Slopes = {name: {name: arb(1)} for name in names}
        system = program.system
        _, rows = _jacobian(system.equations, values)
        size, width = len(system.names), len(names)
        matrix = arb_mat(size, size, [r.get(u, arb(0)) for r in rows for u in system.names])
        right = arb_mat(size, width, [-r.get(p, arb(0)) for r in rows for p in names])
        solved = self._solved(matrix, right, "the coefficients of a type", "two solutions meet")
        for i, unknown in enumerate(system.names):
            slopes[unknown] = {name: solved[i, j] for j, name in enumerate(names)}
        _, rows = _jacobian(program.explicit.code, values)
        for name, row in zip(program.explicit.names, rows):
            if name not in slopes:
                slopes[name] = {p: _chained(row, slopes, p) for p in names}
        return slopes

    def coefficients(self, named: Mapping[str, str] | None) -> dict[str, Result]:
        """The coefficients of every type."""
        program = self.everybody.program
        if named is None:
            both = (*program.system.names, *program.explicit.names)
            named = {name: name for name in both}
        found: dict[str, Result] = {}
        for k, (values, slopes) in enumerate(zip(self.everybody.values, self.slopes)):
            for theirs, own in named.items():
                row = [
                    slopes[theirs].get(p, arb(0)) if owner in (None, k) else arb(0)
                    for p, owner in self.wanted
                ]
                found[f"{own}_{k + 1}"] = values[theirs], row
        return found

    def played(
        self, places: Sequence[Environment], named: Mapping[str, str] | None
    ) -> dict[str, Result]:
        """The controls of every type and the averages over all, at states of all types."""
        every = self.everybody
        own, size, many = every.responses, len(every.controls), every.responses.entering
        played = every.at(places)
        whole, _ = every.averages(places, played)
        averages = arb_mat(many, 1, [whole[name] for name in own.entered])
        rows = [every.row(k, place) for k, place in enumerate(places)]
        slopes = [
            _jacobian(own.table, {**values, **place})[1]
            for values, place in zip(every.values, places)
        ]
        matrix, right = identity(many), arb_mat(many, len(self.wanted))
        parts = []
        for k, (row, share, weight) in enumerate(zip(rows, every.shares, every.weights)):
            position = arb_mat(size, 1, played[k])
            _, reaction, zero, load = row
            left = identity(size) + reaction * load * share
            direct, inner = arb_mat(size, len(self.wanted)), arb_mat(many, len(self.wanted))
            for j, (p, owner) in enumerate(self.wanted):
                if owner not in (None, k):
                    continue
                entries = [_chained(r, self.slopes[k], p) for r in slopes[k]]
                d_still, d_reaction, d_zero, d_load = blocks(entries, size, many)
                added = d_zero + d_load * position
                others = averages - (zero + load * position) * share
                moves = d_still + d_reaction * others - reaction * added * share
                for c in range(size):
                    direct[c, j] = moves[c, 0]
                for i in range(many):
                    inner[i, j] = added[i, 0]
            why = "a type's reaction to its own part of the averages is singular"
            first = self._solved(left, direct, "the controls", why)
            second = self._solved(left, reaction, "the controls", why)
            parts.append((first, second))
            right += (inner + load * first) * weight
            matrix -= (load * second) * weight
        moved = self._solved(matrix, right, "the averages", "their system is singular")
        found: dict[str, Result] = {}
        for k, (first, second) in enumerate(parts):
            total = first + second * moved
            for c, control in enumerate(every.controls):
                row_of = [total[c, j] for j in range(len(self.wanted))]
                found[f"{control}_{k + 1}"] = played[k][c], row_of
        for i, name in enumerate(own.entered):
            label = name if named is None else named.get(name, name)
            found[label] = whole[name], [moved[i, j] for j in range(len(self.wanted))]
        return found

    def _solved(self, matrix: arb_mat, right: arb_mat, what: str, why: str) -> Any:
        try:
            return matrix.solve(right)
        except ZeroDivisionError:
            raise NoSolutionError(
                f"{what} have no derivatives here: {why}.", game=self.game, stage="sensitivity"
            ) from None


def _jacobian(code: Code, values: Environment) -> tuple[list[arb], list[dict[str, arb]]]:
    """Values of functions, and of each the derivatives by the name of the argument."""
    found, rows = code.jacobian([values[name] for name in code.arguments])
    return found, [{code.arguments[k]: v for k, v in row.items()} for row in rows]


def _chained(row: Mapping[str, arb], slopes: Slopes, parameter: str) -> arb:
    """The derivative in a parameter from those in letters."""
    zero = arb(0)
    moving = ((v, slopes[letter]) for letter, v in row.items() if letter in slopes)
    return sum((v * slope.get(parameter, zero) for v, slope in moving), zero)
