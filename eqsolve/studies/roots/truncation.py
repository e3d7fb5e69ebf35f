"""Which solution finite horizons reach: the coefficients' equations, followed from the payoffs.

With an end of the horizon, or where it ends at the earlier of two times, the coefficients solve
differential equations in the time to go that start at the payoffs' coefficients. As the time to go
grows they come to rest at a solution of the stationary system, or do not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eqsolve.program.program import Program
from eqsolve.studies.roots.branching import Array, Branches, Branching, Flags, Values, arrays

#: Relative error of a step, steps at most, and the rate (relative) at which motion is rest.
ACCURACY, STEPS, REST = 1e-7, 4000, 1e-5
#: Relative distance at which a solution counts as reached.
REACHED = 1e-3


@dataclass(frozen=True)
class Followed:
    """Where finite horizons lead, by points.

    Attributes
    ----------
    reached : the number of the solution that is reached; -1 where none is.
    rest : whether the motion came to rest.
    nearest : the least distance on the way to an admissible solution that was not reached, as a
        part of its distance from the one that was; infinite where there is none.
    """

    reached: NDArray[np.int8]
    rest: Flags
    nearest: Array


def follow(branching: Branching, values: Values, branches: Branches) -> Followed:
    """Follow the coupled coefficients from the payoffs at many points.

    Parameters
    ----------
    values : one-dimensional arrays of all parameters by name.
    branches : the solutions there.

    Raises
    ------
    DerivationError
        If the ansatz cannot equal the payoffs.
    """
    program, names = branching.program, branching.coupled
    motion = _Motion(program, names, values)
    ends = np.stack([branches.quantities[name] for name in names], axis=-1)
    size = ends.shape[0]
    state, moving = motion.start(size), np.ones(size, bool)
    rest = np.zeros(size, bool)
    nearest = np.full(ends.shape[:2], np.inf)
    step = np.full(size, 1e-3) / (1 + np.abs(motion.rates(state)).max(axis=-1))
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            here = np.flatnonzero(moving)
            if not here.size:
                break
            old, h = state[here], step[here, None]
            # Bogacki and Shampine, A 3(2) pair of Runge-Kutta formulas, 1989
            one = motion.rates(old, here)
            two = motion.rates(old + h / 2 * one, here)
            three = motion.rates(old + 3 * h / 4 * two, here)
            new = old + h * (2 * one + 3 * two + 4 * three) / 9
            four = motion.rates(new, here)
            error = h * np.abs(-5 * one / 72 + two / 12 + three / 9 - four / 8)
            size_of = 1e-9 + np.maximum(np.abs(old), np.abs(new))
            worst = (error / size_of).max(axis=-1) / ACCURACY
            worst = np.where(np.isfinite(worst), worst, 1e6)
            good = worst <= 1
            took = here[good]
            state[took] = new[good]
            gap = _distance(state[took][:, None], ends[took])
            nearest[took] = np.fmin(nearest[took], gap)
            close = np.zeros(here.size, bool)
            close[good] = np.nanmin(gap, axis=-1) < REACHED
            slow = (np.abs(four) / size_of).max(axis=-1) <= REST * motion.pace[here]
            slow &= close
            rest[here[slow]] = True
            step[here] *= np.clip(0.9 / np.cbrt(np.maximum(worst, 1e-9)), 0.2, 4)
            moving[here] = ~slow & (step[here] > 1e-14)
    gaps = _distance(state[:, None], ends)
    best = np.where(np.isnan(gaps), np.inf, gaps).argmin(axis=-1)
    found = np.take_along_axis(gaps, best[:, None], axis=-1)[:, 0] < REACHED
    reached = np.where(rest & found, best, -1).astype(np.int8)
    other = branches.admissible & (np.arange(ends.shape[1]) != best[:, None])
    with np.errstate(all="ignore"):
        nearest /= _distance(np.take_along_axis(ends, best[:, None, None], axis=1), ends)
    return Followed(reached, rest, np.where(other, nearest, np.inf).min(axis=-1))


def _distance(states: Array, ends: Array) -> Array:
    """Relative distance to every solution."""
    found: Array = (np.abs(states - ends) / (1e-9 + np.abs(ends))).max(axis=-1)
    return found


class _Motion:
    """The rates of the coupled coefficients in the time to go."""

    def __init__(self, program: Program, names: tuple[str, ...], values: Values) -> None:
        system = program.system
        self.names, self.values, self.program = names, values, program
        self.code = system.rates.only([system.unknowns.index(name) for name in names])
        #: hazard plus discount rate, by which rates are judged
        size = max(map(np.size, values.values()))
        (self.pace,) = arrays(program.growth[0].rate, values, size)

    def start(self, size: int) -> Array:
        """The payoffs' coefficients."""
        program = self.program
        if program.terminal is None:
            raise program.error(program.no_terminal, "terminal values")
        places = [program.system.unknowns.index(name) for name in self.names]
        code = program.terminal.only(places)
        return np.stack(arrays(code, self.values, size), axis=-1)

    def rates(self, states: Array, here: NDArray[np.intp] | None = None) -> Array:
        """Derivatives of the coefficients at some of the points."""
        known = {k: v if here is None else v[here] for k, v in self.values.items()}
        known |= {name: states[:, k] for k, name in enumerate(self.names)}
        return np.stack(arrays(self.code, known, len(states)), axis=-1)
