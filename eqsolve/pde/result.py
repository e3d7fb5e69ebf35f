"""A grid solution as labeled arrays, with its evidence as sentences, ready to be written."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from eqsolve.pde.closed_loop import ClosedLoopSolution
from eqsolve.pde.common_noise import CommonNoiseSolution
from eqsolve.pde.controlled_diffusion import DiffusionSolution
from eqsolve.pde.edge import Array, plain
from eqsolve.pde.mfg_solution import MFGSolution
from eqsolve.pde.plane_solution import PlaneSolution
from eqsolve.pde.populations import PopulationsSolution
from eqsolve.pde.solution import GridPath, GridSolution
from eqsolve.schemas import SCHEMA

#: Numbers in the files of ``write``: 17 digits give every double back.
DIGITS = "%.17g"


@dataclass(frozen=True)
class Result:
    """Arrays on a grid with the verdict and the evidence.

    Attributes
    ----------
    name, kind : of the problem.
    status, ok, message : the solver's verdict, whether it may be relied on, and why.
    sentences : the evidence for a reader, one sentence each.
    diagnostics : the evidence by name.
    axes : coordinates by name.
    arrays : the names of an array's axes and the array, by name.
    """

    name: str
    kind: str
    status: str
    ok: bool
    message: str
    sentences: tuple[str, ...]
    diagnostics: Mapping[str, Any]
    axes: Mapping[str, Array]
    arrays: Mapping[str, tuple[tuple[str, ...], Array]]

    def to_dict(self) -> dict[str, Any]:
        """Return a mapping of plain numbers, strings and lists; undefined numbers are None."""
        fields = {name: array for name, (_, array) in self.arrays.items()}
        found = plain(self._head() | {**self.axes, **fields})
        assert isinstance(found, dict)
        return found

    def _head(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "problem": self.name,
            "kind": self.kind,
            "status": self.status,
            "ok": self.ok,
            "message": self.message,
            "sentences": list(self.sentences),
            "diagnostics": dict(self.diagnostics),
        }

    def write(self, folder: Path) -> None:
        """Write result.json (the evidence), arrays.npz, and a CSV table for each set of axes."""
        head = json.dumps(plain(self._head()), indent=1, allow_nan=False)
        (folder / "result.json").write_text(f"{head}\n", encoding="utf-8")
        fields = {name: array for name, (_, array) in self.arrays.items()}
        everything: dict[str, Any] = {**self.axes, **fields}
        np.savez_compressed(folder / "arrays.npz", **everything)
        for axes in dict.fromkeys(axes for axes, _ in self.arrays.values()):
            own = {name: array for name, (mine, array) in self.arrays.items() if mine == axes}
            path = folder / f"{'_'.join(axes)}.csv"
            with path.open("w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream, lineterminator="\n")
                writer.writerow([*axes, *own])
                points = product(*(self.axes[name] for name in axes))
                columns = (array.ravel() for array in own.values())
                for point, row in zip(points, zip(*columns, strict=True), strict=True):
                    writer.writerow([DIGITS % value for value in (*point, *row)])

    def write_netcdf(self, path: Path) -> None:
        """Write a netCDF file."""
        import xarray

        notes = {"kind": self.kind, "status": self.status, "message": self.message}
        data = xarray.Dataset(dict(self.arrays), coords=dict(self.axes), attrs=notes)
        data.to_netcdf(path, engine="scipy")


def labelled(solution: Any) -> Result:
    """Label a solution of any kind.

    Raises
    ------
    TypeError
        If it is none.
    """
    if isinstance(solution, GridSolution | GridPath):
        return of_game(solution.game, solution)
    if isinstance(solution, MFGSolution):
        return of_mean_field("mean-field game", solution)
    if isinstance(solution, PlaneSolution | PopulationsSolution | CommonNoiseSolution):
        # these are built from what is here
        from eqsolve.pde.common_noise_result import of_common_noise
        from eqsolve.pde.plane_result import of_plane
        from eqsolve.pde.populations_result import of_populations

        if isinstance(solution, PlaneSolution):
            return of_plane("mean-field game", solution)
        if isinstance(solution, CommonNoiseSolution):
            return of_common_noise("mean-field game", solution)
        return of_populations("mean-field game", solution)
    if isinstance(solution, DiffusionSolution):
        return of_diffusion("controlled diffusion", solution)
    if isinstance(solution, ClosedLoopSolution):
        inner = of_game(solution.game, solution.solution)
        *evidence, _ = inner.sentences
        told = (*evidence, f"{solution.message}.", conclusion(solution.ok, solution.status))
        status, message = solution.status, solution.message
        return replace(inner, status=status, ok=solution.ok, message=message, sentences=told)
    raise TypeError(f"{type(solution).__name__} is no solution on a grid")


def of_game(name: str, solution: GridSolution | GridPath) -> Result:
    """Label the solution of a game's extended HJB system."""
    names = ("G", "H", "V", "policy")
    axes: dict[str, Array] = {"x": solution.x, "y": solution.y}
    diagnostics = dict(solution.diagnostics)
    if isinstance(solution, GridPath):
        axes = {"t": solution.times, **axes}
        sentences = tuple(_path_sentences(solution))
    else:
        diagnostics["disagreement"] = solution.disagreement
        sentences = tuple(_game_sentences(solution))
    found = {key: getattr(solution, key) for key in names}
    arrays = {key: (tuple(axes), array) for key, array in found.items() if array is not None}
    if isinstance(solution, GridPath):
        arrays["hazard"] = (("t",), solution.hazard)
    return Result(
        name,
        "extended-hjb",
        solution.status,
        solution.ok,
        solution.message,
        sentences,
        diagnostics,
        axes,
        arrays,
    )


