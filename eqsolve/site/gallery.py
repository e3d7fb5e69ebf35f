"""A gallery of games: for each a page in Markdown (MyST) and a figure, made from the game's file.

A page states the problem as a paper does, gives the solution of every structure that the file
offers, a figure, the level of the proof, and the reference. Sphinx with myst-parser shows it.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from markupsafe import Markup

from eqsolve.derivation.derivation import derive
from eqsolve.distribution import VERSION
from eqsolve.game import Model
from eqsolve.places import Found
from eqsolve.site.game_notation import joined
from eqsolve.site.game_page import Part, Shown, part
from eqsolve.site.page import PROOFS, environment, used
from eqsolve.site.sections import Section, sections
from eqsolve.site.theorems import Row, of_structure, rows
from eqsolve.verify.models import Variant, variants
from eqsolve.verify.proof import prove
from eqsolve.verify.report import passed

#: Stages that state the problem, and those that are its solution; the others are the way there.
PROBLEM = ("dynamics", "preference")
SOLUTION = ("ansatz", "solution", "equilibrium", "explosion", "conditions")
#: What of the numbers is shown.
GROUPS = ("parameters and start", "result", "strategy", "value", "at the start")
#: Of a page, and of the first one.
TEMPLATES = ("game.md.jinja", "gallery.md.jinja")
#: What Markdown would take for something else than text.
_MARKS = re.compile(r"([\\*_$<>\[\]{}|#])")


@dataclass(frozen=True)
class Structure:
    """One structure of a game, arranged for the page."""

    part: Part

    def stages(self, *keys: str) -> Iterator[tuple[str, tuple[Shown, ...]]]:
        """Title and displays of some stages."""
        return ((s.title, shown) for s, shown in self.part.stages if s.key in keys)

    @property
    def way(self) -> Iterator[tuple[str, tuple[Shown, ...]]]:
        """What leads from the problem to the solution."""
        keys = {stage.key for stage, _ in self.part.stages}
        return self.stages(*keys.difference(PROBLEM, SOLUTION))

    @property
    def numbers(self) -> list[tuple[str, list[Any]]]:
        """The rows of the table of numbers, by group."""
        return [(group, rows) for group, rows in self.part.groups if group in GROUPS]

    @cached_property
    def theorems(self) -> tuple[Row, ...]:
        """What Coq is asked to check of it."""
        made = of_structure(self.part.derivation, self.part.variant.words)
        return tuple(row for proofs in made for row in rows(proofs))

    @property
    def passed(self) -> int:
        """How many of its checks in exact arithmetic hold."""
        return sum(map(passed, self.part.checks))


@dataclass(frozen=True)
class Entry:
    """One game of a gallery.

    Attributes
    ----------
    name, title, source : as the game's file has them.
    proof : for each structure its title and the level of its proof.
    figure : the name of the figure's file; empty if there is none.
    """

    name: str
    title: str
    source: str
    proof: tuple[tuple[str, str], ...] = ()
    figure: str = ""

    @property
    def heading(self) -> str:
        """The title with a capital letter."""
        text = self.title or self.name
        return text[:1].upper() + text[1:]


def write(found: Found, folder: Path, *, short: bool = False) -> Entry:
    """Write the page of a game, its figure and a copy of its file into a folder.

    Parameters
    ----------
    found : the game.
    folder : an existing folder.
    short : say what the file says, and derive nothing.

    Raises
    ------
    EqsolveError
        If the game cannot be derived.
    """
    model = found.model
    made = Entry(found.name, model.title, model.source)
    structures = [] if short else [*map(Structure, parts(found))]
    pictured = drawn([s.part for s in structures], folder / f"{found.name}.svg")
    levels = tuple((s.part.title, s.part.proof[0]) for s in structures)
    made = replace(made, proof=levels, figure=f"{found.name}.svg" if pictured else "")
    if found.path is not None:
        shutil.copyfile(found.path, folder / f"{found.name}.txt")
    text = _template(TEMPLATES[0]).render(
        entry=made,
        word=found.word,
        words=words(found),
        structures=structures,
        notations=joined(s.part.notation for s in structures),
        caption=pictured,
        section=None if short else numbered(found),
        proofs=PROOFS,
        used=used,
        file=found.path is not None,
    )
    (folder / f"{found.name}.md").write_text(text, encoding="utf-8")
    return made


def index(entries: Sequence[Entry], folder: Path) -> Path:
    """Write the first page of a gallery; returns its path."""
    path = folder / "index.md"
    path.write_text(_template(TEMPLATES[1]).render(entries=entries), encoding="utf-8")
    return path


def parts(found: Found) -> Iterator[Part]:
    """Every structure of a game, solved at its named sets and proved from its declaration.

    A game in the letters of a source is taken as it is declared once more for the engine.
    """
    model = found.model
    if isinstance(model, Model):
        chosen = list(variants(found))
    else:
        restated = model.restated
        if restated is None:
            return
        own = restated.own() if restated.own is not None else restated.source()
        cases = dict([*model.cases.items()][:1])
        chosen = [Variant(replace(own, cases=cases), own.game.notion)]
    for k, variant in enumerate(chosen, 1):
        anchor = f"{variant.words.replace(', ', '-')}-{k}"
        yield part(variant, prove(derive(variant.model)), anchor)


def drawn(parts: Iterable[Part], path: Path) -> Markup:
    """Draw the strategy of the first structure that has a figure; returns the caption."""
    for one in parts:
        if caption := one.figure(path):
            return Markup("{}: {}").format(one.title, caption[:1].lower() + caption[1:])
    return Markup("")


def numbered(found: Found) -> Section | None:
    """The numbered equations of the source that displays a game; None if there is none."""
    model = found.model
    if isinstance(model, Model) or not model.displayed:
        return None
    (section,) = sections([(model, model.shown)])
    return section


def words(found: Found) -> str:
    """What the file of a game says of it in words, as Markdown."""
    if found.path is None:
        return ""
    told = ast.get_docstring(ast.parse(found.path.read_text(encoding="utf-8"))) or ""
    pieces = told.split("``")
    return "".join(f"`{p}`" if k % 2 else _MARKS.sub(r"\\\1", p) for k, p in enumerate(pieces))


def _template(name: str) -> Any:
    made = environment(VERSION, "", {})
    made.autoescape = False  # Markdown; what is HTML comes as such
    return made.get_template(name)
