"""Every known result that a model's file declares is reached, to the digits it is printed with."""

from __future__ import annotations

from typing import Any

import pytest

from eqsolve.errors import BrokenGameError
from eqsolve.game import Model
from eqsolve.registry import games, resolve
from eqsolve.solve.solve import solve

#: Structures besides the default one, in which a file has other references.
STRUCTURES: dict[str, tuple[dict[str, Any], ...]] = {
    "execution": ({"notion": "planner"}, {"size": 2}),
    "exit-externality": ({"notion": "planner"},),
    "sticky-prices": ({"notion": "open-loop"},),
    "systemic-risk": (
        {"size": 2},
        {"notion": "open-loop"},
        {"notion": "open-loop", "size": 2},
    ),
}


def declared() -> list[tuple[str, dict[str, Any]]]:
    """Every model with references, in every structure that has its own."""
    found: list[tuple[str, dict[str, Any]]] = []
    for game in games():
        assert not isinstance(game, BrokenGameError), game
        if isinstance(game.model, Model) and game.model.reference:
            found += [(game.name, how) for how in ({}, *STRUCTURES.get(game.name, ()))]
    return found


@pytest.mark.parametrize(("name", "structure"), declared(), ids=str)
def test_references_are_reached(name: str, structure: dict[str, Any]) -> None:
    exported = resolve(name).exported
    model = exported if isinstance(exported, Model) else exported(**structure)
    assert model.reference
    for case, results in model.reference.items():
        answer = solve(exported, model.cases[case], **structure)
        found = {**answer.coefficients, **answer.at, **answer.outputs}
        for result, printed in results.items():
            last = 10.0 ** -len(printed.partition(".")[2])
            assert abs(found[result] - float(printed)) <= 1.01 * last, (case, result)


def test_the_planner_of_execution_has_no_value_beyond_its_explosion_horizon() -> None:
    exported = resolve("execution").exported
    case = {**exported(notion="planner").cases["default"], "T": "1.6"}
    answer = solve(exported, case, notion="planner")
    assert answer.status.label == "explodes"
    assert answer.explosion == pytest.approx(1.54944070166526, abs=1e-13)
