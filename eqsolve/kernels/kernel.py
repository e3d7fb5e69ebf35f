"""What kernels of all games share: parameters by name, arrays to fill, and threads."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eqsolve.arrays import NotRealError, fillable, overlap, reals
from eqsolve.errors import InputError, near
from eqsolve.inputs import ALIASES
from eqsolve.kernels.points import Array, Points


@dataclass(frozen=True)
class Kernel:
    """The compiled evaluation of a game at many points.

    Attributes
    ----------
    game : the game's name.
    parameters, states : names of inputs; parameters must be given, states may be.
    outputs : names of what is computed, ``status`` first.
    source : the generated source.
    path : the file it was written to; its name carries a fingerprint of everything compiled.
    """

    game: str
    parameters: tuple[str, ...]
    states: tuple[str, ...]
    outputs: tuple[str, ...]
    source: str = field(repr=False)
    path: Path

    def wanted(self, outputs: Iterable[str] | None) -> tuple[str, ...]:
        """The names of outputs that are asked for; all if none are."""
        wanted = self.outputs if outputs is None else tuple(outputs)
        if strange := [str(name) for name in wanted if name not in self.outputs]:
            raise self.error(
                f"there is no output {', '.join(strange)}.", f"Use {', '.join(self.outputs)}."
            )
        return wanted

    def given(self, params: Mapping[str, ArrayLike], optional: tuple[str, ...]) -> dict[str, Array]:
        """Arrays by the names of parameters and of what need not be given."""
        known = (*self.parameters, *optional)
        arrays: dict[str, Array] = {}
        for key, value in params.items():
            name = key if key in known else ALIASES.get(key, key)
            if name not in known:
                use = f"{near(key, known)}Use {', '.join(known)}."
                raise self.error(f"there is no parameter {key!r}.", use)
            if name in arrays:
                raise self.error(f"{name} is given twice.", "Give it under one name.")
            try:
                arrays[name] = reals(value)
            except NotRealError as error:
                raise self.error(f"{key} holds {error}.", "Give real numbers.") from None
        if missing := [name for name in self.parameters if name not in arrays]:
            lacking = f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing."
            raise self.error(lacking, "Give every parameter.")
        return arrays

    def points(self, arrays: Mapping[str, Array], order: tuple[str, ...]) -> Points:
        """The points of the arrays' broadcast."""
        try:
            return Points.of(arrays, order)
        except ValueError:
            shapes = ", ".join(f"{k} {v.shape}" for k, v in arrays.items() if v.ndim)
            remedy = "Give arrays of one shape, or numbers."
            raise self.error(f"the shapes do not broadcast: {shapes}.", remedy) from None

    def to_fill(
        self, out: Mapping[str, NDArray[Any]] | None, wanted: Iterable[str], points: Points
    ) -> dict[str, NDArray[Any]]:
        """The arrays to fill that a user brings."""
        filled = dict(out or {})
        if strange := sorted(set(filled) - set(wanted)):
            raise self.error(f"{', '.join(strange)} is to be filled but not among the outputs.")
        for name, array in filled.items():
            dtype: type[np.generic] = np.int8 if name == "status" else np.float64
            if not fillable(array, points.shape, dtype):
                raise self.error(
                    f"the array for {name} cannot be filled.",
                    f"Give a contiguous {np.dtype(dtype)} array of shape {points.shape}.",
                )
        if (shared := overlap(filled, points.columns)) is not None:
            raise self.error(
                f"the array for {shared} shares memory with another one.",
                "Give an array of its own: inputs are read again after outputs are written.",
            )
        return filled

    def threads(self, number: int | None) -> int:
        """A number of threads; by default that of all cores."""
        if number is not None and not (type(number) is int and number >= 1):
            raise self.error(f"{number!r} is no number of threads.", "Use 1 or more.")
        return number or os.cpu_count() or 1

    def error(self, message: str, remedy: str = "") -> InputError:
        """What is wrong with an input."""
        return InputError(message, game=self.game, stage="input", remedy=remedy)


def parallel(
    work: Callable[[Iterator[tuple[int, int]]], None],
    ranges: Sequence[tuple[int, int]],
    threads: int,
) -> None:
    """Share ranges of points among this thread and others; machine code releases the lock."""
    count = min(threads, len(ranges))
    if count < 2:
        return work(iter(ranges))
    # Everybody takes from the queue until it meets an end; what one raises calls off the rest.
    ends = [None] * count
    queue: deque[Any] = deque([*ranges, *ends])

    def share() -> None:
        try:
            work(iter(queue.popleft, None))
        except BaseException:
            queue.extendleft(ends)
            raise

    with ThreadPoolExecutor(count - 1) as pool:
        others = [pool.submit(share) for _ in range(count - 1)]
        share()
        for other in others:
            other.result()
