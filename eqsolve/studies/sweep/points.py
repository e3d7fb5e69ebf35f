"""The points of a sweep: a product of axes, zipped axes and at most one sample."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from shlex import quote
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eqsolve.distribution import version
from eqsolve.handle import Handle
from eqsolve.studies.sweep.columns import certificate
from eqsolve.studies.sweep.sampling import Sample
from eqsolve.studies.sweep.target import Structure, Target, target

Columns = dict[str, NDArray[Any]]

#: Most values that the command of the provenance writes out.
SHOWN = 100


class Factor(Protocol):
    """One dimension of a sweep."""

    @property
    def dimension(self) -> str:
        """Its name in labelled results."""

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that vary along it."""

    @property
    def size(self) -> int:
        """Its number of points."""

    def values(self, start: int, stop: int) -> dict[str, NDArray[np.float64]]:
        """The values of the parameters at some of its points."""

    def describe(self) -> dict[str, str]:
        """What the values depend on."""


@dataclass(frozen=True)
class Axis:
    """Listed values of one parameter, or of several that advance together.

    Attributes
    ----------
    table : the values, by parameter.
    texts : how the user wrote them, where it was a text.
    """

    table: Mapping[str, NDArray[np.float64]]
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def dimension(self) -> str:
        """Name of the dimension in labelled results."""
        return "_".join(self.table)

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters."""
        return tuple(self.table)

    @property
    def size(self) -> int:
        """Number of values."""
        return min(values.size for values in self.table.values())

    def values(self, start: int, stop: int) -> dict[str, NDArray[np.float64]]:
        """The values from ``start`` to before ``stop``, by parameter."""
        return {name: values[start:stop] for name, values in self.table.items()}

    def describe(self) -> dict[str, str]:
        """Number and fingerprint of the values."""
        return {
            name: f"{values.size} values from {values[0]} to {values[-1]}, "
            f"sha256 {hashlib.sha256(values.data).hexdigest()[:16]}"
            for name, values in self.table.items()
        }


@dataclass(frozen=True)
class Design:
    """The points of a sweep, in the order in which the last dimension runs first.

    Attributes
    ----------
    handle : the game.
    factors : the dimensions.
    fixed : the remaining parameters.
    selection : rule among several admissible roots, as in ``Kernel.evaluate``.
    outputs : the outputs that are kept, ``status`` always among them.
    certified : whether every point is certified too.
    structure : what changes the equations of a game and not only its numbers.
    """

    handle: Handle
    factors: tuple[Factor, ...]
    fixed: Mapping[str, float]
    selection: str
    outputs: tuple[str, ...]
    certified: bool = False
    structure: Structure = ()

    @property
    def game(self) -> str:
        """The game's name."""
        return self.handle.name

    @cached_property
    def kernel(self) -> Target:
        """The compiled game."""
        return target(self.handle, self.structure)

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "kernel"}

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of points per dimension."""
        return tuple(factor.size for factor in self.factors)

    @property
    def size(self) -> int:
        """Number of points."""
        return math.prod(self.shape)

    @property
    def varied(self) -> tuple[str, ...]:
        """Names of the varied parameters."""
        return tuple(name for factor in self.factors for name in factor.names)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns: the outputs, then those of the certificates."""
        return self.outputs + (certificate(self.enclosed) if self.certified else ())

    @property
    def enclosed(self) -> tuple[str, ...]:
        """The outputs that the certificates enclose."""
        return tuple(name for name in self.outputs if name in self.kernel.enclosed)

    def points(self, start: int, stop: int) -> dict[str, NDArray[np.float64]]:
        """The varied parameters at the points from ``start`` to before ``stop``."""
        columns: dict[str, NDArray[np.float64]] = {}
        run = self.size
        for factor in self.factors:
            run //= factor.size
            # Each value holds for a run of points; the first and the last run may be cut.
            first, last = start // run, (stop - 1) // run
            lengths = np.full(last - first + 1, run)
            lengths[0] -= start - first * run
            lengths[-1] -= (last + 1) * run - stop
            for name, values in _cyclic(factor, first, last + 1).items():
                columns[name] = values if run == 1 else np.repeat(values, lengths)
        return columns

    def evaluate(self, start: int, stop: int, threads: int | None = None) -> Columns:
        """The outputs at the points from ``start`` to before ``stop``."""
        params: dict[str, ArrayLike] = {**self.fixed, **self.points(start, stop)}
        found = self.kernel.evaluate(params, self.selection, self.outputs, threads)
        if self.certified:
            from eqsolve.solve.closed_form.certify import certify

            model: Any = self.handle.found.model
            found |= certify(
                model,
                params,
                selection=self.selection,
                outputs=self.enclosed,
                answers=found,
            )
        return {name: found[name] for name in self.columns}

    def blocks(self, chunk: int, start: int = 0, stop: int | None = None) -> Iterator[range]:
        """Consecutive ranges of at most ``chunk`` points."""
        end = self.size if stop is None else stop
        for first in range(start, end, chunk):
            yield range(first, min(first + chunk, end))

    @cached_property
    def identity(self) -> dict[str, str]:
        """Everything that the numbers depend on, in words; equal identities give equal bytes."""
        described: dict[str, str] = {}
        for factor in self.factors:
            described |= factor.describe()
        return {
            "game": self.game,
            "selection": self.selection,
            "columns": " ".join(self.columns),
            "dimensions": " ".join(factor.dimension for factor in self.factors),
            **described,
            **{name: repr(value) for name, value in self.fixed.items()},
            **{name: str(value) for name, value in self.structure},
            "kernel": self.kernel.path.stem,
            **{name: version(name) for name in ("eqsolve", "numba", "numpy", "scipy")},
        }

    def command(self) -> str:
        """The command that repeats the sweep, or nothing if it lists too many values."""
        words = ["eqsolve sweep", self.game]
        for factor in self.factors:
            if isinstance(factor, Sample):
                words += [f"--vary {name}={box}" for name, box in factor.box.items()]
                words.append(f"--sample {factor.kind}:{factor.size} --seed {factor.seed}")
                continue
            assert isinstance(factor, Axis)
            for name, values in factor.table.items():
                if name not in factor.texts and values.size > SHOWN:
                    return ""
                listed = f"list:{','.join(map(repr, values.tolist()))}"
                words.append(f"--vary {name}={factor.texts.get(name, listed)}")
            if len(factor.names) > 1:
                words.append(f"--zip {','.join(factor.names)}")
        words += [f"-p {name}={value!r}" for name, value in self.fixed.items()]
        if self.selection != "limit":
            words.append(f"--selection {self.selection}")
        kept = ("notion", "size", "hazard", "horizon")
        words += [f"--{k} {quote(str(v))}" for k, v in self.structure if k in kept]
        if self.outputs != self.kernel.outputs:
            words.append(f"--columns {','.join(self.outputs)}")
        if self.certified:
            words.append("--certify")
        return " ".join(words)


def _cyclic(factor: Factor, start: int, stop: int) -> dict[str, NDArray[np.float64]]:
    """The values of a factor that begins again after its end."""
    size = factor.size
    if stop - start >= size:
        index = np.arange(start, stop) % size
        return {name: values[index] for name, values in factor.values(0, size).items()}
    first, last = start % size, (stop - 1) % size + 1
    if first < last:
        return factor.values(first, last)
    head, tail = factor.values(first, size), factor.values(0, last)
    return {name: np.concatenate([head[name], tail[name]]) for name in head}
