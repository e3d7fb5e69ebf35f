"""A game written out: its equations by notion, its sizes, and its letters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sympy as sp

from eqsolve.derivation.derivation import Derivation
from eqsolve.game import Model, t
from eqsolve.game.world import World
from eqsolve.verify import exact
from eqsolve.verify.proof.adjoints import adjoints
from eqsolve.verify.proof.equations import Equations
from eqsolve.verify.proof.expectations import functions, given
from eqsolve.verify.proof.planner import planner

#: Sizes at which a crowd of symbolic size is written out.
SIZES = (2, 3)


def equations(
    derivation: Derivation, world: World, dots: Mapping[sp.Symbol, sp.Symbol]
) -> Equations:
    """Write down the equations of a model in a world.

    Parameters
    ----------
    derivation : of which the game and the form of its solution are read; for the notion given also
        the coefficients by powers of the averages, and the form of the strategy.
    world : the game written out.
    dots : the symbol of the time derivative of every coefficient of the functions.
    """
    found = _equations(derivation, world, dots)
    end = derivation.model.game.horizon.end
    if end is None:
        return found
    # what moves with the calendar is at the end what it is then
    then = {t: end.xreplace(world.fixed)}
    return replace(found, terminal={k: e.xreplace(then) for k, e in found.terminal.items()})


def _equations(
    derivation: Derivation, world: World, dots: Mapping[sp.Symbol, sp.Symbol]
) -> Equations:
    model = derivation.model
    if derivation.fixed is not None:
        return given(derivation, derivation.fixed, world, dots)
    build = {"planner": planner, "open-loop": adjoints, "feedback": _feedback}
    if model.game.notion not in build:
        raise model.game.error(
            f"the notion {model.game.notion} is not written out.", stage="checks"
        )
    return build[model.game.notion](model, world, dots)


def _feedback(model: Model, world: World, dots: Mapping[sp.Symbol, sp.Symbol]) -> Equations:
    return functions(model, world, dots, world.played(model.ansatz.feedback, coefficients(model)))


def declared(model: Model) -> set[sp.Symbol]:
    """Letters that are no coefficients."""
    game = model.game
    return {
        t,
        *game.state_symbols,
        *game.definitions,
        *(law.symbol for law in game.laws),
        *(letter.symbol for letter in model.vocabulary.parameters),
    }


def coefficients(model: Model) -> list[sp.Symbol]:
    """The coefficients of the feedback."""
    known = declared(model)
    return [s for s in exact.letters(model.ansatz.feedback.values()) if s not in known]


def worlds(model: Model) -> dict[str, World]:
    """The game written out in every size at which it is checked, by the words that say it."""
    game, crowd = model.game, model.game.crowd
    if crowd is None or crowd.size is None or not crowd.size.is_Symbol:
        return {"": World.of(game)}
    return {f", {crowd.size} = {size}": World.of(game, size) for size in SIZES}
