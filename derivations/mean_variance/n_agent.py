"""Equilibrium of n identical agents (section 2.3 of the paper)."""

from __future__ import annotations

from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.derivations.mean_variance import wealth
from eqsolve.notated.published import Published

MODEL = Published(
    title="equilibrium of n identical agents",
    source="the paper, section 2.3",
    game=mv.OF_MANY.game("n-agent"),
    ansatz=mv.ANSATZ,
    notation=mv.NOTATION,
    required=mv.OF_MANY.declared.required,
    roles=mv.ROLES,
    restated=wealth.MANY,
    limit="mean-field",
    parameters=mv.OF_MANY.played,
    crowd=mv.OF_MANY,
    response=mv.RESPONSE,
)
