"""The mean-variance problem with relative wealth and random horizon, shared by its games.

The dynamics are (2.3) and (2.7) of the paper, the objective (2.6), (2.8)-(2.9).
"""

from __future__ import annotations

import sympy as sp

from eqsolve.derivations.mean_variance.vocabulary import symbols
from eqsolve.model import Model
from eqsolve.outputs import Output, Outputs
from eqsolve.roles import Roles
from eqsolve.symbolic.ansatz import Ansatz
from eqsolve.symbolic.game import Control, Game, Horizon, Moment, Preference, State
from eqsolve.symbolic.notation import Notation

r, b, B, nu, sigma, s2 = symbols("r b B nu sigma s2")
theta, gamma, alpha, beta, lam = symbols("theta gamma alpha beta lambda")
n, N, kappa = symbols("n N kappa")
x, y, q, p, x_k = symbols("x y q p x_k")
m_b, m_s, m_2 = symbols("m_b m_s m_2")
a, c, d = symbols("a c d")
h20, h11, h02, h10, h01, h00, hq = symbols("h20 h11 h02 h10 h01 h00 hq")
A1, A2, A3, A4, A5, A6 = symbols("A1 A2 A3 A4 A5 A6")
p1, p2, p3, q3, Qb, Qs = symbols("p1 p2 p3 q3 Qb Qs")
k1, k2, k3, g, g2, Q, S, W, mu = symbols("k1 k2 k3 g g2 Q S W mu")
D1, D2, E0, E1, E2, Delta, Delta2 = symbols("D1 D2 E0 E1 E2 Delta Delta2")
C0, C1, C2, C3, pi = symbols("C0 C1 C2 C3 pi")


def investment_game(name: str, *, own_weight: sp.Expr, mean_field: bool = False) -> Game:
    """Return the problem of one agent who takes the competitors' aggregates as given.

    Parameters
    ----------
    name : name of the game.
    own_weight : definition of kappa, the weight of own wealth in the relative wealth.
    mean_field : drop the idiosyncratic noise of the aggregate, which averages out.
    """
    weight = sp.S.One if own_weight == 1 else kappa
    z = weight * x - theta * y
    mean, square = Moment("G", z), Moment("H", z**2)
    noise = {} if mean_field else {"others": sp.sqrt(m_2)}
    return Game(
        name=name,
        states=(
            State(x, drift=r * x + B * p, loadings={"own": nu * p, "common": sigma * p}),
            State(y, drift=r * y + m_b, loadings={"common": m_s} | noise),
        ),
        control=Control(p),
        preference=Preference(
            moments=(mean, square),
            aggregate=(alpha + beta * x) * mean.symbol
            - gamma / 2 * (square.symbol - mean.symbol**2),
        ),
        horizon=Horizon("exponential", lam),
        definitions={B: b - r, s2: nu**2 + sigma**2} | ({} if weight == 1 else {kappa: own_weight}),
        environment=(m_b, m_s) if mean_field else (m_b, m_s, m_2),
        implied={N: 1 / n} if own_weight.has(N) else {},
    )


#: Linear first moment, quadratic second moment and value, affine feedback: (2.24)-(2.26), (2.33).
ANSATZ = Ansatz(
    moments={
        "G": a * x + c * y + d,
        "H": h20 * x**2 + h11 * x * y + h02 * y**2 + h10 * x + h01 * y + h00,
    },
    value=A1 * x**2 + A2 * y**2 + A3 * x * y + A4 * x + A5 * y + A6,
    feedback=p1 * x + p2 * y + p3,
)

NOTATION = Notation(
    abbreviations={E1: lam - r, E0: lam - 2 * r},
    denominators={
        a: (D1,),
        h20: (D2,),
        h11: (E2,),
        p2: (Delta2,),
        p3: (Delta,),
        k3: (S,),
        k1: (W,),
        k2: (S,),
    },
    polynomial={p1: (C3, C2, C1, C0)},
    split={p3: {sp.S.One: q3, m_b: Qb, m_s: Qs}},
    positive=lam,
)

#: Columns of kernels and sweeps.
OUTPUTS = Outputs(
    root=Output("p1", p1.name, r"response to own wealth $p_1$"),
    own=Output("k_x", k1.name, r"coefficient of own wealth $k_1$"),
    others=Output("k_y", k2.name, r"coefficient of others' wealth $k_2$"),
    constant=Output("k_1", k3.name, r"constant of the strategy $k_3$"),
    position=Output(pi.name, p.name, r"amount in the stock $\pi$"),
    alone=Output(
        "pi_noncompetitive",
        p.name,
        r"amount in the stock at $\theta = 0$",
        more=" without competition",
    ),
    value=Output(
        "V",
        A6.name,
        "value $V$",
        meaning="value at the wealth x and the competitors' aggregate y",
    ),
)

ROLES = Roles(
    root=p1,
    slope=B,
    states=(x, y),
    affine=(p1, p2, p3),
    response=(p1, p2, q3, Qb, Qs),
    strategy=(k1, k2, k3),
    moments=(a, c, d, h20, h11, h02, h10, h01, h00),
    admissible=D2,
    constant=Delta,
    always=(D1, D2, Delta, S, W),
    hazard=lam,
    rate=r,
    competition=theta,
    weights=(alpha, beta),
    noises=(nu, sigma),
    own=(b, nu, sigma, B, s2),
    size=n,
    reciprocal=N,
    competitor=x_k,
    position=g,
    mean_square=g2,
    slope_of_position=Q,
    square=q,
    of_square=hq,
    growth=mu,
    played=pi,
    outputs=OUTPUTS,
)

#: Parameters of every game of the family, in the order users give them.
PARAMETERS = ("r", "b", "nu", "sigma", "theta", "gamma", "alpha", "beta", "lambda")

#: The response against given aggregates, derived once for all games with finitely many agents.
RESPONSE = Model(
    title="best response of one agent to given aggregates of n - 1 competitors",
    source="the paper, section 2.2",
    game=investment_game("best-response", own_weight=1 - theta * N),
    ansatz=ANSATZ,
    notation=NOTATION,
    roles=ROLES,
    parameters=(*PARAMETERS, "n", "m_b", "m_s", "m_2"),
)

#: The environment in terms of the competitors' positions: g is their average position,
#: (1/n) sum_{k != i} pi_k, and g2 the average (1/n) sum_{k != i} pi_k^2 of its square.
AGGREGATES = {m_b: B * g, m_s: sigma * g, m_2: N * nu**2 * g2}
