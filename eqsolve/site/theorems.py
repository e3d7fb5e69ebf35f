"""The theorems of Coq behind the equations of a page, and their files beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from markupsafe import Markup

from eqsolve.derivation.derivation import Derivation
from eqsolve.prove.collect import NothingToProveError, Proofs, of_declared, of_family
from eqsolve.prove.coq import LIBRARY
from eqsolve.prove.coqc import library
from eqsolve.site.fonts import embedded
from eqsolve.site.page import Content, environment
from eqsolve.site.sections import Game
from eqsolve.site.typeset import heading

#: The folder of the files, beside the page.
FOLDER = "proofs"


@dataclass(frozen=True)
class Row:
    """One theorem: its names, what it says in the language of Coq, and its proof there."""

    anchor: str
    name: str
    title: Markup
    number: str
    file: str
    statement: str
    proof: str


def displayed(games: Iterable[Game]) -> dict[str, Proofs]:
    """The theorems about the displays of games, by game; a game without formal ones has none."""
    return {
        model.name: of_family(model, ["displays"])
        for model, displays in games
        if any(display.proof == "formal" for display in displays)
    }


def of_structure(derivation: Derivation, words: str) -> tuple[Proofs, ...]:
    """The theorems about one structure of a declared game; none where nothing can be stated."""
    try:
        return (replace(of_declared(derivation), structure=tuple(words.split(", "))),)
    except NothingToProveError:
        return ()


def rows(proofs: Proofs) -> Iterator[Row]:
    """The theorems of a game in the order of its files."""
    about = {t.name: t for t in proofs.theorems}
    for file, source in proofs.sources().items():
        for name, text in source.theorems.items():
            statement, _, proof = text.partition("\nProof.")
            yield Row(
                f"{proofs.game}-{name}",
                name,
                heading(about[name].title),
                about[name].source,
                f"{FOLDER}/{file}.v",
                statement,
                f"Proof.{proof}" if proof else "",
            )


def write(every: Iterable[Proofs], folder: Path) -> None:
    """Write the files that Coq checks into a new folder, the library with them."""
    folder.mkdir()
    texts = {LIBRARY: library()}
    for proofs in every:
        texts |= {file: source.text for file, source in proofs.sources().items()}
    for name, text in texts.items():
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
