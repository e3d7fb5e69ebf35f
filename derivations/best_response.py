"""Best response of one agent to given aggregates of the competitors (section 2.2 of the paper)."""

from __future__ import annotations

from dataclasses import replace

from eqsolve.derivations import _mean_variance as mv
from eqsolve.derivations import (
    _paper_growth,
    _paper_response,
    _paper_spike,
    _paper_types,
    _paper_verification,
)
from eqsolve.derivations._paper_lines import placed
from eqsolve.ledger import Display
from eqsolve.symbolic.derivation import Derivation


def displays(derivation: Derivation) -> tuple[Display, ...]:
    """Return the displays of sections 2.1 and 2.2 of the paper and of appendices A and B."""
    found = placed(
        _paper_response.displays(derivation),
        _paper_types.returns(),
        (_paper_spike.equilibrium("2.10", "2.8-2.9"),),
        _paper_verification.conclusions(derivation),
        _paper_growth.constants(derivation),
    )
    return (
        *found,
        *_paper_verification.appendix(derivation),
        *_paper_growth.appendix(derivation),
    )


MODEL = replace(
    mv.RESPONSE,
    response=mv.RESPONSE,
    displays=displays,
    published=mv.published(mv.kappa),
    cases={name: row | mv.GIVEN for name, row in mv.SIZED.items()},
)
