"""The verification suite passes, its report has the agreed form, and planted errors are caught."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from eqsolve import registry
from eqsolve.ci import Wanted
from eqsolve.cli import cli
from eqsolve.derivations.mean_variance import wealth
from eqsolve.derivations.mean_variance.vocabulary import symbol
from eqsolve.errors import InputError
from eqsolve.game import Model as Declared
from eqsolve.notated.published import Case, Published
from eqsolve.paper.cases import DRAWN, SEED, drawn
from eqsolve.pde import GridSolution, solve_extended_hjb
from eqsolve.registry import finite_of, model, models, names
from eqsolve.verbs import every, verify
from eqsolve.verify import mutation, suite
from eqsolve.verify.cases import cases
from eqsolve.verify.check import Check
from eqsolve.verify.mutation import SelfTest, self_test
from eqsolve.verify.pde import BOXES, compare, grid_checks, judged
from eqsolve.verify.prediction import Prediction, predictions
from eqsolve.verify.reference import reference_checks, weight_checks
from eqsolve.verify.report import Report

FIELDS = {"name", "game", "kind", "value", "reference", "error", "allowed", "verdict", "note"}
KINDS = {"exact", "grid", "spike", "monte-carlo"}
#: What holds on a condition on letters, of which the checks in numbers decide.
CONDITIONAL = {f"closed loop: agent {k} is at a maximum" for k in (1, 2)}


@pytest.fixture(scope="module")
def report() -> Report:
    return verify([model.name for model in models()], level="quick")


@pytest.fixture(scope="module")
def planted() -> SelfTest:
    return self_test()


@pytest.fixture(scope="module")
def claim() -> Prediction:
    game = model("best-response")
    first = next(iter(cases(game, "quick")))
    return next(predictions(game, first.given, name="case"))


def test_suite_passes(report: Report) -> None:
    assert report.failures == ()
    assert report.ok
    for game in (declared.name for declared in models()):
        kinds = Counter(check.kind for check in report.checks if check.game == game)
        assert KINDS <= set(kinds), game
    assert len({(c.game, c.name) for c in report.checks}) == len(report.checks)


def test_errors_are_far_below_what_is_allowed(report: Report) -> None:
    worst: dict[str, float] = {}
    for check in report.checks:
        if check.name not in CONDITIONAL:
            # coefficients of a coupled system are enclosed with fewer digits than a formula has
            kind = "coupled" if check.kind == "ball" and "closed loop" in check.name else check.kind
            worst[kind] = max(worst.get(kind, 0.0), check.error)
    assert worst["exact"] == 0
    assert worst["coupled"] < 1e-55
    assert worst["grid"] < 1e-11
    assert worst["spike"] < 1e-14
    assert worst["ball"] < 1e-70


def test_simulation_has_power(report: Report) -> None:
    """What the simulation allows is below 10 % of what it checks, mostly far below."""
    rows = [c for c in report.checks if c.kind == "monte-carlo" and abs(c.value) > 0.02]
    assert len(rows) > 100
    ratios = sorted(c.allowed / abs(c.value) for c in rows)
    assert ratios[len(ratios) // 2] < 0.01
    assert ratios[-1] < 0.25


def test_report_is_json(report: Report) -> None:
    result = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert result["ok"] is True
    assert len(result["checks"]) == len(report.checks)
    assert all(set(row) == FIELDS for row in result["checks"])
    open_ = {row["name"] for row in result["checks"] if row["verdict"] == "not verified"}
    assert open_ == CONDITIONAL
    assert {row["verdict"] for row in result["checks"] if row["name"] not in open_} == {"pass"}


def test_junit(report: Report, tmp_path: Path) -> None:
    failing = Check('a < "b"', "game", "exact", 0.0, 0.0, 1.0, 0.0, "It & that.")
    whole = Report((*report.checks, failing), "quick", {}, (*report.times, 0.25))
    Wanted(str(tmp_path / "report.xml")).give("verify", [*whole.cases({})])
    root = ElementTree.parse(tmp_path / "report.xml").getroot()
    found = root.findall("testsuite/testcase")
    assert len(found) == len(whole.checks)
    (failure,) = root.findall("testsuite/testcase/failure")
    assert "It & that." in (failure.text or "")
    assert sum(int(s.attrib["tests"]) for s in root) == len(whole.checks)
    assert sum(int(s.attrib["failures"]) for s in root) == 1
    spent = {suite.attrib["name"]: float(suite.attrib["time"]) for suite in root}
    assert spent.pop("game") == 0.25
    assert spent == pytest.approx(report.seconds, abs=1e-3)
    assert [p.name for p in tmp_path.iterdir()] == ["report.xml"]
    with pytest.raises(InputError):
        Wanted(str(tmp_path / "absent" / "report.xml")).give("verify", [])


def test_a_failure_makes_the_report_fail() -> None:
    good = Check("good", "game", "exact", 0.0, 0.0, 0.0, 0.0)
    assert Report((good,), "quick", {}).ok
    assert not Report((good, replace(good, error=1.0)), "quick", {}).ok
    assert not Report((), "quick", {}).ok


@pytest.mark.parametrize("field", ["value", "reference", "error", "allowed"])
def test_not_a_number_fails(field: str) -> None:
    good: dict[str, Any] = {"value": 1.0, "reference": 1.0, "error": 0.0, "allowed": 1e-9}
    check = Check("case", "game", "grid", **(good | {field: math.nan}))
    result = Report((check,), "quick", {}).to_dict()
    assert result["ok"] is False
    assert result["checks"][0]["verdict"] == "fail"
    assert result["checks"][0][field] is None


def grid(claim: Prediction) -> GridSolution:
    return solve_extended_hjb(claim.game, dict(claim.values), nodes=21, coarse=11)


def compared(solution: GridSolution, claim: Prediction) -> list[Check]:
    referee = judged(solution, BOXES[0])
    return compare(referee, claim.game, claim.feedback, claim.moments, name="case", allowed=1e-10)


def test_grid_with_one_undefined_policy_fails(claim: Prediction) -> None:
    solution = grid(claim)
    assert all(check.verdict == "pass" for check in compared(solution, claim))
    policy = solution.policy.copy()
    policy[10, 12] = math.nan
    verdicts = [check.verdict for check in compared(replace(solution, policy=policy), claim)]
    assert verdicts == ["fail", "pass", "pass", "fail"]


@pytest.mark.parametrize(
    "status", ["short_wave_unstable", "moment_explosion", "stagnated", "inconsistent_grids"]
)
def test_grid_with_a_bad_status_is_never_verified(claim: Prediction, status: str) -> None:
    """Even where all the numbers agree; and no error is blamed on the claim."""
    checks = compared(replace(grid(claim), status=status), claim)
    assert [check.verdict for check in checks] == ["not verified"] * 4
    assert all(status in check.note for check in checks)


def test_grid_sees_errors_of_1e_6(claim: Prediction) -> None:
    for monomial, value in claim.feedback.items():
        wrong = {**claim.feedback, monomial: value * (1 + 1e-6)}
        checks = grid_checks(claim.game, wrong, claim.values, name="case")
        assert checks[0].verdict == "fail", monomial


def test_planted_errors_are_caught(planted: SelfTest) -> None:
    result = planted.to_dict()
    assert result["missed"] == []
    assert planted.ok
    assert result["planted"] == result["caught"] > 100
    assert set(result["kinds"]) == {
        "grid", "spike", "monte-carlo", "symbolic", "definition", "derivation", "display", "limit"
    }  # fmt: skip


def test_planted_errors_are_the_agreed_ones(planted: SelfTest) -> None:
    found = {(o.kind, o.what) for o in planted.outcomes}
    for part in ("p1", "p2", "q3"):
        assert ("grid", f"{part} off by 0.0001") in found
        assert ("spike", f"{part} off by 0.001") in found
    for name in ("C3", "C2", "C1", "C0"):
        assert ("grid", f"coefficient {name} of the cubic off by 0.0001") in found
    simulated = [o for o in planted.outcomes if o.kind == "monte-carlo"]
    assert len(simulated) == 18
    sorts = Counter(o.what.partition(" in ")[0] for o in planted.outcomes if o.kind == "symbolic")
    assert set(sorts) == {"a sign flipped", "a factor 2", "off by 1e-6", "an index swapped"}
    assert min(sorts.values()) >= 10


def test_a_check_that_sees_nothing_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The self-test fails when a check is blind, and when it fails without an error."""
    blind = mutation.Planted("grid", "game", "nothing", lambda: [], lambda: [])
    failing = Check("always", "game", "grid", 0.0, 0.0, 1.0, 0.0)
    broken = mutation.Planted("spike", "game", "error", lambda: [failing], lambda: [failing])
    monkeypatch.setattr(mutation, "planted", lambda: iter((blind, broken)))
    result = self_test()
    assert not result.ok
    assert result.to_dict()["caught"] == 0
    assert len(result.to_dict()["missed"]) == 2


