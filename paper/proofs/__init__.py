"""What the paper says of signs and counts, as theorems that Coq checks: chapters by game."""

from __future__ import annotations

from collections.abc import Iterator

from eqsolve.notated.derivation import Derivation
from eqsolve.paper.proofs import competition, counterexamples, roots, selection, weights
from eqsolve.prove.statement import Chapter


def best_response(derivation: Derivation) -> Iterator[Chapter]:
    """The roots of the cubic."""
    yield "roots", "how many roots of the cubic are admissible", roots.theorems(derivation)
    yield "selection", "which admissible root has Delta > 0", selection.theorems(derivation)
    title = "what does not hold without a condition, at rational numbers"
    yield "counterexamples", title, counterexamples.alone(derivation)


def n_agent(derivation: Derivation) -> Iterator[Chapter]:
    """The common strategy of finitely many agents."""
    yield "weights", "the strategy and the weight alpha", weights.theorems(derivation)


def mean_field(derivation: Derivation) -> Iterator[Chapter]:
    """The common strategy of a continuum."""
    yield "weights", "the strategy and the weight alpha", weights.theorems(derivation)
    yield "competition", "the strategy and competition", competition.theorems(derivation)
    title = "what does not hold without a condition, at rational numbers"
    yield "counterexamples", title, counterexamples.competing(derivation)
