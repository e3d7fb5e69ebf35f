"""Mean-field games of problem files."""

from __future__ import annotations

from typing import Any

from eqsolve.pde.common_noise import solve_mfg_common_noise
from eqsolve.pde.common_noise_result import of_common_noise
from eqsolve.pde.costs import cost
from eqsolve.pde.edge import Progress
from eqsolve.pde.entries import Entries, formula, integer, number, numbers, switch, word
from eqsolve.pde.hamiltonian_entries import Solve, hamiltonian
from eqsolve.pde.law_entries import initial
from eqsolve.pde.mfg import solve_mfg
from eqsolve.pde.plane_entries import mean_field_plane
from eqsolve.pde.populations_entries import populations
from eqsolve.pde.result import Result, of_mean_field


def mean_field(name: str, entries: Entries) -> tuple[str, Solve]:
    """Read a mean-field game: what will be solved, and what solves it."""
    domain = numbers(entries, "domain", entries.need("domain", "[-3.0, 3.0]"))
    if "population" in entries.table:
        return populations(name, entries, domain)
    if isinstance(domain, tuple) and any(isinstance(side, tuple) for side in domain):
        return mean_field_plane(name, entries, domain)
    viscosity = formula("x")(entries, "viscosity", entries.need("viscosity", "0.05"))
    options = entries.options(
        nodes=integer,
        horizon=number,
        steps=integer,
        stationary=switch,
        drift=formula("t", "x"),
        discount=number,
        stopping=formula("x"),
        boundary=word,
        exit_costs=numbers,
        scheme=word,
        damped_steps=integer,
        richardson=switch,
        method=word,
        tolerance=number,
        max_iterations=integer,
        relaxation=number,
        starts=integer,
        planner=switch,
    )
    if options.get("stationary"):
        for key in ("horizon", "steps", "damped_steps"):
            if key in options:
                entries.refuse(f"{key} is given, but the problem is stationary", "Leave it out.")
    options |= {
        "initial": initial(entries),
        "hamiltonian": hamiltonian(entries.sub("hamiltonian")),
        "running": cost(entries, "running"),
        "terminal": cost(entries, "terminal"),
    }
    noise = entries.take("common_noise")
    if noise is not None:
        return _with_common_noise(name, entries, noise, options | {"domain": domain}, viscosity)
    size, steps = options.get("nodes", 201), options.get("steps", 100)
    kind = "planner's problem" if options.get("planner") else "mean-field game"
    what = f"{kind} on {size} nodes, {steps} steps"
    if options.get("stationary"):
        what = f"stationary {kind} on {size} nodes"

    def solve(progress: Progress | None = None) -> Result:
        found = solve_mfg(domain=domain, viscosity=viscosity, progress=progress, **options)
        return of_mean_field(name, found)

    return what, solve


def _with_common_noise(
    name: str, entries: Entries, noise: Any, options: dict[str, Any], viscosity: Any
) -> tuple[str, Solve]:
    """A game whose players share a noise."""
    example = "{ volatility = 0.3, shocks = 2, points = 3 }"
    if not isinstance(noise, dict):
        entries.refuse("common_noise is no table", f"Write for example common_noise = {example}.")
    table = Entries(f"{entries.where}, common_noise", dict(noise))
    volatility = number(table, "volatility", table.need("volatility", "0.3"))
    tree = table.options(shocks=integer, points=integer)
    table.end()

    def solve(progress: Progress | None = None) -> Result:
        found = solve_mfg_common_noise(
            common_volatility=volatility,
            viscosity=viscosity,
            progress=progress,
            **tree,
            **options,
        )
        return of_common_noise(name, found)

    return f"mean-field game with a common noise on {options.get('nodes', 201)} nodes", solve
