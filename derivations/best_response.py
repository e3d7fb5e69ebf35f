"""Best response of one agent to given aggregates of the competitors (section 2.2 of the paper)."""

from __future__ import annotations

from dataclasses import replace

from eqsolve.derivations import _mean_variance as mv
from eqsolve.derivations import _paper_response

MODEL = replace(
    mv.RESPONSE,
    response=mv.RESPONSE,
    displays=_paper_response.displays,
    published=mv.published(mv.kappa),
)
