"""Two firms and a price that adjusts slowly to what they produce.

The price follows p' = s (a - u_1 - u_2 - p); firm i earns p u_i - c_i u_i - d_i u_i^2/2 and
discounts at the rate r (Fershtman and Kamien, Dynamic duopolistic competition with sticky prices,
Econometrica 55, 1987). Without limits on production the strategies are affine in the price; firms
that differ have two coupled quadratic equations, one of whose solutions makes the price converge.
"""

from __future__ import annotations

import sympy as sp

from eqsolve.game import (
    Ansatz,
    Game,
    Horizon,
    Letter,
    Model,
    Notion,
    Player,
    State,
    Vocabulary,
    expected,
    parameter,
    positive,
)

p, u_1, u_2 = sp.symbols("p u_1 u_2")
s, a, r, c_1, c_2, d_1, d_2 = sp.symbols("s a r c_1 c_2 d_1 d_2")
K_1, K_2, E_1, E_2, G_1, G_2 = sp.symbols("K_1 K_2 E_1 E_2 G_1 G_2")
M_1, M_2, N_1, N_2 = sp.symbols("M_1 M_2 N_1 N_2")
alpha_1, alpha_2, beta_1, beta_2 = sp.symbols("alpha_1 alpha_2 beta_1 beta_2")


def model(notion: Notion = "feedback") -> Model:
    """The game in feedback or in open-loop strategies."""
    if notion == "open-loop":
        functions = {"J_1.p": M_1 * p + N_1, "J_2.p": M_2 * p + N_2}
    else:
        functions = {
            "J_1": K_1 * p**2 / 2 + E_1 * p + G_1,
            "J_2": K_2 * p**2 / 2 + E_2 * p + G_2,
        }
    firms = tuple(
        Player(
            f"firm {i}",
            (u,),
            expected(p * u - c * u - d * u**2 / 2, name=f"J_{i}"),
            discount=r,
        )
        for i, u, c, d in ((1, u_1, c_1, d_1), (2, u_2, c_2, d_2))
    )
    return Model(
        Game(
            "sticky-prices",
            states=(State(p, s * (a - u_1 - u_2 - p)),),
            players=firms,
            horizon=Horizon(),
            notion=notion,
        ),
        Ansatz(functions, feedback={u_1: alpha_1 * p + beta_1, u_2: alpha_2 * p + beta_2}),
        Vocabulary(
            parameter(s, "speed of the price", positive, unit="1/time"),
            parameter(a, "price at which nothing is bought"),
            parameter(r, "discount rate", positive, unit="1/time"),
            parameter(c_1, "marginal cost of firm 1 at no production"),
            parameter(c_2, "marginal cost of firm 2 at no production"),
            parameter(d_1, "slope of the marginal cost of firm 1", positive),
            parameter(d_2, "slope of the marginal cost of firm 2", positive),
            Letter(p, "price"),
            Letter(u_1, "production of firm 1"),
            Letter(u_2, "production of firm 2"),
        ),
        title="duopoly with sticky prices",
        source="Fershtman and Kamien, Econometrica 55 (1987)",
        selection="stabilizing",
        outputs={"price": (a - beta_1 - beta_2) / (1 + alpha_1 + alpha_2)},
        cases={"default": DEFAULT},
        reference={"default": OPEN_LOOP if notion == "open-loop" else FEEDBACK},
    )


DEFAULT = {"s": "1", "a": "10", "r": "0.1", "c_1": "2", "c_2": "2", "d_1": "1", "d_2": "1"}
FEEDBACK = {"K_1": "0.179840652624454", "K_2": "0.179840652624454", "price": "5.45556551377477"}
OPEN_LOOP = {"price": "5.90697674418605"}
