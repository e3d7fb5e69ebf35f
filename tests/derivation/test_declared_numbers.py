"""Declarations that are easily got wrong have the right numbers, or a status that says no.

The expected numbers integrate the Riccati equation of the regulator, written by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sympy as sp
from scipy.integrate import solve_ivp

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
    positive,
    real,
    t,
)
from eqsolve.solve.solve import solve

x, u, s, q, T, w = sp.symbols("x u s q T w")
lam = sp.Symbol("lambda")
P, c, k = sp.symbols("P c k")
NUMBERS = {"s": "0.3", "q": "2", "lambda": "0.5", "T": "1.5", "w": "1"}


def regulator(horizon: Horizon, drift: Any = u, cost: Any = x**2, payoff: Any = 0) -> Model:
    """dX = drift dt + s dW, cost (cost + w u^2)/2 and payoff/2."""
    game = Game(
        "toy",
        (State(x, drift, {"W": s}),),
        (Player("one", (u,), expected((cost + w * u**2) / 2, payoff / 2, "minimize")),),
        horizon,
    )
    letters = Vocabulary(
        *(parameter(symbol, "", real) for symbol in (s, q, lam, w)), parameter(T, "", positive)
    )
    return Model(game, Ansatz({"J": P * x**2 / 2 + c}, {u: -k * x}), letters)


def backward(rate: Callable[[float, float], float], end: float) -> float:
    """P(0) of P' = rate(t, P), P(T) = end."""
    run = solve_ivp(
        lambda time, p: [rate(time, p[0])], (1.5, 0), [end], "DOP853", rtol=1e-13, atol=1e-13
    )
    return float(run.y[0, -1])


@pytest.mark.parametrize(
    ("model", "rate", "end"),
    [
        (regulator(Horizon(end=T), payoff=q * x**2), lambda time, p: p**2 - 1, 2),
        (
            regulator(Horizon(lam, T), payoff=q * x**2),
            lambda time, p: p**2 + (p - 2) / 2 - 1,
            2,
        ),
        (regulator(Horizon(lam * t, T)), lambda time, p: p**2 + time * p / 2 - 1, 0),
        (regulator(Horizon(end=T), drift=u - t * x), lambda time, p: p**2 + 2 * time * p - 1, 0),
        (regulator(Horizon(end=T), cost=t**2 * x**2), lambda time, p: p**2 - time**2, 0),
    ],
    ids=["fixed time", "earlier of two", "hazard of time", "drift of time", "cost of time"],
)
def test_the_number_is_right(
    model: Model, rate: Callable[[float, float], float], end: float
) -> None:
    answer = solve(model, NUMBERS)
    assert answer.status.label == "ok"
    assert answer.coefficients["P"] == pytest.approx(backward(rate, end), rel=1e-10)


@pytest.mark.parametrize(
    ("model", "change", "status"),
    [
        (regulator(Horizon(lam * t)), {}, "unresolved"),
        (regulator(Horizon(lam), drift=u - t * x), {}, "unresolved"),
        (regulator(Horizon(lam)), {"w": "-1", "lambda": "3"}, "not-a-maximum"),
        (regulator(Horizon(lam)), {"lambda": "-0.5"}, "invalid-input"),
        (regulator(Horizon(lam, T), payoff=q * x**2), {"lambda": "-0.5"}, "invalid-input"),
        (regulator(Horizon(1 - t, T)), {}, "invalid-input"),
        (regulator(Horizon(end=T), payoff=q * x**2), {"q": "-2"}, "explodes"),
    ],
    ids=[
        "hazard of time",
        "drift of time",
        "maximum for minimum",
        "negative hazard",
        "negative hazard before an end",
        "hazard that becomes negative",
        "beyond the explosion",
    ],
)
def test_there_is_no_number(model: Model, change: dict[str, str], status: str) -> None:
    answer = solve(model, NUMBERS | change)
    assert answer.status.label == status
    assert not answer.strategy
    assert answer.message
