"""Finitely many players tend to the continuum at the rate 1/n, with the constants of the keys."""

from __future__ import annotations

from typing import Any

import pytest

from eqsolve.registry import resolve
from eqsolve.solve.solve import solve
from eqsolve.studies.limit import converge_model
from reference.games import execution
from reference.games.draws import DEFAULTS

MANY = 10**6


def test_execution_has_the_rate_constants_of_its_key() -> None:
    parameters: dict[str, Any] = dict(DEFAULTS["execution"])
    builder = resolve("execution").exported
    limit, found = solve(builder, parameters), solve(builder, parameters, size=MANY)
    constants = execution.rate_constants(**parameters)
    x, m = (found.strategy["a"][name] for name in ("x", "m"))
    # the key's players see the mean of the others
    assert MANY * (x + m / MANY - limit.strategy["a"]["x"]) == pytest.approx(
        float(constants["x"]), rel=1e-4
    )
    assert MANY * (m * (1 - 1 / MANY) - limit.strategy["a"]["m"]) == pytest.approx(
        float(constants["z"]), rel=1e-4
    )
    assert MANY * (found.at["J"] - limit.at["J"]) == pytest.approx(float(constants["J"]), rel=1e-4)


def test_derived_constants_of_execution_are_those_of_its_key() -> None:
    parameters: dict[str, Any] = dict(DEFAULTS["execution"])
    study = converge_model(resolve("execution").exported, parameters, [10])
    constants = execution.rate_constants(**parameters)
    x, z = (float(constants[name]) for name in ("x", "z"))
    assert (study.constants, study.leading_order) == ("derived", 1.0)
    # the key's players see the mean of the others: x + m/n and m (1 - 1/n)
    assert study.rate_constants["a.x"] + study.limit["a.m"] == pytest.approx(x, rel=1e-8)
    assert study.rate_constants["a.m"] - study.limit["a.m"] == pytest.approx(z, rel=1e-8)
    (_, row), *_ = study.rows
    for name, move in study.directions.items():
        assert move == ("falls" if row[name] > study.limit[name] else "rises")
    assert set(study.directions) == {k for k, v in study.rate_constants.items() if v != 0} != set()


@pytest.mark.parametrize("notion", ["feedback", "open-loop"])
def test_banks_tend_to_their_mean_field_game(notion: str) -> None:
    parameters: dict[str, Any] = dict(DEFAULTS["systemic-risk"])
    builder = resolve("systemic-risk").exported
    limit = solve(builder, parameters, notion=notion).strategy["alpha"]["m"]
    gaps = [
        n * (solve(builder, parameters, notion=notion, size=n).strategy["alpha"]["m"] - limit)
        for n in (10**3, 10**6)
    ]
    assert gaps[0] == pytest.approx(gaps[1], rel=1e-2)
    assert abs(gaps[1]) > 0.01


def test_both_solution_concepts_of_banks_have_the_same_limit() -> None:
    parameters: dict[str, Any] = dict(DEFAULTS["systemic-risk"])
    builder = resolve("systemic-risk").exported
    feedback, open_loop = (
        solve(builder, parameters, notion=notion).strategy["alpha"]["m"]
        for notion in ("feedback", "open-loop")
    )
    assert feedback == pytest.approx(open_loop, rel=1e-14)
