"""What leaving the mean-field strategy gains among n agents: order, constant, and their proof."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner
from scipy.linalg import expm

import eqsolve
from documents import hold
from eqsolve.cli import cli
from eqsolve.errors import DerivationError, InputError
from eqsolve.registry import limit_of, model
from eqsolve.studies.mean_field_limit import epsilon as study
from eqsolve.studies.mean_field_limit.epsilon import NOTIONS, Epsilon, epsilon
from eqsolve.studies.mean_field_limit.expansion import Pair
from reference import cases, draws, spec

GIVEN, NASH = NOTIONS
FINITE = model("n-agent")
LIMIT = limit_of(FINITE)
assert LIMIT is not None
PAIR = Pair(FINITE, LIMIT)
COUNTS = (2, 10, 10**3, 10**6)


def found(
    params: dict[str, Any], notion: str, counts: tuple[int, ...] = COUNTS, **at: str
) -> Epsilon:
    exact = {"lambda" if k == "lam" else k: Fraction(v) for k, v in params.items()}
    return epsilon(PAIR, exact, counts, notion, at)


def key(
    params: dict[str, Any], notion: str, n: int, own: int = 1, x: str = "1", y: str = "1"
) -> float:
    """The exploitability by the key; ``own = 0`` leaves the own wealth out of the average."""
    if notion == GIVEN:
        values = spec.mean_field(params)
        slopes = [values[k] for k in ("k1", "k2", "k3")]
    else:
        values = spec.closed_loop_mfg(params)
        slopes = [values[k] for k in ("p1", "p2", "p3")]
    share = spec.number(1) / n
    profile = [slopes[0] + own * share * slopes[1], *slopes[1:]]
    wealth, others = spec.number(x), spec.number(y) - share * spec.number(x)
    return float(spec.exploitability(params, n, profile, wealth, others)["eps"])


@pytest.mark.parametrize("params", [cases.S1, cases.S2, cases.S3], ids=["S1", "S2", "S3"])
def test_the_closed_loop_strategy_leaves_a_gain_of_order_two(params: dict[str, str]) -> None:
    result = found(params, NASH)
    assert result.order == 2 and result.terms == (0, 0, result.constant) and result.constant > 0
    scaled = [n**2 * gain for n, gain in result.rows if gain is not None]
    for (n, gain), value in zip(result.rows, scaled):
        assert gain == pytest.approx(key(params, NASH, n), rel=1e-12, abs=0)
        assert abs(value - result.constant) <= result.constant / n
    assert scaled[-1] == pytest.approx(result.constant, rel=1e-5)
    # planted errors: the own wealth left out of the average, and the constant without its half
    assert abs(10**12 * key(params, NASH, 10**6, own=0) - result.constant) > 0.01 * result.constant
    assert abs(scaled[-1] - 2 * result.constant) > 0.1 * result.constant


@pytest.mark.parametrize("params", [cases.S1, cases.S2, cases.S3], ids=["S1", "S2", "S3"])
def test_the_given_aggregate_strategy_leaves_a_gain_in_the_limit(params: dict[str, str]) -> None:
    """Three terms of the expansion: what is left is of the order three."""
    result = found(params, GIVEN, (10**3, 10**6))
    assert result.order == 0 and result.constant == result.terms[0] > 0
    zero, first, second = result.terms
    for n, gain in result.rows:
        assert gain == pytest.approx(key(params, GIVEN, n), rel=1e-12, abs=0)
        assert gain is not None
        assert n * (gain - zero) == pytest.approx(first + second / n, abs=2 * second / n**2 + 1e-9)
        # a planted error: without the second term the first rows do not follow
        assert n > 10**3 or abs(n * (gain - zero) - first) > 0.5 * abs(second) / n


WEALTHS = ({"x": "3", "y": "0.5"}, {"x": "-1", "y": "2"}, {"x": "0.2", "y": "1"})


@pytest.mark.parametrize("at", WEALTHS, ids=str)
@pytest.mark.parametrize("notion", NOTIONS)
def test_at_any_wealth_order_and_constant_are_the_key_s(notion: str, at: dict[str, str]) -> None:
    result = found(cases.S1, notion, (2, 10**3, 10**6), **at)
    for n, gain in result.rows:
        assert gain == pytest.approx(key(cases.S1, notion, n, **at), rel=1e-12, abs=0)
    # a planted error: at wealth 1 it is another number
    assert abs((result.rows[0][1] or 0) / key(cases.S1, notion, 2) - 1) > 0.05
    assert result.order == (2 if notion == NASH else 0)
    n, gain = result.rows[-1]
    whole = sum(term / n**k for k, term in enumerate(result.terms))
    assert gain == pytest.approx(whole, rel=1e-4, abs=0)
    assert result.terms[result.order] == result.constant > 0
    # what was derived at one wealth gives the constant at all of them
    elsewhere = found(cases.S1, notion, (10,))
    here = [float(at["x"]), float(at["y"]), 1.0]
    leading = elsewhere.slopes[result.order // 2]
    slope = sum(a * b for a, b in zip(leading.values(), here))
    assert slope**2 / (2 * elsewhere.curvature) == pytest.approx(result.constant, rel=1e-12, abs=0)


def gains(params: dict[str, Any], profile: list[float], wealths: list[float], h: float) -> float:
    """What the first agent gains at most, per time, by a constant position for the time h.

    Second moments of all wealths and 1 move linearly; the horizon ends at the hazard rate. Nothing
    is expanded: the objective is evaluated with and without the deviation.
    """
    p, n = {k: float(v) for k, v in params.items()}, len(wealths)
    last = np.eye(n + 1)[n]
    plays = np.array([[profile[1] / n] * n + [profile[2]] for _ in range(n)])
    plays[:, :n] += profile[0] * np.eye(n)
    start = np.outer([*wealths, 1], [*wealths, 1]).ravel()

    def law(plays: Any) -> Any:
        rate = np.zeros((n + 1, n + 1))
        rate[:n] = (p["b"] - p["r"]) * plays
        rate[:n, :n] += p["r"] * np.eye(n)
        moved = np.vstack([plays, 0 * last])
        whole = np.kron(rate, np.eye(n + 1)) + np.kron(np.eye(n + 1), rate)
        whole += p["sigma"] ** 2 * np.kron(moved, moved)
        for k in range(n):
            one = np.zeros((n + 1, n + 1))
            one[k] = p["nu"] * plays[k]
            whole += np.kron(one, one)
        return whole

    relative = -p["theta"] / n * np.append(np.ones(n), 0)
    relative[0] += 1
    ends = np.array([np.kron(relative, last), np.kron(relative, relative)])
    same, one, lam = law(plays), np.eye((n + 1) ** 2), p["lam"]

    def reached(spike: Any) -> float:
        shifted = spike - lam * one
        survived = expm(h * shifted)
        during = lam * np.linalg.solve(shifted, (survived - one) @ start)
        after = lam * np.linalg.solve(lam * one - same, survived @ start)
        mean, square = ends @ (during + after)
        weight = p["alpha"] + p["beta"] * wealths[0]
        return float(weight * mean - p["gamma"] / 2 * (square - mean**2))

    without, own = reached(same), float(plays[0] @ [*wealths, 1])
    table = []
    for position in (own - 1, own, own + 1):
        spike = plays.copy()
        spike[0] = position * last
        table.append((reached(law(spike)) - without) / h)
    low, middle, high = table
    bend = 2 * middle - low - high
    return middle + (high - low) ** 2 / (8 * bend)


@pytest.mark.parametrize("notion", NOTIONS)
def test_a_deviation_carried_out_gains_as_much(notion: str) -> None:
    """Three agents of different wealth; two lengths of the deviation are extrapolated to 0."""
    wealths, at = [3.0, 0.5, 1.0], {"x": "3", "y": "1.5"}
    result = found(cases.S1, notion, (3,), **at)
    profile = [*result.strategy.values()]
    long, short = (gains(cases.S1, profile, wealths, h) for h in (2e-3, 1e-3))
    claimed = result.rows[0][1]
    assert 2 * short - long == pytest.approx(claimed, rel=1e-4, abs=0)
    # planted errors: the length forgotten, another average
    assert abs(2 * short - long - key(cases.S1, notion, 3)) > 0.1 * (claimed or 0)
    moved = gains(cases.S1, profile, [3.0, 0.5, 2.0], 1e-3)
    assert abs(moved / (claimed or 1) - 1) > 1e-3


def test_where_the_leading_term_vanishes_the_order_is_four() -> None:
    """The first term is linear in the wealth: it vanishes on a line."""
    params = {**cases.S1, "alpha": "0"}
    result = found(params, NASH, (10**2, 10**3), x="0", y="0")
    # without a constant weight on the mean nobody invests at wealth 0, whatever n is
    assert result.order is None and {gain for _, gain in result.rows} == {0}
    whole = found(cases.S1, NASH, (10,))
    first = whole.slopes[1]
    y = -(first["x"] + first["1"]) / first["y"]
    near = found(cases.S1, NASH, (10**2, 10**3), x="1", y=repr(y))
    assert near.constant < 1e-30
    slope = near.slopes[2]["x"] + y * near.slopes[2]["y"] + near.slopes[2]["1"]
    limit = slope**2 / (2 * near.curvature)
    for n, gain in near.rows:
        assert n**4 * (gain or 0) == pytest.approx(limit, rel=10 / n, abs=0)


def test_drawn_sets_follow_the_key() -> None:
    """Wherever the key's Newton method finds the continuum's strategy."""
    used = 0
    for draw in draws.plausible(6, 12):
        given = {k: v for k, v in draw.items() if k not in ("n", "x", "y")}
        result = found(given, NASH, (10**4,))
        if result.message or spec.closed_loop_mfg(given)["status"] != "ok":
            continue
        used += 1
        (n, gain), *_ = result.rows
        assert gain == pytest.approx(key(given, NASH, n), rel=1e-9, abs=0)
        assert n**2 * (gain or 0) == pytest.approx(result.constant, rel=5e-3)
    assert used >= 4


def test_without_interest_and_weight_of_wealth_the_gain_is_known() -> None:
    """Derived with all parameters as letters: ``gamma theta^2 nu^4 p^2 / (2 s2 n^2)``.

    The position p is constant, both notions agree, and the formula holds for every n.
    """
    expanded = study._expanded(FINITE)
    slopes = [sp.Add(*row) for row in expanded.slopes]
    letters = {s.name: s for s in set().union(*(e.free_symbols for e in slopes))}
    letters |= {s.name: s for row in expanded.equations for e in row for s in e.free_symbols}
    gone = {letters[name]: 0 for name in ("r", "beta", "p1", "p2")}
    values: dict[Any, Any] = {}
    for moments, equations in zip(expanded.moments, expanded.equations):
        rows = [sp.expand(e.subs(gone).subs(values)) for e in equations]
        (solved,) = sp.linsolve(rows, moments)
        values |= dict(zip(moments, solved))
    p, theta, gamma, nu, s2 = (letters[k] for k in ("p3", "theta", "gamma", "nu", "s2"))
    sigma, slope, alpha = letters["sigma"], letters["B"], letters["alpha"]
    equilibrium = {slope: gamma * p * (s2 - theta * sigma**2) / alpha}
    zero, first, _ = (
        sp.simplify(e.subs(gone).subs(values).subs(equilibrium).subs(s2, nu**2 + sigma**2))
        for e in slopes
    )
    bend = expanded.bend[0].subs(values)
    assert zero == 0
    claimed = gamma * theta**2 * nu**4 * p**2 / (2 * (nu**2 + sigma**2))
    assert sp.simplify(first**2 / (2 * bend.subs(s2, nu**2 + sigma**2)) - claimed) == 0
    params = {**cases.S1, "beta": "0", "r": "0"}
    # b = .12, gamma = 2, theta = .5, nu = sigma = .2: p = 1
    for notion in NOTIONS:
        result = found(params, notion)
        assert result.order == 2 and result.constant == pytest.approx(0.005, rel=1e-14)
        for n, gain in result.rows:
            assert gain == pytest.approx(0.005 / n**2, rel=1e-14, abs=0)


@pytest.mark.parametrize("notion", NOTIONS)
def test_without_competition_nothing_is_gained(notion: str) -> None:
    result = found({**cases.S1, "theta": "0"}, notion)
    assert result.order is None and result.terms == (0, 0, 0)
    assert {gain for _, gain in result.rows} == {0}


def test_that_the_limit_leaves_no_gain_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Symbolically; a continuum whose equations differ in one term is told from it."""
    compare = study.same_in_the_limit.__wrapped__
    assert LIMIT is not None and compare(FINITE, LIMIT)
    plain = study.system_of

    def planted(game: Any) -> Any:
        system = plain(game)
        if game is not LIMIT:
            return system
        wrong = [
            replace(e, expression=e.expression + sp.Symbol("r")) if e.unknown.name == "h11" else e
            for e in system.equations
        ]
        return replace(system, equations=tuple(wrong))

    monkeypatch.setattr(study, "system_of", planted)
    assert not compare(FINITE, LIMIT)
    monkeypatch.setattr(study, "same_in_the_limit", compare)
    with pytest.raises(DerivationError, match="another limit"):
        found(cases.S1, NASH)