def test_run_command(monkeypatch: pytest.MonkeyPatch) -> None:
    good = Check("good", "game", "exact", 0.0, 0.0, 0.0, 0.0)
    checks: list[Check] = [good]
    report = lambda *a, **how: Report(tuple(checks), "quick", {"game": 1.0})  # noqa: E731
    monkeypatch.setattr(suite, "verify", report)
    missed = mutation.Outcome("grid", "game", "error", "")
    monkeypatch.setattr(suite, "planted_errors", lambda progress: SelfTest((missed,)))
    seen: list[Report] = []
    ok, result = suite.run_command(every(), "quick", told=seen.append)
    assert ok and result["ok"] and "planted" not in result
    assert [report.ok for report in seen] == [True]
    ok, result = suite.run_command(every("n-agent"), "quick", self_test=True)
    assert not ok and not result["ok"] and (result["planted"], result["caught"]) == (1, 0)
    checks.append(replace(good, error=1.0))
    ok, result = suite.run_command(every())
    assert not ok and not result["ok"]


def test_no_equilibrium_is_a_failing_check(monkeypatch: pytest.MonkeyPatch) -> None:
    bad: dict[str, Any] = {**drawn(SEED, 1)[0], "lambda": ".001"}
    game = model("mean-field")
    given = {key: bad[key] for key in game.parameters}
    monkeypatch.setattr(suite, "cases", lambda *a: iter([Case("bad", given)]))
    monkeypatch.setattr(suite, "refereed", lambda *a: iter(()))
    result = verify("mean-field")
    assert not result.ok
    assert any("bad" in check.name and check.note for check in result.failures)


