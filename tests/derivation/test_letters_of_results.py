"""What a model may say of its results: other letters, what must not vanish, numbers besides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sympy as sp

from eqsolve.derivation.derivation import derived
from eqsolve.derivations.mean_variance import wealth
from eqsolve.derivations.mean_variance.wealth import B, nu, pi, theta, y
from eqsolve.errors import DerivationError, InputError
from eqsolve.game import Model
from eqsolve.program.make import program
from eqsolve.solve.answer import Answer
from eqsolve.solve.solve import solve

VALUES = dict(
    zip(
        "r b nu sigma theta gamma alpha beta lambda n".split(),
        ".03 .12 .2 .2 .5 2 1 .5 .6 3".split(),
    )
)


def answer(model: Model, at: dict[str, Any], **changes: str) -> Answer:
    return solve(model, {**VALUES, **changes}, at=at)


def test_results_in_other_letters_are_the_same_functions() -> None:
    """At m = y + x/n strategy and value are the same numbers, their coefficients not."""
    plain = answer(wealth.crowd("given", 2), {"x": "2", "m": "7/6"})
    moved = answer(wealth.family(2), {"x": "2", "y": "1/2"})
    for name in ("pi", "V", "J", "exploitability"):
        assert moved.at[name] == pytest.approx(plain.at[name], rel=1e-14)
    old, new = plain.strategy["pi"], moved.strategy["pi"]
    assert new["y"] == pytest.approx(old["m"], rel=1e-14)
    assert new["x"] == pytest.approx(old["x"] + old["m"] / 3, rel=1e-14)
    (value,) = moved.value.values()
    worth = sum(
        coefficient * 2 ** name.count("x") * 0.5 ** name.count("y")
        for name, coefficient in value.items()
    )
    assert worth == pytest.approx(moved.at["V"], rel=1e-13)
    # what the strategy implies of the others is put into the coefficients
    assert moved.implied["d"] != pytest.approx(moved.coefficients["d"], rel=1e-3)


def test_frozen_averages_are_parameters() -> None:
    """At the averages that the fixed point has the response is the strategy."""
    place = {"x": "2", "y": "1/2"}
    played = answer(wealth.family(2), place)
    row = played.strategy["pi"]
    # the others are where their mean is: each has 3/4, and sees what is left of the average
    own = 0.75
    seen = 0.5 + (2 - own) / 3
    others = row["x"] * own + row["y"] * seen + row["1"]
    share = 2 / 3
    averages = {"m_b": 0.09 * share * others, "m_s": 0.2 * share * others}
    averages["m_2"] = share / 3 * (0.2 * others) ** 2
    found = answer(wealth.response(), place, **{k: repr(v) for k, v in averages.items()})
    assert found.at["pi"] == pytest.approx(played.at["pi"], rel=1e-13)
    assert found.at["V"] == pytest.approx(played.at["V"], rel=1e-13)
    assert "J" not in found.at and not found.growth


def test_numbers_besides_are_those_of_another_question() -> None:
    place = {"x": "2", "y": "1/2"}
    found = answer(wealth.family(2), place)
    alone = answer(wealth.family(2), place, theta="0")
    assert found.at["pi_noncompetitive"] == alone.at["pi"]
    assert found.at["pi"] > 1.1 * alone.at["pi"]


def test_what_is_required_is_refused_before_work() -> None:
    with pytest.raises(InputError, match="must not both be 0"):
        answer(wealth.family(2), {"x": "1", "y": "1"}, nu="0", sigma="0")
    with pytest.raises(InputError, match="kappa"):
        answer(wealth.family(2), {"x": "1", "y": "1"}, theta="3")


def test_one_player_is_the_whole_crowd() -> None:
    """Nobody else: the problem without competitors, with the weight kappa of the own wealth."""
    one = answer(wealth.family(2), {"x": "2", "y": "0"}, n="1")
    alone = answer(wealth.response(), {"x": "2", "y": "0"}, n="1", m_b="0", m_s="0", m_2="0")
    assert one.at["V"] == pytest.approx(alone.at["V"], rel=1e-14)
    assert one.at["J"] == pytest.approx(one.at["V"], rel=1e-14)
    assert one.at["exploitability"] == 0
    assert one.growth["finite"] is True
    with pytest.raises(InputError, match="no competitors"):
        answer(wealth.family(2), {"x": "2", "y": "1"}, n="1")


def test_the_largest_quantity_is_the_limit_of_finite_horizons() -> None:
    """The rule that a model names selects what the integrated horizon reaches."""
    several = {"r": ".02", "b": ".35", "nu": ".15", "sigma": ".1", "beta": ".1", "lambda": ".08"}
    named = answer(wealth.family(2), {"x": "1", "y": "2/3"}, **several)
    plain = replace(wealth.family(2), limit=None)
    reached = answer(plain, {"x": "1", "y": "2/3"}, **several)
    assert [root["admissible"] for root in named.roots].count(True) == 3
    assert named.outputs["p1"] == reached.outputs["p1"]
    least = replace(wealth.family(2), limit=-B * wealth.p1)
    assert answer(least, {"x": "1", "y": "2/3"}, **several).outputs["p1"] != named.outputs["p1"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"coordinates": {sp.Symbol("z"): y}}, "coordinates has z"),
        ({"coordinates": {wealth.m: sp.Symbol("z")}}, "coordinates has z"),
        ({"limit": sp.Symbol("z")}, "the limit has z"),
        ({"required": {"it is": sp.Symbol("z")}}, "what is required"),
        ({"beside": {"else": {sp.Symbol("z"): 1}}}, "the numbers of else has z"),
        ({"frozen": {sp.Symbol("z"): B * pi}}, "frozen averages has z"),
        ({"frozen": {theta: nu * pi}}, "no parameter is the average"),
    ],
)
def test_letters_that_are_not_there_are_named(changes: dict[str, Any], words: str) -> None:
    model = replace(wealth.family(2), **changes)
    with pytest.raises(DerivationError, match=words):
        program(derived(model), model)


def test_a_moment_at_the_edge_is_infinite_and_not_degenerate() -> None:
    """At lambda = 2 r no coefficient of the others' square exists: its expectation is infinite."""
    edge = answer(wealth.family(2), {"x": "1", "y": "2/3"}, r=".05", b=".15", **{"lambda": ".1"})
    assert edge.status.label == "infinite-variance"
    assert "not below 0.1" in edge.message
    assert len(edge.roots) == 1 and "p1" in edge.roots[0]["outputs"]
    off = answer(
        wealth.family(2), {"x": "1", "y": "2/3"}, r=".05", b=".15", **{"lambda": ".100000001"}
    )
    assert off.status.label != "degenerate"
