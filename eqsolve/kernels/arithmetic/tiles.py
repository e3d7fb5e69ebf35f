"""The steps of vectorized kernels that are the same for every game.

Each is a loop of its own over a tile, without branches, so that the compiler turns it into vector
instructions: see ``eqsolve.kernels.cubic.pieces``. The rows are those of
``eqsolve.kernels.cubic.rows``. A point whose decisions or digits are not safe in double precision
gets the code UNDECIDED.
"""

from __future__ import annotations

import math
from typing import Any

from numba import njit, types

from eqsolve.kernels.arithmetic import lanes
from eqsolve.kernels.arithmetic.doubledouble import kernel
from eqsolve.kernels.arithmetic.moving import wide
from eqsolve.kernels.cubic.rows import ROWS, TILE
from eqsolve.status import Status

__all__ = [
    "INFINITE_VARIANCE",
    "OK",
    "UNDECIDED",
    "ahead",
    "approach",
    "chosen",
    "complete",
    "deflate",
    "improve",
    "isolate",
    "load",
    "polish",
    "soon",
    "store",
]

WORK, FLAG, INTEGER = types.float64[::1], types.boolean, types.int64
# Arrays that may be written to are also accepted.
INPUT = types.Array(types.float64, 1, "C", readonly=True)

OK = float(Status.OK)
NO_ADMISSIBLE_ROOT = float(Status.NO_ADMISSIBLE_ROOT)
INFINITE_VARIANCE = float(Status.INFINITE_VARIANCE)
UNDECIDED = -1.0

# The discriminant of the two less isolated roots must exceed this part of its terms. They then
# have 8 digits, and their number is certain.
DISCRIMINANT = 2.0**-16
# Rounding errors of the coefficients may be magnified in the root by this factor.
MAGNIFICATION = 2.0**10
# Corrections to the selected root, relative to it, from which the last one is exact to an ulp.
FIRST, SECOND = 2.0**-30, 2.0**-36

# Rows by name. TILE is looked up where it is used: NumPy runs these steps with other tiles.
CODE, ROOT, INVERSE = (ROWS[name] for name in ("code", "root", "inverse"))
A, B, C, D = (ROWS[f"coefficient_{degree}"] for degree in (3, 2, 1, 0))
TERMS_A, TERMS_B, TERMS_C, TERMS_D = (ROWS[f"terms_{degree}"] for degree in (3, 2, 1, 0))
MIDDLE, Q, V, S = (ROWS[name] for name in ("middle", "q", "v", "s"))
ISOLATED, OTHER, LAST = (ROWS[name] for name in ("isolated", "other", "last"))
LINEAR, PRODUCT, DISTANCE = (ROWS[name] for name in ("linear", "product", "discriminant"))


@njit(types.void(WORK), error_model="numpy", cache=True)
def approach(work: Any) -> None:
    """An approximation of the most isolated root, from the inflection point."""
    wide()
    for i in range(TILE):
        c3, c2, c1, c0 = (
            work[A * TILE + i],
            work[B * TILE + i],
            work[C * TILE + i],
            work[D * TILE + i],
        )
        inverse, middle, q, v, s = lanes.approached(c3, c2, c1, c0)
        work[INVERSE * TILE + i] = inverse
        work[MIDDLE * TILE + i] = middle
        work[Q * TILE + i] = q
        work[V * TILE + i] = v
        work[S * TILE + i] = s


@njit(types.void(WORK), error_model="numpy", cache=True)
def isolate(work: Any) -> None:
    """The most isolated root of the cubic."""
    wide()
    for i in range(TILE):
        c3, c2, c1, c0 = (
            work[A * TILE + i],
            work[B * TILE + i],
            work[C * TILE + i],
            work[D * TILE + i],
        )
        inverse, middle = work[INVERSE * TILE + i], work[MIDDLE * TILE + i]
        q, v, s = work[Q * TILE + i], work[V * TILE + i], work[S * TILE + i]
        work[ISOLATED * TILE + i] = lanes.isolated(c3, c2, c1, c0, inverse, middle, q, v, s)


