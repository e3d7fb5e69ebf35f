"""The files of a sweep. Their bytes depend on the points and outputs alone."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.studies.sweep.array_files import (
    OVERHEAD,
    ROWS,
    Advance,
    array_bytes,
    lay_netcdf,
    write_netcdf,
    write_zarr,
)
from eqsolve.studies.sweep.columns import dtype, point_bytes, words
from eqsolve.studies.sweep.execution import optional
from eqsolve.studies.sweep.labels import metadata
from eqsolve.studies.sweep.points import Columns, Design
from eqsolve.studies.sweep.sampling import Sample
from eqsolve.studies.sweep.storage import Store


@dataclass(frozen=True)
class Format:
    """A file format: the packages it needs, its size, and how it is written.

    ``lay`` makes a file with room for all columns as plain arrays, if the format has such. What
    ``follows`` is written while the numbers are computed, by a thread that mostly holds no lock of
    Python's.
    """

    packages: tuple[str, ...]
    estimate: Callable[[Design], int]
    write: Callable[[Path, Design, Store, Advance], None]
    lay: Callable[[Design, Path], dict[str, int]] | None = None
    follows: bool = False


def _rows(design: Design, store: Store, block: range) -> Columns:
    """Varied parameters and outputs of consecutive points."""
    outputs = {name: store.read(name, block.start, block.stop) for name in design.columns}
    return design.points(block.start, block.stop) | outputs


def _repeated(design: Design) -> list[str]:
    """The varied parameters that take few values many times."""
    return [n for f in design.factors if not isinstance(f, Sample) for n in f.names]


# CSV: the shortest decimals that give the same doubles; metadata in a second file.


def _csv_lines(design: Design, columns: Columns) -> bytes:
    try:
        arrow: Any = import_module("pyarrow")
        compute: Any = import_module("pyarrow.compute")
    except ImportError:
        texts = (_texts(design, name, column) for name, column in columns.items())
        return "".join(f"{line}\n" for line in map(",".join, zip(*texts))).encode()
    fields = []
    for name, column in columns.items():
        if column.dtype.kind != "f" or name in _repeated(design):
            fields.append(arrow.array(_texts(design, name, column), arrow.string()))
            continue
        # Elsewhere Arrow writes the same shortest digits in another notation.
        size = np.abs(column)
        other = ~((size >= 1e-4) & (size < 1e9) & (column != np.trunc(column)))
        replaced = arrow.array([*map(repr, column[other].tolist())], arrow.string())
        texts = compute.cast(arrow.array(column), arrow.string())
        fields.append(compute.replace_with_mask(texts, arrow.array(other), replaced))
    rows = compute.binary_join_element_wise(*fields, ",")
    lines = compute.binary_join_element_wise(rows, "", "\n")
    _, _, data = lines.buffers()
    return bytes(data)


def _texts(design: Design, name: str, column: NDArray[Any]) -> list[str]:
    """The entries of a column, shortest decimals for doubles."""
    if coded := words(name):
        found: list[str] = np.array(coded, object)[column].tolist()
        return found
    if name in _repeated(design):
        values, where = np.unique(column, return_inverse=True)
        found = np.array([*map(repr, values.tolist())], object)[where].tolist()
        return found
    return [*map(repr, column.tolist())]


def _write_csv(path: Path, design: Design, store: Store, advance: Advance) -> None:
    with path.open("wb") as stream:
        stream.write(",".join([*design.varied, *design.columns]).encode() + b"\n")
        for block in design.blocks(ROWS >> 2):
            stream.write(_csv_lines(design, _rows(design, store, block)))
            advance(len(block))


def csv_metadata(design: Design) -> str:
    """The text of the file beside a CSV file."""
    return json.dumps(metadata(design), indent=2) + "\n"


def _csv_bytes(design: Design) -> int:
    """Extrapolated from points spread over the sweep."""
    count = min(design.size, 64)
    starts = [k * design.size // count for k in range(count)]
    rows = (design.points(k, k + 1) | design.evaluate(k, k + 1, 1) for k in starts)
    text = b"".join(_csv_lines(design, row) for row in rows)
    return math.ceil(1.05 * design.size * len(text) / count) + OVERHEAD


# Parquet


def _write_parquet(path: Path, design: Design, store: Store, advance: Advance) -> None:
    arrow: Any = optional("pyarrow", "a Parquet file")
    parquet: Any = optional("pyarrow.parquet", "a Parquet file")
    names = (*design.varied, *design.columns)
    coded = {name: arrow.array(words(name)) for name in names if words(name)}
    fields = [
        arrow.field(
            name,
            (
                arrow.dictionary(arrow.int8(), arrow.string())
                if name in coded
                else arrow.from_numpy_dtype(dtype(name))
            ),
            metadata={
                k: str(v) for k, v in design.kernel.attributes(name).items() if k != "flag_values"
            },
        )
        for name in names
    ]
    told = {key: str(value) for key, value in metadata(design).items()}
    schema = arrow.schema(fields, metadata=told)
    options = {"compression": "zstd", "use_dictionary": [*_repeated(design), *coded]}
    with parquet.ParquetWriter(path, schema, **options) as writer:
        for block in design.blocks(ROWS):
            columns = _rows(design, store, block)
            arrays = [
                (
                    arrow.DictionaryArray.from_arrays(column, coded[name])
                    if name in coded
                    else arrow.array(column)
                )
                for name, column in columns.items()
            ]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema), row_group_size=ROWS)
            advance(len(block))


def _table_bytes(design: Design) -> int:
    """Every column uncompressed."""
    return design.size * (8 * len(design.varied) + point_bytes(design.columns)) + OVERHEAD


FORMATS = {
    ".csv": Format((), _csv_bytes, _write_csv),
    ".parquet": Format(("pyarrow",), _table_bytes, _write_parquet, follows=True),
    ".nc": Format(("netCDF4",), array_bytes, write_netcdf, lay_netcdf),
    ".zarr": Format(("zarr",), array_bytes, write_zarr),
}
