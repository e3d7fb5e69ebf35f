"""Every known result that a model's file declares is reached, to the digits it is printed with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from eqsolve.errors import BrokenGameError, InputError
from eqsolve.game import Model
from eqsolve.registry import games, resolve
from eqsolve.solve.solve import solve
from eqsolve.verify.models import Variant, model_checks, reference_checks

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


def _fails(name: str, result: str, printed: str, **structure: Any) -> bool:
    """Whether a reference is refuted, after the file's own are confirmed."""
    exported = resolve(name).exported
    model = exported if isinstance(exported, Model) else exported(**structure)
    known = model.reference["default"]
    assert not [c for c in reference_checks(model, "default", known) if c.verdict != "pass"]
    (check,) = reference_checks(model, "default", {result: printed})
    return check.verdict == "fail"


@pytest.mark.parametrize(
    ("name", "result", "printed", "wrong"),
    [
        ("lq-target", "A", "0.5", "0.62"),
        ("lq-target", "A", "5e-1", "5e-2"),
        ("lq-target", "A", "5.00e-1", "5.02e-1"),
        ("lq-target", "A", "0.500000000000", "0.500000000003"),
        ("lq-mfg", "Q", "-0.2901688", "0.2901688"),
        ("lq-mfg", "P", "9.136709e-1", "9.136711e-1"),
        ("basak-chabakauri", "Var", "8e-2", "0"),
        ("basak-chabakauri", "Var", "0.0800", "1"),
        ("bjork-murgoci-zhou", "V", "1.05175817610491", "1.05175817610493"),
        ("merton-consumption", "fraction", "0.50000", "0.50002"),
        ("merton-consumption", "fraction", "0.50000", "1"),
        ("reinsurance", "V", "1.564894", "1.564892"),
    ],
)
def test_a_wrong_reference_of_a_file_is_refuted(
    name: str, result: str, printed: str, wrong: str
) -> None:
    assert not _fails(name, result, printed)
    assert _fails(name, result, wrong)


def test_references_of_players_with_types_of_their_own_are_compared() -> None:
    model = resolve("lacker-zariphopoulou-cara").exported(size=2)
    rows = {"mu": ["0.08", "0.05"], "nu": ["0.2", "0.15"], "sigma": ["0.15", "0.25"]}
    rows |= {"theta": ["0.5", "0.8"], "delta": ["1", "2"], "T": "1.5", "n": "2"}
    for printed, verdict in (("2.2300000000", "pass"), ("2.2300001000", "fail")):
        changed = replace(model, cases={"two": rows}, reference={"two": {"k_1": printed}})
        checks = model_checks(Variant(changed, "feedback"), paths=100)
        assert [c.verdict for c in checks if c.kind == "reference"] == [verdict]


def test_a_reference_that_is_no_decimal_is_refused() -> None:
    model = resolve("lq-target").exported
    with pytest.raises(InputError, match="lq-target, reference: .* 'a half', no decimal"):
        reference_checks(model, "default", {"A": "a half"})


def test_the_planner_of_execution_has_no_value_beyond_its_explosion_horizon() -> None:
    exported = resolve("execution").exported
    case = {**exported(notion="planner").cases["default"], "T": "1.6"}
    answer = solve(exported, case, notion="planner")
    assert answer.status.label == "explodes"
    assert answer.explosion == pytest.approx(1.54944070166526, abs=1e-13)
