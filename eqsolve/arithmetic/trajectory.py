"""The enclosed solution of a differential equation: a function of time with an error bound."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from flint import arb, arb_poly, ctx, fmpq

from eqsolve.errors import EqsolveError

if TYPE_CHECKING:
    import numpy.typing as npt

Status = Literal["ok", "explodes", "unresolved"]


class OutsideError(EqsolveError):
    """A trajectory was asked for a time that it does not enclose."""


@dataclass(frozen=True)
class Piece:
    """An enclosure on one step.

    Attributes
    ----------
    begin, end : the step.
    polynomials : for each unknown the coefficients in the time from the middle of the step.
    parts : for each part of the step its end and a bound of the error of each unknown in it.
    """

    begin: fmpq
    end: fmpq
    polynomials: list[arb_poly]
    parts: list[tuple[fmpq, npt.NDArray[Any]]]

    def after(self, time: fmpq) -> Piece:
        """The same step, so much later."""
        parts = [(end + time, error) for end, error in self.parts]
        return Piece(self.begin + time, self.end + time, self.polynomials, parts)

    def times(self, unit: fmpq) -> Piece:
        """The same step in a time of which ``unit`` was one."""
        powers = [unit ** (-k) for k in range(max(len(p) for p in self.polynomials))]
        longer = [arb_poly([c * w for c, w in zip(p, powers)]) for p in self.polynomials]
        parts = [(end * unit, error) for end, error in self.parts]
        return Piece(self.begin * unit, self.end * unit, longer, parts)

    def over(self, first: fmpq, last: fmpq) -> list[arb]:
        """Return enclosures over an interval of the step."""
        middle = (self.begin + self.end) / 2
        local = arb(first - middle).union(arb(last - middle))
        values = [polynomial(local) for polynomial in self.polynomials]
        begin = self.begin
        for end, error in self.parts:
            # An interval that touches several parts gets the sum of their bounds.
            if begin <= last and end >= first:
                values = [v + arb(0, float(e)) for v, e in zip(values, error)]
            begin = end
        return values


@dataclass(frozen=True)
class Trajectory:
    """The solution of u' = f(s, u) from a start at s = 0, enclosed.

    Attributes
    ----------
    status : ``"ok"`` if it is enclosed on all of the interval asked for; ``"explodes"`` if it
        becomes infinite before; ``"unresolved"`` if neither was shown (the number of steps, the
        width of the start, a rate that is not defined).
    reached : the last time enclosed.
    bracket : if it explodes, bounds (lo, hi) of the time at which it does. The lower one is
        proved; so is the upper one unless it is None: then only the growth of the solution and
        the vanishing length of steps say that it explodes.
    pieces : the enclosures, step by step.
    bits : the precision at which they are evaluated.
    """

    status: Status
    reached: fmpq
    bracket: tuple[fmpq, fmpq | None] | None
    start: tuple[arb, ...]
    pieces: tuple[Piece, ...]
    bits: int

    def times(self, unit: fmpq) -> Trajectory:
        """The same solution in a time of which ``unit`` was one."""
        with ctx.workprec(self.bits):
            pieces = tuple(piece.times(unit) for piece in self.pieces)
        bracket = self.bracket
        if bracket is not None:
            bracket = bracket[0] * unit, None if bracket[1] is None else bracket[1] * unit
        return replace(self, reached=self.reached * unit, bracket=bracket, pieces=pieces)

    def at(self, time: fmpq | arb | int) -> list[arb]:
        """Return balls that contain the solution at a time (a ball: at all times in it).

        Raises
        ------
        OutsideError
            If the time, or a part of the ball, is not between 0 and ``reached``.
        """
        if isinstance(time, arb):
            return self.over(rational(time.lower()), rational(time.upper()))
        return self.over(fmpq(time), fmpq(time))

    def over(self, first: fmpq, last: fmpq) -> list[arb]:
        """Return balls that contain the solution at all times of an interval; errors as ``at``."""
        if not 0 <= first <= last <= self.reached:
            raise OutsideError(
                f"the solution is enclosed from 0 to {float(self.reached):.10g} only.",
                stage="integration",
            )
        if last == 0:
            return list(self.start)
        begins = [piece.begin for piece in self.pieces]
        low, high = (max(bisect_right(begins, end) - 1, 0) for end in (first, last))
        found: list[arb] = []
        with ctx.workprec(self.bits):
            for piece in self.pieces[low : high + 1]:
                values = piece.over(max(first, piece.begin), min(last, piece.end))
                found = [x.union(y) for x, y in zip(found, values)] if found else values
        return found


def rational(value: arb) -> fmpq:
    """Return the middle of a ball as an exact number."""
    mantissa, exponent = value.mid().man_exp()
    return fmpq(mantissa) * fmpq(2) ** int(exponent)
