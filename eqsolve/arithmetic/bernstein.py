"""All zeros of as many polynomials as unknowns in a box, by subdivision in the Bernstein basis.

The coefficients of a polynomial in the Bernstein basis of a box enclose its values there, those of
a half of the box follow from them by averages, and their differences enclose the derivatives (J.
Garloff and A. P. Smith, Investigation of a subdivision based algorithm for solving systems of
polynomial equations, Nonlinear Analysis 47, 2001). A box in which a polynomial, or a combination
of them, has no zero is dropped. A box in which a combination has a Jacobian with a dominant
diagonal holds one zero at most: Newton's method finds it, and Krawczyk's test proves it.

Coefficients are doubles. They are rounded from exact ones, and the bound of all later rounding is
carried along with every box, so that nothing is dropped that may hold a zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq
from numpy.typing import NDArray

from eqsolve.arithmetic.elimination import Polynomial
from eqsolve.arithmetic.krawczyk import solution_near
from eqsolve.arithmetic.rational import code_of
from eqsolve.arithmetic.systems import Box

Array = NDArray[np.float64]
#: Unit roundoff of doubles.
_UNIT = 2.0**-53
#: Coefficients of one polynomial beyond which nothing is tried.
LARGEST = 5000
#: Boxes that are examined at once.
_BATCH = 500
#: Width, in parts of the first box, from which on ``within`` is asked, and the smallest one.
_ASKED, _SMALLEST = 2.0**-4, 2.0**-40
#: A Jacobian of a larger condition is not inverted.
_CONDITION = 1e8
#: The first box is the region and a little more, in parts of its half width on either side, so that
#: no zero at a simple number lies on a face of a smaller box.
_MORE = (fmpq(1, 7), fmpq(2, 7))


@dataclass(frozen=True)
class Zeros:
    """The common zeros in a box.

    Attributes
    ----------
    points : a ball for each unknown; each is proved to be a zero, and the only one near.
    complete : whether it is proved that there are no others in the region that is wanted.
    boxes : how many were examined.
    """

    points: tuple[Box, ...]
    complete: bool
    boxes: int


@dataclass
class _Boxes:
    """Boxes of the unit cube, one a row: Bernstein coefficients, corners, widths and errors."""

    table: Array
    low: Array
    width: Array
    error: Array

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, rows: Any) -> _Boxes:
        return _Boxes(self.table[rows], self.low[rows], self.width[rows], self.error[rows])


def zeros_in(
    polynomials: Sequence[Polynomial],
    reach: fmpq,
    *,
    within: Callable[[Box], bool] = lambda box: True,
    bits: int,
    most: int,
) -> Zeros | None:
    """Find the zeros whose coordinates are at most ``reach`` in size.

    Parameters
    ----------
    polynomials : as many as unknowns, not zero.
    reach : half the width of the region, which is a cube around 0.
    within : False for a box in which no zero is wanted; asked of small boxes only.
    bits : precision of the enclosures.
    most : boxes that are examined before the search is given up.

    Returns
    -------
    Zeros or None
        None if the polynomials have too many coefficients.
    """
    size = len(polynomials)
    degrees = [max(m[k] for p in polynomials for m in p) for k in range(size)]
    if np.prod([n + 1 for n in degrees]) > LARGEST:
        return None
    return _Search(polynomials, degrees, reach, within, bits).run(most)


class _Search:
    """Subdivides the region."""

    def __init__(
        self,
        polynomials: Sequence[Polynomial],
        degrees: Sequence[int],
        reach: fmpq,
        within: Callable[[Box], bool],
        bits: int,
    ) -> None:
        self.size, self.degrees, self.within, self.bits = len(degrees), degrees, within, bits
        self.low, self.width = -reach * (1 + _MORE[0]), reach * (2 + _MORE[0] + _MORE[1])
        self.function = code_of(polynomials, range(self.size))
        table = np.stack([_in_bernstein(p, degrees, self.low, self.width) for p in polynomials])
        shape = (1, self.size)
        # rounding to doubles
        error = 2 * _UNIT * np.abs(table).max(self.inner)
        self.waiting = [_Boxes(table[None], np.zeros(shape), np.ones(shape), error[None])]
        self.points: list[Box] = []

    @property
    def inner(self) -> tuple[int, ...]:
        """The axes of coefficients, of one box."""
        return tuple(range(1, self.size + 1))

    def run(self, most: int) -> Zeros:
        """Examine up to a number of boxes."""
        examined, complete = 0, True
        while self.waiting:
            if examined > most:
                return Zeros(tuple(self.points), False, examined)
            boxes = self.waiting.pop()
            if len(boxes) > _BATCH:
                self.waiting.append(boxes[_BATCH:])
                boxes = boxes[:_BATCH]
            examined += len(boxes)
            boxes = self._left(boxes)
            small = boxes.width.max(1, initial=0.0) < _SMALLEST
            complete &= not small.any()
            self._halve(boxes[~small])
        return Zeros(tuple(self.points), complete, examined)

    def _left(self, boxes: _Boxes) -> _Boxes:
        """Those that may hold a zero which is not found yet."""
        axes = tuple(k + 1 for k in self.inner)
        boxes = boxes[_may_vanish(boxes.table, boxes.error, axes)]
        if not len(boxes):
            return boxes
        combined, error, regular = self._combined(boxes, axes)
        left = ~regular | _may_vanish(combined, error, axes)
        slopes = [n * np.diff(combined, axis=k + 2) for k, n in enumerate(self.degrees)]
        least = np.stack(
            [own[:, k].min(tuple(a - 1 for a in axes)) for k, own in enumerate(slopes)]
        )
        off = np.stack([np.abs(own).max(axes) for own in slopes], axis=-1)
        off[:, range(self.size), range(self.size)] = 0.0
        slack = 4 * max(self.degrees) * self.size * error
        dominant = regular & left & (least.T - off.sum(2) > slack).all(1)
        for k in np.flatnonzero(dominant):
            left[k] = not self._found(self._placed(boxes, k))
        for k in np.flatnonzero(left & self._asked(boxes)):
            left[k] = self.within(self._placed(boxes, k))
        return boxes[left]

    def _asked(self, boxes: _Boxes) -> NDArray[np.bool_]:
        """The small boxes of every fourth generation."""
        generation = -np.log2(boxes.width).sum(1)
        found: NDArray[np.bool_] = (boxes.width.max(1) <= _ASKED) & (generation % 4 == 0)
        return found

    def _combined(
        self, boxes: _Boxes, axes: tuple[int, ...]
    ) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Combinations whose Jacobian is near the identity, their errors, and where there are any.

        Any matrix makes combinations that vanish where the polynomials do; only its choice is
        approximate.
        """
        pairs = enumerate(self.degrees)
        slopes = [n * np.diff(boxes.table, axis=k + 2).mean(axes) for k, n in pairs]
        jacobian = np.stack(slopes, axis=-1)
        scale = np.abs(jacobian).max(2, keepdims=True)
        scale[scale == 0] = 1.0
        regular = np.linalg.cond(jacobian / scale) < _CONDITION
        matrix = np.zeros_like(jacobian)
        matrix[regular] = np.linalg.inv(jacobian[regular])
        combined = np.einsum("nij,nj...->ni...", matrix, boxes.table)
        each = boxes.error + 2 * (self.size + 1) * _UNIT * np.abs(boxes.table).max(axes)
        return combined, np.einsum("nij,nj->ni", np.abs(matrix), each), regular

    def _placed(self, boxes: _Boxes, k: Any) -> Box:
        """A box in the unknowns."""
        with ctx.workprec(self.bits):
            low, width = arb(self.low), arb(self.width)
            corners = [(low + width * float(a), width * float(b)) for a, b in _pairs(boxes, k)]
            return tuple(a.union(a + b) for a, b in corners)

    def _found(self, box: Box) -> bool:
        """Whether the only zero that a box may hold is proved; False where none is seen."""
        with ctx.workprec(self.bits):
            point = solution_near(self.function, [b.mid() for b in box])
        if point is None or not all(b.contains_interior(x) for b, x in zip(box, point)):
            return False
        self.points.append(tuple(point))
        return True

    def _halve(self, boxes: _Boxes) -> None:
        """Put aside both halves, along the axis in which the polynomials vary most."""
        if not len(boxes):
            return
        axes = tuple(k + 1 for k in self.inner)
        top = np.abs(boxes.table).max(axes)
        rises = [
            (n * np.abs(np.diff(boxes.table, axis=k + 2)).max(axes) / top).max(1)
            for k, n in enumerate(self.degrees)
        ]
        chosen = np.stack(rises, axis=-1).argmax(1)
        for k, degree in enumerate(self.degrees):
            own = chosen == k
            if not own.any():
                continue
            one = boxes[own]
            error = one.error + degree * _UNIT * top[own]
            width, upper = one.width.copy(), one.low.copy()
            width[:, k] /= 2
            upper[:, k] += width[:, k]
            for table, low in zip(_halves(one.table, k + 2), (one.low, upper)):
                self.waiting.append(_Boxes(table, low, width, error))


