"""Time-consistent mean-variance with a mean-reverting price of risk.

The wealth dX = (r X + s y p) dt + s p dW, with p the amount in the stock and y its price of risk,
dy = k (ybar - y) dt + nu dW_y, d<W, W_y> = rho dt, is judged by E X_T - gamma/2 Var X_T; nobody can
commit to a strategy (Basak and Chabakauri, Dynamic mean-variance asset allocation, Review of
Financial Studies 23, 2010). With k = nu = 0 the price of risk is constant.
"""

import sympy as sp

from eqsolve.game import (
    Ansatz,
    Game,
    Horizon,
    Letter,
    Model,
    Moment,
    Player,
    Preference,
    State,
    Vocabulary,
    correlation,
    nonnegative,
    parameter,
    positive,
)

x, y, p = sp.symbols("x y p")
r, s, gamma, T, k, ybar, nu, rho = sp.symbols("r s gamma T k ybar nu rho")
a, A, b, c = sp.symbols("a A b c")
h_0, h_1, h_2, h_3, h_4 = sp.symbols("h_0 h_1 h_2 h_3 h_4")
p_0, p_1 = sp.symbols("p_0 p_1")
G, H = Moment("G", x), Moment("H", x**2)

mean = a * x + A * y**2 / 2 + b * y + c
variance = h_0 + h_1 * y + h_2 * y**2 + h_3 * y**3 + h_4 * y**4


MODEL = Model(
    Game(
        "basak-chabakauri",
        states=(
            State(x, r * x + s * y * p, {"W": s * p}),
            State(y, k * (ybar - y), {"W": rho * nu, "Z": sp.sqrt(1 - rho**2) * nu}),
        ),
        players=(
            Player(
                "investor",
                (p,),
                Preference((G, H), G.symbol - gamma / 2 * (H.symbol - G.symbol**2)),
            ),
        ),
        horizon=Horizon(end=T),
    ),
    Ansatz({"G": mean, "H": mean**2 + variance}, feedback={p: p_0 + p_1 * y}),
    Vocabulary(
        parameter(r, "interest rate", unit="1/time"),
        parameter(s, "volatility of the stock", positive, unit="1/sqrt(time)"),
        parameter(gamma, "risk aversion", positive, unit="1/money"),
        parameter(T, "horizon", positive, unit="time"),
        parameter(k, "speed of mean reversion", nonnegative, unit="1/time"),
        parameter(ybar, "mean of the price of risk", latex=r"\bar y"),
        parameter(nu, "volatility of the price of risk", nonnegative),
        parameter(rho, "correlation of stock and price of risk", correlation),
        Letter(x, "wealth", unit="money"),
        Letter(y, "price of risk", unit="1/sqrt(time)"),
        Letter(p, "amount in the stock", unit="money"),
    ),
    title="time-consistent mean-variance with a mean-reverting price of risk",
    source="Basak and Chabakauri, Review of Financial Studies 23 (2010)",
    outputs={"E": mean, "Var": variance},
    cases={
        "default": {
            "r": "0.03",
            "s": "0.2",
            "gamma": "2",
            "T": "2",
            "k": "0",
            "ybar": "0",
            "nu": "0",
            "rho": "0",
            "x": "1",
            "y": "0.4",
        },
    },
    reference={
        "default": {"p": "0.941764533584249", "E": "1.22183654654536", "Var": "0.0800000000000000"},
    },
)
