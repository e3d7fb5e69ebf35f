"""Equilibrium of two different agents (section 2.4 of the paper)."""

from __future__ import annotations

from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.derivations.mean_variance import wealth
from eqsolve.derivations.mean_variance.agents import TWO
from eqsolve.model import Model

#: Every parameter that is not shared is an agent's own.
SHARED = tuple(s.name for s in TWO.shared)
PARAMETERS = SHARED + tuple(
    f"{name}_{k}" for k in TWO.indices for name in mv.PARAMETERS if name not in SHARED
)

MODEL = Model(
    title="equilibrium of two different agents",
    source="the paper, section 2.4",
    game=mv.OF_DIFFERENT.game("two-agent"),
    ansatz=mv.ANSATZ,
    notation=mv.NOTATION,
    required=mv.OF_DIFFERENT.declared.required,
    roles=mv.ROLES,
    restated=wealth.APART,
    parameters=PARAMETERS,
    population=TWO,
    response=mv.RESPONSE,
)
