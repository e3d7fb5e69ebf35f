"""Theorems as texts, kept by content: what claims and pages need of those about a paper's game.

To state and prove them anew takes a minute of the processor for a paper. Entries are found by the
rules of ``eqsolve.kept``: by the contents of the game's file and of all sources of eqsolve.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eqsolve.kept import kept
from eqsolve.notated.published import Published
from eqsolve.prove.collect import Proofs, of_family
from eqsolve.prove.coq import Source
from eqsolve.prove.statement import identifier
from eqsolve.registry import content_of


@dataclass(frozen=True)
class Texts:
    """The theorems about a game as they are written.

    Attributes
    ----------
    game : its name.
    files : what Coq reads, by name of the file.
    titles : what each theorem says, and the equation of a source that it is about.
    displays : the theorems that an equation consists of, by its number.
    """

    game: str
    files: Mapping[str, Source]
    titles: Mapping[str, tuple[str, str]]
    displays: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, proofs: Proofs) -> Texts:
        """Write theorems."""
        return cls(
            proofs.game,
            proofs.sources(),
            {t.name: (t.title, t.source) for t in proofs.theorems},
            {number: tuple(t.name for t in some) for number, some in proofs.stated.items()},
        )


def texts(model: Published, chapter: str) -> Texts:
    """One chapter about a game of the mean-variance family.

    Raises
    ------
    NothingToProveError
        If there is none of that name.
    """

    def made() -> dict[str, Any]:
        found = Texts.of(of_family(model, [chapter]))
        start = f"{identifier(model.name)}_{chapter}"
        files = {name: f for name, f in found.files.items() if name.startswith(start)}
        return {
            "files": {name: [f.heading, dict(f.theorems)] for name, f in files.items()},
            "titles": {name: list(row) for name, row in found.titles.items()},
            "displays": {number: list(names) for number, names in found.displays.items()},
        }

    data = kept(content_of(model), {"theorems": model.name, "chapter": chapter}, made)
    return Texts(
        model.name,
        {name: Source(heading, rows) for name, (heading, rows) in data["files"].items()},
        {name: (title, number) for name, (title, number) in data["titles"].items()},
        {number: tuple(names) for number, names in data["displays"].items()},
    )
