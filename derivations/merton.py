"""Merton's portfolio problem: power utility of wealth at a fixed time.

The wealth dX = (r X + B pi) dt + s pi dW, with pi the amount in the stock, is to give the largest
E X_T^(1-g)/(1-g), or E ln X_T for g = 1 (Merton, Lifetime portfolio selection under uncertainty:
the continuous-time case, Review of Economics and Statistics 51, 1969).
"""

from __future__ import annotations

from fractions import Fraction

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
    parameter,
    positive,
)

x, pi = sp.symbols("x pi")
r, B, s, aversion, T = sp.symbols("r B s g T")
A, c, f = sp.symbols("A c f")


def model(g: Fraction | None = None) -> Model:
    """The problem; with a relative risk aversion ``g`` of 1 the utility is the logarithm."""
    if g == 1:
        values, utility, value = sp.FiniteSet(1), sp.log(x), sp.log(x) + c
    else:
        values = positive - sp.FiniteSet(1)
        utility = x ** (1 - aversion) / (1 - aversion)
        value = A * utility
    return Model(
        Game(
            "merton",
            states=(State(x, r * x + B * pi, {"W": s * pi}),),
            players=(Player("investor", (pi,), expected(payoff=utility)),),
            horizon=Horizon(end=T),
        ),
        Ansatz({"J": value}, feedback={pi: f * x}),
        Vocabulary(
            parameter(r, "interest rate", unit="1/time"),
            parameter(B, "excess drift of the stock", unit="1/time"),
            parameter(s, "volatility of the stock", positive, unit="1/sqrt(time)"),
            parameter(aversion, "relative risk aversion", values),
            parameter(T, "horizon", positive, unit="time"),
            Letter(x, "wealth", positive, unit="money"),
            Letter(pi, "amount in the stock", latex=r"\pi", unit="money"),
            Letter(f, "fraction of wealth in the stock"),
        ),
        title="Merton's portfolio problem",
        source="Merton, Review of Economics and Statistics 51 (1969)",
        outputs={"fraction": f},
        problem="controlled-diffusion",
        cases={"example": EXAMPLE} if g != 1 else {},
    )


EXAMPLE = {"r": "0.03", "B": "0.09", "s": "0.3", "g": "3", "T": "2", "x": "1"}
