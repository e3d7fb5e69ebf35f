"""What a player expects when everybody plays a strategy that moves in time.

With the notion given these are not the functions of the player's problem: the averages that were
frozen follow the states. They are integrated together with the coefficients.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from flint import fmpq

from eqsolve.arithmetic.code import Code, Folding
from eqsolve.program.program import Given, Program
from eqsolve.solve.outcome import Expected
from eqsolve.solve.path import ELAPSED, Backward, Leg, chained

if TYPE_CHECKING:
    from eqsolve.arithmetic.trajectory import Trajectory
    from eqsolve.solve.point import Point


def expectations(point: Point, path: Backward, time: Fraction) -> Expected | None:
    """Of every moment of the preference, coefficients in the functions that are followed.

    None if these are not finitely many, or the equations cannot be enclosed.
    """
    given = point.program.given
    if given is None or given.play is None or given.play.matrix is None or given.outcome is None:
        return None
    if point.single:
        return None
    size, count = len(given.play.functions), len(given.outcome.expectations)
    if point.played is None:
        point.played = _followed(point, path, given)
    if point.played.status != "ok":
        return None
    found = point.played.at(path.elapsed(time))[len(path.unknowns) :]
    return [found[k * size : (k + 1) * size] for k in range(count)]


def _followed(point: Point, path: Backward, given: Given) -> Trajectory:
    """The coefficients, and what each moment is expected to be, from the end to time 0."""
    assert given.outcome is not None
    payoffs = [value for row in point.onward or () for value in row]
    last = point.environment(path.coefficients(path.end), path.end)
    if point.onward is None:
        for expectation in given.outcome.expectations:
            payoffs += expectation.payoff.within(last)
    rates = [
        (rates_of_play(point.program, given, tuple(path.constants), leg), leg.length)
        for leg in point.legs
    ]
    start = path.trajectory.start[: len(path.unknowns)]
    return chained(rates, [*start, *payoffs, *path.constants.values()])


def rates_of_play(
    program: Program,
    given: Given,
    constants: tuple[str, ...],
    leg: Leg,
    free: tuple[str, ...] = (),
) -> Code:
    """Rates in the time to go: of the coefficients, then of what each moment is expected to be.

    ``free`` are parameters that are arguments, after the others.
    """
    assert given.play is not None and given.play.matrix is not None and given.outcome is not None
    if leg.clock is not None:
        plain, more = replace(leg, clock=None), (*free, leg.clock.letter)
        return leg.clock.on(rates_of_play(program, given, constants, plain, more))
    size = len(given.play.functions)
    letters = [
        [f"expected {k} {i}" for i in range(size)] for k in range(len(given.outcome.expectations))
    ]
    unknowns = program.system.unknowns
    builder = Folding([ELAPSED, *unknowns, *(w for row in letters for w in row), *constants, *free])
    nodes: dict[str, int] = dict(zip(builder.arguments, range(len(builder.arguments))))
    nodes |= leg.begun(builder)
    outputs = builder.insert(program.system.rates, nodes)
    nodes |= zip(program.explicit.names, builder.insert(program.explicit.code, nodes))
    # averages stand for one each: the functions that they lead to are told apart by these
    nodes |= dict.fromkeys(given.averages, builder.constant(fmpq(1)))
    matrix = builder.insert(given.play.matrix, nodes)
    (discount,) = builder.insert(given.play.rate, nodes)
    (hazard,) = builder.insert(given.outcome.hazard, nodes)
    for row, expectation in zip(letters, given.outcome.expectations):
        payoff = builder.insert(expectation.payoff, nodes)
        running = builder.insert(expectation.running, nodes)
        for j in range(size):
            total = builder.step("add", builder.step("mul", hazard, payoff[j]), running[j])
            loss = builder.step("mul", discount, nodes[row[j]])
            total = builder.step("sub", total, loss)
            for i in range(size):
                term = builder.step("mul", matrix[i * size + j], nodes[row[i]])
                total = builder.step("add", total, term)
            outputs.append(total)
    outputs += [builder.constant(fmpq(0))] * len(constants)
    return builder.code(outputs)
