"""One agent of the mean-variance game with relative wealth, against given averages of the others.

The wealth dX = (r X + (b - r) pi) dt + nu pi dW + sigma pi dB of an agent is judged against that of
n - 1 competitors, dY = (r Y + m_b) dt + m_s dB + sqrt(m_2) dW' over n: at wealth x, and while the
horizon tau of hazard rate lambda has not struck, by (alpha + beta x) E Z - gamma/2 Var Z with
Z = (1 - theta/n) X - theta Y at tau. Drift and noise of Y are parameters: nobody asks here what the
competitors do. Nobody can commit to a strategy.

The game ``best-response`` is the same problem by the engine that was written for the family.
"""

from __future__ import annotations

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

x, y, pi = sp.symbols("x y pi")
r, b, nu, sigma, theta, gamma, alpha, beta, n = sp.symbols("r b nu sigma theta gamma alpha beta n")
lam, B, kappa, m_b, m_s, m_2 = sp.symbols("lambda B kappa m_b m_s m_2")
a, c, d, h20, h11, h02, h10, h01, h00 = sp.symbols("a c d h20 h11 h02 h10 h01 h00")
p1, p2, p3 = sp.symbols("p1 p2 p3")
z = kappa * x - theta * y
G, H = Moment("G", z), Moment("H", z**2)

MODEL = Model(
    Game(
        "given-averages",
        states=(
            State(x, r * x + B * pi, {"W": nu * pi, "B": sigma * pi}),
            State(y, r * y + m_b, {"B": m_s, "others": sp.sqrt(m_2)}),
        ),
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
        definitions={B: b - r, kappa: 1 - theta / n},
    ),
    Ansatz(
        {
            "G": a * x + c * y + d,
            "H": h20 * x**2 + h11 * x * y + h02 * y**2 + h10 * x + h01 * y + h00,
        },
        feedback={pi: p1 * x + p2 * y + p3},
    ),
    Vocabulary(
        parameter(r, "risk-free rate", nonnegative, unit="1/time"),
        parameter(b, "drift of the stock", unit="1/time"),
        parameter(nu, "idiosyncratic volatility", nonnegative, unit="1/sqrt(time)"),
        parameter(sigma, "common volatility", unit="1/sqrt(time)"),
        parameter(theta, "competition weight", nonnegative),
        parameter(gamma, "aversion to variance", positive),
        parameter(alpha, "constant weight of the mean", nonnegative),
        parameter(beta, "weight of the mean by wealth", nonnegative),
        parameter(lam, "hazard rate of the random horizon", positive, unit="1/time"),
        parameter(n, "number of agents", sp.Range(1, sp.oo)),
        parameter(m_b, "average excess drift of the others", unit="money/time"),
        parameter(m_s, "average common volatility of the others", unit="money/sqrt(time)"),
        parameter(m_2, "average own variance of the others", nonnegative, unit="money**2/time"),
        Letter(x, "wealth", unit="money"),
        Letter(y, "the others' wealth over the number of agents", unit="money"),
        Letter(pi, "amount in the stock", latex=r"\pi", unit="money"),
        Letter(B, "excess drift of the stock", unit="1/time"),
        Letter(kappa, "weight of the own wealth", latex=r"\kappa"),
    ),
    title="mean-variance investment against given averages of the competitors",
    source="the paper, section 2.2",
    cases={
        "S1": dict(
            zip(
                "r b nu sigma theta gamma alpha beta lambda n m_b m_s m_2 x y".split(),
                "0.03 0.12 0.2 0.2 0.5 2 1 0.5 0.6 10 0.05 0.1 0.01 1 0.9".split(),
                strict=True,
            )
        )
    },
)
