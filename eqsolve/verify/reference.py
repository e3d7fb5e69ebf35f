"""Checks of what the exact checks leave undefined: own weight and excess drift, by their meaning.

The closed form is exact in kappa and B as atoms; a wrong definition of one of them shows only where
relative wealth is spelled out, or in numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sympy as sp

from eqsolve.errors import NoSolutionError
from eqsolve.notated.published import Published
from eqsolve.verify.check import Check
from eqsolve.verify.substitution import exact_check
from eqsolve.words.equilibrium import solve


def weight_checks(model: Published) -> list[Check]:
    """Check that the moments are of own wealth less theta times the average with the own wealth.

    The own weight in the average is zero in a continuum. A game without
    competitors has no such check.
    """
    if model.roles is None:
        return []
    game, theta = model.game, model.roles.competition
    share = model.roles.reciprocal if model.crowd is None else model.crowd.share
    moments = game.preference.moments
    if model.crowd is None and model.roles.size.name not in model.parameters:
        return []
    if not any(theta in moment.payoff.free_symbols for moment in moments):
        return []
    x, y = game.state_symbols
    relative = x - theta * (y + share * x)

    def holds() -> bool:
        return all(
            sp.expand((moment.payoff - relative**power).xreplace(game.abbreviations)) == 0
            for power, moment in enumerate(moments, 1)
        )

    return [
        exact_check(
            "relative wealth of the definition",
            game.name,
            holds,
            "Payoffs with kappa spelled out against own wealth less theta times the average.",
        )
    ]


def reference_checks(model: Published, case: str, notion: str) -> list[Check]:
    """Compare the strategy at one case with the printed decimals, to one unit of the last digit.

    Raises
    ------
    NoSolutionError
        If there is no equilibrium.
    """
    given: Mapping[str, object] = model.cases[case]
    # one of the parameters is called lambda, a keyword, so that they cannot be written out
    found = solve(model, equilibrium=notion, **dict[str, Any](given))
    if not found.ok:
        raise NoSolutionError(found.message, game=model.name, stage="verification")
    strategy: Mapping[str, float] = found.to_dict()["strategy"]
    printed = model.reference[case][notion]
    checks = []
    for (monomial, value), decimal in zip(strategy.items(), printed, strict=True):
        unit = Decimal(1).scaleb(int(Decimal(decimal).as_tuple().exponent))
        checks.append(
            Check(
                name=f"{case}, {notion}: coefficient of {monomial}",
                game=model.name,
                kind="reference",
                value=value,
                reference=float(decimal),
                error=float(abs(Decimal(value) - Decimal(decimal))),
                allowed=float(unit),
                note=f"Known value {decimal}, to one unit of its last digit.",
            )
        )
    return checks
