"""Numba kernels: compiled closed forms that take arrays of parameters."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eqsolve.codegen.source import kernel_source
from eqsolve.codegen.storage import digest, load, write
from eqsolve.errors import InputError
from eqsolve.registry import model

Selection = Literal["limit", "value"]

#: The outputs of a kernel, in order.
OUTPUTS = ("status", "p1", "k_x", "k_y", "k_1", "pi", "pi_noncompetitive", "V")

#: Number of points handed to a thread at a time.
SLICE = 2048

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Kernel:
    """A compiled game.

    Attributes
    ----------
    game : the game's name.
    parameters : names of the required parameters.
    source : the generated source.
    path : the file it was written to; its name carries a fingerprint of everything compiled.
    """

    game: str
    parameters: tuple[str, ...]
    source: str
    path: Path

    def evaluate(
        self,
        params: Mapping[str, ArrayLike],
        *,
        selection: Selection = "limit",
        outputs: Iterable[str] = OUTPUTS,
        threads: int | None = None,
    ) -> dict[str, NDArray[Any]]:
        """Evaluate the closed form at every point of a broadcast of the parameters.

        Parameters
        ----------
        params : array or number per parameter (``lambda`` may be called ``lam``). Optional: the
            own wealth ``x`` (default 1) and the competitors' aggregate ``y`` (default: all are as
            rich as the agent, ``(1 - 1/n) x``, or ``x`` in the mean-field game).
        selection : ``"limit"`` takes the admissible root with the largest ``B p1``, ``"value"``
            the one with the largest value at ``(x, y)``.
        outputs : names out of :data:`OUTPUTS`; ``pi_noncompetitive`` and ``V`` are computed only
            if asked for.
        threads : number of threads (default: all); the result does not depend on it.

        Returns
        -------
        dict
            One array per output in the shape of the broadcast: ``status`` (int8, codes of
            ``eqsolve.numerics.status.Status``), the root ``p1``, the strategy ``k_x x + k_y y +
            k_1``, its value ``pi``, the position of the same agent without competition, and the
            value ``V``. Points with a status other than OK hold NaN.

        Raises
        ------
        InputError
            For an unknown, missing or doubly named parameter, values that are not numbers, shapes
            that do not broadcast, or an unknown selection, output or number of threads. Values
            outside their domain are no error but a status.
        """
        wanted = tuple(outputs)
        if selection not in ("limit", "value"):
            raise self._error(f"there is no selection {selection!r}.", "Use limit or value.")
        if not set(wanted) <= set(OUTPUTS):
            strange = ", ".join(sorted(set(wanted) - set(OUTPUTS)))
            raise self._error(f"there is no output {strange}.", f"Use {', '.join(OUTPUTS)}.")
        arrays, same_wealth, shape = self._inputs(params)
        size = math.prod(shape)
        flags = (same_wealth, selection == "value", "V" in wanted, "pi_noncompetitive" in wanted)
        status = np.zeros(size, np.int8)
        columns = {name: np.empty(size) for name in OUTPUTS[1:]}
        for name in ("pi_noncompetitive", "V"):
            if name not in wanted:
                columns[name] = np.empty(0)
        self._run(threads, arrays, flags, [status, *columns.values()])
        results: dict[str, NDArray[Any]] = {"status": status, **columns}
        return {name: results[name].reshape(shape) for name in wanted}

    def _run(
        self,
        threads: int | None,
        inputs: list[Array],
        flags: tuple[bool, ...],
        outputs: list[NDArray[Any]],
    ) -> None:
        """Fill the outputs, slice by slice; the machine code releases the interpreter's lock."""
        if threads is not None and threads < 1:
            raise self._error(f"{threads} is no number of threads.", "Use 1 or more.")
        fill, size = load(self.path).fill, outputs[0].size
        count = threads or os.cpu_count() or 1

        def run(start: int) -> None:
            part = slice(start, start + SLICE)
            here = [a if a.size == 1 else a[part] for a in inputs]
            fill(*here, *flags, *(a[part] for a in outputs))

        starts = range(0, size, SLICE)
        if count == 1 or len(starts) < 2:
            for start in starts:
                run(start)
            return
        with ThreadPoolExecutor(count) as pool:
            for done in [pool.submit(run, start) for start in starts]:
                done.result()

    def _inputs(self, params: Mapping[str, ArrayLike]) -> tuple[list[Array], bool, tuple[int, ...]]:
        """Contiguous arrays of size one or of the broadcast's size, in the kernel's order."""
        given: dict[str, Array] = {}
        for name, value in params.items():
            plain = "lambda" if name == "lam" else name
            if plain not in (*self.parameters, "x", "y"):
                known = ", ".join((*self.parameters, "x", "y"))
                raise self._error(f"there is no parameter {name!r}.", f"Use {known}.")
            if plain in given:
                raise self._error("the hazard rate is given as lambda and as lam.", "Give one.")
            try:
                array = np.asarray(value)
                if array.dtype == object:  # A plain conversion would turn None into NaN.
                    array = np.vectorize(float, otypes=[float])(array)
                given[plain] = array.astype(np.float64)
            except (TypeError, ValueError):
                raise self._error(f"{name} holds something that is not a number.") from None
        missing = [name for name in self.parameters if name not in given]
        if missing:
            raise self._error(f"{', '.join(missing)} is missing.", "Give every parameter.")
        same_wealth = "y" not in given
        given.setdefault("x", np.ones(()))
        given.setdefault("y", np.ones(()))
        try:
            shape = np.broadcast_shapes(*(array.shape for array in given.values()))
        except ValueError:
            shapes = ", ".join(f"{k} {v.shape}" for k, v in given.items() if v.ndim)
            raise self._error(f"the shapes do not broadcast: {shapes}.") from None
        flat = {
            name: array.reshape(1) if array.size == 1 else np.broadcast_to(array, shape).ravel()
            for name, array in given.items()
        }
        order = (*self.parameters, "x", "y")
        return [np.ascontiguousarray(flat[name]) for name in order], same_wealth, shape

    def _error(self, message: str, remedy: str = "") -> InputError:
        return InputError(message, game=self.game, stage="input", remedy=remedy)


@cache
def kernel(game: str) -> Kernel:
    """Return the kernel of a game, generated on first use; compiled code is kept on disk.

    Raises
    ------
    InputError
        If there is no such game or its closed form is not built on one cubic.
    """
    source = kernel_source(game)
    path = write(source, f"{game.replace('-', '_')}_{digest(source)}")
    return Kernel(game, model(game).parameters, source, path)
