"""Equations of expectations and of what is played: the notions feedback and given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sympy as sp

from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.fixed_point import FixedPoint
from eqsolve.game import Model, Player, t
from eqsolve.game.world import World
from eqsolve.verify.proof.equations import Equations, SecondOrder, in_time, optimal


def given(
    derivation: Derivation,
    fixed: FixedPoint,
    world: World,
    dots: Mapping[sp.Symbol, sp.Symbol],
) -> Equations:
    """The others' controls are any numbers: the averages of them, as sums over copies, are given.

    To tell one average from another, every other copy has parameters of its own, except those
    that its motion has without controls.
    """
    first, among = world.first, with_own_letters(world)

    def averages(there: World, controls: Mapping[sp.Symbol, sp.Expr]) -> dict[sp.Symbol, sp.Expr]:
        """The averages over the others, by definition."""
        return {
            name: sp.Add(
                *(
                    c.weight**atom.power * there.of_copy(atom.expression, c)
                    for c in there.copies[1:]
                )
            ).xreplace(dict(controls))
            for name, atom in fixed.averages.items()
        }

    def own(forms: Mapping[sp.Symbol, sp.Expr]) -> dict[sp.Symbol, sp.Expr]:
        """The first copy's controls."""
        put = {**first.states, **world.laws(world.places)}
        return {first.controls[u]: form.xreplace(put) for u, form in forms.items()}

    found = functions(derivation.solved, among, dots, own(fixed.response), averages(among, {}))
    if fixed.totals:
        # whatever the averages over all are, the others' are these less the own part
        played, share = own(fixed.strategy), first.weight
        others = {
            name: total
            - share**atom.power * world.of_copy(atom.expression, first).xreplace(dict(played))
            for (name, atom), total in zip(fixed.averages.items(), fixed.totals)
        }
        consistent = {
            f"{control} is the response to the others": played[control] - form.xreplace(others)
            for control, form in own(fixed.response).items()
        }
        return replace(found, consistent=consistent)
    everybody = world.played(fixed.strategy)
    closed = averages(world, everybody)
    consistent = {
        f"{control} is the response to itself": everybody[control] - form.xreplace(closed)
        for control, form in own(fixed.response).items()
    }
    return replace(found, consistent=consistent)


def with_own_letters(world: World) -> World:
    """The same world, the others' parameters with letters of their own where they may differ."""
    game = world.game
    still = {control: sp.S.Zero for control in game.controls}
    states = [e for s in game.states for e in (s.drift, *s.loadings.values())]
    states += [law.of for law in game.laws]
    spelled = [e.xreplace(world.fixed) for e in states]
    common = set().union(*(e.xreplace(still).free_symbols for e in spelled))
    common |= {*game.state_symbols, *(law.symbol for law in game.laws), t, *game.controls}
    letters = sorted(set().union(*(e.free_symbols for e in spelled)) - common, key=str)
    copies = tuple(
        replace(c, types={s: sp.Symbol(f"{s.name}_{k}") for s in letters} | dict(c.types))
        for k, c in enumerate(world.copies)
        if k
    )
    return replace(world, copies=(world.first, *copies))


def functions(
    model: Model,
    world: World,
    dots: Mapping[sp.Symbol, sp.Symbol],
    played: Mapping[sp.Symbol, sp.Expr],
    given: Mapping[sp.Symbol, sp.Expr] | None = None,
) -> Equations:
    """The equations of expectations and of what is played; averages that are given inserted."""
    game, first = model.game, world.first

    def put(expression: sp.Expr) -> sp.Expr:
        return expression.xreplace(dict(played)).xreplace(dict(given or {}))

    motion: dict[str, sp.Expr] = {}
    first_order: dict[str, sp.Expr] = {}
    terminal: dict[str, sp.Expr] = {}
    second: list[SecondOrder] = []
    for player in game.players:
        rates, gain = gains(model, world, dots, player, terminal)
        motion |= {f"equation of {name}": put(rate) for name, rate in rates.items()}
        own = [first.controls[c] for c in player.controls]
        optimal(player.name, player.preference.sense, gain, own, put, first_order, second)
    ends = {label: put(difference) for label, difference in terminal.items()}
    return Equations(motion, first_order, ends, tuple(second))


def gains(
    model: Model,
    world: World,
    dots: Mapping[sp.Symbol, sp.Symbol],
    player: Player,
    terminal: dict[str, sp.Expr],
) -> tuple[dict[str, sp.Expr], sp.Expr]:
    """The rates of a player's expectations by name, and the gain rate, controls as letters.

    Functions less payoffs are added to ``terminal``, by label.
    """
    first = world.first
    hazard = world.of_copy(model.game.horizon.hazard, first)
    discount = world.of_copy(player.discount, first)
    values, rates = {}, {}
    for moment in player.preference.moments:
        function = world.functional(model.ansatz.functions[moment.name])
        here = function(first.states, world.places)
        payoff = world.of_copy(moment.payoff, first)
        rates[moment.name] = (
            in_time(here, dots)
            + world.rate(function)
            + world.of_copy(moment.running, first)
            + hazard * (payoff - here)
            - discount * here
        )
        values[moment.symbol] = here
        terminal[f"{moment.name} at the end"] = here - payoff
    aggregate = player.preference.aggregate
    weights = {m.name: sp.diff(aggregate, m.symbol) for m in player.preference.moments}
    return rates, sp.Add(
        *(world.of_copy(w, first).xreplace(values) * rates[name] for name, w in weights.items())
    )
