"""The one place where the one-dimensional solvers meet the compiled module."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eqsolve import arrays
from eqsolve.errors import EqsolveError, InputError, MissingPartError

Array = NDArray[np.float64]

#: A function of the state: a number, values at the nodes, or a function of the nodes.
Field = float | ArrayLike | Callable[[Array], ArrayLike]
#: Told what is counted, how many are done, of how many (None: not known), and the residual left.
Progress = Callable[[str, int, int | None, float | None], object]


def extension() -> Any:
    """Return the compiled module, or raise MissingPartError."""
    try:
        return importlib.import_module("eqsolve._grid")
    except ImportError as error:
        raise MissingPartError(
            "the compiled module eqsolve._grid is not installed.",
            stage="grid",
            remedy="Install eqsolve from source with a Rust toolchain: pip install .",
        ) from error


def call(stage: str, name: str, *arguments: object) -> dict[str, Any]:
    """Call a function of the compiled module; its refusals become InputError."""
    module = extension()
    try:
        result: dict[str, Any] = getattr(module, name)(*arguments)
        return result
    except module.InvalidInputError as error:
        refuse(stage, error.argument, error.value, error.remedy)


def refuse(stage: str, argument: str, value: object, remedy: str) -> NoReturn:
    """Raise the InputError that names the argument, its value and what would be accepted."""
    raise InputError(
        f"{argument} is {value}.", stage=stage, remedy=f"{remedy[0].upper()}{remedy[1:]}."
    ) from None


def shown(value: object) -> str:
    """A value as an error message shows it: short."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def number(stage: str, name: str, value: Any) -> float:
    """A finite real number."""
    if isinstance(value, (bool, np.bool_, str, bytes, complex, np.complexfloating)):
        refuse(stage, name, shown(value), "a real number is needed")
    try:
        result = float(value)
    except (TypeError, ValueError, OverflowError):
        refuse(stage, name, shown(value), "a real number is needed")
    if not math.isfinite(result):
        refuse(stage, name, shown(value), "a finite number is needed")
    return result


def count(stage: str, name: str, value: Any, least: int, most: int) -> int:
    """An integer between two bounds."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        refuse(stage, name, shown(value), "an integer is needed")
    if not least <= value <= most:
        refuse(stage, name, value, f"choose an integer from {least} to {most}")
    return int(value)


def interval(stage: str, name: str, value: Any) -> tuple[float, float]:
    """Two finite numbers, the first smaller."""
    low, high = two(stage, name, value, "numbers, low and high,")
    low, high = number(stage, name, low), number(stage, name, high)
    if not low < high:
        refuse(stage, name, shown(value), "the first number must be smaller than the second")
    return low, high


def word(stage: str, name: str, value: Any, *choices: str) -> str:
    """One of the words that are known."""
    if not isinstance(value, str) or value not in choices:
        refuse(stage, name, shown(value), f"use {', '.join(map(repr, choices))}")
    return value


def two(stage: str, name: str, value: Any, what: str) -> tuple[Any, Any]:
    """Two parts, such as (G, H)."""
    try:
        first, second = value
    except (TypeError, ValueError):
        refuse(stage, name, shown(value), f"two {what} are needed")
    return first, second


def reals(stage: str, name: str, value: Any) -> Array:
    """An array of real numbers of any shape; none of its entries may be masked."""
    try:
        return arrays.reals(value)
    except arrays.NotRealError as error:
        found = f"an array with {error}" if isinstance(value, np.ndarray) else shown(value)
        refuse(stage, name, found, f"real numbers are needed, not {error}")


def sampled(stage: str, name: str, field: Field | object, *points: Array) -> object:
    """Values of a field at points; arrays are passed on as they are, to be checked by the core."""
    return np.asanyarray(called(stage, name, field, *points)) if callable(field) else field


def called(stage: str, name: str, function: Callable[..., Any], *arguments: object) -> Any:
    """What a caller's function returns; if it raises, the error names it."""
    try:
        return function(*arguments)
    except EqsolveError:
        raise
    except Exception as error:
        raise InputError(
            f"{name} is a function that raises {type(error).__name__}: {shown(str(error))}.",
            stage=stage,
            remedy="It is called with an array of nodes, which it must not change.",
        ) from error


def plain(value: object) -> object:
    """Replace arrays by lists and numbers that are not finite by None, recursively."""
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return value
