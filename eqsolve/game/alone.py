"""A game of one player to whom averages over the others are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy as sp

from eqsolve.game.fields import exact
from eqsolve.game.game import Game


@dataclass(frozen=True)
class Alone(Game):
    """The decision of one player, who has one control, given what the others do.

    Parameters
    ----------
    environment : symbols that the player takes as given (aggregates of the competitors).
    implied : letters ``symbol -> expression`` that follow from parameters and stand for them.

    Raises
    ------
    DerivationError
        If it is no game of one player with one control, two states share a symbol, or a payoff
        depends on the control.
    """

    environment: tuple[sp.Symbol, ...] = ()
    implied: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        spelled = {symbol: exact(value) for symbol, value in self.implied.items()}
        object.__setattr__(self, "implied", spelled)
        if len(self.players) != 1 or len(self.controls) != 1:
            raise self.error("it is no game of one player with one control.")
        if len(set(self.state_symbols)) != len(self.states):
            raise self.error("two states share a symbol.")
        if any(moment.payoff.has(self.control) for moment in self.preference.moments):
            raise self.error(
                "a payoff depends on the control.",
                remedy="Put control costs into the running part of a moment.",
            )
