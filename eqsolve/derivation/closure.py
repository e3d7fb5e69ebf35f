"""Closing the loop: controls become feedback, and averages over the others follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sympy as sp

from eqsolve.derivation.laws import others_average
from eqsolve.derivation.problem import Problem
from eqsolve.game import Game


@dataclass(frozen=True)
class Closure:
    """Substitutions, made after the derivatives in controls and states have been taken.

    Attributes
    ----------
    feedback : every control in states and coefficients.
    others : every average over the other copies, in the player's states and coefficients.
    """

    feedback: Mapping[sp.Symbol, sp.Expr]
    others: Mapping[sp.Symbol, sp.Expr]

    def __call__(self, expression: sp.Expr) -> sp.Expr:
        """The expression in equilibrium."""
        return expression.xreplace(dict(self.others)).xreplace(dict(self.feedback))


def close(
    game: Game, problems: Sequence[Problem], feedback: Mapping[sp.Symbol, sp.Expr]
) -> Closure:
    """Close the loop with the feedback of the ansatz.

    Raises
    ------
    DerivationError
        If an average needs a moment of the crowd that the game does not follow.
    """
    others = {
        name: others_average(game, atom.expression.xreplace(dict(feedback)), atom.power)
        for problem in problems
        for name, atom in problem.others.items()
    }
    return Closure(feedback, others)
