"""Dynamic portfolio choice with a mean-reverting price of risk.

The wealth dX = (r X + s y p) dt + s p dW, with p the amount in the stock and y its price of risk,
dy = k (ybar - y) dt + nu dW_y, d<W, W_y> = rho dt, is to give the largest E X_T^(1-g)/(1-g), or
E ln X_T for g = 1 (Kim and Omberg, Dynamic nonmyopic portfolio behavior, Review of Financial
Studies 9, 1996). For some g < 1 the value is infinite from an explosion horizon on.
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
    correlation,
    expected,
    nonnegative,
    parameter,
    positive,
)

x, y, p = sp.symbols("x y p")
r, s, aversion, k, ybar, nu, rho, T = sp.symbols("r s g k ybar nu rho T")
A, b, c, f_0, f_1 = sp.symbols("A b c f_0 f_1")


def model(g: Fraction | None = None) -> Model:
    """The problem; with a relative risk aversion ``g`` of 1 the utility is the logarithm."""
    exponent = A * y**2 / 2 + b * y + c
    if g == 1:
        values, utility, value = sp.FiniteSet(1), sp.log(x), sp.log(x) + exponent
    else:
        values = positive - sp.FiniteSet(1)
        utility = x ** (1 - aversion) / (1 - aversion)
        value = utility * sp.exp(exponent)
    return Model(
        Game(
            "kim-omberg",
            states=(
                State(x, r * x + s * y * p, {"W": s * p}),
                State(y, k * (ybar - y), {"W": rho * nu, "Z": sp.sqrt(1 - rho**2) * nu}),
            ),
            players=(Player("investor", (p,), expected(payoff=utility)),),
            horizon=Horizon(end=T),
        ),
        Ansatz({"J": value}, feedback={p: (f_0 + f_1 * y) * x}),
        Vocabulary(
            parameter(r, "interest rate", unit="1/time"),
            parameter(s, "volatility of the stock", positive, unit="1/sqrt(time)"),
            parameter(aversion, "relative risk aversion", values),
            parameter(k, "speed of mean reversion", nonnegative, unit="1/time"),
            parameter(ybar, "mean of the price of risk", latex=r"\bar y"),
            parameter(nu, "volatility of the price of risk", nonnegative),
            parameter(rho, "correlation of stock and price of risk", correlation),
            parameter(T, "horizon", positive, unit="time"),
            Letter(x, "wealth", positive, unit="money"),
            Letter(y, "price of risk", unit="1/sqrt(time)"),
            Letter(p, "amount in the stock", unit="money"),
        ),
        title="portfolio choice with a mean-reverting price of risk",
        source="Kim and Omberg, Review of Financial Studies 9 (1996)",
        outputs={"fraction": f_0 + f_1 * y},
        cases={} if g == 1 else {"default": DEFAULT},
        reference={} if g == 1 else {"default": REFERENCE},
    )


DEFAULT = {
    "r": "0.02",
    "s": "0.16",
    "g": "5",
    "k": "0.27",
    "ybar": "0.3",
    "nu": "0.06",
    "rho": "-0.93",
    "T": "10",
    "x": "1",
    "y": "0.35",
}
REFERENCE = {
    "fraction": "0.515524031269415",
    "A": "-1.7484301111038",
    "b": "-0.506673565334679",
    "c": "-1.04276384918078",
}
