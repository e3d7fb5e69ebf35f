"""One answer for players of several types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from eqsolve.inputs import WEIGHT
from eqsolve.rows import Types
from eqsolve.solve.answer import Answer


def merged(answers: list[Answer], types: Types, found: Mapping[str, Any]) -> Answer:
    """One answer for all types: results of type k have the suffix ``_k``.

    If one of them has no solution, that is the answer.
    """
    failed = next((k for k, a in enumerate(answers) if not a.ok), None)
    first = answers[failed or 0]

    def joined(part: str) -> dict[str, Any]:
        return {
            f"{name}_{k}": value
            for k, answer in enumerate(answers, start=1)
            for name, value in getattr(answer, part).items()
        }

    own = {name for row in types.rows for name in row}
    shared = {name: v for name, v in first.parameters.items() if name not in own}
    single = {k: v for k, v in joined("parameters").items() if k.rpartition("_")[0] in own}
    # as a user would give them: equal weights are left out
    unequal = len(set(types.weights)) > 1
    weights = {f"{WEIGHT}_{k}": str(w) for k, w in enumerate(types.weights, start=1) if unequal}
    first = replace(
        first,
        parameters={**shared, **single, **weights},
        laws={name: float(v) for name, v in found.items()},
    )
    if failed is not None:
        return replace(first, message=f"Type {failed + 1}: {first.message}")
    radius = "largest_relative_radius"
    widest = max(answer.certificate.get(radius, 0.0) for answer in answers)
    told = {radius: widest} if radius in first.certificate else {}
    return replace(
        first,
        strategy=joined("strategy"),
        response=joined("response"),
        value=joined("value"),
        coefficients=joined("coefficients"),
        outputs=joined("outputs"),
        at=joined("at"),
        certificate={**first.certificate, **told, "types": len(answers), "quadrature": types.drawn},
    )
