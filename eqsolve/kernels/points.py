"""Parameters as arrays in one order of points, without expanding what is constant."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Points:
    """The points of a broadcast, in C order.

    Attributes
    ----------
    shape : of the broadcast.
    columns : one array per input: of one entry, contiguous with one entry per point, or a view of
        the broadcast's shape that is expanded where it is needed.
    """

    shape: tuple[int, ...]
    columns: tuple[Array, ...]

    @staticmethod
    def of(arrays: Mapping[str, Array], order: tuple[str, ...]) -> Points:
        """Broadcast the arrays against each other.

        Raises
        ------
        ValueError
            If the shapes do not fit.
        """
        shape = np.broadcast_shapes(*(array.shape for array in arrays.values()))
        return Points(shape, tuple(_column(arrays[name], shape) for name in order))

    @property
    def size(self) -> int:
        """Number of points."""
        return math.prod(self.shape)

    def block(self, start: int, stop: int) -> list[Array]:
        """The inputs of consecutive points: contiguous arrays of one entry or of all."""
        return [_part(column, start, stop) for column in self.columns]

    def at(self, where: NDArray[np.intp]) -> list[Array]:
        """The inputs of some points."""
        index = np.unravel_index(where, self.shape) if len(self.shape) > 1 else (where,)
        return [
            c if c.size == 1 else c[where] if c.ndim == 1 else np.ascontiguousarray(c[index])
            for c in self.columns
        ]


def _column(array: Array, shape: tuple[int, ...]) -> Array:
    if array.size == 1:
        return array.reshape(1)
    view = np.broadcast_to(array, shape)
    return view.reshape(-1) if view.flags.c_contiguous or view.ndim == 1 else view


def _part(column: Array, start: int, stop: int) -> Array:
    """A range of a view in C order; nothing outside the range is copied."""
    if column.size == 1 and column.ndim == 1:
        return column
    if column.ndim == 1 or start >= stop:
        return np.ascontiguousarray(column[start:stop])
    width = math.prod(column.shape[1:])
    first, last = -(-start // width), stop // width
    if first > last:
        return _part(column[last], start - last * width, stop - last * width)
    # A view with equal steps stays one when it is flattened.
    parts = [np.ascontiguousarray(column[first:last].reshape(-1))]
    if start < first * width:
        parts.insert(0, _part(column[first - 1], start - (first - 1) * width, width))
    if last * width < stop:
        parts.append(_part(column[last], 0, stop - last * width))
    return np.concatenate(parts) if len(parts) > 1 else parts[0]
