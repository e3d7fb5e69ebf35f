"""The strategy of a declared game against a grid that knows its dynamics and preference only."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import sympy as sp

from eqsolve.errors import InputError
from eqsolve.game.parameters import Numbers
from eqsolve.pde.declared import represented
from eqsolve.pde.declared_part import NotRepresentedError, OnGrid, field
from eqsolve.pde.edge import Array
from eqsolve.studies.equilibrium import Equilibrium, rational
from eqsolve.verify.check import Check
from eqsolve.verify.pde import relative_error

#: What a grid's status ``ok`` promises.
ALLOWED = 1e-2
#: Integrated hazard of the end of the grid where the game has none.
SEEN = 12.0


def grid_checks(claim: Equilibrium) -> list[Check]:
    """Compare the strategy at time 0 with the grid's, where a solver represents the game.

    A grid that may not be relied on, or none at all, makes the check refused, whatever the claim.

    Parameters
    ----------
    claim : the equilibrium; of the model, the grid reads game and initial law.
    """
    try:
        problem = represented(claim.model, claim.hazard)
    except NotRepresentedError:
        return []
    parameters = {s: rational(v) for s, v in claim.parameters.items()}
    if claim.until is not None and claim.hazard is not None:
        # the game has no end of its own: one that is seldom reached does
        assert claim.game.horizon.end is not None
        far = claim.hazard.reached(SEEN)
        parameters[claim.game.horizon.end] = Fraction(far or claim.until)
    states = {s: rational(v) for s, v in claim.start.items() if s in claim.game.state_symbols}
    try:
        found = problem.solve(Numbers(parameters, states), None)
    except InputError as error:  # of the grid: a rate too steep for its steps
        name, why = "the strategy at the start on a grid", str(error)
        return [Check(name, claim.model.name, "grid", 0.0, 0.0, 0.0, ALLOWED, why, refused=True)]
    return [
        _compared(claim, problem.summary, found, control, on_grid)
        for control, on_grid in found.controls.items()
    ]


def _compared(
    claim: Equilibrium, summary: str, found: OnGrid, control: sp.Symbol, on_grid: Array
) -> Check:
    claimed = strategy(claim, found, control)
    gaps = abs(claimed - on_grid)
    place = np.unravel_index(int(np.argmax(gaps)), gaps.shape)
    return Check(
        name=f"{control} at the start on a grid",
        game=claim.model.name,
        kind="grid",
        value=float(claimed[place]),
        reference=float(on_grid[place]),
        error=relative_error(claimed, on_grid),
        allowed=ALLOWED,
        note=f"{summary}: {found.result.message}.",
        refused=not found.result.ok,
    )


def strategy(claim: Equilibrium, found: OnGrid, control: sp.Symbol) -> Array:
    """What is claimed of a control at the nodes at time 0."""
    values: dict[sp.Symbol, sp.Expr] = {**claim.spelled}
    known = {**claim.parameters}
    coefficients = {s: sp.Float(float(v.mid())) for s, v in claim.coefficients(Fraction(0)).items()}
    form = claim.model.ansatz.feedback[control].xreplace(coefficients)
    form = form.xreplace(values).xreplace(known)
    return field(form, *found.nodes)(*found.nodes.values())
