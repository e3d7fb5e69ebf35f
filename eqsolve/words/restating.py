"""Programs of the family's games in the words of the engine of all games."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from eqsolve.gamefile import content_hash
from eqsolve.program import store
from eqsolve.program.program import Program
from eqsolve.restated import Restated

#: The size that a declaration of finitely many players is asked for; its equations have any.
_FINITE = 2


@lru_cache
def restated_program(restated: Restated, notion: str) -> Program:
    """The program of a game that is declared once more, for a notion; kept where programs are."""
    source = restated.source
    content = content_hash(Path(source.__code__.co_filename), source.__module__.rpartition(".")[0])
    asked = {"notion": notion, "size": None if restated.continuum else _FINITE}
    found = store.recalled(content, asked)
    if found is None:
        from eqsolve.derivation.derivation import derived
        from eqsolve.program.make import program

        model = source(**asked)
        found = program(derived(model), model)
        store.remember(content, store.Head(model.name, (), {}), asked, found)
    return found
