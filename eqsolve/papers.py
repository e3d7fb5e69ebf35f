"""Papers: what a source says about games, attached to them from outside.

A paper is found through the entry-point group ``eqsolve.papers``. It knows games by the module
that declares them, so that a file of the same name elsewhere is not taken for one of its games.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from eqsolve.references import Reference

GROUP = "eqsolve.papers"


class Caption(Protocol):
    """What a page says of a figure."""

    @property
    def number(self) -> str:
        """As in the paper."""

    @property
    def title(self) -> str:
        """The first sentence of the caption."""


class Picture(Protocol):
    """A drawn figure: its caption, the judged statements about it, and its files."""

    @property
    def figure(self) -> Caption:
        """Number and title."""

    @property
    def statements(self) -> Sequence[Any]:
        """The paper's statements about it, judged."""

    @property
    def notes(self) -> str:
        """The part of the caption after the statements."""

    @property
    def files(self) -> tuple[Path, ...]:
        """All its files."""

    def path(self, suffix: str) -> Path:
        """The file with the given suffix, such as ``".svg"``."""


@dataclass(frozen=True)
class Paper:
    """What a source says. Every part is a function, called when it is needed.

    Attributes
    ----------
    name : one word.
    attached : the fields of a model that the paper adds to a game, by the name of the module that
        declares the game; empty for games it does not know.
    statements : its claims, each an ``eqsolve.claims.claim.Statement``.
    examples : what the help of a command shows as an example, by the command's name: lines.
    planted : errors in its games that the checks must see, each an
        ``eqsolve.verify.mutation.Planted``.
    sets : its parameter sets, by name.
    baseline : the parameters behind its figures, as decimals.
    draw : writes its figures into an existing folder.
    write_figures : writes its figures into a folder, all or none.
    reference : how it is cited.
    """

    name: str
    attached: Callable[[str], Mapping[str, Any]]
    statements: Callable[[], Sequence[Any]]
    examples: Callable[[], Mapping[str, Sequence[str]]]
    planted: Callable[[], Iterator[Any]]
    sets: Callable[[], Mapping[str, Mapping[str, str]]]
    baseline: Callable[[], Mapping[str, str]]
    draw: Callable[[Path], Sequence[Picture]]
    write_figures: Callable[[Path], Sequence[Path]]
    reference: Reference | None = None


@cache
def papers() -> tuple[Paper, ...]:
    """Return the installed papers, in order of name.

    An entry whose package is no longer there is passed over.
    """
    found: list[Paper] = []
    # a set: an installation under a former name may still be there
    for entry in sorted({*entry_points(group=GROUP)}, key=lambda e: e.name):
        try:
            found.append(entry.load())
        except ModuleNotFoundError as error:
            if error.name != entry.module:
                raise
    return tuple(found)


def content() -> str:
    """A fingerprint of the papers, without importing them; empty if it does not tell what they are.

    A paper of another package may read and import anything.
    """
    result = hashlib.sha256()
    for entry in sorted({*entry_points(group=GROUP)}, key=lambda e: e.name):
        try:
            spec = find_spec(entry.module)
        except ModuleNotFoundError:
            continue
        if spec is None or spec.origin is None:
            continue
        if entry.module.partition(".")[0] != __name__.partition(".")[0]:
            return ""
        folder = Path(spec.origin).parent
        for path in sorted((*folder.rglob("*.py"), *folder.rglob("*.json"))):
            result.update(f"{entry.module} {path.name}\n".encode())
            result.update(hashlib.sha256(path.read_bytes()).digest())
    return result.hexdigest()


def attached(module: str) -> dict[str, Any]:
    """Return the fields of a model that the papers add to the game of a module."""
    fields: dict[str, Any] = {}
    for paper in papers():
        fields |= paper.attached(module)
    return fields
