"""The coefficients of a solution as functions of time, enclosed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import sympy as sp
from flint import arb, fmpq

from eqsolve.arithmetic.function import Function
from eqsolve.arithmetic.taylor import integrate
from eqsolve.arithmetic.trajectory import Trajectory
from eqsolve.derivation.derivation import Derivation
from eqsolve.game import t


class Path(Protocol):
    """Coefficients at every time of a solution."""

    def coefficients(self, time: Fraction) -> dict[sp.Symbol, arb]:
        """Balls around the coefficients of functions and feedback at a calendar time."""


@dataclass(frozen=True)
class Constant:
    """A stationary solution."""

    values: Mapping[sp.Symbol, arb]

    def coefficients(self, time: Fraction) -> dict[sp.Symbol, arb]:
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
    unknowns: tuple[sp.Symbol, ...]
    constants: Mapping[sp.Symbol, arb]
    trajectory: Trajectory

    def coefficients(self, time: Fraction) -> dict[sp.Symbol, arb]:
        """Raises OutsideError for a time before the solution exists, or after the horizon."""
        values = self.trajectory.at(rational(self.end - time))
        return {**self.constants, **dict(zip(self.unknowns, values))}


def rational(value: Fraction) -> fmpq:
    """The same number for balls."""
    return fmpq(value.numerator, value.denominator)


def backward(
    derivation: Derivation,
    parameters: Mapping[sp.Symbol, sp.Rational],
    constants: Mapping[sp.Symbol, arb],
    end: Fraction,
) -> Backward:
    """Integrate the coefficients from the end of the horizon to time 0."""
    system = derivation.system
    unknowns = system.unknowns
    terminal = [system.terminal[u].xreplace(dict(parameters)) for u in unknowns]
    names = sorted(set().union(*(e.free_symbols for e in terminal)), key=lambda s: s.name)
    start = Function(terminal, names)([constants[n] for n in names])
    trajectory = integrate(
        time_to_go(system.rates, unknowns, parameters, constants, end),
        [*start, *constants.values()],
        rational(end),
    )
    return Backward(end, unknowns, dict(constants), trajectory)


def time_to_go(
    rates: Mapping[sp.Symbol, sp.Expr],
    unknowns: Sequence[sp.Symbol],
    parameters: Mapping[sp.Symbol, sp.Rational],
    constants: Mapping[sp.Symbol, arb],
    end: Fraction,
) -> Function:
    """The rates in the time to go ``s = end - t``: of s, the unknowns and the constants."""
    elapsed = sp.Dummy("s")
    inserted: dict[sp.Symbol, sp.Expr] = dict(parameters)
    inserted[t] = sp.Rational(end.numerator, end.denominator) - elapsed
    expressions = [-rates[u].xreplace(inserted) for u in unknowns]
    # constants are unknowns that do not move: a power of a long rational is a very long one
    expressions += [sp.S.Zero] * len(constants)
    return Function(expressions, [elapsed, *unknowns, *constants])


def exact(ball: arb) -> sp.Rational:
    """The middle of a ball, far narrower than what is computed from it is printed."""
    mantissa, exponent = ball.mid().man_exp()
    return sp.Rational(int(mantissa)) * sp.Integer(2) ** int(exponent)


def center(ball: arb) -> float:
    """The middle of an enclosure, and 0 where it holds 0: rounding has no sign to tell."""
    return 0.0 if ball.is_finite() and ball.contains(0) else float(ball.mid())
