"""Q-learning: its table, its choice of actions, its checkpoint, what it learns. No JAX."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eqsolve.derivations import execution
from eqsolve.game.parameters import read
from eqsolve.learn import table
from eqsolve.learn.crowd import Crowd, crowd
from eqsolve.learn.referee import Referee, Verdict
from eqsolve.learn.table import ACTIONS, STATES, Table, explored
from eqsolve.learn.training import CHUNK, train
from eqsolve.learn.truth import Truth

#: Most mean squared error of the control and most exploitability or excess of cost, some three
#: times what was seen with seeds 0 and 1.
BOUNDS = {"feedback": (1e-3, 5e-4), "planner": (4e-3, 8e-4)}


def problem(notion: str = "feedback", **values: str) -> Crowd:
    model = execution.model(notion)  # type: ignore[arg-type]
    return crowd(model, read(model, execution.DEFAULT | values))


def test_explorers_take_the_best_action_but_for_a_chance() -> None:
    """Five deviations of the share among 10^5; the seed is fixed."""
    best, random = np.full(10**5, 7), np.random.default_rng(5)
    assert np.all(explored(best, 0.0, random) == 7)
    for chance in (0.1, 0.9, 1.0):
        share = 1 - chance + chance / ACTIONS
        found = float(np.mean(explored(best, chance, random) == 7))
        assert abs(found - share) < 5 * (share * (1 - share) / 10**5) ** 0.5


def test_the_least_of_a_parabola() -> None:
    """States where few actions were seen are left out, and the ends are not left."""
    solver, seen = Table(problem()), np.ones((STATES, ACTIONS))
    places = np.linspace(-9.0, 2.0, STATES)
    given = (solver.actions - places[:, None]) ** 2 + places[:, None] ** 3
    seen[3, : ACTIONS // 2 + 1] = 0.0
    given[5] = -given[5]
    states, actions, values = solver.least(given, seen)
    inner = np.delete(np.arange(STATES), 3) != 5
    low = solver.actions[0]
    best = np.maximum(np.delete(places, 3), low)
    assert states == pytest.approx(np.delete(solver.states, 3))
    assert actions[inner] == pytest.approx(best[inner], abs=1e-6)
    left = (best - np.delete(places, 3)) ** 2 + np.delete(places, 3) ** 3
    assert values[inner] == pytest.approx(left[inner], abs=1e-5)
    assert abs(actions[~inner]) == pytest.approx(solver.actions[-1])


def test_an_interrupted_run_goes_on_bit_by_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("jax", "optax"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(table, "PLAYERS", 64)
    solver = Table(problem())
    whole = train(solver, 3, 2 * CHUNK)

    def stop(stage: str, done: int, total: int | None, residual: float | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(solver, 3, 2 * CHUNK, checkpoint=tmp_path, progress=stop)
    again = train(solver, 3, 2 * CHUNK, checkpoint=tmp_path, resume=True)
    assert all(np.array_equal(a, b) for a, b in zip(whole.state, again.state, strict=True))
    assert np.array_equal(whole.losses, again.losses) and len(whole.losses) == 2
    assert not np.array_equal(train(solver, 4, 2 * CHUNK).state[0], whole.state[0])


def learned(notion: str, solver: Table) -> Verdict:
    """What the referee of the true problem says."""
    model = execution.model(notion)  # type: ignore[arg-type]
    judge = Referee(problem(notion), Truth.of(model, execution.DEFAULT))
    state = train(solver, 0, solver.steps).state
    return judge.judge(solver.policy(state), solver.value(state))


@pytest.mark.full
@pytest.mark.parametrize("notion", BOUNDS)
def test_what_is_learned_is_near_the_solution(notion: str) -> None:
    found = learned(notion, Table(problem(notion)))
    error, gain = BOUNDS[notion]
    last = found.exploitability if notion == "feedback" else found.excess
    assert found.control_mse < error and last is not None and last < gain
    assert found.value_error is not None and found.value_error < 0.03


@pytest.mark.full
@pytest.mark.parametrize("planted", ["sign", "end"])
def test_a_planted_error_is_seen(planted: str) -> None:
    """A crowd whose interaction has the other sign, or whose end costs nothing, is learned."""
    nothing = dict.fromkeys(("payoff", "paid_end"), lambda x, a, law: 0 * x)
    wrong = problem(g="-1.75") if planted == "sign" else replace(problem(), **nothing)
    found = learned("feedback", Table(wrong, 1500))
    error, gain = BOUNDS["feedback"]
    assert found.control_mse > error
    assert found.exploitability is not None and found.exploitability > gain
