"""The extended Hamilton-Jacobi-Bellman system of one player, at an ansatz."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from eqsolve.derivation.problem import Problem
from eqsolve.game import Moment, t


def time_derivative(function: sp.Expr, rates: Mapping[sp.Symbol, sp.Symbol]) -> sp.Expr:
    """The derivative in time of a function whose coefficients move at ``rates``."""
    moving = [c for c in rates if c in function.free_symbols]
    return sp.diff(function, t) + sp.Add(*(sp.diff(function, c) * rates[c] for c in moving))


@dataclass(frozen=True)
class ExtendedHJB:
    """The system of a player, its functions of the states given by an ansatz.

    With ``A`` the generator, ``lambda`` the hazard rate, ``rho`` the discount rate and ``F`` the
    preference,

    - every moment solves ``U_t + A U + R - lambda (U - phi) - rho U = 0`` at the feedback
      (``R`` its running part, ``phi`` its payoff),
    - the feedback makes the gain rate ``sum_k F_k (U_k,t + A U_k + R_k - ...)`` of a spike
      stationary in the controls, and maximal (minimal, for a preference that is minimized).

    (Bjork and Murgoci 2014; for a preference linear in expectations this is the HJB equation.)

    Attributes
    ----------
    problem : what the player faces.
    functions : every moment's expectation in states and coefficients.
    rates : the symbol of the time derivative of every coefficient.
    """

    problem: Problem
    functions: Mapping[str, sp.Expr]
    rates: Mapping[sp.Symbol, sp.Symbol]

    def applied(self, function: sp.Expr) -> sp.Expr:
        """The derivative in time and the generator of a function."""
        return time_derivative(function, self.rates) + self.problem.generator(function)

    def moment_equation(self, moment: Moment) -> sp.Expr:
        """Left side of the equation of a moment, for any control."""
        unknown = self.functions[moment.name]
        hazard = self.problem.game.horizon.hazard
        return (
            self.applied(unknown)
            + moment.running
            - hazard * (unknown - moment.payoff)
            - self.problem.player.discount * unknown
        )

    def marginal(self, moment: Moment) -> sp.Expr:
        """``F_k``, the derivative of the preference in one moment."""
        values = {m.symbol: self.functions[m.name] for m in self.problem.moments}
        return sp.diff(self.problem.aggregate, moment.symbol).xreplace(values)

    @cached_property
    def value(self) -> sp.Expr:
        """``V = F(x, U_1, ..., U_k)``."""
        values = {m.symbol: self.functions[m.name] for m in self.problem.moments}
        return self.problem.aggregate.xreplace(values)

    @property
    def gradient(self) -> tuple[sp.Expr, ...]:
        """What vanishes at the feedback: derivatives of a gain rate in the player's controls."""
        return self.own

    @cached_property
    def own(self) -> tuple[sp.Expr, ...]:
        """Derivatives of the player's own gain rate in the controls."""
        marginals = {m.name: self.marginal(m) for m in self.problem.moments}
        equations = {m.name: self.moment_equation(m) for m in self.problem.moments}
        return tuple(
            sp.Add(*(marginals[k] * sp.diff(equations[k], control) for k in marginals))
            for control in self.problem.player.controls
        )

    @cached_property
    def hessian(self) -> sp.Matrix:
        """Second derivatives of the gain rate in the player's controls."""
        return sp.Matrix(
            [
                [sp.diff(g, control) for control in self.problem.player.controls]
                for g in self.gradient
            ]
        )


@dataclass(frozen=True)
class Adjoints:
    """Pontryagin's system of a player whose competitors do not react: open-loop strategies.

    ``functions`` holds the derivative ``U_s`` of each moment in each state, by ``"NAME.STATE"``;
    with the competitors' controls held fixed while the derivatives in the states are taken, they
    solve ``U_s,t + A U_s + sum_j (d drift_j/ds) U_j + dR/ds - lambda (U_s - phi_s) - rho U_s = 0``
    and the gain rate's derivative in a control is ``sum_j (d drift_j/dp) U_j + dR/dp``
    (Carmona and Delarue 2018, volume I, section 2.2). Loadings may not depend on states or
    controls.
    """

    problem: Problem
    functions: Mapping[str, sp.Expr]
    rates: Mapping[sp.Symbol, sp.Symbol]

    def __post_init__(self) -> None:
        game, problem = self.problem.game, self.problem
        inner = {*problem.states, *game.controls}
        if any(value.free_symbols & inner for value in problem.covariance.values()):
            raise game.error(
                "a loading depends on a state or control.",
                stage="open-loop",
                remedy="Use the notion feedback.",
            )
        if problem.jumps:
            raise game.error(
                "jumps are not supported.", stage="open-loop", remedy="Use the notion feedback."
            )
        if len(problem.moments) != 1 or problem.aggregate != problem.moments[0].symbol:
            raise game.error(
                "the preference is not one expectation.",
                stage="open-loop",
                remedy="Use the notion feedback.",
            )

    def adjoint(self, state: sp.Symbol) -> sp.Expr:
        """The derivative of the expectation in a state."""
        return self.functions[f"{self.problem.moments[0].name}.{state}"]

    def adjoint_equation(self, state: sp.Symbol) -> sp.Expr:
        """Left side of the equation of one adjoint, controls and averages as atoms."""
        problem, (moment,) = self.problem, self.problem.moments
        unknown, hazard = self.adjoint(state), self.problem.game.horizon.hazard
        return (
            time_derivative(unknown, self.rates)
            + problem.generator(unknown)
            + sp.Add(*(sp.diff(rate, state) * self.adjoint(s) for s, rate in problem.drift.items()))
            + sp.diff(moment.running, state)
            - hazard * (unknown - sp.diff(moment.payoff, state))
            - problem.player.discount * unknown
        )

    @cached_property
    def gradient(self) -> tuple[sp.Expr, ...]:
        """Derivatives of the Hamiltonian in the player's controls."""
        problem, (moment,) = self.problem, self.problem.moments
        return tuple(
            sp.Add(*(sp.diff(rate, control) * self.adjoint(s) for s, rate in problem.drift.items()))
            + sp.diff(moment.running, control)
            for control in problem.player.controls
        )

    @cached_property
    def hessian(self) -> sp.Matrix:
        """Second derivatives of the Hamiltonian in the player's controls."""
        return sp.Matrix(
            [
                [sp.diff(g, control) for control in self.problem.player.controls]
                for g in self.gradient
            ]
        )
