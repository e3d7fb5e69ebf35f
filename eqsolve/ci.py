"""What continuous integration shows of checks: annotations of lines, a badge, and JUnit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from xml.etree import ElementTree

from eqsolve.errors import printable
from eqsolve.output import replacing, require_writable

Outcome = Literal["pass", "fail", "skip"]


@dataclass(frozen=True)
class Case:
    """The outcome of one check.

    Attributes
    ----------
    suite, group, name : what was checked: the file or game, the kind, and the check.
    message, detail : why it did not pass, in a line, and all that is to be said.
    seconds : what it took.
    file, line : where it is, as the author names the file; empty and 0 where that is nowhere.
    """

    suite: str
    group: str
    name: str
    outcome: Outcome
    message: str = ""
    detail: str = ""
    seconds: float = 0.0
    file: str = ""
    line: int = 0


@dataclass(frozen=True)
class Wanted:
    """Which of the forms are wanted: files for JUnit and the badge, and whether to annotate."""

    junit: str | None = None
    badge: str | None = None
    annotate: bool = False

    def require(self) -> None:
        """Raise InputError unless the files can be written."""
        for path in filter(None, (self.junit, self.badge)):
            require_writable(path)

    def give(self, title: str, cases: Sequence[Case]) -> list[str]:
        """Write the files; the lines of annotations.

        Raises
        ------
        InputError
            If a file cannot be written.
        """
        texts = ((self.junit, junit(title, cases)), (self.badge, badge(title, cases)))
        for path, text in texts:
            if path is not None:
                with replacing(path) as temporary:
                    temporary.write_text(text, encoding="utf-8")
        return list(annotated(cases)) if self.annotate else []


def annotated(cases: Iterable[Case]) -> Iterator[str]:
    """Lines that GitHub shows at the place in the file: errors, and warnings of what is open."""
    for case in cases:
        if case.outcome == "pass":
            continue
        kind = "error" if case.outcome == "fail" else "warning"
        place = {"file": case.file, "line": case.line, "title": f"{case.suite}: {case.name}"}
        told = ",".join(f"{name}={_property(str(v))}" for name, v in place.items() if v)
        yield f"::{kind} {told}::{_escaped(case.detail or case.message)}"


def _escaped(text: str) -> str:
    lines = map(printable, text.splitlines())
    return "%0A".join(line.replace("%", "%25") for line in lines)


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def badge(title: str, cases: Sequence[Case]) -> str:
    """JSON that shields.io shows as a badge (its endpoint schema): how many checks pass."""
    bad = sum(case.outcome == "fail" for case in cases)
    good = sum(case.outcome == "pass" for case in cases)
    open_ones = len(cases) - bad - good
    message = f"{good} of {good + bad} pass" + (f", {open_ones} open" if open_ones else "")
    color = "red" if bad or not good else "yellow" if open_ones else "brightgreen"
    found: dict[str, Any] = {"schemaVersion": 1, "label": title, "message": message}
    return json.dumps(found | {"color": color}, indent=1) + "\n"


def junit(title: str, cases: Sequence[Case]) -> str:
    """JUnit XML, with a suite for each file or game."""
    suites = ElementTree.Element("testsuites", name=title)
    for name in dict.fromkeys(case.suite for case in cases):
        own = [case for case in cases if case.suite == name]
        suite = ElementTree.SubElement(
            suites,
            "testsuite",
            name=printable(name),
            tests=str(len(own)),
            failures=str(sum(case.outcome == "fail" for case in own)),
            skipped=str(sum(case.outcome == "skip" for case in own)),
            errors="0",
            time=f"{sum(case.seconds for case in own):.3f}",
        )
        for case in own:
            row = ElementTree.SubElement(
                suite,
                "testcase",
                classname=printable(f"{name}.{case.group}"),
                name=printable(case.name),
                time=f"{case.seconds:.3f}",
            )
            if case.file:
                row.attrib |= {"file": case.file, "line": str(case.line)}
            if case.outcome == "skip":
                ElementTree.SubElement(row, "skipped", message=printable(case.message))
            elif case.outcome == "fail":
                bad = ElementTree.SubElement(row, "failure", message=printable(case.message))
                bad.text = "\n".join(map(printable, case.detail.splitlines()))
    ElementTree.indent(suites)
    found: bytes = ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)
    return found.decode() + "\n"
