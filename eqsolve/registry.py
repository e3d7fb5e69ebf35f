"""Finds the games: every module of ``eqsolve.derivations`` that declares a MODEL."""

from __future__ import annotations

import importlib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from eqsolve.errors import UnknownGameError
from eqsolve.papers import attached

if TYPE_CHECKING:
    from eqsolve.model import Model
    from eqsolve.symbolic.derivation import Derivation


@cache
def names() -> tuple[str, ...]:
    """Return the names of all games, sorted, without importing them."""
    return tuple(sorted(_modules()))


def _modules() -> dict[str, str]:
    """The modules of the games by the games' names, also those in a family's folder."""
    package = importlib.import_module("eqsolve.derivations")
    found = {}
    for place in map(Path, package.__path__):
        for path in place.rglob("*.py"):
            parts = path.relative_to(place).with_suffix("").parts
            if not path.stem.startswith("_") and "MODEL" in path.read_text(encoding="utf-8"):
                found[path.stem.replace("_", "-")] = ".".join((package.__name__, *parts))
    return found


@cache
def model(name: str) -> Model:
    """Return one game's declaration.

    Raises
    ------
    UnknownGameError
        If there is no game of that name.
    """
    if name not in names():
        raise UnknownGameError(
            f"there is no game called {name!r}.",
            stage="input",
            remedy=f"Choose one of {', '.join(names())}.",
        )
    module = importlib.import_module(_modules()[name])
    found: Model = module.MODEL
    return replace(found, **attached(module.__name__))


def models() -> list[Model]:
    """Return every game's declaration, in order of name."""
    return [model(name) for name in names()]


def derive(game: str) -> Derivation:
    """Derive a game's closed form, or return the derivation made before."""
    return model(game).derivation
