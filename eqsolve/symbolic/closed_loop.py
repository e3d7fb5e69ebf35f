"""The game in which competitors react: aggregates as feedback of wealth, not as constants."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from eqsolve.symbolic.ansatz import Ansatz
from eqsolve.symbolic.game import Game, State
from eqsolve.symbolic.hjb import ExtendedHJB
from eqsolve.symbolic.matching import CoefficientEquation, CoefficientSystem, match
from eqsolve.symbolic.population import Population
from eqsolve.symbols import symbol


def closed_loop_game(game: Game, population: Population) -> Game:
    """Replace the environment by what the common feedback ``k1, k2, k3`` makes of it.

    In a finite population the second moment ``q = (1/n) sum_{k != i} x_k^2`` becomes a third state.
    Only its drift is declared: the moments are affine in ``q``, so its noise never enters.
    """
    x, own = symbol("x"), game.states[0]
    other = symbol("x_k")
    position = population.feedback(other, population.competitor_aggregate)
    implied = {
        symbol("g"): population.average(position),
        symbol("g2"): population.average(sp.expand(position**2)),
    }
    environment = {m: sp.expand(population.aggregates[m].subs(implied)) for m in game.environment}
    states = [
        replace(
            state,
            drift=state.drift.subs(environment),
            loadings={noise: v.subs(environment) for noise, v in state.loadings.items()},
        )
        for state in game.states
    ]
    if population.reciprocal != 0:
        theirs = {x: other, game.control.symbol: position}
        drift = own.drift.subs(theirs, simultaneous=True)
        variance = sum(v**2 for v in own.loadings.values()).subs(theirs, simultaneous=True)
        second = population.average(sp.expand(2 * other * drift + variance))
        states.append(State(symbol("q"), drift=second))
    return replace(game, states=tuple(states), environment=())


def closed_loop_system(game: Game, population: Population, ansatz: Ansatz) -> CoefficientSystem:
    """Match the closed-loop game under the ansatz, extended by a term in ``q`` if there is one.

    The own feedback (p1, p2, p3) and the common one (k1, k2, k3) are kept apart, so that
    deviations can be studied; a closed-loop Nash equilibrium has them equal.
    """
    closed = closed_loop_game(game, population)
    if len(closed.states) > len(game.states):
        extra = symbol("hq") * symbol("q")
        ansatz = replace(ansatz, moments={**ansatz.moments, "H": ansatz.moments["H"] + extra})
    return match(ExtendedHJB.of(closed), ansatz)


def symmetric(system: CoefficientSystem) -> CoefficientSystem:
    """Identify the own feedback with the common one."""
    same = {symbol(f"k{i}"): symbol(f"p{i}") for i in (1, 2, 3)}
    equations = tuple(
        CoefficientEquation(e.source, e.monomial, sp.expand(e.expression.subs(same)), e.unknown)
        for e in system.equations
    )
    return replace(system, equations=equations)
