"""Investors of their own types in closed loop: by other means, beside identical ones, by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from flint import arb
from numpy.typing import NDArray
from scipy.optimize import root

import eqsolve
from eqsolve.derivations.mean_variance.players import players
from eqsolve.errors import InputError
from eqsolve.game import Model
from eqsolve.registry import model
from eqsolve.solve import decide, reduction
from eqsolve.solve.answer import Answer
from eqsolve.solve.decide import NOT_REACHED, OTHERS, REACHES_IT
from eqsolve.solve.solve import solve
from eqsolve.status import Status
from eqsolve.verify.deviation import deviation_checks
from eqsolve.verify.nash import players_checks, players_claim
from eqsolve.verify.solution import solution_checks

Array = NDArray[np.float64]
NAMES = ("b", "nu", "sigma", "theta", "gamma", "alpha", "beta", "lambda")
S1 = dict(zip(NAMES, (".12", ".2", ".2", ".5", "2", "1", ".5", ".6")))
OTHER = dict(zip(NAMES, (".15", ".3", ".2", ".8", "3", ".5", "1", ".8")))
THIRD = {**S1, "gamma": "3", "theta": ".3"}
R = ".03"


def solved(*rows: dict[str, str], declared: Model | None = None) -> Answer:
    given = {"r": R} | {f"weight_{k}": Fraction(1, len(rows)) for k in range(1, len(rows) + 1)}
    given |= {f"{name}_{k}": v for k, row in enumerate(rows, 1) for name, v in row.items()}
    at = {f"x_{k}": 1 for k in range(1, len(rows) + 1)}
    return solve(declared or players(len(rows)), given, at=at)


@pytest.fixture
def found_by_newton(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No region is searched, which takes seconds."""
    monkeypatch.setattr(reduction, "_BOXES", 1)
    yield


def feedback(answer: Answer) -> Array:
    """One row for every agent: the coefficients of all wealths, and the constant."""
    size = len(answer.strategy)
    monomials = [*(f"x_{k}" for k in range(1, size + 1)), "1"]
    rows = [[answer.strategy[f"pi_{k}"][m] for m in monomials] for k in range(1, size + 1)]
    return np.array(rows)


def rules(own: list[dict[str, str]], played: Array) -> Array:
    """What is best for everybody at every moment if all play some affine feedback thereafter.

    Moments of (1, x) are those of a linear equation under the feedback: with M the generator on
    z = (1, x, x x'), E z at an exponential time is lambda (lambda - M)^-1 z. Short deviations
    change J = w E Z - gamma/2 (E Z^2 - (E Z)^2), at fixed w, by a quadratic function of the own
    position, which is largest at the position that is returned.
    """
    size, r = len(own), float(R)
    value = [{name: float(v) for name, v in row.items()} for row in own]
    states = range(size)
    monomials = [(), *((i,) for i in states), *((i, j) for i in states for j in states if i <= j)]
    place = {m: k for k, m in enumerate(monomials)}

    def put(row: Array, factor: float, *parts: int) -> None:
        row[place[tuple(sorted(parts))]] += factor

    terms = [[*((played[k, i], (i,)) for i in states), (played[k, -1], ())] for k in states]
    noise = np.array([[v["sigma"] * w["sigma"] for v in value] for w in value])
    noise += np.diag([v["nu"] ** 2 for v in value])
    generator = np.zeros((len(monomials),) * 2)
    for m in monomials:
        row = generator[place[m]]
        for position, k in enumerate(m):
            rest = m[:position] + m[position + 1 :]
            put(row, r, k, *rest)
            for factor, parts in terms[k]:
                put(row, (value[k]["b"] - r) * factor, *parts, *rest)
        if len(m) == 2:
            for f, left in terms[m[0]]:
                for g, right in terms[m[1]]:
                    put(row, noise[m] * f * g, *left, *right)
    best = np.zeros_like(played)
    points = [np.zeros(size), *np.eye(size)]
    for k, v in enumerate(value):
        relative = -v["theta"] / size * np.ones(size)
        relative[k] += 1
        first, second = np.zeros(len(monomials)), np.zeros(len(monomials))
        for i in states:
            put(first, relative[i], i)
            for j in states:
                put(second, relative[i] * relative[j], i, j)
        resolvent = v["lambda"] * np.linalg.inv(v["lambda"] * np.eye(len(monomials)) - generator)
        g, h = first @ resolvent, second @ resolvent
        answers = []
        for x in points:
            mean = g @ [np.prod([x[i] for i in m]) for m in monomials]
            slope = sum(
                h[place[m]] * sum(np.prod([x[i] for i in m[:p] + m[p + 1 :]]) for p in own_places)
                for m in monomials
                if (own_places := [p for p, i in enumerate(m) if i == k])
            )
            weight = v["alpha"] + v["beta"] * x[k]
            gain = (v["b"] - r) * ((weight + v["gamma"] * mean) * g[place[(k,)]])
            gain -= v["gamma"] / 2 * (v["b"] - r) * slope
            others = played @ [*x, 1]
            for j in states:
                if j != k:
                    mixed = h[place[(min(j, k), max(j, k))]]
                    gain -= v["gamma"] / 2 * noise[k, j] * others[j] * mixed
            answers.append(gain / (v["gamma"] * noise[k, k] * h[place[(k, k)]]))
        best[k] = [*(a - answers[0] for a in answers[1:]), answers[0]]
    return best


