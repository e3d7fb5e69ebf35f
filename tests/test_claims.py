"""The claims ledger: verdicts, counterexamples that can be pasted, and checks that can fail."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import sympy as sp
from click.testing import CliRunner

import eqsolve.claims
from eqsolve import places, registry
from eqsolve.claims import claim, judge
from eqsolve.claims.claim import Context, Counterexample, Finding
from eqsolve.cli import cli
from eqsolve.derivation.closed_form import ClosedForm
from eqsolve.derivations.mean_variance.vocabulary import symbol, symbols
from eqsolve.errors import InputError
from eqsolve.paper.claims import (
    convergence,
    corollaries,
    equilibria,
    joint,
    limits,
    positivity,
    relative,
    sensitivity,
    theorems,
    weights,
)
from eqsolve.paper.claims.statements import STATEMENTS
from eqsolve.registry import model
from eqsolve.verbs import kernel

SAMPLES, SEED = 4000, 7

#: The verdicts expected, claim by claim.
EXPECTED = {
    "abstract-competitors": "conditional",
    "theorem-2.1": "holds",
    "second-order-condition": "holds",
    "theorem-2.2": "conditional",
    "assumption-2.1": "holds",
    "remark-2.1": "conditional",
    "corollary-2.1": "holds",
    "remark-2.2": "holds",
    "corollary-2.2": "holds",
    "remark-2.3": "holds",
    "arbitrary-number": "false",
    "theorem-2.3": "conditional",
    "nash": "false",
    "value-2.77": "false",
    "remark-2.4": "conditional",
    "theorem-2.4": "holds",
    "remark-2.5-count": "false",
    "remark-2.5-selection": "false",
    "remark-2.5-degenerate": "holds",
    "corollary-2.3": "holds",
    "remark-2.6": "holds",
    "theorem-3.1": "holds",
    "theorem-3.2": "conditional",
    "corollary-3.1": "conditional",
    "theorem-3.3": "conditional",
    "remark-3.1": "conditional",
    "proposition-3.4": "holds",
    "proposition-3.4-paths": "holds",
    "proposition-3.4-proof": "false",
    "theta-increasing": "holds",
    "competition-above": "holds",
    "gamma-decreasing": "conditional",
    "gamma-convex": "conditional",
    "gamma-bounded": "holds",
    "alpha-linear": "holds",
    "beta-increasing": "conditional",
    "beta-concave": "conditional",
    "relative-sensitivity": "conditional",
    "figure-4.5": "holds",
}


@pytest.fixture(scope="module")
def judged() -> dict[str, claim.Claim]:
    return {found.id: found for found in judge(samples=SAMPLES, seed=SEED)}


@pytest.fixture
def context() -> Context:
    return Context(SAMPLES, SEED)


def changed(game: str, name: str, factor: sp.Expr | int = 2) -> ClosedForm:
    """A game's closed form with one definition multiplied by something."""
    form = model(game).derivation.form
    assert symbol(name) in form.table
    return ClosedForm(
        tuple(
            replace(d, expression=d.expression * factor) if d.symbol == symbol(name) else d
            for d in form.definitions
        ),
        form.nonzero,
    )


def planted(game: str, name: str, factor: sp.Expr | int = 2) -> Context:
    return Context(SAMPLES, SEED, forms={game: changed(game, name, factor)})


class Wrong:
    """A kernel with the sign of some outputs changed."""

    def __init__(self, game: str, *outputs: str) -> None:
        self.kernel, self.outputs = kernel(game), outputs

    def evaluate(self, params: Mapping[str, Any], **options: Any) -> dict[str, Any]:
        found = self.kernel.evaluate(params, **options)
        return {k: -v if k in self.outputs else v for k, v in found.items()}


# Verdicts


def test_every_claim_is_judged(judged: dict[str, claim.Claim]) -> None:
    assert {name: found.verdict for name, found in judged.items()} == EXPECTED
    assert list(judged) == [statement.id for statement in STATEMENTS]
    for found in judged.values():
        assert found.source.startswith("the paper, ") and found.statement.endswith(".")
        assert "[" in found.evidence


def test_a_claim_that_does_not_hold_has_a_counterexample(judged: dict[str, claim.Claim]) -> None:
    for found in judged.values():
        assert (found.counterexample is None) == (found.verdict == "holds"), found.id
        if found.verdict == "conditional":
            assert found.condition, found.id
        assert all(t.passed for t in found.finding.tests if t.scope != "claim"), found.id


