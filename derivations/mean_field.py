"""Equilibrium of a continuum of identical agents with common noise (section 3 of the paper)."""

from __future__ import annotations

import sympy as sp

from eqsolve.derivations import _mean_variance as mv
from eqsolve.derivations import _paper_mean_field
from eqsolve.model import Model
from eqsolve.symbolic.population import Population

MODEL = Model(
    title="mean-field equilibrium of a continuum of identical agents",
    source="the paper, section 3",
    game=mv.investment_game("mean-field", own_weight=sp.S.One, mean_field=True),
    ansatz=mv.ANSATZ,
    notation=mv.NOTATION,
    parameters=mv.PARAMETERS,
    displays=_paper_mean_field.displays,
    population=Population(sp.S.Zero, mv.AGGREGATES),
)
