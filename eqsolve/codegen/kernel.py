"""Numba kernels: compiled closed forms that take arrays of parameters."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eqsolve.arrays import NotRealError, fillable, merged, overlap, reals
from eqsolve.codegen.points import Array, Points
from eqsolve.codegen.recall import recalled, remember
from eqsolve.codegen.storage import digest, load, write
from eqsolve.errors import InputError
from eqsolve.registry import adopted, letters, model, names

Selection = Literal["limit", "value"]

#: The outputs of a kernel, in order.
OUTPUTS = ("status", "p1", "k_x", "k_y", "k_1", "pi", "pi_noncompetitive", "V")

#: Outputs that are those of an agent without competitors, and outputs that are computed only if
#: asked for.
ALONE, ON_DEMAND = OUTPUTS[-2:-1], OUTPUTS[-2:]

#: Number of points handed to a thread at a time, in doubles and in double-double numbers.
BLOCK, SLICE = 1 << 16, 1 << 11

#: Undecided points of a block that may wait for those of other blocks.
FEW = 1 << 7

#: The status of a point that double precision does not decide; never returned.
UNDECIDED = -1


@dataclass(frozen=True)
class Kernel:
    """A compiled game.

    Attributes
    ----------
    game : the game's name.
    parameters : names of the required parameters.
    source : the generated source.
    path : the file it was written to; its name carries a fingerprint of everything compiled.
    exact : the kernel that evaluates the points this one leaves undecided; None if it leaves none.
    origin : where the game comes from.
    """

    #: Inputs that need not be given.
    states = ("x", "y")

    game: str
    parameters: tuple[str, ...]
    source: str = field(repr=False)
    path: Path
    exact: Kernel | None = field(default=None, repr=False)
    origin: str = ""

    def evaluate(
        self,
        params: Mapping[str, ArrayLike] | None = None,
        *,
        selection: Selection = "limit",
        outputs: Iterable[str] = OUTPUTS,
        threads: int | None = None,
        out: Mapping[str, NDArray[Any]] | None = None,
        **values: ArrayLike,
    ) -> dict[str, NDArray[Any]]:
        """Evaluate the closed form at every point of a broadcast of the parameters.

        Parameters
        ----------
        params, values : array or number per parameter, as one mapping or as keywords (``lambda``
            may be called ``lam``). Optional: the own wealth ``x`` (default 1) and the competitors'
            aggregate ``y`` (default: all are as rich as the agent, ``(1 - 1/n) x``, or ``x`` in
            the mean-field game). Contiguous arrays of doubles are read in place; numbers and
            broadcast arrays are never expanded.
        selection : ``"limit"`` takes the admissible root with the largest ``B p1``, ``"value"``
            the one with the largest value at ``(x, y)``.
        outputs : names out of :data:`OUTPUTS`; ``pi_noncompetitive`` and ``V`` are computed only
            if asked for, and nothing is stored that is not.
        threads : number of threads (default: all); the result does not depend on it.
        out : contiguous arrays to fill, in the shape of the broadcast and of the output's type, for
            some or all of the outputs.

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
            that do not broadcast, an unknown selection, output or number of threads, or an array
            that cannot be filled. Values outside their domain are no error but a status.
        """
        wanted = tuple(outputs)
        if selection not in ("limit", "value"):
            raise self._error(f"there is no selection {selection!r}.", "Use limit or value.")
        if not set(wanted) <= set(OUTPUTS):
            strange = ", ".join(sorted(set(wanted) - set(OUTPUTS)))
            raise self._error(f"there is no output {strange}.", f"Use {', '.join(OUTPUTS)}.")
        if threads is not None and not (type(threads) is int and threads >= 1):
            raise self._error(f"{threads!r} is no number of threads.", "Use 1 or more.")
        points, same_wealth = self._inputs(merged(params, values))
        filled = dict(out or {})
        results = self._outputs(wanted, points, filled)
        if (shared := overlap(filled, points.columns)) is not None:
            raise self._error(
                f"the array for {shared} shares memory with another one.",
                "Give an array of its own: inputs are read again after outputs are written.",
            )
        flags = (same_wealth, selection == "value", "V" in wanted, "pi_noncompetitive" in wanted)
        columns = [results[name].reshape(-1) for name in OUTPUTS]
        self._run(points, flags, columns, threads)
        return {name: results[name] for name in wanted}

    def _outputs(
        self, wanted: tuple[str, ...], points: Points, out: Mapping[str, NDArray[Any]]
    ) -> dict[str, NDArray[Any]]:
        """Arrays to fill; those that nobody wants have no entries if the kernel can do without."""
        if not set(out) <= set(wanted):
            strange = ", ".join(sorted(set(out) - set(wanted)))
            raise self._error(f"{strange} is to be filled but not among the outputs.")
        results: dict[str, NDArray[Any]] = {}
        for name in OUTPUTS:
            needed = name in wanted or name == "status"
            needed = needed or (self.exact is None and name not in ON_DEMAND)
            dtype: type[np.generic] = np.int8 if name == "status" else np.float64
            array = out.get(name)
            if array is None:
                array = np.empty(points.shape if needed else 0, dtype)
            elif not fillable(array, points.shape, dtype):
                raise self._error(
                    f"the array for {name} cannot be filled.",
                    f"Give a contiguous {np.dtype(dtype)} array of shape {points.shape}.",
                )
            results[name] = array
        return results

    def _run(
        self,
        points: Points,
        flags: tuple[bool, ...],
        outputs: list[NDArray[Any]],
        threads: int | None,
    ) -> None:
        """Fill the outputs, block by block, then what doubles left undecided in them."""
        fill = load(self.path, self.game).fill
        block = SLICE if self.exact is None else BLOCK

        def work(ranges: Iterator[tuple[int, int]]) -> None:
            waiting: list[NDArray[np.intp]] = []
            for start, stop in ranges:
                here = points.block(start, stop)
                undecided = fill(*here, *flags, *(a[start:stop] for a in outputs))
                if undecided and self.exact is not None:
                    waiting.append(start + np.flatnonzero(outputs[0][start:stop] == UNDECIDED))
                    # A call for a few points costs more than the points.
                    if undecided > FEW:
                        self.exact._repair(points, flags, outputs, waiting)
            if waiting and self.exact is not None:
                self.exact._repair(points, flags, outputs, waiting)

        ranges = [
            (start, min(start + block, points.size)) for start in range(0, points.size, block)
        ]
        _parallel(work, ranges, threads)

    def _repair(
        self,
        points: Points,
        flags: tuple[bool, ...],
        outputs: list[NDArray[Any]],
        waiting: list[NDArray[np.intp]],
    ) -> None:
        """Evaluate the points that are waiting and put them where they belong."""
        fill = load(self.path, self.game).fill
        where = np.concatenate(waiting)
        waiting.clear()
        for start in range(0, where.size, SLICE):
            these = where[start : start + SLICE]
            status = np.empty(these.size, np.int8)
            found = [status, *(np.empty(these.size) for _ in outputs[1:])]
            fill(*points.at(these), *flags, *found)
            for target, values in zip(outputs, found):
                if target.size:
                    target[these] = values

    def _inputs(self, params: Mapping[str, ArrayLike]) -> tuple[Points, bool]:
        """The points in the kernel's order, and whether everybody is as rich as the agent."""
        given: dict[str, Array] = {}
        for name, value in params.items():
            plain = "lambda" if name == "lam" else name
            if plain not in (*self.parameters, "x", "y"):
                known = ", ".join((*self.parameters, "x", "y"))
                raise self._error(f"there is no parameter {name!r}.", f"Use {known}.")
            if plain in given:
                raise self._error("the hazard rate is given as lambda and as lam.", "Give one.")
            try:
                given[plain] = reals(value)
            except NotRealError as error:
                raise self._error(f"{name} holds {error}.", "Give real numbers.") from None
        missing = [name for name in self.parameters if name not in given]
        if missing:
            raise self._error(f"{', '.join(missing)} is missing.", "Give every parameter.")
        same_wealth = "y" not in given
        given.setdefault("x", np.ones(()))
        given.setdefault("y", np.ones(()))
        try:
            return Points.of(given, (*self.parameters, "x", "y")), same_wealth
        except ValueError:
            shapes = ", ".join(f"{k} {v.shape}" for k, v in given.items() if v.ndim)
            raise self._error(f"the shapes do not broadcast: {shapes}.") from None

    def _error(self, message: str, remedy: str = "") -> InputError:
        return InputError(message, game=self.game, stage="input", remedy=remedy)


