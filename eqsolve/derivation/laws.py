"""Averages over the copies that a crowd consists of."""

from __future__ import annotations

import sympy as sp

from eqsolve.game import Game
from eqsolve.game.world import common_states


def others_average(game: Game, expression: sp.Expr, power: int) -> sp.Expr:
    """The sum over the other copies of an expression in states, each with weight ``share**power``.

    A copy's state enters through at most its first power: the sum over the others of the states
    is the total, which is the law, less the player's own.

    Raises
    ------
    DerivationError
        If the sum needs a moment of the crowd that the game does not follow.
    """
    crowd = game.crowd
    assert crowd is not None, "averages come from crowds"
    share = crowd.share
    expanded = sp.expand(expression)
    own = [s for s in game.state_symbols if expanded.has(s)]
    laws = {law.of: law.symbol for law in game.laws if law.of in game.state_symbols}
    # factors common to all copies have no law and move by common noise only
    own = [s for s in own if s in laws or s not in common_states(game)]
    number = share ** (power - 1) - share**power if share != 0 else sp.Integer(power == 1)
    total = expanded.xreplace({s: sp.S.Zero for s in own}) * number
    rest = sp.expand(expanded - expanded.xreplace({s: sp.S.Zero for s in own}))
    for state in own:
        slope = sp.diff(rest, state)
        if slope.free_symbols & set(own):
            raise game.error(
                f"the average over the crowd needs the second moment of {state}.",
                stage="laws",
                remedy="Use a feedback or a loading that does not depend on it, or the notion "
                "planner.",
            )
        if state not in laws:
            raise game.error(
                f"the average over the crowd needs the mean of {state}.",
                stage="laws",
                remedy=f"Declare Law(symbol, of={state}, given=(common noises)).",
            )
        mean = laws[state]
        weight = share ** (power - 1) if share != 0 else sp.Integer(power == 1)
        total += slope * weight * (mean - share * state)
    return total
