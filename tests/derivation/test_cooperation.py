"""A planner who cannot commit: everybody deviates at once."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
import sympy as sp

from eqsolve.derivation import derivation as whole
from eqsolve.derivation.cooperation import Cooperation, cooperative
from eqsolve.derivation.matching import match
from eqsolve.derivations.mean_variance.wealth import SETS, crowd
from eqsolve.errors import InputError
from eqsolve.game.structure import build
from eqsolve.operators import InOrder
from eqsolve.program.make import program
from eqsolve.registry import resolve
from eqsolve.solve.solve import answered, solve
from eqsolve.studies.anarchy import anarchy
from eqsolve.studies.equilibrium import equilibrium
from eqsolve.verify.deviation import deviation_checks
from eqsolve.verify.model import verify
from eqsolve.verify.proof import prove
from eqsolve.writing.writer import Writing, write


def draw(seed: int) -> dict[str, str]:
    rng = random.Random(seed)
    bounds = {"b": (0.05, 0.2), "nu": (0.1, 0.4), "sigma": (0.1, 0.4), "theta": (0.0, 0.9)}
    bounds |= {"gamma": (0.5, 4.0), "alpha": (0.5, 2.0), "lambda": (0.3, 2.0)}
    return {k: f"{rng.uniform(*limits):.6f}" for k, limits in bounds.items()}


@pytest.mark.parametrize("seed", range(8))
def test_without_interest_and_weight_of_wealth_it_is_the_cooperative_constant(seed: int) -> None:
    """alpha (1 - theta) B/(gamma (nu^2 + sigma^2 (1 - theta)^2)), a constant amount."""
    given = draw(seed) | {"r": "0", "beta": "0"}
    answer = solve(crowd("planner"), given, at={"x": 1, "m": 1})
    n = {k: float(v) for k, v in given.items()}
    left = 1 - n["theta"]
    constant = n["alpha"] * left * n["b"]
    constant /= n["gamma"] * (n["nu"] ** 2 + n["sigma"] ** 2 * left**2)
    assert answer.ok
    played = answer.strategy["pi"]
    assert played["1"] == pytest.approx(constant, rel=1e-13)
    assert played["x"] == played["m"] == 0


@pytest.mark.parametrize("name", SETS)
def test_it_does_not_pay_to_compete(name: str) -> None:
    """Without competition both notions are one agent's problem; with it they differ."""
    alone = SETS[name] | {"theta": "0"}
    for given, same in ((alone, True), (SETS[name], False)):
        planned, nash = (solve(crowd(n), given).strategy["pi"] for n in ("planner", "feedback"))
        gap = max(abs(planned[k] - nash[k]) for k in planned)
        assert (gap < 1e-14) if same else (gap > 1e-3)


@pytest.mark.parametrize("game", ["execution", "exit-externality"])
def test_where_the_planner_can_commit_it_is_the_control_of_the_law(game: str) -> None:
    """For a preference linear in expectations both ways are the same optimum."""
    exported: Any = resolve(game).exported
    model = build(exported, {}, notion="feedback")
    case = next(iter(model.cases.values()))
    systems, closure = whole._systems(model)
    together = cooperative(systems, closure)
    matched = match(model, together, closure)
    derivation = whole.Derivation(model, model, together, closure, matched)
    found = answered(program(derivation, model), case)
    planned = solve(exported, case, notion="planner")
    assert found.ok and planned.ok
    for control, terms in planned.strategy.items():
        for monomial, value in terms.items():
            assert found.strategy[control][monomial] == pytest.approx(value, rel=1e-13)


def test_every_check_of_the_planner_passes() -> None:
    """Proof, residuals, deviations of all by exact moments, and simulation away from the mean."""
    rows = verify(crowd("planner"), SETS["S1"] | {"x": "1", "m": "6/5"}, paths=2000)
    assert {"exact", "ball", "spike", "monte-carlo"} <= {row.kind for row in rows}
    # the sign of the Hessian is a condition on the coefficients, which holds in numbers
    (open_,) = (row for row in rows if row.verdict != "pass")
    assert open_.verdict == "not verified" and open_.conditions
    assert all(condition in open_.note for condition in open_.conditions)
    assert any(row.name == "agent is at a maximum, in numbers" for row in rows)


