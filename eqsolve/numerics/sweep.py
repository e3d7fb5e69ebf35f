"""Evaluating a game on a grid of parameters: labelled results and files."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eqsolve.codegen.kernel import OUTPUTS, Kernel, kernel
from eqsolve.errors import InputError, MissingPartError
from eqsolve.numerics.parameters import ALIASES, exact
from eqsolve.numerics.status import Status, labels
from eqsolve.symbols import entry

if TYPE_CHECKING:
    import xarray

Columns = dict[str, NDArray[Any]]
Consumer = Callable[[Columns], None]

#: Points evaluated at a time.
CHUNK = 1 << 16

#: More points than this do not fit into an axis.
LONGEST_AXIS = 10**9

_AXIS = re.compile(r"([^:]+):([^:]+):(\d+)(:log)?")


def parse_axis(name: str, text: str) -> NDArray[np.float64]:
    """Return the values of ``START:STOP:COUNT`` or, spaced evenly in the logarithm, ``...:log``.

    Both ends are included. The values of a parameter that counts something must come out whole.

    Raises
    ------
    InputError
        If the text has another form, the count is zero, or an end is not finite (or, on a
        logarithmic axis, not positive).
    """
    found = _AXIS.fullmatch(text.strip())
    if found is None:
        raise _bad(f"the axis of {name} is {text!r}.", "Write START:STOP:COUNT or START:STOP:COUNT:log.")
    start, stop = (float(exact(name, end)) for end in found.group(1, 2))
    count = int(found.group(3))
    if not 1 <= count <= LONGEST_AXIS:
        raise _bad(f"the axis of {name} has {count} points.", f"Choose from 1 to {LONGEST_AXIS}.")
    if found.group(4) is None:
        return np.linspace(start, stop, count)
    if not (start > 0 and stop > 0):
        raise _bad(f"the logarithmic axis of {name} reaches zero.", "Use positive ends.")
    values = np.geomspace(start, stop, count)
    # The ends are exact; geomspace leaves rounding errors in between only.
    values[0], values[-1] = start, stop
    return values


def _bad(message: str, remedy: str = "", game: str = "") -> InputError:
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
            For an axis that is empty, not one-dimensional or not finite, a parameter that is
            fixed and varied, and whatever is wrong with a fixed one. Values outside the domain
            of a parameter are no error but a status in the result.
        """
        axes: dict[str, NDArray[np.float64]] = {}
        for key, values in vary.items():
            name = ALIASES.get(key, key)
            try:
                axis = np.asarray(values, dtype=np.float64)
            except (TypeError, ValueError):
                raise _bad(f"the axis of {key} is not a sequence of numbers.", game=game) from None
            if axis.ndim != 1 or not axis.size or not np.isfinite(axis).all():
                raise _bad(f"the axis of {key} must be a sequence of finite numbers.", game=game)
            if name in axes:
                raise _bad(f"{name} is varied twice.", game=game)
            axes[name] = axis
        known = (*kernel(game).parameters, "x", "y")
        rest: dict[str, float] = {}
        for key in (*vary, *fixed):
            if ALIASES.get(key, key) not in known:
                raise _bad(f"there is no parameter {key!r}.", f"Use {', '.join(known)}.", game)
        for key, value in fixed.items():
            name = ALIASES.get(key, key)
            if name in axes or name in rest:
                raise _bad(f"{name} is given twice.", "Vary it or fix it.", game)
            number = exact(name, value, game=game)
            if not entry(name).domain.contains(number):
                domain = entry(name).domain
                raise _bad(f"{name} ({entry(name).meaning}) must be {domain}.", game=game)
            rest[name] = float(number)
        grid = Grid(game, axes, rest, selection)
        if not axes:
            raise _bad("nothing is varied.", "Give at least one axis.", game)
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
            raise _bad(f"a chunk of {chunk} points is empty.", "Use 1 or more.", self.game)
        for start in range(0, self.size, chunk):
            params = self._at(np.arange(start, min(start + chunk, self.size)))
            varied = {name: params[name] for name in self.axes}
            yield varied | self.kernel.evaluate(
                params, selection=self._selection, threads=threads
            )


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a temporary file beside the target; it takes the target's place when complete.

    Raises
    ------
    InputError
        If the target cannot be written; it is untouched then, as after any other exception.
    """
    if target.is_dir():
        raise _bad(f"{target} is a folder.", "Choose another file.")
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
        os.close(handle)
    except OSError as error:
        raise _bad(f"{target} cannot be written: {error.strerror}.", "Choose another file.") from None
    temporary = Path(name)
    try:
        yield temporary
        # Files made by mkstemp are private; results are as readable as any new file.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        os.replace(temporary, target)
    except OSError as error:
        raise _bad(f"{target} cannot be written: {error.strerror}.", "Choose another file.") from None
    finally:
        temporary.unlink(missing_ok=True)


def _words(status: NDArray[Any]) -> NDArray[Any]:
    return np.array(labels())[status]


@contextmanager
def _csv(path: Path, grid: Grid) -> Iterator[Consumer]:
    """Rows as text, shortest decimals that give the same doubles; metadata in PATH.json."""
    with replacing(path) as temporary, replacing(path.with_name(path.name + ".json")) as beside:
        beside.write_text(json.dumps(grid.metadata, indent=2) + "\n", encoding="utf-8")
        with temporary.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow([*grid.axes, *OUTPUTS])

            def consume(columns: Columns) -> None:
                shown = {**columns, "status": _words(columns["status"])}
                writer.writerows(zip(*(column.tolist() for column in shown.values())))

            yield consume


@contextmanager
def _parquet(path: Path, grid: Grid) -> Iterator[Consumer]:
    arrow: Any = _optional("pyarrow", "Parquet files")
    parquet: Any = _optional("pyarrow.parquet", "Parquet files")
    names = arrow.dictionary(arrow.int8(), arrow.string())
    fields = [(name, names if name == "status" else arrow.float64()) for name in (*grid.axes, *OUTPUTS)]
    metadata = {key: str(value) for key, value in grid.metadata.items()}
    schema = arrow.schema(fields, metadata=metadata)
    with replacing(path) as temporary, parquet.ParquetWriter(temporary, schema) as writer:

        def consume(columns: Columns) -> None:
            status = arrow.DictionaryArray.from_arrays(columns["status"], arrow.array(labels()))
            arrays = [status if n == "status" else arrow.array(c) for n, c in columns.items()]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))

        yield consume


@contextmanager
def _netcdf(path: Path, grid: Grid) -> Iterator[Consumer]:
    _optional("xarray", "netCDF files")
    table = _Table()
    yield table.consume
    with replacing(path) as temporary:
        table.dataset(grid).to_netcdf(temporary)


_FORMATS = {".csv": _csv, ".parquet": _parquet, ".nc": _netcdf}


def _optional(module: str, purpose: str) -> Any:
    try:
        return import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise MissingPartError(
            f"{purpose} need the package {package}.",
            stage="sweep",
            remedy='Install it with pip install "eqsolve[sweep]".',
        ) from None


class _Table:
    """All chunks of a sweep in memory."""

    def __init__(self) -> None:
        self._parts: list[Columns] = []

    def consume(self, columns: Columns) -> None:
        """Add one chunk."""
        self._parts.append({name: columns[name] for name in OUTPUTS})

    def dataset(self, grid: Grid) -> xarray.Dataset:
        """The labelled results; the status is coded as its attributes say."""
        xr: Any = _optional("xarray", "labelled results")
        names = tuple(grid.axes)
        data = {
            name: (names, np.concatenate([part[name] for part in self._parts]).reshape(grid.shape))
            for name in OUTPUTS
        }
        coordinates = {
            name: (name, axis, {"long_name": entry(name).meaning, "units": entry(name).unit})
            for name, axis in grid.axes.items()
        }
        result: xarray.Dataset = xr.Dataset(data, coordinates, grid.metadata)
        result["status"].attrs = {
            "flag_values": np.array([int(s) for s in Status], np.int8),
            "flag_meanings": " ".join(labels()),
        }
        return result


def _write(grid: Grid, out: Path, consumers: Sequence[Consumer], chunk: int, progress: bool) -> str:
    """Run a sweep into a file and other consumers; return a summary."""
    form = _FORMATS.get(out.suffix)
    if form is None:
        kinds = ", ".join(_FORMATS)
        raise _bad(f"{out} has no suffix of a known format.", f"Use one of {kinds}.", grid.game)
    with form(out, grid) as consume:
        counts = _run(grid, (consume, *consumers), chunk, progress)
    return f"{out}: {_summary(counts)}"


def _run(
    grid: Grid, consumers: Sequence[Consumer], chunk: int, progress: bool
) -> NDArray[np.int64]:
    """Pass every chunk to the consumers; return the number of points by status."""
    counts = np.zeros(len(Status), np.int64)
    bar: Any = None
    if progress:
        bar = import_module("tqdm").tqdm(total=grid.size, unit="points", file=sys.stderr)
    try:
        for columns in grid.chunks(chunk):
            for consume in consumers:
                consume(columns)
            counts += np.bincount(columns["status"], minlength=len(Status))
            if bar is not None:
                bar.update(columns["status"].size)
    finally:
        if bar is not None:
            bar.close()
    if counts[Status.INVALID_INPUT] == grid.size:
        raise _bad("no point of the grid has valid parameters.", "See eqsolve list.", grid.game)
    return counts


def _summary(counts: NDArray[np.int64]) -> str:
    parts = [f"{count} {status.label}" for status, count in zip(Status, counts) if count]
    return f"{int(counts.sum())} points, {', '.join(parts)}"


def write_sweep(
    game: str,
    vary: Mapping[str, ArrayLike],
    fixed: Mapping[str, object],
    out: str | Path,
    *,
    selection: str = "limit",
    chunk: int = CHUNK,
    progress: bool = False,
) -> str:
    """Evaluate a game on a grid and write one row per point, without keeping them in memory.

    The file appears when it is complete. CSV and Parquet hold the varied parameters, the status in
    words and the outputs; the fixed parameters are in the metadata (for CSV in ``OUT.json``).
    NetCDF, which keeps the grid, is built in memory. Returns one line of summary.

    Raises
    ------
    InputError
        For anything wrong with the input or the file.
    MissingPartError
        If the format needs a package that is not installed.
    """
    return _write(Grid.of(game, vary, fixed, selection), Path(out), (), chunk, progress)


def sweep(
    game: str,
    vary: Mapping[str, ArrayLike],
    fixed: Mapping[str, object],
    *,
    out: str | Path | None = None,
    selection: str = "limit",
    chunk: int = CHUNK,
    progress: bool = False,
) -> xarray.Dataset:
    """Evaluate a game on the grid of all combinations of the varied parameters.

    Parameters
    ----------
    game : name of a game with a kernel.
    vary : sequence of values per varied parameter or state ``x``, ``y``.
    fixed : the remaining parameters.
    out : file to write too, as ``write_sweep`` does: ``.csv``, ``.parquet`` or ``.nc``.
    selection : ``"limit"`` or ``"value"``, see ``Kernel.evaluate``.
    chunk : number of points evaluated at a time; it does not change the result.
    progress : show a bar on stderr.

    Returns
    -------
    xarray.Dataset
        One dimension per varied parameter; the variables are the kernel's outputs, ``status`` as
        a code that its attributes explain; the fixed parameters are attributes.

    Raises
    ------
    InputError
        For anything wrong with the input or the file.
    MissingPartError
        If a package that is needed is not installed.
    """
    _optional("xarray", "labelled results")
    grid, table = Grid.of(game, vary, fixed, selection), _Table()
    if out is None:
        _run(grid, (table.consume,), chunk, progress)
    else:
        _write(grid, Path(out), (table.consume,), chunk, progress)
    return table.dataset(grid)
