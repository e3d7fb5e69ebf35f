"""Solve a model at exact parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from flint import arb, ctx

from eqsolve.inputs import Values, counted
from eqsolve.program.program import Program
from eqsolve.solve.answer import Answer
from eqsolve.solve.point import PRECISIONS, Point
from eqsolve.solve.types import solve_types

if TYPE_CHECKING:
    from eqsolve.game import Model
    from eqsolve.game.structure import Builder


def solve(
    source: Model | Builder,
    values: Mapping[str, object],
    *,
    at: Mapping[str, object] | None = None,
    notion: str | None = None,
    size: int | None = None,
    continuum: bool = False,
    selection: str | None = None,
) -> Answer:
    """Solve a model at one point.

    Parameters
    ----------
    source : a Model, or the function of a game's file that builds one.
    values : parameters by name: decimals and ratios as written, or numbers.
    at : states and the time ``t`` at which controls and values are wanted.
    notion, size, continuum : structure, where the file offers it.
    selection : overrides the model's rule for several solutions.

    Raises
    ------
    InputError
        If a name or value is not acceptable.
    DerivationError
        If the model cannot be derived.
    """
    from eqsolve.derivation.derivation import derived
    from eqsolve.game.structure import build
    from eqsolve.program.make import program

    model = build(source, values, notion=notion, size=size, continuum=continuum)
    if model.game.crowd is not None and model.game.crowd.own:
        derivation = derived(model)
        own = solve_types(program(derivation), values, at=at, size=size, selection=selection)
        if own is not None:
            return own
        from eqsolve.solve.crowd import solve_averages

        return solve_averages(derivation, values, at=at, size=size, selection=selection)
    made = program(derived(model), model)
    return answered(made, values, at=at, size=size, selection=selection)


def growth_in_play(
    program: Program,
    values: Mapping[str, object],
    at: Mapping[str, object],
    selection: str,
) -> arb | None:
    """How fast second moments grow when everybody plays the strategy, at the working precision.

    None if there is no strategy, or nobody else.
    """
    numbers = program.inputs.read(values, at)
    solved = Point(program, numbers, selection).solved()
    return None if isinstance(solved, Answer) or solved.play is None else solved.play.second


def answered(
    program: Program,
    values: Mapping[str, object],
    *,
    at: Mapping[str, object] | None = None,
    size: int | None = None,
    selection: str | None = None,
    game: str = "",
) -> Answer:
    """The answer of a program at a user's values.

    Parameters
    ----------
    program : of a game of explicit players, or of copies that are alike.
    values, at, size, selection : as for ``solve``.
    game : what errors name in place of the program's game.

    Raises
    ------
    InputError
        If a name or value is not acceptable.
    """
    named = renamed(program, game)
    return settled(named, values, at=at, size=size, selection=selection)[1]


def renamed(program: Program, game: str) -> Program:
    """The program of a game that errors name otherwise; itself without a name."""
    if not game:
        return program
    return replace(program, game=game, inputs=replace(program.inputs, game=game))


def settled(
    program: Program,
    values: Mapping[str, object],
    *,
    at: Mapping[str, object] | None = None,
    size: int | None = None,
    selection: str | None = None,
) -> tuple[Point, Answer, int]:
    """The same with what it was decided by, and the precision in bits."""
    given = counted(program.game, program.count, values, size)
    numbers = program.inputs.read(given, at)
    return decided(program, numbers, selection or program.selection)


def decided(program: Program, numbers: Values, selection: str) -> tuple[Point, Answer, int]:
    """The same of numbers that were checked, at growing precision until every sign is decided."""
    for bits in PRECISIONS:
        with ctx.workprec(bits):
            point = Point(program, numbers, selection)
            answer = point.answer()
        if not (program.stationary and point.undecided):
            break
    return point, answer, bits
