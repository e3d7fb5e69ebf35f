"""What a game that restates a declared one is solved by: kept from before, or derived and kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from eqsolve.program import store
from eqsolve.program.words import Words
from eqsolve.registry import content

if TYPE_CHECKING:
    from eqsolve.model import Model


def words_of(game: str) -> Words | None:
    """The program of a game, and what its results are called; None if it restates no other."""
    known = content(game) if store.enabled() else ""
    found = store.recalled_words(known) if known else None
    if found is not None:
        from eqsolve.registry import letters

        letters(game)
        return found
    from eqsolve.registry import model

    words = made(model(game))
    if words is not None and known:
        store.remember_words(known, words)
    return words


def made(model: Model) -> Words | None:
    """The same, derived."""
    from eqsolve.derivation.derivation import derived
    from eqsolve.program.make import Maker, program

    restated = model.restated
    if restated is None or restated.own is None:
        return None
    own = restated.own()
    derivation = derived(own)
    maker = Maker(derivation)
    return Words(
        # such a game shows no means and variances
        replace(program(derivation, own), moments=None),
        model.parameters,
        maker.table(restated.state),
        tuple(restated.response.items()),
        maker.names(model.parts.moments),
        restated.roots,
        tuple(moment.name for moment in own.game.moments),
    )
