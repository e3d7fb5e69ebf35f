"""Everything that verifies one model at one point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from eqsolve.game import Model
from eqsolve.studies.equilibrium import Equilibrium, equilibria, equilibrium, response
from eqsolve.verify.check import Check
from eqsolve.verify.declared import grid_checks
from eqsolve.verify.deviation import deviation_checks
from eqsolve.verify.proof import prove
from eqsolve.verify.sampling import simulation_checks
from eqsolve.verify.solution import average_checks, solution_checks


def verify(
    model: Model,
    values: Mapping[str, object],
    at: Mapping[str, object] | None = None,
    *,
    selection: str | None = None,
    paths: int = 4000,
    seed: int = 1,
) -> list[Check]:
    """Solve a model and check its equilibrium by every method that applies.

    Parameters
    ----------
    model : the model, of the structure that is wanted.
    values, at, selection : parameters, states and rule as ``eqsolve.solve.solve`` takes them.
    paths, seed : of the simulation's first round.

    Raises
    ------
    NoSolutionError, InputError, DerivationError
        As for ``solve``.
    """
    crowd = model.game.crowd
    if model.game.notion != "given" or crowd is None or not crowd.own:
        return checks(equilibrium(model, values, at, selection), paths=paths, seed=seed)
    claims = equilibria(model, values, at)
    found = [*checks(claims[0], paths=paths, seed=seed), *average_checks(claims)]
    for k, claim in enumerate(claims[1:], 2):
        rows = [*solution_checks(claim), *deviation_checks(response(claim))]
        found += [replace(row, name=f"{row.name}, type {k}") for row in rows]
    return found


def checks(claim: Equilibrium, *, paths: int = 4000, seed: int = 1) -> list[Check]:
    """Check an equilibrium by every method that applies.

    The derivation is proved by identities, the numbers are put into the equations, short
    deviations are tried by exact moments, a grid is solved where one represents the game, and the
    game is simulated. None of these reads the derivation's equations except to check them.

    Parameters
    ----------
    claim : the model's derivation, exact parameters, the coefficients by time and a start.
    paths, seed : of the simulation's first round.
    """
    faced = claim
    if claim.derivation.fixed is not None:
        # optimal is the response, while the averages over the others are what they are at the start
        faced = response(claim)
    return [
        *prove(claim.derivation),
        *solution_checks(claim),
        *deviation_checks(faced),
        # with given averages the response is one more problem, which takes a grid its time
        *grid_checks(claim if claim.hazard is None else faced),
        *simulation_checks(faced, paths=paths, seed=seed),
    ]
