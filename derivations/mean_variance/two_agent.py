"""Equilibrium of two different agents (section 2.4 of the paper)."""

from __future__ import annotations

from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.derivations.mean_variance import wealth
from eqsolve.derivations.mean_variance.agents import TWO, w
from eqsolve.model import Model

#: Every parameter but the interest rate is an agent's own.
PARAMETERS = ("r",) + tuple(
    f"{name}_{k}" for k in TWO.indices for name in mv.PARAMETERS if name != "r"
)

MODEL = Model(
    title="equilibrium of two different agents",
    source="the paper, section 2.4",
    game=mv.investment_game("two-agent", own_weight=1 - mv.theta * w),
    ansatz=mv.ANSATZ,
    notation=mv.NOTATION,
    roles=mv.ROLES,
    restated=wealth.APART,
    parameters=PARAMETERS,
    population=TWO,
    response=mv.RESPONSE,
)
