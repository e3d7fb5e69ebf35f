"""What a claim is, and how its verdict follows from the outcomes of its tests."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eqsolve.claims.formal import Proof, Wanted, proofs
from eqsolve.derivation.closed_form import ClosedForm
from eqsolve.kernels.cubic.kernel import Selection, kernel
from eqsolve.notated.published import Published
from eqsolve.schemas import SCHEMA
from eqsolve.words.dispatch import solve

Verdict = Literal["holds", "conditional", "false"]
#: How a test was made: a polynomial identity, numbers enclosed in balls, one parameter point,
#: a search over random points, a spike variation, a simulation.
Kind = Literal["exact", "ball", "point", "search", "spike", "simulation"]
#: What is said of a claim without theorems that Coq accepted.
UNPROVED = "not proved formally"
#: What a test examines: the claim as stated, the claim under the condition, or a degenerate case
#: (of lower dimension) in which a claim that is false otherwise is true.
Scope = Literal["claim", "condition", "exception"]


@dataclass(frozen=True)
class Test:
    """The outcome of one examination: a sentence that is true if ``passed``.

    ``domain`` says where a search drew its points.
    """

    kind: Kind
    says: str
    passed: bool
    scope: Scope = "claim"
    domain: str = ""


@dataclass(frozen=True)
class Command:
    """One call of ``eqsolve solve`` and the number (or status) to read from its answer.

    ``read`` is the path in the answer, such as ``"at.pi"``. Parameters are decimal strings.
    """

    model: Published
    params: Mapping[str, str]
    read: str
    at: Mapping[str, str] = field(default_factory=dict)
    selection: str = "limit"

    @property
    def line(self) -> str:
        """The command, to be pasted into a shell."""
        words = ["eqsolve", "solve", self.model.name]
        for name, value in self.params.items():
            words += ["-p", f"{name}={value}"]
        if self.at:
            words += ["--at", ",".join(f"{name}={value}" for name, value in self.at.items())]
        if self.selection != "limit":
            words += ["--selection", self.selection]
        return shlex.join(words)

    def value(self) -> Any:
        """What the exact solver answers."""
        given: dict[str, Any] = dict(self.params)
        answer = solve(self.model, at=self.at or None, selection=self.selection, **given)
        return picked(answer.to_dict(), self.read)


def picked(answer: Mapping[str, Any], path: str) -> Any:
    """Return the entry of a nested answer, or None; ``selected`` is the selected root."""
    if path == "selected":
        chosen = [next(iter(root.values())) for root in answer.get("roots", ()) if root["selected"]]
        return chosen[0] if chosen else None
    found: Any = answer
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


@dataclass(frozen=True)
class Counterexample:
    """Commands with the values they gave, and whether these contradict the claim."""

    commands: tuple[Command, ...]
    values: tuple[Any, ...]
    shows: str
    confirmed: bool

    @staticmethod
    def of(
        commands: tuple[Command, ...], shows: str, contradicts: Callable[..., bool]
    ) -> Counterexample:
        """Solve the commands exactly and ask whether their values contradict the claim.

        ``shows`` is a format string with a place for each value.
        """
        values = tuple(command.value() for command in commands)
        known = all(value is not None for value in values)
        return Counterexample(
            commands,
            values,
            shows.format(*values),
            bool(known and contradicts(*values)),
        )

    @property
    def text(self) -> str:
        """The commands, one a line, each once."""
        return "\n".join(dict.fromkeys(command.line for command in self.commands))


@dataclass(frozen=True)
class Finding:
    """All tests of a claim, the condition under which it holds, and a counterexample if any."""

    tests: tuple[Test, ...]
    condition: str = ""
    counterexample: Counterexample | None = None

    @property
    def refuted(self) -> bool:
        """Whether a test of the claim as stated failed or the counterexample is confirmed."""
        stated = [t for t in self.tests if t.scope == "claim"]
        found = self.counterexample is not None and self.counterexample.confirmed
        return found or not stated or not all(t.passed for t in stated)

    @property
    def verdict(self) -> Verdict:
        """``holds``; ``conditional`` if refuted but every test under the condition passed."""
        if not self.refuted:
            return "holds"
        restricted = [t for t in self.tests if t.scope == "condition"]
        return "conditional" if restricted and all(t.passed for t in restricted) else "false"


@dataclass(frozen=True)
class Claim:
    """A claim of the paper with the program's verdict.

    Attributes
    ----------
    id : short name, stable.
    source : where the paper makes it.
    statement : what it says, in our words.
    verdict : ``"holds"``, ``"conditional"`` or ``"false"``, computed from the tests.
    condition : when it holds; what is assumed for the verdict ``"holds"``.
    evidence : the outcomes of all tests, and what the counterexample shows.
    counterexample : one or more complete commands, a line each; None where there is none.
    finding : the tests behind the verdict.
    theorems : what is stated for Coq of the claim, or of a part of it.
    """

    id: str
    source: str
    statement: str
    verdict: Verdict
    condition: str
    evidence: str
    counterexample: str | None
    finding: Finding
    theorems: tuple[Proof, ...] = ()

    @property
    def formal(self) -> str:
        """``formal`` if Coq accepted all that is stated of the claim, or that it did not."""
        return "formal" if self.theorems and all(p.formal for p in self.theorems) else UNPROVED

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; ``tests`` repeats the evidence in parts."""
        names = ("id", "source", "statement", "verdict", "condition", "evidence", "counterexample")
        return {
            "schema": SCHEMA,
            **{name: getattr(self, name) for name in names},
            "tests": [asdict(test) for test in self.finding.tests],
            "formal": self.formal,
            "theorems": [asdict(proof) for proof in self.theorems],
        }


