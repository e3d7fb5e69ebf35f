"""Closing the loop: controls become feedback, and averages over the others follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sympy as sp

from eqsolve.derivation.laws import others_average
from eqsolve.derivation.problem import Others, Problem
from eqsolve.errors import DerivationError
from eqsolve.game import Game


@dataclass(frozen=True)
class Closure:
    """Substitutions, made after the derivatives in controls and states have been taken.

    Attributes
    ----------
    feedback : every control in states and coefficients.
    others : every average over the other copies, in the player's states and coefficients.
    aggregates : where the copies have types of their own, the symbol of every average over all
        copies and what is averaged; they are found with the numbers of all types.
    missing : averages that do not close, and why.
    """

    feedback: Mapping[sp.Symbol, sp.Expr]
    others: Mapping[sp.Symbol, sp.Expr]
    aggregates: Mapping[sp.Symbol, Others]
    missing: Mapping[sp.Symbol, DerivationError] = field(default_factory=dict)

    def __call__(self, expression: sp.Expr) -> sp.Expr:
        """The expression in equilibrium.

        Raises
        ------
        DerivationError
            If it has an average that needs a moment of the crowd that the game does not follow.
        """
        for name in self.missing:
            if name in expression.free_symbols:
                raise self.missing[name]
        return expression.xreplace(dict(self.others)).xreplace(dict(self.feedback))


def total_of(atom: Others) -> sp.Symbol:
    """The letter of an average over all copies, the player included."""
    return sp.Symbol(f"E[{atom.expression}]" + ("/n" if atom.power == 2 else ""))


def close(
    game: Game, problems: Sequence[Problem], feedback: Mapping[sp.Symbol, sp.Expr]
) -> Closure:
    """Close the loop with a feedback."""
    if game.crowd is not None and game.crowd.own:
        return _own_types(game, problems, feedback)
    others: dict[sp.Symbol, sp.Expr] = {}
    missing: dict[sp.Symbol, DerivationError] = {}
    for problem in problems:
        for name, atom in problem.others.items():
            try:
                played = atom.expression.xreplace(dict(feedback))
                others[name] = others_average(game, played, atom.power)
            except DerivationError as error:
                missing[name] = error
    return Closure(feedback, others, {}, missing)


def _own_types(
    game: Game, problems: Sequence[Problem], feedback: Mapping[sp.Symbol, sp.Expr]
) -> Closure:
    """The average over the others is that over all copies, less the player's own part."""
    crowd = game.crowd
    assert crowd is not None
    others: dict[sp.Symbol, sp.Expr] = {}
    aggregates: dict[sp.Symbol, Others] = {}
    for problem in problems:
        for name, atom in problem.others.items():
            own = atom.expression.xreplace(dict(feedback))
            states = own.free_symbols & set(game.state_symbols)
            if states:
                raise game.error(
                    f"the average of {atom.expression} over types needs the joint law of types "
                    f"and {', '.join(map(str, states))}.",
                    stage="laws",
                    remedy="With types of their own, drift, loadings and feedback of the copies "
                    "may not depend on their states.",
                )
            total = total_of(atom)
            aggregates[total] = Others(own, atom.power)
            others[name] = total - crowd.share**atom.power * own
    return Closure(feedback, others, aggregates)
