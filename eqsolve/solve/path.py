"""The coefficients of a solution as functions of time, enclosed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from flint import arb, fmpq

from eqsolve.arithmetic.code import Code, Folding
from eqsolve.program.program import TIME, Program

if TYPE_CHECKING:
    from eqsolve.arithmetic.trajectory import Trajectory


#: The name of the time to go; no declared letter has a space.
ELAPSED = "time to go"


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
    """

    end: Fraction
    unknowns: tuple[str, ...]
    constants: Mapping[str, arb]
    trajectory: Trajectory

    def coefficients(self, time: Fraction) -> dict[str, arb]:
        """Raises OutsideError for a time before the solution exists, or after the horizon."""
        values = self.trajectory.at(rational(self.end - time))
        return {**self.constants, **dict(zip(self.unknowns, values))}


def rational(value: Fraction) -> fmpq:
    """The same number for balls."""
    return fmpq(value.numerator, value.denominator)


def backward(
    program: Program,
    parameters: Mapping[str, fmpq],
    constants: Mapping[str, arb],
    end: Fraction,
) -> Backward:
    """Integrate the coefficients from the end of the horizon to time 0."""
    from eqsolve.arithmetic.taylor import integrate  # which needs NumPy

    assert program.terminal is not None
    start = program.terminal.at(parameters).within(constants)
    trajectory = integrate(
        time_to_go(program, parameters, list(constants), end),
        [*start, *constants.values()],
        rational(end),
    )
    return Backward(end, program.system.unknowns, dict(constants), trajectory)


def time_to_go(
    program: Program,
    parameters: Mapping[str, fmpq],
    constants: Sequence[str],
    end: Fraction,
    moved: tuple[Code, Sequence[str]] | None = None,
) -> Code:
    """The rates in the time to go ``end - t``: of it, the unknowns and the constants.

    ``moved`` is a matrix M, row by row, and names of ``w`` for as many vectors as they have rows
    in it: those follow ``dw/ds = M^T w`` along with the unknowns, before the constants.
    """
    matrix, followed = moved or (None, ())
    unknowns = program.system.unknowns
    builder = Folding([ELAPSED, *unknowns, *followed, *constants])
    nodes: dict[str, int] = dict(zip(builder.arguments, range(len(builder.arguments))))
    nodes[TIME] = builder.step("sub", builder.constant(rational(end)), nodes[ELAPSED])
    nodes |= {name: builder.constant(value) for name, value in parameters.items()}
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
