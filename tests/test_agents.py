"""Agents who differ: against the key, reductions, statuses and bad tables."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import eqsolve
from by_name import solve, solve_agents
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.status import Status
from reference import cases, draws, spec

OWN = ("b", "nu", "sigma", "theta", "gamma", "alpha", "beta", "lam")


def _agent(text: str, **more: str) -> dict[str, str]:
    return {**dict(zip(OWN, text.split())), **more}


PAIR = [
    _agent(".12 .2 .2 .5 2 1 .5 .6", wealth="1.5"),
    _agent(".10 .25 .15 .3 1.5 1 .2 .4", wealth="1"),
]


def _close(found: float, expected: Any) -> bool:
    return abs(found - float(expected)) <= 4e-16 * max(abs(float(expected)), 1e-300)


def _compare(answer: Mapping[str, Any], key: Mapping[str, Any]) -> None:
    for i in range(2):
        assert _close(answer["pi"][i], key["pi"][i])
        assert _close(answer["V"][i], key["V"][i])
        for j in range(2):
            assert _close(answer["feedback"]["wealth"][i][j], key["K"][i][j])
        assert _close(answer["feedback"]["constant"][i], key["const"][i])
    assert _close(answer["aggregates"]["M_b"], key["M_b"])
    assert _close(answer["aggregates"]["M_s"], key["M_s"])


def test_random_pairs_agree_with_the_key() -> None:
    solved = 0
    stream = draws.plausible(80, 21)
    for first, second in zip(stream, stream):
        pair = [{**{k: d[k] for k in OWN}, "wealth": d["x"]} for d in (first, {**second, "r": 0})]
        answer = solve_agents("two-agent", {"r": first["r"], "agent": pair})
        key = spec.two_agent(pair, first["r"])
        assert answer.status == key["status"], answer.message
        if answer.ok:
            solved += 1
            _compare(answer.to_dict(), key)
            growth = answer.to_dict()["admissibility"]["abscissa"]
            assert growth == pytest.approx(float(key["abscissa"]), rel=1e-14)
    assert solved > 25


def test_equal_agents_are_the_homogeneous_game() -> None:
    twin = {k: v for k, v in cases.S1.items() if k != "r"}
    answer = solve_agents("two-agent", {"r": ".03", "agent": [twin, twin]}).to_dict()
    homogeneous = solve("n-agent", n=2, **cases.S1).to_dict()
    assert _close(answer["pi"][0], homogeneous["at"]["pi"])
    assert answer["pi"][0] == answer["pi"][1]


def test_degenerate_averages_are_refused() -> None:
    """beta = r = 0 with theta = 2 for nu = 0: psi = 1, the determinant vanishes."""
    agent = _agent(".1 0 .2 1 2 1 0 .5")
    answer = solve_agents("two-agent", {"r": "0", "agent": [agent, agent]})
    assert answer.status == "degenerate"
    assert "singular linear system" in answer.message


def _constant_residual(rows: list[dict[str, str]], positions: Any) -> float:
    """Distance of constant positions (beta = r = 0) from the CARA responses to each other."""
    worst = 0.0
    for i, row in enumerate(rows):
        v = {k: Fraction(t) for k, t in row.items()}
        kappa = 1 - v["theta"] * Fraction(v["weight"])
        variance = v["sigma"] ** 2 + v["nu"] ** 2
        others = sum(
            float(Fraction(other["weight"]) * Fraction(other["sigma"])) * positions[j]
            for j, other in enumerate(rows)
            if j != i
        )
        demand = float(v["alpha"] * v["b"] / v["gamma"]) + float(v["theta"] * v["sigma"]) * others
        worst = max(worst, abs(positions[i] - demand / float(kappa * variance)))
    return worst


SINGULAR = {"nu": "0", "sigma": ".2", "theta": "1", "gamma": "2", "alpha": "1", "beta": "0"}


@pytest.mark.parametrize(
    ("changes", "direction"),
    [
        # the answer was ok, pi = 0
        (({"b": "0"}, {"b": "0"}), (1, 1)),
        (({"b": ".1"}, {"b": "-.1"}), (1, 1)),
        (({"b": ".1"}, {"b": ".1", "sigma": "-.2"}), (1, -1)),
        (({"b": ".1"}, {"b": "0.05", "sigma": "-.1"}), (-0.5, 1)),
        (({"b": "0", "theta": ".5"}, {"b": "0", "theta": "1.5"}), (1 / 3, 1)),
        (({"b": "0", "weight": ".3"}, {"b": "0", "weight": ".7"}), (1, 1)),
        (({"b": ".1"}, {"b": ".1"}), None),
        (({"b": ".1"}, {"b": ".1000001", "sigma": "-.2"}), None),
    ],
)
def test_a_singular_system_has_a_line_of_equilibria_or_none(
    changes: tuple[dict[str, str], ...], direction: tuple[float, ...] | None
) -> None:
    rows = [{**SINGULAR, "lambda": ".6", "weight": ".5", **change} for change in changes]
    answer = solve_agents("two-agent", {"r": "0", "agent": rows})
    assert answer.status == "degenerate"
    if direction is None:
        assert "there is no equilibrium" in answer.message
        assert "solutions" not in answer.numbers
        return
    assert "there is a line of equilibria" in answer.message
    through = answer.numbers["solutions"]["through"]
    (found,) = answer.numbers["solutions"]["directions"]
    assert found == pytest.approx(direction)
    for step in (-2.5, 0.0, 1.0, 40.0):
        point = [a + step * d for a, d in zip(through, found)]
        assert _constant_residual(rows, point) < 1e-12 * (1 + abs(step))
    # a planted direction does not stay among the equilibria
    assert _constant_residual(rows, [through[0] + 1, through[1]]) > 0.1


def test_identical_agents_have_a_plane_or_none() -> None:
    many = solve("n-agent", n=3, r=0, b=0, lam=".6", **SINGULAR)
    assert many.status == "degenerate" and "there is a plane of equilibria" in many.message
    directions = many.numbers["solutions"]["directions"]
    # the same constant for all, and the same multiple of the average wealth
    assert [0, 0, 1] in [list(d) for d in directions]
    assert pytest.approx([1 / 3, 1, 0]) in [list(d) for d in directions]
    none = solve("mean-field", r=0, b=".1", lam=".6", **SINGULAR)
    assert none.status == "degenerate" and "there is no equilibrium" in none.message


def test_nearly_singular_systems_are_solved() -> None:
    """Beyond double precision but not singular; and a singular reaction of one agent alone."""
    rows = [{**SINGULAR, "lambda": ".6", "b": ".1", "theta": "0." + 60 * "9", "weight": ".5"}] * 2
    answer = solve_agents("two-agent", {"r": "0", "agent": rows})
    assert answer.ok and answer.numbers["pi"][0] > 1e58
    other = {**SINGULAR, "lambda": ".6", "b": ".08", "theta": ".5", "nu": ".1", "weight": ".5"}
    rows = [{**other, "b": ".1", "theta": "4", "nu": ".2"}, other]
    answer = solve_agents("two-agent", {"r": "0", "agent": rows})
    assert answer.ok and _constant_residual(rows, answer.numbers["pi"]) < 1e-12
    # derivatives go by the reaction of each agent alone
    with pytest.raises(NoSolutionError, match="reaction to its own part"):
        eqsolve.sensitivity("two-agent", r="0", agent=rows)


def test_agent_without_admissible_root_is_named() -> None:
    hopeless = _agent(".12 .3 .3 .5 2 1 .5 .15")
    answer = solve_agents("two-agent", {"r": ".1", "agent": [PAIR[0], hopeless]})
    assert answer.status == "no-admissible-root"
    assert "agent 2" in answer.message


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"r": ".03"}, "no agents"),
        ({"r": ".03", "agent": PAIR[:1]}, "2 .*tables"),
        ({"r": ".03", "agent": [PAIR[0], {**PAIR[1], "gamma": "0"}]}, "agent 2.*gamma"),
        ({"r": ".03", "agent": [PAIR[0], {**PAIR[1], "n": "2"}]}, "'n' is not a parameter"),
        ({"agent": PAIR}, "missing parameter r"),
        ({"r": ".03", "agent": PAIR, "m_b": "1"}, "unexpected m_b"),
        ({"r": ".03", "agent": [PAIR[0], {**PAIR[1], "weight": ".5"}]}, "weight or none"),
        ({"r": ".03", "agent": [{**a, "weight": "-1"} for a in PAIR]}, "weight must be > 0"),
        ({"r": ".03", "agent": [{**a, "theta": "2"} for a in PAIR]}, "kappa"),
        ({"r": ".03", "agent": "x"}, "no agents"),
        ({"r": ".03", "agent": [1, 2]}, "must be a table"),
    ],
)
def test_bad_tables_are_named(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        solve_agents("two-agent", given)


def test_planted_error_is_seen() -> None:
    answer = solve_agents("two-agent", {"r": ".03", "agent": PAIR}).to_dict()
    wrong = spec.two_agent([{**PAIR[0], "gamma": "2.000001"}, PAIR[1]], ".03")
    with pytest.raises(AssertionError):
        _compare(answer, wrong)


def test_each_agent_has_its_own_growth_against_its_own_hazard() -> None:
    """Without competition each is on its own: the joint growth is above the smaller hazard."""
    names = "b nu sigma theta gamma alpha beta lambda".split()
    rows = [
        dict(zip(names, text.split())) for text in (".6 .2 .1 0 1 1 .9 2", ".05 .2 .1 0 5 1 .1 .05")
    ]
    answer = solve_agents("two-agent", {"r": "0", "agent": rows})
    assert answer.ok, answer.message
    # one who looks at the other is paid for what the other's wealth grows to
    rows[1]["theta"] = ".5"
    assert solve_agents("two-agent", {"r": "0", "agent": rows}).status == "infinite-variance"


def _alone(pair: list[dict[str, str]]) -> dict[str, Any]:
    """Tables as parameters that are given one by one, in doubles."""
    letters = {"lam": "lambda"}
    return {
        f"{letters.get(name, name)}_{k}": float(value)
        for k, row in enumerate(pair, start=1)
        for name, value in row.items()
    }


def test_a_sweep_solves_point_by_point(tmp_path: Path) -> None:
    given = {"r": 0.03, **_alone(PAIR)}
    rest = {name: value for name, value in given.items() if name != "theta_1"}
    # kappa is 0 at 2, and -1 is outside the domain
    axis = [0.0, 0.25, 0.5, 2.0, -1.0]
    data = eqsolve.sweep("two-agent", {"theta_1": axis}, rest, out=tmp_path / "a.nc")
    assert data["status"].values.tolist() == [0, 0, 0, 6, 6]
    for k, theta in enumerate(axis[:3]):
        answer = solve_agents("two-agent", {**given, "theta_1": theta})
        for i in range(2):
            (root,) = (one for one in answer.numbers["roots"][i] if one["selected"])
            assert data[f"pi_{i + 1}"].values[k] == answer.numbers["pi"][i]
            assert data[f"V_{i + 1}"].values[k] == answer.numbers["V"][i]
            assert data[f"p1_{i + 1}"].values[k] == root["p1"]
    assert all(np.isnan(data[name].values[3:]).all() for name in data if name != "status")
    assert data["pi_2"].attrs["long_name"].endswith("of agent 2")
    assert data["theta_1"].attrs["units"] == "1"


def test_a_sweep_of_agents_says_what_is_wrong_before_it_begins() -> None:
    given = {"r": 0.03, **_alone(PAIR)}
    for vary, fixed, words in (
        ({"b_1": [0.1, 0.2]}, {k: v for k, v in given.items() if k not in ("b_1", "b_2")}, "b_2"),
        ({"b_3": [0.1, 0.2]}, given, "no parameter 'b_3'"),
        ({"r": [0.0, 0.1]}, {**_alone(PAIR), "nu_2": "-1"}, "nu_2"),
    ):
        with pytest.raises(InputError, match=words):
            eqsolve.sweep("two-agent", vary, fixed)


def test_a_sweep_has_the_status_of_every_point() -> None:
    """A line of equilibria is none that could be written down."""
    line = {"r": 0, "sigma_1": 0.2, "sigma_2": 0.2}
    for k in (1, 2):
        line |= {f"{n}_{k}": v for n, v in zip("b nu theta beta alpha".split(), (0, 0, 1, 0, 1))}
        line |= {f"gamma_{k}": 2, f"lambda_{k}": 0.6}
    rest = {name: value for name, value in line.items() if name != "theta_2"}
    data = eqsolve.sweep("two-agent", {"theta_2": [0.5, 1.0]}, rest)
    answers = [solve_agents("two-agent", {**line, "theta_2": v}) for v in (0.5, 1.0)]
    labels = [status.label for status in Status]
    assert [labels[int(v)] for v in data["status"].values] == [a.status for a in answers]
    assert answers[1].status == "degenerate"


@pytest.mark.parametrize("parameter", ["b_1", "gamma_2", "lambda_1", "r"])
def test_derivatives_are_limits_of_differences(parameter: str) -> None:
    """In any agent's parameter, of positions, averages and responses; r is common."""
    step = Fraction(1, 10**4)

    def results(multiple: int) -> dict[str, float]:
        agents = [dict(agent) for agent in PAIR]
        rate = Fraction("0.03")
        if parameter == "r":
            rate += multiple * step
        else:
            name, k = parameter.replace("lambda", "lam").split("_")
            agents[int(k) - 1][name] = str(Fraction(agents[int(k) - 1][name]) + multiple * step)
        found = eqsolve.solve("heterogeneous", r=str(rate), agent=agents).to_dict()
        table = {f"pi_{k}": value for k, value in enumerate(found["pi"], start=1)}
        for k, row in enumerate(found["response"], start=1):
            table |= {f"{name}_{k}": value for name, value in row.items()}
        return {**table, **found["aggregates"]}

    exact = eqsolve.sensitivity("heterogeneous", r="0.03", agent=PAIR)
    near = [results(multiple) for multiple in (-2, -1, 1, 2)]
    assert exact.ok and exact.values == pytest.approx(results(0), rel=1e-15)
    for name in exact.values:
        low, less, more, high = (one[name] for one in near)
        quotient = (8 * (more - less) - (high - low)) / (12 * float(step))
        # the differences err by their fourth order and by rounding
        assert exact.derivatives[name][parameter] == pytest.approx(quotient, rel=1e-9, abs=1e-10)


def test_derivatives_of_two_agents_and_of_players_with_types_are_the_same() -> None:
    rows = {f"{n}_{k}": a[n] for k, a in enumerate(PAIR, 1) for n in OWN}
    family = eqsolve.sensitivity("two-agent", r="0.03", **rows, outputs=["pi_1", "M_b"])
    engine = eqsolve.sensitivity(
        "relative-wealth", r="0.03", size=2, **rows, at={"x": 1}, outputs=["pi_1"]
    )
    assert set(family.derivatives) == {"pi_1", "M_b"}
    assert family.derivatives["pi_1"] == engine.derivatives["pi_1"]


def test_what_has_no_derivatives_is_said() -> None:
    with pytest.raises(InputError, match="wealths of agents who differ are in their tables"):
        eqsolve.sensitivity("two-agent", r="0.03", agent=PAIR, at={"x": 1})
    with pytest.raises(InputError, match="no parameter 'rho'"):
        eqsolve.sensitivity("two-agent", r="0.03", agent=PAIR, parameters_=["rho"])
    none = eqsolve.sensitivity("heterogeneous", r="0.4", agent=PAIR)
    assert (none.status, none.derivatives) == ("infinite-variance", {})
