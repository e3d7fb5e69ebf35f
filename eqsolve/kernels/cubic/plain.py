"""Generated modules of tiles run by NumPy: nothing is compiled.

Loops over the points of a tile have no branches, so that one pass with an array of all indices in
the place of the index is the same arithmetic: NumPy's operations are IEEE's, as those of machine
code are. Some thousands of points take less time so than machine code takes to be made, or read.
"""

from __future__ import annotations

import builtins
import math
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.kernels.storage import load, loaded

Array = NDArray[np.float64]

#: Where the arithmetic of generated modules is.
_ROOM = "eqsolve.kernels.arithmetic"
#: Magnitudes within which no operation of an error-free transformation leaves the normal range.
_LEAST, _MOST = 2.0**-400, 2.0**400
#: Dekker's factor, which splits a double into halves.
_SPLIT = 2.0**27 + 1
#: Points that a process evaluates so, in tiles and one by one: more are worth machine code.
TILES, SINGLE = 1 << 14, 1 << 8

_done: Counter[Path] = Counter()
_running = threading.Lock()


def filler(path: Path, game: str, size: int, most: int) -> Callable[..., int | None]:
    """The function ``fill`` of a generated module.

    Parameters
    ----------
    path, game : of the module.
    size : number of points that it will be called for.
    most : number of points from which on machine code is used.
    """
    if loaded(path) or _done[path] + size > most:
        filling: Callable[..., int | None] = load(path, game).fill
        return filling

    def plainly(*arguments: Any) -> int | None:
        _done[path] += size
        try:
            return fill(path, arguments)
        except ArithmeticError:  # numbers of Python's raise what those of machine code do not
            found: int | None = load(path, game).fill(*arguments)
            return found

    return plainly


def fill(path: Path, arguments: Sequence[Any]) -> int | None:
    """Evaluate points by the function ``fill`` of a generated module, for its arguments.

    Of a module of tiles the number of undecided points is returned.
    """
    module: Any = _module(path, f"{__name__}.{path.stem}")
    with _running, np.errstate(all="ignore"):
        if not hasattr(module, "TILE"):
            module.fill(*arguments)
            return None
        status = next(a for a in arguments if getattr(a, "dtype", None) == np.int8)
        # one tile that holds all points, also in the steps that the module takes from elsewhere
        for step in vars(module).copy().values():
            if isinstance(step, FunctionType) and "TILE" in step.__globals__:
                step.__globals__.update(TILE=status.size or 1, range=_indices)
        module.fill(*arguments)
    return int(np.count_nonzero(status < 0))


def _indices(*ends: int) -> Any:
    """What a loop over the points of a tile runs through: once, with all indices."""
    return (np.arange(*ends),) if len(ends) == 1 else builtins.range(*ends)


def fma(a: Any, b: Any, c: Any) -> Any:
    """``a*b + c`` with one rounding, of doubles or arrays of them.

    S. Boldo, G. Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using
    rounding to odd", IEEE Transactions on Computers 57, 2008.
    """
    if not (np.ndim(a) or np.ndim(b) or np.ndim(c)):
        return np.float64(_rounded(float(a), float(b), float(c)))
    a, b, c = np.broadcast_arrays(*(np.asarray(v, np.float64) for v in (a, b, c)))
    product = a * b
    high, low = _sum(c, _product_error(a, b, product))
    top, rest = _sum(product, high)
    result: Array = np.asarray(top + _odd_sum(low, rest))
    sizes = np.abs(np.stack((a, b, c, product)))
    # exact products, and what is infinite or not a number
    plain = (a == 0) | (b == 0) | ~np.all(np.isfinite(sizes[:3]), axis=0)
    safe = np.all((sizes < _MOST) & ((sizes > _LEAST) | (sizes == 0)), axis=0)
    result = np.asarray(np.where(plain, product + c, result))
    for place in zip(*np.nonzero(np.atleast_1d(~(safe | plain)))):
        where = place if result.ndim else ()
        result[where] = _rounded(float(a[where]), float(b[where]), float(c[where]))
    return result


def _sum(a: Array, b: Array) -> tuple[Array, Array]:
    """A sum and its error."""
    total = a + b
    shadow = total - a
    return total, (a - (total - shadow)) + (b - shadow)


def _product_error(a: Array, b: Array, product: Array) -> Array:
    """The error of a product."""
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    error: Array = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return error


def _halves(a: Array) -> tuple[Array, Array]:
    scaled = a * _SPLIT
    high = scaled - (scaled - a)
    return high, a - high


def _odd_sum(a: Array, b: Array) -> Array:
    """A sum; if it is not exact, the one of its neighbours whose last bit is set."""
    total, error = _sum(a, b)
    bits = np.asarray(total).view(np.int64)
    away = np.where((error > 0) == (total > 0), 1, -1)
    return np.asarray(bits + np.where((error != 0) & (bits & 1 == 0), away, 0)).view(np.float64)


def _rounded(a: float, b: float, c: float) -> float:
    """The same of one point, by rational numbers."""
    if a == 0 or b == 0 or not all(map(math.isfinite, (a, b, c))):
        return a * b + c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    try:
        return float(exact)
    except OverflowError:
        return float("inf") if exact > 0 else float("-inf")


# -- modules that are run as they are written -----------------------------------------------------


class _Type:
    """What stands for a type of the compiler, and for what is made of types."""

    def __getattr__(self, name: str) -> _Type:
        return self

    def __getitem__(self, key: Any) -> _Type:
        return self

    def __call__(self, *arguments: Any, **options: Any) -> _Type:
        return self


def _left(*arguments: Any, **options: Any) -> Any:
    """A decorator, or a function of functions, that leaves them as they are."""
    if arguments and isinstance(arguments[0], FunctionType):
        return arguments[0]
    return lambda function: function


_COMPILER = SimpleNamespace(njit=_left, types=_Type(), intrinsic=_left, ir=_Type())
_MATH = SimpleNamespace(**{**vars(math), "fabs": np.abs, "sqrt": np.sqrt})
#: What is written otherwise for the compiler.
_OWN: dict[str, Callable[..., Any]] = {
    "fma": fma,
    "select": np.where,
    "select_bits": np.where,
    "_select": np.where,
    "_floor": np.floor,
    "read_soon": lambda array, index: None,
    "write_soon": lambda array, index: None,
    "wide": lambda: None,
}


@cache
def _module(path: Path, name: str) -> ModuleType:
    """A module in which functions are what they are written as."""
    spec = spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    vars(module)["__builtins__"] = {**vars(builtins), "__import__": _import}
    spec.loader.exec_module(module)
    return module


def _import(
    name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
) -> Any:
    """The import of such a module."""
    if name.partition(".")[0] in ("numba", "llvmlite"):
        return _COMPILER
    if name == "math":
        return _MATH
    if name == _ROOM:
        return SimpleNamespace(**{part: _arithmetic(f"{name}.{part}") for part in fromlist})
    if name.startswith(f"{_ROOM}."):
        return _arithmetic(name)
    return __import__(name, globals, locals, fromlist, level)


def _arithmetic(name: str) -> ModuleType:
    spec = find_spec(name)
    assert spec is not None and spec.origin is not None
    module = _module(Path(spec.origin), f"{__name__}.{name}")
    vars(module).update({k: v for k, v in _OWN.items() if k in vars(module)})
    return module
