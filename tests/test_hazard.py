"""Time-dependent hazard rates: reference values, limits, and bad specifications."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from by_name import solve, solve_hazard
from eqsolve.errors import InputError
from eqsolve.game.hazard_rates import parse_hazard
from eqsolve.solve import moving
from reference import cases, spec
from reference import hazard as key

#: B = .09, kappa = .9, environment (m_b, m_s, m_2) = (.05, .1, .01).
PARAMETERS = {
    **dict(zip("r b nu sigma theta gamma".split(), ".03 .12 .2 .2 .5 2".split())),
    **dict(zip("alpha beta n m_b m_s m_2".split(), "1 .5 5 .05 .1 .01".split())),
}


@pytest.mark.parametrize(
    ("hazard", "expected"),
    [
        ("constant:.6", (".2566513605", ".0028302959", ".6590990376")),
        ("gompertz:.05,.09", (".06497926", ".02280617", ".3770766")),
        ("weibull:2,20", ("-.04103535", ".04002708", ".282167")),
    ],
)
def test_reference_feedback(hazard: str, expected: tuple[str, ...]) -> None:
    answer = solve_hazard("best-response", hazard, PARAMETERS).to_dict()
    assert answer["status"] == "ok"
    for monomial, printed in zip(("x", "y", "1"), expected):
        assert cases.agrees(answer["strategy"][monomial], printed)


def test_constant_hazard_is_the_stationary_game() -> None:
    given = {k: v for k, v in cases.S1.items() if k != "lam"} | {"n": "3"}
    answer = solve_hazard("n-agent", "constant:.6", given).to_dict()
    expected = spec.n_agent(cases.S1, 3)
    for monomial, name in (("x", "k1"), ("y", "k2"), ("1", "k3")):
        assert answer["strategy"][monomial] == pytest.approx(float(expected[name]), rel=1e-9)


def test_decreasing_hazard_has_no_solution() -> None:
    answer = solve_hazard("best-response", "weibull:.7,20", PARAMETERS)
    assert answer.status == "infinite-variance"
    assert answer.message.startswith("At the last hazard rate")


def test_too_small_constant_hazard_has_no_solution() -> None:
    given = {**PARAMETERS, "b": ".9", "beta": "0", "r": "0", "gamma": ".01", "alpha": "1"}
    assert solve_hazard("best-response", "constant:.05", given).ok
    assert not solve_hazard("best-response", "constant:.05", PARAMETERS).ok


@pytest.mark.parametrize("spec_text", ["constant:.6", "weibull:1,5/3"])
@pytest.mark.parametrize(
    "change",
    [{}, {"r": ".3"}, {"r": ".1", "b": ".12", "nu": ".3", "sigma": ".3"}, {"gamma": ".05"}],
)
def test_constant_hazard_has_the_stationary_answer(spec_text: str, change: dict[str, str]) -> None:
    given = {k: v for k, v in cases.S1.items() if k != "lam"} | {"n": "3"} | change
    answer = solve_hazard("n-agent", spec_text, given)
    assert answer.to_dict() == solve("n-agent", lam=".6", **given).to_dict()


def test_constant_hazard_reports_infinite_variance() -> None:
    given = {k: v for k, v in cases.INFINITE_VARIANCE.items() if k != "lam"}
    rate = cases.INFINITE_VARIANCE["lam"]
    answer = solve_hazard("n-agent", f"constant:{rate}", {**given, "n": "2"})
    assert answer.status == "infinite-variance"


#: No interest, so that even slow hazards have solutions.
SLOW = dict(zip("r b nu sigma theta gamma alpha beta n".split(), "0 .09 .2 .2 .5 2 1 .5 5".split()))


def test_existence_does_not_depend_on_the_unit_of_time() -> None:
    answer = solve_hazard("n-agent", "weibull:2,20000", SLOW)
    assert answer.ok, answer.message
    found = answer.to_dict()["response"]
    for name, printed in (("p1", "9.5458e-7"), ("q3", "1.90915e-6")):
        assert cases.agrees(found[name], printed)
    assert abs(found["p2"]) < 1e-12


@pytest.mark.parametrize("change", [{"theta": "0"}, {"n": "1"}, {}])
def test_vanishing_hazard_with_interest_has_no_solution(change: dict[str, str]) -> None:
    given = {**SLOW, "r": ".03", "b": ".12", **change}
    assert solve_hazard("n-agent", "weibull:.7,20", given).status == "infinite-variance"


def test_a_horizon_that_may_never_strike_has_no_solution() -> None:
    given = {**SLOW, "theta": "0"}
    assert solve_hazard("n-agent", "piecewise:0=.1,10=0", given).status == "no-solution"


GOMPERTZ = key.makeham("0", ".05", ".09")
CASES = [
    ("expr:.05*exp(.09*t)", None, GOMPERTZ),
    pytest.param("makeham:0,.05,.09", None, GOMPERTZ, marks=pytest.mark.full),
    ("expr:.2+.1*t", "5", key.Hazard(lambda t: (2 + t) / 10, lambda t: t / 5 + t * t / 20)),
    pytest.param("gompertz:.05,.09", None, GOMPERTZ, marks=pytest.mark.full),
    pytest.param(
        "makeham:.1,.05,.09", None, key.makeham(".1", ".05", ".09"), marks=pytest.mark.full
    ),
    ("piecewise:0=.2,3=.6", None, key.piecewise({"0": ".2", "3": ".6"})),
    ("piecewise:0=.2,3=.6", "5", key.piecewise({"0": ".2", "3": ".6"})),
    ("none", "4", key.constant("0")),
]


@pytest.mark.parametrize(("spec_text", "horizon", "hazard"), CASES)
def test_numbers_of_the_population_agree_with_the_key(
    spec_text: str, horizon: str | None, hazard: key.Hazard
) -> None:
    given = {k: v for k, v in cases.S1.items() if k != "lam"}
    for game, n in (("n-agent", 3), ("mean-field", None)):
        size = {} if n is None else {"n": str(n)}
        answer = solve_hazard(game, spec_text, {**given, **size}, horizon=horizon)
        assert answer.ok, answer.message
        expected = key.joint_strategy(given, n, hazard, horizon)
        for monomial, value in zip(("x", "y", "1"), expected):
            assert answer.to_dict()["strategy"][monomial] == pytest.approx(float(value), rel=1e-8)


def _scaled(monkeypatch: pytest.MonkeyPatch, factor: Callable[[float, bool], float]) -> None:
    """Multiply what is integrated by a number that depends on the horizon and on the end there."""
    integrated = moving.Moving.integrated

    def planted(self: Any, end: float, start: Any, *tolerance: float) -> Any:
        times, values = integrated(self, end, start, *tolerance)  # type: ignore[misc]
        return times, values * factor(end, bool(np.any(start != self.payoffs())))

    monkeypatch.setattr(moving.Moving, "integrated", planted)


def test_planted_errors_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {k: v for k, v in cases.S1.items() if k != "lam"}
    expected = key.joint_strategy(given, 3, CASES[0][2])

    def strategy() -> dict[str, float]:
        answer = solve_hazard("n-agent", CASES[0][0], {**given, "n": "3"}).to_dict()
        found: dict[str, float] = answer.get("strategy", {})
        return found

    with monkeypatch.context() as planted:
        _scaled(planted, lambda end, elsewhere: 1.001)
        assert strategy()["1"] != pytest.approx(float(expected[2]), rel=1e-8)
    with monkeypatch.context() as planted:
        # survival of 1e-5 and less
        planted.setattr(moving, "FAR", (10.0, 11.5, 13.0))
        assert strategy() == {}
    assert strategy()["1"] == pytest.approx(float(expected[2]), rel=1e-8)


@pytest.mark.parametrize("spec_text", ["constant:.6", "weibull:2,20"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"theta": "5"}, "kappa"),
        ({"alpha": "0", "beta": "0"}, "alpha and beta"),
        ({"nu": "0", "sigma": "0"}, "volatilities"),
    ],
)
def test_joint_conditions(spec_text: str, change: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        solve_hazard("best-response", spec_text, {**PARAMETERS, **change})


def test_a_table_holds_each_rate_from_its_age_on(tmp_path: Path) -> None:
    given = {k: v for k, v in cases.S1.items() if k != "lam"} | {"n": "3"}
    expected = solve_hazard("n-agent", "piecewise:0=.2,3=.6", given).to_dict()["strategy"]
    for text in ("age,rate\n40,.2\n43,.6\n", "0,1/5\r\n3,.6\r\n", "\ufeff0, .2\n3, .6"):
        path = tmp_path / "table.csv"
        path.write_text(text, encoding="utf-8", newline="")
        assert solve_hazard("n-agent", f"table:{path}", given).to_dict()["strategy"] == expected
    for text in (
        "",
        "age,rate\n",
        "0,.2\n0,.3\n",
        "0,.2,1\n",
        "0,-1\n",
        "0,.2\n1,x\n",
        "1,.2\n0,.3",
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError):
            parse_hazard(f"table:{path}")
    with pytest.raises(InputError, match="nothing.csv"):
        parse_hazard(f"table:{tmp_path / 'nothing.csv'}")


@pytest.mark.parametrize("text", ["", "x", "__import__('os')", "t.real", "exp(", "t if t else 1"])
def test_formulas_are_read_not_run(text: str) -> None:
    with pytest.raises(InputError, match="hazard"):
        parse_hazard(f"expr:{text}")


def test_formulas_must_not_be_negative() -> None:
    with pytest.raises(InputError, match="the hazard rate t-1 is -"):
        solve_hazard("n-agent", "expr:t-1", SLOW, horizon="2")


@pytest.mark.parametrize("text", ["expr:.4+.2*sin(t)", "expr:1/(1+t)", "expr:log(1+t)"])
def test_without_a_limit_of_the_rate_nothing_is_claimed(text: str) -> None:
    assert solve_hazard("n-agent", text, SLOW).status == "unresolved"
    assert solve_hazard("n-agent", text, SLOW, horizon="3").ok


def test_the_limit_of_a_formula() -> None:
    for text, limit in (
        ("expr:.6+.2*exp(-t)", 0.6),
        ("expr:t**2", math.inf),
        ("expr:sin(t)**2", None),
    ):
        assert parse_hazard(text).limit == (limit if limit is None else pytest.approx(limit))


def test_a_narrow_peak_is_not_stepped_over() -> None:
    """At t = 3 the horizon strikes almost surely: what comes later does not matter."""
    given = {k: v for k, v in cases.S1.items() if k != "lam"} | {"n": "3"}
    peak = solve_hazard("n-agent", "expr:.2+2000*exp(-((t-3)/.02)**2)", given, horizon="20")
    ended = solve_hazard("n-agent", "expr:.2+0*t", given, horizon="3")
    passed = solve_hazard("n-agent", "expr:.2+0*t", given, horizon="20")
    values = [answer.to_dict()["strategy"]["x"] for answer in (peak, ended, passed)]
    assert values[0] == pytest.approx(values[1], rel=0.02)
    assert values[0] != pytest.approx(values[2], rel=0.05)


def test_a_rate_that_is_constant_in_the_end_needs_no_truncation() -> None:
    """Long before the last piece tau is over almost surely; its rate decides all the same."""
    given = {k: v for k, v in cases.S1.items() if k != "lam"} | {"n": "3"}
    early = solve_hazard("n-agent", "constant:.6", given).to_dict()["strategy"]
    late = solve_hazard("n-agent", "piecewise:0=.6,200=.08", given).to_dict()["strategy"]
    for name, value in early.items():
        assert late[name] == pytest.approx(value, rel=1e-9)
    # below 2 r the second moments are infinite, however improbable that time is
    assert not solve_hazard("n-agent", "piecewise:0=.6,200=.05", given).ok
    # the population explodes at the last rate, though each response alone would do
    infinite = {k: v for k, v in cases.INFINITE_VARIANCE.items() if k != "lam"} | {"n": "2"}
    rate = cases.INFINITE_VARIANCE["lam"]
    answer = solve_hazard("n-agent", f"piecewise:0=2,3={rate}", infinite)
    assert answer.status == "infinite-variance"


def test_slow_convergence_is_not_called_convergence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Differences that are small but do not shrink, and an end that matters, are not enough."""
    given = {k: v for k, v in cases.S1.items() if k != "lam"} | {"n": "3"}
    spec_text = CASES[0][0]
    assert solve_hazard("n-agent", spec_text, given).ok
    # the horizons are 38, 45 and 53
    creeping = {38: 1.0, 45: 1 + 5e-9, 53: 1 + 1e-8}
    for factor in (
        lambda end, elsewhere: creeping[round(end)],
        lambda end, elsewhere: 1 + 1e-7 * elsewhere,
    ):
        with monkeypatch.context() as planted:
            _scaled(planted, factor)
            assert solve_hazard("n-agent", spec_text, given).status == "unresolved"


