"""One agent of the mean-variance game over a random horizon, without competitors.

The wealth dX = (r X + (b - r) pi) dt + nu pi dW + sigma pi dW_0 is judged, at wealth x and while
the horizon tau of hazard rate lambda has not struck, by (alpha + beta x) E X_tau - gamma/2 Var
X_tau; nobody can commit to a strategy (Landriault, Li, Li and Young, Equilibrium strategies for the
mean-variance investment problem over a random horizon, SIAM Journal on Financial Mathematics 9,
2018).
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
    nonnegative,
    parameter,
    positive,
)

x, pi = sp.symbols("x pi")
r, b, nu, sigma, gamma, alpha, beta, lam = sp.symbols("r b nu sigma gamma alpha beta lambda")
B = sp.Symbol("B")
a, d, h20, h10, h00, p1, p3 = sp.symbols("a d h20 h10 h00 p1 p3")
G, H = Moment("G", x), Moment("H", x**2)


MODEL = Model(
    Game(
        "one-agent",
        states=(State(x, r * x + B * pi, {"W": nu * pi, "W_0": sigma * pi}),),
        players=(
            Player(
                "agent",
                (pi,),
                Preference(
                    (G, H),
                    (alpha + beta * x) * G.symbol - gamma / 2 * (H.symbol - G.symbol**2),
                ),
            ),
        ),
        horizon=Horizon(lam),
        definitions={B: b - r},
    ),
    Ansatz({"G": a * x + d, "H": h20 * x**2 + h10 * x + h00}, feedback={pi: p1 * x + p3}),
    Vocabulary(
        parameter(r, "risk-free rate", unit="1/time"),
        parameter(b, "drift of the stock", unit="1/time"),
        parameter(nu, "idiosyncratic volatility", nonnegative, unit="1/sqrt(time)"),
        parameter(sigma, "common volatility", unit="1/sqrt(time)"),
        parameter(gamma, "aversion to variance", positive),
        parameter(alpha, "constant weight of the mean", nonnegative),
        parameter(beta, "weight of the mean by wealth", nonnegative),
        parameter(lam, "hazard rate of the random horizon", positive, unit="1/time"),
        Letter(x, "wealth", unit="money"),
        Letter(pi, "amount in the stock", latex=r"\pi", unit="money"),
        Letter(B, "excess drift of the stock", unit="1/time"),
    ),
    title="one agent over a random horizon",
    source="Landriault, Li, Li and Young, SIAM Journal on Financial Mathematics 9 (2018)",
    cases={
        "example": {
            "r": "0.03",
            "b": "0.12",
            "nu": "0.2",
            "sigma": "0.2",
            "gamma": "2",
            "alpha": "1",
            "beta": "0.5",
            "lambda": "0.6",
            "x": "1",
        },
    },
)
