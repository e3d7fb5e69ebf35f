"""Short deviations from a strategy, by exact moments."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from flint import arb, fmpq

import engine_models
from eqsolve.errors import NoSolutionError
from eqsolve.studies.equilibrium import Equilibrium
from eqsolve.studies.moments import Moments
from eqsolve.verify.deviation import deviation_checks

#: Payoffs that are no polynomials: their expectations do not follow from finitely many moments.
NOT_APPLICABLE = ("mean-reverting", "consumption", "jumps")
NAMES = tuple(n for n in engine_models.MODELS if n not in NOT_APPLICABLE)


def _scaled(claim: Equilibrium, letter: sp.Symbol, factor: fmpq) -> Equilibrium:
    def coefficients(time: Fraction) -> dict[sp.Symbol, arb]:
        table = dict(claim.coefficients(time))
        return table | {letter: table[letter] * factor}

    return replace(claim, coefficients=coefficients)


@pytest.mark.parametrize("name", NAMES)
def test_no_deviation_is_a_gain(name: str) -> None:
    checks = deviation_checks(engine_models.solved(name))
    assert {check.verdict for check in checks} == {"pass"}
    assert max(check.error for check in checks) < 1e-11


@pytest.mark.parametrize("name", NAMES)
def test_a_strategy_that_is_off_by_a_millionth_is_found(name: str) -> None:
    claim = engine_models.solved(name)
    for letter in claim.letters:
        checks = deviation_checks(_scaled(claim, letter, 1 + fmpq(1, 10**6)))
        assert any(check.verdict == "fail" for check in checks), letter


@pytest.mark.parametrize("name", NOT_APPLICABLE)
def test_payoffs_that_are_no_polynomials_are_not_judged(name: str) -> None:
    (check,) = deviation_checks(engine_models.solved(name))
    assert check.verdict == "not verified"
    assert "polynomial" in check.note


def test_the_wrong_sense_is_no_optimum() -> None:
    claim = engine_models.solved("regulator")
    derivation = claim.derivation
    (player,) = derivation.model.game.players
    wrong = replace(player, preference=replace(player.preference, sense="maximize"))
    game = replace(derivation.model.game, players=(wrong,))
    model = replace(derivation.model, game=game)
    checks = deviation_checks(replace(claim, derivation=replace(derivation, model=model)))
    assert {check.verdict for check in checks} == {"fail"}


def test_expectations_of_a_regulator_are_those_of_an_ornstein_uhlenbeck_process() -> None:
    claim = engine_models.solved("regulator")
    (player,) = claim.game.players
    moments = Moments(claim, player)
    (row,) = moments.values(np.zeros(1))[0]
    found = dict(zip(moments.basis, row))
    k, lam, s = float(claim.coefficients(Fraction(0))[claim.letters[0]].mid()), 0.25, 0.5
    square = (1 + k**2) / 2 / (lam + 2 * k)
    assert found[(2,)] == pytest.approx(square, rel=1e-13)
    assert found[(0,)] == pytest.approx(square * s**2 / lam, rel=1e-13)


def test_infinite_expectations_are_found() -> None:
    claim = engine_models.solved("regulator")
    checks = deviation_checks(_scaled(claim, claim.letters[0], fmpq(-2)))
    assert [check.verdict for check in checks] == ["fail"]
    assert "grow" in checks[0].note
    with pytest.raises(NoSolutionError):
        Moments(_scaled(claim, claim.letters[0], fmpq(-2)), claim.game.players[0]).values(
            np.zeros(1)
        )
