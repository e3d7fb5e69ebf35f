"""What the paper says of signs and counts, as theorems that Coq checks: chapters by game."""

from __future__ import annotations

from collections.abc import Iterator

from eqsolve.paper.proofs import roots, selection
from eqsolve.prove.statement import Chapter
from eqsolve.symbolic.derivation import Derivation


def best_response(derivation: Derivation) -> Iterator[Chapter]:
    """The roots of the cubic."""
    yield "roots", "how many roots of the cubic are admissible", roots.theorems(derivation)
    yield "selection", "which admissible root has Delta > 0", selection.theorems(derivation)