#: No closed-loop equilibrium in the continuum, although there is one against given aggregates.
NONE = dict(b=".23577", r=".03271", nu=".21622", sigma=".22313", theta=".86808", gamma=".52598")
NONE |= dict(alpha="1", beta="1.02736", lam=".14659")


def test_no_strategy_is_said() -> None:
    result = found(NONE, NASH)
    assert result.message and not result.rows and result.to_dict() == {"message": result.message}


def test_infinite_second_moments_are_no_number() -> None:
    """Few who play the strategy of very many let squares of wealth explode."""
    params = dict(b=".03195", r="0", nu=".1373", sigma=".3159", gamma="1.13038", alpha="1")
    params |= dict(beta="1.69103", theta=".94403", lam=".24")
    result = found(params, NASH, (2, 3, 10))
    values = spec.closed_loop_mfg(params)
    p = [values[k] for k in ("p1", "p2")]
    for n, gain in result.rows:
        prepared, share = spec.prepare(params, 1), spec.number(1) / n
        rate = spec.abscissa(prepared, share, p[0] + share * p[1], p[1])
        explodes = rate >= spec.number(params["lam"])
        assert explodes == (gain is None) == (n < 10)
    assert result.to_dict()["rows"][0] == {"n": 2, "epsilon": None}


def test_words_and_document() -> None:
    words = [f"-p{'lambda' if k == 'lam' else k}={v}" for k, v in cases.S1.items()]
    run = ["converge", "n-agent", "--n", "10,1000", "--epsilon", *words]
    text = CliRunner().invoke(cli, run).stdout
    assert "order 2 in 1/n, derived; limit of n^2 gain: 0.00517949" in text
    assert "(closed-loop), gain of an agent who leaves it at x = 1, y = 1:" in text
    there = CliRunner().invoke(cli, [*run, "--at", "x=3,y=0.5"])
    assert there.exit_code == 0 and "who leaves it at x = 3, y = 0.5:" in there.stdout
    assert "it tends to 4.84898e-06; limit of n (gain - that): 0.000314964" in text
    document = json.loads(CliRunner().invoke(cli, [*run, "--json"]).stdout)
    hold("converge", document)
    assert document["epsilon"][NASH]["order"] == 2
    result = eqsolve.converge("n-agent", (10, 1000), cases.S1, epsilon=True)
    assert result.to_dict()["epsilon"] == document["epsilon"]
    assert "epsilon" not in eqsolve.converge("n-agent", (10,), cases.S1).to_dict()


def test_states_that_are_none_are_refused() -> None:
    for at, counts, words in (
        ({"z": 1}, (10,), "no state of the continuum"),
        ({"x": 2}, (1, 10), "average over one agent is its own wealth"),
        ({"x": float("nan")}, (10,), "finite number"),
    ):
        with pytest.raises(InputError, match=words):
            eqsolve.converge("n-agent", counts, cases.S1, epsilon=True, at=at)
    with pytest.raises(InputError, match="a state is for the gain"):
        eqsolve.converge("n-agent", (10,), cases.S1, at={"x": 2})
