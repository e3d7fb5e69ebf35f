"""What a declaration must satisfy before anything is derived from it."""

from __future__ import annotations

import sympy as sp

from eqsolve.game import Ansatz, Game, Model, t

_NOTIONS = ("feedback", "open-loop", "given", "planner")


def check(model: Model) -> None:
    """Refuse a model that says something other than its author can mean.

    Raises
    ------
    DerivationError
        Naming the game, what is wrong and what to write instead.
    """
    game, ansatz = model.game, model.ansatz
    _names(model)
    _letters(model)
    _structure(game)
    _horizon(game)
    _forms(game, ansatz)


def _names(model: Model) -> None:
    """No symbol stands for two things, and no two symbols share a name."""
    game = model.game
    seen: dict[str, str] = {}
    for kind, symbols in (
        ("state", game.state_symbols),
        ("control", game.controls),
        ("moment", [m.symbol for m in game.moments]),
        ("law", [law.symbol for law in game.laws]),
        ("definition", list(game.definitions)),
        ("parameter", [letter.symbol for letter in model.vocabulary.parameters]),
    ):
        for symbol in symbols:
            if symbol.name in seen:
                raise game.error(
                    f"{symbol} is declared as {seen[symbol.name]} and as {kind}.",
                    remedy="Give each a letter of its own.",
                )
            seen[symbol.name] = kind
    everything = set().union(
        *(expression.free_symbols for _, expression in game.expressions()),
        *(f.free_symbols for f in model.ansatz.functions.values()),
        *(f.free_symbols for f in model.ansatz.feedback.values()),
        game.state_symbols,
        game.controls,
        (m.symbol for m in game.moments),
        (letter.symbol for letter in model.vocabulary),
    )
    by_name: dict[str, sp.Symbol] = {}
    for symbol in everything:
        if by_name.setdefault(symbol.name, symbol) != symbol:
            raise game.error(
                f"two different symbols are called {symbol.name}: their assumptions differ.",
                remedy="Create each letter once, for instance by sp.symbols without assumptions.",
            )


def _letters(model: Model) -> None:
    """Every letter of the game is declared."""
    game = model.game
    known = {
        *game.state_symbols,
        *game.controls,
        *(law.symbol for law in game.laws),
        *game.definitions,
        *(letter.symbol for letter in model.vocabulary.parameters),
        t,
    }
    marks = {clock.mark for clock in game.clocks if clock.mark is not None}
    moments = {m.symbol for m in game.moments}
    for where, expression in game.expressions():
        extra = expression.free_symbols - known - marks
        if where.startswith("the preference"):
            extra -= moments
        if extra:
            names = ", ".join(sorted(symbol.name for symbol in extra))
            raise game.error(
                f"{where} has {names}, which is no state, control, law or parameter of the game.",
                remedy="Declare it, in the vocabulary as parameter(symbol, meaning, domain) if a "
                "user gives its value.",
            )
        if expression.has(sp.Float):
            raise game.error(
                f"{where} contains a floating-point number.",
                remedy="Write exact numbers, as in Rational(3, 100).",
            )
    for player in game.players:
        own = {m.symbol for m in player.preference.moments}
        foreign = player.preference.aggregate.free_symbols & (moments - own)
        if foreign:
            raise game.error(
                f"the preference of {player.name} has {', '.join(map(str, foreign))}, a moment of "
                "another player."
            )
        unused = own - player.preference.aggregate.free_symbols
        if unused:
            raise game.error(
                f"the preference of {player.name} does not use its moment "
                f"{', '.join(sorted(map(str, unused)))}.",
                remedy="Use it, or leave it out.",
            )


def _structure(game: Game) -> None:
    if game.notion not in _NOTIONS:
        raise game.error(
            f"there is no notion {game.notion!r}.", remedy=f"Choose one of {', '.join(_NOTIONS)}."
        )
    if not game.players or not game.states:
        raise game.error("a game needs a state and a player.")
    names = [player.name for player in game.players] + [m.name for m in game.moments]
    if len(set(names)) != len(names):
        raise game.error("two players or moments share a name.")
    if game.crowd is not None and game.crowd.player not in [p.name for p in game.players]:
        raise game.error(f"the crowd consists of {game.crowd.player!r}, which is no player.")
    clocks = {clock.name for clock in game.clocks}
    for state in game.states:
        missing = set(state.jumps) - clocks
        if missing:
            raise game.error(
                f"{state.symbol} jumps at {', '.join(sorted(missing))}, which is no clock.",
                remedy="Declare it among the clocks.",
            )
    for clock in game.clocks:
        total = sp.Add(*(probability for probability, _ in clock.marks))
        if not clock.marks or sp.expand(total - 1) != 0:
            raise game.error(f"the probabilities of the marks of {clock.name} sum to {total}.")
    for player in game.players:
        if player.preference.sense not in ("maximize", "minimize"):
            raise game.error(
                f"the sense of {player.name} is {player.preference.sense!r}.",
                remedy="Choose maximize or minimize.",
            )
        for moment in player.preference.moments:
            if moment.payoff.free_symbols & set(game.controls):
                raise game.error(
                    f"the payoff of {moment.name} depends on a control.",
                    remedy="Put control costs into the running part of a moment.",
                )


def _horizon(game: Game) -> None:
    horizon = game.horizon
    unknown = (game.controls, game.state_symbols)
    for what, expression in (("hazard rate", horizon.hazard), ("end", horizon.end)):
        if expression is not None and any(
            expression.free_symbols & set(symbols) for symbols in unknown
        ):
            raise game.error(f"the {what} of the horizon depends on a state or control.")
    if horizon.end is not None and t in horizon.end.free_symbols:
        raise game.error("the end of the horizon depends on time.")
    if horizon.end is None:
        for player in game.players:
            if horizon.hazard == 0 and player.discount == 0:
                raise game.error(
                    f"the horizon is infinite and {player.name} does not discount.",
                    stage="horizon",
                    remedy="Give Horizon a hazard rate or an end, or the player a discount rate.",
                )
        if horizon.hazard == 0:
            for moment in game.moments:
                if moment.payoff != 0:
                    raise game.error(
                        f"the payoff of {moment.name} never falls due: the horizon is infinite.",
                        stage="horizon",
                        remedy="Give Horizon a hazard rate or an end, or use a running part.",
                    )
    elif horizon.hazard == 0 and all(m.payoff == 0 and m.running == 0 for m in game.moments):
        raise game.error("nothing is ever paid.", stage="horizon")


def _forms(game: Game, ansatz: Ansatz) -> None:
    names = {m.name for m in game.moments}
    if game.notion == "open-loop":
        names = {f"{m}.{s}" for m in names for s in ansatz_states(game)}
    missing, extra = names - set(ansatz.functions), set(ansatz.functions) - names
    if missing or extra:
        word = "lacks" if missing else "has"
        raise game.error(
            f"the ansatz {word} the functions {', '.join(sorted(missing or extra))}.",
            stage="ansatz",
            remedy=f"Its functions are {', '.join(sorted(names))}.",
        )
    missing_controls = set(game.controls) ^ set(ansatz.feedback)
    if missing_controls:
        listed = ", ".join(sorted(map(str, missing_controls)))
        raise game.error(
            f"the feedback of the ansatz and the controls differ in {listed}.", stage="ansatz"
        )


def ansatz_states(game: Game) -> tuple[sp.Symbol, ...]:
    """The states of the ansatz: those of the game, and the laws of states in their order."""
    laws = [law.symbol for law in game.laws if law.of in game.state_symbols]
    return (*game.state_symbols, *laws)
