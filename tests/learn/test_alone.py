"""One agent's wealth: what is read, what is refused, and what the referee sees. No JAX."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import sympy as sp

import eqsolve
from eqsolve.derivations import kim_omberg, merton, merton_jump
from eqsolve.errors import InputError
from eqsolve.game import Model, expected
from eqsolve.game.parameters import read
from eqsolve.learn.alone.investor import DECADES, Investor, investor, relative_aversion
from eqsolve.learn.alone.referee import MEASURES, Assessor
from eqsolve.learn.referee import idle, worse

VALUES = {"r": "0.03", "B": "0.09", "s": "0.3", "g": "2", "T": "1"}


def problem(model: Model, **values: str) -> Investor:
    return investor(model, read(model, {k: v for k, v in (VALUES | values).items() if v}))


@cache
def referee(g: str = "2") -> Assessor:
    model = merton.model(1 if g == "1" else None)
    values = VALUES | {"g": g}
    return Assessor(investor(model, read(model, values)), model, values)


@pytest.mark.parametrize("g", ["1", "2", "0.5", "7"])
def test_the_solution_has_no_error(g: str) -> None:
    """By hand: B/(g s^2) at risk, and r + B^2/(2 g s^2) is earned in certainty."""
    judge = referee(g)
    found = judge.judge(judge.control, judge.value)
    assert all(abs(v) < 1e-12 for v in found.to_dict().values() if v is not None), found
    y = judge.nodes
    assert judge.control(0.3, y) == pytest.approx(1 / float(g))
    assert judge.value(0.0, y) - y == pytest.approx(0.03 + 0.045 / float(g), abs=1e-12)
    assert judge.grid[0](0.0, y) == pytest.approx(1 / float(g), rel=1e-6)


@pytest.mark.parametrize("g", ["1", "2"])
def test_what_is_known_by_hand(g: str) -> None:
    """A fraction that is wrong by e loses g s^2 e^2/2 of the growth in certainty."""
    judge, right = referee(g), 1 / float(g)
    found = judge.judge(lambda t, y: np.full_like(y, right + 0.2))
    assert found.control_rms == pytest.approx(0.2 / right) == found.control_max
    assert found.loss == pytest.approx(-np.expm1(-float(g) * 0.09 * 0.2**2 / 2), rel=1e-9)
    assert found.value_rms is None
    guess = judge.judge(idle, judge.riskless).to_dict()
    assert guess["control_rms"] == pytest.approx(1)
    assert guess["loss"] == pytest.approx(-np.expm1(-0.045 / float(g)), rel=1e-9)
    assert guess["value_rms"] == pytest.approx(guess["loss"], rel=1e-9)


def test_an_error_is_seen_in_its_decade_alone() -> None:
    """Planted: the fraction and the stated worth are wrong for wealth above 1000."""
    judge = referee()
    edge = 3 * np.log(10.0)
    found = judge.by_decade(
        lambda t, y: judge.control(t, y) * (1 + 0.5 * (y > edge + 1e-9)),
        lambda t, y: judge.value(t, y) + 0.01 * (y > edge + 1e-9),
    )
    assert [*found] == [f"{10.0**k:g}" for k in range(*DECADES)]
    wrong = {name for name, row in found.items() if row.control_rms > 1e-9}
    assert wrong == {"1000", "10000"} == {k for k, row in found.items() if row.value_rms > 1e-9}
    assert found["10000"].loss == pytest.approx(-np.expm1(-0.09 * 0.25**2), rel=1e-3)
    assert found["1"].loss == pytest.approx(0, abs=1e-12)
    # wealth below the edge may grow beyond it
    assert 0 < found["100"].loss < found["10000"].loss / 5


def test_worse_than_a_guess_is_said() -> None:
    judge = referee()
    guess = judge.judge(idle, judge.riskless).to_dict()
    wrong = judge.judge(lambda t, y: -judge.control(t, y), judge.riskless).to_dict()
    assert worse(wrong, guess, MEASURES) == [*MEASURES]
    assert worse(judge.judge(judge.control, judge.value).to_dict(), guess, MEASURES) == []
    nothing = judge.judge(lambda t, y: np.full_like(y, np.nan), lambda t, y: y * np.nan).to_dict()
    assert set(nothing.values()) == {None} and worse(nothing, guess, MEASURES) == [*MEASURES]


def test_the_numbers_of_the_declaration() -> None:
    found = problem(merton.model(), g="3", T="2")
    assert (found.horizon, found.rate, found.excess) == (2.0, 0.03, 0.09)
    assert (found.volatility, found.aversion, found.power) == (0.3, 3.0, -2.0)
    x = sp.Symbol("x")
    assert relative_aversion(5 - 2 * sp.sqrt(x), x) == sp.Rational(1, 2)
    assert relative_aversion(sp.exp(-x), x).has(x)
    assert relative_aversion(sp.sqrt(x) + sp.log(x), x).has(x)


def changed(**parts: Any) -> Model:
    """The model with another preference or other parts of its state."""
    model = merton.model()
    game = model.game
    if "payoff" in parts:
        player = replace(game.players[0], preference=expected(payoff=parts["payoff"]))
        return replace(model, game=replace(game, players=(player,)))
    return replace(model, game=replace(game, states=(replace(game.states[0], **parts),)))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (changed(payoff=-sp.exp(-merton.x)), "risk aversion depends on wealth"),
        (changed(payoff=merton.x), "not averse to risk"),
        (changed(drift=merton.pi * merton.B + 1), "alike at every scale"),
        (changed(loadings={"W": merton.s * merton.pi + merton.x}), "proportional to the control"),
        (changed(drift=merton.B * merton.pi**2), "not affine"),
    ],
)
def test_declarations_that_are_no_such_problem_are_refused(model: Model, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        problem(model)
    assert model.name in str(caught.value) and "learn" in str(caught.value)


@pytest.mark.parametrize(
    ("game", "values", "method", "message"),
    [
        ("merton", VALUES | {"B": "0"}, "pinn", "earns nothing"),
        ("merton", VALUES, "direct", "Take one of pinn, actor-critic, pinn-plain"),
        ("kim-omberg", kim_omberg.DEFAULT, "pinn", "more than one state"),
        ("merton-jump", merton_jump.EXAMPLE, "actor-critic", "states jump"),
    ],
)
def test_games_that_cannot_be_learned_are_refused(
    game: str, values: dict[str, str], method: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        eqsolve.learn(game, values, method=method)