def test_counterexamples_can_be_pasted(judged: dict[str, claim.Claim]) -> None:
    """Every command, run as a user would, answers the number stated in the evidence."""
    count = 0
    for found in judged.values():
        if found.counterexample is None:
            continue
        example = found.finding.counterexample
        assert example is not None
        lines = found.counterexample.splitlines()
        assert set(lines) == {command.line for command in example.commands}
        for command, value in zip(example.commands, example.values, strict=True):
            program, *words = shlex.split(command.line)
            assert program == "eqsolve"
            result = CliRunner().invoke(cli, [*words, "--json"])
            answer = json.loads(result.stdout)
            assert claim.picked(answer, command.read) == value, found.id
            assert result.exit_code == (0 if answer["status"] == "ok" else 4), found.id
            count += 1
    assert count >= 30


def test_statements_of_the_evidence_are_the_ones_computed(judged: dict[str, claim.Claim]) -> None:
    values = judged["value-2.77"].finding.counterexample
    assert values is not None
    assert [f"{v:.5f}" for v in values.values] == ["0.80369", "0.80088"]
    text = judged["remark-2.1"].evidence
    assert "0.233413" in text and "0.274827" in text
    assert "-0.00340073" in judged["remark-2.4"].evidence
    assert "3.37609 to 3.23935" in judged["beta-increasing"].evidence
    assert "found 9" in judged["remark-2.5-count"].evidence
    for number in ("1.394 (lambda = 0.1)", "0.2254", "0.04286", "0.004226"):
        assert number in judged["beta-increasing"].evidence


def test_searches_are_reported_and_reproducible() -> None:
    names = ("alpha-linear", "beta-increasing")
    one, again = judge(names, samples=500, seed=3), judge(names, samples=500, seed=3)
    assert [c.to_dict() for c in one] == [c.to_dict() for c in again]
    other = judge(names, samples=500, seed=4)
    assert one[1].evidence != other[1].evidence
    assert "500 drawn, seed 3" in one[0].evidence


def test_json_and_text(monkeypatch: pytest.MonkeyPatch) -> None:
    few = partial(judge, ["second-order-condition", "remark-2.4"], samples=200)
    monkeypatch.setattr(eqsolve.claims, "judge", few)
    result = CliRunner().invoke(cli, ["claims", "--json"])
    assert result.exit_code == 0
    rows = json.loads(result.stdout)
    keys = (
        "schema",
        "id",
        "source",
        "statement",
        "verdict",
        "condition",
        "evidence",
        "counterexample",
    )
    assert all(tuple(row)[: len(keys)] == keys for row in rows)
    assert [row["verdict"] for row in rows] == ["holds", "conditional"]
    assert rows[0]["counterexample"] is None
    assert rows[1]["tests"][0]["kind"] == "search"
    text = CliRunner().invoke(cli, ["claims"]).stdout
    assert "remark-2.4: CONDITIONAL (the paper, Remark 2.4)" in text
    assert "  $ eqsolve solve n-agent " in text


def test_wrong_requests() -> None:
    with pytest.raises(InputError, match="no claim 'theorem-9'"):
        judge("theorem-9")
    with pytest.raises(InputError, match="samples"):
        judge("nash", samples=0)


# The rule of the verdict


def outcome(passed: bool, scope: claim.Scope = "claim") -> claim.Test:
    return claim.Test("point", "Something.", passed, scope)


def test_the_verdict_follows_from_the_tests() -> None:
    yes, no = outcome(True), outcome(False)
    assert Finding((yes, yes)).verdict == "holds"
    assert Finding((yes, no)).verdict == "false"
    assert Finding(()).verdict == "false"
    assert Finding((no, outcome(True, "condition"))).verdict == "conditional"
    assert Finding((no, outcome(True, "condition"), outcome(False, "condition"))).verdict == "false"
    assert Finding((no, outcome(True, "exception"))).verdict == "false"
    assert Finding((yes, outcome(False, "condition"))).verdict == "holds"


def test_a_counterexample_counts_only_if_it_is_confirmed() -> None:
    command = claim.Command(model("n-agent"), sensitivity.RISING, "at.pi")

    def finding(_: Context, *, contradicts: bool) -> Finding:
        found = Counterexample.of((command,), "{:.3g}", lambda pi: pi > 0 and contradicts)
        assert found.confirmed == contradicts
        return Finding((outcome(True),), "", found)

    for contradicts, verdict in ((True, "false"), (False, "holds")):
        check = partial(finding, contradicts=contradicts)
        found = claim.Statement("x", "the paper", "X.", check).judged(Context(1, 1))
        assert found.verdict == verdict
        assert (found.counterexample is None) != contradicts
    absent = Counterexample.of((replace(command, read="at.no"),), "", lambda _: True)
    assert not absent.confirmed


