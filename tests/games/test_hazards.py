"""Hazard rates that move in time in a declared game, against the independent key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from by_name import solve_hazard
from eqsolve.derivations.execution import model as execution
from eqsolve.derivations.mean_variance.relative_wealth import model
from eqsolve.errors import InputError
from eqsolve.solve.answer import Answer
from eqsolve.solve.moving import solve_moving
from reference import cases, hazard

LONG = {
    "r": "0",
    "b": ".09",
    "nu": ".2",
    "sigma": ".2",
    "theta": ".5",
    "gamma": "2",
    "alpha": "1",
    "beta": ".5",
}


def given(row: Mapping[str, Any], n: int | None) -> dict[str, Any]:
    values = {k: v for k, v in row.items() if k not in ("lam", "x", "y", "m")}
    return values if n is None else {**values, "n": n}


def moving(row: Mapping[str, Any], spec: str, n: int | None, **how: Any) -> Answer:
    return solve_moving(model, spec, given(row, n), size=n, continuum=n is None, **how)


def strategy(answer: Answer, n: int | None) -> tuple[float, float, float]:
    """The coefficients of own wealth, of the others' over n, and 1."""
    row = answer.strategy["pi"]
    others = row.get("m", 0.0)
    return row["x"] + (0.0 if n is None else others / n), others, row["1"]


@pytest.mark.parametrize(
    ("spec", "key", "n"),
    [
        ("gompertz:.05,.09", hazard.makeham(0, ".05", ".09"), 3),
        pytest.param(
            "makeham:.01,.05,.09", hazard.makeham(".01", ".05", ".09"), None, marks=pytest.mark.full
        ),
        pytest.param("weibull:2,20", hazard.weibull(2, 20), None, marks=pytest.mark.full),
    ],
)
def test_strategies_at_time_0_are_those_of_the_key(spec: str, key: Any, n: int | None) -> None:
    answer = moving(cases.S1, spec, n)
    assert answer.ok and answer.certificate["convergence"] == "proved"
    wanted = [float(v) for v in hazard.joint_strategy(cases.S1, n, key)]
    assert strategy(answer, n) == pytest.approx(wanted, rel=1e-8)


@pytest.mark.parametrize("scale", ["20000", "2"])
def test_existence_does_not_depend_on_the_unit_of_time(scale: str) -> None:
    unit = 10000 if scale == "2" else 1
    # volatilities are per square root of time
    row = {**LONG, "b": str(0.09 * unit), "nu": str(0.2 * unit**0.5), "sigma": str(0.2 * unit**0.5)}
    answer = moving(row, f"weibull:2,{scale}", 5)
    response = answer.response["pi"]
    assert answer.ok
    assert (response["x"], response["1"]) == pytest.approx((9.5457e-7, 1.90915e-6), rel=1e-4)
    assert abs(response.get("m", 0.0)) < 1e-12


@pytest.mark.full
def test_other_rates_are_those_of_the_family_s_engine(tmp_path: Any) -> None:
    table = tmp_path / "life.csv"
    table.write_text("age,rate\n30,0.1\n40,0.2\n50,0.6\n", encoding="utf-8")
    for spec, end in (
        (f"table:{table}", None),
        ("expr:0.3+0.3*(1-exp(-t))", None),
        ("none", "5"),
        ("piecewise:0=.2,3=.5", "8"),
    ):
        answer = moving(cases.S1, spec, 3, horizon=end)
        old = solve_hazard("n-agent", spec, given(cases.S1, 3), horizon=end)
        assert answer.ok and old.ok, spec
        keys = [old.numbers["strategy"][name] for name in ("x", "y", "1")]
        assert strategy(answer, 3) == pytest.approx(keys, rel=1e-7), spec


def test_a_limit_that_is_not_there_is_not_shown() -> None:
    """A rate that falls below 2 r: the constant of the feedback depends on the cut-off."""
    for row in (cases.S1, {**cases.S1, "theta": "0"}):
        answer = moving(row, "weibull:.7,20", None)
        assert not answer.ok and not answer.strategy


def test_closed_loops_take_hazard_rates() -> None:
    answer = moving(cases.S1, "gompertz:.05,.09", None, notion="feedback")
    assert answer.ok and answer.certificate["convergence"] == "proved"
    constant = moving(cases.S1, "piecewise:0=.6,1=.60000001", None, notion="feedback")
    key = (0.23341, 0.08021, 0.63596)
    assert strategy(constant, None) == pytest.approx(key, abs=1e-5)


def test_refusals() -> None:
    with pytest.raises(InputError, match="besides"):
        solve_moving(model, "weibull:2,20", {**given(LONG, 5), "lambda": ".6"}, size=5)
    with pytest.raises(InputError, match="horizon is needed"):
        moving(LONG, "none", 5)
    with pytest.raises(InputError, match="hazard rate|horizon"):
        solve_moving(execution, "weibull:2,20", {})
