"""What a line of a display observes along the paths of the states, and how it moves."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp


@dataclass(frozen=True)
class Part:
    """An explicit function of the states, or a derivative of it, with its letter."""

    by: tuple[sp.Symbol, ...]
    letter: sp.Expr
    value: sp.Expr

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.letter.func.__name__)


@dataclass(frozen=True)
class Observed:
    """A function of the states that is looked at along their paths, and how it moves.

    Attributes
    ----------
    name : for hypotheses.
    value, rate : the function and the generator applied to it, with letters.
    parts : of an explicit function, itself first.
    payoff : what it pays at the horizon, if its own equation is known.
    """

    name: str
    value: sp.Expr
    rate: sp.Expr
    parts: tuple[Part, ...]
    payoff: sp.Expr | None

    def spelled(self, e: sp.Expr) -> sp.Expr:
        """An expression with what the letters are."""
        return e.xreplace({part.letter: part.value for part in self.parts})

    def before(self, part: Part) -> Part:
        """What a derivative is the last derivative of."""
        return next(p for p in self.parts if p.by == part.by[:-1])


@dataclass(frozen=True)
class Motion:
    """Why what a line says is 0 stays 0.

    Attributes
    ----------
    observed : what is expected.
    gap : what is 0, with tokens.
    weight : the factor of the expectation in it.
    inflow : the rates of the integrals in it, by integrand.
    equation : whether the function's own equation is needed.
    """

    observed: Observed
    gap: sp.Expr
    weight: sp.Expr
    inflow: dict[sp.Expr, sp.Expr]
    equation: bool
