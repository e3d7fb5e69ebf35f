"""Mean-field games of problem files."""

from __future__ import annotations

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
    size, steps = options.get("nodes", 201), options.get("steps", 100)
    what = f"mean-field game on {size} nodes, {steps} steps"
    if options.get("stationary"):
        what = f"stationary mean-field game on {size} nodes"

    def solve(progress: Progress | None = None) -> Result:
        found = solve_mfg(domain=domain, viscosity=viscosity, progress=progress, **options)
        return of_mean_field(name, found)

    return what, solve
