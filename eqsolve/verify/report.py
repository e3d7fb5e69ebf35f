"""What a run of the checks reports: JSON, JUnit and the verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from eqsolve.output import replacing
from eqsolve.schemas import SCHEMA
from eqsolve.verify.check import Check


@dataclass(frozen=True)
class Report:
    """All checks of one run.

    Attributes
    ----------
    checks : the checks in the order they were made.
    level : ``"quick"`` or ``"full"``.
    seconds : wall-clock time by game.
    """

    checks: tuple[Check, ...]
    level: str
    seconds: dict[str, float]

    @property
    def ok(self) -> bool:
        """Whether some check passes and none fails; what could not be judged does not count."""
        return any(map(passed, self.checks)) and not self.failures

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that fail."""
        return tuple(check for check in self.checks if failed(check))

    @property
    def refused(self) -> tuple[Check, ...]:
        """The checks that could not be made: neither passed nor failed."""
        return tuple(check for check in self.checks if check.refused)

    def to_dict(self) -> dict[str, Any]:
        """Return the machine-readable form; a number that is not finite is None."""
        return {
            "schema": SCHEMA,
            "ok": self.ok,
            "level": self.level,
            "not_verified": len(self.refused),
            "seconds": {game: round(value, 3) for game, value in self.seconds.items()},
            "checks": [_row(check) for check in self.checks],
        }

    def junit(self) -> str:
        """Return the report as JUnit XML."""
        suites = ElementTree.Element("testsuites", name="eqsolve verify")
        for game in dict.fromkeys(check.game for check in self.checks):
            own = [check for check in self.checks if check.game == game]
            suite = ElementTree.SubElement(
                suites,
                "testsuite",
                name=game,
                tests=str(len(own)),
                failures=str(sum(failed(check) for check in own)),
                skipped=str(sum(check.refused for check in own)),
                errors="0",
                time=f"{self.seconds.get(game, 0.0):.3f}",
            )
            for check in own:
                name = f"{game}.{check.kind}"
                case = ElementTree.SubElement(
                    suite, "testcase", classname=name, name=check.name, time="0"
                )
                if check.refused:
                    ElementTree.SubElement(case, "skipped", message=check.note)
                elif failed(check):
                    text = f"error {check.error:g}, allowed {check.allowed:g}"
                    failure = ElementTree.SubElement(case, "failure", message=text)
                    failure.text = f"value {check.value!r}, reference {check.reference!r}. " + (
                        check.note
                    )
        ElementTree.indent(suites)
        return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"

    def write_junit(self, path: str | Path) -> None:
        """Write the JUnit XML, all of it or nothing.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        with replacing(path) as temporary:
            temporary.write_text(self.junit(), encoding="utf-8")


def passed(check: Check) -> bool:
    """Whether a check passes; one with a number that is not a number does not."""
    numbers = (check.value, check.reference, check.error, check.allowed)
    return check.verdict == "pass" and not any(map(math.isnan, numbers))


def failed(check: Check) -> bool:
    """Whether a check was made and does not pass."""
    return not check.refused and not passed(check)


def _row(check: Check) -> dict[str, Any]:
    row = {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in check.to_dict().items()
    }
    return row | {"verdict": "fail" if failed(check) else check.verdict}
