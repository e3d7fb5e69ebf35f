"""The product of several parameter axes, evaluated in chunks."""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eqsolve.codegen.kernel import Kernel, kernel
from eqsolve.errors import InputError
from eqsolve.numerics.parameters import ALIASES, exact
from eqsolve.symbols import entry

Columns = dict[str, NDArray[Any]]

#: Points evaluated at a time.
CHUNK = 1 << 16

#: Most points of an axis, which is kept in memory, and of a grid, which is not.
LONGEST_AXIS = 10**7
LARGEST_GRID = 10**9

_AXIS = re.compile(r"([^:]+):([^:]+):([0-9]{1,20})(:log)?")


def parse_axis(name: str, text: str) -> NDArray[np.float64]:
    """Return the values of ``START:STOP:COUNT`` or, spaced evenly in the logarithm, ``...:log``.

    Both ends are included. The values of a parameter that counts something must come out whole.

    Raises
    ------
    InputError
        If the text has another form, the count is zero or too large, or an end is not finite (or,
        on a logarithmic axis, not positive).
    """
    found = _AXIS.fullmatch(text.strip())
    if found is None:
        raise bad_sweep(
            f"the axis of {name} is {reprlib.repr(text)}.",
            "Write START:STOP:COUNT or START:STOP:COUNT:log.",
        )
    start, stop = (float(exact(name, end)) for end in found.group(1, 2))
    count = int(found.group(3))
    if not 1 <= count <= LONGEST_AXIS:
        raise bad_sweep(
            f"the axis of {name} has {count} points.", f"Choose from 1 to {LONGEST_AXIS}."
        )
    if found.group(4) is None:
        return np.linspace(start, stop, count)
    if not (start > 0 and stop > 0):
        raise bad_sweep(f"the logarithmic axis of {name} reaches zero.", "Use positive ends.")
    values = np.geomspace(start, stop, count)
    # The ends are exact; geomspace leaves rounding errors in between only.
    values[0], values[-1] = start, stop
    return values


def bad_sweep(message: str, remedy: str = "", game: str = "") -> InputError:
    return InputError(message, game=game, stage="sweep", remedy=remedy)


@dataclass(frozen=True)
class Grid:
    """The product of several axes, evaluated chunk by chunk in the order of the last axis first.

    Attributes
    ----------
    game : name of the game.
    axes : values of the varied parameters and states.
    fixed : the remaining parameters.
    selection : rule among several admissible roots, as in ``Kernel.evaluate``.
    """

    game: str
    axes: Mapping[str, NDArray[np.float64]]
    fixed: Mapping[str, float]
    selection: str = "limit"

    @staticmethod
    def of(
        game: str,
        vary: Mapping[str, ArrayLike],
        fixed: Mapping[str, object],
        selection: str = "limit",
    ) -> Grid:
        """Check names and axes.

        Raises
        ------
        InputError
            For an axis that is empty, not one-dimensional or not finite, more than 1e9 points, a
            parameter that is fixed and varied, and whatever is wrong with a fixed one. Values
            outside the domain of a parameter are no error but a status in the result.
        """
        axes: dict[str, NDArray[np.float64]] = {}
        for key, values in vary.items():
            name = ALIASES.get(key, key)
            try:
                axis = np.asarray(values, dtype=np.float64)
            except (TypeError, ValueError, OverflowError):
                raise bad_sweep(
                    f"the axis of {key} is not a sequence of numbers.", game=game
                ) from None
            if axis.ndim != 1 or not axis.size or not np.isfinite(axis).all():
                raise bad_sweep(
                    f"the axis of {key} must be a sequence of finite numbers.", game=game
                )
            if name in axes:
                raise bad_sweep(f"{name} is varied twice.", game=game)
            axes[name] = axis
        size = math.prod(axis.size for axis in axes.values())
        if size > LARGEST_GRID:
            raise bad_sweep(f"the grid has {size} points.", f"Choose at most {LARGEST_GRID}.", game)
        known = (*kernel(game).parameters, "x", "y")
        rest: dict[str, float] = {}
        for key in (*vary, *fixed):
            if ALIASES.get(key, key) not in known:
                raise bad_sweep(f"there is no parameter {key!r}.", f"Use {', '.join(known)}.", game)
        for key, value in fixed.items():
            name = ALIASES.get(key, key)
            if name in axes or name in rest:
                raise bad_sweep(f"{name} is given twice.", "Vary it or fix it.", game)
            number = exact(name, value, game=game)
            if not entry(name).domain.contains(number):
                domain = entry(name).domain
                raise bad_sweep(f"{name} ({entry(name).meaning}) must be {domain}.", game=game)
            rest[name] = float(number)
        grid = Grid(game, axes, rest, selection)
        if not axes:
            raise bad_sweep("nothing is varied.", "Give at least one axis.", game)
        # Names are checked before anything is computed or written.
        grid.kernel.evaluate(grid._at(np.zeros(0, np.int64)), selection=grid._selection)
        return grid

    @cached_property
    def kernel(self) -> Kernel:
        """The compiled game."""
        return kernel(self.game)

    @property
    def _selection(self) -> Any:
        return self.selection

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values per axis."""
        return tuple(axis.size for axis in self.axes.values())

    @property
    def size(self) -> int:
        """Number of points."""
        return math.prod(self.shape)

    @property
    def metadata(self) -> dict[str, Any]:
        """What the numbers depend on besides the axes."""
        return {
            "game": self.game,
            "selection": self.selection,
            **{f"parameter_{name}": value for name, value in self.fixed.items()},
            "eqsolve": version("eqsolve"),
            "kernel": self.kernel.path.stem,
        }

    def _at(self, points: NDArray[np.int64]) -> dict[str, Any]:
        where = np.unravel_index(points, self.shape)
        varied = {name: axis[i] for (name, axis), i in zip(self.axes.items(), where)}
        return {**self.fixed, **varied}

    def chunks(self, chunk: int = CHUNK, threads: int | None = None) -> Iterator[Columns]:
        """Yield the varied parameters and the outputs of consecutive points."""
        if chunk < 1:
            raise bad_sweep(f"a chunk of {chunk} points is empty.", "Use 1 or more.", self.game)
        for start in range(0, self.size, chunk):
            params = self._at(np.arange(start, min(start + chunk, self.size)))
            varied = {name: params[name] for name in self.axes}
            yield varied | self.kernel.evaluate(params, selection=self._selection, threads=threads)
