"""Grid solutions that know no closed form: the compiled solver behind a Python interface."""

from eqsolve.pde.closed_loop import ClosedLoopSolution, solve_closed_loop
from eqsolve.pde.coefficients import GridProblem
from eqsolve.pde.controlled_diffusion import DiffusionSolution, solve_controlled_diffusion
from eqsolve.pde.extended_hjb import solve_extended_hjb
from eqsolve.pde.mfg import (
    Absolute,
    Compiled,
    Coupling,
    MFGSolution,
    Power,
    Quadratic,
    Tabulated,
    gaussian,
    solve_mfg,
)
from eqsolve.pde.solution import CONSISTENT, USABLE, GridPath, GridSolution

__all__ = [
    "CONSISTENT",
    "USABLE",
    "Absolute",
    "ClosedLoopSolution",
    "Compiled",
    "Coupling",
    "DiffusionSolution",
    "GridPath",
    "GridProblem",
    "GridSolution",
    "MFGSolution",
    "Power",
    "Quadratic",
    "Tabulated",
    "gaussian",
    "solve_closed_loop",
    "solve_controlled_diffusion",
    "solve_extended_hjb",
    "solve_mfg",
]
