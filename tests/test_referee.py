"""The grid as a referee: it catches planted errors, refuses where it cannot judge, and agrees with
a second scheme that shares nothing with it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner

from documents import hold
from eqsolve.ci import junit
from eqsolve.cli import cli
from eqsolve.derivations.mean_variance.vocabulary import symbols
from eqsolve.errors import NoSolutionError
from eqsolve.notated.published import Case
from eqsolve.paper.cases import DOMAIN, ROOTS
from eqsolve.paper.sets import GIVEN as AGGREGATES
from eqsolve.paper.sets import SETS as NAMED
from eqsolve.pde import USABLE, GridProblem, solve_extended_hjb
from eqsolve.registry import model
from eqsolve.verify import referee as judging
from eqsolve.verify import table as tables
from eqsolve.verify.cases import refereed
from eqsolve.verify.check import Check
from eqsolve.verify.pde import ALLOWED, compare, judged, referee
from eqsolve.verify.prediction import Prediction, predictions
from eqsolve.verify.referee import Hearing, Judgement, conclude, judge
from eqsolve.verify.report import Report
from eqsolve.verify.table import Table, judge_all
from reference import spec
from third_opinion import Scheme, graded

RESPONSE = model("best-response")


def given(name: str, **changes: str) -> dict[str, str]:
    row = {**AGGREGATES, "n": "3", **(NAMED.get(name) or ROOTS[name]), **changes}
    return {key: row[key] for key in RESPONSE.parameters}


def claim_of(name: str, **changes: str) -> Prediction:
    (found,) = predictions(RESPONSE, given(name, **changes), name=name)
    return found


def judge_claim(claim: Prediction, name: str) -> Judgement:
    hearing = Hearing(RESPONSE, Case(name, given(name)), claim)
    return conclude(hearing, hearing.grid())


def numbers(values: dict[str, str]) -> dict[str, float]:
    found = {key: float(value) for key, value in values.items()}
    found["B"] = found["b"] - found["r"]
    found["s2"] = found["nu"] ** 2 + found["sigma"] ** 2
    found["kappa"] = 1 - found["theta"] / found["n"]
    return found


@pytest.fixture(scope="module")
def quick() -> Table:
    games = ("best-response", "n-agent", "mean-field")
    return judge_all([(model(game), c) for game in games for c in refereed(model(game), "quick")])


# a second scheme


@pytest.mark.parametrize(
    ("name", "allowed"), [("S1", 1e-8), ("S2", 1e-8), ("S3", 1e-8), ("S4", 1e-4)]
)
def test_three_opinions_agree(name: str, allowed: float) -> None:
    """The closed form, the compiled solver with its closure, and payoffs far away with SciPy."""
    values = given(name)
    nodes = graded(500.0, 41)
    _, _, policy = Scheme(numbers(values), nodes, nodes).solve()
    core = nodes[abs(nodes - 1) <= 1]
    solution = solve_extended_hjb("best-response", values, grid=(core, core))
    inside = abs(nodes - 1) <= 1
    key = spec.best_response({**values, "lam": values["lambda"]})
    p1, p2, p3 = (float(key[part]) for part in ("p1", "p2", "p3"))
    x, y = np.meshgrid(core, core, indexing="ij")
    right, scale = p1 * x + p2 * y + p3, abs(p1 * x + p2 * y + p3).max()
    second = policy[np.ix_(inside, inside)]
    window = solution.inner
    assert abs(second - right)[window].max() < allowed * scale
    assert abs(second - solution.policy)[window].max() < allowed * scale
    assert abs(solution.policy - right)[window].max() < 1e-10 * scale


@pytest.mark.parametrize(
    "error", [{"m_s": -0.1}, {"sigma": -0.2}, {"kappa": 1.0}, {"beta": 0.5001}, {"m_b": 0.051}]
)
def test_the_second_scheme_sees_errors(error: dict[str, float]) -> None:
    nodes = graded(500.0, 31)
    right = numbers(given("S1"))
    policies = [Scheme({**right, **e}, nodes, nodes).solve()[2] for e in ({}, error)]
    core = np.ix_(abs(nodes - 1) < 1, abs(nodes - 1) < 1)
    assert abs(policies[0] - policies[1])[core].max() > 1e-7


@pytest.mark.parametrize(("name", "grows"), [("near a fold", True), ("S1", False)])
def test_growth_of_perturbations_in_the_box(name: str, grows: bool) -> None:
    """The spectrum of the linearized discrete problem, with boundary values held, confirms the
    growth of short waves by frozen coefficients where it is strong, and its absence."""
    scheme, fields = closed_form(name, 25)
    assert (scheme.abscissa(*fields) > 0) is grows


def closed_form(name: str, nodes: int) -> tuple[Scheme, list[Any]]:
    """The second scheme on [0, 2]^2, and G, H and policy of the closed form at its nodes."""
    claim, axis = claim_of(name), np.linspace(0.0, 2.0, nodes)
    scheme = Scheme(numbers(given(name)), axis, axis)
    states = dict(zip(claim.game.state_symbols, (scheme.X, scheme.Y), strict=True))

    def at(coefficients: Any) -> Any:
        total = np.zeros_like(scheme.X)
        for part, value in coefficients.items():
            powers = part.as_powers_dict()
            total += value * np.prod(
                [s ** int(powers.get(k, 0)) for k, s in states.items()], axis=0
            )
        return total

    return scheme, [at(part) for part in (*claim.moments.values(), claim.feedback)]


@pytest.mark.parametrize(("name", "closed", "rate"), [("S4", True, 0.1), ("S4", False, -0.86)])
def test_the_spectrum_is_what_a_march_shows(name: str, closed: bool, rate: float) -> None:
    """A perturbation of the solution grows as the spectrum says; its sign depends on the boundary.

    The perturbed moments are the payoff of a problem whose sources restore the right one.
    """
    scheme, fields = closed_form(name, 21)
    G, H, p = fields
    expected = scheme.abscissa(G, H, p, closed)
    assert abs(expected - rate) < 0.02
    G, H = (field.reshape(scheme.shape) for field in (G, H))
    v = scheme.v
    bump = (1 - (scheme.X - 1) ** 4) * (1 - (scheme.Y - 1) ** 2) * np.exp(scheme.X)
    wrong = [f + 1e-4 * bump.reshape(scheme.shape) for f in (G, H)]
    z = scheme.z.reshape(scheme.shape)
    problem = GridProblem(
        drift=(
            (v["r"] * scheme.X.reshape(z.shape), v["B"]),
            (lambda x, y: v["r"] * y + v["m_b"], 0),
        ),
        diffusion=(
            (0.0, 0.0, v["s2"]),
            (0.0, v["sigma"] * v["m_s"], 0.0),
            (v["m_2"] + v["m_s"] ** 2, 0.0, 0.0),
        ),
        payoff=wrong,
        weight=lambda x, y: v["alpha"] + v["beta"] * x,
        risk_aversion=v["gamma"],
        hazard=v["lambda"],
        source=[v["lambda"] * (right - left) for left, right in zip(wrong, (z, z * z))],
    )
    kept: dict[str, Any] = {} if closed else {"closure": "dirichlet", "boundary": (G, H)}
    path = solve_extended_hjb(
        problem, nodes=21, horizon=40.0 if closed else 24.0, time_steps=200, tolerance=1e-13, **kept
    )
    size = np.sqrt((path.G - G) ** 2 + (path.H - H) ** 2)[:, 1:-1, 1:-1].max(axis=(1, 2))
    late, later = path.times.size // 8, path.times.size // 3  # times run from T backward
    observed = np.log(size[late] / size[later]) / (path.times[later] - path.times[late])
    assert abs(observed - expected) < 0.05 * abs(expected), observed


# verdicts


def test_quick_table_is_verified(quick: Table) -> None:
    assert {row.verdict for row in quick.rows} == {"verified"}
    assert all(check.verdict == "pass" for check in quick.checks())
    assert max(check.error for row in quick.rows for check in row.checks) < 1e-11
    for row in quick.rows:
        names = {part.name for part in row.coefficients}
        assert {"p1", "p2", "p3", "a", "c", "d", "h20", "h11", "h02", "h10", "h01", "h00"} <= names
        assert ({"C3", "C2", "C1", "C0"} <= names) is (row.game == "best-response")


def test_planted_errors_at_the_threshold(quick: Table) -> None:
    """Twice the threshold is refuted, a third of it is not: what is reported is what is seen."""
    case = next(refereed(RESPONSE, "quick"))
    row = next(row for row in quick.rows if row.game == "best-response")
    (claim,) = predictions(RESPONSE, case.given, name=case.name)
    assert row.grid is not None
    seen = {part.name: part.seen for part in row.coefficients}
    x, y = claim.game.state_symbols
    for name, label, part in (("p1", "policy", x), ("p3", "policy", x / x), ("h20", "H", x**2)):
        for factor, verdict in ((2.0, "fail"), (-2.0, "fail"), (0.3, "pass"), (-0.3, "pass")):
            wrong = {
                "policy": dict(claim.feedback),
                **{k: dict(v) for k, v in claim.moments.items()},
            }
            label = label if label == "policy" else [*claim.moments][1]
            wrong[label][part] += factor * seen[name]
            checks = compare(
                row.grid, claim.game, wrong.pop("policy"), wrong, name="planted", allowed=ALLOWED
            )
            found = {check.name.rpartition(": ")[2]: check.verdict for check in checks}
            assert found[label] == verdict, (name, factor)


def test_wrong_claims_are_refuted() -> None:
    claim = claim_of("S1")
    for monomial, value in claim.feedback.items():
        wrong = replace(claim, feedback={**claim.feedback, monomial: value * (1 + 1e-6)})
        found = judge_claim(wrong, "S1")
        assert found.verdict == "refuted" and "policy is off by" in found.reason
    name, moment = [*claim.moments.items()][1]
    x = claim.game.state_symbols[0]
    wrong = replace(claim, moments={**claim.moments, name: {**moment, x**2: moment[x**2] * 1.0001}})
    assert judge_claim(wrong, "S1").verdict == "refuted"


def test_thresholds_of_the_cubic_are_small() -> None:
    found = judge(model("best-response"), Case("S1", given("S1")))
    seen = {part.name: part.seen_relative for part in found.coefficients}
    assert all(0 < seen[str(name)] < 1e-6 for name in symbols("C3 C2 C1 C0"))
    assert all(seen[name] < 1e-8 for name in ("p1", "p3", "h20"))


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("three admissible roots", "short_wave_unstable"),
        ("near a fold", "short_wave_unstable"),
        ("hazard below 2 r", "moment_explosion"),
        ("no admissible root", "no answer"),
        ("no real root", "no answer"),
    ],
)
def test_refusals(name: str, word: str) -> None:
    found = judge(model("best-response"), Case(name, given(name)))
    assert found.verdict == "not verified"
    assert word in found.reason
    assert {check.verdict for check in found.checks} == {"not verified"}
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_wrong_claim_changes_no_refusal() -> None:
    """Otherwise it could escape: the refusal depends on the grid only."""
    name = "three admissible roots"
    claim = claim_of(name)
    wrong = replace(claim, feedback={part: 2 * value for part, value in claim.feedback.items()})
    found = [judge_claim(c, name) for c in (claim, wrong)]
    assert [row.verdict for row in found] == ["not verified"] * 2
    assert found[0].reason == found[1].reason


def test_a_box_in_which_the_policy_changes_sign() -> None:
    """Not verified there; with the next box to choose from, verified."""
    row = (
        "r .009 b .047 nu .223 sigma -.251 theta .271 gamma 3.512 alpha .352 beta .922 lambda .52 "
        "n 14 m_b -.083 m_s .085 m_2 .014"
    ).split()
    (claim,) = predictions(RESPONSE, dict(zip(row[::2], row[1::2], strict=True)), name="")
    first, other = ((0.0, 2.0), (0.0, 2.0)), ((2.0, 4.0), (0.0, 2.0))
    alone = referee(claim.game, claim.values, boxes=[first])
    assert alone.solution.status == "degenerate_policy"
    assert "changes sign" in alone.reason and "Not verified" in alone.note
    both = referee(claim.game, claim.values, boxes=[first, other])
    assert not both.reason and both.box == other
    # with more common noise waves grow where the policy vanishes: this is not final either
    claim, crossed = claim_of("S1"), ((-3.5, -1.5), (0.0, 2.0))
    assert referee(claim.game, claim.values, boxes=[crossed]).solution.status not in USABLE
    assert not referee(claim.game, claim.values, boxes=[crossed, first]).reason


def test_ill_conditioned_grids_are_passed_over() -> None:
    """On the first box the grids agree to 5e-10 only: another box is used, or nothing is said."""
    game = model("mean-field")
    case = Case("S1, b = 0.18", {**NAMED["S1"], "b": "0.18"})
    (claim,) = predictions(game, case.given, name="")
    first = referee(claim.game, claim.values, boxes=[((0.0, 2.0), (0.0, 2.0))])
    assert first.solution.ok and "agree to" in first.reason
    found = judge(model("mean-field"), case)
    assert found.verdict == "verified"
    assert found.grid is not None and found.grid.box != first.box


def test_grids_that_differ_refuse() -> None:
    claim = claim_of("S1")
    solution = referee(claim.game, claim.values).solution
    assert solution.coarse is not None
    coarse = replace(solution.coarse, G=solution.coarse.G + 1e-9)
    found = judged(replace(solution, coarse=coarse), ((0.0, 2.0), (0.0, 2.0)))
    assert "two grids agree" in found.reason
    # a solution that is not a number is a fault, not a refusal
    broken = judged(replace(solution, H=solution.H * np.nan), ((0.0, 2.0), (0.0, 2.0)))
    checks = compare(broken, claim.game, claim.feedback, claim.moments, name="", allowed=ALLOWED)
    assert not broken.reason and "fail" in {check.verdict for check in checks}


def test_a_grid_solution_refutes_that_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any, **__: Any) -> Any:
        raise NoSolutionError("nothing.")

    monkeypatch.setattr(judging, "predictions", none)
    found = judge(model("best-response"), Case("S1", given("S1")))
    assert found.verdict == "refuted"
    assert [check.verdict for check in found.checks] == ["fail"]
    assert judge(model("mean-field"), Case("S1", dict(NAMED["S1"]))).verdict == "not verified"


# the table


def test_full_table_is_what_was_asked_for() -> None:
    sets = [(g, c) for g in ("best-response", "n-agent", "mean-field")
            for c in refereed(model(g), "full")]  # fmt: skip
    drawn = [c for _, c in sets if c.drawn]
    assert len(drawn) >= 200
    assert len({c.name for g, c in sets if not c.drawn}) >= 20
    for case in drawn:
        row = {key: float(str(value)) for key, value in case.given.items()}
        for name in set(DOMAIN) & set(row):
            low, high = DOMAIN[name]
            assert low <= abs(row[name]) <= high or low <= row[name] <= high
        assert row["lambda"] > 2 * row["r"]
    assert not list(refereed(model("two-agent"), "full"))


def test_threads_give_the_same_table(quick: Table) -> None:
    sets = [(RESPONSE, c) for c in refereed(RESPONSE, "quick")][:2]
    again = judge_all(sets, jobs=2)
    assert [r.to_dict() for r in again.rows] == [r.to_dict() for r in quick.rows[:2]]


def test_too_many_refusals_fail(quick: Table) -> None:
    def refused(row: Judgement) -> Judgement:
        return replace(row, verdict="not verified") if row.drawn else row

    assert tables.MOST_REFUSED < 0.5
    checks = Table(tuple(map(refused, quick.rows))).checks()
    assert {c.verdict for c in checks if "without a verdict" in c.name} == {"fail"}
    assert {c.verdict for c in quick.checks() if "without a verdict" in c.name} == {"pass"}


def test_report_counts_what_is_not_verified(tmp_path: Path) -> None:
    good = Check("good", "game", "grid", 0.0, 0.0, 0.0, 0.0)
    open_one = Check("open", "game", "grid", 0.0, 0.0, 1.0, 0.0, "Why.", refused=True)
    report = Report((good, open_one), "quick", {})
    assert report.ok and report.failures == () and report.refused == (open_one,)
    result = report.to_dict()
    assert result["not_verified"] == 1
    assert [row["verdict"] for row in result["checks"]] == ["pass", "not verified"]
    (suite,) = ElementTree.fromstring(junit("verify", [*report.cases({})]).encode())
    assert (suite.attrib["skipped"], suite.attrib["failures"]) == ("1", "0")
    # nothing but refusals is no success
    assert not Report((open_one,), "quick", {}).ok


@pytest.mark.parametrize("ending", [".md", ".json"])
def test_table_command(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"table{ending}"
    result = CliRunner().invoke(cli, ["verify", "mean-field", "--table", str(path)])
    assert result.exit_code == 0, result.output
    text = path.read_text()
    if ending == ".json":
        document = json.loads(text)
        hold("table", document)
        rows = document["sets"]
        assert {row["verdict"] for row in rows} == {"verified"}
        assert all(row["coefficients"]["p1"]["seen_relative"] < 1e-8 for row in rows)
        assert all(row["allowed"] == ALLOWED for row in rows)
    else:
        assert "| mean-field | 3 | 3 | 0 | 0 |" in text
        assert "| p1 | 3 |" in text and "nan" not in text


def test_table_command_refuses(tmp_path: Path) -> None:
    for name in ("table.txt", "absent/table.md"):
        result = CliRunner().invoke(cli, ["verify", "--table", str(tmp_path / name)])
        assert result.exit_code == 2, result.output
    assert list(tmp_path.iterdir()) == []
