"""A regulator with one state: dX = p dt + sigma dW until a random time, cost (X^2 + p^2)/2.

The smallest game: a textbook problem (Fleming and Soner, Controlled Markov Processes and Viscosity
Solutions, Springer 2006).
"""

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
    nonnegative,
    parameter,
    positive,
)

x, p, sigma, lam = sp.symbols("x p sigma lambda")
P, c, k = sp.symbols("P c k")


MODEL = Model(
    Game(
        "regulator",
        states=(State(x, drift=p, loadings={"W": sigma}),),
        players=(Player("regulator", (p,), expected((x**2 + p**2) / 2, sense="minimize")),),
        horizon=Horizon(lam),
    ),
    Ansatz({"J": P * x**2 / 2 + c}, feedback={p: -k * x}),
    Vocabulary(
        parameter(sigma, "volatility", nonnegative),
        parameter(lam, "hazard rate of the random horizon", positive),
        Letter(x, "state"),
        Letter(p, "control"),
    ),
    title="regulator until a random time",
    source="Fleming and Soner, Controlled Markov Processes, Springer 2006",
    selection="stabilizing",
    cases={"default": {"sigma": "1/2", "lambda": "1/4", "x": "1"}},
)
