"""Which errors the comparison with the grid sees, measured by planting them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from eqsolve.arithmetic.algebra import collect
from eqsolve.notated.published import Case, Published
from eqsolve.verify.mutation import tampered
from eqsolve.verify.pde import (
    ALLOWED,
    Array,
    Referee,
    arrays,
    monomial,
    relative_error,
    window,
)
from eqsolve.verify.prediction import Prediction, predictions

#: Relative size of the error planted in the cubic, small enough to be in the linear regime.
PLANTED = 1e-6


@dataclass(frozen=True)
class Coefficient:
    """One coefficient: claim, grid, and the smallest errors that the comparison sees.

    Attributes
    ----------
    name : symbol of the closed form, such as p1 or h20.
    claimed : the closed form's value; NaN for the coefficients of the cubic.
    found : fitted to the grid's array on the inner window; NaN for those of the cubic.
    seen : smallest absolute error that makes the check fail, either sign, by planting.
    seen_relative : the same relative to the claim; infinite where the claim is 0.
    """

    name: str
    claimed: float
    found: float
    seen: float
    seen_relative: float

    @property
    def error(self) -> float:
        """Distance of claim and fit."""
        return abs(self.claimed - self.found)

    @property
    def relative(self) -> float:
        """Distance relative to the claim; NaN where the claim is 0."""
        return self.error / abs(self.claimed) if self.claimed else math.nan

    def to_dict(self) -> dict[str, Any]:
        row = {
            "claimed": self.claimed,
            "found": self.found,
            "error": self.error,
            "relative": self.relative,
            "seen": self.seen,
            "seen_relative": self.seen_relative,
        }
        return {key: value if math.isfinite(value) else None for key, value in row.items()}


def coefficients(claim: Prediction, model: Published, grid: Referee) -> Iterator[Coefficient]:
    """Fit the coefficients to the grid's arrays and measure which errors are seen by planting."""
    game, mesh = claim.game, window(grid.solution)
    found = arrays(grid.solution, game)
    ansatz = model.ansatz
    named = {"policy": ansatz.response, **ansatz.functions}
    for label, claimed in {"policy": claim.feedback, **claim.moments}.items():
        reference = found[label]
        unknowns = collect(named[label], game.state_symbols)
        basis = {part: monomial(game, part, mesh) for part in claimed}
        columns = np.stack([basis[part].ravel() for part in claimed], axis=1)
        scale = abs(columns).max(axis=0)
        fit = np.linalg.lstsq(columns / scale, reference.ravel(), rcond=None)[0] / scale
        total = np.sum([value * basis[part] for part, value in claimed.items()], axis=0)
        for (part, value), number in zip(claimed.items(), fit, strict=True):
            seen = threshold(total, basis[part], reference)
            relative = seen / abs(value) if value else math.inf
            yield Coefficient(str(unknowns[part]), value, float(number), seen, relative)


def threshold(claimed: Array, direction: Array, reference: Array) -> float:
    """Smallest size d such that claims off by d and by -d times ``direction`` both fail.

    By bisection on the logarithm, to 1 %.
    """

    def missed(size: float) -> bool:
        return any(
            relative_error(claimed + sign * size * direction, reference) <= ALLOWED
            for sign in (1, -1)
        )

    low, high = -20.0, 2.0
    if missed(10**high):
        return math.inf
    while high - low > 0.004:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if missed(10**middle) else (low, middle)
    return float(10**high)


def cubic(claim: Prediction, model: Published, case: Case, grid: Referee) -> Iterator[Coefficient]:
    """Smallest relative errors of the cubic's coefficients that show in the policy.

    One error is planted, the threshold computed from it, and confirmed by planting once more. Only
    where the environment is given: in a population it changes along with the error.
    """
    if model.crowd is not None:
        return
    reference, mesh = arrays(grid.solution, claim.game)["policy"], window(grid.solution)
    basis = {part: monomial(claim.game, part, mesh) for part in claim.feedback}

    def error(name: sp.Symbol, size: float) -> float:
        factor = 1 + sp.Rational(size)
        form = tampered(model.derivation.form, name, lambda e: e * factor)
        (wrong,) = predictions(model, case.given, name=case.name, form=form)
        total = np.sum([v * basis[part] for part, v in wrong.feedback.items()], axis=0)
        return relative_error(total, reference)

    for name in next(d.polynomial for d in model.derivation.form.definitions if d.is_root):
        shown = error(name, PLANTED) - error(name, 0.0)
        seen = PLANTED * ALLOWED / shown if shown > 0 else math.inf
        # the threshold holds if three times the error is seen, where a wrong form can be solved
        if not (seen < 0.1 and error(name, 3 * seen) > ALLOWED):
            seen = math.inf
        yield Coefficient(str(name), math.nan, math.nan, math.nan, seen)
