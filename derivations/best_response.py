"""Best response of one agent to given aggregates of the competitors (section 2.2 of the paper)."""

from __future__ import annotations

from eqsolve.derivations import _mean_variance as mv
from eqsolve.model import Model

MODEL = Model(
    title="best response of one agent to given aggregates of n - 1 competitors",
    source="the paper, section 2.2",
    game=mv.investment_game("best-response", own_weight=1 - mv.theta * mv.N),
    ansatz=mv.ANSATZ,
    notation=mv.NOTATION,
    parameters=mv.PARAMETERS + ("n", "m_b", "m_s", "m_2"),
    published=mv.published(mv.kappa),
)
