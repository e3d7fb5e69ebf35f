"""Portfolio choice with a stock that jumps.

The wealth dX = (r X + B pi) dt + s pi dW + J pi dN, N a Poisson process of intensity lambda, is to
give the largest E X_T^(1-g)/(1-g), or E ln X_T for g = 1: the fraction solves an equation that is
not polynomial (Merton, Optimum consumption and portfolio rules in a continuous-time model, Journal
of Economic Theory 3, 1971). With a risk aversion gamma in place of g it is judged by
E X_T - gamma/2 Var X_T, without commitment.
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from eqsolve.game import (
    Ansatz,
    Clock,
    Game,
    Horizon,
    Letter,
    Model,
    Moment,
    Player,
    Preference,
    State,
    Vocabulary,
    expected,
    nonnegative,
    parameter,
    positive,
)

x, pi = sp.symbols("x pi")
r, B, s, lam, J, aversion, variance_aversion, T = sp.symbols("r B s lambda J g gamma T")
A, a, c, d, f, h = sp.symbols("A a c d f h")


def model(g: Fraction | None = None, gamma: Fraction | None = None) -> Model:
    """Power utility, the logarithm with ``g`` = 1, or mean-variance where ``gamma`` is given."""
    if gamma is not None:
        risk = parameter(variance_aversion, "risk aversion", positive, unit="1/money")
        mean, square = Moment("G", x), Moment("H", x**2)
        spread = square.symbol - mean.symbol**2
        preference = Preference((mean, square), mean.symbol - variance_aversion / 2 * spread)
        ansatz = Ansatz({"G": a * x + d, "H": (a * x + d) ** 2 + h}, feedback={pi: f})
    else:
        utility = sp.log(x) if g == 1 else x ** (1 - aversion) / (1 - aversion)
        values = sp.FiniteSet(1) if g == 1 else positive - sp.FiniteSet(1)
        risk = parameter(aversion, "relative risk aversion", values)
        preference = expected(payoff=utility, name="V")
        value = sp.log(x) + c if g == 1 else A * utility
        ansatz = Ansatz({"V": value}, feedback={pi: f * x})
    return Model(
        Game(
            "merton-jump",
            states=(State(x, r * x + B * pi, {"W": s * pi}, jumps={"N": J * pi}),),
            players=(Player("investor", (pi,), preference),),
            horizon=Horizon(end=T),
            clocks=(Clock("N", lam),),
        ),
        ansatz,
        Vocabulary(
            parameter(r, "interest rate", unit="1/time"),
            parameter(B, "excess drift of the stock between jumps", unit="1/time"),
            parameter(s, "volatility of the stock", nonnegative, unit="1/sqrt(time)"),
            parameter(lam, "intensity of the jumps", nonnegative, unit="1/time"),
            parameter(J, "relative jump of the stock", sp.Interval(-1, sp.oo)),
            risk,
            parameter(T, "horizon", positive, unit="time"),
            Letter(x, "wealth", unit="money"),
            Letter(pi, "amount in the stock", latex=r"\pi", unit="money"),
        ),
        title="portfolio choice with a stock that jumps",
        source="Merton, Journal of Economic Theory 3 (1971)",
        cases={"example": EXAMPLE} if gamma is None and g != 1 else {},
    )


EXAMPLE = {
    "r": "0.03",
    "B": "0.09",
    "s": "0.3",
    "lambda": "0.4",
    "J": "-0.2",
    "g": "3",
    "T": "2",
    "x": "1",
}
