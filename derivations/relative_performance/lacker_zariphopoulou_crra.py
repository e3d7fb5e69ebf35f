"""Portfolios under relative performance with power utility, every manager of an own type.

Manager i invests the fraction ``pi`` of wealth in an own stock and has utility
``x**(1 - 1/delta)/(1 - 1/delta)`` of ``X_i / G**theta``, ``G`` the geometric mean of everybody's
terminal wealth: Lacker and Zariphopoulou (2019), Mean field and n-agent games for optimal
investment under relative performance criteria, Mathematical Finance 29, section 3. The state is
the logarithm of wealth, its law the logarithm of the geometric mean. The strategy does not depend
on the horizon, which is one unit of time where it is not given.
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

z, zbar = sp.symbols("z zbar")


def model(size: int | None = None, horizon: bool = True) -> Model:
    """The game of ``size`` managers, or of a continuum of them."""
    finite = size is not None
    utility = sp.exp((1 - 1 / delta) * (z - theta * zbar)) / (1 - 1 / delta)
    game = Game(
        name="lacker-zariphopoulou-crra",
        states=(
            State(
                z,
                mu * pi - (nu**2 + sigma**2) * pi**2 / 2,
                {"own": nu * pi, "common": sigma * pi},
            ),
        ),
        players=(Player("manager", (pi,), expected(payoff=utility)),),
        horizon=Horizon(end=T if horizon else 1),
        laws=(Law(zbar, of=z, given=("common",)),),
        crowd=Crowd("manager", n if finite else None, own=(mu, nu, sigma, theta, delta)),
    )
    letters = (*OWN, *((parameter(T, "horizon", positive),) if horizon else ()))
    return Model(
        game,
        Ansatz({"J": utility * sp.exp(c)}, {pi: k}),
        Vocabulary(*letters, *((parameter(n, "number of managers", positive),) if finite else ())),
        title="power utility of relative wealth, managers of their own types",
        source="Lacker and Zariphopoulou (2019), section 3",
        cases=CASES if horizon and not finite else {},
    )
