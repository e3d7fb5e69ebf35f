"""The theorems of Coq behind the equations of a page, and their files beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from markupsafe import Markup

from eqsolve.derivation.derivation import Derivation
from eqsolve.prove.collect import NothingToProveError, of_declared
from eqsolve.prove.coq import LIBRARY
from eqsolve.prove.coqc import library
from eqsolve.prove.texts import Texts, texts
from eqsolve.site.fonts import embedded
from eqsolve.site.page import Content, environment
from eqsolve.site.sections import Game
from eqsolve.site.typeset import heading

#: The folder of the files, beside the page.
FOLDER = "proofs"


@dataclass(frozen=True)
class Row:
    """One theorem: its names, what it says in the language of Coq, and its proof there.

    ``displays`` are the anchors of the displays whose first theorem it is.
    """

    anchor: str
    name: str
    title: Markup
    number: str
    file: str
    statement: str
    proof: str
    displays: tuple[str, ...]


def displayed(games: Iterable[Game]) -> dict[str, Texts]:
    """The theorems about the displays of games, by game; a game without formal ones has none."""
    return {
        model.name: texts(model, "displays")
        for model, displays in games
        if any(display.proof == "formal" for display in displays)
    }


def of_structure(derivation: Derivation, words: str) -> tuple[Texts, ...]:
    """The theorems about one structure of a declared game; none where nothing can be stated."""
    try:
        proofs = replace(of_declared(derivation), structure=tuple(words.split(", ")))
        return (Texts.of(proofs),)
    except NothingToProveError:
        return ()


def rows(written: Texts) -> Iterator[Row]:
    """The theorems of a game in the order of its files."""
    for file, source in written.files.items():
        for name, text in source.theorems.items():
            title, number = written.titles[name]
            statement, _, proof = text.partition("\nProof.")
            yield Row(
                f"{written.game}-{name}",
                name,
                heading(title),
                number,
                f"{FOLDER}/{file}.v",
                statement,
                f"Proof.{proof}" if proof else "",
                tuple(
                    f"{written.game}-{n}" for n, some in written.displays.items() if some[0] == name
                ),
            )


def write(every: Iterable[Texts], folder: Path) -> None:
    """Write the files that Coq checks into a new folder, the library with them."""
    folder.mkdir()
    found = {LIBRARY: library()}
    for written in every:
        found |= {file: source.text for file, source in written.files.items()}
    for name, text in found.items():
        (folder / f"{name}.v").write_text(text, encoding="utf-8")


def render(content: Content, version: str) -> str:
    """Return the page of the theorems."""
    made = environment(version, "theorems.html", content.pages)
    page = made.get_template("theorems.html.jinja").render(
        games=[
            (section, [*rows(content.theorems[section.game])])
            for section in content.shown
            if section.game in content.theorems
        ],
        folder=FOLDER,
    )
    return embedded(page)
