"""The coefficients of a solution as functions of time, enclosed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING, Protocol

from flint import arb, fmpq

from eqsolve.arithmetic.code import Code, Folding
from eqsolve.program.program import TIME, Program
from eqsolve.solve.clock import Clock

if TYPE_CHECKING:
    from eqsolve.arithmetic.trajectory import Trajectory


#: The name of the time to go; no declared letter has a space.
ELAPSED = "time to go"
#: Most steps of an enclosure on one stretch.
STEPS = 2000


class Path(Protocol):
    """Coefficients at every time of a solution."""

    def coefficients(self, time: Fraction) -> dict[str, arb]:
        """Balls around the coefficients of functions and feedback at a calendar time."""


@dataclass(frozen=True)
class Constant:
    """A stationary solution."""

    values: Mapping[str, arb]

    def coefficients(self, time: Fraction) -> dict[str, arb]:
        return dict(self.values)


@dataclass(frozen=True)
class Backward:
    """A solution from its terminal values: a trajectory in the time to go.

    Attributes
    ----------
    end : when the horizon ends.
    unknowns : the coefficients in the order of the trajectory.
    constants : coefficients that do not move.
    trajectory : the enclosure in the time to go.
    clock : by which this is measured, if it is not calendar time.
    """

    end: Fraction
    unknowns: tuple[str, ...]
    constants: Mapping[str, arb]
    trajectory: Trajectory
    clock: Clock | None = None

    def coefficients(self, time: Fraction) -> dict[str, arb]:
        """Raises OutsideError for a time before the solution exists, or after the horizon."""
        values = self.trajectory.at(self.elapsed(time))
        return {**self.constants, **dict(zip(self.unknowns, values))}

    def elapsed(self, time: Fraction) -> fmpq | arb:
        """The time to go at a calendar time."""
        if self.clock is not None:
            return self.clock.elapsed(time)
        return rational(self.end - time)

    def calendar(self, first: fmpq, last: fmpq) -> arb:
        """A ball around the calendar times with ``first`` to ``last`` to go."""
        if self.clock is not None:
            return self.clock.calendar(first, last)
        end = rational(self.end)
        return arb(end - last).union(arb(end - first))


def rational(value: Fraction) -> fmpq:
    """The same number for balls."""
    return fmpq(value.numerator, value.denominator)


@dataclass(frozen=True)
class Moves:
    """A parameter that moves in time: from when on it is which number, or formula in the time.

    The first of these times is 0. A formula may be ``(k/s) (t/s)^(k-1)`` with a k that is no whole
    number: then ``power`` is k and s.
    """

    letter: str
    values: tuple[tuple[Fraction, Fraction | Code], ...]
    power: tuple[Fraction, Fraction] | None = None

    def at(self, time: Fraction) -> arb:
        """Its value from a time on; where it is infinite, a ball around any number."""
        if self.power is not None and time == 0:
            return arb(0) if self.power[0] > 1 else arb(0, "inf")
        value = [value for begin, value in self.values if begin <= time][-1]
        if isinstance(value, Fraction):
            return arb(rational(value))
        found: arb = value.within({TIME: arb(rational(time))})[0]
        return found

    def over(self, end: Fraction) -> arb:
        """A ball around all its values up to a time; of a formula any number."""
        values = [value for begin, value in self.values if begin < end]
        if not all(isinstance(value, Fraction) for value in values):
            return arb(0, arb("inf"))
        return reduce(arb.union, [self.at(begin) for begin, _ in self.values if begin < end])


@dataclass(frozen=True)
class Leg:
    """A stretch of calendar time on which nothing jumps.

    Attributes
    ----------
    begin, end : of the stretch.
    parameters : those that do not move.
    formulas : those that do, in the time.
    clock : by which time is measured in place of a formula.
    """

    begin: Fraction
    end: Fraction
    parameters: Mapping[str, fmpq]
    formulas: Mapping[str, Code]
    clock: Clock | None = None

    @property
    def length(self) -> Fraction:
        """Of the stretch, by its clock."""
        return self.end - self.begin if self.clock is None else Fraction(1)

    def begun(self, builder: Folding) -> dict[str, int]:
        """The nodes of the time and of all parameters, in the time to go to its end."""
        time = builder.step(
            "sub", builder.constant(rational(self.end)), builder.arguments.index(ELAPSED)
        )
        nodes = {TIME: time}
        nodes |= {name: builder.constant(value) for name, value in self.parameters.items()}
        for name, formula in self.formulas.items():
            (nodes[name],) = builder.insert(formula, nodes)
        return nodes


def legs(parameters: Mapping[str, fmpq], end: Fraction, moves: Moves | None) -> list[Leg]:
    """The stretches from 0 to the end, the last one first."""
    if moves is None:
        return [Leg(Fraction(0), end, parameters, {})]
    fixed = {name: value for name, value in parameters.items() if name != moves.letter}
    if moves.power is not None:
        return [Leg(Fraction(0), end, fixed, {}, Clock(moves.letter, *moves.power, end))]
    inside = [(begin, value) for begin, value in moves.values if begin < end]
    found = []
    for (begin, value), stop in zip(inside, [*(begin for begin, _ in inside[1:]), end]):
        if isinstance(value, Fraction):
            found.append(Leg(begin, stop, {**fixed, moves.letter: rational(value)}, {}))
        else:
            found.append(Leg(begin, stop, fixed, {moves.letter: value}))
    return found[::-1]


def chained(
    rates: Sequence[tuple[Code, Fraction]], start: Sequence[arb], steps: int = STEPS
) -> Trajectory:
    """Integrate from stretch to stretch, as one trajectory in the time to go.

    Parameters
    ----------
    rates : of every stretch, in the time from its own beginning, and how long it is.
    steps : most steps of a stretch.
    """
    from eqsolve.arithmetic.taylor import integrate  # which needs NumPy

    gone, now, pieces = fmpq(0), list(start), []
    for function, length in rates:
        # by the stretch's own length, so that no series knows the unit of time
        unit = rational(length)
        own = integrate(_per(function, unit), now, fmpq(1), max_steps=steps).times(unit)
        pieces += [piece.after(gone) for piece in own.pieces]
        bracket = own.bracket
        if bracket is not None:
            bracket = bracket[0] + gone, None if bracket[1] is None else bracket[1] + gone
        gone += own.reached
        if own.status != "ok":
            break
        now = own.at(own.reached)
    return replace(own, reached=gone, bracket=bracket, start=tuple(start), pieces=tuple(pieces))


def _per(rates: Code, unit: fmpq) -> Code:
    """Rates in a time that is measured by a unit."""
    builder = Folding(rates.arguments)
    nodes: dict[str, int] = dict(zip(rates.arguments, range(len(rates.arguments))))
    size = builder.constant(unit)
    nodes[rates.arguments[0]] = builder.step("mul", size, nodes[rates.arguments[0]])
    return builder.code([builder.step("mul", size, rate) for rate in builder.insert(rates, nodes)])


def backward(
    program: Program,
    stretches: Sequence[Leg],
    constants: Mapping[str, arb],
    start: Sequence[arb] | None = None,
    steps: int = STEPS,
) -> Backward:
    """Integrate the coefficients from the end of the horizon to time 0.

    Parameters
    ----------
    stretches : of time, the last one first.
    start : the coefficients at the end, where they are not those of the payoffs.
    steps : as for ``chained``.
    """
    last = stretches[0]
    if start is None:
        assert program.terminal is not None
        start = program.terminal.at(last.parameters).within(constants)
    rates = [
        (time_to_go(program, leg.parameters, list(constants), leg.end, leg=leg), leg.length)
        for leg in stretches
    ]
    trajectory = chained(rates, [*start, *constants.values()], steps)
    return Backward(last.end, program.system.unknowns, dict(constants), trajectory, last.clock)


def time_to_go(
    program: Program,
    parameters: Mapping[str, fmpq],
    constants: Sequence[str],
    end: Fraction,
    moved: tuple[Code, Sequence[str]] | None = None,
    leg: Leg | None = None,
    free: Sequence[str] = (),
) -> Code:
    """The rates in the time to go ``end - t``: of it, the unknowns and the constants.

    ``moved`` is a matrix M, row by row, and names of ``w`` for as many vectors as they have rows
    in it: those follow ``dw/ds = M^T w`` along with the unknowns, before the constants. ``leg`` is
    the stretch, where parameters move on it; ``free`` are parameters that are arguments, too.
    """
    stretch = leg or Leg(Fraction(0), end, parameters, {})
    if stretch.clock is not None:
        plain, more = replace(stretch, clock=None), (*free, stretch.clock.letter)
        own = time_to_go(program, parameters, constants, end, moved, plain, more)
        return stretch.clock.on(own)
    matrix, followed = moved or (None, ())
    unknowns = program.system.unknowns
    builder = Folding([ELAPSED, *unknowns, *followed, *constants, *free])
    nodes: dict[str, int] = dict(zip(builder.arguments, range(len(builder.arguments))))
    nodes |= stretch.begun(builder)
    outputs = builder.insert(program.system.rates, nodes)
    if matrix is not None:
        entries = builder.insert(matrix, nodes)
        size = round(len(entries) ** 0.5)
        zero = builder.constant(fmpq(0))
        for start in range(0, len(followed), size):
            weights = [nodes[name] for name in followed[start : start + size]]
            for j in range(size):
                total = zero
                for i, weight in enumerate(weights):
                    term = builder.step("mul", entries[i * size + j], weight)
                    total = builder.step("add", total, term)
                outputs.append(total)
    # constants are unknowns that do not move: a power of a long rational is a very long one
    outputs += [builder.constant(fmpq(0))] * len(constants)
    return builder.code(outputs)


def middle(ball: arb) -> fmpq:
    """The middle of a ball, far narrower than what is computed from it is printed."""
    mantissa, exponent = ball.mid().man_exp()
    return fmpq(int(mantissa)) * fmpq(2) ** int(exponent)


def center(ball: arb) -> float:
    """The middle of an enclosure, and 0 where it holds 0: rounding has no sign to tell."""
    return 0.0 if ball.is_finite() and ball.contains(0) else float(ball.mid())
