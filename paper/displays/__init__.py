"""The numbered displays of the paper, one function for each of its games."""

from __future__ import annotations

from eqsolve.ledger import Display
from eqsolve.notated.derivation import Derivation
from eqsolve.paper.displays import (
    continuum,
    growth,
    many,
    pair,
    population,
    response,
    spike,
    types,
    verification,
)
from eqsolve.paper.displays.lines import placed


def best_response(derivation: Derivation) -> tuple[Display, ...]:
    """Return the displays of sections 2.1 and 2.2 of the paper and of appendices A and B."""
    found = placed(
        response.displays(derivation),
        types.returns(),
        (spike.equilibrium("2.10", "2.8-2.9"),),
        verification.conclusions(derivation),
        growth.constants(derivation),
    )
    return (*found, *verification.appendix(derivation), *growth.appendix(derivation))


def n_agent(derivation: Derivation) -> tuple[Display, ...]:
    """Return the displays of section 2.3 of the paper, and the one that appendix E recalls."""
    return (*population.displays(derivation), types.recalled())


def two_agent(derivation: Derivation) -> tuple[Display, ...]:
    """Return the displays about different agents: section 2.4 of the paper and appendix C."""
    return placed(pair.displays(derivation), (types.exponential_agents(),))


def mean_field(derivation: Derivation) -> tuple[Display, ...]:
    """Return the displays of section 3 of the paper and of appendices D and E."""
    constant, limit = many.displays()
    found = placed(
        continuum.displays(derivation),
        types.types(),
        (spike.equilibrium("3.6", "3.5", r"\overline{x}"),),
        (*constant, types.exponential_continuum()),
    )
    return (*found, *limit)
