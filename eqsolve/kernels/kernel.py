"""Kernels of models: one generated module for each, compiled once and kept on disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eqsolve.arrays import NotRealError, fillable, merged, overlap, reals
from eqsolve.codegen.storage import digest, load, write
from eqsolve.derivation.derivation import Derivation
from eqsolve.errors import InputError
from eqsolve.inputs import ALIASES
from eqsolve.kernels import common, integration, lanes, linear, roots, runtime, settling
from eqsolve.kernels.arithmetic import doubledouble, moving
from eqsolve.kernels.arithmetic.moving import DOUBLE, LANES, LINE
from eqsolve.kernels.common import PENDING
from eqsolve.kernels.emitter import Emitter
from eqsolve.kernels.quick import BranchesError, QuickEmitter

#: Points handed to one of several threads at a time, and to the only one: between two such parts an
#: interruption is heard.
BLOCK, STRETCH = 1 << 15, 1 << 18


@dataclass(frozen=True)
class ModelKernel:
    """The compiled evaluation of a model at many points.

    Attributes
    ----------
    game : the game's name.
    parameters, states : names of inputs; parameters must be given, states may be.
    columns : names of the outputs, ``status`` first.
    source : the generated source.
    path : the file it was written to; its name carries a fingerprint of everything compiled.
    functions : those of that file that fill arrays: of tiles, which returns how many points it
        leaves pending, if there is one, and of points that are pending; what no point needs is not
        compiled.
    needs : for an output the states without which it is NaN.
    """

    game: str
    parameters: tuple[str, ...]
    states: tuple[str, ...]
    columns: tuple[str, ...]
    source: str = field(repr=False)
    path: Path
    functions: tuple[str, ...] = ("fill",)
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def open(self) -> tuple[str, ...]:
        """Names that may be given in place of several parameters: none."""
        return ()

    def letter(self, name: str) -> str:
        """The game's own name of a parameter."""
        return name

    def evaluate(
        self,
        params: Mapping[str, ArrayLike] | None = None,
        *,
        outputs: Iterable[str] | None = None,
        threads: int | None = None,
        out: Mapping[str, NDArray[Any]] | None = None,
        **values: ArrayLike,
    ) -> dict[str, NDArray[Any]]:
        """Evaluate the equilibrium at every point of a broadcast of the parameters.

        Parameters
        ----------
        params, values : array or number per parameter, as one mapping or as keywords; optional
            the time ``t`` (default 0) and states,
            without which outputs that depend on them are NaN.
        outputs : names out of ``columns`` (default: all).
        threads : number of threads (default: 1); the result does not depend on it.
        out : contiguous arrays to fill, in the shape of the broadcast and of the output's type, for
            some or all of the outputs.

        Returns
        -------
        dict
            One array per output in the shape of the broadcast: ``status`` (int8, codes of
            ``eqsolve.status.Status``), coefficients of the strategy by control and
            monomial, coefficients of the ansatz, and controls and values at the states. Points
            with a status other than OK hold NaN.

        Raises
        ------
        InputError
            For an unknown or missing parameter, values that are no numbers, shapes that do not
            broadcast, or an array that cannot be filled.
        """
        wanted = tuple(self.columns if outputs is None else outputs)
        strange = sorted(set(wanted) - set(self.columns))
        if strange:
            raise self._error(
                f"there is no output {', '.join(strange)}.", f"Use {', '.join(self.columns)}."
            )
        order = (*self.parameters, "t", *self.states)
        arrays = self._arrays(merged(params, values), order)
        shape = np.broadcast_shapes(*(a.shape for a in arrays.values()))
        size = int(np.prod(shape))
        points = tuple(_column(arrays.get(name, np.zeros(())), shape) for name in order)
        given = np.array([name in arrays for name in self.states], dtype=np.bool_)
        missing = {n for n, states in self.needs.items() if set(states) - set(arrays)}
        known = [n for n in self.columns[1:] if n in wanted and n not in missing]
        ready = self._ready(dict(out or {}), wanted, shape, points)
        # one block: the system hands out large pieces of memory faster than many small ones
        new = [name for name in known if name not in ready]
        block = dict(zip(new, _lines(len(new), size)))
        block |= {name: array for name, array in ready.items() if name not in missing}
        columns: dict[str, NDArray[Any]] = {"status": block.pop("status", np.empty(size, np.int8))}
        columns |= {name: block.get(name, np.empty(0)) for name in self.columns[1:]}
        module = load(self.path, self.game)

        *tiles, single = (partial(getattr, module, name) for name in self.functions)

        def work(start: int, stop: int) -> None:
            part = slice(start, stop)
            inputs = tuple(p[part] if p.size > 1 else p for p in points)
            status, *found = (c[part] for c in columns.values())
            if not tiles:
                status[:] = PENDING
            left = [fill()(inputs, given, status, tuple(found)) for fill in tiles]
            if size and left != [0]:
                single()(inputs, given, status, tuple(found))

        several = threads is not None and threads > 1 and size > BLOCK
        step = BLOCK if several else STRETCH
        # tiles go past the caches where outputs begin lines, as columns of one call mostly do
        filled = next((c for c in list(columns.values())[1:] if c.size), columns["status"])
        ahead = -filled.ctypes.data % LINE // DOUBLE if size >= lanes.MANY else 0
        borders = sorted({0, *range(ahead, size, step), size})
        if several:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(work, borders, borders[1:]))
        else:
            for start, stop in zip(borders, borders[1:]):
                work(start, stop)
        for name in wanted:
            if name in missing:
                columns[name] = ready.get(name, np.empty(size))
                columns[name][:] = np.nan
        return {name: columns[name].reshape(shape) for name in wanted}

    def _ready(
        self,
        out: dict[str, NDArray[Any]],
        wanted: tuple[str, ...],
        shape: tuple[int, ...],
        points: tuple[NDArray[np.float64], ...],
    ) -> dict[str, NDArray[Any]]:
        """The arrays to fill, in one dimension."""
        for name, array in out.items():
            if name not in wanted:
                raise self._error(f"{name} is to be filled but not among the outputs.")
            dtype: type[np.generic] = np.int8 if name == "status" else np.float64
            if not fillable(array, shape, dtype):
                raise self._error(
                    f"the array for {name} cannot be filled.",
                    f"Give a contiguous {np.dtype(dtype)} array of shape {shape}.",
                )
        if (shared := overlap(out, points)) is not None:
            raise self._error(
                f"the array for {shared} shares memory with another one.",
                "Give an array of its own: inputs are read after outputs are written.",
            )
        return {name: array.reshape(-1) for name, array in out.items()}

    def _arrays(
        self, params: Mapping[str, ArrayLike], order: tuple[str, ...]
    ) -> dict[str, NDArray[np.float64]]:
        arrays: dict[str, NDArray[np.float64]] = {}
        for key, value in params.items():
            name = key if key in order else ALIASES.get(key, key)
            if name not in order:
                raise self._error(f"there is no parameter {key!r}.", f"Use {', '.join(order)}.")
            if name in arrays:
                raise self._error(f"{name} is given as lambda and as lam.", "Give one.")
            try:
                arrays[name] = reals(value)
            except NotRealError as error:
                raise self._error(f"{key} holds {error}.", "Give real numbers.") from None
        missing = [name for name in self.parameters if name not in arrays]
        if missing:
            raise self._error(f"{', '.join(missing)} is missing.", "Give every parameter.")
        try:
            np.broadcast_shapes(*(a.shape for a in arrays.values()))
        except ValueError:
            shapes = ", ".join(f"{k} {v.shape}" for k, v in arrays.items() if v.ndim)
            raise self._error(f"the shapes do not broadcast: {shapes}.") from None
        return arrays

    def _error(self, message: str, remedy: str = "") -> InputError:
        return InputError(message, game=self.game, stage="input", remedy=remedy)


