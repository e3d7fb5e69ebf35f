"""Expressions as functions of doubles."""

from __future__ import annotations

import math

import pytest
import sympy as sp

from eqsolve.arithmetic.function import Function
from eqsolve.derivation.conditions import _deciding
from eqsolve.game import (
    Ansatz,
    Game,
    Horizon,
    Model,
    Moment,
    Player,
    Preference,
    State,
    Vocabulary,
    parameter,
)
from eqsolve.solve.solve import solve


@pytest.mark.parametrize("name", ["pi", "exp", "sqrt", "lambda", "x0", "math"])
def test_letters_are_not_taken_for_functions_and_constants(name: str) -> None:
    letter, other = sp.Symbol(name), sp.Symbol("u")
    forms = [letter * sp.pi + sp.exp(other), sp.sqrt(other) + (letter + other) ** 3]
    found = Function(forms, [letter, other]).doubles()(2.0, 4.0)
    assert found == pytest.approx([2 * math.pi + math.exp(4), 2 + 6**3], rel=1e-15)


def test_a_condition_that_holds_at_some_states_only_is_not_said_to_hold() -> None:
    """F(G) = G - q G^2 of G = E[X_T + int u^2] is concave in u where 1 < 2 q (x + R) only."""
    x, u, q, T, P, R, k = sp.symbols("x u q T P R k")
    G = Moment("G", x, u**2)
    investor = Player("investor", (u,), Preference((G,), G.symbol - q * G.symbol**2))
    model = Model(
        Game("satiated", (State(x, u, {"W": sp.S.One}),), (investor,), Horizon(end=T)),
        Ansatz({"G": P * x + R}, {u: k}),
        Vocabulary(parameter(q), parameter(T)),
    )
    values = {"q": "1", "T": "1"}
    answer = solve(model, values)
    assert answer.coefficients["k"] == -0.5 and answer.coefficients["R"] == -0.25
    assert answer.message.endswith("depends on the state: it holds at x = 1.")
    assert solve(model, values, at={"x": "0.74"}).status.label == "not-a-maximum"
    assert solve(model, values, at={"x": "3"}).message.endswith("it holds at x = 3.")


x, a, g, r, h = sp.symbols("x a g r h")


@pytest.mark.parametrize(
    ("expression", "depends"),
    [
        (a * x**g * x, False),
        (a * x**2, False),
        (a * sp.exp(x), False),
        ((r * x - h) ** 2 * (x - h / r) ** g, False),
        ((x - 2) ** 2 * a, True),
        (a * x, True),
        (a * sp.log(x), True),
        (a * sp.sin(x), True),
    ],
)
def test_where_the_sign_of_a_condition_may_depend_on_the_state(
    expression: sp.Expr, depends: bool
) -> None:
    assert _deciding(expression, (x,)) == ({x} if depends else set())