def _may_vanish(table: Array, error: Array, axes: tuple[int, ...]) -> NDArray[np.bool_]:
    """Where no function of a row is seen to have one sign."""
    found: NDArray[np.bool_] = ((table.min(axes) <= error) & (table.max(axes) >= -error)).all(1)
    return found


def _pairs(boxes: _Boxes, k: Any) -> list[tuple[float, float]]:
    return list(zip(boxes.low[k], boxes.width[k]))


def _halves(table: Array, axis: int) -> tuple[Array, Array]:
    """The coefficients in both halves of the boxes, by de Casteljau's averages."""
    now = np.moveaxis(table, axis, 0)
    degree = len(now) - 1
    low, high = np.empty_like(now), np.empty_like(now)
    low[0], high[degree] = now[0], now[degree]
    for k in range(1, degree + 1):
        now = (now[:-1] + now[1:]) / 2
        low[k], high[degree - k] = now[0], now[-1]
    return np.moveaxis(low, 0, axis), np.moveaxis(high, 0, axis)


def _in_bernstein(polynomial: Polynomial, degrees: Sequence[int], low: fmpq, width: fmpq) -> Array:
    """The coefficients on a cube, divided by the largest: exact until they are rounded."""
    table: Any = np.full([n + 1 for n in degrees], fmpq(0), dtype=object)
    for powers, value in polynomial.items():
        table[powers] = value
    for axis, degree in enumerate(degrees):
        rows = range(degree + 1)
        moved = [
            [comb(i, j) * low ** (i - j) * width**j if j <= i else fmpq(0) for i in rows]
            for j in rows
        ]
        raised = [[fmpq(comb(k, j), comb(degree, j)) for j in rows] for k in rows]
        matrix = np.array(raised, dtype=object).dot(np.array(moved, dtype=object))
        table = np.moveaxis(np.tensordot(matrix, table, axes=([1], [axis])), 0, axis)
    entries = [arb(value) for value in table.flat]
    top = max(float(abs(entry).mid()) for entry in entries)
    scaled: Array = np.array([float((e / top).mid()) for e in entries]).reshape(table.shape)
    return scaled
