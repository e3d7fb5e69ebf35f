"""Finite mean-field games against enumeration and closed forms; learners refereed."""

from __future__ import annotations

import itertools
import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from eqsolve.errors import InputError, MissingPartError
from eqsolve.finite import (
    FiniteGame,
    Tables,
    best_response,
    by_name,
    exploitability,
    fictitious_play,
    fixed_point,
    flow,
    from_mfglib,
    from_openspiel,
    mirror_descent,
    policy_from,
    read,
    tables,
    to_mfglib,
    to_openspiel,
    uniform,
    values,
    write,
)
from eqsolve.finite.spiel import require_states_only
from eqsolve.verify.learner import judge

Array = np.ndarray


def sides() -> FiniteGame:
    """Two sides; who is where more are loses: r = -mu_s. In equilibrium half are on each side."""
    move = np.zeros((2, 2, 2))
    move[:, 0, 0] = move[:, 1, 1] = 1
    return FiniteGame(
        3,
        np.array([0.8, 0.2]),
        2,
        lambda t, law: np.repeat(-law.sum(axis=1)[:, None], 2, axis=1),
        lambda t, law: move,
        name="sides",
    )


#: Most go to the first side.
LOPSIDED = np.tile([0.9, 0.1], (4, 2, 1))


def drawn(seed: int = 1, log: bool = True, law: bool = True) -> Tables:
    """Random tables of 3 states, 2 actions and 3 times."""
    rng = np.random.default_rng(seed)
    base = rng.dirichlet(np.ones(3), (3, 3, 2))
    # half of the move depends on the law, as a mixture of laws: times, states, actions, x, b, y
    mixed = rng.dirichlet(np.ones(3), (1, 3, 2, 3, 2))
    return Tables(
        2,
        np.array([0.5, 0.3, 0.2]),
        rng.normal(size=(3, 3, 2)),
        0.5 * base if law else base,
        rng.normal(size=(1, 3, 2, 3, 2)),
        0.5 * np.moveaxis(mixed, -1, 3) if law else None,
        np.full((1, 3, 2), -1.0) if log else None,
        1e-3 if log else 0.0,
        name="drawn",
    )


def brute(game: FiniteGame, laws: Array) -> tuple[float, float]:
    """The best and the worst of all deterministic policies, path by path."""
    times, states, actions = game.size

    def earned(choice: Array, time: int, state: int) -> float:
        action = choice[time, state]
        total = float(game.reward(time, laws[time])[state, action])
        if time < times - 1:
            row = game.transition(time, laws[time])[state, action]
            total += sum(row[k] * earned(choice, time + 1, k) for k in range(states) if row[k])
        return total

    found = []
    for flat in itertools.product(range(actions), repeat=times * states):
        choice = np.array(flat).reshape(times, states)
        found.append(sum(game.initial[s] * earned(choice, 0, s) for s in range(states)))
    return max(found), min(found)


def random_policy(game: FiniteGame, seed: int = 3) -> Array:
    return np.random.default_rng(seed).dirichlet(np.ones(game.actions), game.size[:2])


def test_the_best_response_is_the_best_of_all_policies() -> None:
    game = drawn().game()
    policy = random_policy(game)
    laws = flow(game, policy)
    best, _ = brute(game, laws)
    found = exploitability(game, policy)
    assert found.initial @ found.best == pytest.approx(best, rel=1e-12)
    answer, value = best_response(game, laws)
    assert values(game, answer, laws) == pytest.approx(value, rel=1e-12)
    assert found.total > 0.1 and found.per_step == pytest.approx(found.total / 3)
    assert found.worst >= found.total and found.summed > found.total


def test_laws_are_those_of_many_players() -> None:
    """Simulated: 200 000 players have errors of about .001."""
    game = drawn().game()
    policy = random_policy(game)
    laws = flow(game, policy)
    rng = np.random.default_rng(5)
    states = rng.choice(3, 200_000, p=game.initial)
    for time in range(3):
        actions = (rng.random(states.size) > policy[time, states, 0]).astype(int)
        counts = np.zeros((3, 2))
        np.add.at(counts, (states, actions), 1 / states.size)
        assert laws[time] == pytest.approx(counts, abs=0.006)
        sums = np.cumsum(game.transition(time, laws[time]), axis=-1)[states, actions]
        states = np.minimum((sums < rng.random(states.size)[:, None]).sum(axis=1), 2)
    assert policy_from(laws, game) == pytest.approx(policy)


