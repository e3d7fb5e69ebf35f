"""The theorems behind a claim, and whether Coq has accepted them on this machine."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from eqsolve.notated.published import Published
from eqsolve.prove.check import accepted
from eqsolve.prove.texts import texts


@dataclass(frozen=True)
class Proof:
    """A theorem that a claim rests on.

    Attributes
    ----------
    game : what ``eqsolve prove`` is asked for.
    file, theorem : where it stands there.
    formal : whether Coq accepted exactly this file here, whenever that was.
    """

    game: str
    file: str
    theorem: str
    formal: bool


#: Of a game, what is wanted: ``"chapter.theorem"``, with ``*`` for any name.
Wanted = tuple[Published, Collection[str]]


def proofs(wanted: Iterable[Wanted]) -> tuple[Proof, ...]:
    """The theorems of a claim, and whether Coq accepted them."""
    found = []
    for model, patterns in wanted:
        for chapter in dict.fromkeys(p.partition(".")[0] for p in patterns):
            names = [p.partition(".")[2] for p in patterns if p.startswith(f"{chapter}.")]
            for file, source in texts(model, chapter).files.items():
                known = accepted(source)
                found += [
                    Proof(model.name, file, theorem, theorem in known)
                    for theorem in source.theorems
                    if any(fnmatchcase(theorem, name) for name in names)
                ]
    return tuple(found)
