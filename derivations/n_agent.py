"""Equilibrium of n identical agents (section 2.3 of the paper)."""

from __future__ import annotations

from eqsolve.derivations import _mean_variance as mv
from eqsolve.derivations import _paper_population, _paper_types
from eqsolve.ledger import Display
from eqsolve.model import Model
from eqsolve.symbolic.derivation import Derivation
from eqsolve.symbolic.population import Population


def displays(derivation: Derivation) -> tuple[Display, ...]:
    """Return the displays of section 2.3 of the paper, and the one that appendix E recalls."""
    return (*_paper_population.displays(derivation), _paper_types.recalled())


MODEL = Model(
    title="equilibrium of n identical agents",
    source="the paper, section 2.3",
    game=mv.investment_game("n-agent", own_weight=1 - mv.theta * mv.N),
    ansatz=mv.ANSATZ,
    notation=mv.NOTATION,
    parameters=mv.PARAMETERS + ("n",),
    displays=displays,
    population=Population(mv.N, mv.AGGREGATES),
    response=mv.RESPONSE,
)
