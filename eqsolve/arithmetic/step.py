"""One validated step: a Taylor polynomial, its defect, and a bound of its error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import arb, arb_poly, arb_series, ctx, fmpq

from eqsolve.arithmetic.code import Code
from eqsolve.arithmetic.jet import solution_coefficients
from eqsolve.arithmetic.majorant import (
    FLOOR,
    Frame,
    Matrix,
    exponential,
    interval_matrix,
    magnitude,
)
from eqsolve.arithmetic.trajectory import Piece

#: Bits of the Taylor coefficients over a step, of which only the size matters.
_ROUGH_BITS = 64
#: Parts of a step in which the Jacobian is enclosed separately.
_PARTS = 4
#: Steps ahead for which coordinates are compared.
_FORESIGHT = 3


@dataclass
class State:
    """A point of the approximate solution and the bound of its error.

    ``radii`` are bounds of the coordinates of the error, in two columns: what the start
    contributes and what the steps do.
    """

    time: fmpq
    point: list[arb]
    frame: Frame
    radii: Matrix

    def error(self) -> Matrix:
        """Bounds of the error itself, in the same columns."""
        return self.frame.out(self.radii)

    def enclosure(self) -> list[arb]:
        return [
            value + arb(0, float(width))
            for value, width in zip(self.point, self.error().sum(axis=1))
        ]


class Refused(Exception):
    """A step of this length cannot be enclosed."""


class Stepper:
    """Takes validated steps at a fixed order, precision and tolerance of one step."""

    def __init__(self, rates: Code, tolerance: float) -> None:
        self.rates, self.tolerance = rates, tolerance
        digits = -math.log(tolerance)
        self.order = max(8, int(0.65 * digits) + 2)
        self.shrink = 1.0

    def start(self, time: fmpq, values: Sequence[arb]) -> State:
        """Return the state at the start."""
        point = [value.mid() for value in values]
        radii = np.zeros((len(point), 2))
        radii[:, 0] = [magnitude(v - m) for v, m in zip(values, point)]
        frame = Frame.plain(len(point))
        return State(time, point, frame, frame.into(radii))

    def step(self, state: State, most: fmpq, least: fmpq) -> tuple[State, Piece] | None:
        """Take the longest step up to ``most`` that keeps the tolerance.

        Returns
        -------
        The state at its end and the enclosure on the way, or None if a step of the length
        ``least`` is not enclosed.
        """
        solution = solution_coefficients(self.rates, arb(state.time), state.point, self.order)
        polynomials = [[c.mid() for c in row] for row in solution]
        if not all(c.is_finite() for row in polynomials for c in row):
            return None
        scale = [max(1.0, abs(float(c))) for c in state.point]
        length = self._guess(polynomials, scale, most)
        while length >= least:
            try:
                done, ratio = self._attempt(state, polynomials, scale, length)
            except Refused:
                length = _rounded(length / 2)
                continue
            factor = min(1.3, max(0.2, 0.95 * max(ratio, 1e-99) ** (-1 / self.order)))
            if length < most or factor < 1:
                self.shrink = min(2.0, self.shrink * factor)
            if done is not None:
                return done
            length = _rounded(length * fmpq(int(factor * 1024), 1024))
        return None

    def _guess(self, polynomials: list[list[arb]], scale: list[float], most: fmpq) -> fmpq:
        """The length at which the last coefficients reach the tolerance."""
        logs = [
            (math.log(self.tolerance) - _log(row[k]) + math.log(size)) / k
            for row, size in zip(polynomials, scale)
            for k in (self.order - 1, self.order)
            if not row[k].is_zero()
        ]
        if not logs or (best := min(logs) + math.log(self.shrink)) > 700:
            return most
        return min(most, _rounded(dyadic(math.exp(best))))

    def _attempt(
        self, state: State, polynomials: list[list[arb]], scale: list[float], length: fmpq
    ) -> tuple[tuple[State, Piece] | None, float]:
        """Enclose the solution on one step, if its defect is small enough.

        Returns the result and the ratio of the defect to the tolerance.
        """
        middle = state.time + length / 2
        shift = arb_poly([arb(length / 2), 1])
        centered = [_padded(arb_poly(row)(shift), self.order) for row in polynomials]
        defect = self._defect(middle, centered, length)
        ratio = max(d * float(length) / (self.tolerance * s) for d, s in zip(defect, scale))
        if not math.isfinite(ratio):
            raise Refused
        if ratio > 1:
            return None, ratio
        parts, radii = self._propagate(state, middle, centered, length, np.array(defect))
        end = state.time + length
        piece = Piece(state.time, end, [arb_poly(row) for row in centered], parts)
        values = [polynomial(arb(length / 2)) for polynomial in piece.polynomials]
        point = [value.mid() for value in values]
        moved = state.frame.into(np.array([[magnitude(v - m)] for v, m in zip(values, point)]))
        radii = radii + np.hstack([np.zeros_like(moved), moved])
        frame, radii = self._better(state.frame, radii, float(length))
        return (State(end, point, frame, radii), piece), ratio

    def _better(self, frame: Frame, radii: Matrix, length: float) -> tuple[Frame, Matrix]:
        """Change to coordinates in which the Jacobian is triangular, if that pays off soon."""
        middle, radius = self.jacobian
        other = Frame.of(middle)
        moved = other.change(frame) @ radii + FLOOR

        def later(frame: Frame, radii: Matrix) -> float:
            growth = exponential(frame.comparison(middle, radius), _FORESIGHT * length)
            return float(frame.out(growth @ radii).max())

        return (other, moved) if later(other, moved) < later(frame, radii) else (frame, radii)

    def _defect(self, middle: fmpq, centered: list[list[arb]], length: fmpq) -> list[float]:
        """Bound abs(p' - f(s, p)) on a step from the coefficients of p around its middle."""
        order, half = self.order, arb(length / 2)
        saved = ctx.cap
        ctx.cap = order
        try:
            series = [arb_series(row[:order]) for row in centered]
            rates = self.rates([arb_series([arb(middle), 1]), *series])
            bounds = []
            for rate, row in zip(rates, centered):
                total, power = arb(0), arb(1)
                for k in range(order):
                    total += abs((k + 1) * row[k + 1] - rate[k]) * power
                    power *= half
                bounds.append(total)
            # The coefficient of the next order over the whole step.
            ctx.cap = order + 1
            with ctx.workprec(_ROUGH_BITS):
                boxes = [arb_series(_over(row, half)) for row in centered]
                time = arb(middle) + half * arb(0, 1)
                rates = self.rates([arb_series([time, 1]), *boxes])
                power = half**order
                return [
                    magnitude(bound + abs(rate[order]) * power)
                    for bound, rate in zip(bounds, rates)
                ]
        finally:
            ctx.cap = saved

    def _propagate(
        self, state: State, middle: fmpq, centered: list[list[arb]], length: fmpq, defect: Matrix
    ) -> tuple[list[tuple[fmpq, Matrix]], Matrix]:
        """Bound the error over the parts of a step.

        Returns for each part its end and a bound of the error in it, and the bound of the
        coordinates at the end of the step.
        """
        frame, radii = state.frame, state.radii
        size = len(defect)
        forcing = frame.into(defect[:, None])[:, 0]
        unit = forcing.max()
        span = length / _PARTS
        time = float(span) * (1 + 1e-15)
        parts = []
        polynomials = [arb_poly(row) for row in centered]
        tube = 4 * (radii.sum(axis=1) + time * forcing)
        for part in range(_PARTS):
            begin = span * part - length / 2
            with ctx.workprec(_ROUGH_BITS):
                local = arb(begin).union(arb(begin + span))
                boxes = [polynomial(local) for polynomial in polynomials]
                tube = np.maximum(tube, 2 * radii.sum(axis=1))
                for _ in range(6):
                    width = frame.out(tube[:, None])[:, 0]
                    inside = [box + arb(0, float(w)) for box, w in zip(boxes, width)]
                    _, rows = self.rates.jacobian([arb(middle) + local, *inside])
                    comparison = np.zeros((size + 1, size + 1))
                    self.jacobian = interval_matrix(rows, 1)
                    comparison[:size, :size] = frame.comparison(*self.jacobian)
                    comparison[:size, size] = forcing / unit
                    if not np.isfinite(comparison).all():
                        raise Refused
                    highest = _advanced(exponential(_without_decay(comparison), time), radii, unit)
                    largest = highest.sum(axis=1)
                    if (largest < tube).all():
                        break
                    tube = 4 * largest + FLOOR
                else:
                    raise Refused
            parts.append((middle + begin + span, frame.out(largest[:, None])[:, 0]))
            radii = _advanced(exponential(comparison, time), radii, unit)
        return parts, radii


def _advanced(growth: Matrix, radii: Matrix, unit: float) -> Matrix:
    """Bounds after a part of a step; the last column of ``growth`` answers a forcing ``unit``."""
    size = len(radii)
    result = growth[:size, :size] @ radii
    result[:, 1] += growth[:size, size] * unit
    return np.asarray(result * (1 + 4 * (size + 4) * 2.0**-52) + FLOOR)


def _without_decay(comparison: Matrix) -> Matrix:
    result = comparison.copy()
    np.fill_diagonal(result, np.maximum(result.diagonal(), 0))
    return result


def _padded(polynomial: arb_poly, order: int) -> list[arb]:
    coefficients: list[arb] = polynomial.coeffs()
    return coefficients + [arb(0)] * (order + 1 - len(coefficients))


def _over(row: list[arb], half: arb) -> list[arb]:
    """The Taylor coefficients around every point within ``half`` of the middle."""
    largest = arb_poly([arb(abs(c).upper()) for c in row])(arb_poly([half, 1]))
    padded = _padded(largest, len(row) - 1)
    return [c + (wide - abs(c)).upper() * arb(0, 1) for c, wide in zip(row, padded)]


def _log(value: arb) -> float:
    """The logarithm of the magnitude of a number, of any size."""
    mantissa, exponent = value.mid().man_exp()
    return math.log(abs(int(mantissa))) + int(exponent) * math.log(2)


def dyadic(value: float) -> fmpq:
    """Return a double as an exact number."""
    return fmpq(*value.as_integer_ratio())


def _rounded(value: fmpq) -> fmpq:
    """A positive number, rounded down to ten binary digits."""
    exponent = int(value.p).bit_length() - int(value.q).bit_length() - 10
    unit = fmpq(2) ** exponent
    return unit * int((value / unit).floor())
