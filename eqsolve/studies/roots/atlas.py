"""The atlas of a game's solutions: how many are admissible over two coordinates."""

from __future__ import annotations

import math
import os
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from eqsolve.answers import Tabled
from eqsolve.derivation.derivation import derived
from eqsolve.errors import InputError
from eqsolve.expression import function
from eqsolve.expression import read as formula
from eqsolve.game import Model
from eqsolve.game.parameters import inputs, read
from eqsolve.inputs import ALIASES
from eqsolve.numbers import exact
from eqsolve.output import replacing
from eqsolve.schemas import SCHEMA
from eqsolve.status import Status
from eqsolve.studies.roots.branching import Branches, Branching
from eqsolve.studies.roots.locus import Locus, rational
from eqsolve.studies.roots.settled import decide, solutions

if TYPE_CHECKING:
    import xarray

Array = NDArray[np.float64]

#: Most points of an atlas.
LARGEST = 4 * 10**6
STAGE = "roots"


@dataclass(frozen=True)
class Atlas(Tabled):
    """The solutions of a game over two coordinates.

    Attributes
    ----------
    game : the game's name.
    axes : both coordinates with their values, parameters or names that formulas use.
    formulas : parameters as functions of coordinates and of other parameters, as they were given.
    fixed : the other parameters.
    branches : all solutions; arrays have the axes of both coordinates first.
    locus : discriminant and cusps.
    root : name of the unknown.
    shown : name of the quantity that solutions are told apart by.
    status : OK where it is decided everywhere which solutions are admissible, or why it is not.
    message : about points at which doubles do not decide; otherwise empty.
    """

    game: str
    axes: Mapping[str, Array]
    formulas: Mapping[str, str]
    fixed: Mapping[str, str]
    branches: Branches
    locus: Locus
    root: str
    shown: str
    status: Status = Status.OK
    message: str = ""

    @cached_property
    def shares(self) -> dict[int, float]:
        """The part of the points with so many admissible solutions, where that is decided."""
        count = self.branches.count
        found, counts = np.unique(count[count >= 0], return_counts=True)
        return {int(k): float(c) / count.size for k, c in zip(found, counts)}

    @property
    def heading(self) -> str:
        """What was looked at, in a line."""
        words = f"{self.game}: admissible solutions over {' and '.join(self.axes)}"
        return f"{words}\n  {self.message}" if self.message else words

    def table(self) -> dict[str, dict[str, float | str | None]]:
        """For every number of admissible solutions what holds there, then the cusps."""
        found: dict[str, dict[str, float | str | None]] = {}
        branches = self.branches
        for number, share in self.shares.items():
            here = branches.count == number
            values = branches.of_reached(self.shown)[here & (branches.reached >= 0)]
            both = (branches.admissible & branches.attracting).sum(axis=-1)[here]
            found[f"{number} admissible"] = {
                "share": share,
                f"least {self.shown}": float(values.min()) if values.size else None,
                f"most {self.shown}": float(values.max()) if values.size else None,
                "attracting": float(both.mean()),
            }
        if branches.near.any():
            found["not decided"] = {"share": float(branches.near.mean())}
        for number, cusp in enumerate(self.locus.cusps, 1):
            found[f"cusp {number}"] = {name: v for name, v in cusp.at.items()}
        return found

    def bars(self) -> tuple[str, dict[str, float]]:
        """The part of the points by the number of admissible solutions."""
        return "part of the points", {f"{k} admissible": v for k, v in self.shares.items()}

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        locus = self.locus
        return {
            "schema": SCHEMA,
            "game": self.game,
            "status": self.status.label,
            "message": self.message,
            "params": dict(self.fixed),
            "formulas": dict(self.formulas),
            "axes": {name: axis.tolist() for name, axis in self.axes.items()},
            "root": self.root,
            "shown": self.shown,
            "polynomial": str(locus.polynomial),
            "left_out": [str(factor) for factor in locus.left_out],
            "discriminant": str(locus.discriminant),
            "factors": [{"factor": str(f), "power": k} for f, k in locus.factors],
            "cusps": [
                {
                    "at": dict(cusp.at),
                    "root": cusp.root,
                    "equations": {name: str(e) for name, e in cusp.equations.items()},
                }
                for cusp in locus.cusps
            ],
            "complete": locus.complete,
            "shares": {str(k): v for k, v in self.shares.items()},
            "admissible": [
                [k if k >= 0 else None for k in row] for row in self.branches.count.tolist()
            ],
            "near": int(self.branches.near.sum()),
            "selected": _listed(self.branches.of_reached(self.shown)),
        }

    def to_dataset(self) -> xarray.Dataset:
        """Every solution at every point, with labels."""
        import xarray

        branches, names = self.branches, [*self.axes]
        whole = [*names, "solution"]
        data = {
            "admissible": (whole, branches.admissible),
            "attracting": (whole, branches.attracting),
            "selected": (names, branches.reached),
            "near": (names, branches.near),
            **{name: (whole, values) for name, values in branches.quantities.items()},
        }
        told = {"game": self.game, "discriminant": str(self.locus.discriminant), **self.fixed}
        axes = {name: (name, axis) for name, axis in self.axes.items()}
        return xarray.Dataset(data, axes, {**told, **self.formulas})

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the dataset as ``.nc``, ``.csv`` or ``.parquet``.

        Raises
        ------
        InputError
            For another suffix, or a file that cannot be written.
        """
        target = Path(path)
        if target.suffix not in (".nc", ".csv", ".parquet"):
            raise InputError(
                f"an atlas is written as .nc, .csv or .parquet, not {target.suffix!r}.",
                game=self.game,
                stage=STAGE,
            )
        dataset = self.to_dataset()
        with replacing(target) as temporary:
            if target.suffix == ".nc":
                flags = [n for n, v in dataset.items() if v.dtype == bool]
                kept = dataset.assign({n: dataset[n].astype("int8") for n in flags})
                kept.to_netcdf(temporary, engine="netcdf4")
            elif target.suffix == ".csv":
                dataset.to_dataframe().to_csv(temporary)
            else:
                dataset.to_dataframe().to_parquet(temporary)


def _listed(values: Array) -> list[Any]:
    """Nested lists with None for what is not a number."""
    return [[v if math.isfinite(v) else None for v in row] for row in values.tolist()]


def atlas(
    model: Model,
    vary: Mapping[str, Iterable[float]],
    values: Mapping[str, object],
    formulas: Mapping[str, str] | None = None,
) -> Atlas:
    """Find all solutions over two coordinates.

    Parameters
    ----------
    model : a game whose coefficients come down to one polynomial in one unknown.
    vary : two coordinates, each a parameter or a name that formulas use, with ascending values.
    values : the other parameters.
    formulas : parameters as formulas in coordinates and in parameters that are given.

    Raises
    ------
    InputError
        If a name or value is not acceptable.
    DerivationError
        If there is no such polynomial.
    """
    game, told = model.name, dict(formulas or {})
    axes = {ALIASES.get(k, k): np.array([float(v) for v in axis]) for k, axis in vary.items()}
    if len(axes) != 2 or any(a.size < 2 or not (np.diff(a) > 0).all() for a in axes.values()):
        raise InputError(
            "an atlas has two coordinates, each with two or more ascending values.",
            game=game,
            stage=STAGE,
            remedy="Give --vary twice.",
        )
    if math.prod(a.size for a in axes.values()) > LARGEST:
        raise InputError(f"an atlas has at most {LARGEST} points.", game=game, stage=STAGE)
    letters = {p.name for p in inputs(model).parameters}
    given = {ALIASES.get(k, k): v for k, v in values.items()}
    for name in (k for k in told if k not in letters):
        raise InputError(
            f"--let gives {name}, which is no parameter.",
            game=game,
            stage=STAGE,
            remedy=f"Give one of {', '.join(sorted(letters))}.",
        )
    for name in {*axes, *told} & {*given}:
        raise InputError(f"{name} is given twice.", game=game, stage=STAGE)
    known = {k: exact(k, v, game=game) for k, v in given.items() if k in letters}
    read_as = {
        name: formula(f"--let {name}", text, map(_short, [*axes, *known]), STAGE)
        for name, text in told.items()
    }
    _require_used(game, axes, letters, read_as)
    mesh = dict(zip(axes, np.meshgrid(*axes.values(), indexing="ij")))
    numbers = {**mesh, **{k: np.asarray(float(v)) for k, v in known.items()}}
    short = {_short(k): v for k, v in numbers.items()}
    for name, expression in read_as.items():
        numbers[name] = function(expression, short)(*short.values())
    numbers = {k: v for k, v in numbers.items() if k in letters}
    others = {k: v for k, v in given.items() if k not in letters}
    for end in (np.min, np.max):
        read(model, {**others, **{k: float(end(v)) for k, v in numbers.items()}})
    branching = Branching(derived(model))
    branches = branching.at(numbers)
    branches, status, message = decide(branching, branches, numbers, others)
    symbols = {s.name: s for c in branching.coefficients for s in c.free_symbols}
    inserted = {k: sp.Rational(v.numerator, v.denominator) for k, v in known.items()}
    for name, expression in read_as.items():
        whole = {s: sp.Symbol(ALIASES.get(s.name, s.name)) for s in expression.free_symbols}
        parts = {sp.Symbol(k): v for k, v in inserted.items() if k in known}
        inserted[name] = rational(expression).xreplace(whole).xreplace(parts)
    x, y = (sp.Symbol(name) for name in axes)
    first, second = ((float(a.min()), float(a.max())) for a in axes.values())
    values_of = {symbols[k]: v for k, v in inserted.items() if k in symbols}
    values_of |= {symbols[s.name]: s for s in (x, y) if s.name in symbols}
    inserted |= {s.name: s for s in (x, y) if s.name in letters}

    def there(point: Sequence[Fraction]) -> list[float] | None:
        """The unknown of every solution at a point."""
        place = {s: sp.Rational(v.numerator, v.denominator) for s, v in zip((x, y), point)}
        whole = {k: v.xreplace(place) for k, v in inserted.items()}
        exact_there = {k: Fraction(int(v.p), int(v.q)) for k, v in whole.items()}
        return solutions(branching, exact_there, others)

    locus = Locus.of(
        branching.coefficients, branching.root, values_of, (x, y), (first, second), there
    )
    root = branching.root.name
    shown = next((n for n, _ in branching.program.outputs if n in branches.quantities), root)
    return Atlas(
        game,
        axes,
        told,
        {k: str(v) for k, v in known.items()},
        branches,
        locus,
        root,
        shown,
        status,
        message,
    )


def _short(name: str) -> str:
    """A name as it may stand in a formula."""
    return next((short for short, word in ALIASES.items() if word == name), name)


def _require_used(
    game: str, axes: Iterable[str], letters: Container[str], formulas: Mapping[str, sp.Expr]
) -> None:
    used = {s.name for expression in formulas.values() for s in expression.free_symbols}
    for name in axes:
        if name not in letters and name not in used:
            raise InputError(
                f"the coordinate {name} is no parameter, and no formula uses it.",
                game=game,
                stage=STAGE,
                remedy=f"Say by --let what parameter it gives, as in --let NAME=2*{name}.",
            )