def _parallel(
    work: Callable[[Iterator[tuple[int, int]]], None],
    ranges: Sequence[tuple[int, int]],
    threads: int | None,
) -> None:
    """Share ranges of points among this thread and others; machine code releases the lock."""
    count = min(threads or os.cpu_count() or 1, len(ranges))
    if count < 2:
        return work(iter(ranges))
    # Everybody takes from the queue until it meets an end.
    ends = [None] * count
    queue: deque[Any] = deque([*ranges, *ends])
    with ThreadPoolExecutor(count - 1) as pool:
        others = [pool.submit(work, iter(queue.popleft, None)) for _ in range(count - 1)]
        try:
            work(iter(queue.popleft, None))
        finally:
            queue.extendleft(ends)
        for other in others:
            other.result()


def compiled_before(game: str) -> bool:
    """Whether the kernel of a built-in game can be used without generating it anew."""
    return _built_in(game) and recalled("fast_" + game.replace("-", "_")) is not None


def _built_in(game: str) -> bool:
    """Whether a name is not that of a file a user named by its path."""
    return game in names() and adopted(game) is None


@cache
def kernel(game: str, *, precise: bool = False) -> Kernel:
    """Return the kernel of a game, generated on first use; compiled code is kept on disk.

    Parameters
    ----------
    game : name of a game whose closed form is built on one cubic.
    precise : whether to compute every point in double-double arithmetic, so that outputs are
        correctly rounded almost always. Otherwise points are computed in doubles, some forty times
        as fast, with a relative error of the order 1e-15 times the condition number; those that
        doubles do not decide safely are handed to the precise kernel. The outcomes are the same.

    Raises
    ------
    InputError
        If there is no such game or its closed form is not built on one cubic.
    """
    exact = None if precise else kernel(game, precise=True)
    stem = ("" if precise else "fast_") + game.replace("-", "_")
    found = recalled(stem) if _built_in(game) else None
    if found is not None:
        note, source, path = found
        letters(game)
        return Kernel(game, tuple(note["parameters"]), source, path, exact, note["origin"])
    # The generator needs SymPy, which a kernel found again does without.
    from eqsolve.codegen.fast import fast_source
    from eqsolve.codegen.source import kernel_source

    declared = model(game)
    source = kernel_source(game) if exact is None else fast_source(game, exact.path.stem)
    path = write(source, f"{stem}_{digest(source)}")
    remember(stem, path, parameters=declared.parameters, origin=declared.source)
    return Kernel(game, declared.parameters, source, path, exact, declared.source)
