"""Finds games by their names, by the paths of their files, or takes them as they are.

A path that a user names beats a game of an installed package (entry-point group
``eqsolve.games``), which beats a built-in game. Where one hides another, standard error says so.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from eqsolve.errors import BrokenGameError, EqsolveError, InputError, UnknownGameError, near
from eqsolve.gamefile import built, checked, content_hash, exported, load, self_contained
from eqsolve.places import Found, Place, built_in, of_game, packages

if TYPE_CHECKING:
    from eqsolve.game import Model as Declared
    from eqsolve.notated.derivation import Derivation
    from eqsolve.notated.published import Published

Taken = TypeVar("Taken")
R = TypeVar("R")
P = ParamSpec("P")


def letters(name: str) -> None:
    """Make a game's letters known without loading the game.

    They are those of the module ``vocabulary`` beside it, if there is one.
    """
    place = packages().get(name) or built_in().get(name)
    if place is not None and (place.path.parent / "vocabulary.py").is_file():
        importlib.import_module(f"{place.module.rpartition('.')[0]}.vocabulary")


def content(game: str) -> str:
    """A fingerprint of what a game's file exports, without running it; empty where it is not known.

    Parameters
    ----------
    game : a name, or the path of a file.
    """
    if is_path(game) or game in _adopted:
        path = Path(game).expanduser().absolute() if is_path(game) else _adopted[game].path
        return content_hash(path) if path is not None and self_contained(path) else ""
    installed = packages().get(game)
    place = installed or built_in().get(game)
    if place is None or not place.path.is_file():
        return ""
    return _content_of(place, installed is None)


@cache
def _content_of(place: Place, own: bool) -> str:
    """The same of an installed module, which a process reads once as it imports it once."""
    package = place.module.rpartition(".")[0]
    return content_hash(place.path, package) if own or self_contained(place.path, package) else ""


def all_contents() -> str:
    """A fingerprint of what all games export, without running them; empty where it is not known."""
    found = [content(name) for name in names()]
    return " ".join(found) if all(found) else ""


#: Files that were named by their paths, by the names of their games: they beat all others.
_adopted: dict[str, Found] = {}


@cache
def names() -> tuple[str, ...]:
    """Return the names of all games, sorted, without importing them."""
    return tuple(sorted({*built_in(), *packages()}))


@cache
def _loaded(name: str) -> Found:
    place, hidden = packages().get(name), built_in().get(name)
    if place is not None and hidden is not None:
        _say(f"{name} is the game of the installed package {place.module}, not the built-in one.")
    place = place or hidden
    if place is None:
        meant = near(name, names())
        raise UnknownGameError(
            f"there is no game called {name!r}.",
            stage="input",
            remedy=f"{meant}eqsolve list shows all."
            if meant
            else f"Choose one of {', '.join(names())}.",
        )
    return place.found()


def resolve(game: str | os.PathLike[str] | Published | Declared) -> Found:
    """Find a game by its name, by the path of its file, or take a model as it is.

    A text is a path if it ends in ``.py`` or contains a separator of folders.

    Raises
    ------
    UnknownGameError
        If there is no game of that name.
    BrokenGameError
        If the file fails, or declares no game.
    InputError
        If the file cannot be read, or the argument is nothing of the kind.
    """
    if isinstance(game, str):
        if not is_path(game):
            return _adopted.get(game) or _loaded(game)
        return _file(Path(game))
    if isinstance(game, os.PathLike):
        return _file(Path(game))
    if isinstance(game, type) or not hasattr(game, "game"):
        raise InputError(
            f"{game!r} is not a game.",
            stage="input",
            remedy="Give a name, the path of a file, or a Model.",
        )
    return Found(game.name, "given", checked(game, Path("MODEL")))


def is_path(text: str) -> bool:
    """Whether a text names a file and not a game."""
    return text.endswith(".py") or os.sep in text or bool(os.altsep and os.altsep in text)


def _file(path: Path) -> Found:
    place = path.expanduser().absolute()
    digest = content_hash(place)
    export = exported(load(place), place)
    return Found(built(export, place).name, "path", export, place, digest)


def adopt(game: str | os.PathLike[str] | Published | Declared) -> str:
    """Let a game be found by its name from now on, also if it was named by its path or handed over.

    Returns
    -------
    str
        The game's name.

    Raises
    ------
    InputError
        As :func:`resolve`.
    """
    if isinstance(game, str) and not is_path(game):
        return game
    found = resolve(game)
    if found.origin == "path":
        say_hidden(found.name, str(game))
    _adopted[found.name] = found
    model.cache_clear()
    return found.name


def say_hidden(name: str, path: str) -> None:
    """Say so if the game of a file has the name of another one."""
    if name in names():
        place = packages().get(name) or built_in()[name]
        _say(f"{name} is the game of {path!r}, not the {_KINDS[place.origin]} one.")


def is_installed(name: str) -> bool:
    """Whether a name says what it is: no file that was named by its path has the name."""
    return name in names() and name not in _adopted


def adopted(name: str) -> Found | None:
    """The game that was adopted under a name; None if there is none."""
    return _adopted.get(name)


def installed(model: Published) -> bool:
    """Whether a model is that of an installed game, so that its name says what it is."""
    if not is_installed(model.name):
        return False
    try:
        return _loaded(model.name).model is model
    except BrokenGameError:
        return False


_KINDS = {"package": "installed", "built-in": "built-in"}


def fingerprint() -> str:
    """A fingerprint of the files that were named by their paths; empty if there are none."""
    hashes = sorted(found.content_hash for found in _adopted.values())
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest() if hashes else ""


def _say(text: str) -> None:
    print(f"eqsolve: {text}", file=sys.stderr)


def games(*only: str) -> Iterator[Found | BrokenGameError]:
    """Yield every game in order of name; in the place of one that cannot be used, its error.

    ``only`` names games, by name or by the paths of their files.
    """
    for name in only or names():
        try:
            yield resolve(name).usable()
        except BrokenGameError as error:
            yield of_game(error, name)


@cache
def model(name: str) -> Published:
    """Return the declaration of a game that the present verbs work on.

    Raises
    ------
    UnknownGameError
        If there is no game of that name.
    BrokenGameError
        If its file cannot be used.
    InputError
        If the game is declared by ``eqsolve.game``.
    """
    from eqsolve.notated.published import Published

    found = resolve(name).model
    if not isinstance(found, Published):
        raise InputError(
            "this game is declared with eqsolve.game, which is not supported here.",
            game=found.name,
            stage="games",
            remedy="Use eqsolve solve.",
        )
    return found


def by_name(solver: Callable[Concatenate[Taken, P], R]) -> Callable[Concatenate[Taken | str, P], R]:
    """Let a public function of a game's declaration take the game's name, too."""

    @wraps(solver)
    def named(game: Taken | str, /, *args: P.args, **how: P.kwargs) -> R:
        found: Any = model(game) if isinstance(game, str) else game
        return solver(found, *args, **how)

    return named


def problem_kind(name: str) -> str:
    """The kind of problem file that a game lends its name to; empty for none."""
    found = resolve(name).model if name in names() else None
    kind: str = getattr(found, "problem", "")
    return kind


def limit_of(finite: Published) -> Published | None:
    """The same game of a continuum; None if there is none."""
    return model(finite.limit) if finite.limit else None


def finite_of(game: Published) -> Published | None:
    """The same game of finitely many agents, which may be itself; None if there is none."""
    if game.limit:
        return game
    return model(game.finite) if game.finite else None


def content_of(game: Published) -> str:
    """The fingerprint of the file that exports a model, as above; empty for any other model."""
    try:
        return content(game.name) if model(game.name) is game else ""
    except EqsolveError:
        return ""


def models() -> list[Published]:
    """Return the declarations of the family that a source displays, in order of name."""
    from eqsolve.notated.published import Published

    found = []
    for name in names():
        with suppress(BrokenGameError):
            if isinstance(resolve(name).exported, Published) and model(name).displayed:
                found.append(model(name))
    return found


def derive(game: str) -> Derivation:
    """Derive a game's closed form, or return the derivation made before."""
    return model(game).derivation
