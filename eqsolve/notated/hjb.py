"""The extended Hamilton-Jacobi-Bellman system of a game with a nonlinear function of moments."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from eqsolve.derivation.equations import Equations
from eqsolve.errors import DerivationError
from eqsolve.game import Moment
from eqsolve.game.alone import Alone
from eqsolve.notated.generator import Generator
from eqsolve.symbols import letters


@dataclass(frozen=True)
class ExtendedHJB(Equations):
    """The system for the moments ``U_k`` and the value ``V = F(x, U_1, ..., U_k)``.

    With ``A`` the generator and ``lambda`` the hazard rate,

    - every moment solves ``A^{p*} U_k + R_k - lambda (U_k - phi_k) = 0``, ``R_k`` its running part
      (the paper's (2.18), (2.19)),
    - the value solves ``sup_p { A^p V - C^p + sum_k F_k R_k } + lambda (Phi - V) = 0``
      ((2.15)-(2.17)), where ``C^p = A^p[F(., U)] - sum_k F_k A^p U_k`` corrects for time
      inconsistency and ``Phi`` is the value when the horizon strikes.

    Functions of time and states are SymPy functions of (t, states), of states alone unless
    ``moving``.
    """

    game: Alone
    generator: Generator
    moving: bool = False

    @staticmethod
    def of(game: Alone, *, moving: bool = False) -> ExtendedHJB:
        """Build the system from the game's definition alone."""
        return ExtendedHJB(game, Generator.of(game), moving)

    @property
    def arguments(self) -> tuple[sp.Symbol, ...]:
        """Time (unless the problem is stationary) and states."""
        states = self.game.state_symbols
        return (letters("t")[0], *states) if self.moving else states

    def function(self, name: str) -> sp.Expr:
        """An unknown function of the arguments."""
        return sp.Function(name, real=True)(*self.arguments)

    def _apply(self, f: sp.Expr) -> sp.Expr:
        return self.generator.apply(f, letters("t")[0] if self.moving else None)

    @cached_property
    def moments(self) -> dict[Moment, sp.Expr]:
        """The unknown function of each moment."""
        return {m: self.function(m.name) for m in self.game.preference.moments}

    @cached_property
    def value(self) -> sp.Expr:
        """``F`` at the unknown moments (the paper's (2.14), (2.44))."""
        return self._at_moments(self.game.preference.aggregate)

    def _at_moments(self, expression: sp.Expr) -> sp.Expr:
        return expression.subs({m.symbol: u for m, u in self.moments.items()})

    def marginal(self, moment: Moment) -> sp.Expr:
        """``F_k``, the derivative of the preference in one moment, at the unknown moments."""
        return self._at_moments(sp.diff(self.game.preference.aggregate, moment.symbol))

    def moment_equation(self, moment: Moment) -> sp.Expr:
        """Left side of ``A^p U + R - lambda (U - phi) = 0`` for one moment."""
        unknown = self.moments[moment]
        return (
            self._apply(unknown)
            + moment.running
            - self.game.horizon.hazard * (unknown - moment.payoff)
        )

    @cached_property
    def correction(self) -> sp.Expr:
        """``C^p``: what the frozen arguments of the preference add to the generator."""
        return sp.expand(
            (
                self._apply(self.value)
                - sp.Add(*(self.marginal(m) * self._apply(u) for m, u in self.moments.items()))
            ).doit()
        )

    @cached_property
    def settlement(self) -> sp.Expr:
        """``Phi``: the value agents book when the horizon strikes."""
        gain = sp.Add(*(self.marginal(m) * (m.payoff - u) for m, u in self.moments.items()))
        return sp.expand(gain + self.value)

    @cached_property
    def hamiltonian(self) -> sp.Expr:
        """Left side of the equation of the value, before the supremum over the control."""
        value = self.function("V")
        return (
            self._apply(value)
            - self.correction
            + sp.Add(*(self.marginal(m) * m.running for m in self.moments))
            + self.game.horizon.hazard * (self.settlement - value)
        )

    @cached_property
    def deviation_rate(self) -> sp.Expr:
        """``sum_k F_k (A^p U_k + R_k - lambda (U_k - phi_k))``: the gain rate of a spike."""
        return sp.Add(*(self.marginal(m) * self.moment_equation(m) for m in self.moments))

    @cached_property
    def first_order_condition(self) -> sp.Expr:
        """Derivative of the deviation rate in the control."""
        return sp.expand(sp.diff(self.deviation_rate, self.game.control).doit())

    @cached_property
    def second_order_condition(self) -> sp.Expr:
        """Second derivative of the deviation rate in the control (to be negative)."""
        return sp.expand(sp.diff(self.first_order_condition, self.game.control))

    def prove_identity(self) -> sp.Expr:
        """Prove, for every control, that the value's equation is the deviation rate.

        With ``V = F(x, U)`` inserted, the Hamiltonian equals ``sum_k F_k (A^p U_k + R_k - ...)``
        identically in the control and in all derivatives of the unknown functions. Returns the
        residual, which is the zero polynomial; raises DerivationError otherwise.
        """
        inserted = self.hamiltonian.subs(self.function("V"), self.value).doit()
        residual = sp.expand(inserted - self.deviation_rate.doit())
        if residual != 0:
            raise DerivationError(
                f"the value's equation differs from the deviation rate by {residual}.",
                game=self.game.name,
                stage="hjb",
            )
        return residual

    @property
    def lines(self) -> list[tuple[sp.Basic, sp.Basic]]:
        """The system, the value's equation before the supremum first."""
        equations = [self.hamiltonian, *(self.moment_equation(m) for m in self.moments)]
        return [(equation, sp.S.Zero) for equation in equations]
