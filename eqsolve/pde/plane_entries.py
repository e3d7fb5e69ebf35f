"""Mean-field games in two dimensions of problem files."""

from __future__ import annotations

from typing import Any

import sympy as sp

from eqsolve import expression
from eqsolve.pde.edge import Progress
from eqsolve.pde.entries import Entries, formula, integer, number, numbers, word
from eqsolve.pde.hamiltonian_entries import Solve, hamiltonian
from eqsolve.pde.mfg import gaussian
from eqsolve.pde.plane import PlaneCost, solve_mfg_plane
from eqsolve.pde.plane_result import of_plane
from eqsolve.pde.resolution import PlaneGaussian
from eqsolve.pde.result import Result

AXES = ("x", "y")
#: Names in a running cost.
LAW = ("t", *AXES, "mean_x", "mean_y", "density")


def mean_field_plane(name: str, entries: Entries, domain: Any) -> tuple[str, Solve]:
    """Read a mean-field game whose domain is two intervals."""
    options = entries.options(
        horizon=number,
        steps=integer,
        discount=number,
        scheme=word,
        method=word,
        tolerance=number,
        max_iterations=integer,
        relaxation=number,
    )
    size = numbers(entries, "nodes", entries.take("nodes", [65, 65]))
    options["nodes"] = size if isinstance(size, tuple) else (size, size)
    for key, reader, default in (
        ("viscosity", formula(*AXES), None),
        ("drift", formula(*AXES), 0),
        ("boundary", word, "reflecting"),
    ):
        given = entries.take(key, default)
        if given is None:
            entries.need(key, "[0.05, 0.1]")
        pair = given if isinstance(given, list) else [given, given]
        options[key] = tuple(reader(entries, key, part) for part in pair)
    options |= {
        "initial": _initial(entries),
        "running": _cost(entries, "running", LAW),
        "terminal": _cost(entries, "terminal", LAW[1:]),
        "hamiltonian": _both(entries),
    }
    what = "mean-field game on {} x {} nodes".format(*(options["nodes"] * 2)[:2])

    def solve(progress: Progress | None = None) -> Result:
        return of_plane(name, solve_mfg_plane(domain=domain, progress=progress, **options))

    return what, solve


def _both(entries: Entries) -> tuple[Any, Any]:
    """Hamiltonians along x and y, from one table or one for each."""
    if "hamiltonian" in entries.table:
        both = hamiltonian(entries.sub("hamiltonian"))
        return both, both
    first, second = (hamiltonian(entries.sub(f"hamiltonian_{axis}")) for axis in AXES)
    return first, second


def _initial(entries: Entries) -> Any:
    found = entries.need("initial", "{ mean = [0.0, 0.0], deviation = [0.4, 0.4] }")
    if isinstance(found, str):
        return formula(*AXES)(entries, "initial", found)
    if not isinstance(found, dict):
        entries.refuse("initial must be a formula in x and y, or means and deviations")
    law = Entries(f"{entries.where}, initial", dict(found))
    pairs = []
    for key, example in (("mean", "[0.0, 0.0]"), ("deviation", "[0.4, 0.4]")):
        pair = numbers(law, key, law.need(key, example))
        if not isinstance(pair, tuple) or len(pair) != 2:
            law.refuse(f"{key} must be two numbers, along x and along y")
        pairs.append(pair)
    law.end()
    (x0, y0), (sx, sy) = pairs
    if not min(sx, sy) > 0:
        law.refuse("a deviation is not positive")
    return PlaneGaussian(gaussian(x0, sx), gaussian(y0, sy))


def _cost(entries: Entries, name: str, names: tuple[str, ...]) -> PlaneCost:
    """A cost by its parts: linear in the means and the density, and in squares of the means."""
    where = f"{entries.where}, {name}"
    given = entries.take(name, 0)
    read = expression.read(where, given if isinstance(given, str) else str(given), names)
    time, *axes, first, second, density = expression.letters(LAW)
    parts: dict[Any, sp.Expr] = {}
    for term in sp.Add.make_args(sp.expand(read)):
        # SymPy says of the number 0 that all of it depends
        own, rest = term.as_independent(first, second, density, as_Add=False)
        own, rest = (own, rest) if term != 0 else (term, sp.S.One)
        square = rest in (first**2, second**2)
        if rest not in (1, first, second, density) and not square:
            entries.refuse(
                f"{name} has the term {str(term)[:60]}",
                "In two dimensions a cost is linear in mean_x, mean_y and density, and in the "
                "squares of the means.",
            )
        if (square and own.free_symbols) or (rest != 1 and own.has(time)):
            entries.refuse(f"{name} has the term {str(term)[:60]}, whose factor is not constant")
        parts[rest] = parts.get(rest, 0) + own
    potential = parts.pop(sp.S.One, sp.S.Zero)
    moving = potential.has(time)
    fields = {
        key: expression.function(parts[symbol], AXES)
        for key, symbol in (("mean_x", first), ("mean_y", second), ("density", density))
        if symbol in parts
    }
    squares = (float(parts.get(first**2, 0)), float(parts.get(second**2, 0)))
    if moving:
        forcing = expression.function(potential, ("t", *AXES))
        return PlaneCost(forcing=forcing, mean_squared=squares, **fields)
    still = expression.function(potential, AXES)
    return PlaneCost(potential=still, mean_squared=squares, **fields)
