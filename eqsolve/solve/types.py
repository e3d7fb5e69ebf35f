"""Solve a crowd whose copies have types of their own, from its program."""

from __future__ import annotations

from collections.abc import Mapping

from flint import ctx, fmpq, fmpq_mat

from eqsolve import inputs
from eqsolve.errors import InputError
from eqsolve.inputs import Values
from eqsolve.numbers import exact as number
from eqsolve.program.program import Averaging, Program, exact
from eqsolve.rows import Types, count_types, of_types, read_types
from eqsolve.solve.answer import Answer
from eqsolve.solve.joint import joint
from eqsolve.solve.merged import merged
from eqsolve.solve.path import rational
from eqsolve.solve.point import BITS, Point
from eqsolve.status import Status

#: Those tried where the averages over types seem not to be determined.
PRECISIONS = (BITS, 1024, 4096)


def numbers_of(program: Program, types: Types) -> list[Values]:
    """The numbers of every type, checked."""
    return [program.inputs.read({**types.common, **row}) for row in types.rows]


def solve_types(
    program: Program,
    values: Mapping[str, object],
    *,
    at: Mapping[str, object] | None = None,
    size: int | None = None,
    selection: str | None = None,
) -> Answer | None:
    """Solve at one point: see ``eqsolve.solve.solve.solve``.

    Returns
    -------
    Answer or None
        None where the averages over all types are not determined by numbers alone: the derivation
        tells what there is.

    Raises
    ------
    InputError
        If a name or value is not acceptable.
    """
    chosen, types, numbers = typed(program, values, at=at, size=size, selection=selection)
    if program.given is None:
        with ctx.workprec(BITS):
            found = None if program.averaging is None else averages(program, numbers, types)
            if found is None:
                return None
            points = [Point(program, n, chosen, found) for n in numbers]
            shown = {name: float(v.p) / float(v.q) for name, v in found.items()}
            return merged([point.answer() for point in points], types, shown)
    for bits in PRECISIONS:
        with ctx.workprec(bits):
            answer = joint([Point(program, n, chosen) for n in numbers], types)
        if answer.status is not Status.DEGENERATE:
            break
    return answer


def typed(
    program: Program,
    values: Mapping[str, object],
    *,
    at: Mapping[str, object] | None = None,
    size: int | None = None,
    selection: str | None = None,
) -> tuple[str, Types, list[Values]]:
    """The rule that selects, the types, and the numbers of each.

    Raises
    ------
    InputError
        If a name or value is not acceptable.
    """
    chosen = selection or program.selection
    if program.given is not None and chosen == "value":
        raise InputError(
            "solutions of a type have no values before the averages over all types are known.",
            game=program.game,
            stage="selection",
            remedy="Select the limit of finite horizons; every joint solution is listed.",
        )
    given = counted(program, values, size)
    if size is None and program.count in given:
        size = int(number(program.count, given[program.count]))
    types = read_types(program.inputs, given, size, at=at)
    numbers = numbers_of(program, types)
    return chosen, types, numbers


def counted(program: Program, values: Mapping[str, object], size: int | None) -> dict[str, object]:
    """The values with the number of players: as many as rows, if nothing else is said."""
    if size is None and program.count and program.count not in values:
        if of_types(program.inputs, values):
            size = count_types(program.inputs, values)
    return inputs.counted(program.game, program.count, values, size)


def averages(program: Program, numbers: list[Values], types: Types) -> dict[str, fmpq] | None:
    """The averages over all copies, where feedbacks are affine in those that they need.

    None if they are no rational numbers, or their linear system is singular.
    """
    own = program.averaging
    assert own is not None
    parameters = [{n: rational(v) for n, v in one.parameters.items()} for one in numbers]
    width = own.coupled
    sums = _sums(own, [exact(own.system, p) for p in parameters], types, own.coupled)
    if sums is None:
        return None
    matrix = fmpq_mat(width, width, [fmpq(int(i == j)) for i in range(width) for j in range(width)])
    for i in range(width):
        for j in range(width):
            matrix[i, j] -= sums[i][1 + j]
    try:
        solved = matrix.solve(fmpq_mat(width, 1, [row[0] for row in sums])) if width else None
    except ZeroDivisionError:
        return None
    known = {name: solved[i, 0] for i, name in enumerate(own.averages[:width])} if solved else {}
    rest = _sums(own, [exact(own.rest, {**p, **known}) for p in parameters], types, 0)
    if rest is None:
        return None
    return known | {name: row[0] for name, row in zip(own.averages[width:], rest)}


def _sums(
    own: Averaging, rows: list[list[fmpq | None]], types: Types, coupled: int
) -> list[list[fmpq]] | None:
    """What all types add up to: of every average the term, and its slopes in coupled ones."""
    step = 1 + coupled
    powers = own.powers[:coupled] if coupled else own.powers[own.coupled :]
    totals = [[fmpq(0)] * step for _ in powers]
    for row, weight, share in zip(rows, types.weights, types.shares):
        for i, power in enumerate(powers):
            factor = rational(weight * share ** (power - 1))
            for j in range(step):
                value = row[i * step + j]
                if value is None:
                    return None
                totals[i][j] += factor * value
    return totals
