"""Agents with parameters of their own whose averages are given, against the answer key.

The key (``tests/reference``) works with 60 digits and shares nothing with the package.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx
from sympy import Symbol

from eqsolve import simulate
from eqsolve.derivation.derivation import Derivation, derive
from eqsolve.derivations.mean_variance.relative_wealth import model
from eqsolve.derivations.relative_performance.lacker_zariphopoulou_cara import model as cara
from eqsolve.errors import DerivationError, InputError
from eqsolve.game import Crowd
from eqsolve.game.types import read_types
from eqsolve.solve.answer import Answer
from eqsolve.solve.crowd import numbers_of_types
from eqsolve.solve.derived import DerivedPoint
from eqsolve.solve.joint import joint
from eqsolve.solve.point import BITS
from eqsolve.solve.solve import solve
from eqsolve.studies.equilibrium import Equilibrium, equilibria, response
from eqsolve.verify.deviation import deviation_checks
from eqsolve.verify.exact import precise
from eqsolve.verify.planted import planted
from eqsolve.verify.proof import Proof
from eqsolve.verify.solution import average_checks, solution_checks
from eqsolve.writing import Writing
from hard_families import plain, wide
from reference.heterogeneous import constant_equilibrium, heterogeneous
from reference.precision import ctx as exact
from reference.precision import solve as solve_linear
from reference.response import limit_root, linear_response, prepare, root_table

#: Relative accuracy of what is compared.
TOLERANCE = 1e-13
NAMES = "b nu sigma theta gamma alpha beta lam".split()
Row = dict[str, Any]


@cache
def derivation(finite: bool) -> Derivation:
    """The model of any number of agents, or of a continuum, of types of their own."""
    with ctx.workprec(BITS):
        return derive(model("given", 2 if finite else None, types=True))


def solved(
    agents: Sequence[Mapping[str, Any]], r: Any, size: int | None, bits: int = BITS
) -> Answer:
    """The answer for agents as the key takes them."""
    words = {"lam": "lambda", "wealth": "x"}
    rows = [{words.get(k, k): v for k, v in agent.items()} for agent in agents]
    found = derivation(size is not None)
    given = {"r": r, "agent": rows, **({} if size is None else {"n": size})}
    types = read_types(found.model, given, size)
    with ctx.workprec(bits):
        numbers = numbers_of_types(found, types)
        return joint([DerivedPoint(found, number, "limit").point for number in numbers], types)


def agent(text: str, **more: Any) -> Row:
    return {**dict(zip(NAMES, text.split())), **more}


FIRST, SECOND = agent(".12 .2 .2 .5 2 1 .5 .6"), agent(".10 .25 .15 .3 1.5 1 .2 .4")
NINE = (agent(".35 .15 .1 .5 2 1 .1 .06", wealth=1), agent(".32 .14 .1 .4 3 .8 .1 .05", wealth=2))


def close(value: float, key: Any, scale: float = 0.0) -> bool:
    return abs(value - float(key)) <= TOLERANCE * max(abs(float(key)), scale, 1e-300)


def pairs() -> list[Any]:
    """The sets of reference with weights, and draws with one agent alone and opposite noises."""
    first, second = {**FIRST, "wealth": "1"}, {**SECOND, "wealth": "2"}
    found = [
        pytest.param((first, second), ".03", id="halves"),
        pytest.param(
            ({**first, "weight": "1/4"}, {**second, "weight": "3/4"}), ".03", id="weights"
        ),
        pytest.param(({**first, "theta": "0"}, second), ".03", id="no competition of one"),
        pytest.param((first, {**second, "sigma": "-.15"}), ".03", id="opposite noises"),
        pytest.param((first, {**second, "nu": "0"}, {**first, "b": ".02"}), ".03", id="three"),
    ]
    for family in (plain, wide):
        drawn = family(np.random.default_rng(5), 4)
        rows = [{k: Fraction(float(v[i])) for k, v in drawn.items()} for i in range(4)]
        for k in (0, 2) if family is wide else (0,):
            both = [{**{n: row[n] for n in NAMES}, "wealth": row["x"]} for row in rows[k : k + 2]]
            found.append(pytest.param(both, rows[k]["r"], id=f"{family.__name__}-{k}"))
    return found


@pytest.mark.parametrize(("agents", "r"), pairs())
def test_agents_against_the_key(agents: Sequence[Row], r: Any) -> None:
    key, answer = heterogeneous(agents, r), solved(agents, r, len(agents))
    if key["status"] == "no-admissible-root":
        assert answer.status.label == key["status"]
        return
    for k, own in enumerate(answer.types):
        assert close(own["growth"] + float(Fraction(agents[k]["lam"])), key["abscissa"]) or not (
            own["status"] == "ok" and key["status"] != "ok"
        )
    if not answer.ok:
        assert key["status"] != "ok"
        return
    for i in range(len(agents)):
        assert close(answer.at[f"pi_{i + 1}"], key["pi"][i])
        big = max(abs(float(key["response"][i][h])) for h in ("h20", "h11", "h02", "h10", "h01"))
        assert close(answer.at[f"V_{i + 1}"], key["V"][i], big)
        row = answer.strategy[f"pi_{i + 1}"]
        size = max(abs(float(v)) for v in key["K"][i])
        assert close(row["1"], key["const"][i])
        for j, value in enumerate(key["K"][i], 1):
            assert close(row[f"x_{j}"], value, size)
    size = max(abs(v) for v in answer.laws.values())
    assert close(answer.laws["E[B*pi]"], key["M_b"], size)
    assert close(answer.laws["E[pi*sigma]"], key["M_s"], size)


def test_equal_types_are_a_crowd_of_players_who_are_alike() -> None:
    """Three agents who are equal, or of one type: then its average wealth counts."""
    given = {"r": ".03", **{"lambda" if k == "lam" else k: v for k, v in FIRST.items()}}
    alike = solve(model("given", 3), {**given, "n": 3}, at={"x": "1.5", "m": "1.5"})
    types = solved([{**FIRST, "wealth": "1.5"}] * 3, ".03", 3)
    own, others = (alike.strategy["pi"][name] for name in ("x", "m"))
    assert close(types.strategy["pi_1"]["x_1"], own + others / 3)
    assert close(types.strategy["pi_1"]["x_2"], others / 3)
    for name in ("pi", "V", "J", "exploitability"):
        assert types.at[f"{name}_2"] == pytest.approx(alike.at[name], rel=1e-11)
    grouped = solved([{**FIRST, "weight": "1"}], ".03", 3).strategy["pi_1"]
    assert close(grouped["x"], own) and close(grouped["x_1"], others)
    single = solved([FIRST], ".03", None).strategy["pi_1"]
    whole = solve(model("given"), given).strategy["pi"]
    assert close(single["x"], whole["x"]) and close(single["x_1"], whole["m"])


def test_a_continuum_of_types_against_its_linear_system() -> None:
    agents = [{**FIRST, "wealth": 1, "weight": ".3"}, {**SECOND, "wealth": 2, "weight": ".7"}]
    answer = solved(agents, ".03", None)
    weights, wealth = (exact.mpf(3) / 10, exact.mpf(7) / 10), (1, 2)
    p = [prepare({**a, "r": ".03"}, exact.one) for a in agents]
    tables = [root_table(q) for q in p]
    v = [linear_response(q, t[limit_root(q, t)]["p1"]) for q, t in zip(p, tables)]
    mean = sum(w * x for w, x in zip(weights, wealth))
    still = [u["p1"] * x + u["p2"] * mean + u["q3"] for u, x in zip(v, wealth)]

    def paired(load: str, values: Sequence[Any]) -> Any:
        return sum(w * q[load] * value for w, q, value in zip(weights, p, values))

    Qb, Qs = [u["Qb"] for u in v], [u["Qs"] for u in v]
    system = [
        [1 - paired("B", Qb), -paired("B", Qs)],
        [-paired("sigma", Qb), 1 - paired("sigma", Qs)],
    ]
    M_b, M_s = solve_linear(system, [paired("B", still), paired("sigma", still)])
    for k in range(2):
        assert close(answer.at[f"pi_{k + 1}"], still[k] + Qb[k] * M_b + Qs[k] * M_s)


def test_constant_strategies_are_those_of_exponential_utility() -> None:
    """With beta = r = 0: risk tolerance alpha/gamma."""
    rows = [{**FIRST, "beta": 0, "wealth": 1}, {**SECOND, "beta": 0, "wealth": 2}]
    answer = solved(rows, 0, 2)
    utility = {
        name: [row[key] for row in rows]
        for name, key in (("mu", "b"), ("nu", "nu"), ("sigma", "sigma"), ("theta", "theta"))
    }
    tolerance = [Fraction(row["alpha"]) / Fraction(row["gamma"]) for row in rows]
    other = solve(cara(2), {**utility, "delta": tolerance, "T": 1, "n": 2}, size=2)
    for k, value in enumerate(constant_equilibrium(rows), 1):
        row = answer.strategy[f"pi_{k}"]
        assert close(row["1"], value)
        assert row["x_1"] == row["x_2"] == 0
        assert close(row["1"], other.strategy[f"pi_{k}"]["1"])
        assert abs(answer.at[f"exploitability_{k}"]) < 1e-40


def test_all_joint_equilibria_of_several_roots() -> None:
    """Nine choices of which four have finite second moments."""
    answer = solved(NINE, ".02", 2)
    assert len(answer.equilibria) == 9
    found = {tuple(row["roots"]): row for row in answer.equilibria}
    finite = [row for row in answer.equilibria if row["status"] == "ok"]
    assert len(finite) == 4 and answer.ok == any(row["selected"] for row in finite)
    assert sum(row["selected"] for row in answer.equilibria) == 1
    for choice, row in found.items():
        # roots ascend in both
        key = heterogeneous(NINE, ".02", [k - 1 for k in choice])
        assert all(close(v, k) for v, k in zip(row["pi"], key["pi"])), choice
        assert (row["status"] == "ok") == (key["status"] == "ok")


def test_many_joint_choices_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["eqsolve.solve.joint"], "LISTED", 8)
    answer = solved(NINE, ".02", 2)
    assert answer.equilibria == () and "9 joint choices" in answer.message


def test_many_types_have_no_feedback_in_the_states_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["eqsolve.solve.joint"], "JOINT", 1)
    agents = [{**FIRST, "wealth": 1}, {**SECOND, "wealth": 2}]
    answer, key = solved(agents, ".03", 2), heterogeneous(agents, ".03")
    assert answer.ok and "Beyond 1 types" in answer.message and not answer.strategy
    assert close(answer.at["pi_1"], key["pi"][0])


SINGULAR = agent(".1 0 .2 1 2 1 0 .6", wealth=1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (({}, {}), "there is no equilibrium"),
        (({"b": "0"}, {"b": "0"}), "there is a line of equilibria"),
        (({"b": ".1"}, {"b": ".1", "sigma": "-.2"}), "there is a line of equilibria"),
    ],
)
def test_singular_averages_have_a_line_of_equilibria_or_none(
    changes: Sequence[Row], words: str
) -> None:
    rows = [{**SINGULAR, **change} for change in changes]
    answer = solved(rows, 0, 2)
    assert answer.status.label == "degenerate" and words in answer.message


def test_nearly_singular_averages_are_solved() -> None:
    rows = [{**SINGULAR, "theta": "0." + 60 * "9"}] * 2
    assert solved(rows, 0, 2).status.label == "degenerate"
    answer = solved(rows, 0, 2, bits=1024)
    assert answer.ok and answer.at["pi_1"] > 1e58


def test_a_singular_reaction_of_one_agent_alone() -> None:
    other = {**SINGULAR, "b": ".08", "theta": ".5", "nu": ".1"}
    rows = [{**other, "b": ".1", "theta": "4", "nu": ".2"}, other]
    answer = solved(rows, 0, 2)
    assert answer.ok
    for k, row in enumerate(rows):
        b, nu, sigma, theta, gamma, alpha = (float(row[name]) for name in NAMES[:6])
        own = (1 - theta / 2) * (nu**2 + sigma**2) * answer.at[f"pi_{k + 1}"]
        theirs = 0.5 * float(rows[1 - k]["sigma"]) * answer.at[f"pi_{2 - k}"]
        assert own == pytest.approx(alpha * b / gamma + theta * sigma * theirs, abs=1e-13)


def _named(rows: Sequence[Row]) -> list[Row]:
    words = {"lam": "lambda", "wealth": "x"}
    return [{words.get(k, k): v for k, v in row.items()} for row in rows]


def test_an_average_that_is_not_the_types_is_refused() -> None:
    rows = [{**FIRST, "wealth": 1, "m": 2}, {**SECOND, "wealth": 2, "m": 2}]
    given = {"r": ".03", "n": 2, "m": 2, "agent": [_named([r])[0] for r in rows]}
    for row in given["agent"]:  # type: ignore[attr-defined]
        row.pop("m")
    with pytest.raises(InputError, match="average to 1.5"):
        solve(model("given", 2, types=True), given)


def test_a_drift_of_their_own_does_not_close() -> None:
    """The average of r_k x_k needs the joint law of rates and wealth."""
    found = model("given", 2, types=True)
    (r,) = (p.symbol for p in found.vocabulary.parameters if p.name == "r")
    crowd = found.game.crowd
    assert crowd is not None
    own = Crowd(crowd.player, crowd.size, (*crowd.own, r), crowd.weights)
    with pytest.raises(DerivationError, match="joint law"):
        derive(replace(found, game=replace(found.game, crowd=own)))


def test_wrong_sets_of_reference_are_seen() -> None:
    """The comparison can fail: another weight is another equilibrium."""
    agents = ({**FIRST, "wealth": 1}, {**SECOND, "wealth": 2})
    answer = solved(agents, ".03", 2)
    key = heterogeneous([{**a, "weight": w} for a, w in zip(agents, ("49/100", "51/100"))], ".03")
    assert not close(answer.at["pi_1"], key["pi"][0])


# Verification


GIVEN = {"r": ".03", "n": 2, "agent": _named([{**FIRST, "wealth": 1}, {**SECOND, "wealth": 2}])}


@pytest.fixture(scope="module")
def claims() -> list[Equilibrium]:
    return equilibria(model("given", 2, types=True), GIVEN)


def test_every_type_is_verified(claims: list[Equilibrium]) -> None:
    for claim in claims:
        rows = [*solution_checks(claim), *deviation_checks(response(claim))]
        assert rows and all(row.verdict == "pass" for row in rows)
    rows = average_checks(claims)
    assert len(rows) == 3 and all(row.verdict == "pass" for row in rows)


def test_a_wrong_average_is_not_what_the_others_play(claims: list[Equilibrium]) -> None:
    for name in claims[0].frozen:
        off = {**claims[0].frozen, name: claims[0].frozen[name] * (1 + arb(10) ** -6)}
        rows = average_checks([replace(claims[0], frozen=off), claims[1]])
        assert any(row.verdict == "fail" for row in rows), name


def test_a_wrong_response_is_no_best_deviation(claims: list[Equilibrium]) -> None:
    (form,) = claims[0].derivation.system.feedback.keys() & {Symbol("p3[pi*sigma]")}

    def wrong(time: Fraction) -> dict[Any, Any]:
        found = dict(claims[0].coefficients(time))
        return {**found, form: found[form] * (1 + arb(10) ** -5)}

    rows = deviation_checks(response(replace(claims[0], coefficients=wrong)))
    assert any(row.verdict == "fail" for row in rows)


def test_errors_planted_in_a_derivation_of_types_are_found() -> None:
    """Some of them: all take long."""
    found = derivation(False)
    assert found.fixed is not None
    wanted = ("strategy pi.E[B*pi]", "meaning of others B*pi", "feedback p3[pi*sigma]", "rate of c")
    chosen = [row for row in planted(found) if row[0] in wanted]
    assert len(chosen) == len(wanted)
    with precise():
        for words, wrong in chosen:
            assert any(c.verdict == "fail" for c in Proof(wrong).checks()), words


def test_growth_counts_where_it_is_reached() -> None:
    """Without competition the others' wealth, which grows at 2 r, is nothing to an agent."""
    row = agent(".3 .2 .2 0 2 1 .1 .155", wealth=1)
    assert solved([row], ".08", None).ok
    assert not solved([{**row, "theta": ".1"}], ".08", None).ok


def test_verbs_that_do_not_take_types_say_so() -> None:
    with pytest.raises(DerivationError, match="its players differ"):
        simulate("relative-wealth", GIVEN, size=2, paths=8, seed=1)


def test_types_have_no_values_to_select_by_before_their_averages_are_known() -> None:
    with pytest.raises(InputError, match="no values before the averages"):
        solve(model, GIVEN, size=2, selection="value")


def test_weights_are_written_where_they_are_everybody_s_own() -> None:
    text = str(Writing(derivation(True)))
    assert "<B*pi> = sum_(j != i)(B*pi*weight)" in text
    assert "pi.m = p2/(1 + B*p3[B*pi]*weight + p3[pi*sigma]*sigma*weight)" in text
