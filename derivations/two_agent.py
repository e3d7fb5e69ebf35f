"""Equilibrium of two different agents (section 2.4 of the paper)."""

from __future__ import annotations

from eqsolve.derivations import _mean_variance as mv
from eqsolve.derivations import best_response
from eqsolve.model import Model
from eqsolve.symbolic.heterogeneous import Agents, Average
from eqsolve.symbols import symbols

w, P, M_b, M_s = symbols("w P M_b M_s")
BQb, BQs, BP, sQb, sQs, sP = symbols("BQb BQs BP sQb sQs sP")

#: The averages of all positions, weighted by B and by sigma, and the names of their moments.
AVERAGES = {
    mv.m_b: Average(M_b, mv.B, {mv.Qb: BQb, mv.Qs: BQs, P: BP}),
    mv.m_s: Average(M_s, mv.sigma, {mv.Qb: sQb, mv.Qs: sQs, P: sP}),
}

AGENTS = Agents(count=2, averages=AVERAGES, shared=(mv.r,))

#: Every parameter but the interest rate is an agent's own.
PARAMETERS = ("r",) + tuple(
    f"{name}_{k}" for k in AGENTS.indices for name in mv.PARAMETERS if name != "r"
)

MODEL = Model(
    title="equilibrium of two different agents",
    source="the paper, section 2.4",
    game=mv.investment_game("two-agent", own_weight=1 - mv.theta * w),
    ansatz=mv.ANSATZ,
    notation=mv.NOTATION,
    parameters=PARAMETERS,
    population=AGENTS,
    response=best_response.MODEL,
)
