"""The whole way from a model to the system of its coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from eqsolve.derivation.blocks import triangular
from eqsolve.derivation.check import check
from eqsolve.derivation.closure import Closure, close
from eqsolve.derivation.extremum import check_curvature, check_extremum
from eqsolve.derivation.hjb import Adjoints, ExtendedHJB
from eqsolve.derivation.matching import (
    CoefficientSystem,
    match,
    terminal_values,
    unknowns_of,
)
from eqsolve.derivation.planner import planner
from eqsolve.derivation.problem import problems
from eqsolve.game import Model, t


@dataclass(frozen=True)
class Derivation:
    """Everything derived from one model.

    Attributes
    ----------
    model : what the author declared.
    solved : the model whose HJB system is solved: the same, or the planner's problem for the
        moments of the law.
    systems : the extended HJB system of every player at the ansatz.
    closure : feedback and averages in equilibrium.
    system : the equations of the coefficients.
    """

    model: Model
    solved: Model
    systems: tuple[ExtendedHJB | Adjoints, ...]
    closure: Closure
    system: CoefficientSystem

    @property
    def stationary(self) -> bool:
        """Whether coefficients are constants: the horizon is infinite and nothing moves in time."""
        moving = any(t in rate.free_symbols for rate in self.system.rates.values())
        return self.model.game.horizon.end is None and not moving

    @cached_property
    def payoffs(self) -> dict[sp.Symbol, sp.Expr]:
        """The coefficients at which the functions are the payoffs, were the horizon to end.

        Raises
        ------
        DerivationError
            If the ansatz cannot equal the payoffs.
        """
        return terminal_values(self.solved, self.systems, self.system.unknowns)

    @cached_property
    def blocks(self) -> tuple[tuple[sp.Symbol, ...], ...]:
        """Coefficients in the order in which they can be solved."""
        system = self.system
        needs = {c: _needs(system, rate) for c, rate in system.rates.items()}
        needs |= {c: _needs(system, e) for c, e in system.implicit.items()}
        return triangular(needs)


def _needs(system: CoefficientSystem, expression: sp.Expr) -> list[sp.Symbol]:
    wanted = (*system.unknowns, *system.implicit)
    return [u for u in wanted if u in expression.free_symbols]


def derive(model: Model) -> Derivation:
    """Derive the system of coefficients of a model.

    Raises
    ------
    DerivationError
        If the declaration is not consistent, a law does not close, or the ansatz does not.
    """
    check(model)
    solved = planner(model) if model.game.notion == "planner" else model
    game, ansatz = solved.game, solved.ansatz
    faced = problems(game)
    unknowns, _ = unknowns_of(solved, faced[0].states)
    rates = {c: sp.Symbol(f"{c.name}'") for c in unknowns}
    build = Adjoints if game.notion == "open-loop" else ExtendedHJB
    systems = tuple(build(problem, ansatz.functions, rates) for problem in faced)
    check_curvature(model, systems)
    closure = close(game, faced, ansatz.feedback)
    system = match(solved, systems, closure)
    check_extremum(model, systems, closure, system.feedback)
    return Derivation(model, solved, systems, closure, system)
