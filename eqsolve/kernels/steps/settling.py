"""Where coupled coefficients come to rest as the horizon grows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from eqsolve.kernels.steps.common import Vector, copy, own
from eqsolve.kernels.steps.integration import LARGE, integrator
from eqsolve.kernels.steps.linear import attracts, factor, norm, relative, substitute

#: Where coupled coefficients come to rest: local error of a step, most steps, and most that one
#: may change; rates from which Newton's method takes over, and how far it may go; the shortest
#: step, and the last change of Newton's method. All relative to ``1 + |u|``, and rates and steps to
#: the pace of the linearized flow: nothing depends on the unit of time.
COARSE, COARSE_STEPS, JUMP = 1e-5, 400, 0.5
SLOW, NEAR, LEAST, LAST = 1e-3, 1e-2, 1e-9, 1e-12
#: Rates from which Newton's method is tried in a precise integration; distances from a point that
#: does not attract at which the flow rests there, or certainly goes past it.
TRIED, RESTING, PASSING = 1e-6, 1e-15, 1e-9


def settler(rates: Any, jacobian: Any) -> Any:
    """A function that follows ``du/ds = rates(s, u, p)`` in place to where it comes to rest.

    It returns whether it does: after the flow has slowed down, Newton's method takes over. Where
    the flow goes is followed by steps that are linearly implicit, and grow as it slows down. Only
    if that does not end at a point that attracts what is near (close to the boundary of what
    another one attracts, say) the flow is integrated to full precision.
    """
    integrate = integrator(rates)

    @own(rates)
    def newton(u: Vector, p: Vector, slope: Vector, matrix: Vector, order: Any) -> bool:
        """Newton's method; whether it ends, without going far."""
        moved = 0.0
        for _ in range(8):
            rates(0.0, u, p, slope)
            jacobian(u, p, matrix)
            if not factor(matrix, order):
                return False
            substitute(matrix, order, slope)
            for i in range(u.size):
                u[i] -= slope[i]
            largest = relative(slope, u)
            moved += largest
            if not moved < NEAR:
                return False
            if largest < 1e-14:
                return True
        return largest < LAST

    @own(rates)
    def approach(u: Vector, p: Vector) -> bool:
        """Whether the flow certainly ends at an attracting point, to which ``u`` is moved.

        The method is Rodas3 (Sandu and others, Atmospheric Environment 31, 1997) of order 3, with
        its embedded error estimate.
        """
        size = u.size
        matrix = np.empty((size, size))
        work = np.empty((6, size))
        order = np.empty(size, dtype=np.int64)
        slope, first, second, third, fourth, new = work
        h = 0.0
        for _ in range(COARSE_STEPS):
            rates(0.0, u, p, slope)
            jacobian(u, p, matrix)
            fastest, pace = relative(slope, u), norm(matrix)
            if not (math.isfinite(fastest) and math.isfinite(pace) and pace > 0.0):
                return False
            if fastest < SLOW * pace:
                copy(u, new)
                if newton(new, p, second, matrix, order):
                    copy(new, u)
                    jacobian(u, p, matrix)
                    return attracts(matrix)
                jacobian(u, p, matrix)
            h = 0.1 / pace if h == 0.0 else h
            for i in range(size):
                for j in range(size):
                    matrix[i, j] = -matrix[i, j]
                matrix[i, i] += 2.0 / h
            if not factor(matrix, order):
                return False
            copy(slope, first)
            substitute(matrix, order, first)
            for i in range(size):
                second[i] = slope[i] + 4.0 / h * first[i]
            substitute(matrix, order, second)
            for i in range(size):
                new[i] = u[i] + 2.0 * first[i]
            rates(0.0, new, p, third)
            for i in range(size):
                third[i] += (first[i] - second[i]) / h
            substitute(matrix, order, third)
            for i in range(size):
                new[i] += third[i]
            rates(0.0, new, p, fourth)
            for i in range(size):
                fourth[i] += (first[i] - second[i] - 8.0 / 3.0 * third[i]) / h
            substitute(matrix, order, fourth)
            error = relative(fourth, u)
            for i in range(size):
                new[i] += fourth[i]
                first[i] = new[i] - u[i]
            jump = relative(first, u)
            if not math.isfinite(error):
                h *= 0.1
            elif error <= COARSE and jump > JUMP:
                # these steps are accurate beyond a pole of a Riccati equation, where no limit is
                h *= 0.5
            else:
                if error <= COARSE:
                    copy(new, u)
                h *= min(6.0, max(0.1, 0.9 * (COARSE / max(error, 1e-300)) ** (1.0 / 3.0)))
            if h * pace < LEAST:
                return False
            for i in range(size):
                if abs(u[i]) > LARGE:
                    return False
        return False

    @own(rates)
    def rest(u: Vector, p: Vector) -> bool:
        size = u.size
        slope = np.empty(size)
        copy(u, slope)
        if approach(u, p):
            return True
        copy(slope, u)
        trial = np.empty(size)
        matrix = np.empty((size, size))
        order = np.empty(size, dtype=np.int64)
        length, closest = 0.0, math.inf
        for _ in range(60):
            rates(0.0, u, p, slope)
            jacobian(u, p, matrix)
            pace = norm(matrix)
            if not (math.isfinite(pace) and pace > 0.0):
                return False
            copy(u, trial)
            slow = relative(slope, u) < TRIED * pace
            if slow and newton(trial, p, slope, matrix, order):
                jacobian(trial, p, matrix)
                if attracts(matrix):
                    copy(trial, u)
                    return closest > PASSING
                # a point that does not attract is the end only if the flow comes to rest there
                for i in range(size):
                    slope[i] = trial[i] - u[i]
                distance = relative(slope, u)
                if distance < RESTING:
                    copy(trial, u)
                    return True
                closest = min(closest, distance)
            length = 1.0 / pace if length == 0.0 else 1.5 * length
            if integrate(u, p, length) != 0:
                return False
        return False

    return rest
