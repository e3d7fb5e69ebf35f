"""The loop of all methods: steps in chunks, progress, checkpoints that are resumed bit by bit."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from eqsolve.distribution import VERSION
from eqsolve.errors import InputError
from eqsolve.learn.networks import Tree
from eqsolve.output import replacing

Array = NDArray[np.float64]
#: The control at a time and an array of states.
Policy: TypeAlias = Callable[[float, Array], Array]
#: Told what is counted, how many are done, of how many, and the residual left.
Progress: TypeAlias = Callable[[str, int, int | None, float | None], None]

#: Steps that are compiled as one and between which nothing is saved.
CHUNK = 50
#: Least seconds between two checkpoints.
PAUSE = 2.0


class Method(Protocol):
    """A learned solver of one problem."""

    @property
    def steps(self) -> int:
        """Steps unless told otherwise."""

    def start(self, seed: int, steps: int) -> Tree:
        """All that changes, before the first step."""

    def run(self, state: Tree, seed: int, numbers: range, steps: int) -> tuple[Tree, Array]:
        """Steps of these numbers, with random numbers of their own; returns their losses, too."""

    def leaves(self, state: Tree) -> list[Array]:
        """The arrays of a state."""

    def whole(self, like: Tree, leaves: list[Array]) -> Tree:
        """The state of these arrays."""

    def policy(self, state: Tree) -> Policy:
        """The control that was learned."""

    def value(self, state: Tree) -> Any:
        """What the method itself says the game costs or is worth, as its referee takes it."""


@dataclass(frozen=True)
class Trained:
    """A run.

    Attributes
    ----------
    state : the last one.
    losses : one for every chunk, its mean.
    seconds : of this process, compilation among them.
    """

    state: Tree
    losses: Array
    seconds: float


def train(
    method: Method,
    seed: int,
    steps: int,
    *,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    told: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Run a method.

    Parameters
    ----------
    checkpoint : folder for the state, written every few seconds and when interrupted.
    resume : go on from there; the result is that of a run without interruption.
    told : what the run is of; a checkpoint of another one is refused.

    Raises
    ------
    InputError
        If a checkpoint is there that was not asked for, or none that was.
    """
    start = time.perf_counter()
    state, done, losses = method.start(seed, steps), 0, np.empty(0)
    told = dict(told or {}, steps=steps)
    kept = None if checkpoint is None else _Kept(method, Path(checkpoint), told)
    if resume and kept is None:
        raise InputError("--resume needs --checkpoint.", stage="learn", remedy="Name the folder.")
    if kept is not None:
        if resume:
            state, done, losses = kept.read(state)
        elif kept.file.exists():
            raise kept.error("holds a run already.", "Add --resume, or name another folder.")

    written = done
    last = time.perf_counter()
    try:
        while done < steps:
            count = min(CHUNK, steps - done)
            state, found = method.run(state, seed, range(done, done + count), steps)
            losses = np.append(losses, float(np.mean(found)))
            done += count
            if progress is not None:
                progress("steps", done, steps, abs(float(losses[-1])))
            if kept is not None and time.perf_counter() - last > PAUSE:
                kept.write(state, done, losses)
                written, last = done, time.perf_counter()
    finally:
        if kept is not None and written < done:
            kept.write(state, done, losses)
    return Trained(state, losses, time.perf_counter() - start)


@dataclass(frozen=True)
class _Kept:
    """The checkpoint of a run."""

    method: Method
    folder: Path
    told: Mapping[str, Any]

    @property
    def file(self) -> Path:
        return self.folder / "state.npz"

    @property
    def head(self) -> str:
        """What a run must agree in to be continued."""
        return json.dumps({"eqsolve": VERSION, **self.told}, sort_keys=True)

    def error(self, text: str, remedy: str) -> InputError:
        return InputError(f"{str(self.file)!r} {text}", stage="learn", remedy=remedy)

    def write(self, state: Tree, done: int, losses: Array) -> None:
        leaves: dict[str, Any] = {f"leaf{k}": v for k, v in enumerate(self.method.leaves(state))}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self.error(f"cannot be written: {error.strerror}.", "Name a folder.") from None
        with replacing(self.file) as temporary, temporary.open("wb") as stream:
            np.savez(stream, head=self.head, done=done, losses=losses, **leaves)

    def read(self, like: Tree) -> tuple[Tree, int, Array]:
        try:
            with np.load(self.file, allow_pickle=False) as table:
                found = {name: table[name] for name in table.files}
            head, done, losses = str(found["head"]), int(found["done"]), found["losses"]
            leaves = [found[f"leaf{k}"] for k in range(len(self.method.leaves(like)))]
        except (OSError, KeyError, ValueError, EOFError) as error:
            text = f"cannot be read as a checkpoint ({type(error).__name__})."
            raise self.error(text, "Leave out --resume, and name a new folder.") from None
        if head != self.head:
            raise self.error(
                "is of another run.", "Repeat its game, parameters, method, seed and steps."
            )
        return self.method.whole(like, leaves), done, losses