def test_the_value_of_a_policy_is_what_it_earns_along_its_law() -> None:
    game = drawn(2).game()
    policy = random_policy(game)
    laws = flow(game, policy)
    paid = sum(float((laws[t] * game.reward(t, laws[t])).sum()) for t in range(3))
    assert game.initial @ values(game, policy) == pytest.approx(paid, rel=1e-12)


@pytest.mark.parametrize("method", [fictitious_play, mirror_descent])
def test_a_monotone_game_is_solved_by_both_methods(method: object) -> None:
    """From time 1 on half are on each side, whatever the start, and nothing is gained."""
    assert callable(method)
    game = sides()
    found = method(game, 400, start=LOPSIDED, tolerance=1e-2)
    assert found.history[0] > 0.5
    assert found.converged and found.status == "ok" and "ok" in str(found)
    assert exploitability(game, found.policy).total == pytest.approx(found.history[-1], abs=1e-12)
    assert found.laws[1:].sum(axis=2) == pytest.approx(np.full((3, 2), 0.5), abs=0.02)
    # the value: .68 at time 0 and a half thrice
    assert game.initial @ values(game, found.policy) == pytest.approx(-2.18, abs=0.01)
    assert json.loads(json.dumps(found.to_dict()))["method"] == found.method


def test_the_fixed_point_cycles_where_the_others_converge() -> None:
    found = fixed_point(sides(), 50, start=LOPSIDED)
    assert not found.converged and found.status == "unresolved"
    assert found.history[-1] > 0.5


def test_methods_agree_on_a_drawn_monotone_game() -> None:
    game = replace(drawn(4, law=False), reward_law=None).game()
    one = fictitious_play(game, 3000, tolerance=2e-3)
    other = mirror_descent(game, 3000, rate=0.5, tolerance=2e-3)
    assert one.converged and other.converged
    assert one.laws.sum(axis=2) == pytest.approx(other.laws.sum(axis=2), abs=0.02)


def test_a_learner_is_refereed() -> None:
    game = drawn().game()
    policy = random_policy(game)
    exact = exploitability(game, policy)
    assert judge(game, policy, exact.total).verdict == "pass"
    assert judge(game, policy, exact.worst, measure="worst").verdict == "pass"
    # planted: 1 % too small, not a number, and another measure, which is named
    assert judge(game, policy, 0.99 * exact.total).verdict == "fail"
    assert judge(game, policy, float("nan")).verdict == "fail"
    wrong = judge(game, policy, exact.per_step)
    assert wrong.verdict == "fail" and "is the measure per_step" in wrong.note
    # a policy that was changed afterwards
    other = policy.copy()
    other[0, 0] = other[0, 0][::-1]
    assert judge(game, other, exact.total).verdict == "fail"
    with pytest.raises(InputError, match="Measures are total"):
        judge(game, policy, 0.1, measure="average")
    for odd in ("0.1", None, [0.1], True):
        with pytest.raises(InputError, match="exploitability is a number"):
            judge(game, policy, odd)  # type: ignore[arg-type]


@pytest.mark.parametrize("unit", [1e-9, 2e-5, 1.0, 1e6])
def test_a_learner_is_refereed_in_any_unit(unit: float) -> None:
    """Two times of decision, of which the second action earns a unit each: half is gained."""
    game = FiniteGame(
        1,
        np.ones(1),
        2,
        lambda t, m: np.array([[0.0, unit]]),
        lambda t, m: np.ones((1, 2, 1)),
    )
    policy = uniform(game)
    assert judge(game, policy, np.float32(unit)).verdict == "pass"
    for wrong in (0.0, 0.99 * unit, 1.01 * unit):
        assert judge(game, policy, wrong).verdict == "fail"
    other = judge(game, policy, unit / 2)
    assert other.verdict == "fail" and "is the measure per_step" in other.note
    # an equilibrium's exploitability is rounding
    best = np.broadcast_to([0.0, 1.0], (2, 1, 2))
    assert judge(game, best, 1e-7 * unit).verdict == "pass"
    assert judge(game, best, 1e-4 * unit).verdict == "fail"


