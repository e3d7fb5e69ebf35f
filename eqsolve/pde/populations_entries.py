"""Several populations of problem files."""

from __future__ import annotations

from typing import Any

import sympy as sp

from eqsolve import expression
from eqsolve.pde.costs import LAW, cost, coupling
from eqsolve.pde.couplings import Coupling
from eqsolve.pde.edge import Progress
from eqsolve.pde.entries import Entries, formula, integer, number, numbers, switch, word
from eqsolve.pde.hamiltonian_entries import Solve, hamiltonian
from eqsolve.pde.law_entries import initial
from eqsolve.pde.populations import MOST, solve_mfg_populations
from eqsolve.pde.populations_result import of_populations
from eqsolve.pde.result import Result

#: What a cost may contain of the law of another population, with its number behind: ``mean_2``.
SEEN = ("mean", "variance", "density", "control_mean")


def populations(name: str, entries: Entries, domain: Any) -> tuple[str, Solve]:
    """Read a game of several populations."""
    tables = entries.take("population")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        entries.refuse("population is no list of tables", "Write [[population]] before each.")
    if not 1 <= len(tables) <= MOST:
        entries.refuse(f"there are {len(tables)} populations", f"Choose 1 to {MOST}.")
    shared = entries.options(
        nodes=integer,
        horizon=number,
        steps=integer,
        stationary=switch,
        boundary=word,
        scheme=word,
        damped_steps=integer,
        method=word,
        tolerance=number,
        max_iterations=integer,
        relaxation=number,
    )
    own, rows = [], []
    for i, table in enumerate(tables, start=1):
        one, row = _population(
            Entries(f"{entries.where}, population {i}", dict(table)), i, len(tables)
        )
        own.append(one)
        rows.append(row)
    what = f"mean-field game of {len(own)} populations on {shared.get('nodes', 201)} nodes"

    def solve(progress: Progress | None = None) -> Result:
        found = solve_mfg_populations(own, rows, domain=domain, progress=progress, **shared)
        return of_populations(name, found)

    return what, solve


def _population(
    entries: Entries, number_: int, count: int
) -> tuple[dict[str, Any], list[Coupling | None]]:
    """A population's own arguments, and what it pays for the laws of the others."""
    found: dict[str, Any] = entries.options(
        drift=formula("t", "x"), discount=number, stopping=formula("x"), exit_costs=numbers
    )
    needed = entries.need("viscosity", "0.05")
    found["viscosity"] = formula("x")(entries, "viscosity", needed)
    found["initial"] = initial(entries)
    found["hamiltonian"] = hamiltonian(entries.sub("hamiltonian"))
    found["terminal"] = cost(entries, "terminal")
    running = entries.take("running", 0)
    row: list[Coupling | None] = [None] * count
    if isinstance(running, str):
        mine, row = _split(entries, running, number_, count)
        found["running"] = mine
    else:
        found["running"] = cost(Entries(entries.where, {"running": running}), "running")
    entries.end()
    return found, row


def _split(
    entries: Entries, text: str, number_: int, count: int
) -> tuple[Coupling, list[Coupling | None]]:
    """A running cost as a sum of one's own part and one for each other law."""
    others = [j for j in range(1, count + 1) if j != number_]
    names = [name for name in LAW if name != "convolution"]
    letters = {j: expression.letters(f"{name}_{j}" for name in SEEN) for j in others}
    suffixed = [f"{name}_{j}" for j in others for name in SEEN]
    read = expression.read(f"{entries.where}, running", text, (*names, *suffixed))
    law = set(expression.letters(SEEN))
    parts: dict[int, sp.Expr] = {}
    for term in sp.Add.make_args(sp.expand(read)):
        of = [j for j in others if term.free_symbols & set(letters[j])]
        if len(of) > 1 or (of and term.free_symbols & law):
            entries.refuse(
                f"running has the term {str(term)[:60]}",
                "Each term may depend on the law of one population.",
            )
        j = of[0] if of else number_
        parts[j] = parts.get(j, sp.S.Zero) + term
    plain = expression.letters(SEEN)
    row: list[Coupling | None] = [None] * count
    for j in others:
        if j in parts:
            renamed = dict(zip(letters[j], plain, strict=True))
            row[j - 1] = coupling(parts[j].xreplace(renamed), {})
    return coupling(parts.get(number_, sp.S.Zero), {}), row