class Evaluator(Protocol):
    """A kernel's way of evaluating arrays of parameters."""

    def evaluate(
        self,
        params: Mapping[str, ArrayLike],
        *,
        selection: Selection = "limit",
        outputs: Iterable[str] | None = None,
    ) -> dict[str, NDArray[Any]]:
        """Return arrays by output; see ``eqsolve.kernels.cubic.kernel.CubicKernel``."""


@dataclass(frozen=True)
class Context:
    """What checks work with; tests of the checks replace forms or kernels by wrong ones."""

    samples: int
    seed: int
    forms: Mapping[str, ClosedForm] = field(default_factory=dict)
    kernels: Mapping[str, Evaluator] = field(default_factory=dict)

    def form(self, model: Published) -> ClosedForm:
        """The closed form of a game."""
        name = model.name
        return self.forms[name] if name in self.forms else model.derivation.form

    def kernel(self, model: Published) -> Evaluator:
        """The compiled closed form of a game."""
        name = model.name
        return self.kernels[name] if name in self.kernels else kernel(model, precise=True)

    def generator(self, label: str) -> np.random.Generator:
        """Random numbers of their own for every search, reproducible."""
        return np.random.default_rng([self.seed, crc32(label.encode())])


def _evidence(tests: tuple[Test, ...]) -> list[str]:
    """The tests as text; a domain is spelled out once."""
    parts: list[str] = []
    known: list[str] = []
    for test in tests:
        text = f"[{test.kind}{'' if test.passed else ', fails'}] {test.says}"
        if test.domain and test.domain not in known:
            known.append(test.domain)
            text += f" (Domain {len(known)}: {test.domain}.)"
        elif test.domain:
            text += f" (Domain {known.index(test.domain) + 1}.)"
        parts.append(text)
    return parts


@dataclass(frozen=True)
class Statement:
    """A claim before it is judged.

    ``theorems`` tells what is stated of it for Coq.
    """

    id: str
    source: str
    statement: str
    check: Callable[[Context], Finding]
    theorems: Callable[[], Iterable[Wanted]] = tuple

    def judged(self, context: Context) -> Claim:
        """Run the check and let the verdict follow."""
        finding = self.check(context)
        found = finding.counterexample
        confirmed = found is not None and found.confirmed
        parts = _evidence(finding.tests)
        if found is not None:
            mark = "counterexample" if confirmed else "not confirmed"
            parts.append(f"[{mark}] {found.shows}")
        return Claim(
            self.id,
            self.source,
            self.statement,
            finding.verdict,
            finding.condition,
            " ".join(parts),
            found.text if found is not None and confirmed else None,
            finding,
            proofs(self.theorems()),
        )
