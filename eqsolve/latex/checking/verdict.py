"""Verdicts on the formulas of an author's file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from eqsolve.ci import Case, Outcome
from eqsolve.schemas import SCHEMA

Verdict = Literal["equal", "equal up to a factor", "different", "not checked"]
VERDICTS: tuple[Verdict, ...] = ("equal", "equal up to a factor", "different", "not checked")
_OUTCOMES: dict[Verdict, Outcome] = dict(
    zip(VERDICTS, ("pass", "pass", "fail", "skip"), strict=True)
)


@dataclass(frozen=True)
class Part:
    """The verdict on one statement of a formula.

    Attributes
    ----------
    tex : the statement as the author wrote it.
    verdict : see ``VERDICTS``.
    how : for an equality, what it took: ``identity``, ``abbreviations`` or ``derivation``.
    factor, difference, expected, repair : LaTeX, or empty.
    reason : why it was not checked, or a remark.
    """

    tex: str
    verdict: Verdict
    how: str = ""
    factor: str = ""
    difference: str = ""
    expected: str = ""
    repair: str = ""
    repaired: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Finding:
    """The verdict on a formula, or on an abbreviation introduced before it.

    Attributes
    ----------
    number : of the display, or else what LaTeX prints.
    printed : the number that LaTeX prints, if it is known.
    definitions : what the text defines and the formula uses.
    seconds : what the comparison took, with that of the abbreviations before it.
    """

    number: str
    label: str
    place: str
    title: str
    parts: tuple[Part, ...]
    abbreviation: bool = False
    printed: str = ""
    definitions: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    @property
    def verdict(self) -> Verdict:
        """The worst of the parts: a difference, then what was not checked."""
        found = {part.verdict for part in self.parts}
        order: tuple[Verdict, ...] = ("different", "not checked", "equal up to a factor", "equal")
        return next(v for v in order if v in found)

    def to_dict(self) -> dict[str, Any]:
        """For JSON; empty fields are absent."""
        parts = [{k: v for k, v in vars(part).items() if v} for part in self.parts]
        return {
            "number": self.number,
            "label": self.label,
            "place": self.place,
            "title": self.title,
            "abbreviation": self.abbreviation,
            "printed": self.printed,
            "definitions": list(self.definitions),
            "verdict": self.verdict,
            "parts": parts,
        }

    def __str__(self) -> str:
        name = f"({self.number})" if self.number else self.label
        kind = " abbreviation" if self.abbreviation else ""
        text = f"{self.place}: {name}{kind}: {self.verdict}"
        if self.definitions:
            text += f"\n    with: {'; '.join(self.definitions)}"
        for part in self.parts:
            for word, value in (
                ("factor", part.factor),
                ("reason", part.reason),
                ("statement", part.tex if part.verdict == "different" else ""),
                ("expected", part.expected),
                ("difference", part.difference),
                ("repair", part.repair),
                ("repaired", part.repaired),
            ):
                text += f"\n    {word}: {value}" if value else ""
        return text


@dataclass(frozen=True)
class PassedOver:
    """A display of the file that is compared with nothing."""

    place: str
    environment: str
    reason: str
    readability: str

    def to_dict(self) -> dict[str, str]:
        """For JSON."""
        return dict(vars(self))

    def __str__(self) -> str:
        return f"{self.place}: {self.environment} passed over: {self.reason}; {self.readability}"


@dataclass(frozen=True)
class Proposal:
    """A symbol map with which more formulas are equal.

    Attributes
    ----------
    names : the author's names and the displays'.
    equal, compared : how many of the formulas with these names are equal then, and how many are.
    """

    names: dict[str, str]
    equal: int
    compared: int

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"symbols": self.names, "equal": self.equal, "compared": self.compared}

    def __str__(self) -> str:
        pairs = ", ".join(f"{theirs} = {ours}" for theirs, ours in self.names.items())
        many = "all" if self.equal == self.compared else f"{self.equal} of"
        return (
            f"with {pairs} {many} {self.compared} formulas that use it are equal; "
            "is it meant? --propose MAP.toml writes it"
        )


@dataclass(frozen=True)
class Report:
    """The verdicts on a file.

    Attributes
    ----------
    file : its name.
    findings : the verdicts in order.
    missing : inputs that are not there, with their places; their formulas are not checked.
    passed : displays that are compared with nothing.
    notes : what is wrong with the file or with the symbol map.
    proposal : names of the author's that stand for which, if more formulas were equal then.
    """

    file: str
    findings: tuple[Finding, ...]
    missing: tuple[str, ...] = ()
    passed: tuple[PassedOver, ...] = ()
    notes: tuple[str, ...] = ()
    proposal: Proposal | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing differs."""
        return all(f.verdict != "different" for f in self.findings)

    @property
    def counts(self) -> dict[str, int]:
        """How many formulas have each verdict; abbreviations count by themselves."""
        return {v: sum(f.verdict == v for f in self.findings) for v in VERDICTS}

    def lacks(self, required: str | int) -> str:
        """What is lacking of what must be checked: ``any``, ``all`` or a number; or nothing."""
        formulas = [f for f in self.findings if not f.abbreviation]
        checked = sum(f.verdict != "not checked" for f in formulas)
        if not formulas:
            return "no formula with a number or a label was found"
        if not checked:
            return "nothing was checked"
        if required == "all" and (checked < len(formulas) or self.missing):
            gone = f", and {len(self.missing)} inputs are missing" if self.missing else ""
            return f"{checked} of {len(formulas)} formulas were checked{gone}"
        if isinstance(required, int) and checked < required:
            return f"{checked} formulas were checked, fewer than {required}"
        return ""

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "schema": SCHEMA,
            "file": self.file,
            "ok": self.ok,
            "counts": self.all_counts,
            "missing": list(self.missing),
            "notes": list(self.notes),
            "formulas": [f.to_dict() for f in self.findings],
            "passed": [p.to_dict() for p in self.passed],
            "proposal": None if self.proposal is None else self.proposal.to_dict(),
        }

    def cases(self, file: str, require: str | int = "any") -> Iterator[Case]:
        """The verdicts as continuous integration shows them.

        Parameters
        ----------
        file : the path of the file; places are relative to its folder.
        require : how much must be checked, as for :meth:`lacks`.
        """
        for finding in self.findings:
            name = f"({finding.number})" if finding.number else finding.label or finding.place
            place, _, line = finding.place.rpartition(":")
            reasons = dict.fromkeys(part.reason for part in finding.parts if part.reason)
            yield Case(
                file,
                "abbreviation" if finding.abbreviation else "formula",
                name,
                _OUTCOMES[finding.verdict],
                "; ".join(reasons) if finding.verdict == "not checked" else finding.verdict,
                str(finding),
                finding.seconds,
                os.path.join(os.path.dirname(file), place),
                int(line),
            )
        if lacking := self.lacks(require):
            message = f"{lacking}: {self.summary}"
            yield Case(file, "required", "what must be checked", "fail", message, file=file, line=1)

    @property
    def all_counts(self) -> dict[str, int]:
        """The counts with the displays that are passed over."""
        return {**self.counts, "passed over": len(self.passed)}

    @property
    def summary(self) -> str:
        """The counts in one line."""
        return ", ".join(f"{count} {verdict}" for verdict, count in self.all_counts.items())

    def __str__(self) -> str:
        missing = [f"{where}: not found, what it contains is not checked" for where in self.missing]
        proposal = [] if self.proposal is None else [str(self.proposal)]
        lines = (*self.findings, *self.passed, *missing, *self.notes, *proposal, self.summary)
        return "\n".join(map(str, lines))