def test_tables_are_written_and_read(tmp_path: Path) -> None:
    data = drawn()
    game = data.game()
    path = tmp_path / "game.json"
    write(data, path)
    again = read(path)
    policy = random_policy(game)
    assert exploitability(again.game(), policy).total == exploitability(game, policy).total
    assert read(json.loads(path.read_text())).to_dict() == data.to_dict()


def test_functions_of_the_law_become_tables() -> None:
    data = drawn()
    game = data.game()
    found = tables(game, log_epsilon=1e-3)
    assert found.log_weight == pytest.approx(np.full((1, 3, 2), -1.0), abs=1e-6)
    for law in np.random.default_rng(9).dirichlet(np.ones(6), 4).reshape(4, 3, 2):
        for time in range(3):
            one, other = (g.rewards(time, law) for g in (game, found.game()))
            assert one == pytest.approx(other, abs=1e-5)
        moves = [g.transitions(0, law) for g in (game, found.game())]
        assert moves[0] == pytest.approx(moves[1], abs=1e-8)
    with pytest.raises(InputError, match="not affine in the law.*log_epsilon"):
        tables(game)
    assert tables(sides()).log_weight is None


class Environment:
    """The form of mfglib: its beach with a bar, by formulas of the paper (Perrin et al. 2020)."""

    def __init__(self) -> None:
        self.T, self.S, self.A, self.n = 2, (4,), (3,), 4
        self.mu0 = np.full(4, 0.25)

    def reward(self, t: int, law: Array) -> Array:
        mass = np.asarray(law, float).sum(axis=1)
        place = np.arange(4)
        away = -np.minimum(abs(place - 2), 4 - abs(place - 2))
        cost = -np.array([1, 0, 1]) / 4
        return np.asarray(away[:, None] + cost - np.log(mass + 1e-20)[:, None])

    def prob(self, t: int, law: Array) -> Array:
        found = np.zeros((4, 4, 3))
        for s, a, e in itertools.product(range(4), range(3), (-1, 0, 1)):
            found[min(max(s + a - 1 + e, 0), 3), s, a] += 0.5 if e == 0 else 0.25
        return found


def test_an_environment_of_mfglib_is_read() -> None:
    game = from_mfglib(Environment())
    assert game.size == (3, 4, 3) and game.shape == ((4,), (3,))
    policy = random_policy(game)
    best, _ = brute_rows(game, flow(game, policy))
    assert game.initial @ exploitability(game, policy).best == pytest.approx(best, rel=1e-12)
    # read the other way round, next states first, the rows would be no laws
    assert not np.allclose(np.moveaxis(Environment().prob(0, policy[0]), 0, 1).sum(axis=-1), 1)
    found = tables(game, log_epsilon=1e-20)
    assert exploitability(found.game(), policy).total == pytest.approx(
        exploitability(game, policy).total, abs=1e-6
    )
    learned = mirror_descent(game, 200, tolerance=1e-3)
    assert learned.converged
    with pytest.raises(InputError, match="no environment of mfglib"):
        from_mfglib(SimpleNamespace(T=1))


def brute_rows(game: FiniteGame, laws: Array) -> tuple[float, Array]:
    """Backward induction in plain loops."""
    times, states, actions = game.size
    after = np.zeros(states)
    for time in reversed(range(times)):
        reward = game.reward(time, laws[time])
        move = game.transition(time, laws[time])
        now = np.empty(states)
        for s in range(states):
            rest = 1 if time < times - 1 else 0
            now[s] = max(
                reward[s, a] + rest * sum(move[s, a, k] * after[k] for k in range(states))
                for a in range(actions)
            )
        after = now
    return float(game.initial @ after), after


def test_without_the_other_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingPartError, match="mfglib"):
        to_mfglib(sides())


