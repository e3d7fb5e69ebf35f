"""Checks under a hazard rate that moves: what is right passes, and planted errors do not.

False alarms of a simulation are below 1e-6 in each comparison; the spike variation and the grid
are exact up to their tolerances. The seed is fixed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner
from flint import arb

from eqsolve.cli import cli
from eqsolve.derivations.one_agent import MODEL
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.game.hazard_rates import parse_hazard
from eqsolve.solve.derived import DerivedPoint
from eqsolve.solve.moving import Moving
from eqsolve.studies.curves import interpolated
from eqsolve.studies.equilibrium import Equilibrium
from eqsolve.studies.moving import under_hazard
from eqsolve.verify import hazard
from eqsolve.verify.check import Check
from eqsolve.verify.declared import grid_checks
from eqsolve.verify.deviation import deviation_checks
from eqsolve.verify.sampling import simulated, simulation_checks
from eqsolve.verify.solution import solution_checks

VALUES = {k: v for k, v in MODEL.cases["example"].items() if k not in ("lambda", "x")}
#: With an end and without one, smooth and in pieces.
CASES = [
    ("gompertz:.05,.09", "5"),
    ("piecewise:0=.2,3=.6", "5"),
    ("piecewise:0=.2,3=.6", None),
    pytest.param("gompertz:.3,.4", None, marks=pytest.mark.full),
]


@cache
def claimed(spec: str, horizon: str | None) -> Equilibrium:
    """The equilibrium under a rate."""
    return under_hazard(MODEL, spec, VALUES, horizon=horizon)


def verdicts(checks: list[Check]) -> set[str]:
    """What the checks say."""
    return {check.verdict for check in checks}


@pytest.mark.parametrize(("spec", "horizon"), CASES)
def test_what_is_right_passes_every_check(spec: str, horizon: str | None) -> None:
    claim = claimed(spec, horizon)
    for checks in (
        solution_checks(claim),
        deviation_checks(claim),
        grid_checks(claim),
        simulation_checks(claim),
    ):
        assert checks and verdicts(checks) == {"pass"}, checks


def test_a_narrow_peak_of_the_rate_is_no_false_alarm() -> None:
    claim = claimed("expr:.1+5*exp(-1000*(t-1.5)**2)", "3")
    assert verdicts(solution_checks(claim)) == {"pass"}


def _scaled(claim: Equilibrium) -> Equilibrium:
    """The constant of the feedback is 1 % too large."""

    def coefficients(time: Fraction) -> dict[sp.Symbol, arb]:
        found = dict(claim.coefficients(time))
        found[sp.Symbol("p3")] *= arb(101) / 100
        return found

    return replace(claim, coefficients=coefficients)


ERRORS: dict[str, Callable[[Equilibrium], Equilibrium]] = {
    "another rate": lambda claim: replace(claim, hazard=parse_hazard("piecewise:0=.2,3=.5")),
    "a later jump": lambda claim: replace(claim, hazard=parse_hazard("piecewise:0=.2,3.5=.6")),
    "another feedback": _scaled,
}


@pytest.mark.parametrize("error", ERRORS)
def test_planted_errors_fail(error: str) -> None:
    wrong = ERRORS[error](claimed("piecewise:0=.2,3=.6", "5"))
    assert "fail" in verdicts(solution_checks(wrong))
    # a kink where no jump is declared cannot be followed: that is not a pass either
    found = verdicts(deviation_checks(wrong)) | verdicts(simulation_checks(wrong))
    assert ("not verified" if error == "a later jump" else "fail") in found


def test_a_right_strategy_under_another_rate_is_found_by_what_is_expected() -> None:
    wrong = ERRORS["another rate"](claimed("piecewise:0=.2,3=.6", "5"))
    assert "fail" in verdicts(deviation_checks(wrong))
    assert "fail" in verdicts(simulation_checks(wrong))


def test_the_grid_finds_another_rate() -> None:
    wrong = replace(claimed("piecewise:0=.2,3=.6", "5"), hazard=parse_hazard("constant:2"))
    assert verdicts(grid_checks(wrong)) == {"fail"}


def test_a_constant_rate_without_an_end_is_the_stationary_game() -> None:
    claim = under_hazard(MODEL, "constant:.6", VALUES)
    assert claim.hazard is None and verdicts(deviation_checks(claim)) == {"pass"}


def test_curves_may_have_kinks_between_stretches() -> None:
    def values(times: np.ndarray) -> np.ndarray:
        return np.array([abs(times - 1), times**2]).T

    at = interpolated(values, Fraction(3), stretches=[(0.0, 1.0), (1.0, 3.0)])
    times = np.array([2.5, 0.25, 1.0, 0.75, 3.0])
    np.testing.assert_allclose(at(times), values(times).T, atol=1e-13)


def test_without_an_equilibrium_nothing_is_checked() -> None:
    with pytest.raises(NoSolutionError, match="never strikes"):
        under_hazard(MODEL, "piecewise:0=.1,10=0", VALUES)


def test_who_gave_an_end_is_not_told_to_give_one() -> None:
    with pytest.raises(NoSolutionError, match="not enclosed") as caught:
        under_hazard(MODEL, "expr:.1+sqrt(t)", VALUES, horizon="3")
    assert "--horizon" not in str(caught.value)


def test_a_rate_too_steep_for_a_grid_leaves_its_check_open() -> None:
    (check,) = grid_checks(claimed("weibull:.5,2", "3"))
    assert check.verdict == "not verified" and "resolve the hazard rate" in check.note


@pytest.mark.parametrize("how", [{"hazard": "gompertz:.1,.1", "horizon": "3"}, {}])
def test_a_simulation_begins_at_time_0(how: dict[str, str]) -> None:
    values = {**VALUES} if how else {**VALUES, "lambda": "1"}
    with pytest.raises(InputError, match="begins at time 0"):
        simulated(MODEL, values, {"x": 1, "t": 1}, paths=1000, **how)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["verify", "two-agent", "--hazard", "gompertz:.05,.09"], "agents who differ"),
        (["verify", "merton", "--hazard", "gompertz:.05,.09"], "no hazard rate"),
        (["verify", "one-agent", "--horizon", "5"], "goes with --hazard"),
        (["verify", "--hazard", "gompertz:.05,.09"], "no name of a game"),
        (["verify", "one-agent", "--hazard", "none", "--self-test"], "--self-test does not go"),
        (["verify", "one-agent", "--hazard", "none"], "a horizon is needed"),
        (["verify", "one-agent", "--hazard", "gompertz:.1,.1", "--horizon", "-1"], "be positive"),
    ],
)
def test_what_is_not_checked_is_refused(words: list[str], told: str) -> None:
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 2 and told in result.stderr


def test_what_is_neither_right_nor_wrong_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    open_one = Check("best deviation", "one-agent", "spike", 0.0, 0.0, 0.0, 0.0, "", refused=True)
    good = replace(open_one, kind="monte-carlo", refused=False)
    words = ["verify", "one-agent", "--hazard", "piecewise:0=.2,3=.6", "--horizon", "5"]
    for rows, code, told in [
        ([good, open_one], 1, "NOT VERIFIED: no check fails, but 1 could not be made"),
        ([good, replace(open_one, kind="grid")], 0, "all checks pass (1 could not be made)"),
        ([open_one, replace(good, error=1.0)], 1, "SOME CHECKS FAIL"),
    ]:
        monkeypatch.setattr(hazard, "checks", lambda claim, paths, rows=rows: rows)
        result = CliRunner().invoke(cli, words)
        assert result.exit_code == code and result.stdout.splitlines()[-1] == told


def test_without_an_equilibrium_the_command_verifies_nothing() -> None:
    result = CliRunner().invoke(cli, ["verify", "one-agent", "--hazard", "piecewise:0=.1,10=0"])
    assert result.exit_code == 1 and "never strikes" in result.stdout
    assert "NOT VERIFIED" in result.stdout and "FAIL" not in result.stdout


def test_the_stationary_problem_of_the_last_rate_is_solved_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    solved: list[Fraction] = []
    point = Moving.point

    def counting(problem: Moving, rate: Fraction) -> DerivedPoint:
        solved.append(rate)
        return point(problem, rate)

    monkeypatch.setattr(Moving, "point", counting)
    claim = under_hazard(MODEL, "piecewise:0=.2,3=.6", VALUES)
    claim.coefficients(Fraction(4))
    assert solved == [Fraction(3, 5)]


def test_the_command_simulates_under_a_rate() -> None:
    words = ["simulate", "one-agent", "--set", "example", "--paths", "4000", "--seed", "1"]
    result = CliRunner().invoke(cli, [*words, "--hazard", "piecewise:0=.2,3=.6", "--horizon", "5"])
    assert result.exit_code == 0, result.stderr
    assert "outside" not in result.stdout and "G" in result.stdout


@pytest.mark.full
def test_the_command_verifies_under_a_rate() -> None:
    words = ["verify", "mean-field", "--hazard", "gompertz:.05,.09", "--horizon", "5"]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0 and "all checks pass" in result.stdout
