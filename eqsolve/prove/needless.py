"""Which assumptions theorems need.

One is needed if at some point it fails, all others hold, and so does not the conclusion. Where no
such point is found, Coq is asked for the same proof without it: if that is accepted the assumption
is needless, and left out.
"""

from __future__ import annotations

import random
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from time import monotonic
from typing import Literal

from eqsolve.prove.coq import LIBRARY, Writer
from eqsolve.prove.coqc import LONGEST, Compiler, compiled_library
from eqsolve.prove.points import Model, point
from eqsolve.prove.statement import Line, Relation, Theorem

#: Points that are tried for every assumption, and the seed of what is drawn.
ATTEMPTS, SEED = 60, 1
#: Seconds for one sentence of a proof.
SENTENCE = 10
#: Seconds for all theorems of a game, and which part of it one theorem may take.
WITHIN, SHARE = 900.0, 10


@dataclass(frozen=True)
class Need:
    """What is known of one assumption.

    Attributes
    ----------
    theorem, assumption : names.
    verdict : ``open`` if no point was found, and Coq does not accept the proof without it, or was
        not asked in time.
    point : numbers of letters at which all other assumptions hold and the conclusion does not;
        letters that assumptions define follow from them.
    """

    theorem: str
    assumption: str
    verdict: Literal["needed", "needless", "open"]
    point: Mapping[str, str] = field(default_factory=dict)


def without(theorem: Theorem, name: str) -> Theorem:
    """A theorem without one hypothesis, its proof as far as it does without."""
    hypotheses = tuple(h for h in theorem.hypotheses if h.name != name)
    script = []
    for line in theorem.script:
        text = re.sub(rf"\?{name}\b, |, \?{name}\b", "", line.text)
        text = re.sub(rf"rewrite \?{name}\b( by assumption)?(; |\.$)", "", text)
        if text.startswith("intros "):
            text = re.sub(rf" {name}\b", "", text)
        if text.strip():
            script.append(Line(text, line.expressions))
    return replace(theorem, hypotheses=hypotheses, script=tuple(script))


def counterexample(theorem: Theorem, name: str, attempts: int = ATTEMPTS) -> Model | None:
    """A point at which a theorem without one hypothesis is wrong; None if none is found."""
    (statement,) = (h.statement for h in theorem.hypotheses if h.name == name)
    less, rng = without(theorem, name), random.Random(SEED)
    edges: tuple[tuple[Relation, ...], ...] = ((),)
    if isinstance(statement, Relation) and statement.relation != "=":
        edges = ((Relation(statement.left, "=", statement.right),), ())
    for also in edges:
        found = point(less, rng, attempts, also)
        if found is not None:
            return found
    return None


def lean(theorems: Iterable[Theorem], within: float = WITHIN) -> tuple[list[Theorem], list[Need]]:
    """The theorems without needless assumptions, and what is known of each assumption.

    Parameters
    ----------
    within : seconds for all of them; one takes at most a tenth of that. Points come first, in at
        most half of the time, then Coq is asked; what is not reached is open.

    Raises
    ------
    MissingCoqError
        If Coq is not installed.
    """
    found, needs = list(theorems), list[Need]()
    until, share = monotonic() + within, within / SHARE
    compiled_library()  # before there are threads
    rest = []
    for one in found:
        last, left = min(until - within / 2, monotonic() + share), list[str]()
        for name in (h.name for h in one.hypotheses):
            model = counterexample(one, name) if monotonic() < last else None
            if model is None:
                left.append(name)
            else:
                needs.append(Need(one.name, name, "needed", _shown(model)))
        rest.append(left)
    with Compiler() as coq:
        jobs = [coq.submit(_lean, coq, *pair, until, share) for pair in zip(found, rest)]
        for k, job in enumerate(jobs):
            found[k], some = job.result()
            needs += some
    return found, needs


def _lean(
    coq: Compiler, theorem: Theorem, names: Iterable[str], until: float, share: float
) -> tuple[Theorem, list[Need]]:
    """A theorem without those of some assumptions that Coq does not need."""
    # one after the other: each may be needless only because another one is there
    last, needs, left = min(until, monotonic() + share), list[Need](), list[str]()
    for name in names:
        less = without(theorem, name)
        if _accepted(coq, _text(less), SENTENCE, last - monotonic()):
            needs.append(Need(theorem.name, name, "needless"))
            theorem = less
        else:
            left.append(name)
    fewer = bool(needs)
    for name in left:
        # what said the same may have been left out
        model = counterexample(theorem, name) if fewer and monotonic() < last else None
        needs.append(
            Need(theorem.name, name, "open")
            if model is None
            else Need(theorem.name, name, "needed", _shown(model))
        )
    return theorem, needs


def _shown(model: Model) -> dict[str, str]:
    found = {str(letter): model.numbers[letter] for letter in model.free}
    return {
        name: str(value) if isinstance(value, Fraction) else f"{float(value)!r}"
        for name, value in found.items()
    }


def _text(theorem: Theorem) -> str:
    return Writer().theorem(theorem).partition("\n\nLemma ")[0]


def accepted(texts: Sequence[tuple[str, str]], longest: int = SENTENCE) -> list[str]:
    """The names of the theorems that Coq accepts, of texts that it reads one by one.

    Parameters
    ----------
    longest : seconds for one sentence of a proof.
    """
    compiled_library()  # before there are threads
    with Compiler() as coq:
        jobs = [coq.submit(_accepted, coq, text, longest) for _, text in texts]
        return [name for (name, _), job in zip(texts, jobs) if job.result()]


def _accepted(coq: Compiler, text: str, longest: int, seconds: float = LONGEST) -> bool:
    """Whether Coq accepts a theorem; it stops at the first sentence that it does not."""
    if seconds <= 0:
        return False
    lines = [f"Require Import {LIBRARY}.", f"Set Default Timeout {longest}.", text]
    library = str(compiled_library())
    with tempfile.TemporaryDirectory(prefix="eqsolve-less-") as folder:
        (Path(folder) / "less.v").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return not coq.run(Path(folder), "less", "-Q", library, "", seconds=seconds).returncode
