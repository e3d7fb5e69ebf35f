"""Banks that lend to each other, with common noise.

The log reserves of a bank follow dX = (a (xbar - X) + alpha) dt + s (sqrt(1 - rho^2) dW + rho dW_0)
with xbar the average of all banks; lending costs E int_0^T (alpha^2/2 - q alpha (xbar - X) +
eps (xbar - X)^2/2) dt + c (xbar - X_T)^2/2 (Carmona, Fouque and Sun, Mean field games and systemic
risk, Communications in Mathematical Sciences 13, 2015): in feedback and in open-loop strategies,
for n banks and for their mean-field game.
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
    Notion,
    Player,
    State,
    Vocabulary,
    correlation,
    expected,
    nonnegative,
    parameter,
    positive,
)

x, m, alpha = sp.symbols("x m alpha")
a, q, eps, c, s, rho, T, n = sp.symbols("a q eps c s rho T n")
eta, mu, phi, psi, k = sp.symbols("eta mu phi psi k")


def model(notion: Notion = "feedback", size: int | None = None) -> Model:
    """The game of a continuum of banks or of ``size`` banks."""
    gap = m - x
    if notion == "open-loop":
        functions = {"J.x": -phi * gap, "J.m": psi * gap}
    else:
        functions = {"J": eta * gap**2 / 2 + mu}
    lending = alpha**2 / 2 - q * alpha * gap + eps * gap**2 / 2
    banks = (parameter(n, "number of banks", sp.Range(2, sp.oo)),)
    return Model(
        Game(
            "systemic-risk",
            states=(State(x, a * gap + alpha, {"W": s * sp.sqrt(1 - rho**2), "W_0": s * rho}),),
            players=(Player("bank", (alpha,), expected(lending, c * gap**2 / 2, "minimize")),),
            horizon=Horizon(end=T),
            laws=(Law(m, x, given=("W_0",)),),
            crowd=Crowd("bank", None if size is None else n),
            notion=notion,
        ),
        Ansatz(functions, feedback={alpha: k * gap}),
        Vocabulary(
            parameter(a, "speed of mean reversion", nonnegative, unit="1/time"),
            parameter(q, "incentive to lend", nonnegative),
            parameter(eps, "cost of the gap", latex=r"\epsilon"),
            parameter(c, "cost of the gap at the end", nonnegative),
            parameter(s, "volatility of reserves", nonnegative),
            parameter(rho, "weight of the common noise", correlation),
            parameter(T, "horizon", positive, unit="time"),
            *(() if size is None else banks),
            Letter(x, "log reserves"),
            Letter(m, "average log reserves", latex=r"\bar x"),
            Letter(alpha, "lending"),
        ),
        title="lending of banks and systemic risk",
        source="Carmona, Fouque and Sun, Communications in Mathematical Sciences 13 (2015)",
        cases={"default": DEFAULT | ({} if size is None else {"n": "2"})},
        reference={"default": _reference(notion, size)},
    )


def _reference(notion: Notion, size: int | None) -> dict[str, str]:
    if size is None:
        return {("phi" if notion == "open-loop" else "eta"): "0.49614778948115"}
    if notion == "open-loop":
        return {"phi": "0.565700947952072"}
    return {"eta": "0.511424523048992", "mu": "0.0176383910899646"}


DEFAULT = {
    "a": "1",
    "q": "0.5",
    "eps": "2",
    "c": "0.3",
    "s": "0.4",
    "rho": "0.2",
    "T": "1",
}
