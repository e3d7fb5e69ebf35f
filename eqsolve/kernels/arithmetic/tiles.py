"""What generated kernels of a closed form on the root of a cubic call, beside their loops."""

from __future__ import annotations

import math
from typing import Any

from numba import njit, types

from eqsolve.kernels.arithmetic import lanes
from eqsolve.kernels.arithmetic.doubledouble import kernel
from eqsolve.kernels.arithmetic.moving import TILE
from eqsolve.status import Status

__all__ = ["UNDECIDED", "ahead", "chosen", "coded", "load", "soon", "store"]

WORK, INTEGER = types.float64[::1], types.int64
# Arrays that may be written to are also accepted.
INPUT = types.Array(types.float64, 1, "C", readonly=True)

OK = float(Status.OK)
#: The status of a point of which double precision does not decide everything.
UNDECIDED = -1.0


@kernel
def coded(sure: float) -> float:
    """The status that a number of the row ``sure`` tells."""
    return lanes.select(sure > 0.5, OK, lanes.select(sure < 0.0, -sure, UNDECIDED))


@kernel
def chosen(
    direction: float,
    roots: tuple[float, float, float],
    paired: bool,
    margins: tuple[tuple[float, bool], tuple[float, bool], tuple[float, bool]],
    one_only: bool,
) -> tuple[float, bool, bool]:
    """The admissible root that is outermost in a direction, if that is certain, and if it is none.

    Parameters
    ----------
    direction : its sign counts.
    roots, paired : the most isolated root and the two others, and whether these are real.
    margins : of every root what is positive where it is admissible, and whether its sign is
        certain.
    one_only : whether several admissible roots are left undecided.
    """
    x, y, z = roots
    first, second, third = margins
    admissible_x = first[0] > 0.0
    admissible_y = paired & (second[0] > 0.0)
    admissible_z = paired & (third[0] > 0.0)
    trusted = first[1] & (second[1] | (paired == False))  # noqa: E712
    trusted = trusted & (third[1] | (paired == False))  # noqa: E712
    place, picked = lanes.select(admissible_x, direction * x, -math.inf), x
    trial = lanes.select(admissible_y, direction * y, -math.inf)
    picked = lanes.select(trial > place, y, picked)
    place = lanes.select(trial > place, trial, place)
    trial = lanes.select(admissible_z, direction * z, -math.inf)
    picked = lanes.select(trial > place, z, picked)
    several = (admissible_x & (admissible_y | admissible_z)) | (admissible_y & admissible_z)
    trusted = trusted & ((one_only & several) == False)  # noqa: E712
    none = (admissible_x | admissible_y | admissible_z) == False  # noqa: E712
    return picked, trusted, none


@njit(types.void(WORK, INTEGER, INPUT, INTEGER, INTEGER), error_model="numpy", forceinline=True)
def load(work: Any, row: int, source: Any, start: int, count: int) -> None:
    """Copy a tile of an input, or its only entry."""
    target = work[row * TILE : row * TILE + TILE]
    if source.size == 1:
        for i in range(TILE):
            target[i] = source[0]
        return
    part = source[start : start + count]
    if count == TILE:
        for i in range(TILE):
            target[i] = part[i]
        return
    for i in range(count):
        target[i] = part[i]


@njit(types.void(INPUT, INTEGER), error_model="numpy", cache=True)
def ahead(source: Any, start: int) -> None:
    """Ask for a coming tile of an input, which is read while this one is computed."""
    if source.size > 1:
        for i in range(0, TILE, 8):
            lanes.read_soon(source, start + 2 * TILE + i)


@njit(types.void(WORK, INTEGER), error_model="numpy", cache=True)
def soon(target: Any, start: int) -> None:
    """Ask for this tile of an output, which is written after it is computed."""
    if target.size > 0:
        for i in range(0, TILE, 8):
            lanes.write_soon(target, start + i)


@njit(
    types.void(WORK, INTEGER, INTEGER, WORK, INTEGER, INTEGER),
    error_model="numpy",
    forceinline=True,
)
def store(work: Any, sure: int, row: int, target: Any, start: int, count: int) -> None:
    """Copy a tile of an output; NaN where there is none. Nothing happens if nobody wants it."""
    if target.size == 0:
        return
    part = target[start : start + count]
    marks = work[sure * TILE : sure * TILE + TILE]
    source = work[row * TILE : row * TILE + TILE]
    if count == TILE:
        for i in range(TILE):
            part[i] = lanes.select(marks[i] > 0.5, source[i], math.nan)
        return
    for i in range(count):
        part[i] = lanes.select(marks[i] > 0.5, source[i], math.nan)
