"""The referee of learned controls: the solution passes, and planted errors are seen. No JAX."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import numpy as np
import pytest

import eqsolve
from eqsolve.derivations import execution, exit_externality, systemic_risk
from eqsolve.errors import InputError, MissingPartError, NoSolutionError
from eqsolve.game.parameters import read
from eqsolve.learn.crowd import Law, crowd
from eqsolve.learn.referee import Referee, idle, worse
from eqsolve.learn.truth import Truth

NOTIONS = ("feedback", "planner")


@cache
def referee(notion: str, **values: str) -> Referee:
    model, given = execution.model(notion), execution.DEFAULT | values  # type: ignore[arg-type]
    return Referee(crowd(model, read(model, given)), Truth.of(model, given))


@cache
def verdict(notion: str, control: str) -> Any:
    judge = referee(notion)
    truth = judge.truth.control
    return judge.judge(
        {
            "solution": truth,
            "idle": idle,
            "wrong sign": lambda t, x: -truth(t, x),
            "shifted": lambda t, x: truth(t, x) + 0.1,
            "wrong end": referee(notion, cg="1").truth.control,
        }[control]
    )


@pytest.mark.parametrize("notion", NOTIONS)
def test_the_solution_has_no_error(notion: str) -> None:
    """What is left of its cost, 3e-5, is of second order in the chain's step of 1/200."""
    found = verdict(notion, "solution")
    assert found.control_mse == found.law_w2 == found.excess == 0
    assert found.cost == pytest.approx(referee(notion).value, abs=1e-4)
    if notion == "feedback":
        assert found.exploitability == pytest.approx(0, abs=5e-5)
    # by hand: published values of the game's file, with the value's moments of the initial law
    names = execution.NASH if notion == "feedback" else execution.PLANNER
    assert referee(notion).value == pytest.approx(float(names["default"]["J"]), rel=1e-9)


def test_what_is_known_by_hand() -> None:
    """Idle inventories: E X_t^2 = m0^2 + v0 + sig^2 t, and no interaction."""
    given = {k: float(v) for k, v in execution.DEFAULT.items()}
    second, noise = given["m0"] ** 2 + given["v0"], given["sig"] ** 2
    cost = given["cX"] / 2 * (second + noise / 2) + given["cg"] / 2 * (second + noise)
    found = verdict("feedback", "idle")
    assert found.cost == pytest.approx(cost, rel=1e-9)
    # the best response of one among idle others is that of a regulator of its own
    rate = (given["cX"] / given["cA"]) ** 0.5
    angle = rate + np.arctanh(given["cg"] / (given["cA"] * rate))
    eta = given["cA"] * rate * np.tanh(angle)
    rest = noise * given["cA"] / 2 * (np.log(np.cosh(angle)) - np.log(np.cosh(angle - rate)))
    assert cost - found.exploitability == pytest.approx(eta / 2 * second + rest, abs=5e-5)
    assert verdict("feedback", "shifted").control_mse == pytest.approx(0.01, rel=1e-12)


@pytest.mark.parametrize("planted", ["wrong sign", "shifted", "wrong end"])
@pytest.mark.parametrize("notion", NOTIONS)
def test_planted_errors_are_seen(notion: str, planted: str) -> None:
    found = verdict(notion, planted)
    assert found.control_mse > 5e-3 and found.law_w2 > 0.02
    gain = found.exploitability if notion == "feedback" else found.excess
    assert gain > 5e-4  # ten times what is left at the solution


def test_the_planner_of_a_game_is_not_its_equilibrium() -> None:
    planner = referee("planner").truth.control
    found = referee("feedback").judge(planner)
    assert found.excess < 0 < found.exploitability


@pytest.mark.parametrize("notion", NOTIONS)
def test_the_best_control_minimizes_the_hamiltonian(notion: str) -> None:
    """The planner's has what his representative pays for his effect on others."""
    one, law = referee(notion).crowd, Law(0.5, 0.1, 0.7)
    x, p = np.linspace(-1.0, 2.0, 7), np.linspace(3.0, -2.0, 7)

    def hamiltonian(a: Any) -> Any:
        return one.paid(x, a, law) + p * one.drift(x, a, law)

    best = one.best(x, p, law)
    # by hand: the cost of the control is cA/2 a^2 with cA = 1, of the effect -g m a for the planner
    effect = 1.75 * law.mean if notion == "planner" else 0.0
    assert best == pytest.approx(effect - p, abs=1e-14)
    assert np.all(hamiltonian(best) < np.minimum(hamiltonian(best + 0.1), hamiltonian(best - 0.1)))


def test_worse_than_a_guess_is_said() -> None:
    rows = {k: verdict("feedback", k).to_dict() for k in ("idle", "wrong sign", "wrong end")}
    assert worse(rows["wrong sign"], rows["idle"]) == ["control_mse", "law_w2", "exploitability"]
    assert worse(rows["wrong end"], rows["idle"]) == []
    broken = rows["wrong end"] | {"control_mse": None}
    assert worse(broken, rows["idle"]) == ["control_mse"]


@pytest.mark.parametrize(
    ("game", "values", "message"),
    [
        ("systemic-risk", systemic_risk.DEFAULT, "share a noise"),
        ("n-agent", {}, "declares no drift"),
        ("exit-externality", exit_externality.DEFAULT, "horizon is not fixed"),
        ("execution", execution.DEFAULT | {"v0": "0"}, "variance of the initial law is 0"),
    ],
)
def test_games_that_cannot_be_learned_are_refused(
    game: str, values: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        eqsolve.learn(game, values, method="direct")


def test_a_planner_without_a_finite_value_is_refused() -> None:
    with pytest.raises(NoSolutionError, match="horizons of"):
        referee("planner", T="3")


@pytest.mark.parametrize("name", ["jax", "optax"])
def test_without_a_package(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingPartError, match=r"not installed.*\[learn\]"):
        eqsolve.learn("execution", execution.DEFAULT, method="direct")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"method": "none"}, "Take one of direct, mkv-fbsde, deep-galerkin"),
        ({"method": "direct", "steps": 0}, "at least 1"),
        ({"method": "direct", "seed": -1}, "from 0"),
        ({"method": "direct", "notion": "open-loop"}, "open-loop is not learned"),
    ],
)
def test_what_makes_no_sense_is_refused(how: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        eqsolve.learn("execution", execution.DEFAULT, **how)