#: Two agents who are alike, and the second of them with other numbers.
ALIKE = {k: v for k, v in cases.S1.items() if k not in ("lam", "r")}
OTHER = dict(zip("b nu sigma theta gamma alpha beta".split(), ".10 .25 .15 .3 1.5 1 .2".split()))


def test_agents_who_differ_are_those_who_are_alike() -> None:
    given = {"r": cases.S1["r"], "agent": [ALIKE, ALIKE]}
    spec_text, end, time = "piecewise:0=.2,1=.6", "2", {"t": ".5"}
    found = solve_hazard("two-agent", spec_text, given, horizon=end, at=time).to_dict()
    row = {k: v for k, v in cases.S1.items() if k != "lam"} | {"n": "2"}
    alike = solve_hazard("n-agent", spec_text, row, horizon=end, at={"x": "1", **time}).to_dict()
    for position, value in zip(found["pi"], found["V"]):
        assert position == pytest.approx(alike["at"]["pi"], rel=1e-13)
        assert value == pytest.approx(alike["at"]["V"], rel=1e-13)
    # another rate or another agent is another answer
    other = solve_hazard("two-agent", "constant:.6", given, horizon=end, at=time).to_dict()
    assert other["pi"][0] != pytest.approx(found["pi"][0], rel=1e-4)


