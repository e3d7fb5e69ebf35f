"""Any number of agents who differ: against the key, reductions, many equilibria, planted errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from random import Random
from typing import Any

import pytest
import sympy as sp

from by_name import solve, solve_agents
from eqsolve.errors import InputError
from eqsolve.paper.planted import _in_form
from eqsolve.registry import model
from eqsolve.symbolic.heterogeneous import GENERIC
from eqsolve.verify.any_number import any_number_checks
from reference import cases
from reference.heterogeneous import constant_equilibrium, heterogeneous

OWN = ("b", "nu", "sigma", "theta", "gamma", "alpha", "beta", "lam")
Rows = Sequence[Mapping[str, Any]]


#: Ranges of agents who have an equilibrium.
RANGES = {
    **{"b": (0.05, 0.12), "nu": (0.15, 0.3), "sigma": (-0.2, 0.3), "theta": (0, 0.9)},
    **{"gamma": (1, 4), "alpha": (0.3, 1.5), "beta": (0.1, 0.5), "lam": (0.5, 1)},
    "wealth": (0.5, 2),
}


def rows_of(count: int, seed: int) -> list[dict[str, Any]]:
    """Agents drawn one by one."""
    generator = Random(seed)
    return [
        {name: str(round(generator.uniform(*ends), 4)) for name, ends in RANGES.items()}
        for _ in range(count)
    ]


def close(found: float, expected: Any) -> bool:
    return abs(found - float(expected)) <= 4e-16 * max(abs(float(expected)), 1e-300)


# -- the closed form ----------------------------------------------------------------------------


def test_the_closed_form_has_sums_over_any_number() -> None:
    game = model("heterogeneous")
    agents, form = game.population, game.derivation.form
    for average in agents.averages.values():
        for name in average.products.values():
            (summed,) = form[name].atoms(sp.Sum)
            assert form[name] == summed and summed.limits[0][2] == agents.roles.size
    # an agent's answer to the others goes through the averages alone: rank two beside a diagonal
    position = form[agents.of(GENERIC, agents.position)]
    totals = [a.total for a in agents.averages.values()]
    assert sp.Poly(position, *totals).total_degree() == 1 and len(totals) == 2


def test_every_planted_error_in_it_is_seen() -> None:
    game = model("heterogeneous")
    assert all(c.error == 0 for c in any_number_checks(game, game.population, game.derivation.form))
    errors = [*_in_form(game, skip=False)]
    assert len(errors) >= 8
    for error in errors:
        assert any(check.error != 0 for check in error.run()), error.what


# -- numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "seed"), [(2, 3), (3, 4), (5, 8)])
def test_agents_agree_with_the_key(count: int, seed: int) -> None:
    rows = rows_of(count, seed)
    total = sum(range(1, count + 1))
    for k, row in enumerate(rows, 1):
        row["weight"] = Fraction(k, total)
    answer, key = solve_agents("heterogeneous", {"r": "0.02", "agent": rows}), heterogeneous(
        rows, "0.02"
    )
    assert answer.ok and key["status"] == "ok", answer.message
    document = answer.to_dict()
    for i in range(count):
        assert close(document["pi"][i], key["pi"][i]) and close(document["V"][i], key["V"][i])
        for j in range(count):
            assert close(document["feedback"]["wealth"][i][j], key["K"][i][j])
    assert close(document["aggregates"]["M_s"], key["M_s"])
    wrong = heterogeneous(
        [{**rows[0], "gamma": Fraction(rows[0]["gamma"]) * Fraction(1000001, 10**6)}, *rows[1:]],
        "0.02",
    )
    assert not close(document["pi"][0], wrong["pi"][0])


def test_two_of_them_are_the_game_of_two() -> None:
    rows = rows_of(2, 3)
    first, second = (
        solve_agents(game, {"r": "0.02", "agent": rows}).to_dict()
        for game in ("two-agent", "heterogeneous")
    )
    assert {**first, "game": ""} == {**second, "game": ""}


def test_equal_agents_are_the_homogeneous_game() -> None:
    twin = {k: v for k, v in cases.S1.items() if k != "r"}
    answer = solve_agents("heterogeneous", {"r": ".03", "agent": [twin] * 4}).to_dict()
    alike = solve("n-agent", n=4, **cases.S1).to_dict()
    assert close(answer["pi"][0], alike["at"]["pi"])
    own = alike["strategy"]["x"]
    assert answer["feedback"]["wealth"][0][0] == pytest.approx(own, rel=1e-15)


def test_without_interest_and_wealth_the_equilibrium_is_the_constant_one() -> None:
    rows = rows_of(4, 8)
    rows = [{**row, "beta": "0"} for row in rows]
    answer = solve_agents("heterogeneous", {"r": "0", "agent": rows})
    assert answer.ok, answer.message
    for found, expected in zip(answer.pi, constant_equilibrium([{**row, "r": 0} for row in rows])):
        assert close(found, expected)


# -- several equilibria -------------------------------------------------------------------------

NINE = (
    dict(zip(OWN, ".35 .15 .1 .5 2 1 .1 .06".split())),
    dict(zip(OWN, ".32 .14 .1 .4 3 .8 .1 .05".split())),
)


def test_all_joint_equilibria_are_listed() -> None:
    answer = solve_agents("heterogeneous", {"r": ".02", "agent": NINE}).to_dict()
    found = answer["equilibria"]
    assert len(found) == 9 and sum(one["status"] == "ok" for one in found) == 4
    assert sum(one["selected"] for one in found) == 1
    for one in found:
        choice = [k - 1 for k in one["roots"]]
        key = heterogeneous([{**row, "wealth": 1} for row in NINE], ".02", choice)
        assert (one["status"] == "ok") == (key["status"] == "ok")
        for i in range(2):
            assert one["pi"][i] == pytest.approx(float(key["pi"][i]), rel=1e-13)


def test_more_of_them_are_counted() -> None:
    answer = solve_agents("heterogeneous", {"r": ".02", "agent": [*NINE, *NINE, NINE[0]]})
    assert "243 joint choices" in answer.message and "equilibria" not in answer.numbers


def test_agents_are_given_one_by_one_and_none_is_left_out() -> None:
    first, second = NINE
    names = {"r": ".02"} | {f"{k}_1": v for k, v in first.items()}
    with pytest.raises(InputError, match="nothing is given of agent 2"):
        solve_agents("heterogeneous", names | {f"{k}_3": v for k, v in second.items()})
