"""Tiles on their way between columns of arrays and rows of the working array.

A whole tile is moved by vector instructions. Rows of results go to memory past the caches where
asked to: an ordinary store reads the line that it overwrites.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from eqsolve.kernels.arithmetic.doubledouble import kernel

__all__ = ["ROW", "TILE", "await_stores", "column", "load", "store", "wide"]

#: Points computed together. Their rows stay in the first-level cache. Were it a power of two, lines
#: of several arrays, which often start at the same place of a page, would displace each other.
TILE = 88
#: Bytes of a line of the cache, of a double, and doubles of a line.
LINE, DOUBLE = 64, 8
LANES = LINE // DOUBLE
#: Bytes of a row.
ROW = TILE * DOUBLE


def _move_intrinsic(past_caches: bool) -> Callable[[Any, Any, Any], Any]:
    """Copy a tile between two addresses; past the caches the target begins a line."""

    def typed(typingctx: Any, target: Any, source: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            line = ir.VectorType(ir.DoubleType(), LANES).as_pointer()
            to, of = (builder.inttoptr(a, line) for a in arguments)
            number = ir.IntType(32)
            for k in range(TILE // LANES):
                value = builder.load(builder.gep(of, [number(k)]), align=DOUBLE)
                place = builder.gep(to, [number(k)])
                stored = builder.store(value, place, align=LINE if past_caches else DOUBLE)
                if past_caches:
                    stored.set_metadata("nontemporal", builder.module.add_metadata([number(1)]))
            return context.get_dummy_value()

        if target != types.int64 or source != types.int64:
            return None
        return types.void(types.int64, types.int64), codegen

    return typed


def _copy_intrinsic(typingctx: Any, target: Any, source: Any) -> Any:
    """Copy a double between two addresses."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to, of = (builder.inttoptr(a, ir.DoubleType().as_pointer()) for a in arguments)
        builder.store(builder.load(of), to)
        return context.get_dummy_value()

    if target != types.int64 or source != types.int64:
        return None
    return types.void(types.int64, types.int64), codegen


def _fence_intrinsic(typingctx: Any) -> Any:
    """Nobody sees what is stored later before what was stored past the caches."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), codegen


def _wide_intrinsic(typingctx: Any) -> Any:
    """The function around may use the widest vectors; compilers hold them back for short work."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        # llvmlite has no name for attributes that are texts
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.void(), codegen


_move = cast(Callable[[int, int], None], intrinsic(_move_intrinsic(False)))
_copy = cast(Callable[[int, int], None], intrinsic(_copy_intrinsic))
_stream = cast(Callable[[int, int], None], intrinsic(_move_intrinsic(True)))
await_stores = cast(Callable[[], None], intrinsic(_fence_intrinsic))
wide = cast(Callable[[], None], intrinsic(_wide_intrinsic))


@kernel
def column(array: Any, least: int) -> np.int64:
    """Where an array begins that has at least so many entries, else 0.

    Loops hand on numbers: what holds an array is counted, which costs more than moving a row.
    """
    return np.int64(array.ctypes.data) if array.size >= least else np.int64(0)


@kernel
def load(row: int, source: int, start: int, count: int) -> None:
    """Copy a tile, or ``count`` points of one, of a column that there is to a row."""
    if source != 0:
        if count == TILE:
            _move(row, source + start * DOUBLE)
        else:
            for i in range(count):
                _copy(row + i * DOUBLE, source + (start + i) * DOUBLE)


@kernel
def store(row: int, target: int, start: int, count: int, past_caches: bool) -> None:
    """Copy a row to a tile, or ``count`` points of one, of a column that there is.

    Past the caches only whole lines go.
    """
    if target != 0:
        place = target + start * DOUBLE
        if count < TILE:
            for i in range(count):
                _copy(place + i * DOUBLE, row + i * DOUBLE)
        elif past_caches and place % LINE == 0:
            _stream(place, row)
        else:
            _move(place, row)
