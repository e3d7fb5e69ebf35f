"""Grid solutions that know no closed form: the compiled solver behind a Python interface."""

from eqsolve.pde.extended_hjb import CONSISTENT, USABLE, GridSolution, solve_extended_hjb

__all__ = ["CONSISTENT", "USABLE", "GridSolution", "solve_extended_hjb"]
