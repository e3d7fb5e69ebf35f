"""Declarations with the mistakes that an author makes: the right answer, or what to write."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import sympy as sp

from eqsolve.derivation.derivation import derive
from eqsolve.errors import DerivationError
from eqsolve.game import (
    Ansatz,
    Game,
    Horizon,
    Model,
    Player,
    State,
    Vocabulary,
    expected,
    parameter,
    t,
)
from eqsolve.solve.solve import solve
from eqsolve.verify.proof import prove

x, u, v, a, q, rho, s, A, B, k, l, T = sp.symbols("x u v a q rho s A B k l T")
VALUES = {"a": "0.1", "q": "1", "rho": "0.5", "s": "0.2", "T": "1"}
COST = (q * x**2 + u**2) / 2


def declared(
    drift: sp.Expr = a * x + u,
    running: sp.Expr = COST,
    *,
    payoff: sp.Expr = sp.S.Zero,
    sense: str = "minimize",
    discount: sp.Expr = rho,
    horizon: Horizon | None = None,
    feedback: Mapping[sp.Symbol, sp.Expr] | None = None,
    value: sp.Expr = A * x**2 + B,
) -> Model:
    forms = dict(feedback or {u: k * x})
    player = Player("one", tuple(forms), expected(running, payoff, sense), discount)
    game = Game("mistaken", (State(x, drift, {"W": s}),), (player,), horizon or Horizon())
    letters = Vocabulary(*(parameter(letter) for letter in (a, q, rho, s, T)))
    return Model(game, Ansatz({"J": value}, forms), letters)


REFUSED = {
    "two controls that are collinear": (
        declared(a * x + u + v, (q * x**2 + (u + v) ** 2) / 2, feedback={u: k * x, v: l * x}),
        "first-order condition",
        "Leave it out of the feedback",
    ),
    "a control without a cost": (declared(running=q * x**2), "second-order condition", "a cost"),
    "a gain that is minimized": (declared(running=-COST), "second-order condition", "maximize"),
    "a cost that is maximized": (declared(sense="maximize"), "second-order condition", "minimize"),
    "a discount that is forgotten": (declared(discount=sp.S.Zero), "horizon", "discount rate"),
    "a payoff that never falls due": (declared(payoff=x**2), "horizon", "an end"),
    "a payoff that the ansatz cannot equal": (
        declared(payoff=q * x**3, horizon=Horizon(0, T)),
        "terminal values",
        "Enlarge the ansatz",
    ),
}


@pytest.mark.parametrize("mistake", REFUSED)
def test_a_mistake_is_refused_with_game_stage_and_remedy(mistake: str) -> None:
    model, stage, remedy = REFUSED[mistake]
    with pytest.raises(DerivationError) as caught:
        derive(model)
    assert caught.value.stage == stage
    assert str(caught.value).startswith("mistaken, ") and remedy in str(caught.value)


def test_a_control_that_does_not_enter_is_zero() -> None:
    """(rho - 2 a) A = q/2, rho B = s^2 A."""
    model = declared(a * x)
    found = solve(model, VALUES)
    assert not [c for c in prove(derive(model)) if c.verdict != "pass"]
    assert found.strategy["u"]["x"] == 0
    assert found.coefficients["A"] == pytest.approx(0.5 / 0.3, rel=1e-14)
    assert found.coefficients["B"] == pytest.approx(0.04 * 0.5 / 0.3 / 0.5, rel=1e-14)


def test_a_parameter_in_the_ansatz_is_no_coefficient() -> None:
    """2 A^2 + (rho - 2 a) A = q/2, rho q B = s^2 A."""
    found = solve(declared(value=A * x**2 + B * q), VALUES | {"q": "2"})
    known = (-0.3 + (0.09 + 8) ** 0.5) / 4
    assert found.coefficients["A"] == pytest.approx(known, rel=1e-14)
    assert found.coefficients["B"] == pytest.approx(0.04 * known / 0.5 / 2, rel=1e-14)


@pytest.mark.parametrize(
    ("model", "status"),
    [(declared(3 * a * x), "unstable"), (declared(running=COST * (1 + t)), "unresolved")],
    ids=["a cost that is not integrable", "a cost that grows in time for ever"],
)
def test_no_number_where_there_is_no_solution(model: Model, status: str) -> None:
    found = solve(model, VALUES)
    assert found.status.label == status
    assert not found.coefficients and not found.strategy
