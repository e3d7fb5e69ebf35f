"""A linear-quadratic mean-field game coupled through the mean.

dX = b dt + sqrt(2 nu) dW; everybody minimizes E int_0^T (b^2/2 + c (X - m)^2/2) dt + g0 X_T^2/2
with m the mean of all: staying together against going to zero. The value is u = P x^2/2 + Q x + R
(Lasry and Lions, Mean field games, Japanese Journal of Mathematics 2, 2007; Bensoussan, Sung, Yam
and Yung, Linear-quadratic mean field games, Journal of Optimization Theory and Applications 169,
2016).
"""

import sympy as sp

from eqsolve.game import (
    Ansatz,
    Crowd,
    Game,
    Horizon,
    Law,
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

x, b, m = sp.symbols("x b m")
nu, c, g0, T, m0, v0 = sp.symbols("nu c g0 T m0 v0")
P, S, L, N, k_1, k_2 = sp.symbols("P S L N k_1 k_2")


MODEL = Model(
    Game(
        "lq-mfg",
        states=(State(x, b, {"W": sp.sqrt(2 * nu)}),),
        players=(
            Player(
                "agent",
                (b,),
                expected(b**2 / 2 + c * (x - m) ** 2 / 2, g0 * x**2 / 2, "minimize"),
            ),
        ),
        horizon=Horizon(end=T),
        laws=(Law(m, x),),
        crowd=Crowd("agent"),
    ),
    Ansatz({"J": P * x**2 / 2 + S * x * m + L * m**2 / 2 + N}, feedback={b: -k_1 * x - k_2 * m}),
    Vocabulary(
        parameter(nu, "viscosity, half the squared volatility", nonnegative),
        parameter(c, "cost of the distance from the mean"),
        parameter(g0, "cost of the distance from zero at the end", latex="g_0"),
        parameter(T, "horizon", positive, unit="time"),
        parameter(m0, "mean at the start", latex="m_0"),
        parameter(v0, "variance at the start", nonnegative, latex="v_0"),
        Letter(x, "state"),
        Letter(b, "velocity"),
        Letter(m, "mean of all states"),
    ),
    title="linear-quadratic mean-field game",
    source="Lasry and Lions, Japanese Journal of Mathematics 2 (2007)",
    initial={x: (m0, v0)},
    outputs={"Q": S * m, "R": L * m**2 / 2 + N},
    cases={
        "default": {"nu": "0.1", "c": "1", "g0": "0.5", "T": "1", "m0": "0.5", "v0": "0.09"},
    },
    reference={"default": {"P": "0.91367093", "Q": "-0.2901688", "R": "0.14818638"}},
)
