"""The mean-variance problem with relative wealth and random horizon, shared by its games.

The dynamics are (2.3) and (2.7) of the paper, the objective (2.6), (2.8)-(2.9).
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from eqsolve.derivations.mean_variance import wealth
from eqsolve.derivations.mean_variance.vocabulary import symbols
from eqsolve.notated.ansatz import Ansatz
from eqsolve.notated.notation import Notation
from eqsolve.notated.published import Published
from eqsolve.notated.representative import Representative
from eqsolve.notated.roles import Roles
from eqsolve.outputs import Output, Outputs

r, b, B, nu, sigma, s2 = symbols("r b B nu sigma s2")
theta, gamma, alpha, beta, lam = symbols("theta gamma alpha beta lambda")
n, N, kappa = symbols("n N kappa")
x, y, q, p, x_k, w = symbols("x y q p x_k w")
m_b, m_s, m_2 = symbols("m_b m_s m_2")
a, c, d = symbols("a c d")
h20, h11, h02, h10, h01, h00, hq = symbols("h20 h11 h02 h10 h01 h00 hq")
A1, A2, A3, A4, A5, A6 = symbols("A1 A2 A3 A4 A5 A6")
p1, p2, p3, q3, Qb, Qs = symbols("p1 p2 p3 q3 Qb Qs")
k1, k2, k3, g, g2, Q, S, W, mu = symbols("k1 k2 k3 g g2 Q S W mu")
D1, D2, E0, E1, E2, Delta, Delta2 = symbols("D1 D2 E0 E1 E2 Delta Delta2")
C0, C1, C2, C3, pi = symbols("C0 C1 C2 C3 pi")


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


def agent(size: int | None, types: bool = False) -> Representative:
    """One agent of a crowd who takes the competitors' aggregates as given."""
    return Representative(
        wealth.response(size, types),
        ROLES,
        renamed={wealth.pi: p, wealth.weight: w},
        abbreviations={s2: nu**2 + sigma**2},
        weight=kappa,
    )


#: Of finitely many agents, of a continuum, and of agents who differ.
OF_MANY, OF_ALL, OF_DIFFERENT = agent(2), agent(None), agent(2, types=True)

#: Linear first moment, quadratic second moment and value, affine feedback: (2.24)-(2.26), (2.33).
ANSATZ = Ansatz(
    functions=OF_MANY.moments,
    value=A1 * x**2 + A2 * y**2 + A3 * x * y + A4 * x + A5 * y + A6,
    feedback={p: OF_MANY.feedback},
)

#: Parameters of every game of the family, in the order users give them.
PARAMETERS = OF_ALL.played

#: The response against given aggregates, derived once for all games with finitely many agents.
RESPONSE = Published(
    title="best response of one agent to given aggregates of n - 1 competitors",
    source="the paper, section 2.2",
    game=OF_MANY.game("best-response"),
    ansatz=ANSATZ,
    notation=NOTATION,
    required=OF_MANY.declared.required,
    roles=ROLES,
    restated=wealth.ALONE,
    parameters=OF_MANY.parameters,
)

#: The same of an agent with a weight of its own in the average.
WEIGHTED = replace(
    RESPONSE,
    title="best response of one agent of any weight to given aggregates of competitors",
    game=OF_DIFFERENT.game("weighted-response"),
    required=OF_DIFFERENT.declared.required,
    restated=None,
    parameters=(*PARAMETERS, w.name, *(s.name for s in (m_b, m_s, m_2))),
)