@njit(types.void(WORK), error_model="numpy", cache=True)
def deflate(work: Any) -> None:
    """The quadratic that is left when the most isolated root is divided out."""
    wide()
    for i in range(TILE):
        c3, c2, c1, c0 = (
            work[A * TILE + i],
            work[B * TILE + i],
            work[C * TILE + i],
            work[D * TILE + i],
        )
        x, linear, product, certain = lanes.deflated(c3, c2, c1, c0, work[ISOLATED * TILE + i])
        code = work[CODE * TILE + i]
        work[ISOLATED * TILE + i] = x
        work[LINEAR * TILE + i] = linear
        work[PRODUCT * TILE + i] = product
        work[CODE * TILE + i] = lanes.select(certain | (code != OK), code, UNDECIDED)


@njit(types.void(WORK), error_model="numpy", cache=True)
def complete(work: Any) -> None:
    """The roots of the quadratic, and whether they are certain."""
    wide()
    for i in range(TILE):
        linear, product, code = (
            work[LINEAR * TILE + i],
            work[PRODUCT * TILE + i],
            work[CODE * TILE + i],
        )
        y, z, discriminant, terms = lanes.quadratic(
            work[A * TILE + i], linear, product, work[INVERSE * TILE + i]
        )
        certain = math.fabs(discriminant) > DISCRIMINANT * terms
        work[OTHER * TILE + i] = y
        work[LAST * TILE + i] = z
        work[DISTANCE * TILE + i] = discriminant
        work[CODE * TILE + i] = lanes.select(certain | (code != OK), code, UNDECIDED)


@kernel
def chosen(
    direction: float,
    roots: tuple[float, float, float],
    paired: bool,
    margins: tuple[tuple[float, bool], tuple[float, bool], tuple[float, bool]],
    one_only: bool,
) -> tuple[float, float]:
    """The admissible root that is outermost in a direction, and the outcome.

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
    outcome = lanes.select(admissible_x | admissible_y | admissible_z, OK, NO_ADMISSIBLE_ROOT)
    return picked, lanes.select(trusted, outcome, UNDECIDED)


@njit(types.void(WORK), error_model="numpy", cache=True)
def improve(work: Any) -> None:
    """A first correction of the selected root, and whether the root is well-conditioned."""
    wide()
    for i in range(TILE):
        c3, c2, c1, c0 = (
            work[A * TILE + i],
            work[B * TILE + i],
            work[C * TILE + i],
            work[D * TILE + i],
        )
        code = work[CODE * TILE + i]
        root, slope, inverse, first = lanes.improved(c3, c2, c1, c0, work[ROOT * TILE + i])
        width = math.fabs(root)
        terms = lanes.cubic(
            work[TERMS_A * TILE + i],
            work[TERMS_B * TILE + i],
            work[TERMS_C * TILE + i],
            work[TERMS_D * TILE + i],
            width,
        )
        exact = (terms <= MAGNIFICATION * (width * math.fabs(slope))) & (
            math.fabs(first) <= FIRST * width
        )
        work[ROOT * TILE + i] = root
        work[INVERSE * TILE + i] = inverse
        work[CODE * TILE + i] = lanes.select(exact | (code != OK), code, UNDECIDED)


@njit(types.void(WORK), error_model="numpy", cache=True)
def polish(work: Any) -> None:
    """Take the selected root to the last digit."""
    wide()
    for i in range(TILE):
        c3, c2, c1, c0 = (
            work[A * TILE + i],
            work[B * TILE + i],
            work[C * TILE + i],
            work[D * TILE + i],
        )
        inverse, code = work[INVERSE * TILE + i], work[CODE * TILE + i]
        root, second = lanes.polished(c3, c2, c1, c0, work[ROOT * TILE + i], inverse)
        exact = math.fabs(second) <= SECOND * math.fabs(root)
        work[ROOT * TILE + i] = root
        work[CODE * TILE + i] = lanes.select(exact | (code != OK), code, UNDECIDED)


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


@njit(types.void(WORK, INTEGER, WORK, INTEGER, INTEGER), error_model="numpy", forceinline=True)
def store(work: Any, row: int, target: Any, start: int, count: int) -> None:
    """Copy a tile of an output; NaN where there is none. Nothing happens if nobody wants it."""
    if target.size == 0:
        return
    part = target[start : start + count]
    code = work[CODE * TILE : CODE * TILE + TILE]
    source = work[row * TILE : row * TILE + TILE]
    if count == TILE:
        for i in range(TILE):
            part[i] = lanes.select(code[i] == OK, source[i], math.nan)
        return
    for i in range(count):
        part[i] = lanes.select(code[i] == OK, source[i], math.nan)
