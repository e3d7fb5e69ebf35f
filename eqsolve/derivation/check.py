"""What a declaration must satisfy before anything is derived from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

import sympy as sp

from eqsolve.derivation.letters import check_letters, shown
from eqsolve.game import Game, Model, Moment, Notion, t

#: Rules among several solutions.
SELECTIONS = ("limit", "stabilizing", "value")
_NOTIONS = get_args(Notion)


def check(model: Model) -> None:
    """Refuse a model that says something other than its author can mean.

    Raises
    ------
    DerivationError
        Naming the game, what is wrong and what to write instead.
    """
    _laws(model.game)
    check_letters(model)
    _structure(model.game)
    _jumps(model.game)
    _preferences(model.game)
    _horizon(model.game)
    _forms(model)
    _results(model)


def _structure(game: Game) -> None:
    if game.notion not in _NOTIONS:
        raise game.error(
            f"there is no notion {game.notion!r}.",
            stage="notion",
            remedy=f"Choose one of {', '.join(_NOTIONS)}.",
        )
    if not game.players or not game.states:
        raise game.error(
            "a game needs a state and a player.", remedy="Declare State(...) and Player(...)."
        )
    names = [player.name for player in game.players] + [m.name for m in game.moments]
    if len(set(names)) != len(names):
        raise game.error(
            f"two players or moments are called {shown({n for n in names if names.count(n) > 1})}.",
            remedy="Give each a name of its own; expected(...) takes it as name.",
        )
    crowd = game.crowd
    if crowd is None:
        if game.notion == "planner":
            raise game.error(
                "the planner needs a continuum of players who are alike.",
                stage="planner",
                remedy="Declare Crowd(player).",
            )
        if game.notion == "given":
            raise game.error(
                "the notion given needs a crowd: what is given are averages over the others.",
                stage="given",
                remedy="Declare Crowd(player, size), or use the notion feedback.",
            )
        return
    if game.notion == "planner" and crowd.own:
        raise game.error(
            "the planner needs players who are alike.",
            stage="planner",
            remedy="Declare Crowd(player), without parameters of the players' own.",
        )
    if crowd.player not in [p.name for p in game.players]:
        raise game.error(
            f"the crowd consists of {crowd.player!r}, which is no player.",
            remedy=f"The players are {shown(p.name for p in game.players)}.",
        )
    if len(game.players) > 1:
        raise game.error(
            "a crowd beside other players is not supported.",
            remedy="Declare a game of explicit players, or one crowd.",
        )
    if crowd.weights is not None and (
        game.notion != "given" or not crowd.own or crowd.size is None
    ):
        raise game.error(
            "weights of the players are those of finitely many with types of their own, whose "
            "averages are given.",
            remedy="Leave out the weights; a table of types may have them.",
        )
    size = crowd.size
    if size is not None and size.is_number and not (size.is_Integer and size >= 2):
        raise game.error(f"a crowd of {size} players.", remedy="Its size is an integer from 2 on.")


def _jumps(game: Game) -> None:
    names = [clock.name for clock in game.clocks]
    if len(set(names)) != len(names):
        raise game.error("two clocks share a name.", remedy="Give each a name of its own.")
    for state in game.states:
        missing = set(state.jumps) - set(names)
        if missing:
            raise game.error(
                f"{state.symbol} jumps at {shown(missing)}, which is no clock.",
                remedy="Declare it among the clocks.",
            )
        marks = {clock.mark for clock in game.clocks if clock.name not in state.jumps}
        marks -= {clock.mark for clock in game.clocks if clock.name in state.jumps}
        foreign = set().union(*(e.free_symbols for e in state.jumps.values())) & marks
        if foreign:
            raise game.error(
                f"a jump of {state.symbol} has {shown(foreign)} of another clock.",
                remedy="Write a jump in the mark of its own clock.",
            )
    for clock in game.clocks:
        total = sp.Add(*(probability for probability, _ in clock.marks))
        if not clock.marks or sp.expand(total - 1) != 0:
            raise game.error(
                f"the probabilities of the marks of {clock.name} sum to {total}.",
                remedy="Write pairs (probability, value) whose probabilities sum to 1.",
            )
        negative = [p for p, _ in clock.marks if p.is_negative]
        if negative or clock.intensity.is_negative:
            raise game.error(
                f"{clock.name} has a negative probability or intensity.",
                remedy="Correct its sign.",
            )


def _preferences(game: Game) -> None:
    moments = {m.symbol for m in game.moments}
    controls = {*game.controls, *(law.symbol for law in game.laws if not _of_states(game, law.of))}
    for player in game.players:
        preference = player.preference
        if preference.sense not in ("maximize", "minimize"):
            raise game.error(
                f"the sense of {player.name} is {preference.sense!r}.",
                remedy="Choose maximize or minimize.",
            )
        own = {m.symbol for m in preference.moments}
        foreign = preference.aggregate.free_symbols & (moments - own)
        if foreign:
            raise game.error(
                f"the preference of {player.name} has {shown(foreign)}, a moment of another "
                "player.",
                remedy="Declare a moment of the player's own with the same payoff.",
            )
        if preference.aggregate.free_symbols & controls:
            raise game.error(
                f"the preference of {player.name} depends on a control outside its moments.",
                remedy="Put control costs into the running part of a moment.",
            )
        unused = own - preference.aggregate.free_symbols
        if not own:
            raise game.error(
                f"the preference of {player.name} has no moment.",
                remedy="Write expected(running, payoff), or Preference with Moments.",
            )
        if unused:
            raise game.error(
                f"the preference of {player.name} does not use its moment {shown(unused)}.",
                remedy="Use it, or leave it out.",
            )
        if player.discount.free_symbols & {*game.state_symbols, *game.controls}:
            raise game.error(
                f"the discount rate of {player.name} depends on a state or control.",
                remedy="Write it in parameters and t.",
            )
        payoffs_without(game, preference.moments, controls)


def payoffs_without(game: Game, moments: Iterable[Moment], controls: set[sp.Symbol]) -> None:
    """Refuse payoffs that depend on a control.

    Raises
    ------
    DerivationError
        If one does.
    """
    for moment in moments:
        if moment.payoff.free_symbols & controls:
            raise game.error(
                f"the payoff of {moment.name} depends on a control.",
                remedy="Put control costs into the running part of a moment.",
            )


def _of_states(game: Game, of: sp.Expr) -> bool:
    return not of.free_symbols & set(game.controls)


def _laws(game: Game) -> None:
    if game.laws and game.crowd is None:
        raise game.error("a law needs a crowd.", remedy="Declare Crowd(player, size).")
    noises = {noise for state in game.states for noise in state.loadings}
    common = {noise for law in game.laws for noise in law.given}
    averaged: dict[sp.Expr, sp.Symbol] = {}
    for law in game.laws:
        strange = set(law.given) - noises
        if clocks := strange & {clock.name for clock in game.clocks}:
            raise game.error(
                f"the law {law.symbol} is given {shown(clocks)}: clocks that strike all players at "
                "once are not represented.",
                stage="laws",
                remedy="Let a Brownian motion be what all players share.",
            )
        if strange:
            raise game.error(
                f"the law {law.symbol} is given {shown(strange)}, on which no state loads.",
                remedy=f"The noises are {shown(noises)}.",
            )
        if common - set(law.given):
            # E[a] and E[a | W] differ; of both kinds, neither follows from the states alone
            raise game.error(
                f"the law {law.symbol} is not given {shown(common - set(law.given))}, as others "
                "are: it would be another mean than that over the players.",
                stage="laws",
                remedy="Give every law all noises that the players share.",
            )
        if law.of in averaged:
            raise game.error(
                f"{averaged[law.of]} and {law.symbol} are the same law.",
                stage="laws",
                remedy="Keep one of them.",
            )
        averaged[law.of] = law.symbol


def _horizon(game: Game) -> None:
    horizon = game.horizon
    inner = {*game.controls, *game.state_symbols, *(law.symbol for law in game.laws)}
    for what, expression in (("hazard rate", horizon.hazard), ("end", horizon.end)):
        if expression is not None and expression.free_symbols & inner:
            raise game.error(
                f"the {what} of the horizon depends on a state or control.",
                remedy="Write it in parameters.",
            )
    if horizon.hazard.is_negative:
        raise game.error(
            "the hazard rate of the horizon is negative.",
            stage="horizon",
            remedy="Correct its sign.",
        )
    if horizon.end is not None:
        if t in horizon.end.free_symbols:
            raise game.error(
                "the end of the horizon depends on time.",
                stage="horizon",
                remedy="Write it in parameters.",
            )
        if horizon.end.is_nonpositive:
            raise game.error(
                "the horizon ends before it begins.",
                stage="horizon",
                remedy="Let it end at a positive time.",
            )
        if horizon.hazard == 0 and all(m.payoff == 0 and m.running == 0 for m in game.moments):
            raise game.error(
                "nothing is ever paid.",
                stage="horizon",
                remedy="Give a moment a payoff or a running part.",
            )
        return
    for player in game.players:
        if horizon.hazard == 0 and player.discount == 0:
            raise game.error(
                f"the horizon is infinite and {player.name} does not discount.",
                stage="horizon",
                remedy="Give Horizon a hazard rate or an end, or the player a discount rate.",
            )
    for moment in game.moments:
        if horizon.hazard == 0 and moment.payoff != 0:
            raise game.error(
                f"the payoff of {moment.name} never falls due: the horizon is infinite.",
                stage="horizon",
                remedy="Give Horizon a hazard rate or an end, or use a running part.",
            )


def _forms(model: Model) -> None:
    game, ansatz = model.game, model.ansatz
    wanted = {m.name for m in game.moments}
    if game.notion == "open-loop":
        wanted = {f"{m}.{s}" for m in wanted for s in ansatz_states(game)}
    for what, names, found in (
        ("function", wanted, set(ansatz.functions)),
        ("feedback", set(game.controls), set(ansatz.feedback)),
    ):
        if names != found:
            raise game.error(
                f"the ansatz has a {what} for {shown(found) or 'nothing'}.",
                stage="ansatz",
                remedy=f"Write one for each of {shown(names)}.",
            )


def _results(model: Model) -> None:
    """What a model says besides the game is about letters of the game."""
    game, ansatz = model.game, model.ansatz
    if model.selection not in SELECTIONS:
        raise game.error(
            f"there is no selection {model.selection!r}.",
            remedy=f"Choose one of {', '.join(SELECTIONS)}.",
        )
    for state, law in model.initial.items():
        if state not in game.state_symbols:
            raise game.error(
                f"an initial law is given for {state}, which is no state.",
                remedy=f"The states are {shown(game.state_symbols)}.",
            )
        _made_of(game, f"the initial law of {state}", sp.Add(*law).free_symbols, _given(model))
    forms = {*ansatz.functions.values(), *ansatz.feedback.values()}
    known = _given(model).union(*(form.free_symbols for form in forms))
    known |= {t, *game.state_symbols, *(law.symbol for law in game.laws)}
    for name, payoff in model.ends.items():
        if name not in {m.name for m in game.moments} or game.horizon.end is not None:
            raise game.error(
                f"what finite horizons pay is written for {name}, which is no moment of a game "
                "without an end.",
                remedy="Write it for moments, or as their payoffs.",
            )
        _made_of(game, f"what finite horizons pay of {name}", payoff.free_symbols, known)
    for name, output in model.outputs.items():
        _made_of(game, f"the output {name}", output.free_symbols, known)
    if model.limit is not None:
        _made_of(game, "the limit", model.limit.free_symbols, known)
    for sentence, expression in model.required.items():
        _made_of(game, f"what is required ({sentence})", expression.free_symbols, _given(model))
    for name, row in model.beside.items():
        letters = {*row, *sp.Add(*row.values()).free_symbols}
        _made_of(game, f"the numbers of {name}", letters, _given(model))
    _other_letters(model)
    for case in model.reference:
        if case not in model.cases:
            raise game.error(
                f"there are references for {case!r}, which is no named set.",
                remedy=f"The sets are {shown(model.cases) or 'none'}.",
            )


def _other_letters(model: Model) -> None:
    """Coordinates and frozen averages are about letters of the game and of the vocabulary."""
    game, named = model.game, {row.symbol for row in model.vocabulary}
    places = {*game.state_symbols, *(law.symbol for law in game.laws)}
    _made_of(game, "coordinates", set(model.coordinates), places)
    letters = sp.Add(*model.coordinates.values()).free_symbols
    _made_of(game, "coordinates", letters, named | places)
    if model.frozen and (game.notion != "given" or game.typed):
        raise game.error(
            "frozen averages are those of the notion given, of players who are alike.",
            remedy='Leave out frozen, or write notion="given".',
        )
    _made_of(game, "frozen averages", set(model.frozen), _given(model))


def _given(model: Model) -> set[sp.Symbol]:
    return {*(row.symbol for row in model.vocabulary.parameters), *model.game.definitions}


def _made_of(game: Game, what: str, letters: set[sp.Symbol], known: set[sp.Symbol]) -> None:
    if extra := letters - known:
        raise game.error(
            f"{what} has {shown(extra)}, which it cannot be made of.",
            remedy=f"It may have {shown(known)}.",
        )


def ansatz_states(game: Game) -> tuple[sp.Symbol, ...]:
    """The states of the ansatz: those of the game, and the laws of states in their order."""
    laws = [law.symbol for law in game.laws if law.of in game.state_symbols]
    return (*game.state_symbols, *laws)
