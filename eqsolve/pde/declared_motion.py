"""The motion and the cost of a declared game of one state in the letters of the solver.

The drift is ``b(x) + k a + c1 M + c2 A`` with the means M of the state and A of the control a. What
the solver calls its control is the speed ``v = k a + D``, where ``D = c1 M + c2 A = (c1 k M + c2
V)/(k + c2)`` is known from M and the mean V of v. A cost of second degree in a is one in v: ``q v^2
+ (l(x) + c M + d V) v + f(x, law)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from eqsolve.pde.declared_part import Part

X, MEAN, VARIANCE, SPEED, GRADIENT = (
    sp.Symbol(name, real=True) for name in ("x", "mean", "variance", "control_mean", "p")
)


@dataclass(frozen=True)
class InSpeeds:
    """A running cost ``square v^2 + (linear + mean M + speed V) v + rest``; linear is one of x."""

    square: sp.Expr
    linear: sp.Expr
    mean: sp.Expr
    speed: sp.Expr
    rest: sp.Expr


@dataclass(frozen=True)
class Motion(Part):
    """One state of players who are alike."""

    @property
    def state(self) -> sp.Symbol:
        """The only state."""
        return self.game.state_symbols[0]

    @cached_property
    def mean(self) -> sp.Symbol:
        """The mean of the state, in the author's letter where there is one."""
        found = [law.symbol for law in self.game.laws if law.of == self.state]
        return found[0] if found else sp.Dummy("mean")

    @cached_property
    def speeds(self) -> tuple[sp.Symbol, ...]:
        """The means of the control."""
        return tuple(law.symbol for law in self.game.laws if law.of == self.control)

    @cached_property
    def variances(self) -> tuple[sp.Symbol, ...]:
        """The variances of the state.

        Raises
        ------
        NotRepresentedError
            If there is a law of another kind.
        """
        found = []
        for law in self.game.laws:
            if law.of not in (self.state, self.control):
                if sp.expand(law.of - (self.state - self.mean) ** 2) != 0:
                    raise self.refuse(f"the law {law.symbol} is no mean and no variance")
                found.append(law.symbol)
        return tuple(found)

    @cached_property
    def viscosity(self) -> sp.Expr:
        """Half the squared volatility."""
        return sp.Add(*(self.plain(v**2) for v in self.game.states[0].loadings.values())) / 2

    @cached_property
    def cost(self) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
        """Factors of the square and of the first power of the control, and the rest."""
        paid = self.own[0]
        if not paid.is_polynomial(self.control):
            return sp.S.Zero, sp.S.Zero, paid
        powers = sp.Poly(paid, self.control)
        if powers.degree() != 2:
            return sp.S.Zero, sp.S.Zero, paid
        square, linear, rest = powers.all_coeffs()
        return square, sp.expand(linear), rest

    @property
    def factor(self) -> sp.Expr:
        """The factor of the control in the drift."""
        return self.affine(self.game.states[0].drift, "the drift")[1]

    @cached_property
    def pushes(self) -> tuple[sp.Expr, sp.Expr]:
        """Factors of the means of state and control in the drift."""
        whole = self.plain(self.game.states[0].drift)
        of_control = sp.Add(*(sp.diff(whole, symbol) for symbol in self.speeds))
        return sp.diff(whole, self.mean), of_control

    @cached_property
    def drift(self) -> sp.Expr:
        """What the drift is without the control and the means."""
        whole, _ = self.affine(self.game.states[0].drift, "the drift")
        laws = sp.Add(*(sp.diff(whole, symbol) * symbol for symbol in (self.mean, *self.speeds)))
        return sp.expand(whole - laws)

    @cached_property
    def others(self) -> sp.Expr:
        """The part of the drift that all laws make, by the means of state and speed."""
        of_state, of_control = self.pushes
        return (of_state * self.factor * MEAN + of_control * SPEED) / (self.factor + of_control)

    @cached_property
    def in_speeds(self) -> InSpeeds:
        """The running cost; ``linear`` keeps what is no mean times a constant."""
        speed = sp.Dummy("v")
        letters = self.letters | {self.control: (speed - self.others) / self.factor}
        square, linear, rest = sp.Poly(self.own[0].xreplace(letters), speed).all_coeffs()
        of_mean, of_speed = (self._constant(sp.diff(linear, law)) for law in (MEAN, SPEED))
        linear = sp.expand(linear - of_mean * MEAN - of_speed * SPEED)
        return InSpeeds(square, linear, of_mean, of_speed, rest)

    @staticmethod
    def _constant(factor: sp.Expr) -> sp.Expr:
        """The factor if it is one of parameters, else none."""
        factor = sp.expand(factor)
        return sp.S.Zero if factor.free_symbols & {X, MEAN, VARIANCE, SPEED} else factor

    @cached_property
    def letters(self) -> dict[sp.Symbol, sp.Expr]:
        """State and laws in the letters of the solver."""
        found: dict[sp.Symbol, sp.Expr] = {self.state: X, self.mean: MEAN}
        found |= dict.fromkeys(self.variances, VARIANCE)
        return found | dict.fromkeys(self.speeds, (SPEED - self.others) / self.factor)
