"""Which parts of the installation are there."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from eqsolve.distribution import NAME, extra

REQUIRED = (
    "click",
    "filelock",
    "fonttools",
    "jinja2",
    "latex2mathml",
    "matplotlib",
    "mpmath",
    "numba",
    "numpy",
    "pandas",
    "platformdirs",
    "pylatexenc",
    "python-flint",
    "scipy",
    "sympy",
    "tqdm",
    "xarray",
    "ziamath",
)
OPTIONAL = {
    "pyarrow": f"Parquet files; install {extra('sweep')}",
    "netCDF4": f"netCDF files; install {extra('sweep')}",
    "zarr": f"Zarr stores; install {extra('sweep')}",
    "joblib": f"sweeps on several processes; install {extra('sweep')}",
    "distributed": f"sweeps on a cluster; install {extra('cluster')}",
}


@dataclass(frozen=True)
class Part:
    """One part: its name, whether it is there, whether it must be, and a remark."""

    name: str
    found: bool
    required: bool
    detail: str


def parts() -> list[Part]:
    """Look for every part; nothing is imported."""
    rows = [Part("python", sys.version_info >= (3, 11), True, sys.version.split()[0])]
    for name in REQUIRED:
        rows.append(_package(name, True, f"install {NAME} again"))
    grid = find_spec("eqsolve._grid") is not None
    rows.append(
        Part(
            "grid solver", grid, True, "compiled" if grid else f"install {NAME} with cargo at hand"
        )
    )
    rows += [_package(name, False, remedy) for name, remedy in OPTIONAL.items()]
    compiler = shutil.which("pdflatex")
    rows.append(
        Part("pdflatex", compiler is not None, False, compiler or "compiles the LaTeX document")
    )
    return rows


def _package(name: str, required: bool, remedy: str) -> Part:
    try:
        return Part(name, True, required, version(name))
    except PackageNotFoundError:
        return Part(name, False, required, remedy)