class Node:
    """A game in OpenSpiel's form: a ring of three places; a reward has the last action, which the
    node's string does not show."""

    def __init__(self, kind: int = -1, x: int = -1, t: int = 0, last: int = 0) -> None:
        self.kind, self.x, self.t, self.last, self.law = kind, x, t, last, [1 / 3] * 3

    def num_players(self) -> int:
        return 1

    def num_distinct_actions(self) -> int:
        return 2

    def new_initial_state(self) -> Node:
        return Node()

    def current_player(self) -> int:
        return -4 if self.is_terminal() else self.kind

    def is_terminal(self) -> bool:
        return self.t >= 3

    def chance_outcomes(self) -> list[tuple[int, float]]:
        return [(k, 1 / 3) for k in range(3)] if self.x < 0 else [(0, 0.75), (1, 0.25)]

    def legal_actions(self) -> list[int]:
        return [0, 1]

    def child(self, action: int) -> Node:
        if self.x < 0:
            return Node(0, action)
        if self.kind == 0:
            return Node(-1, (self.x + action) % 3, self.t, action)
        return Node(-5, (self.x + action) % 3, self.t + 1, self.last)

    def clone(self) -> Node:
        return Node(self.kind, self.x, self.t, self.last)

    def distribution_support(self) -> list[str]:
        return [f"({x}, {self.t})_a" for x in range(3)]

    def update_distribution(self, law: list[float]) -> None:
        assert self.kind == -5 and len(law) == 3
        self.kind, self.law = 0, law

    def rewards(self) -> list[float]:
        if self.kind != 0 or self.x < 0:
            return [0.0]
        return [(self.x == 1) - 0.4 * self.last - self.law[self.x]]

    def __str__(self) -> str:
        if self.x < 0:
            return "initial"
        return f"({self.x}, {self.t})" + {-5: "_a", -1: "_a_mu", 0: ""}[self.kind]


def by_recursion(node: Node, masses: list[list[float]], best: bool) -> float:
    """The value without any table: every history by itself."""
    player = node.current_player()
    if player == -4:
        return node.rewards()[0]
    if player == -1:
        return sum(p * by_recursion(node.child(a), masses, best) for a, p in node.chance_outcomes())
    if player == -5:
        told = node.clone()
        told.update_distribution(masses[node.t])
        return node.rewards()[0] + by_recursion(told, masses, best)
    found = [by_recursion(node.child(a), masses, best) for a in (0, 1)]
    return node.rewards()[0] + (max(found) if best else sum(found) / 2)


def test_a_game_of_openspiel_is_read_with_what_its_strings_leave_out() -> None:
    game = from_openspiel(Node(), "ring")
    assert game.size == (3, 6, 2)  # the last action doubles the states from time 1 on
    laws = flow(game, uniform(game))
    masses = []
    for time, names in enumerate(game.states):
        mass = [0.0] * 3
        for place, name in enumerate(names):
            mass[int(name[1])] += float(laws[time, place].sum())
        masses.append(mass)
    found = exploitability(game, uniform(game))
    for value, best in ((found.best, True), (found.own, False)):
        expected = by_recursion(Node(), masses, best)
        assert game.initial @ value == pytest.approx(expected, rel=1e-12)
    # a policy by the strings of nodes
    named = by_name(game, {"(0, 1)": {1: 1.0}})
    places = [k for k, name in enumerate(game.states[1]) if name == "(0, 1)"]
    assert len(places) == 2 and np.all(named[1, places] == [0, 1])
    with pytest.raises(InputError, match="no state 'elsewhere'"):
        by_name(game, {"elsewhere": {0: 1.0}})


def test_an_installed_game_of_openspiel() -> None:
    pyspiel = pytest.importorskip("pyspiel")
    game = from_openspiel(pyspiel.load_game("mfg_crowd_modelling", {"size": 4, "horizon": 3}))
    assert exploitability(game, uniform(game)).total == pytest.approx(1 / 3, rel=1e-9)


def test_a_game_is_written_for_openspiel_and_read_again() -> None:
    pytest.importorskip("pyspiel")
    nash_conv = pytest.importorskip("open_spiel.python.mfg.algorithms.nash_conv")
    policies = pytest.importorskip("open_spiel.python.policy")
    game = replace(drawn(4, law=False), reward_law=None).game()
    written = to_openspiel(game)
    said = nash_conv.NashConv(written, policies.UniformRandomPolicy(written)).nash_conv()
    again = from_openspiel(written, "again")
    for other in (game, again):
        assert exploitability(other, uniform(other)).total == pytest.approx(said, rel=1e-9)


