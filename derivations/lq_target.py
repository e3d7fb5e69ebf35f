"""Steering to a target at the least effort: a mean-field game without interaction.

dX = b dt + sqrt(2 nu) dW; everybody minimizes E int_0^T b^2/2 dt + c (X_T - xT)^2/2: the uncoupled
linear-quadratic benchmark of grid solvers, a textbook problem (Fleming and Soner, Controlled Markov
Processes and Viscosity Solutions, Springer 2006).
"""

import sympy as sp

from eqsolve.game import (
    Ansatz,
    Game,
    Horizon,
    Letter,
    Model,
    Player,
    State,
    Vocabulary,
    expected,
    nonnegative,
    parameter,
    positive,
)

x, b = sp.symbols("x b")
nu, c, xT, T, m0, v0 = sp.symbols("nu c xT T m0 v0")
A, R, k = sp.symbols("A R k")


MODEL = Model(
    Game(
        "lq-target",
        states=(State(x, b, {"W": sp.sqrt(2 * nu)}),),
        players=(
            Player("agent", (b,), expected(b**2 / 2, c * (x - xT) ** 2 / 2, sense="minimize")),
        ),
        horizon=Horizon(end=T),
    ),
    Ansatz({"J": A * (x - xT) ** 2 / 2 + R}, feedback={b: -k * (x - xT)}),
    Vocabulary(
        parameter(nu, "viscosity, half the squared volatility", nonnegative),
        parameter(c, "cost of the distance from the target at the end"),
        parameter(xT, "target", latex="x_T"),
        parameter(T, "horizon", positive, unit="time"),
        parameter(m0, "mean at the start", latex="m_0"),
        parameter(v0, "variance at the start", nonnegative, latex="v_0"),
        Letter(x, "state"),
        Letter(b, "velocity"),
    ),
    title="steering to a target",
    source="Fleming and Soner, Controlled Markov Processes, Springer 2006",
    initial={x: (m0, v0)},
    cases={
        "default": {"nu": "0.05", "c": "1", "xT": "0.5", "T": "1", "m0": "-0.5", "v0": "0.16"},
    },
    reference={"default": {"A": "0.50000000000000"}},
)
