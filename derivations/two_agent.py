"""Equilibrium of two different agents (section 2.4 of the paper)."""

from __future__ import annotations

from eqsolve.derivations import _mean_variance as mv
from eqsolve.derivations import _paper_two_agent, _paper_types
from eqsolve.derivations._agents import TWO, w
from eqsolve.derivations._paper_lines import placed
from eqsolve.ledger import Display
from eqsolve.model import Model
from eqsolve.symbolic.derivation import Derivation

#: Every parameter but the interest rate is an agent's own.
PARAMETERS = ("r",) + tuple(
    f"{name}_{k}" for k in TWO.indices for name in mv.PARAMETERS if name != "r"
)


def displays(derivation: Derivation) -> tuple[Display, ...]:
    """Return the displays about different agents: section 2.4 of the paper and appendix C."""
    found = _paper_two_agent.displays(derivation)
    return placed(found, (_paper_types.exponential_agents(),))


MODEL = Model(
    title="equilibrium of two different agents",
    source="the paper, section 2.4",
    game=mv.investment_game("two-agent", own_weight=1 - mv.theta * w),
    ansatz=mv.ANSATZ,
    notation=mv.NOTATION,
    parameters=PARAMETERS,
    population=TWO,
    response=mv.RESPONSE,
    displays=displays,
)
