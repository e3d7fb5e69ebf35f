"""The game in which competitors react: aggregates as feedback of wealth, not as constants."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from eqsolve.derivation.identity import GeneralHJB
from eqsolve.game import Game, State
from eqsolve.notated.alike import average, competitor_aggregate
from eqsolve.notated.ansatz import Ansatz
from eqsolve.notated.matching import CoefficientEquation, CoefficientSystem, match
from eqsolve.notated.problem import faced
from eqsolve.notated.representative import Representative


def closed_loop_game(game: Game, crowd: Representative) -> Game:
    """Replace the environment by what the common feedback makes of it.

    In a finite population the average of the others' squared states becomes a third state. Only its
    drift is declared: the moments are affine in it, so its noise never enters.
    """
    roles, own = crowd.roles, game.states[0]
    other = roles.competitor
    position = roles.feedback(other, competitor_aggregate(crowd))
    implied = {
        roles.position: average(crowd, position),
        roles.mean_square: average(crowd, sp.expand(position**2)),
    }
    environment = {m: sp.expand(crowd.aggregates[m].subs(implied)) for m in game.environment}
    states = [
        replace(
            state,
            drift=state.drift.subs(environment),
            loadings={noise: v.subs(environment) for noise, v in state.loadings.items()},
        )
        for state in game.states
    ]
    if crowd.share != 0:
        theirs = {own.symbol: other, game.control: position}
        drift = own.drift.subs(theirs, simultaneous=True)
        variance = sum(v**2 for v in own.loadings.values()).subs(theirs, simultaneous=True)
        second = average(crowd, sp.expand(2 * other * drift + variance))
        states.append(State(roles.square, drift=second))
    return replace(game, states=tuple(states))


def closed_loop_system(game: Game, crowd: Representative, ansatz: Ansatz) -> CoefficientSystem:
    """Match the closed-loop game under the ansatz, extended by a term in a third state if any.

    The own feedback, which the first-order condition gives, is the common one.
    """
    closed = closed_loop_game(game, crowd)
    if len(closed.states) > len(game.states):
        last = game.preference.moments[-1].name
        extra = crowd.roles.of_square * crowd.roles.square
        ansatz = replace(
            ansatz, functions={**ansatz.functions, last: ansatz.functions[last] + extra}
        )
    system = match(GeneralHJB.of(faced(closed)), ansatz)
    same = dict(zip(crowd.roles.strategy, crowd.roles.affine))
    equations = tuple(
        CoefficientEquation(e.source, e.monomial, sp.expand(e.expression.subs(same)), e.unknown)
        for e in system.equations
    )
    return replace(system, equations=equations)
