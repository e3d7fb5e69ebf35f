"""Exit from an open-ended fund that widens the discount of those who stay.

The discount of a holder follows dL = (k (l - L) + g m + h abar - a) dt + s dW, with m the average
discount, a the own rate of exit and abar the average one: everybody's exit widens it. Each holder
minimizes the discounted E int e^(-rho t) (c a^2 + q L^2)/2 dt. A linear-quadratic mean-field game
with interaction through states and controls (Carmona and Delarue, Probabilistic Theory of Mean
Field Games with Applications, volume I, Springer 2018), for the game and for
the planner; the difference of the two costs is the welfare gap.
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

L, m, v, a, abar = sp.symbols("L m v a abar")
k, level, g, h, s, c, q, rho, m0, v0 = sp.symbols("k l g h s c q rho m0 v0")
P, S, R, E, F, G = sp.symbols("P S R E F G")
alpha, beta, gamma = sp.symbols("alpha beta gamma")


def model(notion: Notion = "feedback") -> Model:
    """The game of the holders, or the planner's problem."""
    laws: tuple[Law, ...] = (Law(m, L), Law(abar, a))
    if notion == "planner":
        laws += (Law(v, (L - m) ** 2),)
        value = P * v / 2 + R * m**2 / 2 + F * m + G
    else:
        value = P * L**2 / 2 + S * L * m + R * m**2 / 2 + E * L + F * m + G
    return Model(
        Game(
            "exit-externality",
            states=(State(L, k * (level - L) + g * m + h * abar - a, {"W": s}),),
            players=(
                Player(
                    "holder",
                    (a,),
                    expected(c * a**2 / 2 + q * L**2 / 2, sense="minimize"),
                    discount=rho,
                ),
            ),
            horizon=Horizon(),
            laws=laws,
            crowd=Crowd("holder"),
            notion=notion,
        ),
        Ansatz({"J": value}, feedback={a: alpha * L + beta * m + gamma}),
        Vocabulary(
            parameter(k, "speed of mean reversion", unit="1/time"),
            parameter(level, "level without exit", latex=r"\ell"),
            parameter(g, "feedback of the average discount", unit="1/time"),
            parameter(h, "feedback of the average exit"),
            parameter(s, "volatility of the discount", nonnegative),
            parameter(c, "cost of exit", positive),
            parameter(q, "cost of the discount", positive),
            parameter(rho, "discount rate", positive, unit="1/time"),
            parameter(m0, "mean discount at the start", latex="m_0"),
            parameter(v0, "variance of the discount at the start", nonnegative, latex="v_0"),
            Letter(L, "discount"),
            Letter(a, "rate of exit"),
            Letter(m, "average discount"),
            Letter(v, "variance of the discount", nonnegative),
            Letter(abar, "average rate of exit", latex=r"\bar a"),
        ),
        title="exit from a fund that widens the others' discount",
        source="Carmona and Delarue, Probabilistic Theory of Mean Field Games I, Springer 2018",
        selection="stabilizing",
        initial={L: (m0, v0)},
        cases={"default": DEFAULT},
        reference=_reference(notion),
    )


def _reference(notion: Notion) -> dict[str, dict[str, str]]:
    if notion == "given":
        return {}  # to players who take the average exit as frozen the numbers are others
    return {"default": PLANNER if notion == "planner" else NASH}


DEFAULT = {
    "k": "1",
    "l": "0.3",
    "g": "0.4",
    "h": "0.5",
    "s": "0.2",
    "c": "1",
    "q": "1.5",
    "rho": "0.1",
    "m0": "0.5",
    "v0": "0.04",
}
NASH = {
    "alpha": "0.563226580490168",
    "beta": "0.163705639412152",
    "gamma": "0.149015863427117",
    "J": "1.22521798044856",
}
PLANNER = {"beta": "-0.0771694705409927", "J": "1.2082624370384"}