def _game_sentences(solution: GridSolution) -> Iterator[str]:
    size = f"{solution.x.size} x {solution.y.size}"
    yield f"Extended HJB system of {solution.game} on {size} nodes: {solution.message}."
    if solution.coarse is not None and solution.disagreement is not None:
        yield (
            f"On {solution.coarse.x.size} x {solution.coarse.y.size} nodes the policy differs by "
            f"{solution.disagreement:.1e}, relative to the largest."
        )
    yield from _evidence(solution.diagnostics)
    yield conclusion(solution.ok, solution.status)


def _path_sentences(solution: GridPath) -> Iterator[str]:
    size = f"{solution.x.size} x {solution.y.size}"
    yield (
        f"Extended HJB system of {solution.game} on {size} nodes and {solution.times.size - 1} "
        f"steps to T = {solution.times[-1]:g}: {solution.message}."
    )
    low, high = solution.hazard.min(), solution.hazard.max()
    yield f"The hazard rate lies between {low:.4g} and {high:.4g}."
    yield from _evidence(solution.diagnostics)
    exponent = solution.diagnostics.get("short_wave_exponent")
    if exponent is not None and math.isfinite(exponent):
        yield f"Over the horizon short waves grow by a factor of at most exp({exponent:.3g})."
    yield conclusion(solution.ok, solution.status)


def _evidence(known: Mapping[str, Any]) -> Iterator[str]:
    curvature = known.get("second_order_min")
    if curvature is not None:
        holds = "holds" if curvature > 0 else "fails"
        yield (
            f"The second-order condition of the maximization {holds}: the smallest curvature is "
            f"{curvature:.3g}."
        )
    form = known.get("variance_eigenvalues")
    if form is not None:
        low, high = form
        yield f"The quadratic form of the variance has eigenvalues {low:.3g} and {high:.3g}."
    growth, wave = known.get("short_wave_growth"), known.get("short_wave_number")
    if growth is not None and wave is not None:
        verb = "grows" if growth > 0 else "decays"
        yield (
            f"With frozen coefficients the fastest wave (number {wave:.3g}) {verb} at rate "
            f"{abs(growth):.3g}."
        )
    bend = known.get("policy_nonaffine")
    if bend is not None:
        yield f"The policy departs from an affine function by {bend:.1e}, relative to the largest."


