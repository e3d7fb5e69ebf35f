"""Optimal execution by many traders whose trading moves the price.

The inventory dX = a dt + sig dW costs E int_0^T (cX X^2/2 + cA a^2/2 - g X abar) dt + cg X_T^2/2
with abar the average trading speed of all: an interaction through the law of the control
(Cardaliaguet and Lehalle, Mean field game of controls and an application to trade crowding,
Mathematics and Financial Economics 12, 2018; Carmona and Lacker, A probabilistic weak formulation
of mean field games and applications, Annals of Applied Probability 25, 2015). The planner chooses
the common feedback that costs least; its horizon can be too long for a finite value.
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
    expected,
    nonnegative,
    parameter,
    positive,
)

x, a, m, v, abar = sp.symbols("x a m v abar")
cX, cA, cg, g, sig, T, m0, v0, n = sp.symbols("cX cA cg g sig T m0 v0 n")
eta, etab, L, R, S, k_1, k_2 = sp.symbols("eta etab L R S k_1 k_2")


def model(notion: Notion = "feedback", size: int | None = None) -> Model:
    """A continuum of traders or ``size`` of them, in feedback or open loop, or their planner."""
    if notion == "planner":
        laws: tuple[Law, ...] = (Law(m, x), Law(v, (x - m) ** 2), Law(abar, a))
        ansatz = Ansatz(
            {"J": etab * m**2 / 2 + eta * v / 2 + R}, feedback={a: k_1 * (x - m) + k_2 * m}
        )
    elif notion == "open-loop":
        laws = (Law(m, x), Law(abar, a))
        functions = {"J.x": eta * x + (etab - eta) * m, "J.m": S * x + L * m}
        ansatz = Ansatz(functions, feedback={a: k_1 * x + k_2 * m})
    else:
        laws = (Law(m, x), Law(abar, a))
        value = eta * x**2 / 2 + (etab - eta) * x * m + L * m**2 / 2 + R
        ansatz = Ansatz({"J": value}, feedback={a: k_1 * x + k_2 * m})
    traders = (parameter(n, "number of traders", sp.Range(2, sp.oo)),)
    return Model(
        Game(
            "execution",
            states=(State(x, a, {"W": sig}),),
            players=(
                Player(
                    "trader",
                    (a,),
                    expected(
                        cX * x**2 / 2 + cA * a**2 / 2 - g * x * abar, cg * x**2 / 2, "minimize"
                    ),
                ),
            ),
            horizon=Horizon(end=T),
            laws=laws,
            crowd=Crowd("trader", None if size is None else n),
            notion=notion,
        ),
        ansatz,
        Vocabulary(
            parameter(cX, "cost of inventory", latex="c_X"),
            parameter(cA, "cost of trading", positive, latex="c_A"),
            parameter(cg, "cost of inventory at the end", latex="c_g"),
            parameter(g, "impact of the average speed on the price"),
            parameter(sig, "volatility of the inventory", nonnegative, latex=r"\sigma"),
            parameter(T, "horizon", positive, unit="time"),
            parameter(m0, "mean inventory at the start", latex="m_0"),
            parameter(v0, "variance of the inventory at the start", nonnegative, latex="v_0"),
            *(() if size is None else traders),
            Letter(x, "inventory"),
            Letter(a, "trading speed"),
            Letter(m, "average inventory", latex=r"\bar x"),
            Letter(v, "variance of the inventory", nonnegative),
            Letter(abar, "average trading speed", latex=r"\bar a"),
            Letter(eta, latex=r"\eta"),
            Letter(etab, latex=r"\bar\eta"),
        ),
        title="optimal execution with interaction through the trading speed",
        source="Cardaliaguet and Lehalle, Mathematics and Financial Economics 12 (2018)",
        initial={x: (m0, v0)},
        cases=(
            {"default": DEFAULT, "long": LONG}
            if size is None
            else {"default": DEFAULT | {"n": "2"}}
        ),
        reference=_reference(notion, size),
    )


def _reference(notion: Notion, size: int | None) -> dict[str, dict[str, str]]:
    if notion == "feedback":
        return NASH if size is None else TWO
    return PLANNER if notion == "planner" and size is None else {}


DEFAULT = {
    "cX": "2",
    "cA": "1",
    "cg": "0.3",
    "g": "1.75",
    "sig": "0.5",
    "T": "1",
    "m0": "0.5",
    "v0": "0.09",
}
LONG = {
    "cX": "1",
    "cA": "0.5",
    "cg": "1",
    "g": "0.6",
    "sig": "0.3",
    "T": "2",
    "m0": "1",
    "v0": "0.04",
}
NASH = {
    "default": {"eta": "1.309571554706", "etab": "2.309085512991", "J": "0.570300269858"},
}
PLANNER = {
    "default": {
        "eta": "1.309571554706",
        "etab": "-0.422382155765",
        "J": "0.125026134678",
    },
    "long": {"etab": "1.30573762294294", "J": "0.734889124694419"},
}
TWO = {"default": {"J": "0.525461968083978"}}
