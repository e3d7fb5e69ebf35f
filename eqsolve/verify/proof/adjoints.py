"""Pontryagin's equations, for the notion open-loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp

from eqsolve.game import Model
from eqsolve.game.world import Functional, Place, World
from eqsolve.verify.proof.equations import Equations, SecondOrder, in_time, optimal


def adjoints(model: Model, world: World, dots: Mapping[sp.Symbol, sp.Symbol]) -> Equations:
    """Pontryagin's equations in the states of all copies, the others' controls held fixed.

    The adjoint of a copy's state is the chain rule's: own state and share in the laws.
    """
    game, first = model.game, world.first
    played = world.played(model.ansatz.feedback)
    hazard = world.of_copy(game.horizon.hazard, first)
    laws = world.laws(world.places)
    drifts = {
        copy.states[state.symbol]: world.of_copy(state.drift, copy)
        for copy in world.copies
        for state in game.states
    }
    motion: dict[str, sp.Expr] = {}
    first_order: dict[str, sp.Expr] = {}
    terminal: dict[str, sp.Expr] = {}
    second: list[SecondOrder] = []
    for player in game.players:
        (moment,) = player.preference.moments
        discount = world.of_copy(player.discount, first)
        own = {
            s: world.functional(model.ansatz.functions[f"{moment.name}.{s}"])
            for s in (*game.state_symbols, *laws)
        }
        inner = {**first.states, **laws}

        def adjoint(coordinate: sp.Symbol) -> Functional:
            weights = {s: sp.diff(inner[s], coordinate) for s in own}

            def at(states: Mapping[sp.Symbol, sp.Expr], places: Sequence[Place]) -> sp.Expr:
                return sp.Add(*(w * own[s](states, places) for s, w in weights.items() if w != 0))

            return at

        values = {x: adjoint(x)(first.states, world.places) for x in drifts}
        running = world.of_copy(moment.running, first)
        payoff = world.of_copy(moment.payoff, first)
        for x in drifts:
            if values[x] == 0:
                continue
            left = (
                in_time(values[x], dots)
                + world.rate(adjoint(x))
                + sp.Add(*(sp.diff(b, x) * values[y] for y, b in drifts.items()))
                + sp.diff(running, x)
                + hazard * (sp.diff(payoff, x) - values[x])
                - discount * values[x]
            )
            motion[f"adjoint of {moment.name} in {x}"] = left.xreplace(played)
            terminal[f"adjoint of {moment.name} in {x} at the end"] = (
                values[x] - sp.diff(payoff, x)
            ).xreplace(played)
        hamiltonian = sp.Add(running, *(b * values[x] for x, b in drifts.items()))
        controls = [first.controls[c] for c in player.controls]
        optimal(
            player.name,
            player.preference.sense,
            hamiltonian,
            controls,
            lambda e: e.xreplace(played),
            first_order,
            second,
        )
    return Equations(motion, first_order, terminal, tuple(second))
