"""Each key agrees with its second route, and a planted error is seen."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reference import spec
from reference.games import (
    KEYS,
    basak_chabakauri,
    bjork_murgoci_zhou,
    execution,
    exit_externality,
    heston,
    kim_omberg,
    labour_income,
    lacker_zariphopoulou,
    lq_mfg,
    lq_regulator,
    merton,
    merton_consumption,
    merton_jump,
    one_agent,
    reinsurance,
    sticky_prices,
    systemic_risk,
)
from reference.games.draws import DEFAULTS, EXAMPLES, GENERATORS, draw
from reference.games.ode import Explosion, integrate, quadrature, riccati
from reference.precision import ctx, number

TINY = ctx.mpf(10) ** -18
STEP = ctx.mpf(10) ** -15


def far(left: Any, right: Any) -> Any:
    return abs(left - right) / (1 + abs(left) + abs(right))


def slope(f: Any, point: Any) -> Any:
    """Central difference, exact to 1e-28."""
    return (f(point + STEP) - f(point - STEP)) / (2 * STEP)


# The arithmetic


@pytest.mark.parametrize("text", ["1 -.5 -2 .3 3", "-1 .2 .7 .1 2", "1 -2 1 .5 1.5", "2 1 0 1 2"])
def test_riccati_closed_form_solves_the_equation(text: str) -> None:
    q, b, c, start, s = map(ctx.mpf, text.split())
    found = integrate(lambda _, u: [q + b * u[0] + c * u[0] ** 2], [start], 0, s)[0]
    assert far(riccati(q, b, c, start, s)[0], found) < 1e-22


def test_explosions_are_found() -> None:
    assert far(riccati(1, 0, 1, ctx.zero, ctx.one)[1], ctx.pi / 2) < 1e-50
    assert riccati(ctx.one, ctx.zero, ctx.one, ctx.zero, 2)[0] is None
    with pytest.raises(Explosion) as caught:
        integrate(lambda _, u: [1 + u[0] ** 2], [ctx.zero], 0, 2)
    assert far(caught.value.time, ctx.pi / 2) < 1e-4


def test_quadrature() -> None:
    assert far(quadrature(ctx.exp, ctx.zero, ctx.one, 4), ctx.e - 1) < 1e-40


# Single agents


def test_regulator_value_is_the_cost_of_its_feedback() -> None:
    for p in [DEFAULTS["lq-regulator"], *draw("lq-regulator", 12, seed=3)]:
        if "T" in p:
            continue
        out = lq_regulator.solve(**p)
        given = {name: p[name] for name in ("A", "B", "Q", "R", "N", "rho")}
        cost = lq_regulator.evaluate(**given, K=out["K"])
        assert max(abs(e) for e in out["P"] - cost) < TINY
        for i in range(out["K"].rows):  # no other gain costs less
            planted = out["K"].copy()
            planted[i, 0] += ctx.mpf("0.01")
            worse = lq_regulator.evaluate(**given, K=planted)
            assert worse[0, 0] > cost[0, 0] + ctx.mpf(10) ** -8


def test_regulator_with_an_end() -> None:
    p = {**DEFAULTS["lq-regulator"], "T": "2", "F": [["1", "0"], ["0", ".5"]]}
    out = lq_regulator.solve(**p, t=".5")
    given = {name: p[name] for name in ("A", "B", "Q", "R", "N", "S", "rho", "F")}
    P, constant = lq_regulator.integrated(**given, s="1.5")
    assert max(abs(e) for e in out["P"] - P) < TINY and far(out["constant"], constant) < TINY
    p["F"] = [["-2", "0"], ["0", "-2"]]
    out = lq_regulator.solve(**p)
    assert out["status"] == "explodes"
    time = out["explosion"]
    near = lq_regulator.solve(**{**p, "T": time * (1 - ctx.mpf(10) ** -9)})
    assert near["status"] == "ok" and abs(near["P"][0, 0]) > 10**8


def test_regulator_until_a_random_time_is_a_regulator() -> None:
    for p in [EXAMPLES["regulator"], *draw("regulator", 5, seed=1), *draw("regulator", 5, 1, True)]:
        out = lq_regulator.until_a_random_time(**p)
        one: dict[str, Any] = {name: [["1"]] for name in "BQR"}
        key = lq_regulator.solve(A=[["0"]], S=[[p["sigma"]]], rho=p["lam"], **one)
        assert far(out["coefficients"]["P"], key["P"][0, 0]) < 1e-40
        assert far(out["coefficients"]["c"], key["constant"]) < 1e-40
        assert len(key["roots"]) == len(out["roots"])


@pytest.mark.parametrize("g", ["2", "1", ".5", "1.000001"])
def test_merton_maximizes_lognormal_utility(g: str) -> None:
    p = {**EXAMPLES["merton"], "g": g, "x": "1.7"}
    out = merton.solve(**p)
    fraction = out["strategy"]["pi"]["x"]
    assert far(merton.expected_utility(fraction, **p), out["V"]) < 1e-40
    assert abs(slope(lambda f: merton.expected_utility(f, **p), fraction)) < 1e-25
    assert merton.expected_utility(fraction + ctx.mpf("0.01"), **p) < out["V"] - 1e-7


@pytest.mark.parametrize(("g", "K"), [("2", "1.3"), ("1", ".7"), (".5", "2")])
def test_merton_with_consumption_over_a_finite_horizon(g: str, K: str) -> None:
    p = {**EXAMPLES["merton-consumption"], "g": g, "K": K}
    out = merton_consumption.solve(**p, x="1.5")
    fraction, T = out["strategy"]["pi"]["x"], number(p["T"])
    # ln f by its own nonlinear equation: an independent f(t).
    h, end = out["coefficients"]["h"], ctx.log(number(K)) / number(g)
    log_f = integrate(lambda _, v: [ctx.exp(-v[0]) - h], [end], 0, T)[0]
    assert far(ctx.exp(log_f), out["coefficients"]["f"]) < TINY

    def rate(u: Any, factor: Any = 1) -> Any:
        left = T - u
        growth = -ctx.expm1(-h * left) / h if h else left
        return factor / (ctx.exp(end - h * left) + growth)

    reached = merton_consumption.utility_of(fraction, rate, **p, x="1.5")
    assert far(reached, out["V"]) < TINY
    for other, factor in ((fraction + ctx.mpf("0.01"), 1), (fraction, ctx.mpf("1.01"))):
        planted = merton_consumption.utility_of(other, lambda u: rate(u, factor), **p, x="1.5")
        assert planted < out["V"] - ctx.mpf(10) ** -6


def test_consumption_without_an_end_is_the_limit_of_long_horizons() -> None:
    for g in ("2", "1"):
        p = {**DEFAULTS["merton-consumption"], "g": g, "x": "1.5"}
        forever, long = merton_consumption.solve(**p), merton_consumption.solve(**p, T=700, K=1)
        assert far(forever["V"], long["V"]) < 1e-14
    p["g"], p["rho"] = ".5", ".01"
    assert merton_consumption.solve(**p)["status"] == "no-solution"


def test_kim_omberg_by_extrapolation_of_the_equation() -> None:
    for p in [DEFAULTS["kim-omberg"], *draw("kim-omberg", 4, seed=1)]:
        out = kim_omberg.solve(**p)
        found = kim_omberg.integrated(**p, tau=p["T"])
        assert max(map(far, out["coefficients"].values(), found)) < TINY


def test_kim_omberg_explodes_where_its_equation_does() -> None:
    p = {**DEFAULTS["kim-omberg"], "g": ".2", "nu": ".4", "rho": ".5", "T": "2"}
    out = kim_omberg.solve(**p)
    assert out["status"] == "explodes"
    time = out["explosion"]
    near = kim_omberg.solve(**{**p, "T": time * (1 - ctx.mpf(10) ** -9)})
    assert near["status"] == "ok" and near["coefficients"]["A"] > 10**6
    before = kim_omberg.solve(**{**p, "T": time * ctx.mpf("0.9")})["coefficients"]
    found = kim_omberg.integrated(**p | {"tau": time * ctx.mpf("0.9")})
    assert max(map(far, before.values(), found)) < TINY


def test_heston_by_the_bond_formula() -> None:
    sets = [p for p in draw("heston", 12, seed=1) if p["g"] != "1"]
    for p in [EXAMPLES["heston"], *sets]:
        out = heston.solve(**p)
        assert out["status"] == "ok"
        found = heston.by_bond(**p)
        assert max(map(far, out["coefficients"].values(), found)) < TINY
    b, _ = heston.by_bond(**{**p, "rho": str(float(p["rho"]) + 1e-6)})
    assert far(out["coefficients"]["b"], b) > 1e-12  # a planted error


def test_heston_logarithm_is_the_limit_of_powers() -> None:
    p = {**EXAMPLES["heston"], "g": "1"}
    out = heston.solve(**p)
    near = heston.solve(**{**p, "g": "1.00000001"})
    for name, found in near["coefficients"].items():
        assert far(found / ctx.mpf("-0.00000001"), out["coefficients"][name]) < 1e-7


LETTERS = ("r", "B", "s", "gamma", "T")


def test_bjork_murgoci_zhou_by_its_integral_equation() -> None:
    for p in [DEFAULTS["bjork-murgoci-zhou"], *draw("bjork-murgoci-zhou", 5, seed=2)]:
        c = bjork_murgoci_zhou.solve(**p)["coefficients"]["c"]
        found = bjork_murgoci_zhou.iterated(**{name: float(p[name]) for name in LETTERS})
        assert far(c, found) < 1e-12


def basak_chabakauri_sets() -> list[dict[str, str]]:
    edge = {**EXAMPLES["basak-chabakauri"], "k": ".25", "nu": ".25", "rho": "-1"}
    return [EXAMPLES["basak-chabakauri"], edge]


@pytest.mark.parametrize("p", basak_chabakauri_sets())
def test_basak_chabakauri_by_forward_moments_and_a_spike(p: dict[str, str]) -> None:
    out = basak_chabakauri.solve(**p, x="1.2", y=".4")
    first = basak_chabakauri.strategy_at(p, 0)
    assert max(map(far, first, out["strategy"]["p"].values())) < TINY
    market = {name: value for name, value in p.items() if name != "gamma"}

    def moments(spike: Any, length: Any) -> Any:
        def strategy(t: Any) -> Any:
            return basak_chabakauri.strategy_at(p, t)

        return basak_chabakauri.forward(strategy, spike, length, **market, x="1.2", y=".4")

    mean, variance = moments(0, 0)
    assert far(mean, out["E"]) < TINY and far(variance, out["Var"]) < TINY
    length, values = ctx.mpf(10) ** -6, []
    for spike in (-1, 0, 1):
        mean, variance = moments(spike, length)
        values.append((mean - number(p["gamma"]) * variance / 2) / length)
    bend = values[0] + values[2] - 2 * values[1]
    assert bend < -0.01
    assert abs((values[0] - values[2]) / (2 * bend)) < 1e-6  # the length of the spike


RANDOM_HORIZONS: dict[str, Callable[..., Any]] = {
    "one-agent": one_agent.gap,
    "labour-income": labour_income.gap,
    "reinsurance": reinsurance.random_gap,
}


@pytest.mark.parametrize("model", RANDOM_HORIZONS)
def test_random_horizons_by_a_spike_of_exact_moments(model: str) -> None:
    sets = [EXAMPLES[model], *draw(model, 12, seed=5)]
    for p in sets:
        if "T" not in p:
            assert RANDOM_HORIZONS[model](x="1.3", **p) < 1e-10


def test_one_agent_is_the_paper_without_competitors() -> None:
    for p in [EXAMPLES["one-agent"], *draw("one-agent", 20, seed=6)]:
        out, paper = one_agent.solve(x="1.3", **p), spec.best_response({**p, "theta": 0})
        pi = out["strategy"]["pi"]
        assert far(pi["x"], paper["p1"]) < TINY and far(pi["1"], paper["p3"]) < TINY
        assert far(out["V"], spec.value(paper, "1.3", 0)) < TINY


def test_income_moves_the_constant_only() -> None:
    p = EXAMPLES["labour-income"]
    with_income, without = labour_income.solve(**p), labour_income.solve(**{**p, "w": "0"})
    assert with_income["strategy"]["pi"]["x"] == without["strategy"]["pi"]["x"]
    assert far(with_income["strategy"]["pi"]["1"], without["strategy"]["pi"]["1"]) > 0.01
    wrong = one_agent.solve(x="1.3", **{n: v for n, v in p.items() if n != "w"})
    assert far(labour_income.solve(x="1.3", **p)["V"], wrong["V"]) > 0.01


def test_reinsurance_at_a_fixed_time_by_normal_wealth() -> None:
    for p in [q for q in draw("reinsurance", 8, seed=4) if "T" in q]:
        out = reinsurance.solve(**p)
        growth = ctx.exp(number(p["r"]) * number(p["T"]))
        u, v = (out["strategy"][name]["1"] * growth for name in ("pi", "q"))
        assert far(reinsurance.normal_objective((u, v), **p), out["V"]) < TINY
        assert abs(slope(lambda z: reinsurance.normal_objective((z, v), **p), u)) < 1e-25
        assert abs(slope(lambda z: reinsurance.normal_objective((u, z), **p), v)) < 1e-25


@pytest.mark.parametrize("g", ["3", "1", ".5"])
@pytest.mark.parametrize("J", ["-.2", ".3"])
def test_merton_with_jumps_by_counting_them(g: str, J: str) -> None:
    p = {**EXAMPLES["merton-jump"], "g": g, "J": J, "x": "1.5"}
    out = merton_jump.solve(**p)
    fraction = out["strategy"]["pi"]["x"]
    assert far(merton_jump.by_counting(fraction, **p), out["V"]) < 1e-40
    assert abs(slope(lambda f: merton_jump.by_counting(f, **p), fraction)) < 1e-25
    assert merton_jump.by_counting(fraction + ctx.mpf("0.01"), **p) < out["V"]


def test_merton_with_jumps_without_a_maximum() -> None:
    p = {**EXAMPLES["merton-jump"], "s": "0", "J": ".2", "B": ".05"}
    assert merton_jump.solve(**p)["status"] == "no-solution"
    assert merton_jump.solve(**{**p, "B": "-.05"})["status"] == "ok"


def test_merton_with_marks_of_one_size() -> None:
    p = EXAMPLES["merton-jump"]
    split = {**p, "J": [(".25", p["J"]), (".75", p["J"])]}
    assert far(merton_jump.solve(**split)["V"], merton_jump.solve(**p)["V"]) < 1e-40


def test_mean_variance_with_jumps_by_moments() -> None:
    p = {name: v for name, v in EXAMPLES["merton-jump"].items() if name != "g"}
    out = merton_jump.solve(**p, gamma="2")
    r, B, s, lam, J, T = (number(p[name]) for name in ("r", "B", "s", "lam", "J", "T"))

    def objective(scale: Any) -> Any:
        # pi = scale e^{-r(T-t)}: discounted gains are a compound Poisson and a normal variable.
        mean = ctx.exp(r * T) + scale * (B + lam * J) * T
        return mean - scale**2 * (s**2 + lam * J**2) * T

    best = out["strategy"]["pi"]["1"] * ctx.exp(r * T)
    assert far(objective(best), out["V"]) < 1e-40 and abs(slope(objective, best)) < 1e-25


# Games


@pytest.mark.parametrize("planner", [False, True])
def test_execution_by_moments_of_the_law(planner: bool) -> None:
    notion = "planner" if planner else "feedback"
    p = DEFAULTS["execution"]
    assert far(execution.objective(planner, **p), execution.solve(**p, notion=notion)["J"]) < TINY
    market = {name: v for name, v in p.items() if name not in ("m0", "v0")}
    out = execution.solve(**p, size=4, notion=notion)
    gain, J = execution.full_state(4, 0.5, 0.09, planner=planner, **market)
    a = {name: float(value) for name, value in out["strategy"]["a"].items()}
    own, others = (a["x"] + a["xbar"] / 4, a["xbar"] / 4) if planner else (a["x"], a["z"] / 3)
    assert np.allclose(gain, [-own, *[-others] * 3], rtol=0, atol=1e-10)
    assert math.isclose(J, out["J"], rel_tol=1e-10)


def test_execution_tends_to_the_mean_field_game_like_one_over_n() -> None:
    p = DEFAULTS["execution"]
    rate, limit = execution.rate_constants(**p), execution.solve(**p)
    for n in (1000, 2000):
        near = execution.solve(**p, size=n)
        assert abs(n * (near["J"] - limit["J"]) - rate["J"]) < 1 / ctx.mpf(n)
        gap = near["strategy"]["a"]["x"] - limit["strategy"]["a"]["x"]
        assert abs(n * gap - rate["x"]) < 5 / ctx.mpf(n)


def test_every_root_of_sticky_prices_is_a_stationary_profit() -> None:
    for p in [DEFAULTS["sticky-prices"], *draw("sticky-prices", 4, seed=2)]:
        s, a, r = (number(p[name]) for name in "sar")
        c, d = ([number(p[f"{name}_{i}"]) for i in (1, 2)] for name in "cd")
        out = sticky_prices.solve(**p)
        root = out["roots"][out["selected"]]
        u = list(zip(root["alpha"], root["beta"]))
        for i in (0, 1):
            start = ctx.mpf(4)

            def profit(al: Any, be: Any) -> Any:
                mine = [(al, be) if j == i else u[j] for j in (0, 1)]
                return sticky_prices.profit(i, start, s, a, r, c, d, mine)

            V = root[f"K_{i + 1}"] * start**2 / 2 + root[f"E_{i + 1}"] * start + root[f"G_{i + 1}"]
            assert far(profit(*u[i]), V) < 1e-35
            assert abs(slope(lambda al: profit(al, u[i][1]), u[i][0])) < 1e-24
            assert abs(slope(lambda be: profit(u[i][0], be), u[i][1])) < 1e-24
            assert profit(u[i][0], u[i][1] + ctx.mpf("0.01")) < V


@pytest.mark.parametrize("notion", ["feedback", "open-loop"])
@pytest.mark.parametrize("size", [2, 4])
def test_systemic_risk_in_all_its_states(notion: str, size: int) -> None:
    p = DEFAULTS["systemic-risk"]
    out = systemic_risk.solve(**p, size=size, notion=notion)
    found = systemic_risk.full_state(notion, size, **p)
    gain = float(out["strategy"]["alpha"]["z"])
    expected = [gain * ((j == 0) - 1 / size) for j in range(size)]
    assert np.allclose(found["gain"], expected, rtol=0, atol=1e-10)
    if notion == "feedback":
        own = float(out["coefficients"]["eta"]) * (1 - 1 / size) ** 2
        assert math.isclose(found["P"][0, 0], own, rel_tol=1e-10)
        assert math.isclose(found["c"], out["coefficients"]["mu"], rel_tol=1e-10)
    planted = systemic_risk.full_state(notion, size, **{**p, "q": ".500001"})
    assert not np.allclose(planted["gain"], expected, rtol=0, atol=1e-8)


def test_systemic_risk_tends_to_one_mean_field_game() -> None:
    p = DEFAULTS["systemic-risk"]
    limit = systemic_risk.solve(**p)["strategy"]["alpha"]["z"]
    for notion in ("feedback", "open-loop"):
        near = systemic_risk.solve(**p, size=10**9, notion=notion)["strategy"]["alpha"]["z"]
        assert 0 < abs(near - limit) < 1e-8


def test_quadratic_mean_field_game_by_shooting() -> None:
    for p in [DEFAULTS["lq-mfg"], *draw("lq-mfg", 2, seed=1), *draw("lq-mfg", 1, 1, True)]:
        out, found = lq_mfg.solve(**p), lq_mfg.shooting(**p)
        law = lq_mfg.solve(**p, t=p["T"])["laws"]
        assert all(far(found[name], v) < TINY for name, v in out["coefficients"].items())
        assert all(far(found[name], v) < TINY for name, v in law.items())


def test_steering_to_a_target_by_extrapolation() -> None:
    for p in [DEFAULTS["lq-target"], *draw("lq-target", 3, seed=1)]:
        out, found = lq_mfg.uncoupled(**p), lq_mfg.uncoupled_integrated(**p)
        law = lq_mfg.uncoupled(**p, t=p["T"])["laws"]
        assert all(far(found[name], v) < TINY for name, v in {**out["coefficients"], **law}.items())


def test_exit_externality_by_best_responses_and_gradients() -> None:
    for text in [DEFAULTS["exit-externality"], *draw("exit-externality", 3, seed=8)]:
        p = {name: number(v) for name, v in text.items() if name != "notion"}
        nash = exit_externality.solve(**p)
        plan = [nash[name] for name in ("alpha", "beta", "gamma")]
        assert far(exit_externality.objective(p, *plan), nash["J"]) < 1e-40
        assert max(map(far, exit_externality.best_response(p, *plan), plan)) < 1e-40
        planner = exit_externality.solve("planner", **p)
        best = [planner[name] for name in ("alpha", "beta", "gamma")]
        for i in range(3):

            def objective(u: Any) -> Any:
                return exit_externality.objective(p, *[u if j == i else best[j] for j in range(3)])

            assert abs(slope(objective, best[i])) < 1e-25
            assert objective(best[i] + ctx.mpf("0.01")) > planner["J"]
        planted = exit_externality.best_response(p, plan[0], plan[1] + ctx.mpf(10) ** -6, plan[2])
        assert max(map(far, planted, plan)) > 1e-9


@pytest.mark.parametrize("power", [False, True])
def test_relative_performance_by_each_agent_s_own_parabola(power: bool) -> None:
    key = lacker_zariphopoulou.crra if power else lacker_zariphopoulou.cara
    model = "lacker-zariphopoulou-crra" if power else "lacker-zariphopoulou-cara"
    for p in [DEFAULTS[model], *draw(model, 8, seed=9), *draw(model, 4, seed=9, hard=True)]:
        types = {name: p[name] for name in lacker_zariphopoulou.NAMES}
        out, agents = key(**p), lacker_zariphopoulou.agents_from(**types)
        share = ctx.zero if "weights" in p else ctx.one / len(agents)
        assert lacker_zariphopoulou.response_gap(out, agents, share, power) < 1e-40
        out["pi"][0] += ctx.mpf(10) ** -6
        assert lacker_zariphopoulou.response_gap(out, agents, share, power) > 1e-7


@pytest.mark.parametrize("power", [False, True])
def test_a_continuous_law_of_types_by_a_fine_finite_one(power: bool) -> None:
    laws: dict[str, Any] = {"mu": ".08", "nu": ".2", "sigma": ".15", "theta": ".6"}
    laws["delta"] = ("uniform", "1", "2")
    out = lacker_zariphopoulou.continuous(power, laws)
    key = lacker_zariphopoulou.crra if power else lacker_zariphopoulou.cara
    found = []
    for size in (100, 200):  # midpoints: error 1/size^2, removed by one extrapolation
        delta = [1 + ctx.mpf(2 * j + 1) / (2 * size) for j in range(size)]
        rest = {name: [laws[name]] * size for name in ("mu", "nu", "sigma", "theta")}
        finite = key(**rest, delta=delta, weights=[ctx.one / size] * size)
        found.append([finite["phi"], finite["psi"], *finite["aggregates"][0]])
    expected = [out["phi"], out["psi"], *out["aggregates"]]
    for rough, fine, exact in zip(*found, expected):
        assert far((4 * fine - rough) / 3, exact) < 1e-11
    if not power:
        laws["theta"] = ("uniform", "0", "1")
        out = lacker_zariphopoulou.continuous(power, laws)
        phi, psi = lacker_zariphopoulou.uniform_moments(laws)
        assert far(out["phi"], phi) < 1e-40 and far(out["psi"], psi) < 1e-40


# The draws


def test_every_key_has_a_generator_and_a_set() -> None:
    assert set(KEYS) == set(GENERATORS)
    assert set(KEYS) <= set(DEFAULTS) | set(EXAMPLES)


STATUSES = {"ok", "explodes", "no-solution", "no-admissible-root", "unstable", "degenerate"}


@pytest.mark.parametrize("model", KEYS)
def test_keys_answer_every_draw(model: str) -> None:
    for hard in (False, True):
        for p in draw(model, 2, seed=11, hard=hard):
            out = KEYS[model](**p)
            assert out["status"] in STATUSES
            assert hard or out["status"] == "ok"
    assert list(draw(model, 2, seed=11)) == list(draw(model, 2, seed=11))