# Exact checks, with wrong formulas


@pytest.mark.parametrize("name", ["h20", "D2"])
def test_a_wrong_second_moment_is_seen(name: str) -> None:
    assert theorems.second_order(planted("best-response", name)).verdict == "false"


@pytest.mark.parametrize("name", ["p2", "q3", "Qs", "h11"])
def test_a_wrong_response_is_seen(name: str) -> None:
    context = planted("best-response", name)
    assert theorems.best_response(context, "best-response").verdict == "false"


@pytest.mark.parametrize(("game", "name"), [("n-agent", "k1"), ("mean-field", "k2")])
def test_a_wrong_fixed_point_is_seen(game: str, name: str) -> None:
    assert theorems.homogeneous(planted(game, name), game).verdict == "false"


def test_a_wrong_generator_of_the_growth_is_seen() -> None:
    assert theorems.growth(planted("best-response", "E2")).verdict == "false"


def test_a_wrong_constant_strategy_is_seen(context: Context) -> None:
    assert corollaries.constant(context, wrong=-1).verdict == "false"
    assert corollaries.constant(planted("best-response", "Qs")).verdict == "false"


def test_another_risk_tolerance_is_seen(context: Context) -> None:
    alpha, gamma = symbol("alpha"), symbol("gamma")
    assert corollaries.cara(context, alpha / (2 * gamma)).verdict == "false"


def test_wrong_special_cases_are_seen() -> None:
    theta, alpha = symbol("theta"), symbol("alpha")
    response = "best-response"
    quadratic = planted(response, "p2", theta)
    assert corollaries.proportional(quadratic).verdict == "false"
    assert corollaries.alone(planted(response, "q3", 1 / alpha)).verdict == "false"
    assert limits.large_hazard(planted(response, "q3")).verdict == "false"
    assert limits.short_horizon(planted(response, "Qs")).verdict == "false"
    assert limits.markovian(planted("mean-field", "k2")).verdict == "false"
    assert limits.no_equilibrium(planted("mean-field", "k3")).verdict == "false"
    assert corollaries.single(planted("n-agent", "k3")).verdict == "false"
    assert corollaries.state_independent(planted(response, "C0")).verdict == "false"
    assert convergence.coefficients(planted("n-agent", "k2")).verdict == "false"


def test_a_wrong_threshold_is_seen(context: Context) -> None:
    wrong = planted("best-response", "q3", symbol("beta"))
    assert weights.beta_increasing(wrong).verdict == "false"
    assert sensitivity.gamma_bounded(planted("best-response", "q3", symbol("gamma"))).verdict == (
        "false"
    )


def test_wrong_conditions_are_seen(context: Context) -> None:
    """Each claim's check fails under the condition that was stated before, or another one."""
    by_own_wealth = relative.relative(context, rule=lambda x, mean, share, Q: x)
    assert by_own_wealth.verdict == "false"
    assert [t.kind for t in by_own_wealth.tests if t.scope == "condition"] == ["exact", "search"]
    assert not any(t.passed for t in by_own_wealth.tests if t.scope == "condition")
    either_sign = (-0.3, 0.3, False)
    assert weights.beta_increasing(context, drift=either_sign).verdict == "false"
    assert weights.beta_concave(context, drift=either_sign).verdict == "false"
    assert limits.no_equilibrium(context, signs=(1, -1)).verdict == "false"
    assert joint.two_agents(context, rule=joint.jointly_finite).verdict == "false"
    assert convergence.pathwise(context, {"nu = 0": {symbol("nu"): 0}}).verdict == "false"
    for check in (equilibria.nash, equilibria.value):
        found = check(context, {"at nu = 0": {"nu": "0"}, **equilibria.FLAT})
        passed = [t.passed for t in found.tests if t.scope == "exception"]
        assert passed == [False, *(True for _ in equilibria.FLAT)]


def test_signs_are_proved_or_unclear() -> None:
    p1, lam, r, B, nu = symbols("p1 lambda r B nu")
    assert positivity.sign(lam - r) == 1
    assert positivity.sign(-(p1**2) / (lam - 2 * r - B * p1)) == -1
    assert positivity.sign(nu**2) == 1
    # each can have either sign
    for unclear in (nu, p1 - r, lam - 2 * r - 3 * B * p1, (p1 - r) ** 2 * (lam - r)):
        assert positivity.sign(unclear) == 0