def test_the_selfish_condition_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planner who forgets what all do to all violates the conditions of the game written out."""
    forgetful = property(lambda self: ())
    for moving, verdict in ((Cooperation.moving, "pass"), (forgetful, "fail")):
        monkeypatch.setattr(Cooperation, "moving", moving)
        derivation = whole.derive(crowd("planner"))
        rows = [r for r in prove(derivation) if "first-order condition" in r.name]
        assert len(rows) == 3
        assert {r.verdict for r in rows} == {verdict}


def test_it_is_written_as_an_average_over_the_players() -> None:
    text = write(whole.derive(crowd("planner")))
    assert "no deviation of all players at once gains on average" in text
    assert "B*mean(" in text
    assert "The planner maximizes" in text


def test_the_tax_is_written_in_letters_and_is_the_one_in_numbers() -> None:
    derivation = whole.derived(crowd("planner"))
    (written,) = (line for line in Writing(derivation).stage("tax").displays[0].lines)
    given = SETS["S1"] | {"x": "1", "m": "6/5"}
    answer = solve(crowd("planner"), given)
    numbers = {sp.Symbol(k): sp.Rational(v) for k, v in given.items()}
    numbers |= {sp.Symbol(k): sp.Float(v, 20) for k, v in answer.coefficients.items()}
    numbers |= {s: e.xreplace(numbers) for s, e in derivation.model.game.definitions.items()}
    for letter, formula in derivation.explicit.items():
        numbers[letter] = formula.xreplace(numbers)
    inert = written.right.replace(InOrder, sp.Add).doit()
    rate = anarchy(crowd, given, continuum=True).tax
    assert rate is not None
    assert float(inert.xreplace(numbers)) == pytest.approx(rate.at["pi"], rel=1e-12)
    text = write(derivation)
    assert "The planner's feedback is an equilibrium with the tax if" in text
    banks: Any = resolve("systemic-risk").exported
    alone = Writing(whole.derived(build(banks, {}, notion="planner", size=3)))
    assert "with the tax." in alone.text("tax")
    with pytest.raises(InputError, match="no step 'tax'"):
        Writing(whole.derived(crowd("feedback"))).stage("tax")


def test_of_finitely_many_no_deviation_of_all_gains() -> None:
    """Wherever they start, everybody at one place included."""
    banks: Any = resolve("systemic-risk").exported
    model = build(banks, {}, notion="planner", size=3)
    assert model.game.crowd is not None
    numbers = next(iter(model.cases.values())) | {str(model.game.crowd.size): "3"}
    rows = deviation_checks(equilibrium(model, numbers))
    assert [row.verdict for row in rows] == ["pass", "pass"]


@pytest.mark.full
@pytest.mark.parametrize("mean", ["1", "6/5"])
def test_of_finitely_many_agents_no_deviation_of_all_gains(mean: str) -> None:
    numbers = SETS["S1"] | {"n": "3", "x": "1", "m": mean}
    rows = deviation_checks(equilibrium(crowd("planner", 3), numbers))
    assert {row.verdict for row in rows} == {"pass"}


@pytest.mark.full
def test_finitely_many_are_proved_copy_by_copy() -> None:
    """Written out with two and three agents, and by deviations of all in numbers."""
    numbers = SETS["S1"] | {"n": "3", "x": "1", "m": "6/5"}
    rows = verify(crowd("planner", 3), numbers, paths=200)
    exact = [row for row in rows if row.kind == "exact" and "first-order" in row.name]
    assert len(exact) == 5 and {row.verdict for row in exact} == {"pass"}
    assert {row.verdict for row in rows if row.kind in ("ball", "spike", "monte-carlo")} == {"pass"}


def test_a_strategy_that_is_not_the_planners_gains_when_all_deviate() -> None:
    """Spikes of all see the equilibrium of the players as a planted error."""
    model = crowd("planner", 3)
    numbers = SETS["S1"] | {"n": "3", "x": "1", "m": "6/5"}
    selfish = equilibrium(crowd("feedback", 3), numbers)
    rows = deviation_checks(replace(selfish, derivation=replace(selfish.derivation, model=model)))
    assert [row.verdict for row in rows if "best deviation" in row.name] == ["fail"]
