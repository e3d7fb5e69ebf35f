"""The decision among the roots of a cubic at one point, in double-double numbers.

What depends on a game are functions that its kernel brings along.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from numba import njit

from eqsolve.kernels.arithmetic import doubledouble as dd
from eqsolve.kernels.arithmetic.cubic import CubicStatus, real_roots
from eqsolve.kernels.arithmetic.doubledouble import own
from eqsolve.status import Status

OK = int(Status.OK)
NO_ADMISSIBLE_ROOT = int(Status.NO_ADMISSIBLE_ROOT)
INFINITE_VARIANCE = int(Status.INFINITE_VARIANCE)
DEGENERATE = int(Status.DEGENERATE)
NEAR_FOLD = int(Status.NEAR_FOLD)
NO_SOLUTION = int(Status.NO_SOLUTION)
INVALID_INPUT = int(Status.INVALID_INPUT)

CUBIC_OK = int(CubicStatus.OK)
CUBIC_NEAR_FOLD = int(CubicStatus.NEAR_FOLD)
CUBIC_VANISHES = int(CubicStatus.IDENTICALLY_ZERO)

ZERO = (0.0, 0.0)
NOTHING = (math.nan, math.nan)
# Real roots at a relative distance below this one count as a fold.
FOLD = 1e-8
# A root is lost where its slope is below this part of the polynomial's terms.
FLAT = 2.0**-50


@njit(error_model="numpy", cache=True)
def near_fold(c3: Any, c2: Any, c1: Any, c0: Any, found: Any, index: int) -> bool:
    """Whether another real root nearly coincides with a root."""
    root = found.roots[index]
    size = abs(root[0])
    for k in range(found.number):
        if k != index and abs(dd.sub(found.roots[k], root)[0]) <= FOLD * size:
            return True
    slope = dd.add(dd.mul_double(dd.mul(c3, root), 3.0), dd.mul_double(c2, 2.0))
    slope = dd.add(dd.mul(slope, root), c1)
    if size == 0.0:
        return bool(slope[0] == 0.0)
    terms = ((abs(c3[0]) * size + abs(c2[0])) * size + abs(c1[0])) * size + abs(c0[0])
    return not size * abs(slope[0]) > FLAT * terms


@njit(error_model="numpy", cache=True)
def failure(status: int) -> int:
    """The outcome of a point whose cubic has no usable roots, OK otherwise."""
    if status == CUBIC_OK or status == CUBIC_NEAR_FOLD:
        return OK
    return DEGENERATE if status == CUBIC_VANISHES else NO_SOLUTION


def decider(
    in_domain: Any,
    common_wealth: Any,
    margin: Any,
    game: tuple[Any, Any],
    alone: tuple[Any, Any] | None = None,
    compiled: Callable[[Any], Callable[[Any], Any]] = own,
) -> Any:
    """A function that solves a point: it selects a root, and evaluates the closed form there.

    Parameters
    ----------
    in_domain : of parameters, own state, aggregate, and whether the aggregate is the default:
        whether all are acceptable.
    common_wealth : of parameters and own state: the default aggregate.
    margin : of a root and parameters: what is positive where the root is admissible.
    game : two functions: of parameters and the state whether the abbreviations are in their
        domains, the cubic's coefficients, and the direction of selection; of a root, parameters,
        the state and whether the value is wanted: status, feedback, position and value.
    alone : the same two without competitors.
    compiled : how functions that are made for another one are compiled.

    Returns
    -------
    function
        Of parameters, own state, aggregate, whether it is the default, whether roots are ranked by
        value, whether value and position without competitors are wanted. It returns the status, and
        root, feedback, position, position without competitors and value.
    """
    cubic, solution = game
    single_cubic, single_solution = alone or game
    competes = alone is not None

    @compiled(margin)
    def outermost(direction: float, found: Any, parameters: Any) -> int:
        """Index of the admissible root that is the largest in the given direction, -1 if none."""
        selected = -1
        for k in range(found.number):
            if margin(found.roots[k], parameters)[0] > 0.0:
                # The roots ascend.
                if selected < 0 or direction > 0.0:
                    selected = k
        return selected

    @compiled(solution)
    def point(
        parameters: Any,
        x: float,
        y_given: float,
        same_wealth: bool,
        by_value: bool,
        with_value: bool,
        with_alone: bool,
    ) -> Any:
        nothing = (NOTHING, NOTHING, NOTHING)
        bad = (NOTHING, nothing, NOTHING, NOTHING, NOTHING)
        if not in_domain(parameters, x, y_given, same_wealth):
            return INVALID_INPUT, bad
        y = dd.from_double(y_given)
        if same_wealth:
            y = common_wealth(parameters, x)
        valid, c3, c2, c1, c0, direction = cubic(parameters, y)
        if not valid:
            return INVALID_INPUT, bad
        found = real_roots(c3, c2, c1, c0)
        status = failure(found.status)
        if status != OK:
            return status, bad
        index = outermost(direction, found, parameters)
        if index < 0:
            return NO_ADMISSIBLE_ROOT, bad
        selected, top, best = index, -1, -math.inf
        status, feedback, position, value = DEGENERATE, nothing, NOTHING, NOTHING
        for k in range(found.number):
            admissible = margin(found.roots[k], parameters)[0] > 0.0
            if k == index if not by_value else admissible:
                outcome, trial, total, worth = solution(
                    found.roots[k], parameters, x, y, with_value or by_value
                )
                # Roots with finite second moments come first, singular ones last.
                rank = 2 if outcome == OK else int(outcome == INFINITE_VARIANCE)
                # What is not a number yields to any other.
                if rank > top or rank == top and (best == -math.inf or worth[0] > best):
                    status, feedback, position, value, selected = outcome, trial, total, worth, k
                    top, best = rank, worth[0] if worth[0] > -math.inf else -math.inf
        if status == OK and near_fold(c3, c2, c1, c0, found, selected):
            status = NEAR_FOLD
        if status != OK:
            return status, bad
        root, single = found.roots[selected], ZERO
        if competes and with_alone:
            _, c3, c2, c1, c0, direction = single_cubic(parameters, y)
            found = real_roots(c3, c2, c1, c0)
            status = failure(found.status)
            if status != OK:
                return status, bad
            index = outermost(direction, found, parameters)
            if index < 0:
                return NO_ADMISSIBLE_ROOT, bad
            if near_fold(c3, c2, c1, c0, found, index):
                return NEAR_FOLD, bad
            status, _, single, _ = single_solution(found.roots[index], parameters, x, y, False)
            if status != OK:
                return status, bad
        strategy = root[0] + feedback[0][0] + feedback[1][0] + feedback[2][0]
        if not math.isfinite(strategy + position[0] + single[0] + value[0]):
            return NO_SOLUTION, bad
        return OK, (root, feedback, position, single, value)

    return point