@pytest.mark.parametrize(("name", "factor"), [("q3", -1), ("Qs", -1), ("k2", 2)])
def test_a_wrong_coefficient_spoils_the_proof(name: str, factor: int) -> None:
    assert all(test.passed for test in positivity.competition(Context(50, 1)))
    tests = positivity.competition(planted("mean-field", name, factor))
    assert not all(test.passed for test in tests)


def test_a_spike_variation_sees_a_wrong_feedback() -> None:
    found = theorems.verification(planted("best-response", "q3"), "best-response")
    assert found.verdict == "false"
    assert [t.kind for t in found.tests if not t.passed] == ["spike"]


# Searches, with wrong signs and wrong kernels


@pytest.mark.parametrize(
    "check",
    [
        sensitivity.theta_increasing,
        sensitivity.above,
        sensitivity.alpha_linear,
        sensitivity.gamma_decreasing,
        sensitivity.gamma_convex,
        weights.beta_increasing,
        weights.beta_concave,
    ],
)
def test_the_opposite_statement_is_false(context: Context, check: Any) -> None:
    found = check(context, direction=-1)
    assert found.verdict == "false"
    stated = [t for t in found.tests if t.scope == "claim" and t.kind == "search"]
    assert any(not t.passed for t in stated)


@pytest.mark.parametrize(
    ("check", "outputs"),
    [
        (sensitivity.theta_increasing, ("pi",)),
        (sensitivity.above, ("pi", "pi_noncompetitive")),
        (sensitivity.gamma_decreasing, ("pi",)),
        (weights.beta_increasing, ("k_x", "k_y", "k_1")),
    ],
)
def test_a_wrong_kernel_changes_the_verdict(check: Any, outputs: tuple[str, ...]) -> None:
    kernels = {"n-agent": Wrong("n-agent", *outputs)}
    assert check(Context(SAMPLES, SEED, kernels=kernels)).verdict == "false"


def test_no_equilibrium_is_no_evidence() -> None:
    """A search that meets no equilibrium proves nothing."""

    class Empty(Wrong):
        def evaluate(self, params: Mapping[str, Any], **options: Any) -> dict[str, Any]:
            found = super().evaluate(params, **options)
            return found | {"status": found["status"] * 0 + 1}

    found = sensitivity.theta_increasing(Context(50, 1, kernels={"n-agent": Empty("n-agent")}))
    assert found.verdict == "false"


# Equilibria


def test_a_vanishing_exploitability_would_make_it_nash(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [{"exploitability": 0.0, "V": 1.0, "J": 1.0}]
    monkeypatch.setattr(equilibria, "_solved", lambda *_, **__: entries)
    monkeypatch.setattr(equilibria, "THREE", {**equilibria.THREE, "theta": "0"})
    assert equilibria.nash(context).verdict == "holds"
    assert equilibria.value(context).verdict == "holds"


def test_single_roots_give_one_equilibrium(context: Context) -> None:
    row = {**equilibria.THREE, "n": "2"}
    found = equilibria.at_most_three(context, (row, {**row, "gamma": "3"}))
    assert found.verdict == "holds" and "found 1" in found.tests[1].says


def test_the_nine_equilibria_are_checked_against_the_responses() -> None:
    agents = tuple(joint.responses(row) for row in equilibria.PAIR)
    positions, residual = joint.feedback(agents, (2, 2))
    assert residual < 1e-12 and joint.finite(agents, positions)
    spoiled = replace(agents[0], responses=({**agents[0].responses[2], "Qs": 5.0},))
    wrong, _ = joint.feedback((spoiled, agents[1]), (0, 2))
    assert abs(wrong - positions).max() > 0.05
    one, _ = joint.feedback(agents, (0, 0))
    assert not joint.finite(agents, one)


def test_a_wrong_pair_is_seen(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    original = joint.responses
    monkeypatch.setattr(joint, "responses", lambda row: original({**row, "gamma": "1.9"}))
    assert joint.two_agents(context).verdict == "false"


def test_a_drifting_simulation_would_be_seen(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convergence, "_simulated", lambda _: ([1.0, 0.25], -1.0, 0.01))
    assert convergence.pathwise(context).verdict == "false"


def test_claims_about_a_missing_game_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deleting a game's file removes its claims and breaks nothing else."""
    rest = {k: v for k, v in places.built_in().items() if k != "two-agent"}
    monkeypatch.setattr(registry, "built_in", lambda: rest)
    caches = (registry.model, registry._loaded, registry.names)
    try:
        for cached in caches:
            cached.cache_clear()
        judged = judge(["theorem-2.4", "second-order-condition"], samples=100)
    finally:
        monkeypatch.undo()
        for cached in caches:
            cached.cache_clear()
    assert [claim.id for claim in judged] == ["second-order-condition"]
