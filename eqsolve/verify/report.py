"""What a run of the checks reports: JSON, JUnit and the verdict."""

from __future__ import annotations

import errno
import math
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from eqsolve.errors import InputError
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
        """Whether there are checks and every one passes."""
        return bool(self.checks) and not self.failures

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that do not pass."""
        return tuple(check for check in self.checks if not passed(check))

    def to_dict(self) -> dict[str, Any]:
        """Return the machine-readable form; a number that is not finite is None."""
        return {
            "ok": self.ok,
            "level": self.level,
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
                failures=str(sum(not passed(check) for check in own)),
                errors="0",
                time=f"{self.seconds.get(game, 0.0):.3f}",
            )
            for check in own:
                name = f"{game}.{check.kind}"
                case = ElementTree.SubElement(
                    suite, "testcase", classname=name, name=check.name, time="0"
                )
                if not passed(check):
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
        target = require_writable(path)
        try:
            handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as stream:
                    stream.write(self.junit())
                os.chmod(name, 0o644)
                os.replace(name, target)
            except BaseException:
                os.unlink(name)
                raise
        except OSError as error:
            raise _not_writable(target, error) from None


def require_writable(path: str | Path) -> Path:
    """Return the path of a file that can be written.

    Raises
    ------
    InputError
        If its folder does not exist or is not writable, or the path is a folder.
    """
    target = Path(path)
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        with tempfile.TemporaryFile(dir=target.parent):
            return target
    except OSError as error:
        raise _not_writable(target, error) from None


def _not_writable(target: Path, error: OSError) -> InputError:
    return InputError(
        f"the file {target} cannot be written: {error.strerror}.",
        stage="output",
        remedy="Choose a file in a folder that exists and is writable.",
    )


def passed(check: Check) -> bool:
    """Whether a check passes; one with a number that is not a number does not."""
    numbers = (check.value, check.reference, check.error, check.allowed)
    return check.verdict == "pass" and not any(map(math.isnan, numbers))


def _row(check: Check) -> dict[str, Any]:
    row = {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in check.to_dict().items()
    }
    return row | {"verdict": "pass" if passed(check) else "fail"}
