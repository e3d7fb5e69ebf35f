"""Where games are: those of ``eqsolve.derivations``, of installed packages, and files of users."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Literal

from eqsolve.errors import BrokenGameError
from eqsolve.gamefile import built, checked, content_hash, declares, exported, guarded
from eqsolve.papers import attached

if TYPE_CHECKING:
    from eqsolve.game import Model as Declared
    from eqsolve.gamefile import Exported
    from eqsolve.notated.published import Published

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
    def model(self) -> Published | Declared:
        """The model, by its default structure, with what papers attach to it.

        Raises
        ------
        BrokenGameError
            If the file's function fails or returns something else.
        """
        from eqsolve.notated.published import Published

        found = built(self.exported, self.path or Path(self.name))
        said = attached(self.module) if isinstance(found, Published) else {}
        # one that nothing is attached to stays what it is: what was derived of it is known
        return replace(found, **said) if said else found

    @property
    def word(self) -> str:
        """What commands take for it, in the folder of its file where it has no name to them."""
        return quote(f"./{self.path.name}") if self.path and self.origin == "path" else self.name

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
class Place:
    """Where a game of a name can be loaded from."""

    name: str
    origin: Origin
    module: str
    path: Path
    entry: EntryPoint | None = None

    def found(self) -> Found:
        """Load it.

        Raises
        ------
        BrokenGameError
            If its file fails or declares no game.
        """
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
            raise of_game(error, self.name) from error.__cause__
        package = self.module.rpartition(".")[0]
        digest = content_hash(self.path, package) if self.path.is_file() else ""
        return Found(self.name, self.origin, export, self.path, digest, self.module)


def folders() -> tuple[str, ...]:
    """Where the built-in games are; empty if there are none."""
    try:
        return tuple(importlib.import_module(BUILT_IN).__path__)
    except ModuleNotFoundError:
        return ()


@cache
def built_in() -> dict[str, Place]:
    """The modules of ``eqsolve.derivations``; in a family's folder those that declare a game."""
    found = {}
    for root in map(Path, folders()):
        for path in sorted(root.rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            if path.stem.startswith("_") or (len(parts) > 1 and declares(path) is False):
                continue
            name = path.stem.replace("_", "-")
            found[name] = Place(name, "built-in", ".".join((BUILT_IN, *parts)), path)
    return found


@cache
def packages() -> dict[str, Place]:
    """The games of installed packages."""
    return {entry.name: _entry(entry) for entry in entry_points(group=GROUP)}


def _entry(entry: EntryPoint) -> Place:
    try:
        spec = find_spec(entry.module)
    except ImportError:  # the package of the module is not there
        spec = None
    origin = spec.origin if spec is not None else None
    return Place(entry.name, "package", entry.module, Path(origin or entry.value), entry)


def of_game(error: BrokenGameError, game: str) -> BrokenGameError:
    """The error of a file as that of a game of some name."""
    return BrokenGameError(error.reason, path=error.path, line=error.line, game=game)
