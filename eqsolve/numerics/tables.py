"""Files and labelled arrays of a sweep."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.codegen.kernel import OUTPUTS
from eqsolve.errors import MissingPartError
from eqsolve.numerics.grid import Columns, Grid, bad_sweep
from eqsolve.numerics.status import Status, labels
from eqsolve.symbols import entry

if TYPE_CHECKING:
    import xarray

Consumer = Callable[[Columns], None]


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a temporary file beside the target; it takes the target's place when complete.

    Raises
    ------
    InputError
        If the target cannot be written; it is untouched then, as after any other exception.
    """
    temporary = _beside(target)
    try:
        yield temporary
        # Files made by mkstemp are private; results are as readable as any new file.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        os.replace(temporary, target)
    except OSError as error:
        raise bad_sweep(
            f"{target} cannot be written: {error.strerror}.", "Choose another file."
        ) from None
    finally:
        temporary.unlink(missing_ok=True)


def _beside(target: Path) -> Path:
    """Create a temporary file in the folder of the target."""
    try:
        if "\0" in str(target) or target.is_dir():
            raise bad_sweep(f"{str(target)!r} does not name a file.", "Choose another file.")
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".eqsolve-")
        os.close(handle)
    except OSError as error:
        raise bad_sweep(
            f"{str(target)!r} cannot be written: {error.strerror}.", "Choose another file."
        ) from None
    return Path(name)


def check_target(target: Path, game: str) -> None:
    """Check that a sweep can be written to a file.

    Raises
    ------
    InputError
        If the file has no suffix of a known format or cannot be written.
    """
    if target.suffix not in FORMATS:
        raise bad_sweep(
            f"{str(target)!r} has no suffix of a known format.",
            f"Use one of {', '.join(FORMATS)}.",
            game,
        )
    # the longest name written is that of the metadata of a CSV file
    _beside(target.with_name(target.name + ".json")).unlink()
    _beside(target).unlink()


def _words(status: NDArray[Any]) -> NDArray[Any]:
    words: NDArray[Any] = np.array(labels())[status]
    return words


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
    arrow: Any = optional("pyarrow", "Parquet files")
    parquet: Any = optional("pyarrow.parquet", "Parquet files")
    names = arrow.dictionary(arrow.int8(), arrow.string())
    fields = [
        (name, names if name == "status" else arrow.float64()) for name in (*grid.axes, *OUTPUTS)
    ]
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
    optional("xarray", "netCDF files")
    table = Table()
    yield table.consume
    with replacing(path) as temporary:
        table.dataset(grid).to_netcdf(temporary)


FORMATS = {".csv": _csv, ".parquet": _parquet, ".nc": _netcdf}


def optional(module: str, purpose: str) -> Any:
    try:
        return import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise MissingPartError(
            f"{purpose} need the package {package}.",
            stage="sweep",
            remedy='Install it with pip install "eqsolve[sweep]".',
        ) from None


class Table:
    """All chunks of a sweep in memory."""

    def __init__(self) -> None:
        self._parts: list[Columns] = []

    def consume(self, columns: Columns) -> None:
        """Add one chunk."""
        self._parts.append({name: columns[name] for name in OUTPUTS})

    def dataset(self, grid: Grid) -> xarray.Dataset:
        """The labelled results; the status is coded as its attributes say."""
        xr: Any = optional("xarray", "labelled results")
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
