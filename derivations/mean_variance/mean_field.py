"""Equilibrium of a continuum of identical agents with common noise (section 3 of the paper)."""

from __future__ import annotations

from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.derivations.mean_variance import wealth
from eqsolve.notated.published import Published

MODEL = Published(
    title="mean-field equilibrium of a continuum of identical agents",
    source="the paper, section 3",
    game=mv.OF_ALL.game("mean-field"),
    ansatz=mv.ANSATZ,
    notation=mv.NOTATION,
    required=mv.OF_ALL.declared.required,
    roles=mv.ROLES,
    restated=wealth.CONTINUUM,
    finite="n-agent",
    parameters=mv.OF_ALL.played,
    crowd=mv.OF_ALL,
)
