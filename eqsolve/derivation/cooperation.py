"""What a planner chooses who cannot commit: everybody deviates from the feedback at once.

The planner judges by the average of the players' preferences, each with the own state frozen. For a
preference that is linear in expectations that is control of the law (``planner``); for others, such
as mean and variance, a law of motion of the law would be commitment, and the equilibrium is the
feedback from which no brief deviation of all players gains on average.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from eqsolve.derivation.closure import Closure
from eqsolve.derivation.hjb import Adjoints, ExtendedHJB
from eqsolve.derivation.laws import others_average
from eqsolve.game import Game


def needs_commitment(game: Game) -> bool:
    """Whether the planner's control of the law would be commitment."""
    (player,) = game.players
    aggregate = player.preference.aggregate
    moments = [m.symbol for m in player.preference.moments]
    frozen = {*moments, *game.state_symbols, *(law.symbol for law in game.laws)}
    return any(sp.diff(aggregate, m).free_symbols & frozen for m in moments)


@dataclass(frozen=True)
class Cooperation(ExtendedHJB):
    """The system of one player where all deviate together.

    The gain rate of a deviation ``d`` of everybody is the average over the players of the own one,
    ``g d``, and of what the averages over the others do to all: with ``a = <e>`` such an average
    and ``w_a = sum_k F_k dA U_k/da`` its influence on a player, the derivative in the control of a
    player is ``g + sum_a <w_a> de/dp``.

    Attributes
    ----------
    average : the average of an expression over the others, each with the weight of one player.
    share : the weight of one player, 0 in a continuum.
    """

    average: Callable[[sp.Expr], sp.Expr]
    share: sp.Expr

    def influence(self, name: sp.Symbol) -> sp.Expr:
        """``w_a``, by the symbol of an average over the others."""
        return sp.Add(
            *(
                self.marginal(m) * sp.diff(self.moment_equation(m), name)
                for m in self.problem.moments
            )
        )

    def slopes(self, name: sp.Symbol) -> list[sp.Expr]:
        """The derivatives of what is averaged in the controls, as one of an average."""
        atom = self.problem.others[name]
        weight = self.share ** (atom.power - 1)
        return [weight * sp.diff(atom.expression, control) for control in self._controls]

    @property
    def _controls(self) -> tuple[sp.Symbol, ...]:
        return self.problem.player.controls

    @property
    def moving(self) -> tuple[sp.Symbol, ...]:
        """The averages over the others that a deviation moves."""
        return tuple(name for name in self.problem.others if any(self.slopes(name)))

    @cached_property
    def externality(self) -> tuple[sp.Expr, ...]:
        """What all others gain by a player's deviation, as derivatives in the player's controls."""
        means = {name: self.average(self.influence(name)) for name in self.moving}
        rows = [[mean * slope for slope in self.slopes(name)] for name, mean in means.items()]
        return tuple(sp.Add(*column) for column in zip(*rows)) or (sp.S.Zero,) * len(self._controls)

    @cached_property
    def gradient(self) -> tuple[sp.Expr, ...]:
        """Derivatives of the average gain rate in the controls of one player."""
        return tuple(map(sp.Add, self.own, self.externality))

    @cached_property
    def hessian(self) -> sp.Matrix:
        """Second derivatives: in deviations that leave the averages, and beside it by all alike.

        A deviation is the same for all and, added to it, one of mean zero; the average gain rate is
        the sum of both parts where its second derivatives are the same for all players. With ``n``
        players of weight ``1/n`` a deviation of one moves an average over the others by ``1/n`` of
        the slope, one by all alike moves it by ``(n - 1)/n`` of it.
        """
        controls, names, share = self._controls, self.moving, self.share
        alone = sp.Matrix([[sp.diff(g, control) for control in controls] for g in self.gradient])
        if not names:
            return sp.diag(alone, alone)
        rows = sp.Matrix([self.slopes(n) for n in names])
        influences = [self.influence(n) for n in names]
        mixed = sp.Matrix([[sp.diff(w, control) for control in controls] for w in influences])
        both = sp.Matrix([[sp.diff(w, n) for n in names] for w in influences])
        across, twice = mixed.T * rows + rows.T * mixed, rows.T * both * rows
        others = 1 - share
        return sp.diag(
            alone - share * across + share**2 * twice,
            alone + others * across + others**2 * twice,
        )


def cooperative(
    systems: Sequence[ExtendedHJB | Adjoints], closure: Closure
) -> tuple[Cooperation, ...]:
    """The systems with everybody deviating.

    Raises
    ------
    DerivationError
        If the game is none of players who are alike, or second derivatives are not
        the same for all players.
    """
    found = []
    for system in systems:
        assert isinstance(system, ExtendedHJB)
        game, states = system.problem.game, system.problem.states
        if game.crowd is None or game.crowd.own:
            raise game.error(
                "the planner needs players who are alike.",
                stage="planner",
                remedy="Declare Crowd(player), without parameters of the players' own.",
            )

        def average(expression: sp.Expr, game: Game = game) -> sp.Expr:
            return others_average(game, closure(expression), 1)

        share = game.crowd.share
        one = Cooperation(system.problem, system.functions, system.rates, average, share)
        if any(sp.expand(closure(e)).free_symbols & {*states} for e in one.hessian):
            raise game.error(
                "the second derivatives of the gain rate depend on the state.",
                stage="planner",
                remedy="Whether all deviate to a maximum is decided where they do not.",
            )
        found.append(one)
    return tuple(found)
