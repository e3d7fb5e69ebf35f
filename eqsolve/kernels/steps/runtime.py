"""What generated kernels call: the decision among solutions, and functions of closed forms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from eqsolve.kernels.steps.common import UNRESOLVED, Vector, copy, own

#: What a candidate returns that does not exist.
NO_ROOT = -1


@njit(cache=True, error_model="numpy")
def root_cosh(square: float, s: float) -> float:
    """``cosh(sqrt(square) s)`` for squares of either sign."""
    if square >= 0.0:
        return math.cosh(math.sqrt(square) * s)
    return math.cos(math.sqrt(-square) * s)


@njit(cache=True, error_model="numpy")
def root_sinh(square: float, s: float) -> float:
    """``sinh(sqrt(square) s) / sqrt(square)`` for squares of either sign, ``s`` at 0."""
    z = square * s * s
    if abs(z) < 1e-3:
        return s * (1.0 + z / 6.0 * (1.0 + z / 20.0 * (1.0 + z / 42.0 * (1.0 + z / 72.0))))
    if square > 0.0:
        root = math.sqrt(square)
        return math.sinh(root * s) / root
    root = math.sqrt(-square)
    return math.sin(root * s) / root


@njit(cache=True, error_model="numpy")
def explosion_time(square: float, slope: float) -> float:
    """The first zero of ``cosh(D s / 2) - slope sinh(D s / 2) / D`` with ``D^2 = square``."""
    if square > 0.0:
        root = math.sqrt(square)
        return 2.0 / root * math.atanh(root / slope) if slope > root else math.inf
    if square == 0.0:
        return 2.0 / slope if slope > 0.0 else math.inf
    root = math.sqrt(-square)
    return (math.pi / 2.0 - math.atan(slope / root)) * 2.0 / root


def decider(candidate: Any, choices: Any, alone: bool) -> Any:
    """A function that decides among the solutions of one point; see ``eqsolve.solve.decide``.

    The limit of finite horizons is taken if it is an equilibrium. Else another solution is, if it
    is the only one; without any, the status is theirs if they have the same.

    Parameters
    ----------
    candidate : fills the results of one solution, ``pick`` the numbers of its roots or -1 for the
        limit, and returns its status.
    choices : number of roots of each polynomial.
    alone : whether the roots of polynomials are all that is chosen.
    """
    total = 1
    for number in choices:
        total *= int(number)
    chosen = choices.size > 0
    ok, unplayable, invalid, none = 0, 2, 6, 1

    @own(candidate)
    def decide(point: Vector, given: Any, out: Vector) -> int:
        pick = np.full(choices.size, -1, dtype=np.int64)
        status = candidate(point, given, pick, out)
        if status == ok or status == unplayable or status == invalid:
            return int(status)
        if not alone:
            return UNRESOLVED
        if not chosen:
            return int(status)
        trial = np.empty(out.size)
        admissible, kind, mixed, final = 0, -1, False, ok
        for number in range(total):
            rest = number
            for i in range(choices.size):
                pick[i] = rest % choices[i]
                rest //= choices[i]
            trial[:] = np.nan
            status = candidate(point, given, pick, trial)
            if status == NO_ROOT:
                continue
            if status == UNRESOLVED:
                return UNRESOLVED
            if status == ok or status == unplayable:
                # what is selected may still be nobody's strategy
                admissible, final = admissible + 1, status
                copy(trial, out)
                continue
            mixed = mixed or (kind >= 0 and kind != status)
            kind = status
        if admissible == 1:
            return int(final)
        if admissible > 1:
            return UNRESOLVED
        return none if kind < 0 or mixed else kind

    return decide
