"""Which parts of the installation are there, and what those that may be missing enable."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec

from eqsolve.distribution import NAME, extra

#: What an extra of the distribution is for.
EXTRAS = {
    "sweep": "sweeps into Parquet, netCDF and Zarr, and on several processes",
    "cluster": "sweeps on several machines",
    "bayes": "the tutorial on calibration with PyMC",
    "bench": "the benchmark beside another grid solver",
    "learn": "learned solvers (eqsolve learn)",
    "market": "equilibria from a market's data (eqsolve market)",
    "transport": "distances between laws in more than one dimension",
    "docs": "the documentation site (make site)",
    "test": "the tests (make test)",
}
#: What a single package of an extra is for, where that is less.
PACKAGES = {
    "joblib": "sweeps on several processes",
    "netCDF4": "netCDF files",
    "pyarrow": "Parquet files",
    "zarr": "Zarr stores",
}
#: Packages that no extra brings, because they want versions of their own.
PEERS = {
    "mfglib": "reading and writing its environments (eqsolve.finite)",
    "open_spiel": "reading and writing its mean-field games (eqsolve.finite)",
}
#: What a program is for; the first that is found counts.
PROGRAMS = {
    ("coqc",): "checking theorems (eqsolve prove --check)",
    ("pdflatex",): "compiling the LaTeX that is written",
    ("cargo",): "building eqsolve from its sources",
    ("chromium", "chromium-browser", "chrome"): "tests of pages in a browser",
    ("node",): "tests of the JavaScript of pages",
}


@dataclass(frozen=True)
class Part:
    """One part of the installation.

    Attributes
    ----------
    found, required : whether it is there, and whether it must be.
    detail : its version or place, or what to install.
    enables : what it is for; empty if everything needs it.
    """

    name: str
    found: bool
    required: bool
    detail: str
    enables: str = ""

    def __str__(self) -> str:
        about = f"{self.detail}, for {self.enables}" if self.enables else self.detail
        return f"{'ok' if self.found else 'missing':<9}{self.name:<20}{about}"


def parts() -> list[Part]:
    """Look for every part; nothing is imported."""
    return [
        Part("python", sys.version_info >= (3, 11), True, sys.version.split()[0]),
        *_packages(),
        *map(_program, PROGRAMS),
    ]


def _packages() -> Iterator[Part]:
    """The grid solver and the packages that the distribution names, its extras', and others."""
    required, optional = requirements()
    for name in required:
        yield _package(name, f"install {NAME} again")
    grid = find_spec("eqsolve._grid") is not None
    remedy = f"install {NAME} with cargo at hand"
    yield Part("grid solver", grid, True, "compiled" if grid else remedy)
    for name, key in optional.items():
        yield _package(name, f"install {extra(key)}", PACKAGES.get(name, EXTRAS.get(key, key)))
    for name, enables in PEERS.items():
        yield _package(name, f"install {name}", enables)


def requirements() -> tuple[list[str], dict[str, str]]:
    """The packages that must be there, and the others with the extra that brings each."""
    required: list[str] = []
    optional: dict[str, str] = {}
    for line in requires(NAME) or ():
        name = re.split(r"[^\w.-]", line, maxsplit=1)[0]
        key = re.search(r"""extra == ['"]([\w-]+)['"]""", line)
        if key is None:
            required.append(name)
        elif name != NAME:
            optional.setdefault(name, key[1])
    return required, optional


def _package(name: str, remedy: str, enables: str = "") -> Part:
    try:
        return Part(name, True, not enables, version(name), enables)
    except PackageNotFoundError:
        return Part(name, False, not enables, remedy, enables)


def _program(names: tuple[str, ...]) -> Part:
    place = next(filter(None, map(shutil.which, names)), None)
    return Part(names[0], place is not None, False, place or "not found", PROGRAMS[names])
