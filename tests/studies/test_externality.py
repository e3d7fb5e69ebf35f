"""The example of holders who leave, against its numbers by hand and against enumeration."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from eqsolve.errors import InputError
from eqsolve.studies.externality import Externality, externality

MILLION = 10**6


def example() -> Externality:
    return externality(
        1000, 100 * MILLION, "0.3", "0.7", "0.00001", volume=13 * 10**12, rate="0.023"
    )


def test_the_numbers_of_the_example() -> None:
    found = dict(example().steps())
    assert found["one exit saves"] == 70 * MILLION
    assert found["one exit loses"] == 30 * MILLION
    assert found["one exit costs the others"] == Fraction("0.999") * MILLION
    assert found["all exits widen the discount by"] == Fraction(1, 100)
    assert found["all exits cost each further"] == MILLION
    assert found["all exits cost together further"] == 1000 * MILLION
    assert found["all exits lose together by the discount"] == 30_000 * MILLION
    assert found["share of the externality in that loss"] == Fraction(1, 30)
    assert found["loss of a year"] == 299 * 10**9
    # a gain of 40 M is far above .999 M: even the planner's holders leave, and there is no gap
    assert found["welfare gap"] == 0 and found["exits of the planner"] == 1000


@pytest.mark.parametrize("saved", ["0.25", "0.3", "0.301", "0.302", "0.305", "0.32", "0.7"])
def test_equilibrium_planner_and_gap_by_enumeration(saved: str) -> None:
    game = externality(12, 50, "0.3", saved, "0.001")

    def payoff(leaves: bool, exits: int) -> Fraction:
        own = Fraction(saved) - Fraction("0.3") if leaves else Fraction(0)
        return 50 * (own - exits * Fraction("0.001"))

    def welfare(k: int) -> Fraction:
        return k * payoff(True, k) + (12 - k) * payoff(False, k)

    stable = [
        k
        for k in range(13)
        if (k == 0 or payoff(True, k) >= payoff(False, k - 1))
        and (k == 12 or payoff(False, k) >= payoff(True, k + 1))
    ]
    assert game.nash in stable
    assert welfare(game.planned) == max(map(welfare, range(13)))
    assert game.gap == max(map(welfare, range(13))) - welfare(game.nash) >= 0
    assert game.welfare(5) == welfare(5)
    # a planted error: a wider discount for the others
    wrong = replace(game, widening=2 * game.widening)
    assert wrong.welfare(5) != welfare(5)


def test_there_is_a_gap_where_leaving_is_worth_less_than_it_costs_the_others() -> None:
    found = externality(1000, 100 * MILLION, "0.3", "0.305", "0.00001")
    assert (found.nash, found.planned) == (1000, 0)
    assert found.gap == 500 * MILLION
    assert "the planner's do not" in str(found) and "welfare gap" in found._repr_html_()


@pytest.mark.parametrize(
    "given",
    [(0, 1, ".3", ".7", 0), (2, -1, ".3", ".7", 0), (2, 1, "2", ".7", 0), (2, 1, ".3", ".7", "x")],
)
def test_what_makes_no_sense_is_refused(given: tuple[object, ...]) -> None:
    with pytest.raises(InputError):
        externality(*given)  # type: ignore[arg-type]
