"""Mean-variance investment with relative wealth over a random horizon, n agents or a continuum.

The wealth dX = (r X + (b - r) pi) dt + nu pi dW + sigma pi dB of an agent is judged against the
average wealth Xbar of all: at wealth x, and while the horizon tau of hazard rate lambda has not
struck, by (alpha + beta x) E Z - gamma/2 Var Z with Z = X - theta Xbar at tau. Nobody can commit to
a strategy.

The games ``n-agent`` and ``mean-field`` are the same problem by the engine that was written for
it; the paper's displays, claims and figures are attached to them. This file declares it for the
engine of all other games, which is to replace that one. With the notion given, averages of the
others' positions are frozen (the paper's notion); with feedback they follow wealth (closed-loop
Nash equilibrium; that of finitely many agents depends on the mean of their squared wealth, too).
Agents are alike, or each has parameters of its own (the interest rate is common to all) and, of
finitely many, a weight in the average.

In the ansatz y is the others' wealth over n, or the average of a continuum, so that coefficients
have the paper's meaning; strategies are printed in x and the average m.
"""

from __future__ import annotations

import sympy as sp

from eqsolve.game import (
    Ansatz,
    Crowd,
    Game,
    Horizon,
    Law,
    Letter,
    Model,
    Moment,
    Notion,
    Player,
    Preference,
    State,
    Vocabulary,
    nonnegative,
    parameter,
    positive,
)

x, m, pi = sp.symbols("x m pi")
r, b, nu, sigma, theta, gamma, alpha, beta, n = sp.symbols("r b nu sigma theta gamma alpha beta n")
lam, B, weight = sp.symbols("lambda B weight")
OWN = (b, nu, sigma, theta, gamma, alpha, beta, lam)
a, c, d, h20, h11, h02, h10, h01, h00 = sp.symbols("a c d h20 h11 h02 h10 h01 h00")
p1, p2, p3 = sp.symbols("p1 p2 p3")
G, H = Moment("G", x - theta * m), Moment("H", (x - theta * m) ** 2)


def model(notion: Notion = "given", size: int | None = None, types: bool = False) -> Model:
    """The game of ``size`` agents or of a continuum of them, alike or of types of their own."""
    finite = size is not None
    weighted = finite and types
    y = m - x * (weight if weighted else 1 / n) if finite else m
    mean = a * x + c * y + d
    second = h20 * x**2 + h11 * x * y + h02 * y**2 + h10 * x + h01 * y + h00
    return Model(
        Game(
            "relative-wealth",
            states=(State(x, r * x + B * pi, {"W": nu * pi, "B": sigma * pi}),),
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
            laws=(Law(m, x, given=("B",)),),
            crowd=Crowd(
                "agent",
                n if finite else None,
                own=OWN if types else (),
                weights=weight if weighted else None,
            ),
            definitions={B: b - r},
            notion=notion,
        ),
        Ansatz({"G": mean, "H": second}, feedback={pi: p1 * x + p2 * y + p3}),
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
            *((parameter(n, "number of agents", sp.Range(2, sp.oo)),) if finite else ()),
            *(
                (parameter(weight, "weight in the average", positive, latex="w"),)
                if weighted
                else ()
            ),
            Letter(x, "wealth", unit="money"),
            Letter(m, "average wealth", latex=r"\bar x", unit="money"),
            Letter(pi, "amount in the stock", latex=r"\pi", unit="money"),
            Letter(B, "excess drift of the stock", unit="1/time"),
        ),
        title="mean-variance investment with relative wealth over a random horizon",
        source="the paper, sections 2.3 and 3, and its closed-loop counterpart",
        cases={name: row | ({"n": "10"} if finite else {}) for name, row in SETS.items()},
    )


_NAMES = ("r", "b", "nu", "sigma", "theta", "gamma", "alpha", "beta", "lambda", "x", "m")
SETS = {
    name: dict(zip(_NAMES, row.split(), strict=True))
    for name, row in {
        "S1": "0.03 0.12 0.2 0.2 0.5 2 1 0.5 0.6 1 1",
        "S2": "0.02 0.10 0.25 0.15 0.3 1.5 1 0.2 0.4 1 1",
        "S3": "0.04 0.15 0.3 0.2 0.8 3 0.5 1 0.8 1 1",
    }.items()
}
