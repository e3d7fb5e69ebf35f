"""Mean-variance with a risk aversion that falls with wealth.

The wealth dX = (r X + B u) dt + s u dW, with u the amount in the stock, is judged at wealth x by
E X_T - gamma/(2 x) Var X_T; nobody can commit to a strategy (Bjork, Murgoci and Zhou,
Mean-variance portfolio optimization with state-dependent risk aversion, Mathematical Finance 24,
2014). The equilibrium is u = c(t) x; its equations have no closed form.
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
    parameter,
    positive,
)

x, u = sp.symbols("x u")
r, B, s, gamma, T = sp.symbols("r B s gamma T")
a, h, c = sp.symbols("a h c")
G, H = Moment("G", x), Moment("H", x**2)


MODEL = Model(
    Game(
        "bjork-murgoci-zhou",
        states=(State(x, r * x + B * u, {"W": s * u}),),
        players=(
            Player(
                "investor",
                (u,),
                Preference((G, H), G.symbol - gamma / (2 * x) * (H.symbol - G.symbol**2)),
            ),
        ),
        horizon=Horizon(end=T),
    ),
    Ansatz({"G": a * x, "H": h * x**2}, feedback={u: c * x}),
    Vocabulary(
        parameter(r, "interest rate", unit="1/time"),
        parameter(B, "excess drift of the stock", unit="1/time"),
        parameter(s, "volatility of the stock", positive, unit="1/sqrt(time)"),
        parameter(gamma, "risk aversion at wealth 1", positive),
        parameter(T, "horizon", positive, unit="time"),
        Letter(x, "wealth", positive, unit="money"),
        Letter(u, "amount in the stock", unit="money"),
    ),
    title="mean-variance with state-dependent risk aversion",
    source="Bjork, Murgoci and Zhou, Mathematical Finance 24 (2014)",
    outputs={"E": a * x, "Var": (h - a**2) * x**2},
    cases={
        "default": {"r": "0.03", "B": "0.09", "s": "0.3", "gamma": "2", "T": "1", "x": "1"},
    },
    reference={"default": {"c": "0.436710779164334", "V": "1.05175817610491"}},
)
