"""Numbers for every symbol in the declaration of a game."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import NoReturn

import sympy as sp

from eqsolve.errors import InputError, near
from eqsolve.game import Game
from eqsolve.notated.published import Published
from eqsolve.parameters import ALIASES, exact
from eqsolve.symbols import entry, symbol


def exact_values(model: Published, given: Mapping[str, Fraction]) -> dict[sp.Symbol, sp.Rational]:
    """Parameters by symbol, and the abbreviations."""
    values = {symbol(k): sp.Rational(v.numerator, v.denominator) for k, v in given.items()}
    for name, definition in model.game.definitions.items():
        values[name] = definition.xreplace(values)
    return values


def game_values(
    game: Game, values: Mapping[sp.Symbol | str, object]
) -> dict[sp.Symbol, sp.Rational]:
    """Check names and domains and return exact values of every symbol of the game.

    Parameters
    ----------
    game : the game.
    values : numbers by symbol or name. Abbreviations are computed.

    Raises
    ------
    InputError
        For an unknown, missing or doubly given name, a value outside its domain, or a value of an
        abbreviation that contradicts its definition.
    """
    wanted = _free_symbols(game)
    known = wanted | game.definitions.keys()
    names = {s.name: s for s in known}
    found: dict[sp.Symbol, sp.Rational] = {}

    def refuse(message: str, remedy: str = "") -> NoReturn:
        raise InputError(message, game=game.name, stage="input", remedy=remedy)

    for key, value in values.items():
        name = ALIASES.get(str(key), str(key))
        if name not in names:
            listed = ", ".join(sorted(names))
            meant = near(str(key), names)
            refuse(f"{str(key)!r} is not a parameter.", f"{meant}The parameters are {listed}.")
        if names[name] in found:
            refuse(f"the parameter {name} is given twice.")
        number = exact(name, value, game=game.name)
        row = entry(name)
        if not row.domain.contains(number):
            refuse(
                f"the parameter {name} ({row.meaning}) must be {row.domain}, not {float(number):g}."
            )
        found[names[name]] = sp.Rational(number.numerator, number.denominator)
    for name, definition in game.definitions.items():
        computed = definition.xreplace(found)
        if computed.free_symbols:
            continue
        if abs(found.setdefault(name, computed) - computed) > 1e-12 * (1 + abs(computed)):
            refuse(f"the parameter {name} contradicts {name} = {definition}.")
    needed = _used_symbols(game) - set(found)
    if needed:
        lacking = sorted(_spelled_out(game, needed) - set(found), key=str)
        missing = [s.name for s in lacking]
        refuse(f"missing parameter{'s' if len(missing) > 1 else ''} {', '.join(missing)}.")
    return found


def _used_symbols(game: Game) -> set[sp.Symbol]:
    """Symbols in dynamics, preference and horizon that need a number."""
    moments = game.preference.moments
    parts = [game.horizon.hazard, game.preference.aggregate]
    parts += [s.drift for s in game.states] + [v for s in game.states for v in s.loadings.values()]
    parts += [m.payoff for m in moments] + [m.running for m in moments]
    bound = {*game.state_symbols, game.control, *(m.symbol for m in moments)}
    return set().union(*(part.free_symbols for part in parts)) - bound


def _spelled_out(game: Game, symbols: set[sp.Symbol]) -> set[sp.Symbol]:
    """Replace abbreviations by the symbols of their definitions."""
    for name, definition in reversed([*game.definitions.items()]):
        if name in symbols:
            symbols = (symbols - {name}) | definition.free_symbols
    return symbols


def _free_symbols(game: Game) -> set[sp.Symbol]:
    used = _used_symbols(game)
    return used | _spelled_out(game, used | set(game.definitions))
