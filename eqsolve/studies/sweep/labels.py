"""What the numbers of a sweep mean: names, units, provenance, and the labelled arrays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from eqsolve.schemas import SCHEMA
from eqsolve.studies.sweep.axes import bad_sweep
from eqsolve.studies.sweep.columns import point_bytes
from eqsolve.studies.sweep.points import Design
from eqsolve.studies.sweep.storage import Store

if TYPE_CHECKING:
    import xarray

#: Most bytes of labelled results in memory.
IN_MEMORY = 1 << 30


def metadata(design: Design) -> dict[str, Any]:
    """What the numbers depend on besides the coordinates, and where they come from."""
    identity = design.identity
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "game": design.game,
        "source": design.kernel.origin,
        "selection": design.selection,
        **{f"parameter_{name}": value for name, value in design.fixed.items()},
        "eqsolve": identity["eqsolve"],
        "kernel": identity["kernel"],
        "software": ", ".join(f"{name} {identity[name]}" for name in ("numba", "numpy", "scipy")),
    }
    for factor in design.factors:
        for name, text in factor.describe().items():
            found[f"varied_{name}"] = text
    command = design.command()
    return found | ({"command": command} if command else {})


def fits(design: Design) -> bool:
    """Whether the labelled results fit into memory."""
    drawn = sum(len(f.names) * f.size * 8 for f in design.factors)
    return design.size * point_bytes(design.columns) + drawn <= IN_MEMORY


def require_fit(design: Design) -> None:
    """Raise InputError unless the labelled results fit into memory."""
    if not fits(design):
        raise bad_sweep(
            f"{design.size} points do not fit into memory as a Dataset.",
            "Give a file that can be opened piece by piece, as in out='sweep.nc' or 'sweep.zarr'.",
            design.game,
        )


def dataset(design: Design, store: Store) -> xarray.Dataset:
    """The labelled results in memory; the status is coded as its attributes say."""
    import xarray as xr

    dimensions = tuple(factor.dimension for factor in design.factors)
    data = {
        name: (
            dimensions,
            store.read(name, 0, design.size).reshape(design.shape),
            design.kernel.attributes(name),
        )
        for name in design.columns
    }
    coordinates = {
        name: (factor.dimension, values, design.kernel.attributes(name))
        for factor in design.factors
        for name, values in factor.values(0, factor.size).items()
    }
    result: xarray.Dataset = xr.Dataset(data, coordinates, metadata(design))
    return result


def opened(path: Path) -> xarray.Dataset:
    """The labelled results of a netCDF file or a Zarr store, read when they are used."""
    import xarray as xr

    if path.suffix == ".zarr":
        result: xarray.Dataset = xr.open_zarr(path, chunks=None, consolidated=True)
    else:
        result = xr.open_dataset(path, engine="netcdf4")
    return result
