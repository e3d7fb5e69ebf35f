"""The one check of arrays that users give: real numbers, whatever their type and layout."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import InputError

Array = NDArray[np.float64]

#: What arrays of other kinds hold, by NumPy's letter.
_KINDS = {
    "b": "booleans",
    "c": "complex numbers",
    "M": "dates",
    "m": "durations",
    "S": "bytes",
    "U": "texts",
    "T": "texts",
    "V": "records",
}


class NotRealError(ValueError):
    """Something is no array of real numbers; the message says what it holds instead."""


def reals(value: object) -> Array:
    """Return real numbers as doubles, aligned and in the machine's order of bytes.

    Arrays of doubles are not copied. Accepted are arrays of floats and integers of any layout, and
    numbers, sequences and arrays of objects whose entries are real numbers, fractions and decimals
    among them. NaN and infinities are real numbers here.

    Raises
    ------
    NotRealError
        For masked entries, complex numbers, booleans, dates, texts, records, objects that are no
        numbers, numbers beyond doubles, and sequences of unequal length.
    """
    found = _listed(value) if isinstance(value, (list, tuple)) else np.asanyarray(value)
    if np.ma.is_masked(found):
        raise NotRealError("masked entries")
    kind = found.dtype.kind
    if kind in _KINDS:
        raise NotRealError(_KINDS[kind])
    if kind == "O":
        if strange := [value for value in found.flat if not _is_real(value)]:
            raise NotRealError(f"an entry of type {type(strange[0]).__name__}")
    elif kind not in "fiu":
        raise NotRealError(f"entries of type {found.dtype}")
    try:
        return np.require(np.asarray(found), np.float64, "A")
    except OverflowError:
        raise NotRealError("a number too large for a double") from None


def merged(params: object, values: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters given as one mapping and as keywords.

    Raises
    ------
    InputError
        If one is given in both ways, or the mapping is none.
    """
    given = {} if params is None else params
    if not isinstance(given, Mapping):
        raise InputError(
            f"the parameters are {reprlib.repr(params)}, not a mapping.",
            stage="input",
            remedy='Write for example {"sigma": 0.2}, or sigma=0.2.',
        )
    twice = sorted(set(given) & set(values))
    if twice:
        raise InputError(f"{', '.join(twice)} is given twice.", stage="input")
    return {**given, **values}


def _listed(value: list[Any] | tuple[Any, ...]) -> NDArray[Any]:
    """A sequence as an array that keeps the type of every entry."""
    nested = (list, tuple, np.ndarray)
    parts = [reals(part) if isinstance(part, nested) else part for part in value]
    if len({np.shape(part) for part in parts}) > 1:
        raise NotRealError("sequences of unequal length")
    return np.array(parts, dtype=object)


def _is_real(value: object) -> bool:
    return isinstance(value, (Real, Decimal)) and not isinstance(value, bool)


def overlap(out: Mapping[str, NDArray[Any]], inputs: Iterable[NDArray[Any]]) -> str | None:
    """The name of an array to fill that shares memory with an input or with another one."""
    others = list(inputs)
    for name, array in out.items():
        if any(np.may_share_memory(array, other) for other in others):
            return name
        others.append(array)
    return None


def fillable(array: object, shape: tuple[int, ...], dtype: type[np.generic]) -> bool:
    """Whether results of a shape and type can be written to an array in place."""
    return (
        type(array) is np.ndarray
        and array.shape == shape
        and array.dtype == dtype
        and array.flags.c_contiguous
        and array.flags.writeable
        and array.flags.aligned
    )
