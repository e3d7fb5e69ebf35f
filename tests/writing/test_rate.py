"""The equations under a hazard rate that moves in time, as they are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import pytest
import sympy as sp
from click.testing import CliRunner, Result

from eqsolve.cli import cli
from eqsolve.derivation.solve.solution import solve
from eqsolve.derivation.solve.step import Flow
from eqsolve.derivations.one_agent import MODEL
from eqsolve.game import (
    Ansatz,
    Game,
    Horizon,
    Model,
    Player,
    State,
    Vocabulary,
    expected,
    parameter,
    t,
)
from eqsolve.game.hazard_rates import parse_hazard
from eqsolve.solve.moving import solve_moving
from eqsolve.writing.rate import under

VALUES = {k: v for k, v in MODEL.cases["example"].items() if k not in ("lambda", "x")}


def _drifting() -> Model:
    """E[x] at the horizon of a state that only drifts, less the cost of steering: in formulas."""
    x, u, r, lam, k = sp.symbols("x u r lambda k")
    a, b = sp.symbols("a b")
    game = Game(
        "drifting",
        states=(State(x, r * x + u, {"W": sp.S.One}),),
        players=(Player("agent", (u,), expected(-(u**2) / 2, x)),),
        horizon=Horizon(lam),
    )
    rows = (parameter(r), parameter(lam))
    return Model(game, Ansatz({"J": a * x + b}, feedback={u: k}), Vocabulary(*rows))


RATES: dict[str, Callable[[sp.Expr], sp.Expr]] = {
    "gompertz:.05,.09": lambda t: sp.exp(sp.Rational(9, 100) * t) / 20,
    "weibull:3,2": lambda t: sp.Rational(3, 2) * (t / 2) ** 2,
    "expr:.1+.2*t": lambda t: (1 + 2 * t) / 10,
    "piecewise:0=.2,3=.6,7=1": lambda t: sp.Rational(1 if t < 3 else 3 if t < 7 else 5, 5),
}


@pytest.mark.parametrize("spec", RATES)
def test_the_rate_is_written_as_it_was_given(spec: str) -> None:
    rate = under(MODEL, parse_hazard(spec), ends=True).rate
    assert rate is not None
    for time in map(sp.Rational, ("0", "3", "13/2", "8")):
        assert rate.formula.subs(t, time) == RATES[spec](time)


def test_no_formula_for_a_constant_rate_is_written() -> None:
    moving = under(_drifting(), parse_hazard("gompertz:.05,.09"), ends=True)
    # with a constant rate there are formulas, which a rate that moves would make wrong
    constant = solve(moving.derivation)
    assert not any(isinstance(step, Flow) for step in constant.steps)
    assert "exp" in str(constant.steps)
    flows = [step for step in moving.solution.steps if isinstance(step, Flow)]
    assert {s.name for step in flows for s in step.symbols} == {"a", "b"}
    assert "lambda(t)" in moving.text("system") and "exp" not in moving.text("solution")


def test_a_fixed_horizon_has_no_rate() -> None:
    found = under(MODEL, parse_hazard("none"), ends=True).text()
    assert "The horizon T is fixed." in found and "lambda" not in found


def test_without_an_end_the_equations_are_those_of_every_end() -> None:
    rate = parse_hazard("gompertz:.05,.09")
    assert "T tends to infinity" in under(MODEL, rate, ends=False).text("preference")
    assert "infinity" not in under(MODEL, rate, ends=True).text("preference")


def _run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["latex", *words])


def test_the_command_writes_equations_and_values_at_time_0(tmp_path: Path) -> None:
    spec = "piecewise:0=.2,3=.6"
    words = ["one-agent", "--hazard", spec, "--set", "example", "--horizon", "5"]
    result = _run(*words, "--out", str(tmp_path))
    assert result.exit_code == 0, result.stderr
    assert r"\begin{cases}" in (tmp_path / "one-agent-preference-2.tex").read_text()
    assert r"\lambda(t)" in (tmp_path / "one-agent-system-1.tex").read_text()
    slope = solve_moving(MODEL, spec, VALUES, horizon=Fraction(5)).strategy["pi"]["x"]
    values = (tmp_path / "values.tex").read_text()
    assert rf"\oneAgentStrategyPiX}}{{\ensuremath{{{slope:.6g}}}}}" in values
    assert _run(*words, "--out", str(tmp_path), "--fail-if-stale").exit_code == 0
    other = [w.replace(".6", ".7") for w in words]
    assert _run(*other, "--out", str(tmp_path), "--fail-if-stale").exit_code == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["n-agent"], "Give --size N"),
        (["two-agent"], "agents who differ"),
        (["merton"], "no hazard rate"),
        ([], "belongs to one game"),
    ],
)
def test_what_cannot_be_written_is_refused(words: Sequence[str], told: str, tmp_path: Path) -> None:
    result = _run(*words, "--hazard", "gompertz:.05,.09", "--out", str(tmp_path / "none"))
    assert result.exit_code == 2 and told in result.stderr
