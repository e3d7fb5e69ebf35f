"""The grid as the referee of the closed forms, one parameter set at a time.

For every set: the error of each coefficient, the error that is allowed, and the smallest planted
error that the comparison sees. Where the grid cannot judge, the verdict is ``not verified``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from eqsolve.errors import InputError, NoSolutionError
from eqsolve.notated.published import Case, Published
from eqsolve.verify.check import Check
from eqsolve.verify.pde import ALLOWED, Referee, compare, referee
from eqsolve.verify.prediction import Prediction, predictions
from eqsolve.verify.thresholds import Coefficient, coefficients, cubic

Verdict = Literal["verified", "refuted", "not verified"]


@dataclass(frozen=True)
class Judgement:
    """What the grid says about the closed form at one parameter set.

    Attributes
    ----------
    game, name, given : the parameter set.
    verdict : ``verified``, ``refuted`` or ``not verified``.
    reason : why it is not verified or refuted.
    checks : the comparisons, one each for policy, moments, and the two grids.
    grid : the grid solution; None where the closed form offers nothing to solve for.
    coefficients : errors and thresholds; empty unless verified or refuted by numbers.
    drawn : whether the set was drawn, not chosen.
    """

    game: str
    name: str
    given: Mapping[str, object]
    verdict: Verdict
    reason: str
    checks: tuple[Check, ...]
    grid: Referee | None = None
    coefficients: tuple[Coefficient, ...] = ()
    drawn: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready mapping."""
        result: dict[str, Any] = {
            "game": self.game,
            "set": self.name,
            "parameters": {key: str(value) for key, value in self.given.items()},
            "verdict": self.verdict,
            "reason": self.reason,
            "allowed": ALLOWED,
            "errors": {
                check.name.rpartition(": ")[2]: (
                    check.error if math.isfinite(check.error) else None
                )
                for check in self.checks
            },
        }
        if self.grid is not None:
            solution = self.grid.solution
            wave = solution.diagnostics.get("short_wave_growth")
            result |= {
                "box": self.grid.box,
                "status": solution.status,
                "steps": solution.diagnostics.get("steps"),
                "short_wave_growth": wave if wave is None or math.isfinite(wave) else None,
            }
        return result | {"coefficients": {c.name: c.to_dict() for c in self.coefficients}}


@dataclass(frozen=True)
class Hearing:
    """One parameter set before the verdict: what the closed form claims, or why it claims nothing.

    Only ``grid`` may run in several threads at once.
    """

    model: Published
    case: Case
    claim: Prediction | None
    silence: str = ""

    def grid(self) -> Referee | None:
        """The grid's solution; None where there is nothing to solve or the grid refuses."""
        if self.claim is not None:
            return referee(self.claim.game, self.claim.values)
        if self.model.crowd is not None:  # the environment comes from the closed form
            return None
        try:
            return referee(self.model.game, self.case.given)
        except InputError:
            return None


def hear(model: Published, case: Case) -> Hearing:
    """Evaluate the closed form of a game at one parameter set.

    Raises
    ------
    InputError
        For bad parameters.
    """
    try:
        (claim,) = predictions(model, case.given, name=case.name)
    except NoSolutionError as error:
        return Hearing(model, case, None, error.message.rstrip("."))
    return Hearing(model, case, claim)


def judge(model: Published, case: Case) -> Judgement:
    """Let the grid judge the closed form of a game at one parameter set.

    Where the closed form has no equilibrium, a grid solution that could be relied on refutes it.

    Raises
    ------
    InputError
        For bad parameters.
    MissingPartError
        If the compiled solver is not installed.
    """
    hearing = hear(model, case)
    return conclude(hearing, hearing.grid())


def conclude(hearing: Hearing, grid: Referee | None) -> Judgement:
    """The verdict on a claim, which may be a wrong one, by a grid solution."""
    model, case, claim = hearing.model, hearing.case, hearing.claim
    if claim is None or grid is None:
        return _no_claim(hearing, grid)
    checks = compare(
        grid, claim.game, claim.feedback, claim.moments, name=_label(case), allowed=ALLOWED
    )
    if grid.reason:
        return _judgement(model, case, "not verified", grid.reason, checks, grid)
    bad = [check for check in checks if check.verdict != "pass"]
    rows = (*coefficients(claim, model, grid), *cubic(claim, model, case, grid))
    if bad:
        reason = f"{bad[0].name} is off by {bad[0].error:.2g}, {bad[0].allowed:g} is allowed"
        return _judgement(model, case, "refuted", reason, checks, grid, rows)
    return _judgement(model, case, "verified", "", checks, grid, rows)


def _label(case: Case) -> str:
    return f"{case.name}, referee"


def _judgement(
    model: Published,
    case: Case,
    verdict: Verdict,
    reason: str,
    checks: Iterable[Check],
    grid: Referee | None,
    rows: tuple[Coefficient, ...] = (),
) -> Judgement:
    found = tuple(checks)
    return Judgement(
        model.name, case.name, case.given, verdict, reason, found, grid, rows, case.drawn
    )


def _no_claim(hearing: Hearing, grid: Referee | None) -> Judgement:
    """The closed form offers nothing: the grid must not offer a solution either."""
    model, case = hearing.model, hearing.case
    reason = f"the closed form has no answer ({hearing.silence})"
    if grid is not None:
        reason += f"; the grid's status is {grid.solution.status}"
    bad = grid is not None and not grid.reason
    check = Check(
        f"{_label(case)}: no equilibrium",
        model.name,
        "grid",
        0.0,
        0.0,
        math.inf if bad else 0.0,
        0.0,
        f"{reason[0].upper()}{reason[1:]}.",
        refused=not bad,
    )
    return _judgement(model, case, "refuted" if bad else "not verified", reason, [check], grid)
