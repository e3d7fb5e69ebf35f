"""The proofs checked by Coq, side by side, and kept by content."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from eqsolve.cache import private_folder
from eqsolve.errors import EqsolveError
from eqsolve.output import replacing
from eqsolve.prove.coq import LIBRARY, Source
from eqsolve.prove.coqc import Compiler, MissingCoqError, compiled_library, coqc, library, version

#: What the theory of the real numbers of Coq's standard library rests on.
AXIOMS = frozenset(
    (
        "ClassicalDedekindReals.sig_forall_dec",
        "ClassicalDedekindReals.sig_not_dec",
        "FunctionalExtensionality.functional_extensionality_dep",
    )
)


@dataclass(frozen=True)
class Verdict:
    """What Coq says of one theorem.

    Attributes
    ----------
    file, theorem : where it stands.
    proved : whether Coq accepts the theorem and that its assumptions hold somewhere.
    seconds : of the processor that Coq took.
    axioms : what its file rests on.
    message : why it is not accepted.
    """

    file: str
    theorem: str
    proved: bool
    seconds: float
    axioms: tuple[str, ...] = ()
    message: str = ""

    @property
    def accepted(self) -> bool:
        """Whether it is proved, from nothing but the axioms of the real numbers."""
        return self.proved and set(self.axioms) <= AXIOMS


def check(sources: Mapping[str, Source], fresh: bool = False) -> Iterator[Verdict]:
    """Let Coq check files of theorems, by name.

    Parameters
    ----------
    fresh : also files that it accepted before.

    Raises
    ------
    MissingCoqError
        If Coq is not installed.
    EqsolveError
        If a signal ended Coq.
    """
    coqc()
    known = {name: [] if fresh else _recalled(one.text) for name, one in sources.items()}
    left = [name for name in sources if not known[name]]
    with tempfile.TemporaryDirectory(prefix="eqsolve-proofs-") as folder:
        if left:
            shutil.copy(compiled_library() / f"{LIBRARY}.vo", folder)
        with Compiler() as compiler:
            jobs = {
                n: compiler.submit(_checked, compiler, Path(folder), sources[n], n) for n in left
            }
            for name in sources:
                yield from jobs[name].result() if name in jobs else known[name]


def accepted(source: Source) -> frozenset[str]:
    """The theorems of a file that Coq accepted before, on this machine; none without Coq."""
    try:
        return frozenset(v.theorem for v in _recalled(source.text) if v.accepted)
    except MissingCoqError:
        return frozenset()


def _checked(compiler: Compiler, folder: Path, whole: Source, name: str) -> list[Verdict]:
    """One file: a theorem that is not accepted is left out, and the rest is checked without it."""
    failed: dict[str, str] = {}
    rest = whole
    seconds: dict[str, float] = {}
    axioms: tuple[str, ...] = ()
    while rest.theorems:
        (folder / f"{name}.v").write_text(rest.text, encoding="utf-8")
        done = compiler.run(folder, name, "-time")
        seconds |= _seconds(rest.text, done.stdout)
        if not done.returncode:
            axioms = _axioms(done.stdout)
            break
        wrong, message = _failed(rest, done.stderr)
        failed[wrong] = message
        rest = rest.without(wrong)
    verdicts = [
        (
            Verdict(name, theorem, False, seconds.get(theorem, 0.0), (), failed[theorem])
            if theorem in failed
            else Verdict(name, theorem, True, seconds[theorem], axioms)
        )
        for theorem in whole.theorems
    ]
    if not failed:
        _keep(whole.text, verdicts)
    return verdicts


_SENTENCE = re.compile(r"^Chars (\d+) - \d+ \[.*?\] [0-9.]+ secs \(([0-9.]+)u", re.MULTILINE)
_THEOREM = re.compile(r"^Theorem (\w+) :", re.MULTILINE)


def _seconds(text: str, told: str) -> dict[str, float]:
    """The time of every theorem, from that of every sentence, by its place."""
    starts = [(m.start(), m[1]) for m in _THEOREM.finditer(text)]
    found: dict[str, float] = {}
    for sentence in _SENTENCE.finditer(told):
        own = [theorem for start, theorem in starts if start <= int(sentence[1])]
        if own:
            found[own[-1]] = round(found.get(own[-1], 0.0) + float(sentence[2]), 3)
    return found


def _axioms(told: str) -> tuple[str, ...]:
    """What Coq says that everything rests on; what cannot be read is no axiom that is allowed."""
    said = _SENTENCE.sub("", told)
    if "Closed under the global context" in said:
        return ()
    _, found, listed = said.rpartition("Axioms:")
    names = re.findall(r"^([\w.]+)\s*:", listed, re.MULTILINE)
    return tuple(sorted(names)) if found and names else ("what Coq did not tell",)


def _failed(source: Source, told: str) -> tuple[str, str]:
    """The theorem that was not accepted, and why."""
    line = re.search(r", line (\d+), characters", told)
    lines = source.text.splitlines()[: int(line[1])] if line is not None else []
    names = _THEOREM.findall("\n".join(lines)) or list(source.theorems)
    message = " ".join(told.partition("Error:")[2].split()) or " ".join(told.split())
    return names[-1], message[:500]


def _place(text: str) -> Path | None:
    folder = private_folder("proofs")
    if folder is None:
        return None
    name = hashlib.sha256("\n".join((version(), library(), text)).encode()).hexdigest()
    return folder / f"{name}.json"


def _recalled(text: str) -> list[Verdict]:
    """What Coq said of the same text before; nothing if it was not asked."""
    place = _place(text)
    try:
        rows = json.loads(place.read_text(encoding="utf-8")) if place is not None else []
        return [Verdict(**{**row, "axioms": tuple(row["axioms"])}) for row in rows]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def _keep(text: str, verdicts: Iterable[Verdict]) -> None:
    place = _place(text)
    if place is None:
        return
    with suppress(OSError, EqsolveError):
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing(place) as temporary:
            temporary.write_text(json.dumps([asdict(v) for v in verdicts]), encoding="utf-8")
