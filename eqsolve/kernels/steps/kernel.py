"""Kernels of models: one generated module for each, compiled once and kept on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eqsolve.arrays import merged
from eqsolve.derivation.derivation import Derivation
from eqsolve.kernels.arithmetic import doubledouble, moving
from eqsolve.kernels.arithmetic.moving import DOUBLE, LANES, LINE
from eqsolve.kernels.kernel import Kernel, parallel
from eqsolve.kernels.steps import common, integration, lanes, linear, roots, runtime, settling
from eqsolve.kernels.steps.common import PENDING
from eqsolve.kernels.steps.emitter import Emitter
from eqsolve.kernels.steps.quick import BranchesError, QuickEmitter
from eqsolve.kernels.storage import digest, load, write

#: Points handed to one of several threads at a time, and to the only one: between two such parts an
#: interruption is heard.
BLOCK, STRETCH = 1 << 15, 1 << 18


@dataclass(frozen=True)
class StepsKernel(Kernel):
    """The compiled evaluation of a solution of steps.

    Attributes
    ----------
    functions : those of the generated file that fill arrays: of tiles, which returns how many
        points it leaves pending, if there is one, and of points that are pending; what no point
        needs is not compiled.
    needs : for an output the states without which it is NaN.
    """

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
        outputs : names out of :attr:`outputs` (default: all).
        threads : number of threads (default: all); the result does not depend on it.
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
        wanted = self.wanted(outputs)
        count = self.threads(threads)
        arrays = self.given(merged(params, values), ("t", *self.states))
        order = (*self.parameters, "t", *self.states)
        points = self.points(arrays | {n: np.zeros(()) for n in order if n not in arrays}, order)
        shape, size = points.shape, points.size
        given = np.array([name in arrays for name in self.states], dtype=np.bool_)
        missing = {n for n, states in self.needs.items() if set(states) - set(arrays)}
        known = [n for n in self.outputs[1:] if n in wanted and n not in missing]
        filled = self.to_fill(out, wanted, points)
        ready = {name: array.reshape(-1) for name, array in filled.items()}
        # one block: the system hands out large pieces of memory faster than many small ones
        new = [name for name in known if name not in ready]
        block = dict(zip(new, _lines(len(new), size)))
        block |= {name: array for name, array in ready.items() if name not in missing}
        columns: dict[str, NDArray[Any]] = {"status": block.pop("status", np.empty(size, np.int8))}
        columns |= {name: block.get(name, np.empty(0)) for name in self.outputs[1:]}
        module = load(self.path, self.game)

        *tiles, single = (partial(getattr, module, name) for name in self.functions)

        def work(ranges: Iterator[tuple[int, int]]) -> None:
            for start, stop in ranges:
                inputs = tuple(map(_read_only, points.block(start, stop)))
                status, *found = (c[start:stop] for c in columns.values())
                if not tiles:
                    status[:] = PENDING
                left = [fill()(inputs, given, status, tuple(found)) for fill in tiles]
                if left != [0]:
                    single()(inputs, given, status, tuple(found))

        step = BLOCK if count > 1 else STRETCH
        # tiles go past the caches where outputs begin lines, as columns of one call mostly do
        first = next((c for c in list(columns.values())[1:] if c.size), columns["status"])
        ahead = -first.ctypes.data % LINE // DOUBLE if size >= lanes.MANY else 0
        borders = sorted({0, *range(ahead, size, step), size})
        parallel(work, list(zip(borders, borders[1:])), count)
        for name in wanted:
            if name in missing:
                columns[name] = ready.get(name, np.empty(size))
                columns[name][:] = np.nan
        return {name: columns[name].reshape(shape) for name in wanted}


def _read_only(column: NDArray[np.float64]) -> NDArray[np.float64]:
    """One type for all inputs, whoever else may write to them: machine code is made by types."""
    column = column.view()
    column.flags.writeable = False
    return column


def _lines(count: int, size: int) -> NDArray[np.float64]:
    """Columns to fill that begin at the same place of a line of the cache."""
    return np.empty((count, -(-size // LANES) * LANES))[:, :size]


def library() -> str:
    """The sources that generated code is compiled with."""
    modules = (doubledouble, common, integration, lanes, linear, moving, roots, runtime, settling)
    return "".join(Path(str(m.__file__)).read_text(encoding="utf-8") for m in modules)


def model_kernel(derivation: Derivation) -> StepsKernel:
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
    return StepsKernel(
        name,
        tuple(s.name for s in emitter.parameters),
        tuple(s.name for s in emitter.states),
        ("status", *emitter.outputs),
        source,
        path,
        functions,
        emitter.needs,
    )
