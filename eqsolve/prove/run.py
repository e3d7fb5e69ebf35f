"""Theorems of games, written into a folder, checked, or both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from eqsolve.errors import InputError
from eqsolve.output import staged
from eqsolve.prove.check import Verdict, check
from eqsolve.prove.collect import Proofs
from eqsolve.prove.coq import LIBRARY, Source, cited
from eqsolve.prove.coqc import library
from eqsolve.prove.needless import WITHIN, Need
from eqsolve.schemas import SCHEMA


@dataclass(frozen=True)
class Run:
    """What was written and what Coq said.

    Attributes
    ----------
    proofs : of every game.
    verdicts : of every theorem, by game and structure; empty if Coq was not asked.
    folder : where the files are; empty if none were written.
    needs : of every assumption whether it is needed, by game and structure; empty if that was not
        asked.
    """

    proofs: tuple[Proofs, ...]
    verdicts: Mapping[str, tuple[Verdict, ...]]
    folder: str = ""
    needs: Mapping[str, tuple[Need, ...]] = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        """Whether Coq accepted every theorem that it was asked about."""
        asked = {game: {v.theorem for v in found} for game, found in self.verdicts.items()}
        complete = all(
            asked[one.label] == {t.name for t in one.theorems}
            for one in self.proofs
            if one.label in asked
        )
        return complete and all(v.accepted for found in self.verdicts.values() for v in found)

    @property
    def formal(self) -> dict[str, list[str]]:
        """The numbered equations of which Coq accepted all theorems, by game."""
        accepted = {
            game: {v.theorem for v in found if v.accepted} for game, found in self.verdicts.items()
        }
        return {
            one.game: [
                number
                for number, theorems in one.stated.items()
                if {t.name for t in theorems} <= accepted.get(one.label, set())
            ]
            for one in self.proofs
            if one.displays
        }

    def lines(self) -> Iterator[str]:
        """The same theorem by theorem."""
        for one in self.proofs:
            titles = {t.name: f"{t.title}{cited(t)}" for t in one.theorems}
            for verdict in self.verdicts.get(one.label, ()):
                word = "proved" if verdict.accepted else "NOT PROVED"
                about = titles.get(verdict.theorem, "")
                yield f"{one.label}: {word} {verdict.theorem} ({verdict.seconds:.2f} s). {about}"
                if not verdict.accepted:
                    yield f"  {verdict.message or 'It rests on ' + ', '.join(verdict.axioms)}"
            yield from self._needs(one.label)
            for sentence in one.missing:
                yield f"{one.label}: not stated. {sentence}"
        count = sum(len(one.theorems) for one in self.proofs)
        if self.folder:
            yield f"{count} theorems are written into {self.folder}"
        if self.verdicts:
            found = [v for some in self.verdicts.values() for v in some]
            axioms = sorted({axiom for v in found for axiom in v.axioms})
            good = sum(v.accepted for v in found)
            yield f"{good} of {count} theorems are accepted by Coq"
            shown = sum(len(one.displays) for one in self.proofs)
            if shown:
                formal = sum(map(len, self.formal.values()))
                yield f"{formal} of {shown} numbered equations that are exact are formal"
            yield f"axioms: {', '.join(axioms) or 'none'}"

    def _needs(self, label: str) -> Iterator[str]:
        needs = self.needs.get(label, ())
        for need in needs:
            if need.verdict != "needed":
                word = "left out, needless" if need.verdict == "needless" else "not decided"
                yield f"{label}: {word}. {need.assumption} of {need.theorem}"
        if needs:
            count = Counter(need.verdict for need in needs)
            yield (
                f"{label}: of {len(needs)} assumptions {count['needed']} are needed, "
                f"{count['needless']} needless and left out, {count['open']} not decided"
            )

    def to_dict(self) -> list[dict[str, Any]]:
        """The same for machines, game by game."""
        return [
            {
                "schema": SCHEMA,
                "game": one.game,
                "structure": list(one.structure),
                "theorems": [
                    {
                        "name": t.name,
                        "title": t.title,
                        "source": t.source,
                        **self._of(one.label, t.name),
                        **self._assumptions(one.label, t.name),
                    }
                    for t in one.theorems
                ],
                "not_stated": list(one.missing),
                "formal": self.formal.get(one.game, []),
            }
            for one in self.proofs
        ]

    def _assumptions(self, label: str, theorem: str) -> dict[str, Any]:
        found = [need for need in self.needs.get(label, ()) if need.theorem == theorem]
        rows = {n.assumption: {"verdict": n.verdict, "point": dict(n.point)} for n in found}
        return {"assumptions": rows} if found else {}

    def _of(self, game: str, theorem: str) -> dict[str, Any]:
        for v in self.verdicts.get(game, ()):
            if v.theorem == theorem:
                found = {"proved": v.accepted, "seconds": v.seconds, "axioms": list(v.axioms)}
                return {**found, "file": v.file, "message": v.message}
        return {}


def run(
    proofs: Iterable[Proofs],
    out: str | None = None,
    checking: bool = False,
    fresh: bool = False,
    needless: bool = False,
    within: float = WITHIN,
) -> Run:
    """Write theorems, let Coq check them, or both.

    Parameters
    ----------
    needless : look for assumptions that are not needed, first, and leave them out.
    within : seconds that this may take of a game.

    Raises
    ------
    InputError
        If the folder cannot be written.
    MissingCoqError
        If Coq is to check and is not installed.
    """
    proofs, needs = tuple(proofs), dict[str, tuple[Need, ...]]()
    if needless:
        found = [one.lean(within) for one in proofs]
        proofs = tuple(one for one, _ in found)
        needs = {one.label: tuple(some) for one, some in found}
    sources = {one.label: one.sources() for one in proofs}
    files = [name for some in sources.values() for name in some]
    if len({*files}) < len(files):
        raise InputError("two games have the same name.", stage="proofs")
    if out is not None:
        texts = {name: one.text for name, one in _all(sources).items()}
        with staged(out) as folder:
            for name, text in {LIBRARY: library(), **texts}.items():
                (folder / f"{name}.v").write_text(text, encoding="utf-8")
    verdicts: dict[str, tuple[Verdict, ...]] = {}
    if checking:
        owner = {name: game for game, some in sources.items() for name in some}
        told: dict[str, list[Verdict]] = {game: [] for game in sources}
        for verdict in check(_all(sources), fresh):
            told[owner[verdict.file]].append(verdict)
        verdicts = {game: tuple(some) for game, some in told.items()}
    return Run(proofs, verdicts, out or "", needs)


def _all(sources: Mapping[str, Mapping[str, Source]]) -> dict[str, Source]:
    return {name: one for some in sources.values() for name, one in some.items()}