def test_what_openspiel_cannot_hold_is_refused() -> None:
    with pytest.raises(InputError, match="law of actions"):
        require_states_only(drawn().game())
    require_states_only(replace(drawn(4, law=False), reward_law=None).game())


def test_without_openspiel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspiel", None)
    with pytest.raises(MissingPartError, match="Install open_spiel"):
        to_openspiel(sides())


def _changed(**values: object) -> dict[str, object]:
    return {**drawn().to_dict(), **values}


def _off(error: float) -> list[object]:
    """A transition with one wrong row."""
    found = drawn().transition.copy()
    found[1, 2, 0, 1] += error
    return list(found.tolist())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: FiniteGame(1, np.array([0.5, 0.6]), 1, print, print), "row of probabilities"),
        (lambda: FiniteGame(-1, np.ones(1), 1, print, print), "whole numbers"),
        (lambda: exploitability(sides(), np.ones((3, 2, 2)) / 2), r"shape \(4, 2, 2\)"),
        (lambda: exploitability(sides(), np.ones((4, 2, 2))), "law of actions"),
        (lambda: exploitability(sides(), np.full((4, 2, 2), np.nan)), "law of actions"),
        (
            lambda: exploitability(
                replace(sides(), legal=np.array([[True, False]] * 2)), uniform(sides())
            ),
            "not allowed",
        ),
        (lambda: replace(sides(), legal=np.zeros((2, 2))), "an action that is allowed"),
        (
            lambda: uniform_value(replace(sides(), transition=lambda t, m: np.ones((2, 2, 2)))),
            "row of the transition at 0 is no law",
        ),
        (
            lambda: uniform_value(replace(sides(), reward=lambda t, m: np.full((2, 2), np.inf))),
            "not finite",
        ),
        (lambda: mirror_descent(sides(), rate=-1.0), "rate of learning"),
        (lambda: mirror_descent(sides(), rate=math.inf), "rate of learning"),
        (
            lambda: mirror_descent(
                replace(sides(), reward=lambda t, m: np.array([[0.0, 100.0]] * 2)), rate=1e308
            ),
            "overflow at step 1",
        ),
        (lambda: read(_changed(transition=_off(0.1))), "at 1 from state 2 under action 0"),
        (lambda: fictitious_play(sides(), -1), "number of steps"),
        (lambda: read({"horizon": 1}), "initial is missing"),
        (lambda: read(_changed(extra=1)), "'extra' is not known"),
        (lambda: read(_changed(reward=[["a"]])), "array of numbers"),
        (lambda: read(_changed(reward=[[[1.0, 2.0]]])), "reward has the shape"),
        (lambda: read(_changed(horizon=1.5)), "whole number"),
        (lambda: read("nowhere.json"), "is not read"),
    ],
)
def test_what_makes_no_sense_is_refused(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(InputError, match=message):
        call()


def uniform_value(game: FiniteGame) -> float:
    return exploitability(game, uniform(game)).total


def test_an_environment_of_mfglib_is_written_and_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With arrays of numpy in place of torch's, which the functions are handed."""

    class Written:
        def __init__(self, **given: object) -> None:
            self.__dict__.update(given)

        def reward(self, t: int, law: Array) -> Array:
            return self.__dict__["reward_fn"](self, t, law)

        def prob(self, t: int, law: Array) -> Array:
            return self.__dict__["transition_fn"](self, t, law)

    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(tensor=np.array))
    monkeypatch.setitem(sys.modules, "mfglib", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "mfglib.env", SimpleNamespace(Environment=Written))
    game = drawn().game()
    written = to_mfglib(game)
    assert (written.T, written.S, written.A) == (2, (3,), (2,))
    law = flow(game, random_policy(game))[1]
    assert written.prob(1, law).shape == (3, 3, 2)
    assert written.prob(1, law).sum(axis=0) == pytest.approx(np.ones((3, 2)))
    again = from_mfglib(written)
    policy = random_policy(game)
    assert exploitability(again, policy).total == exploitability(game, policy).total
    with pytest.raises(InputError, match="not allowed"):
        to_mfglib(replace(game, legal=np.array([[True, False]] * 3)))
