"""The packages of the extra, imported when they are used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from eqsolve.distribution import extra
from eqsolve.errors import InputError, MissingPartError


def package(name: str) -> Any:
    """A module of another distribution.

    Raises
    ------
    MissingPartError
        If it is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        raise MissingPartError(
            f"it needs the package {name.partition('.')[0]}.",
            stage="market",
            remedy=f'Install it with pip install "{extra("market")}".',
        ) from None


def bad(message: str, remedy: str, game: str = "") -> InputError:
    """An error of the stage ``market``."""
    return InputError(message, game=game, stage="market", remedy=remedy)
