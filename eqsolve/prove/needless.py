"""Which assumptions theorems need.

One is needed if at some point it fails, all others hold, and so does not the conclusion. Where no
such point is found, Coq is asked for the same proof without it: if that is accepted the assumption
is needless, and left out.
"""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

from eqsolve.prove.check import compiled_library, coqc
from eqsolve.prove.coq import LIBRARY, Writer
from eqsolve.prove.points import Model, point
from eqsolve.prove.statement import Line, Relation, Theorem

#: Points that are tried for every assumption, and the seed of what is drawn.
ATTEMPTS, SEED = 60, 1
#: Seconds for one sentence of a proof, and theorems of one run of Coq.
LONGEST, BATCH = 10, 20


@dataclass(frozen=True)
class Need:
    """What is known of one assumption.

    Attributes
    ----------
    theorem, assumption : names.
    verdict : ``open`` if no point was found, and Coq does not accept the proof without it.
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


def lean(theorems: Iterable[Theorem]) -> tuple[list[Theorem], list[Need]]:
    """The theorems without needless assumptions, and what is known of each assumption.

    Raises
    ------
    MissingCoqError
        If Coq is not installed.
    """
    found, needs, rest = list(theorems), list[Need](), dict[int, list[str]]()
    for k, one in enumerate(found):
        for name in (h.name for h in one.hypotheses):
            model = counterexample(one, name)
            if model is None:
                rest.setdefault(k, []).append(name)
            else:
                needs.append(Need(one.name, name, "needed", _shown(model)))
    while rest:
        pairs = [(k, name) for k, names in rest.items() for name in names]
        texts = [(f"less_{i}", _text(without(found[k], n), i)) for i, (k, n) in enumerate(pairs)]
        taken = {*accepted(texts)}
        less = [pair for i, pair in enumerate(pairs) if f"less_{i}" in taken]
        again: dict[int, list[str]] = {}
        for k, names in rest.items():
            # one at a time: each may be needless only because another one is there
            first = next((name for one, name in less if one == k), None)
            if first is None:
                needs += [Need(found[k].name, name, "open") for name in names]
                continue
            needs.append(Need(found[k].name, first, "needless"))
            found[k] = without(found[k], first)
            known = {name for one, name in less if one == k and name != first}
            needs += [Need(found[k].name, n, "open") for n in names if n not in {first, *known}]
            if known:
                again[k] = [name for name in names if name in known]
        rest = again
    return found, needs


def _shown(model: Model) -> dict[str, str]:
    found = {str(letter): model.numbers[letter] for letter in model.free}
    return {
        name: str(value) if isinstance(value, Fraction) else f"{float(value)!r}"
        for name, value in found.items()
    }


def _text(theorem: Theorem, number: int) -> str:
    name = f"less_{number}"
    return Writer().theorem(replace(theorem, name=name)).partition("\n\nLemma ")[0]


def accepted(texts: Sequence[tuple[str, str]], longest: int = LONGEST) -> list[str]:
    """The names of the theorems that Coq accepts, of texts that it reads one after the other.

    Parameters
    ----------
    longest : seconds for one sentence of a proof.
    """
    batches = [texts[k : k + BATCH] for k in range(0, len(texts), BATCH)]
    with ThreadPoolExecutor(2) as workers:
        found = workers.map(lambda batch: _session(batch, longest), batches)
        return [name for names in found for name in names]


def _session(texts: Sequence[tuple[str, str]], longest: int) -> list[str]:
    lines = [f"Require Import {LIBRARY}.", f"Set Default Timeout {longest}."]
    for name, text in texts:
        lines += [text, "Abort All.", f"Locate {name}."]
    program = str(Path(coqc()).with_name("coqtop"))
    done = subprocess.run(
        [program, "-q"],
        input="\n".join(lines) + "\n",
        cwd=compiled_library(),
        capture_output=True,
        text=True,
        check=True,
    )
    told = {m[1] for m in re.finditer(r"Constant Top\.(\w+)", done.stdout)}
    return [name for name, _ in texts if name in told]
