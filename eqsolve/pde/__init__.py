"""Grid solutions that know no closed form: the compiled solver behind a Python interface."""

from eqsolve.pde import closed_loop, extended_hjb
from eqsolve.pde.closed_loop import ClosedLoopSolution
from eqsolve.pde.coefficients import GridProblem
from eqsolve.pde.common_noise import CommonNoiseSolution, solve_mfg_common_noise
from eqsolve.pde.controlled_diffusion import DiffusionSolution, solve_controlled_diffusion
from eqsolve.pde.mfg import (
    Absolute,
    Choice,
    Compiled,
    Coupling,
    Lagrangian,
    MFGSolution,
    Power,
    Quadratic,
    Tabulated,
    Uncontrolled,
    gaussian,
    solve_mfg,
)
from eqsolve.pde.plane import PlaneCost, solve_mfg_plane
from eqsolve.pde.plane_solution import PlaneSolution
from eqsolve.pde.populations import PopulationsSolution, solve_mfg_populations
from eqsolve.pde.solution import CONSISTENT, USABLE, GridPath, GridSolution
from eqsolve.registry import by_name

solve_closed_loop = by_name(closed_loop.solve_closed_loop)
solve_extended_hjb = by_name(extended_hjb.solve_extended_hjb)

__all__ = [
    "CONSISTENT",
    "USABLE",
    "Absolute",
    "Choice",
    "ClosedLoopSolution",
    "CommonNoiseSolution",
    "Compiled",
    "Coupling",
    "DiffusionSolution",
    "GridPath",
    "GridProblem",
    "GridSolution",
    "Lagrangian",
    "MFGSolution",
    "PlaneCost",
    "PlaneSolution",
    "PopulationsSolution",
    "Power",
    "Quadratic",
    "Tabulated",
    "Uncontrolled",
    "gaussian",
    "solve_closed_loop",
    "solve_controlled_diffusion",
    "solve_extended_hjb",
    "solve_mfg",
    "solve_mfg_common_noise",
    "solve_mfg_plane",
    "solve_mfg_populations",
]
