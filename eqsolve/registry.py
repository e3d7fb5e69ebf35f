"""Finds the games: those of ``eqsolve.derivations``, of installed packages, and files of users.

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
from dataclasses import dataclass, replace
from functools import cache, cached_property, wraps
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, TypeVar

from eqsolve.errors import BrokenGameError, InputError, UnknownGameError
from eqsolve.gamefile import (
    built,
    checked,
    content_hash,
    declares,
    exported,
    guarded,
    load,
    self_contained,
)
from eqsolve.papers import attached

if TYPE_CHECKING:
    from eqsolve.game import Model as Declared
    from eqsolve.gamefile import Exported
    from eqsolve.model import Model
    from eqsolve.notated.derivation import Derivation

Taken = TypeVar("Taken")
R = TypeVar("R")
P = ParamSpec("P")

GROUP = "eqsolve.games"
BUILT_IN = "eqsolve.derivations"

#: Where a game comes from; ``given`` is a model that Python code handed over.
Origin = Literal["path", "package", "built-in", "given"]


@dataclass(frozen=True, eq=False)
class Found:
    """A game and where it comes from.

    Attributes
    ----------
    name : the game's name.
    origin : see :data:`Origin`.
    exported : what its file exports: a model, or a function ``model(**structure)``.
    path : its file; None for a model that was handed over.
    content_hash : SHA-256 of the file and of what it imports from beside it; empty without a file.
    module : the name of its module in an installed package, empty elsewhere.
    """

    name: str
    origin: Origin
    exported: Exported
    path: Path | None = None
    content_hash: str = ""
    module: str = ""

    @cached_property
    def model(self) -> Model | Declared:
        """The model, by its default structure, with what papers attach to it.

        Raises
        ------
        BrokenGameError
            If the file's function fails or returns something else.
        """
        from eqsolve.model import Model

        found = built(self.exported, self.path or Path(self.name))
        return replace(found, **attached(self.module)) if isinstance(found, Model) else found

    def usable(self) -> Found:
        """Return itself, if the model can be built.

        Raises
        ------
        BrokenGameError
            As :attr:`model`.
        """
        assert self.model.name
        return self


@dataclass(frozen=True)
class _Place:
    """Where a game of a name can be loaded from."""

    name: str
    origin: Origin
    module: str
    path: Path
    entry: EntryPoint | None = None

    def found(self) -> Found:
        try:
            with guarded(self.path):
                if self.entry is not None:
                    exporting = self.entry.load()
                else:
                    exporting = importlib.import_module(self.module)
            if self.entry is not None and self.entry.attr:
                last = self.entry.attr.rpartition(".")[2]
                export = checked(exporting, self.path, "MODEL" if last == "MODEL" else "model")
            else:
                export = exported(exporting, self.path)
        except BrokenGameError as error:
            raise _of_game(error, self.name) from error.__cause__
        package = self.module.rpartition(".")[0]
        digest = content_hash(self.path, package) if self.path.is_file() else ""
        return Found(self.name, self.origin, export, self.path, digest, self.module)


def letters(name: str) -> None:
    """Make a game's letters known without loading the game.

    They are those of the module ``vocabulary`` beside it, if there is one.
    """
    place = _packages().get(name) or _built_in().get(name)
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
    installed = _packages().get(game)
    place = installed or _built_in().get(game)
    if place is None or not place.path.is_file():
        return ""
    return _content_of(place, installed is None)


@cache
def _content_of(place: _Place, own: bool) -> str:
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
    return tuple(sorted({*_built_in(), *_packages()}))


def folders() -> tuple[str, ...]:
    """Where the built-in games are; empty if there are none."""
    try:
        return tuple(importlib.import_module(BUILT_IN).__path__)
    except ModuleNotFoundError:
        return ()


@cache
def _built_in() -> dict[str, _Place]:
    """The modules of ``eqsolve.derivations``; in a family's folder those that declare a game."""
    found = {}
    for root in map(Path, folders()):
        for path in sorted(root.rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            if path.stem.startswith("_") or (len(parts) > 1 and declares(path) is False):
                continue
            name = path.stem.replace("_", "-")
            found[name] = _Place(name, "built-in", ".".join((BUILT_IN, *parts)), path)
    return found


@cache
def _packages() -> dict[str, _Place]:
    """The games of installed packages."""
    return {entry.name: _entry(entry) for entry in entry_points(group=GROUP)}


def _entry(entry: EntryPoint) -> _Place:
    try:
        spec = find_spec(entry.module)
    except ImportError:  # the package of the module is not there
        spec = None
    origin = spec.origin if spec is not None else None
    return _Place(entry.name, "package", entry.module, Path(origin or entry.value), entry)


@cache
def _loaded(name: str) -> Found:
    place, hidden = _packages().get(name), _built_in().get(name)
    if place is not None and hidden is not None:
        _say(f"{name} is the game of the installed package {place.module}, not the built-in one.")
    place = place or hidden
    if place is None:
        raise UnknownGameError(
            f"there is no game called {name!r}.",
            stage="input",
            remedy=f"Choose one of {', '.join(names())}.",
        )
    return place.found()


def resolve(game: str | os.PathLike[str] | Model | Declared) -> Found:
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


def adopt(game: str | os.PathLike[str] | Model | Declared) -> str:
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
        place = _packages().get(name) or _built_in()[name]
        _say(f"{name} is the game of {path!r}, not the {_KINDS[place.origin]} one.")


def again(path: str, content: str) -> None:
    """Adopt the file of another process, which must hold the same content here.

    Raises
    ------
    InputError
        If it does not, or as :func:`adopt`.
    """
    name = adopt(path)
    if _adopted[name].content_hash != content:
        raise InputError(
            f"{path} has changed, or is another file in this process.",
            game=name,
            stage="games",
            remedy="Start again.",
        )


@dataclass(frozen=True)
class Handle:
    """A game that is loaded when something of its file is needed, also in another process.

    A user's file travels by its path and content.
    """

    name: str

    @property
    def found(self) -> Found:
        """The game, loaded.

        Raises
        ------
        UnknownGameError, BrokenGameError
            As :func:`resolve`.
        """
        return resolve(self.name)

    @property
    def model(self) -> Model:
        """The declaration that the present verbs work on.

        Raises
        ------
        UnknownGameError, BrokenGameError, InputError
            As the function of this name.
        """
        return model(self.name)

    @property
    def installed(self) -> bool:
        """Whether its name says what it is: no file that was named by its path has the name."""
        return self.name in names() and self.name not in _adopted

    def letters(self) -> None:
        """Make its letters known without loading it."""
        letters(self.name)

    def __getstate__(self) -> dict[str, object]:
        found = _adopted.get(self.name)
        if found is not None and found.path is None:
            raise InputError(
                "other processes cannot be handed a model.",
                game=self.name,
                stage="sweep",
                remedy="Name the game's file, or use threads.",
            )
        file = None if found is None else (str(found.path), found.content_hash)
        return {"name": self.name, "file": file}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if state["file"] is not None:
            again(*state["file"])
        object.__setattr__(self, "name", state["name"])


def installed(model: Model) -> bool:
    """Whether a model is that of an installed game, so that its name says what it is."""
    if not Handle(model.name).installed:
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


def _of_game(error: BrokenGameError, game: str) -> BrokenGameError:
    return BrokenGameError(error.reason, path=error.path, line=error.line, game=game)


def games(*only: str) -> Iterator[Found | BrokenGameError]:
    """Yield every game in order of name; in the place of one that cannot be used, its error.

    ``only`` names games, by name or by the paths of their files.
    """
    for name in only or names():
        try:
            yield resolve(name).usable()
        except BrokenGameError as error:
            yield _of_game(error, name)


@cache
def model(name: str) -> Model:
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
    from eqsolve.model import Model

    found = resolve(name).model
    if not isinstance(found, Model):
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


def by_handle(
    public: Callable[Concatenate[Handle, P], R],
) -> Callable[Concatenate[Handle | str, P], R]:
    """Let a public function that takes a game unloaded take its name or the path of its file."""

    @wraps(public)
    def named(game: Handle | str, /, *args: P.args, **how: P.kwargs) -> R:
        return public(Handle(adopt(game)) if isinstance(game, str) else game, *args, **how)

    return named


def problem_kind(name: str) -> str:
    """The kind of problem file that a game lends its name to; empty for none."""
    found = resolve(name).model if name in names() else None
    kind: str = getattr(found, "problem", "")
    return kind


def limit_of(finite: Model) -> Model | None:
    """The same game of a continuum; None if there is none."""
    return model(finite.limit) if finite.limit else None


def finite_of(game: Model) -> Model | None:
    """The same game of finitely many agents, which may be itself; None if there is none."""
    if game.limit:
        return game
    return model(game.finite) if game.finite else None


def models() -> list[Model]:
    """Return the declarations of the family that a source displays, in order of name."""
    from eqsolve.model import Model

    found = []
    for name in names():
        with suppress(BrokenGameError):
            if isinstance(resolve(name).exported, Model) and model(name).displayed:
                found.append(model(name))
    return found


def derive(game: str) -> Derivation:
    """Derive a game's closed form, or return the derivation made before."""
    return model(game).derivation
