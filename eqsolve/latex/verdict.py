"""Verdicts on the formulas of an author's file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["equal", "equal up to a factor", "different", "not checked"]
VERDICTS: tuple[Verdict, ...] = ("equal", "equal up to a factor", "different", "not checked")


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
    """The verdict on a formula, or on an abbreviation introduced before it."""

    number: str
    label: str
    place: str
    title: str
    parts: tuple[Part, ...]
    abbreviation: bool = False

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
            "verdict": self.verdict,
            "parts": parts,
        }

    def __str__(self) -> str:
        name = f"({self.number})" if self.number else self.label
        kind = " abbreviation" if self.abbreviation else ""
        text = f"{self.place}: {name}{kind}: {self.verdict}"
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
class Report:
    """The verdicts on a file.

    Attributes
    ----------
    file : its name.
    findings : the verdicts in order.
    missing : inputs that are not there, with their places; their formulas are not checked.
    """

    file: str
    findings: tuple[Finding, ...]
    missing: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing differs."""
        return all(f.verdict != "different" for f in self.findings)

    @property
    def counts(self) -> dict[str, int]:
        """How many formulas have each verdict; abbreviations count by themselves."""
        return {v: sum(f.verdict == v for f in self.findings) for v in VERDICTS}

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "file": self.file,
            "ok": self.ok,
            "counts": self.counts,
            "missing": list(self.missing),
            "formulas": [f.to_dict() for f in self.findings],
        }

    def __str__(self) -> str:
        summary = ", ".join(f"{count} {verdict}" for verdict, count in self.counts.items())
        missing = [f"{where}: not found, what it contains is not checked" for where in self.missing]
        return "\n".join([*map(str, self.findings), *missing, summary])
