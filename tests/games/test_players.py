"""Investors of their own types in closed loop, beside identical ones; what is not proved."""

from __future__ import annotations

from fractions import Fraction

import pytest

import eqsolve
from eqsolve.derivations.mean_variance.players import players
from eqsolve.solve import reduction
from eqsolve.solve.answer import Answer
from eqsolve.solve.solve import solve

S1 = dict(zip("b nu sigma theta gamma alpha beta lambda".split(), ".12 .2 .2 .5 2 1 .5 .6".split()))
OTHER = dict(
    zip("b nu sigma theta gamma alpha beta lambda".split(), ".15 .3 .2 .8 3 .5 1 .8".split())
)


def solved(*rows: dict[str, str]) -> Answer:
    given = {"r": ".03"} | {f"weight_{k}": Fraction(1, len(rows)) for k in range(1, len(rows) + 1)}
    given |= {f"{name}_{k}": v for k, row in enumerate(rows, 1) for name, v in row.items()}
    return solve(players(len(rows)), given, at={f"x_{k}": 1 for k in range(1, len(rows) + 1)})


def test_equal_types_reproduce_the_closed_loop_of_identical_agents() -> None:
    answer = solved(S1, S1)
    assert answer.ok and "none was missed" in answer.message
    given = {**S1, "r": ".03", "n": 2}
    alike = eqsolve.solve("n-agent", given, equilibrium="closed-loop").strategy
    own = answer.strategy["pi_1"]
    # y is the other's wealth over 2
    assert own["x_1"] == pytest.approx(alike["x"], rel=1e-12)
    assert own["x_2"] == pytest.approx(alike["y"] / 2, rel=1e-12)
    assert own["1"] == pytest.approx(alike["1"], rel=1e-12)


def test_different_types_have_one_admissible_solution_in_the_region() -> None:
    answer = solved(S1, OTHER)
    assert answer.ok and answer.certificate["region"]["k_11"] >= 1
    assert sum(root["admissible"] for root in answer.roots) == 1
    swapped = solved(OTHER, S1)
    assert swapped.strategy["pi_2"]["x_1"] == pytest.approx(answer.strategy["pi_1"]["x_2"])


def test_a_search_that_is_given_up_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reduction, "_BOXES", 1)
    answer = solved(S1, OTHER)
    assert answer.ok and "there may be others" in answer.message
    assert "region" not in answer.certificate