@pytest.mark.full
def test_agents_who_differ_have_the_stationary_answer_on_long_horizons() -> None:
    from by_name import solve_agents

    rate = {"lam": ".6"}
    stationary = solve_agents(
        "two-agent", {"r": ".03", "agent": [{**ALIKE, **rate}, {**OTHER, **rate}]}
    ).to_dict()
    given = {"r": ".03", "agent": [ALIKE, OTHER]}
    long = solve_hazard("two-agent", "constant:.6", given, horizon="60").to_dict()
    for name in ("pi", "V"):
        assert long[name] == pytest.approx(stationary[name], rel=1e-10)


def test_agents_who_differ_need_an_end() -> None:
    given = {"r": ".03", "agent": [ALIKE, OTHER]}
    with pytest.raises(InputError, match="need an end"):
        solve_hazard("two-agent", "gompertz:.05,.09", given)
    with pytest.raises(InputError, match="besides"):
        twice = {"r": ".03", "agent": [ALIKE, {**OTHER, "lambda": ".6"}]}
        solve_hazard("two-agent", "constant:1", twice, horizon="1")


@pytest.mark.parametrize(
    "spec_text",
    ["", "weibull", "weibull:2", "gompertz:.1,nan", "constant:-1", "cauchy:1,2", "constant:1e400"]
    + ["constant:1e-999", "constant:\u0663", "constant:" + "9" * 5000, "weibull:2,1e31"],
)
def test_bad_hazards_are_refused(spec_text: str) -> None:
    with pytest.raises(InputError):
        parse_hazard(spec_text)


def test_hazard_takes_the_place_of_lambda() -> None:
    with pytest.raises(InputError, match="lambda"):
        solve_hazard("best-response", "constant:1", {**PARAMETERS, "lambda": "1"})
