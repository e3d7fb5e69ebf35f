"""Files of arrays with labelled dimensions: netCDF and Zarr."""

from __future__ import annotations

import errno
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha512
from itertools import product
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from eqsolve.studies.sweep.columns import dtype, missing, point_bytes
from eqsolve.studies.sweep.execution import optional
from eqsolve.studies.sweep.labels import metadata
from eqsolve.studies.sweep.points import Design
from eqsolve.studies.sweep.storage import Store

#: Points written at a time: a row group of Parquet, a chunk of Zarr.
ROWS = 1 << 18

#: Room for metadata, indices and the like.
OVERHEAD = 1 << 20

Advance = Callable[[int], object]


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


Fill = Callable[[str, Any], None]


def _filled(design: Design, store: Store, advance: Advance) -> Fill:
    """A function that writes a column into its array."""

    def fill(name: str, array: Any) -> None:
        for box, block in _slabs(design.shape)[1]:
            numbers = store.read(name, block.start, block.stop)
            array[box] = numbers.reshape(_extent(box, design.shape))
            advance(len(block) if name == "status" else 0)

    return fill


def _write_arrays(create: Create, design: Design, fill: Fill) -> None:
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
        fill(name, create(name, dimensions, design.shape, dtype(name), more))


def _extent(box: tuple[Any, ...], shape: Sequence[int]) -> tuple[int, ...]:
    """The shape of a box without the dimensions that it fixes."""
    part = box[-1]
    cut = len(box) - 1
    return (min(part.stop, shape[cut]) - part.start, *shape[cut + 1 :])


def write_netcdf(path: Path, design: Design, store: Store, advance: Advance) -> None:
    _make_netcdf(path, design, _filled(design, store, advance))


def lay_netcdf(design: Design, path: Path) -> dict[str, int]:
    """Make a file with room for all columns, and tell at which byte each begins.

    A mark at its begin, which the first numbers replace, shows where the library put a column.
    """
    marks = {name: sha512(name.encode()).digest() for name in design.columns}

    def mark(name: str, array: Any) -> None:
        kind = dtype(name)
        box, block = next(_slabs(design.shape)[1])
        numbers = np.zeros(len(block), kind)
        numbers[: len(marks[name]) // kind.itemsize] = np.frombuffer(marks[name], kind)
        array[box] = numbers.reshape(_extent(box, design.shape))
        assert array.chunking() == "contiguous"

    _make_netcdf(path, design, mark)
    places, end = {}, 0
    with path.open("rb") as stream:
        for name, found in marks.items():
            places[name] = _begin(stream, found, end)
            end = places[name] + design.size * dtype(name).itemsize
    return places


def _begin(stream: BinaryIO, mark: bytes, start: int) -> int:
    """The byte at which a mark begins, which is at ``start`` or not far behind."""
    position, kept = start, b""
    stream.seek(start)
    while read := stream.read(1 << 20):
        kept += read
        if (found := kept.find(mark)) >= 0:
            return position + found
        position += len(kept) - len(mark)
        kept = kept[-len(mark) :]
    raise AssertionError("the library keeps arrays in another order than they were made")


def _plain(name: str) -> str:
    """A name without the mark of a path, as a power of a state may have it."""
    return name.replace("/", ":")


def _make_netcdf(path: Path, design: Design, fill: Fill) -> None:
    netcdf: Any = optional("netCDF4", "a netCDF file")
    try:
        with netcdf.Dataset(path, "w") as file:
            _fill_netcdf(file, design, fill)
    except RuntimeError as error:  # what the library makes of a full disk
        raise OSError(errno.EIO, str(error)) from None


def _fill_netcdf(file: Any, design: Design, fill: Fill) -> None:
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
        variable = file.createVariable(_plain(name), dtype, dimensions)
        variable.setncatts(attrs)
        variable.set_auto_maskandscale(False)
        return variable

    _write_arrays(create, design, fill)


def write_zarr(path: Path, design: Design, store: Store, advance: Advance) -> None:
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
            _plain(name),
            shape=shape,
            dtype=dtype,
            chunks=chunks.get(shape) or (min(ROWS, *shape),),
            dimension_names=dimensions,
            attributes=plain,
            fill_value=missing(name),
        )

    _write_arrays(create, design, _filled(design, store, advance))
    with warnings.catch_warnings():  # readers that do not know it do without
        warnings.filterwarnings("ignore", "Consolidated metadata", module="zarr")
        zarr.consolidate_metadata(path, zarr_format=3)


def array_bytes(design: Design) -> int:
    """Every array uncompressed; Zarr spends a name and a block of the disk on every chunk."""
    drawn = sum(8 * len(factor.names) * factor.size for factor in design.factors)
    chunks = math.prod(-(-n // c) for n, c in zip(design.shape, _slabs(design.shape)[0]))
    names = len(design.columns) + len(design.varied)
    return design.size * point_bytes(design.columns) + drawn + 4096 * names * chunks + OVERHEAD
