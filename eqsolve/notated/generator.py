"""The controlled generator of the states' diffusion."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

import sympy as sp

from eqsolve.derivation.equations import Equations
from eqsolve.game.alone import Alone


@dataclass(frozen=True)
class Generator(Equations):
    """``A^p f = f_t + sum_i drift_i f_i + (1/2) sum_ij covariance_ij f_ij`` of a game.

    Attributes
    ----------
    game : the game it was derived from.
    drift : drift of every state.
    covariance : instantaneous covariance of every pair of states (i <= j), expanded in the control.
    """

    game: Alone
    drift: dict[sp.Symbol, sp.Expr]
    covariance: dict[tuple[sp.Symbol, sp.Symbol], sp.Expr]

    @staticmethod
    def of(game: Alone) -> Generator:
        """Derive the generator from the drifts and loadings (the paper's (2.11)-(2.13))."""
        covariance = {}
        for first, second in combinations_with_replacement(game.states, 2):
            shared = sp.Add(
                *(
                    loading * second.loadings[noise]
                    for noise, loading in first.loadings.items()
                    if noise in second.loadings
                )
            )
            covariance[first.symbol, second.symbol] = _abbreviated(sp.expand(shared), game)
        return Generator(game, {s.symbol: s.drift for s in game.states}, covariance)

    def apply(self, f: sp.Expr, time: sp.Symbol | None = None) -> sp.Expr:
        """Return ``A^p f``; the time derivative is taken where ``time`` is given."""
        terms = [sp.diff(f, time)] if time is not None else []
        terms += [drift * sp.diff(f, state) for state, drift in self.drift.items()]
        for (first, second), value in self.covariance.items():
            weight = sp.Rational(1, 2) if first == second else sp.S.One
            terms.append(weight * value * sp.diff(f, first, second))
        return sp.Add(*terms)

    @property
    def lines(self) -> list[tuple[sp.Basic, sp.Basic]]:
        """``A^p f`` for a smooth function of the states, as an equation."""
        f = sp.Function("f")(*self.drift)
        return [(sp.Symbol("A f"), self.apply(f))]


def _abbreviated(expression: sp.Expr, game: Alone) -> sp.Expr:
    """Use the game's abbreviations of sums of squares, such as s2 = nu^2 + sigma^2."""
    for name, definition in game.definitions.items():
        squares = sp.Add.make_args(definition)
        if len(squares) < 2 or not all(t.is_Pow and t.exp == 2 for t in squares):
            continue
        weights = {expression.coeff(t) for t in squares}
        if len(weights) == 1:
            (weight,) = weights
            expression = sp.expand(expression + weight * (name - definition))
    return expression
