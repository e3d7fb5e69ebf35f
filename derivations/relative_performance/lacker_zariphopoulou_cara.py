"""Portfolios under relative performance with exponential utility, every manager of an own type.

Manager i trades an own stock with drift ``mu``, own volatility ``nu`` and common volatility
``sigma``, at interest rate 0, and has utility ``-exp(-(X_i - theta Xbar)/delta)`` of terminal
wealth, ``Xbar`` the average over all managers: Lacker and Zariphopoulou (2019), Mean field and
n-agent games for optimal investment under relative performance criteria, Mathematical Finance 29,
section 2.
"""

from __future__ import annotations

import sympy as sp

from eqsolve.derivations.relative_performance.letters import (
    CASES,
    OWN,
    T,
    c,
    delta,
    k,
    mu,
    n,
    nu,
    pi,
    sigma,
    theta,
)
from eqsolve.game import (
    Ansatz,
    Crowd,
    Game,
    Horizon,
    Law,
    Model,
    Player,
    State,
    Vocabulary,
    expected,
    parameter,
    positive,
)

x, xbar = sp.symbols("x xbar")


def model(size: int | None = None) -> Model:
    """The game of ``size`` managers, or of a continuum of them."""
    finite = size is not None
    game = Game(
        name="lacker-zariphopoulou-cara",
        states=(State(x, mu * pi, {"own": nu * pi, "common": sigma * pi}),),
        players=(Player("manager", (pi,), expected(payoff=-sp.exp(-(x - theta * xbar) / delta))),),
        horizon=Horizon(end=T),
        laws=(Law(xbar, of=x, given=("common",)),),
        crowd=Crowd("manager", n if finite else None, own=(mu, nu, sigma, theta, delta)),
    )
    letters = (*OWN, parameter(T, "horizon", positive))
    return Model(
        game,
        Ansatz({"J": -sp.exp(-(x - theta * xbar) / delta + c)}, {pi: k}),
        Vocabulary(*letters, *((parameter(n, "number of managers", positive),) if finite else ())),
        title="exponential utility of relative wealth, managers of their own types",
        source="Lacker and Zariphopoulou (2019), section 2",
        cases={} if finite else CASES,
    )
