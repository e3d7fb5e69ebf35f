"""Equilibrium of a continuum of identical agents with common noise (section 3 of the paper)."""

from __future__ import annotations

import sympy as sp

from eqsolve.derivations import _mean_variance as mv
from eqsolve.derivations import _paper_many, _paper_mean_field, _paper_spike, _paper_types
from eqsolve.derivations._paper_lines import placed
from eqsolve.ledger import Display
from eqsolve.model import Model
from eqsolve.symbolic.derivation import Derivation
from eqsolve.symbolic.population import Population


def displays(derivation: Derivation) -> tuple[Display, ...]:
    """Return the displays of section 3 of the paper and of appendices D and E."""
    constant, limit = _paper_many.displays()
    mean = r"\overline{x}"
    found = placed(
        _paper_mean_field.displays(derivation),
        _paper_types.types(),
        (_paper_spike.equilibrium("3.6", "3.5", mean),),
        (*constant, _paper_types.exponential_continuum()),
    )
    return (*found, *limit)


MODEL = Model(
    title="mean-field equilibrium of a continuum of identical agents",
    source="the paper, section 3",
    game=mv.investment_game("mean-field", own_weight=sp.S.One, mean_field=True),
    ansatz=mv.ANSATZ,
    notation=mv.NOTATION,
    parameters=mv.PARAMETERS,
    displays=displays,
    population=Population(sp.S.Zero, mv.AGGREGATES),
    cases=mv.SETS,
    reference={
        "S1": {
            "given-aggregate": (".233413246626594", ".0772564902872695", ".630296894767307"),
            "closed-loop": (".23341", ".08021", ".63596"),
        },
        "S3": {
            "given-aggregate": (".23770", ".07857", ".15912"),
            "closed-loop": (".23770", ".08254", ".16099"),
        },
    },
)