def _lines(count: int, size: int) -> NDArray[np.float64]:
    """Columns to fill that begin at the same place of a line of the cache."""
    return np.empty((count, -(-size // LANES) * LANES))[:, :size]


def _column(values: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """One number for all points, or one a point, that nobody writes to."""
    if values.size != 1:
        values = np.ascontiguousarray(np.broadcast_to(values, shape))
    column = values.reshape(-1).view()
    column.flags.writeable = False
    return column


def library() -> str:
    """The sources that generated code is compiled with."""
    modules = (doubledouble, common, integration, lanes, linear, moving, roots, runtime, settling)
    return "".join(Path(str(m.__file__)).read_text(encoding="utf-8") for m in modules)


def model_kernel(derivation: Derivation) -> ModelKernel:
    """Generate the kernel of a derived model; compiled code is kept on disk.

    Raises
    ------
    DerivationError
        If the model has no kernel; the error says why.
    """
    emitter = Emitter(derivation)
    source = emitter.source() + emitter.fill()
    functions: tuple[str, ...] = ("fill",)
    try:
        source += QuickEmitter(emitter).source()
        functions = ("fill_tiles", "fill")
    except BranchesError:
        pass
    name = derivation.model.name
    stem = "model_" + "".join(c if c.isalnum() else "_" for c in name)
    path = write(source, f"{stem}_{digest(source + library())}")
    return ModelKernel(
        name,
        tuple(s.name for s in emitter.parameters),
        tuple(s.name for s in emitter.states),
        ("status", *emitter.outputs),
        source,
        path,
        functions,
        emitter.needs,
    )
