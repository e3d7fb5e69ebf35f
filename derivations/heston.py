"""Portfolio choice with stochastic variance.

A stock with variance y and price of variance risk L: dX = X (r + f L y) dt + X f sqrt(y) dW with f
the fraction of wealth in it, dy = k (ybar - y) dt + nu sqrt(y) dW_y, d<W, W_y> = rho dt. Largest
E X_T^(1-g)/(1-g), or E ln X_T for g = 1 (Kraft, Optimal portfolios and Heston's stochastic
volatility model, Quantitative Finance 5, 2005; Liu, Portfolio selection in stochastic
environments, Review of Financial Studies 20, 2007). For some g < 1 the value is infinite from an
explosion horizon on.
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

x, y, f = sp.symbols("x y f")
r, L, aversion, k, ybar, nu, rho, T = sp.symbols("r L g k ybar nu rho T")
b, c, f_0 = sp.symbols("b c f_0")


def model(g: Fraction | None = None) -> Model:
    """The problem; with a relative risk aversion ``g`` of 1 the utility is the logarithm."""
    if g == 1:
        values, utility, value = sp.FiniteSet(1), sp.log(x), sp.log(x) + b * y + c
    else:
        values = positive - sp.FiniteSet(1)
        utility = x ** (1 - aversion) / (1 - aversion)
        value = utility * sp.exp(b * y + c)
    return Model(
        Game(
            "heston",
            states=(
                State(x, x * (r + f * L * y), {"W": x * f * sp.sqrt(y)}),
                State(
                    y,
                    k * (ybar - y),
                    {"W": rho * nu * sp.sqrt(y), "Z": sp.sqrt(1 - rho**2) * nu * sp.sqrt(y)},
                ),
            ),
            players=(Player("investor", (f,), expected(payoff=utility)),),
            horizon=Horizon(end=T),
        ),
        Ansatz({"J": value}, feedback={f: f_0}),
        Vocabulary(
            parameter(r, "interest rate", unit="1/time"),
            parameter(L, "excess drift per unit of variance"),
            parameter(aversion, "relative risk aversion", values),
            parameter(k, "speed of mean reversion", nonnegative, unit="1/time"),
            parameter(ybar, "mean of the variance", nonnegative, latex=r"\bar y"),
            parameter(nu, "volatility of the variance", nonnegative),
            parameter(rho, "correlation of stock and variance", correlation),
            parameter(T, "horizon", positive, unit="time"),
            Letter(x, "wealth", positive, unit="money"),
            Letter(y, "variance of the stock", positive, unit="1/time"),
            Letter(f, "fraction of wealth in the stock"),
        ),
        title="portfolio choice with stochastic variance",
        source="Kraft, Quantitative Finance 5 (2005); Liu, Review of Financial Studies 20 (2007)",
        cases={"example": EXAMPLE} if g != 1 else {},
    )


EXAMPLE = {
    "r": "0.02",
    "L": "2.1",
    "g": "4",
    "k": "1.5",
    "ybar": "0.04",
    "nu": "0.3",
    "rho": "-0.6",
    "T": "3",
    "x": "1",
    "y": "0.04",
}
