"""What a run of the checks reports: the verdict, JSON, and cases for continuous integration."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from eqsolve.answers import Tabled
from eqsolve.ci import Case, Outcome
from eqsolve.schemas import SCHEMA
from eqsolve.verify.check import Check


@dataclass(frozen=True)
class Report(Tabled):
    """All checks of one run.

    Attributes
    ----------
    checks : the checks in the order they were made.
    level : ``"quick"`` or ``"full"``.
    seconds : wall-clock time by game.
    times : wall-clock time of every check; those that are made together share it evenly. Empty if
        it was not measured.
    needed : kinds of checks of which none may be left open.
    """

    checks: tuple[Check, ...]
    level: str
    seconds: dict[str, float]
    times: tuple[float, ...] = ()
    needed: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether some check passes and none fails; of what could not be judged only ``needed``
        counts."""
        return any(map(passed, self.checks)) and not self.failures and not self.undecided

    @property
    def heading(self) -> str:
        """How many checks pass, in a line."""
        good, refused = sum(map(passed, self.checks)), len(self.refused)
        open_ones = f", {refused} not verified" if refused else ""
        return f"{good} of {len(self.checks) - refused} checks pass{open_ones}"

    def table(self) -> dict[str, dict[str, Any]]:
        """How many checks of a game and kind pass, fail and could not be made."""
        rows: dict[str, dict[str, Any]] = {}
        for check in self.checks:
            row = rows.setdefault(
                f"{check.game}, {check.kind}", {"pass": 0, "fail": 0, "not verified": 0}
            )
            row["fail" if failed(check) else check.verdict] += 1
        return rows

    def bars(self) -> tuple[str, dict[str, float]]:
        """Of every game and kind, the largest error beside what is allowed."""
        found: dict[str, float] = {}
        for check in self.checks:
            if not check.refused and math.isfinite(check.error) and check.allowed > 0:
                name = f"{check.game}, {check.kind}"
                found[name] = max(found.get(name, 0.0), check.error / check.allowed)
        return "largest error / allowed error", found

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that fail."""
        return tuple(check for check in self.checks if failed(check))

    @property
    def refused(self) -> tuple[Check, ...]:
        """The checks that could not be made: neither passed nor failed."""
        return tuple(check for check in self.checks if check.refused)

    @property
    def undecided(self) -> tuple[Check, ...]:
        """The needed checks that could not be made."""
        return tuple(check for check in self.refused if check.kind in self.needed)

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

    def cases(self, files: Mapping[str, str]) -> Iterator[Case]:
        """The checks as continuous integration shows them.

        Parameters
        ----------
        files : the file of a game, by its name, where a user named the file.
        """
        times = self.times or (0.0,) * len(self.checks)
        for check, seconds in zip(self.checks, times, strict=True):
            outcome: Outcome = "skip" if check.refused else "fail" if failed(check) else "pass"
            message = check.note
            if outcome == "fail":
                message = f"error {check.error:g}, allowed {check.allowed:g}"
            found = f"value {check.value!r}, reference {check.reference!r}. {check.note}".rstrip()
            file = files.get(check.game, "")
            yield Case(
                check.game,
                check.kind,
                check.name,
                outcome,
                message,
                f"{message}. {found}" if outcome == "fail" else message,
                seconds,
                file,
                1 if file else 0,
            )


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
