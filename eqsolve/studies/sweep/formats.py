"""The files of a sweep. Their bytes depend on the points and outputs alone."""

from __future__ import annotations

import errno
import json
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.studies.sweep.columns import dtype, missing, point_bytes, words
from eqsolve.studies.sweep.execution import optional
from eqsolve.studies.sweep.labels import metadata
from eqsolve.studies.sweep.points import Columns, Design
from eqsolve.studies.sweep.sampling import Sample
from eqsolve.studies.sweep.storage import Store

#: Points written at a time: a row group of Parquet, a chunk of Zarr.
ROWS = 1 << 18

#: Room for metadata, indices and the like.
OVERHEAD = 1 << 20

Advance = Callable[[int], object]


@dataclass(frozen=True)
class Format:
    """A file format: the packages it needs, its size, and how it is written."""

    packages: tuple[str, ...]
    estimate: Callable[[Design], int]
    write: Callable[[Path, Design, Store, Advance], None]


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


# Arrays: netCDF and Zarr


def _slabs(shape: Sequence[int]) -> tuple[tuple[int, ...], Iterator[tuple[Any, range]]]:
    """Cut an array into boxes of at most ROWS points that are consecutive in memory.

    Returns the shape of a box, and each box with the range of its points.
    """
    cut = len(shape) - 1
    while cut > 0 and math.prod(shape[cut:]) <= ROWS:
        cut -= 1
    inner = math.prod(shape[cut + 1 :])
    step = min(max(1, ROWS // inner), shape[cut])

    def boxes() -> Iterator[tuple[Any, range]]:
        position = 0
        for lead in product(*map(range, shape[:cut])):
            for first in range(0, shape[cut], step):
                size = inner * (min(first + step, shape[cut]) - first)
                yield (*lead, slice(first, first + step)), range(position, position + size)
                position += size

    return (1,) * cut + (step,) + tuple(shape[cut + 1 :]), boxes()


Create = Callable[[str, tuple[str, ...], tuple[int, ...], np.dtype[Any], dict[str, Any]], Any]


def _write_arrays(create: Create, design: Design, store: Store, advance: Advance) -> None:
    """Write coordinates and outputs into arrays made by ``create``."""
    dimensions = tuple(factor.dimension for factor in design.factors)
    loose = []
    for factor in design.factors:
        for name in factor.names:
            array = create(
                name,
                (factor.dimension,),
                (factor.size,),
                dtype(name),
                design.kernel.attributes(name),
            )
            loose += [name] if name != factor.dimension else []
            for first in range(0, factor.size, ROWS):
                stop = min(first + ROWS, factor.size)
                array[first:stop] = factor.values(first, stop)[name]
    for name in design.columns:
        # The CF conventions name coordinates that are not dimensions in every variable.
        more = design.kernel.attributes(name) | ({"coordinates": " ".join(loose)} if loose else {})
        array = create(name, dimensions, design.shape, dtype(name), more)
        for box, block in _slabs(design.shape)[1]:
            numbers = store.read(name, block.start, block.stop)
            array[box] = numbers.reshape(_extent(box, design.shape))
            advance(len(block) if name == "status" else 0)


def _extent(box: tuple[Any, ...], shape: Sequence[int]) -> tuple[int, ...]:
    """The shape of a box without the dimensions that it fixes."""
    part = box[-1]
    cut = len(box) - 1
    return (min(part.stop, shape[cut]) - part.start, *shape[cut + 1 :])


def _write_netcdf(path: Path, design: Design, store: Store, advance: Advance) -> None:
    netcdf: Any = optional("netCDF4", "a netCDF file")
    try:
        with netcdf.Dataset(path, "w") as file:
            _fill_netcdf(file, design, store, advance)
    except RuntimeError as error:  # what the library makes of a full disk
        raise OSError(errno.EIO, str(error)) from None


def _fill_netcdf(file: Any, design: Design, store: Store, advance: Advance) -> None:
    file.set_fill_off()
    file.setncatts(metadata(design))
    for factor in design.factors:
        file.createDimension(factor.dimension, factor.size)

    def create(
        name: str,
        dimensions: tuple[str, ...],
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        attrs: dict[str, Any],
    ) -> Any:
        variable = file.createVariable(name, dtype, dimensions)
        variable.setncatts(attrs)
        variable.set_auto_maskandscale(False)
        return variable

    _write_arrays(create, design, store, advance)


def _write_zarr(path: Path, design: Design, store: Store, advance: Advance) -> None:
    zarr: Any = optional("zarr", "a Zarr store")
    group = zarr.create_group(path, zarr_format=3, attributes=metadata(design))
    chunks = {design.shape: _slabs(design.shape)[0]}

    def create(
        name: str,
        dimensions: tuple[str, ...],
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        attrs: dict[str, Any],
    ) -> Any:
        plain = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in attrs.items()}
        return group.create_array(
            name,
            shape=shape,
            dtype=dtype,
            chunks=chunks.get(shape) or (min(ROWS, *shape),),
            dimension_names=dimensions,
            attributes=plain,
            fill_value=missing(name),
        )

    _write_arrays(create, design, store, advance)
    with warnings.catch_warnings():  # readers that do not know it do without
        warnings.filterwarnings("ignore", "Consolidated metadata", module="zarr")
        zarr.consolidate_metadata(path, zarr_format=3)


def _array_bytes(design: Design) -> int:
    """Every array uncompressed; Zarr spends a name and a block of the disk on every chunk."""
    drawn = sum(8 * len(factor.names) * factor.size for factor in design.factors)
    chunks = math.prod(-(-n // c) for n, c in zip(design.shape, _slabs(design.shape)[0]))
    names = len(design.columns) + len(design.varied)
    return design.size * point_bytes(design.columns) + drawn + 4096 * names * chunks + OVERHEAD


FORMATS = {
    ".csv": Format((), _csv_bytes, _write_csv),
    ".parquet": Format(("pyarrow",), _table_bytes, _write_parquet),
    ".nc": Format(("netCDF4",), _array_bytes, _write_netcdf),
    ".zarr": Format(("zarr",), _array_bytes, _write_zarr),
}
