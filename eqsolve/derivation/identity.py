"""The extended HJB system for functions that are not known, and its identity for every control."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from eqsolve.derivation.equations import Equations
from eqsolve.derivation.hjb import ExtendedHJB
from eqsolve.derivation.problem import Problem
from eqsolve.game import Game, Moment


@dataclass(frozen=True)
class GeneralHJB(ExtendedHJB, Equations):
    """The system of a player with one control, its functions unknown, and the value's equation.

    The value ``V = F(x, U_1, ..., U_k)`` solves
    ``sup_p { A^p V - C^p + sum_k F_k R_k } + lambda (Phi - V) - rho sum_k F_k U_k = 0``, where
    ``C^p = A^p[F(., U)] - sum_k F_k A^p U_k`` corrects for time inconsistency and ``Phi`` is the
    value when the horizon strikes.

    Functions are those of SymPy of the states, and of ``time`` before them where it is given.
    """

    time: sp.Symbol | None = None

    @classmethod
    def of(cls, problem: Problem, time: sp.Symbol | None = None) -> GeneralHJB:
        """Build the system of a player's problem alone."""
        arguments = _arguments(problem, time)
        functions = {m.name: _function(m.name, arguments) for m in problem.moments}
        return cls(problem, functions, {}, time)

    @property
    def game(self) -> Game:
        """The game of the problem."""
        return self.problem.game

    @property
    def control(self) -> sp.Symbol:
        """The player's control."""
        (control,) = self.problem.player.controls
        return control

    @property
    def arguments(self) -> tuple[sp.Symbol, ...]:
        """Time, where functions depend on it, and states."""
        return _arguments(self.problem, self.time)

    def function(self, name: str) -> sp.Expr:
        """An unknown function of the arguments."""
        return _function(name, self.arguments)

    def applied(self, function: sp.Expr) -> sp.Expr:
        """The derivative in time and the generator of a function."""
        moved = sp.diff(function, self.time) if self.time is not None else sp.S.Zero
        return moved + self.problem.generator(function)

    @cached_property
    def moments(self) -> dict[Moment, sp.Expr]:
        """The unknown function of each moment."""
        return {m: self.functions[m.name] for m in self.problem.moments}

    @cached_property
    def correction(self) -> sp.Expr:
        """``C^p``: what the frozen arguments of the preference add to the generator."""
        frozen = sp.Add(*(self.marginal(m) * self.applied(u) for m, u in self.moments.items()))
        return sp.expand((self.applied(self.value) - frozen).doit())

    @cached_property
    def settlement(self) -> sp.Expr:
        """``Phi``: the value agents book when the horizon strikes."""
        gain = sp.Add(*(self.marginal(m) * (m.payoff - u) for m, u in self.moments.items()))
        return sp.expand(gain + self.value)

    @cached_property
    def hamiltonian(self) -> sp.Expr:
        """Left side of the equation of the value, before the supremum over the control."""
        value, discount = self.function("V"), self.problem.player.discount
        return (
            self.applied(value)
            - self.correction
            + sp.Add(*(self.marginal(m) * m.running for m in self.moments))
            + self.game.horizon.hazard * (self.settlement - value)
            - discount * sp.Add(*(self.marginal(m) * u for m, u in self.moments.items()))
        )

    @cached_property
    def deviation_rate(self) -> sp.Expr:
        """``sum_k F_k`` times the left side of the moment's equation: the gain rate of a spike."""
        return sp.Add(*(self.marginal(m) * self.moment_equation(m) for m in self.moments))

    @cached_property
    def first_order_condition(self) -> sp.Expr:
        """Derivative of the gain rate in the control."""
        return sp.expand(sp.Add(*self.gradient).doit())

    @cached_property
    def second_order_condition(self) -> sp.Expr:
        """Second derivative of the gain rate in the control (to be negative)."""
        return sp.expand(sp.diff(self.first_order_condition, self.control))

    def prove_identity(self) -> sp.Expr:
        """Prove, for every control, that the value's equation is the gain rate.

        With ``V = F(x, U)`` inserted, the left sides are equal identically in the control and in
        all derivatives of the unknown functions. Returns the residual, the zero polynomial.

        Raises
        ------
        DerivationError
            If they are not.
        """
        inserted = self.hamiltonian.subs(self.function("V"), self.value).doit()
        residual = sp.expand(inserted - self.deviation_rate.doit())
        if residual != 0:
            raise self.game.error(
                f"the value's equation differs from the deviation rate by {residual}.", stage="hjb"
            )
        return residual

    @property
    def lines(self) -> list[tuple[sp.Basic, sp.Basic]]:
        """The system, the value's equation before the supremum first."""
        equations = [self.hamiltonian, *(self.moment_equation(m) for m in self.moments)]
        return [(equation, sp.S.Zero) for equation in equations]


def _arguments(problem: Problem, time: sp.Symbol | None) -> tuple[sp.Symbol, ...]:
    return problem.states if time is None else (time, *problem.states)


def _function(name: str, arguments: tuple[sp.Symbol, ...]) -> sp.Expr:
    return sp.Function(name, real=True)(*arguments)