def test_games_that_cannot_be_checked_here_do_not_stop_the_others() -> None:
    """Without names all games are checked that can be used."""
    assert {found.name for found in every()} == set(names())
    assert finite_of(model("mean-field")) is model("n-agent")


def test_bad_input() -> None:
    with pytest.raises(InputError):
        verify("no-such-game")
    with pytest.raises(InputError):
        verify("mean-field", level="thorough")


def test_drawn_sets_are_fixed() -> None:
    assert drawn(SEED, 3) == drawn(SEED, 30)[:3]
    assert drawn(SEED, 2) != drawn(SEED + 1, 2)
    assert DRAWN["full"] >= 30


def test_any_exception_is_a_failing_check(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> list[Check]:
        raise ValueError("negative variance")

    monkeypatch.setattr(suite, "symbolic_checks", broken)
    monkeypatch.setattr(suite, "cases", lambda *a: iter(()))
    monkeypatch.setattr(suite, "refereed", lambda *a: iter(()))
    result = verify("best-response").to_dict()
    assert not result["ok"]
    (row,) = (check for check in result["checks"] if check["verdict"] == "fail")
    assert row["note"] == "ValueError: negative variance"


def test_wrong_sign_of_an_aggregate_is_a_failing_check(monkeypatch: pytest.MonkeyPatch) -> None:
    game = model("best-response")
    first = next(iter(cases(game, "quick")))
    wrong = Case("wrong", {**first.given, "m_2": "-.01"})
    monkeypatch.setattr(suite, "cases", lambda *a: iter([wrong]))
    monkeypatch.setattr(suite, "refereed", lambda *a: iter(()))
    result = verify("best-response")
    assert [(check.name, check.verdict) for check in result.failures] == [("wrong", "fail")]
    assert result.failures[0].note


def test_reference_values_are_checked(report: Report) -> None:
    found = [check for check in report.checks if check.kind == "reference"]
    assert len(found) == 3 * 2 * 5
    assert {check.game for check in found} == {"n-agent", "mean-field"}
    assert all(check.error <= check.allowed <= 1e-5 for check in found)


WRONG = [(1, "n-agent"), (2, "n-agent"), (2, "mean-field")]


def defined(game: Published, name: str, factor: int) -> Published:
    """The game with the sign of theta N (factor 1) or of r (factor 2) wrong in a definition."""
    right = game.game.definitions[symbol(name)]
    wrong = right + 2 * (1 - right) if factor == 1 else right + 2 * symbol("r")
    definitions = {**game.game.definitions, symbol(name): wrong}
    return replace(game, game=replace(game.game, definitions=definitions))


def restated_wrongly(game: Published, factor: int) -> Published:
    """The same error where the problem is declared again."""
    restated = game.restated
    assert restated is not None and restated.own is not None
    own, source = restated.own, restated.source
    wrong = replace(
        restated,
        own=lambda: misdeclared(own(), factor),
        source=lambda **how: misdeclared(source(**how), factor),
    )
    return replace(game, restated=wrong)


def misdeclared(declared: Declared, factor: int) -> Declared:
    """A declaration with the sign of theta (factor 1) or of r (factor 2) wrong."""
    game = declared.game
    if factor == 2:
        wrong = {name: e + 2 * wealth.r for name, e in game.definitions.items()}
        return replace(declared, game=replace(game, definitions=wrong))
    (player,) = game.players
    opposite = {wealth.theta: -wealth.theta}
    moments = tuple(
        replace(m, payoff=m.payoff.xreplace(opposite)) for m in player.preference.moments
    )
    players = (replace(player, preference=replace(player.preference, moments=moments)),)
    return replace(declared, game=replace(game, players=players))


@pytest.mark.parametrize(("factor", "which"), WRONG)
def test_wrong_definitions_miss_the_reference_values(factor: int, which: str) -> None:
    wrong = restated_wrongly(model(which), factor)
    for case, notions in wrong.reference.items():
        for notion in notions:
            verdicts = {check.verdict for check in reference_checks(wrong, case, notion)}
            assert "fail" in verdicts, (case, notion)


def test_reference_is_a_unit_of_the_last_digit() -> None:
    game = model("n-agent")
    off = {"given-aggregate": (".28069", ".09206", ".69495")}
    checks = reference_checks(
        replace(game, reference={"S1, n = 3": off}), "S1, n = 3", "given-aggregate"
    )
    assert [check.verdict for check in checks] == ["fail", "fail", "pass"]


@pytest.mark.parametrize("which", ["best-response", "n-agent", "two-agent"])
def test_wrong_own_weight_fails_exactly(which: str) -> None:
    game = model(which)
    assert [check.verdict for check in weight_checks(game)] == ["pass"]
    assert [check.verdict for check in weight_checks(defined(game, "kappa", 1))] == ["fail"]


def test_wrong_own_weight_of_the_mean_field_fails_exactly() -> None:
    game = model("mean-field")
    assert [check.verdict for check in weight_checks(game)] == ["pass"]
    wrong = replace(game, crowd=model("n-agent").crowd)
    assert [check.verdict for check in weight_checks(wrong)] == ["fail"]


def test_game_of_the_readme_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A game without a root to select has exact checks only."""
    text = (Path(__file__).parents[1] / "README.md").read_text()
    (source,) = (s for s in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "MODEL" in s)
    (tmp_path / "regulator.py").write_text(source)
    monkeypatch.setattr(registry, "_adopted", {})
    path = str(tmp_path / "regulator.py")
    result = CliRunner().invoke(cli, ["verify", path, "--level", "full", "--json"])
    assert result.exit_code == 0, result.output
    assert {check["kind"] for check in json.loads(result.output)["checks"]} == {"exact"}
    case = [Case("case", {"sigma": "1", "lambda": "1"})]
    monkeypatch.setattr(suite, "cases", lambda *a: iter(case))
    assert verify("regulator").ok
    registry.model.cache_clear()


@pytest.mark.parametrize("place", ["absent/report.xml", "."])
def test_bad_junit_file_stops_before_verifying(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    monkeypatch.setattr(suite, "verify", lambda *a: pytest.fail("verified"))
    result = CliRunner().invoke(cli, ["verify", "regulator", "--junit", str(tmp_path / place)])
    assert result.exit_code == 2
    assert re.search("cannot be written|does not name a file", result.stderr)
    assert list(tmp_path.iterdir()) == []


def test_grid_has_no_false_alarm() -> None:
    """On the first box the linear systems are ill-conditioned by chance: the error is 5e-10."""
    game = model("mean-field")
    given = {**game.cases["S1"], "b": "0.18"}
    (claim,) = predictions(game, given, name="case")
    checks = grid_checks(claim.game, claim.feedback, claim.values, name="g", moments=claim.moments)
    assert [check.verdict for check in checks] == ["pass"] * 4
