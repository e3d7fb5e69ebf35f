"""Equations of the planner, who chooses the control of every atom of a continuum."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from eqsolve.game import Model
from eqsolve.game.world import World
from eqsolve.verify.proof.equations import Equations, SecondOrder, in_time, optimal


def planner(model: Model, world: World, dots: Mapping[sp.Symbol, sp.Symbol]) -> Equations:
    """One chooses the control of every atom; the function depends on the law only."""
    game = model.game
    (player,) = game.players
    (moment,) = player.preference.moments
    law_only = World(game, tuple(c for c in world.copies if c.atom), None)
    if not law_only.copies:
        raise game.error("the planner of finitely many copies is not written out.", stage="checks")
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