def by_newton(own: list[dict[str, str]], starts: int) -> list[Array]:
    """Feedbacks that are best against themselves, of finite second moments, from many starts."""
    draw, shape, found = np.random.default_rng(7), (len(own), len(own) + 1), list[Array]()

    def gap(flat: Array) -> Array:
        played = flat.reshape(shape)
        return (rules(own, played) - played).ravel()

    for _ in range(starts):
        run = root(gap, draw.uniform(-1.5, 1.5, shape).ravel(), tol=1e-12)
        new = run.x.reshape(shape)
        finite = run.success and abs(gap(run.x)).max() < 1e-9 and _finite(own, new)
        if finite and not any(np.allclose(new, one, atol=1e-6) for one in found):
            found.append(new)
    return found


def _finite(own: list[dict[str, str]], played: Array) -> bool:
    """Whether all squares grow more slowly than they are discounted, by Ito's formula."""
    size = len(own)
    value = [{name: float(v) for name, v in row.items()} for row in own]
    slopes = played[:, :-1]
    drift = float(R) * np.eye(size) + np.diag([v["b"] - float(R) for v in value]) @ slopes
    one = np.eye(size)
    common = np.diag([v["sigma"] for v in value]) @ slopes
    whole = np.kron(drift, one) + np.kron(one, drift) + np.kron(common, common)
    for k, v in enumerate(value):
        alone = np.zeros((size, size))
        alone[k] = v["nu"] * slopes[k]
        whole += np.kron(alone, alone)
    growth = np.linalg.eigvals(whole).real.max()
    return bool(growth < min(v["lambda"] for v in value))


