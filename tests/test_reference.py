"""The answer key reproduces the published values and agrees with itself on independent routes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from reference import cases, draws, spec

mpf = spec.ctx.mpf
TINY = mpf(10) ** -40
STRATEGY_IDS = [f"{name}-{n or 'mean-field'}" for name, n, _, _ in cases.STRATEGIES]
SAMPLES: list[dict[str, Fraction]] = [*draws.plausible(40, seed=7), *draws.wide(160, seed=7)]


def given(name: str, n: int | None, **state: Any) -> dict[str, Any]:
    params = cases.SETS[name]
    return spec.mean_field(params, **state) if n is None else spec.n_agent(params, n, **state)


def strategy(solution: dict[str, Any]) -> tuple[Any, Any, Any]:
    return solution["k1"], solution["k2"], solution["k3"]


def relative(left: Any, right: Any) -> Any:
    return abs(left - right) / (1 + abs(left) + abs(right))


# Published values


@pytest.mark.parametrize(("name", "n", "expected", "_"), cases.STRATEGIES, ids=STRATEGY_IDS)
def test_given_aggregate_strategies(name: str, n: int | None, expected: Any, _: Any) -> None:
    solution = given(name, n)
    assert solution["status"] == "ok"
    assert all(cases.agrees(k, printed) for k, printed in zip(strategy(solution), expected))


@pytest.mark.parametrize(("name", "n", "_", "expected"), cases.STRATEGIES, ids=STRATEGY_IDS)
def test_closed_loop_strategies(name: str, n: int | None, _: Any, expected: Any) -> None:
    params = cases.SETS[name]
    solution = spec.closed_loop_mfg(params) if n is None else spec.closed_loop_n(params, n)
    assert solution["status"] == "ok"
    found = (solution["p1"], solution["p2"], solution["p3"])
    assert all(cases.agrees(p, printed) for p, printed in zip(found, expected))


def test_comparison_with_printed_digits_can_fail() -> None:
    assert cases.agrees(mpf(".28067"), ".28067")
    assert not cases.agrees(mpf(".280690"), ".28067")


def test_rate_constants() -> None:
    constants = spec.rate_constants(cases.S1)
    assert all(cases.agrees(c, printed) for c, printed in zip(constants, cases.RATE_CONSTANTS))
    limit = strategy(given("S1", None))
    at_ten = [10 * (k - m) for k, m in zip(strategy(given("S1", 10)), limit)]
    assert all(cases.agrees(c, printed) for c, printed in zip(at_ten, cases.RATE_AT_TEN))
    # n (k_n - k_inf) - constant = O(1/n), with the constant seen to the digits n allows.
    for n in (10**9, 10**12):
        far = strategy(given("S1", n))
        assert all(abs(n * (k - m) - c) < mpf(10) / n for k, m, c in zip(far, limit, constants))


def test_objective_and_value() -> None:
    printed = cases.OBJECTIVE_S1
    solution = given("S1", 3)
    obtained = spec.objective(cases.S1, 3, strategy(solution), 1, "2/3")["J"]
    assert cases.agrees(obtained, str(printed["J"]))
    assert cases.agrees(solution["V"], str(printed["V"]))


@pytest.mark.parametrize("name", cases.ROOTS)
def test_roots(name: str) -> None:
    params, status, expected = cases.ROOTS[name]
    found = spec.best_response(params)
    assert found["status"] == status
    assert len(found["roots"]) == len(expected)
    for root, (printed, admissible) in zip(found["roots"], expected):
        assert cases.agrees(root["p1"], printed)
        assert root["admissible"] == admissible


def test_fold() -> None:
    hazard, offset = mpf(cases.FOLD_HAZARD), mpf(cases.FOLD_OFFSET)
    below = spec.best_response({**cases.FOLD, "lam": hazard - offset})["roots"]
    above = spec.best_response({**cases.FOLD, "lam": hazard + offset})["roots"]
    assert all(root["admissible"] for root in (*below, *above))
    for roots, expected in ((below, cases.FOLD_BELOW), (above, cases.FOLD_ABOVE)):
        assert len(roots) == len(expected)
        assert all(cases.agrees(z["p1"], printed) for z, printed in zip(roots, expected))
    assert below[0]["separation"] < 1e-3 and below[0]["gap"] < 1e-2
    assert below[2]["separation"] > 0.1 and below[2]["gap"] > 0.1


def test_misprinted_fold_has_well_separated_roots() -> None:
    roots = spec.best_response({**cases.FOLD, "lam": cases.FOLD_MISPRINT_HAZARD})["roots"]
    expected = cases.FOLD_MISPRINT_ROOTS
    assert all(cases.agrees(z["p1"], printed) for z, printed in zip(roots, expected, strict=True))


def test_infinite_variance() -> None:
    params = cases.INFINITE_VARIANCE
    assert spec.best_response(params)["status"] == "ok"
    solution = spec.n_agent(params, 2)
    assert solution["status"] == "infinite-variance"
    assert cases.agrees(solution["abscissa"], cases.INFINITE_VARIANCE_ABSCISSA)
    assert solution["abscissa"] > mpf(params["lam"])


def test_no_closed_loop_mean_field() -> None:
    solution = spec.closed_loop_mfg(cases.NO_CLOSED_LOOP)
    assert solution["status"] == "no-solution"
    expected = cases.NO_CLOSED_LOOP_MEANS
    found = solution["means"]
    assert all(cases.agrees(m, printed) for m, printed in zip(found, expected, strict=True))
    given_aggregate = spec.mean_field(cases.NO_CLOSED_LOOP)
    assert given_aggregate["status"] == "ok"
    assert cases.agrees(given_aggregate["k1"] + given_aggregate["k2"], cases.NO_CLOSED_LOOP_K)


def test_nine_joint_equilibria_four_of_finite_variance() -> None:
    found = {
        choice: spec.two_agent(cases.NINE_EQUILIBRIA, ".02", choice)
        for choice in itertools.product(range(3), repeat=2)
    }
    assert all(root["admissible"] for s in found.values() for t in s["roots"] for root in t)
    for one, two in itertools.combinations(found.values(), 2):
        assert max(abs(p - q) for p, q in zip(one["pi"], two["pi"])) > 1e-3
    finite = {choice for choice, solution in found.items() if solution["status"] == "ok"}
    assert finite == cases.NINE_FINITE


def test_constant_hazard_response() -> None:
    found = spec.best_response(cases.HAZARD)
    expected = cases.HAZARD_RESPONSES["constant .6"]
    assert expected is not None
    assert all(cases.agrees(found[k], e) for k, e in zip(("p1", "p2", "p3"), expected))


# Agreement of independent routes


@pytest.mark.parametrize("draw", SAMPLES)
def test_best_response_is_consistent(draw: dict[str, Fraction]) -> None:
    n = int(draw["n"])
    v = spec.n_agent(draw, n, draw["x"], draw["y"])
    if v["selected"] is None:
        assert v["status"] == "no-admissible-root"
        return
    p = spec.prepare(draw)
    p.update({name: v[name] for name in ("m_b", "m_s", "m_2")})
    size = sum(abs(c * v["p1"] ** k) for k, c in enumerate(spec.cubic(p)))
    assert abs(spec.cubic_factored(p, v["p1"])) <= TINY * size
    second = spec.value_second_form(p, v)
    assert all(relative(v[name], second[name]) < TINY for name in second)
    x, y = spec.number(draw["x"]), spec.number(draw["y"])
    # The first-order condition, and the joint strategy as the response to its own aggregates.
    h20, B, gamma = v["h20"], p["B"], p["gamma"]
    G = v["a"] * x + v["c"] * y + v["d"]
    H_x = 2 * h20 * x + v["h11"] * y + v["h10"]
    gain = (p["alpha"] + p["beta"] * x + gamma * G) * B * v["a"]
    gain -= gamma / 2 * (B * H_x + p["sigma"] * p["m_s"] * v["h11"])
    response = v["p1"] * x + v["p2"] * y + v["p3"]
    assert abs(gain - gamma * p["s2"] * h20 * response) < TINY * (1 + abs(gain))
    assert relative(response, v["pi"]) < TINY


def test_perturbed_root_breaks_the_second_form() -> None:
    p = spec.prepare(cases.HAZARD)
    v = spec.coefficients_at(p, spec.best_response(cases.HAZARD)["p1"] * (1 + mpf("1e-6")))
    second = spec.value_second_form(p, v)
    assert max(relative(v[name], second[name]) for name in second) > 1e-9


@pytest.mark.parametrize("name", cases.SETS)
def test_equal_agents_give_the_homogeneous_game(name: str) -> None:
    params = cases.SETS[name]
    r = params["r"]
    agents = [{**params, "wealth": "1.25"}] * 3
    many = spec.heterogeneous(agents, r)
    one = spec.n_agent(params, 3, "1.25")
    assert relative(many["pi"][0], one["pi"]) < TINY
    assert relative(many["V"][0], one["V"]) < TINY
    assert relative(many["abscissa"], one["abscissa"]) < TINY
    assert relative(many["K"][0][0], one["k1"]) < TINY
    assert relative(many["K"][0][1], one["k2"] / 3) < TINY
    general = spec.heterogeneous_objective(agents, r, many["K"], many["const"], 0)
    special = spec.objective(params, 3, strategy(one), "1.25", mpf("1.25") * 2 / 3)
    assert all(relative(general[key], special[key]) < TINY for key in ("J", "G", "H"))


def differences(f: Callable[..., Any], wealth: list[Any], who: int) -> tuple[Any, list[Any]]:
    """First derivative and row of second derivatives of a quadratic function, exactly."""

    def at(*moves: tuple[int, int]) -> Any:
        point = list(wealth)
        for k, step in moves:
            point[k] += step
        return f(point)

    first = (at((who, 1)) - at((who, -1))) / 2
    row = [
        (
            at((who, 1), (k, 1))
            - at((who, 1), (k, -1))
            - at((who, -1), (k, 1))
            + at((who, -1), (k, -1))
        )
        / 4
        for k in range(len(wealth))
    ]
    return first, row


@pytest.mark.parametrize("name", cases.SETS)
def test_exploitability_against_unreduced_moments(name: str) -> None:
    """E from the formulas equals E from G and H of three agents kept apart."""
    params = cases.SETS[name]
    n, profile = 3, (mpf(".21"), mpf(".13"), mpf(".6"))
    agents = [{**params, "wealth": "1"}] * n
    K = [[profile[0] if i == j else profile[1] / n for j in range(n)] for i in range(n)]
    const = [profile[2]] * n
    wealth = [mpf("1.3"), mpf(".7"), mpf(".7")]

    def moment(key: str) -> Callable[[list[Any]], Any]:
        return lambda point: spec.heterogeneous_objective(agents, params["r"], K, const, 0, point)[
            key
        ]

    p = spec.prepare(params)
    G_x, _ = differences(moment("G"), wealth, 0)
    H_x, H_xx = differences(moment("H"), wealth, 0)
    u = [sum(K[i][j] * wealth[j] for j in range(n)) + const[i] for i in range(n)]
    factor = p["alpha"] + p["beta"] * wealth[0] + p["gamma"] * moment("G")(wealth)
    second = p["nu"] ** 2 * H_xx[0] * u[0] + p["sigma"] ** 2 * sum(map(spec.ctx.fmul, H_xx, u))
    residual = factor * p["B"] * G_x - p["gamma"] / 2 * (p["B"] * H_x + second)
    found = spec.exploitability(params, n, profile, wealth[0], sum(wealth[1:]) / n)
    assert relative(found["E"], residual) < TINY
    assert found["eps"] > 0


@pytest.mark.parametrize("name", cases.SETS)
@pytest.mark.parametrize("n", [2, 3, 10, None])
def test_closed_loop_is_not_exploitable_but_given_aggregate_is(name: str, n: int | None) -> None:
    params = cases.SETS[name]
    solution = spec.closed_loop_mfg(params) if n is None else spec.closed_loop_n(params, n)
    profile = [solution[k] for k in ("p1", "p2", "p3")]
    for x, y in ((1, 1), (2, "1/2")):
        assert spec.exploitability(params, n, profile, x, y)["eps"] < TINY**2
    frozen = strategy(given(name, n))
    assert spec.exploitability(params, n, frozen, 1, 1)["eps"] > 1e-8
    for k in range(3):  # a planted error of 1e-6 in one coefficient is seen
        wrong = [u * (1 + mpf("1e-6") * (i == k)) for i, u in enumerate(profile)]
        assert spec.exploitability(params, n, wrong, 1, 1)["eps"] > 1e-18


@pytest.mark.parametrize("name", cases.SETS)
def test_closed_loop_converges_to_the_mean_field(name: str) -> None:
    params = cases.SETS[name]
    limit = spec.closed_loop_mfg(params)
    errors = [
        max(abs(solution[k] - limit[k]) for k in ("p1", "p2", "p3"))
        for solution in (spec.closed_loop_n(params, n) for n in (10**4, 10**5))
    ]
    assert errors[1] < 1e-5
    assert abs(errors[0] / errors[1] - 10) < 0.01


def test_mean_field_objective_is_the_limit_of_many_agents() -> None:
    k = strategy(given("S1", None))
    limit = spec.objective(cases.S1, None, k, 1, 2)["J"]
    gaps = [abs(spec.objective(cases.S1, n, k, 1, 2)["J"] - limit) for n in (10**4, 10**5)]
    assert gaps[1] < 1e-4 and abs(gaps[0] / gaps[1] - 10) < 0.01


# Reductions and symmetries


def test_constant_equilibrium_at_beta_zero_r_zero() -> None:
    agents = [
        {**cases.SETS[name], "beta": "0", "r": "0", "wealth": str(k), "lam": hazard}
        for k, (name, hazard) in enumerate(zip(("S1", "S2", "S3"), (".6", ".3", "2")))
    ]
    found = spec.heterogeneous(agents, "0")
    expected = spec.constant_equilibrium(agents)
    assert all(relative(p, q) < TINY for p, q in zip(found["pi"], expected))
    assert all(abs(entry) < TINY for row in found["K"] for entry in row)


def test_large_hazard_limit() -> None:
    base = [{**cases.SETS[name], "wealth": x, "r": ".03"} for name, x in (("S1", "1"), ("S2", "2"))]
    limit = spec.constant_equilibrium(base, weighted=True)
    errors = []
    for hazard in ("1e6", "1e7"):
        found = spec.two_agent([{**agent, "lam": hazard} for agent in base], ".03")
        errors.append(max(abs(p - q) for p, q in zip(found["pi"], limit)))
    assert errors[1] < 1e-5 and abs(errors[0] / errors[1] - 10) < 0.01


def test_no_competition_and_no_constant_weight() -> None:
    v = spec.n_agent({**cases.S1, "theta": "0"}, 4)
    assert v["p2"] == v["Qb"] == v["Qs"] == v["k2"] == 0
    assert v["pi"] == v["pi_noncompetitive"]
    assert spec.n_agent({**cases.S1, "alpha": "0"}, 4)["k3"] == 0
    v = spec.n_agent({**cases.S1, "r": "0"}, 4)
    assert v["p2"] == 0 and relative(v["q3"], 2 * v["p1"]) < TINY  # alpha / beta = 2


def test_mirror_and_scale() -> None:
    v = given("S2", 3)
    mirror = {**cases.S2, "b": "-.06", "sigma": "-.15"}  # B = .08 becomes -.08
    w = spec.n_agent(mirror, 3)
    assert relative(w["pi"], -v["pi"]) < TINY and relative(w["V"], v["V"]) < TINY
    scaled = {**cases.S2, "gamma": "4.5", "alpha": "3", "beta": ".6"}
    w = spec.n_agent(scaled, 3)
    assert relative(w["pi"], v["pi"]) < TINY and relative(w["V"], 3 * v["V"]) < TINY


def test_single_agent_growth_rate_is_that_of_the_frozen_response() -> None:
    params = {**cases.S1, "n": "1"}
    game, frozen = spec.n_agent(params, 1), spec.best_response(params)
    assert relative(game["abscissa"], frozen["abscissa"]) < TINY


def test_price_of_anarchy() -> None:
    params = {**cases.S1, "beta": "0", "r": "0"}
    found = spec.price_of_anarchy(params)
    assert relative(found["nash"], spec.mean_field(params)["k3"]) < TINY
    assert relative(found["nash"], spec.closed_loop_mfg(params)["p3"]) < TINY
    quotient = found["nash"] / found["cooperative"]
    assert relative(found["ratio"], 1 - (1 - quotient) ** 2) < TINY


# Random sets


@pytest.mark.parametrize("family", [draws.plausible, draws.wide])
def test_draws_are_exact_seeded_and_many(family: Callable[..., Any]) -> None:
    sets = list(family(10_000, seed=3))
    assert len(sets) == 10_000
    assert sets[:50] == list(family(50, seed=3)) and sets[:50] != list(family(50, seed=4))
    for draw in sets[::20]:
        assert all(Fraction(value) == draw[name] for name, value in draws.floats(draw).items())
        assert all(Fraction(text) == draw[name] for name, text in draws.decimals(draw).items())
        assert Fraction(float(draw["b"]) - float(draw["r"])) == draw["b"] - draw["r"]
        assert draw["gamma"] > 0 and draw["lam"] > 0 and draw["n"] != draw["theta"]
        assert draw["alpha"] + draw["beta"] > 0
        assert draw["nu"] ** 2 + draw["sigma"] ** 2 > 0


def test_wide_draws_reach_every_status_and_edge() -> None:
    sets = list(draws.wide(600, seed=5))
    reached = {spec.n_agent(draw, int(draw["n"]))["status"] for draw in sets}
    assert {"ok", "no-admissible-root", "infinite-variance"} <= reached
    for name in ("theta", "alpha", "beta", "nu", "sigma", "r"):
        assert any(draw[name] == 0 for draw in sets)
    assert any(spec.cubic(spec.prepare(draw))[3] == 0 != draw["b"] - draw["r"] for draw in sets)
