"""Equilibrium of two different agents (section 2.4 of the paper): of any number of them, at two."""

from __future__ import annotations

from dataclasses import replace

from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.derivations.mean_variance.agents import EVERY, TWO

#: Every parameter that is not shared is an agent's own.
SHARED = tuple(s.name for s in TWO.shared)
PARAMETERS = SHARED + tuple(
    f"{name}_{k}" for k in TWO.indices for name in mv.PARAMETERS if name not in SHARED
)

MODEL = replace(
    EVERY,
    title="equilibrium of two different agents",
    source="the paper, section 2.4",
    game=mv.OF_DIFFERENT.game("two-agent"),
    parameters=PARAMETERS,
    types=TWO,
    response=mv.RESPONSE,
)