@pytest.mark.usefixtures("found_by_newton")
def test_one_that_finite_horizons_do_not_reach_is_not_selected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Planted: they lead elsewhere."""
    right = decide.followed
    monkeypatch.setattr(decide, "followed", lambda *given: right(*given) + 0.01)
    answer = solved(S1, OTHER)
    assert answer.status is Status.UNRESOLVED
    assert answer.message.startswith(f"{NOT_REACHED} {OTHERS}")


@pytest.mark.usefixtures("found_by_newton")
def test_what_is_played_is_best_by_other_means() -> None:
    answer = solved(S1, OTHER)
    assert answer.ok and answer.message.startswith(f"{REACHES_IT} {OTHERS}")
    assert "region" not in answer.certificate
    played = feedback(answer)
    assert rules([S1, OTHER], played) == pytest.approx(played, rel=1e-10)
    # against averages that are given the same pair plays what is not best once others react
    rows = [{**row, "wealth": 1} for row in (S1, OTHER)]
    frozen = eqsolve.solve("two-agent", r=R, agent=rows).feedback
    given = np.array([[*own, c] for own, c in zip(frozen.wealth, frozen.constant)])
    assert abs(rules([S1, OTHER], given) - given).max() > 1e-3
    # without competition nobody faces others
    apart = [{**row, "theta": "0"} for row in (S1, OTHER)]
    alone = eqsolve.solve("two-agent", r=R, agent=apart).feedback
    given = np.array([[*own, c] for own, c in zip(alone.wealth, alone.constant)])
    assert rules(apart, given) == pytest.approx(given, rel=1e-10, abs=1e-12)


@pytest.mark.full
@pytest.mark.usefixtures("found_by_newton")
def test_a_planted_error_in_the_game_is_found() -> None:
    whole = players(2)
    second = whole.game.states[1]
    # the second investor's common noise has another sign
    loadings = {**second.loadings, "W_0": -second.loadings["W_0"]}
    states = (whole.game.states[0], replace(second, loadings=loadings))
    wrong = solved(S1, OTHER, declared=replace(whole, game=replace(whole.game, states=states)))
    assert wrong.ok
    assert abs(rules([S1, OTHER], feedback(wrong)) - feedback(wrong)).max() > 1e-3


@pytest.mark.usefixtures("found_by_newton")
def test_by_name_wealths_come_from_the_table() -> None:
    rows = [{**S1, "wealth": 1}, {**OTHER, "wealth": "1.5"}]
    found = eqsolve.solve("two-agent", r=R, agent=rows, equilibrium="closed-loop")
    assert found.ok and found.to_dict()["equilibrium"] == "closed-loop"
    played = found.strategy["pi_2"]
    assert found.pi[1] == pytest.approx(played["x_1"] + 1.5 * played["x_2"] + played["1"])
    assert eqsolve.solve("heterogeneous", r=R, agent=rows, notion="feedback").pi == found.pi


def test_a_single_agent_has_nobody_who_reacts() -> None:
    found = eqsolve.solve("heterogeneous", r=R, agent=[S1], equilibrium="closed-loop")
    alone = eqsolve.solve("heterogeneous", r=R, agent=[S1])
    assert found.ok and found.pi == pytest.approx(alone.pi) and found.V == pytest.approx(alone.V)


def test_what_is_not_solved_is_refused() -> None:
    rows = [S1] * 4
    with pytest.raises(InputError, match="closed loop of 4 agents"):
        eqsolve.solve("heterogeneous", r=R, agent=rows, equilibrium="closed-loop")
    with pytest.raises(InputError, match="given-aggregate or closed-loop"):
        eqsolve.solve("heterogeneous", r=R, agent=rows, equilibrium="open-loop")
    with pytest.raises(InputError, match="in their tables"):
        eqsolve.solve("two-agent", r=R, agent=rows[:2], equilibrium="closed-loop", at={"x": 2})


@pytest.mark.full
def test_equal_types_reproduce_the_closed_loop_of_identical_agents() -> None:
    answer = solved(S1, S1)
    assert answer.ok and "none was missed" in answer.message
    given = {**S1, "r": R, "n": 2}
    alike = eqsolve.solve("n-agent", given, equilibrium="closed-loop").strategy
    own = answer.strategy["pi_1"]
    # y is the other's wealth over 2
    assert own["x_1"] == pytest.approx(alike["x"], rel=1e-12)
    assert own["x_2"] == pytest.approx(alike["y"] / 2, rel=1e-12)
    assert own["1"] == pytest.approx(alike["1"], rel=1e-12)


@pytest.mark.full
def test_different_types_have_one_admissible_solution_in_the_region() -> None:
    answer = solved(S1, OTHER)
    assert answer.ok and answer.certificate["region"]["k_11"] >= 1
    assert sum(one["admissible"] for one in answer.roots) == 1
    (one,) = by_newton([S1, OTHER], 60)
    assert feedback(answer) == pytest.approx(one, rel=1e-8)
    swapped = solved(OTHER, S1)
    assert swapped.strategy["pi_2"]["x_1"] == pytest.approx(answer.strategy["pi_1"]["x_2"])


@pytest.mark.full
def test_of_three_types_the_solution_is_that_of_finite_horizons() -> None:
    answer = solved(S1, OTHER, THIRD)
    assert answer.ok and answer.message.startswith(f"{REACHES_IT} {OTHERS}")
    played = feedback(answer)
    assert rules([S1, OTHER, THIRD], played) == pytest.approx(played, rel=1e-9)


def test_the_closed_loop_is_written_where_the_number_of_agents_is_known() -> None:
    writing = eqsolve.derive("two-agent", notion="feedback")
    assert "solve the linear equations" in writing.text("solution")
    # each agent's conditions hold the other's reaction to the own wealth
    assert {"k_12", "k_21", "k_10", "k_20"} <= {
        s.name for step in writing.solution.steps for s in step.symbols
    }
    assert len(writing.solution.steps) == 4
    with pytest.raises(InputError, match=r"not given\. Give --size N, 3 at most"):
        eqsolve.derive("heterogeneous", notion="feedback")
    with pytest.raises(InputError, match="of 4 agents who differ is not derived"):
        eqsolve.derive("heterogeneous", notion="feedback", size=4)
    with pytest.raises(InputError, match="it has 2 agents, not 3"):
        eqsolve.derive("two-agent", notion="feedback", size=3)
    with pytest.raises(InputError, match="alike derive takes the equilibrium against given"):
        eqsolve.derive("n-agent", notion="feedback")


def test_checks_of_the_closed_loop_pass_and_a_small_error_fails(found_by_newton: None) -> None:
    claim = players_claim(model("two-agent"))
    off = sp.Symbol("k_12")

    def planted(time: Fraction) -> dict[sp.Symbol, arb]:
        values = dict(claim.coefficients(time))
        return {**values, off: values[off] + 1e-6}

    rows = players_checks(claim, "two-agent", paths=500)
    assert {row.kind for row in rows} == {"exact", "ball", "spike", "monte-carlo"}
    assert len(rows) > 25 and not [row for row in rows if row.verdict == "fail"]
    wrong = replace(claim, coefficients=planted)
    for checked in (solution_checks(wrong), deviation_checks(wrong)):
        assert [row for row in checked if row.verdict == "fail"]
