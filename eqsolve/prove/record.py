"""Which numbered equations of a source Coq accepted, kept by content.

A record is made where Coq ran. It names an equation by a digest of what it says, and its theorems
by one of their text: who changes either has no record of it any more.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eqsolve.output import replacing
from eqsolve.prove.coq import source
from eqsolve.prove.coqc import library, version
from eqsolve.prove.level import digest, of_display
from eqsolve.prove.run import Run
from eqsolve.prove.statement import Theorem
from eqsolve.schemas import SCHEMA


def of_theorems(theorems: Sequence[Theorem]) -> str:
    """A digest of what theorems say, with their proofs."""
    return digest([source("", theorems).text])


def record(run: Run) -> dict[str, Any]:
    """The equations of which Coq accepted all theorems, by game and number, with two digests.

    With Coq's version, and a digest of the library that it checked them with.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for one in run.proofs:
        for display in one.displays:
            if display.number in run.formal[one.game]:
                row = [of_display(display), of_theorems(one.stated[display.number])]
                found.setdefault(one.game, {})[display.number] = row
    sorted_by_game = dict(sorted(found.items()))  # whatever order games were asked in
    made = {"coq": version(), "library": digest([library()]), "displays": sorted_by_game}
    return {"schema": SCHEMA, **made}


def write(run: Run, path: str | os.PathLike[str]) -> None:
    """Write the record of a run into a file.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    text = json.dumps(record(run), indent=1) + "\n"
    with replacing(Path(path)) as temporary:
        temporary.write_text(text, encoding="utf-8")
