"""Investors with parameters of their own whose feedbacks all follow wealth: nothing is frozen.

Every investor is a player of its own: as many wealths, each among the states of all others, and as
many hazard rates. A random time of hazard rate lambda at which z is paid is an income at the rate
lambda z that is discounted at the rate lambda; finite horizons pay z at their end.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from eqsolve.derivations.mean_variance import wealth
from eqsolve.derivations.mean_variance.parameters import PARAMETERS
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

SHARED = (wealth.r,)


@cache
def players(size: int) -> Model:
    """The closed loop of so many investors; ``x_k``, ``pi_k`` and so on are those of the k-th."""
    numbers = range(1, size + 1)
    letters = (*wealth.OWN, wealth.B, wealth.weight, wealth.x, wealth.pi)
    own = {k: {s: sp.Symbol(f"{s}_{k}") for s in letters} for k in numbers}
    x = [own[k][wealth.x] for k in numbers]
    average = sp.Add(*(own[k][wealth.weight] * own[k][wealth.x] for k in numbers))
    states, investors = [], []
    functions, feedback = {}, {}
    ends: dict[str, sp.Expr] = {}
    outputs: dict[str, sp.Expr] = {}
    for k, mine in own.items():
        noises = {f"W_{k}": wealth.nu * wealth.pi, "W_0": wealth.sigma * wealth.pi}
        loadings = {name: e.xreplace(mine) for name, e in noises.items()}
        states.append(State(mine[wealth.x], wealth.WEALTH.drift.xreplace(mine), loadings))
        z, rate = mine[wealth.x] - mine[wealth.theta] * average, mine[wealth.lam]
        mean, square = Moment(f"G_{k}", running=rate * z), Moment(f"H_{k}", running=rate * z**2)
        weight = (wealth.alpha + wealth.beta * wealth.x).xreplace(mine)
        variance = square.symbol - mean.symbol**2
        worth = weight * mean.symbol - mine[wealth.gamma] / 2 * variance
        preference = Preference((mean, square), worth)
        investors.append(Player(f"agent {k}", (mine[wealth.pi],), preference, rate))
        ends |= {mean.name: z, square.name: z**2}
        slopes = [sp.Symbol(f"a_{k}{j}") for j in numbers]
        functions[mean.name] = sp.Add(*map(sp.Mul, slopes, x)) + sp.Symbol(f"d_{k}")
        pairs = [(i, j) for i in numbers for j in numbers if i <= j]
        functions[square.name] = sp.Add(
            *(sp.Symbol(f"h_{k}{i}{j}") * x[i - 1] * x[j - 1] for i, j in pairs),
            *(sp.Symbol(f"e_{k}{j}") * x[j - 1] for j in numbers),
            sp.Symbol(f"f_{k}"),
        )
        answers = [sp.Symbol(f"k_{k}{j}") for j in numbers]
        feedback[mine[wealth.pi]] = sp.Add(*map(sp.Mul, answers, x)) + sp.Symbol(f"k_{k}0")
        outputs |= {s.name: s for s in answers}
    rows = [row for row in PARAMETERS if row[0] not in {s.name for s in SHARED}]
    return Model(
        Game(
            "relative-wealth-of-players",
            states=tuple(states),
            players=tuple(investors),
            horizon=Horizon(),
            definitions={o[wealth.B]: o[wealth.b] - wealth.r for o in own.values()},
        ),
        Ansatz(functions, feedback),
        Vocabulary(
            *wealth.described(*(row for row in PARAMETERS if row not in rows)),
            *wealth.described(*((f"{row[0]}_{k}", *row[1:]) for k in numbers for row in rows)),
            *(parameter(o[wealth.weight], "weight in the average", positive) for o in own.values()),
            *(Letter(o[wealth.x], "wealth", unit="wealth") for o in own.values()),
            *(Letter(o[wealth.pi], "amount in the stock", unit="wealth") for o in own.values()),
            *(Letter(o[wealth.B], "excess drift", unit="1/time") for o in own.values()),
        ),
        title="closed loop of investors with parameters of their own",
        source="the paper, section 2.4, in closed loop",
        ends=ends,
        outputs=outputs,
    )
