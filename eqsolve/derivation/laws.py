"""Averages over the copies that a crowd consists of."""

from __future__ import annotations

import sympy as sp

from eqsolve.errors import DerivationError
from eqsolve.game import Game
from eqsolve.game.world import common_states


def law_monomials(game: Game) -> dict[sp.Expr, sp.Symbol]:
    """The laws of states and of products of two states, by what they average."""
    states = game.state_symbols
    products = {a * b for a in states for b in states}
    return {law.of: law.symbol for law in game.laws if law.of in {*states, *products}}


def others_average(game: Game, expression: sp.Expr, power: int) -> sp.Expr:
    """The sum over the other copies of an expression in states, each with weight ``share**power``.

    The sum over the others of a monomial of the states is the total, which is its law, less the
    player's own.

    Raises
    ------
    DerivationError
        If the sum needs a moment of the crowd that the game does not follow.
    """
    crowd = game.crowd
    assert crowd is not None, "averages come from crowds"
    share = crowd.share
    expanded = sp.expand(expression)
    if own_letters := expanded.free_symbols & game.typed:
        raise game.error(
            f"the average of {expanded} over types needs the joint law of the states and "
            f"{', '.join(sorted(map(str, own_letters)))}.",
            stage="laws",
            remedy="Let drifts and loadings of the copies not have a state together with a "
            "parameter of their own.",
        )
    if power != 1 and crowd.weights is not None and expanded != 0:
        raise game.error(
            f"the variance of {expanded} over players with weights does not close.",
            stage="laws",
            remedy="Leave the weights out, or let the state not load on it.",
        )
    laws = law_monomials(game)
    averaged = set().union(*(of.free_symbols for of in laws))
    own = [s for s in game.state_symbols if expanded.has(s)]
    # factors common to all copies have no law and move by common noise only
    own = [s for s in own if s in averaged or s not in common_states(game)]
    number = share ** (power - 1) - share**power if share != 0 else sp.Integer(power == 1)
    weight = share ** (power - 1) if share != 0 else sp.Integer(power == 1)
    if not own:
        return expanded * number
    if not expanded.is_polynomial(*own):
        raise _missing(game, expanded, declarable=False)
    total = sp.S.Zero
    for exponents, coefficient in sp.Poly(expanded, *own).terms():
        monomial = sp.Mul(*(s**e for s, e in zip(own, exponents)))
        if monomial == 1:
            total += coefficient * number
        elif monomial in laws:
            total += coefficient * weight * (laws[monomial] - share * monomial)
        else:
            raise _missing(game, monomial, declarable=sum(exponents) <= 2)
    return total


def _missing(game: Game, needed: sp.Expr, declarable: bool) -> DerivationError:
    ways = [f"Declare Law(symbol, of={needed}, given=(common noises))."] if declarable else []
    if not needed.is_Symbol:
        ways.append("Use a feedback or a loading that does not depend on it, or the planner.")
    return game.error(
        f"the average over the crowd needs the mean of {needed}.",
        stage="laws",
        remedy=" ".join(ways),
    )
