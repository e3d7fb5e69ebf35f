"""Merton's problem with consumption, for ever or up to a time T with a bequest.

The wealth dX = (r X + B pi - c) dt + s pi dW pays for the consumption c. Its utility
c^(1-g)/(1-g), discounted at the rate rho, is to be largest in expectation; at T the bequest counts
K X_T^(1-g)/(1-g). At g = 1 both utilities are logarithms (Merton, Optimum consumption and
portfolio rules in a continuous-time model, Journal of Economic Theory 3, 1971).
"""

from __future__ import annotations

from fractions import Fraction

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
    parameter,
    positive,
)

x, pi, c = sp.symbols("x pi c")
r, B, s, aversion, rho, T, K = sp.symbols("r B s g rho T K")
f, k, share = sp.symbols("f k fraction")


def model(g: Fraction | None = None, horizon: bool = False) -> Model:
    """The problem; ``g`` = 1 is the logarithm, and ``horizon`` says whether T is given."""
    if g == 1:
        values = sp.FiniteSet(1)
        flow, bequest = sp.log(c), K * sp.log(x)
        value = f * sp.log(x) + k
    else:
        values = positive - sp.FiniteSet(1)
        flow, final = (z ** (1 - aversion) / (1 - aversion) for z in (c, x))
        bequest, value = K * final, f**aversion * final
    end = (
        parameter(T, "horizon", positive, unit="time"),
        parameter(K, "weight of the bequest", positive),
    )
    return Model(
        Game(
            "merton-consumption",
            states=(State(x, r * x + B * pi - c, {"W": s * pi}),),
            players=(
                Player(
                    "investor",
                    (pi, c),
                    expected(flow, bequest if horizon else sp.S.Zero),
                    discount=rho,
                ),
            ),
            horizon=Horizon(end=T) if horizon else Horizon(),
        ),
        Ansatz({"J": value}, feedback={pi: share * x, c: x / f}),
        Vocabulary(
            parameter(r, "interest rate", unit="1/time"),
            parameter(B, "excess drift of the stock", unit="1/time"),
            parameter(s, "volatility of the stock", positive, unit="1/sqrt(time)"),
            parameter(aversion, "relative risk aversion", values),
            parameter(rho, "discount rate", positive, unit="1/time"),
            *(end if horizon else ()),
            Letter(x, "wealth", positive, unit="money"),
            Letter(pi, "amount in the stock", latex=r"\pi", unit="money"),
            Letter(c, "rate of consumption", positive, unit="money/time"),
            Letter(f, "wealth per unit of consumption", positive, unit="time"),
            Letter(share, "fraction of wealth in the stock", latex=r"\varphi"),
        ),
        title="Merton's problem with consumption",
        source="Merton, Journal of Economic Theory 3 (1971)",
        outputs={"fraction": share, "consumption": 1 / f},
        cases=(
            {}
            if horizon or g == 1
            else {
                "default": {
                    "r": "0.03",
                    "B": "0.09",
                    "s": "0.3",
                    "g": "2",
                    "rho": "0.06",
                    "x": "1.5",
                }
            }
        ),
        reference=(
            {}
            if horizon or g == 1
            else {
                "default": {
                    "fraction": "0.500000000000000",
                    "consumption": "0.0562500000000000",
                    "V": "-210.699588477366",
                }
            }
        ),
    )
