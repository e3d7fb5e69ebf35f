"""Everything that verifies one model at one point."""

from __future__ import annotations

from eqsolve.studies.equilibrium import Equilibrium
from eqsolve.verify.check import Check
from eqsolve.verify.deviation import deviation_checks
from eqsolve.verify.proof import prove
from eqsolve.verify.sampling import simulation_checks
from eqsolve.verify.solution import solution_checks


def verify(claim: Equilibrium, *, paths: int = 4000, seed: int = 1) -> list[Check]:
    """Check an equilibrium by every method that applies.

    The derivation is proved at random exact points, the numbers are put into the equations, short
    deviations are tried by exact moments, and the game is simulated. None of these reads the
    derivation's equations except to check them.

    Parameters
    ----------
    claim : the model's derivation, exact parameters, the coefficients by time and a start.
    paths : of the simulation's first round.
    seed : of the simulation.
    """
    return [
        *prove(claim.derivation),
        *solution_checks(claim),
        *deviation_checks(claim),
        *simulation_checks(claim, paths=paths, seed=seed),
    ]
