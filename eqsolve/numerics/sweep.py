"""Evaluating a game on a grid of parameters: labelled results and files."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eqsolve.numerics.grid import CHUNK, Grid, bad_sweep, parse_axis
from eqsolve.numerics.status import Status
from eqsolve.numerics.tables import FORMATS, Consumer, Table, check_target, optional

if TYPE_CHECKING:
    import xarray

__all__ = ["parse_axis", "sweep", "write_sweep"]


def _write(grid: Grid, out: Path, consumers: Sequence[Consumer], chunk: int, progress: bool) -> str:
    """Run a sweep into a file and other consumers; return a summary."""
    with FORMATS[out.suffix](out, grid) as consume:
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
        raise bad_sweep(
            "no point of the grid has valid parameters.", "See eqsolve list.", grid.game
        )
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
    check_target(Path(out), game)
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
    optional("xarray", "labelled results")
    if out is not None:
        check_target(Path(out), game)
    grid, table = Grid.of(game, vary, fixed, selection), Table()
    if out is None:
        _run(grid, (table.consume,), chunk, progress)
    else:
        _write(grid, Path(out), (table.consume,), chunk, progress)
    return table.dataset(grid)
