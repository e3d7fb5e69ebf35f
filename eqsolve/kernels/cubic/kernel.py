"""Numba kernels: compiled closed forms that take arrays of parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eqsolve.arrays import merged
from eqsolve.handle import Handle
from eqsolve.kernels.cubic.plain import SINGLE, TILES, filler
from eqsolve.kernels.kernel import Kernel, parallel
from eqsolve.kernels.points import Points
from eqsolve.kernels.recall import recalled, remember
from eqsolve.kernels.storage import digest, write
from eqsolve.outputs import Outputs
from eqsolve.registry import installed

if TYPE_CHECKING:
    from eqsolve.notated.published import Published

Selection = Literal["limit", "value"]

#: Number of points handed to a thread at a time, in doubles and in double-double numbers.
BLOCK, SLICE = 1 << 16, 1 << 11

#: Undecided points of a block that may wait for those of other blocks.
FEW = 1 << 7

#: The status of a point that double precision does not decide; never returned.
UNDECIDED = -1


@dataclass(frozen=True)
class CubicKernel(Kernel):
    """The compiled evaluation of a closed form on the root of a cubic.

    Attributes
    ----------
    states : names of the own state and of the others' aggregate.
    results : what is computed.
    exact : the kernel that evaluates the points this one leaves undecided; None if it leaves none.
    origin : where the game comes from.
    """

    results: Outputs = field(repr=False)
    exact: CubicKernel | None = field(default=None, repr=False)
    origin: str = ""

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
        wanted = self.wanted(outputs)
        if selection not in ("limit", "value"):
            raise self.error(f"there is no selection {selection!r}.", "Use limit or value.")
        count = self.threads(threads)
        points, same_wealth = self.asked(merged(params, values))
        results = self._outputs(wanted, points, self.to_fill(out, wanted, points))
        further = (self.results.value.name in wanted, self.results.alone.name in wanted)
        flags = (same_wealth, selection == "value", *further)
        columns = [results[name].reshape(-1) for name in self.outputs]
        self._run(points, flags, columns, count)
        return {name: results[name] for name in wanted}

    def asked(self, params: Mapping[str, ArrayLike]) -> tuple[Points, bool]:
        """The points in the kernel's order, and whether everybody is as rich as the agent."""
        arrays = self.given(params, self.states)
        same_wealth = self.states[1] not in arrays
        for name in self.states:
            arrays.setdefault(name, np.ones(()))
        return self.points(arrays, (*self.parameters, *self.states)), same_wealth

    def _outputs(
        self, wanted: tuple[str, ...], points: Points, filled: Mapping[str, NDArray[Any]]
    ) -> dict[str, NDArray[Any]]:
        """Arrays to fill; those that nobody wants have no entries if the kernel can do without."""
        results: dict[str, NDArray[Any]] = {}
        for name in self.outputs:
            needed = name in wanted or name == "status"
            needed = needed or (self.exact is None and name not in self.results.on_demand)
            dtype: type[np.generic] = np.int8 if name == "status" else np.float64
            shape = points.shape if needed else 0
            results[name] = filled[name] if name in filled else np.empty(shape, dtype)
        return results

    def _run(
        self,
        points: Points,
        flags: tuple[bool, ...],
        outputs: list[NDArray[Any]],
        threads: int,
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
        parallel(work, ranges, threads)

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


def kept(game: Handle, *, precise: bool = False) -> CubicKernel | None:
    """The kernel of an installed game that an earlier process generated; the game stays unloaded.

    It is None if the kernel must be generated.
    """
    if not game.installed:
        return None
    found = _recalled(game.name, precise)
    if found is not None:
        game.letters()
    return found


def kernel_of_one(game: Handle | Published) -> CubicKernel:
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


def _recalled(game: str, precise: bool) -> CubicKernel | None:
    """The kernel that was noted under the name of an installed game."""
    exact = None if precise else _recalled(game, True)
    found = recalled(_stem(game, precise))
    if found is None or not (precise or exact):
        return None
    note, source, path = found
    results = Outputs.read(note["outputs"])
    return CubicKernel(
        game,
        tuple(note["parameters"]),
        tuple(note["states"]),
        ("status", *results.names),
        source,
        path,
        results,
        exact,
        note["origin"],
    )


def _stem(game: str, precise: bool) -> str:
    """How the file of a kernel is called, and its note."""
    return ("" if precise else "fast_") + game.replace("-", "_").replace(" ", "_")


@cache
def kernel(model: Published, *, precise: bool = False, keeper: str = "") -> CubicKernel:
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
    from eqsolve.kernels.cubic.fast import fast_source
    from eqsolve.kernels.cubic.source import kernel_source

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
    return CubicKernel(
        model.name,
        model.parameters,
        (own, others),
        ("status", *results.names),
        source,
        path,
        results,
        exact,
        model.source,
    )
