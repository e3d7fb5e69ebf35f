"""Investment and reinsurance of an insurer, mean-variance without commitment.

The surplus dX = (r X + B pi + e q + w) dt + s pi dW + v q dZ, d<W, Z> = rho dt, has an amount pi in
the stock, keeps the share q of the claims and earns w. It is judged by E X_T - gamma/2 Var X_T
(Zeng and Li, Optimal time-consistent investment and reinsurance policies for mean-variance
insurers, Insurance: Mathematics and Economics 49, 2011), or at a random time tau of hazard rate
lambda by (alpha + beta x) E X_tau - gamma/2 Var X_tau.
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
    correlation,
    nonnegative,
    parameter,
    positive,
)

x, pi, q = sp.symbols("x pi q")
r, B, s, e, v, rho, w, gamma, T = sp.symbols("r B s e v rho w gamma T")
alpha, beta, lam = sp.symbols("alpha beta lambda")
a, d, h, h20, h10, h00 = sp.symbols("a d h h20 h10 h00")
pi_0, pi_1, q_0, q_1 = sp.symbols("pi_0 pi_1 q_0 q_1")
G, H = Moment("G", x), Moment("H", x**2)


def model(horizon: bool = True) -> Model:
    """At a fixed time T, or without one (``horizon`` is False) at a random time."""
    spread = H.symbol - G.symbol**2
    mean = a * x + d
    if horizon:
        end, weight = Horizon(end=T), sp.S.One
        ansatz = Ansatz({"G": mean, "H": mean**2 + h}, feedback={pi: pi_0, q: q_0})
        when: tuple[Letter, ...] = (parameter(T, "horizon", positive, unit="time"),)
    else:
        end, weight = Horizon(lam), alpha + beta * x
        ansatz = Ansatz(
            {"G": mean, "H": h20 * x**2 + h10 * x + h00},
            feedback={pi: pi_1 * x + pi_0, q: q_1 * x + q_0},
        )
        when = (
            parameter(alpha, "constant weight of the mean", nonnegative),
            parameter(beta, "weight of the mean by surplus", nonnegative),
            parameter(lam, "hazard rate of the random horizon", positive, unit="1/time"),
        )
    return Model(
        Game(
            "reinsurance",
            states=(
                State(
                    x,
                    r * x + B * pi + e * q + w,
                    {"W": s * pi + rho * v * q, "Z": sp.sqrt(1 - rho**2) * v * q},
                ),
            ),
            players=(
                Player(
                    "insurer", (pi, q), Preference((G, H), weight * G.symbol - gamma / 2 * spread)
                ),
            ),
            horizon=end,
        ),
        ansatz,
        Vocabulary(
            parameter(r, "interest rate", unit="1/time"),
            parameter(B, "excess drift of the stock", unit="1/time"),
            parameter(s, "volatility of the stock", positive, unit="1/sqrt(time)"),
            parameter(e, "premium kept per share of the claims", unit="money/time"),
            parameter(v, "volatility of the claims", positive, unit="money/sqrt(time)"),
            parameter(rho, "correlation of stock and claims", correlation),
            parameter(w, "income", unit="money/time"),
            parameter(gamma, "aversion to variance", positive),
            *when,
            Letter(x, "surplus", unit="money"),
            Letter(pi, "amount in the stock", latex=r"\pi", unit="money"),
            Letter(q, "share of the claims kept"),
        ),
        title="investment and reinsurance",
        source="Zeng and Li, Insurance: Mathematics and Economics 49 (2011)",
        outputs={"E": mean, "Var": h} if horizon else {},
        cases={"default": SURPLUS | {"T": "3"}} if horizon else {"example": SURPLUS | RANDOM},
        reference={"default": REFERENCE} if horizon else {},
    )


SURPLUS = {
    "r": "0.03",
    "B": "0.06",
    "s": "0.25",
    "e": "0.4",
    "v": "1.2",
    "rho": "-0.2",
    "w": "0.1",
    "gamma": "2",
    "x": "1",
}
RANDOM = {"alpha": "1", "beta": "0.5", "lambda": "0.6"}
REFERENCE = {"pi": "0.58390047947884", "q": "0.151264073488178", "V": "1.56489411827813"}
