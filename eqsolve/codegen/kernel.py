"""Numba kernels: compiled closed forms that take arrays of parameters."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eqsolve.arrays import NotRealError, fillable, merged, overlap, reals
from eqsolve.codegen.plain import SINGLE, TILES, filler
from eqsolve.codegen.points import Array, Points
from eqsolve.codegen.recall import recalled, remember
from eqsolve.codegen.storage import digest, write
from eqsolve.errors import InputError
from eqsolve.handle import Handle
from eqsolve.inputs import ALIASES
from eqsolve.outputs import Outputs
from eqsolve.registry import installed

if TYPE_CHECKING:
    from eqsolve.model import Model

Selection = Literal["limit", "value"]

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
    states : names of the own state and of the others' aggregate, which need not be given.
    results : what is computed.
    source : the generated source.
    path : the file it was written to; its name carries a fingerprint of everything compiled.
    exact : the kernel that evaluates the points this one leaves undecided; None if it leaves none.
    origin : where the game comes from.
    """

    game: str
    parameters: tuple[str, ...]
    states: tuple[str, str]
    results: Outputs = field(repr=False)
    source: str = field(repr=False)
    path: Path
    exact: Kernel | None = field(default=None, repr=False)
    origin: str = ""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs, the status first."""
        return ("status", *self.results.names)

    def evaluate(
        self,
        params: Mapping[str, ArrayLike] | None = None,
        *,
        selection: Selection = "limit",
        outputs: Iterable[str] | None = None,
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
        selection : ``"limit"`` takes the admissible root that is outermost on the side of the
            excess drift, ``"value"`` the one with the largest value at ``(x, y)``.
        outputs : names out of :attr:`outputs` (default: all); the position without competition and
            the value are computed only if asked for, and nothing is stored that is not.
        threads : number of threads (default: all); the result does not depend on it.
        out : contiguous arrays to fill, in the shape of the broadcast and of the output's type, for
            some or all of the outputs.

        Returns
        -------
        dict
            One array per output in the shape of the broadcast: ``status`` (int8, codes of
            ``eqsolve.status.Status``), the root, the coefficients of the strategy, its
            value at the state, the position of the same agent without competition, and what the
            agent obtains. Points with a status other than OK hold NaN.

        Raises
        ------
        InputError
            For an unknown, missing or doubly named parameter, values that are not numbers, shapes
            that do not broadcast, an unknown selection, output or number of threads, or an array
            that cannot be filled. Values outside their domain are no error but a status.
        """
        wanted = self.outputs if outputs is None else tuple(outputs)
        if selection not in ("limit", "value"):
            raise self._error(f"there is no selection {selection!r}.", "Use limit or value.")
        if not set(wanted) <= set(self.outputs):
            strange = ", ".join(sorted(set(wanted) - set(self.outputs)))
            raise self._error(f"there is no output {strange}.", f"Use {', '.join(self.outputs)}.")
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
        further = (self.results.value.name in wanted, self.results.alone.name in wanted)
        flags = (same_wealth, selection == "value", *further)
        columns = [results[name].reshape(-1) for name in self.outputs]
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
        for name in self.outputs:
            needed = name in wanted or name == "status"
            needed = needed or (self.exact is None and name not in self.results.on_demand)
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
        block = SLICE if self.exact is None else BLOCK
        most = SINGLE if self.exact is None else TILES
        fill = filler(self.path, self.game, points.size, most)

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
        where = np.concatenate(waiting)
        fill = filler(self.path, self.game, where.size, SINGLE)
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
        known = (*self.parameters, *self.states)
        for name, value in params.items():
            plain = ALIASES.get(name, name)
            if plain not in known:
                raise self._error(f"there is no parameter {name!r}.", f"Use {', '.join(known)}.")
            if plain in given:
                raise self._error(f"{plain} is given twice.", "Give it under one name.")
            try:
                given[plain] = reals(value)
            except NotRealError as error:
                raise self._error(f"{name} holds {error}.", "Give real numbers.") from None
        missing = [name for name in self.parameters if name not in given]
        if missing:
            raise self._error(f"{', '.join(missing)} is missing.", "Give every parameter.")
        same_wealth = self.states[1] not in given
        for name in self.states:
            given.setdefault(name, np.ones(()))
        try:
            return Points.of(given, known), same_wealth
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


def kept(game: Handle, *, precise: bool = False) -> Kernel | None:
    """The kernel of an installed game that an earlier process generated; the game stays unloaded.

    It is None if the kernel must be generated.
    """
    if not game.installed:
        return None
    found = _recalled(game.name, precise)
    if found is not None:
        game.letters()
    return found


def kernel_of_one(game: Handle | Model) -> Kernel:
    """The kernel of one agent of a game whose agents differ: averages over others are parameters.

    It is kept under the name of the game, which stays unloaded if it was kept.
    """
    name = f"{game.name} one"
    if isinstance(game, Handle) and game.installed:
        found = _recalled(name, False)
        if found is not None:
            game.letters()
            return found
    model = game.model if isinstance(game, Handle) else game
    assert model.response is not None, "agents who differ respond"
    return kernel(model.response, keeper=name if installed(model) else "")


def _recalled(game: str, precise: bool) -> Kernel | None:
    """The kernel that was noted under the name of an installed game."""
    exact = None if precise else _recalled(game, True)
    found = recalled(_stem(game, precise))
    if found is None or not (precise or exact):
        return None
    note, source, path = found
    return Kernel(
        game,
        tuple(note["parameters"]),
        (note["states"][0], note["states"][1]),
        Outputs.read(note["outputs"]),
        source,
        path,
        exact,
        note["origin"],
    )


def _stem(game: str, precise: bool) -> str:
    """How the file of a kernel is called, and its note."""
    return ("" if precise else "fast_") + game.replace("-", "_").replace(" ", "_")


@cache
def kernel(model: Model, *, precise: bool = False, keeper: str = "") -> Kernel:
    """Return the kernel of a game, generated on first use; compiled code is kept on disk.

    Parameters
    ----------
    model : a game whose closed form is built on one cubic.
    precise : whether to compute every point in double-double arithmetic, so that outputs are
        correctly rounded almost always. Otherwise points are computed in doubles, some forty times
        as fast, with a relative error of the order 1e-15 times the condition number; those that
        doubles do not decide safely are handed to the precise kernel. The outcomes are the same.
    keeper : under which name it is kept; by default its own, if that is an installed game's.

    Raises
    ------
    InputError
        If the game's closed form is not built on one cubic.
    """
    ours, name = bool(keeper) or installed(model), keeper or model.name
    found = _recalled(name, precise) if ours else None
    if found is not None:
        return found
    # The generator needs SymPy, which a kernel found again does without.
    from eqsolve.codegen.fast import fast_source
    from eqsolve.codegen.source import kernel_source

    exact = None if precise else kernel(model, precise=True, keeper=keeper)
    source = kernel_source(model) if exact is None else fast_source(model, exact.path.stem)
    stem = _stem(name, precise)
    path = write(source, f"{stem}_{digest(source)}")
    own, others = (state.name for state in model.game.state_symbols)
    results = model.parts.outputs
    if ours:
        remember(
            stem,
            path,
            parameters=model.parameters,
            states=(own, others),
            outputs=results.rows(),
            origin=model.source,
        )
    return Kernel(
        model.name, model.parameters, (own, others), results, source, path, exact, model.source
    )
