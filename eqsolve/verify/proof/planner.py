"""Equations of the planner, who chooses the control of every copy, or atom of a continuum."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from eqsolve.game import Model
from eqsolve.game.world import Copy, World
from eqsolve.verify.proof.equations import Equations, SecondOrder, in_time, optimal
from eqsolve.verify.proof.expectations import gains


def planner(model: Model, world: World, dots: Mapping[sp.Symbol, sp.Symbol]) -> Equations:
    """One chooses the control of every atom; the function depends on the law only.

    A planner whose preference is not one expectation cannot commit, and the functions are those of
    one player.
    """
    game = model.game
    (player,) = game.players
    moment, *others = player.preference.moments
    finite = world.size is not None
    if finite or others or player.preference.aggregate != moment.symbol:
        return _together(model, world, dots)
    law_only = World(game, tuple(c for c in world.copies if c.atom), None)
    played = law_only.played(model.ansatz.feedback)
    function = law_only.functional(model.ansatz.functions[moment.name])
    here = function({}, law_only.places)
    hazard = law_only.average(game.horizon.hazard)
    payoff = law_only.average(moment.payoff)
    rate = (
        in_time(here, dots)
        + law_only.rate(lambda _, places: function({}, places))
        + law_only.average(moment.running)
        + hazard * (payoff - here)
        - law_only.average(player.discount) * here
    )
    first_order: dict[str, sp.Expr] = {}
    second: list[SecondOrder] = []
    own = [c.controls[u] for c in law_only.copies for u in player.controls]
    optimal(
        player.name,
        player.preference.sense,
        rate,
        own,
        lambda e: e.xreplace(played),
        first_order,
        second,
    )
    return Equations(
        {f"equation of {moment.name}": rate.xreplace(played)},
        first_order,
        {f"{moment.name} at the end": (here - payoff).xreplace(played)},
        tuple(second),
    )


def _together(model: Model, world: World, dots: Mapping[sp.Symbol, sp.Symbol]) -> Equations:
    """All copies deviate at once: the gain is their average, each with the own functions."""
    (player,) = model.game.players
    played = world.played(model.ansatz.feedback)
    first, copies = world.first, [copy for copy in world.copies if copy.weight]
    terminal: dict[str, sp.Expr] = {}
    rates, gain = gains(model, world, dots, player, terminal)

    def as_first(copy: Copy) -> dict[sp.Symbol, sp.Symbol]:
        pairs = ((first.states, copy.states), (first.controls, copy.controls))
        there = {one[s]: two[s] for one, two in pairs for s in one}
        # of finitely many, both change places; beside a continuum the first has no weight
        back = {two: one for one, two in there.items()} if world.size is not None else {}
        return back | there

    def put(expression: sp.Expr) -> sp.Expr:
        return expression.xreplace(played)

    total = sp.Add(*(copy.weight * gain.xreplace(as_first(copy)) for copy in copies))
    first_order: dict[str, sp.Expr] = {}
    second: list[SecondOrder] = []
    own = [copy.controls[u] for copy in copies for u in player.controls]
    optimal(player.name, player.preference.sense, total, own, put, first_order, second)
    return Equations(
        {f"equation of {name}": put(rate) for name, rate in rates.items()},
        first_order,
        {label: put(difference) for label, difference in terminal.items()},
        tuple(second),
    )
