"""Validated integration of ordinary differential equations by Taylor polynomials.

Each step takes the Taylor polynomial p of the solution and never asks how it was found. It bounds

* the defect p' - f(s, p) over the step: by the Taylor coefficients of f(s, p(s)) around the middle
  of the step, the last of them over all of the step;
* the growth of the error by the Jacobian over a tube around p: see :mod:`.majorant`. The solution
  stays in the tube because the bound does.

So nothing is wrapped in boxes that are mapped from step to step; what is left of a large
logarithmic norm is met by more digits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from flint import arb, ctx, fmpq

from eqsolve.arithmetic.code import Code
from eqsolve.arithmetic.explosion import first_zero, projected
from eqsolve.arithmetic.majorant import magnitude
from eqsolve.arithmetic.step import State, Stepper, dyadic
from eqsolve.arithmetic.trajectory import Piece, Status, Trajectory, rational
from eqsolve.errors import DerivationError

#: Steps below this part of the largest one say that the solution comes to an end.
_SMALLEST = 1e-13
#: What a single step may add, relative to the tolerance.
_MARGIN = 1e-4
#: Runs with more and more digits.
_RUNS = 4
#: Bits beyond those that the tolerance of a step needs.
_GUARD = 40
#: A relative error from which an enclosure says nothing.
_LOST = 1e-3
#: Width of the bracket of an explosion, relative to the time left when it is noticed.
_NARROW = 1e-18
#: Magnitude from which a solution is suspected to explode.
_LARGE = 1e6


def integrate(
    rates: Code,
    start: Sequence[arb],
    length: fmpq | arb,
    *,
    tolerance: float = 1e-20,
    bits: int = 160,
    breaks: Sequence[fmpq] = (),
    max_steps: int = 2000,
) -> Trajectory:
    """Enclose the solution of u' = f(s, u), u(0) = ``start``, for s from 0 to ``length``.

    Parameters
    ----------
    rates : f, with the arguments s, u_1, ..., u_n.
    start : one ball for each unknown.
    length : the end of the interval; of a ball, its upper end.
    tolerance : the error that the integration may add to each unknown, relative to max(1, u).
        What the radii of ``start`` grow to comes on top.
    bits : working precision at least; it rises with what the tolerance asks for.
    breaks : times at which a step must end (where the rates are not smooth).
    max_steps : a bound of the number of steps.

    Returns
    -------
    Trajectory
        Its status is ``"unresolved"`` if ``max_steps`` did not suffice, the rates are not defined
        at a point of the solution, or the error cannot be bounded.

    Raises
    ------
    DerivationError
        If there are no unknowns, the length is negative, or the numbers of rates, arguments and
        unknowns do not fit.
    """
    end = length if isinstance(length, fmpq) else rational(arb(length).upper())
    if end < 0 or not start:
        raise DerivationError(
            "a trajectory needs unknowns and a positive length.", stage="integration"
        )
    if len(rates.outputs) != len(start) or len(rates.arguments) != len(start) + 1:
        raise DerivationError(
            f"{len(rates.outputs)} rates of {len(rates.arguments)} arguments do not fit"
            f" {len(start)} unknowns and the time.",
            stage="integration",
        )
    stops = sorted(fmpq(b) for b in breaks if 0 < fmpq(b) < end) + [end]
    local = tolerance * _MARGIN
    for _ in range(_RUNS):
        precision = max(bits, int(-math.log2(local)) + _GUARD)
        # What overflows in a bound is refused where the bound is used.
        with ctx.workprec(precision), np.errstate(over="ignore", invalid="ignore"):
            trajectory, worst = _integrated(rates, start, stops, local, max_steps)
        if trajectory.status != "ok" and worst < _LOST or worst <= tolerance:
            break
        # The error grew on the way: once more, with as many digits more.
        local = local * tolerance / min(worst, 1.0) / 10
        if local < 1e-280:
            break
    return trajectory


def _integrated(
    rates: Code, start: Sequence[arb], stops: list[fmpq], tolerance: float, max_steps: int
) -> tuple[Trajectory, float]:
    """One run; also the largest relative error that it added."""
    stepper = Stepper(rates, tolerance)
    state = stepper.start(fmpq(0), start)
    pieces: list[Piece] = []
    worst, large = 0.0, _LARGE
    status: Status = "ok"
    bracket: tuple[fmpq, fmpq | None] | None = None
    longest = fmpq(0)
    for stop in stops:
        while status == "ok" and state.time < stop:
            least = dyadic(_SMALLEST) * max(longest, stops[-1] * dyadic(_SMALLEST))
            done = None
            if len(pieces) < max_steps:
                done = stepper.step(state, stop - state.time, least)
            size = max((magnitude(value) for value in state.point), default=0.0)
            if done is None:
                blown = len(pieces) < max_steps and size > _LARGE and worst < _LOST
                status = "explodes" if blown else "unresolved"
                bracket = (state.time, None) if blown else None
                break
            state, piece = done
            pieces.append(piece)
            longest = max(longest, piece.end - piece.begin)
            scale = np.array([max(1.0, magnitude(value)) for value in state.point])
            worst = max(worst, float((state.error()[:, 1] / scale).max()))
            if scale.max() > large:
                large = scale.max() * 1e3
                bracket = _pole(rates, state, stops[-1])
                if bracket is not None:
                    status = "explodes"
    return (
        Trajectory(status, state.time, bracket, tuple(start), tuple(pieces), int(ctx.prec)),
        worst,
    )


def _pole(rates: Code, state: State, end: fmpq) -> tuple[fmpq, fmpq] | None:
    """Bracket the time at which the largest unknown becomes infinite, if it soon does."""
    values = state.enclosure()
    largest = max(range(len(values)), key=lambda k: magnitude(values[k].mid()))
    coordinates = projected(rates, largest)
    if coordinates is None or values[largest].contains(0):
        return None
    function, chosen = coordinates
    inverse = 1 / values[largest]
    start = [inverse, *(values[k] * inverse for k in chosen[1:])]
    slope = function([arb(state.time), *start])[0]
    if slope.contains(0) or not slope.is_finite():
        return None
    # Twice as far as the present speed leads; v has to become zero there.
    ahead = rational((-2 * inverse / slope).mid())
    if ahead <= 0:
        return None
    later = function.at({}, shift={function.arguments[0]: state.time})
    tolerance = _NARROW * magnitude(inverse)
    found = first_zero(integrate(later, start, min(ahead, end - state.time), tolerance=tolerance))
    return None if found is None else (state.time + found[0], state.time + found[1])
