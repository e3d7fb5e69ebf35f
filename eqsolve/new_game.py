"""Writes the file with which an author of a game begins."""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from eqsolve.errors import InputError

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def write_game(name: str, folder: Path) -> Path:
    """Write a commented file of a game that runs as it is, and return its path.

    Parameters
    ----------
    name : the game's name: small letters, digits and hyphens.
    folder : where the file goes; its name is the game's with underscores.

    Raises
    ------
    InputError
        If the name is not one, or the file is there already.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} is no name for a game.",
            stage="input",
            remedy="Use small letters, digits and hyphens, as in two-firms.",
        )
    environment = Environment(
        loader=PackageLoader("eqsolve.templates", ""),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    path = folder / f"{name.replace('-', '_')}.py"
    text = environment.get_template("game.py.jinja").render(name=name)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise InputError(
            f"{path} is there already.", game=name, stage="input", remedy="Choose another name."
        ) from error
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror}.", game=name, stage="input"
        ) from error
    return path
