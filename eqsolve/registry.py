"""Finds the games: every module of ``eqsolve.derivations`` that declares a MODEL."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from eqsolve.errors import UnknownGameError

if TYPE_CHECKING:
    from eqsolve.model import Model
    from eqsolve.symbolic.derivation import Derivation


@cache
def names() -> tuple[str, ...]:
    """Return the names of all games, sorted, without importing them."""
    package = importlib.import_module("eqsolve.derivations")
    modules = (m.name for m in pkgutil.iter_modules(package.__path__))
    return tuple(sorted(m.replace("_", "-") for m in modules if not m.startswith("_")))


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
    module = importlib.import_module(f"eqsolve.derivations.{name.replace('-', '_')}")
    found: Model = module.MODEL
    return found


def models() -> list[Model]:
    """Return every game's declaration, in order of name."""
    return [model(name) for name in names()]


def derive(game: str) -> Derivation:
    """Derive a game's closed form, or return the derivation made before."""
    return model(game).derivation