def conclusion(ok: bool, status: str) -> str:
    """Whether the numbers may be used."""
    if ok and status != "ok":
        return f"The numbers may be used with care: {status.replace('_', ' ')}."
    if ok:
        return "The numbers may be relied on."
    return f"The numbers must not be relied on: {status.replace('_', ' ')}."


def of_mean_field(name: str, solution: MFGSolution) -> Result:
    """Label the solution of a mean-field game."""
    laws = ("mean", "variance", "control_mean")
    axes = {"t": solution.t, "x": solution.x}
    fields: dict[str, tuple[tuple[str, ...], Array]] = {
        key: (("t", "x"), getattr(solution, key)) for key in ("u", "m", "control")
    }
    diagnostics = {**solution.diagnostics, "warnings": list(solution.warnings)}
    if solution.t.size == 1:
        axes = {"x": solution.x}
        fields = {key: (("x",), array[0]) for key, (_, array) in fields.items()}
        diagnostics |= {key: float(getattr(solution, key)[0]) for key in laws}
    else:
        fields |= {key: (("t",), getattr(solution, key)) for key in laws}
    return Result(
        name,
        "mfg",
        solution.status,
        solution.ok,
        solution.message,
        tuple(_mean_field_sentences(solution)),
        diagnostics,
        axes,
        fields,
    )


def _mean_field_sentences(solution: MFGSolution) -> Iterator[str]:
    known = solution.diagnostics
    resting = solution.t.size == 1
    size = f"{solution.x.size} nodes"
    size += "" if resting else f" and {solution.t.size - 1} steps"
    kind = "Stationary mean-field game" if resting else "Mean-field game"
    yield f"{kind} on {size}: {solution.message}."
    facts = (
        ("ergodic_constant", "The long-run mean cost is {:.8g}."),
        ("discretization_error", "The estimated error of the grid is {:.1e}, relative."),
        ("stopped_mass", "A mass of {:.6g} stops."),
        ("mass_error", "The mass of the law changes by {:.1e}."),
        ("minimum_density", "The smallest density is {:.1e}."),
    )
    for key, text in facts:
        value = known.get(key)
        if value is not None and np.isfinite(value):
            yield text.format(value)
    yield (
        f"The law {'has' if resting else 'ends with'} mean {solution.mean[-1]:.6g} and variance "
        f"{solution.variance[-1]:.6g}."
    )
    yield from (f"Warning: {text.rstrip('.')}." for text in solution.warnings)
    if solution.alternative is not None:
        yield "Another start leads to another equilibrium."
    yield conclusion(solution.ok, solution.status)


def of_diffusion(name: str, solution: DiffusionSolution) -> Result:
    """Label the solution of a controlled diffusion."""
    axes = ("t", "wealth")
    return Result(
        name,
        "controlled-diffusion",
        solution.status,
        solution.ok,
        solution.message,
        tuple(_diffusion_sentences(solution)),
        solution.diagnostics,
        {"t": solution.t, "wealth": solution.wealth},
        {key: (axes, array) for key, array in solution.functions.items() if array is not None},
    )


def _diffusion_sentences(solution: DiffusionSolution) -> Iterator[str]:
    size = f"{solution.wealth.size} nodes and {solution.t.size - 1} steps"
    yield f"Controlled diffusion on {size}: {solution.message}."
    first = solution.fraction[0]
    inner = first[np.isfinite(first)]
    if inner.size:
        yield (
            f"At time 0 the fraction of wealth at risk lies between {inner.min():.6g} and "
            f"{inner.max():.6g}."
        )
    curvature = solution.diagnostics.get("second_order_min")
    if curvature is not None:
        yield f"The smallest curvature of the objective in the control is {curvature:.3g}."
    yield conclusion(solution.ok, solution.status)
