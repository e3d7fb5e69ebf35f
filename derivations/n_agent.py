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
    cases=mv.SIZED,
    reference={
        "S1, n = 3": {
            "given-aggregate": (".28067", ".09208", ".69495"),
            "closed-loop": (".28140", ".09506", ".70012"),
        },
        "S1, n = 10": {
            "given-aggregate": (".246342445272839", ".0813193225992309", ".648513002112453"),
            "closed-loop": (".24657", ".08432", ".65414"),
        },
        "S2, n = 3": {
            "given-aggregate": (".11888", ".01215", ".65206"),
            "closed-loop": (".11892", ".01245", ".65305"),
        },
    },
)
