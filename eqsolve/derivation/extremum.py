"""Whether the first-order conditions can be those of what the player wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp

from eqsolve.derivation.closure import Closure
from eqsolve.derivation.hjb import Adjoints, ExtendedHJB
from eqsolve.game import Model


def check_curvature(model: Model, systems: Sequence[ExtendedHJB | Adjoints]) -> None:
    """Refuse a gain rate that is linear in a control: nothing inside maximizes it.

    Raises
    ------
    DerivationError
        Naming the control.
    """
    for system in systems:
        player = system.problem.player
        for index, control in enumerate(player.controls):
            if sp.expand(system.hessian[index, index]) == 0:
                raise model.game.error(
                    f"the gain rate of {player.name} is not curved in {control}: no first-order "
                    "condition determines it.",
                    stage="second-order condition",
                    remedy="Give the control a cost or a risk.",
                )


def check_extremum(
    model: Model,
    systems: Sequence[ExtendedHJB | Adjoints],
    closure: Closure,
    feedback: Mapping[sp.Symbol, sp.Expr],
) -> None:
    """Refuse a second derivative in a control that has the wrong sign for all parameters.

    Signs that depend on numbers are conditions on the solution and are checked there.

    Raises
    ------
    DerivationError
        If a minimum is taken for a maximum, or a maximum for a minimum.
    """
    signed = {
        letter.symbol: sp.Dummy(letter.name, real=True, **_sign(letter.domain))
        for letter in model.vocabulary.parameters
    }
    for system in systems:
        player = system.problem.player
        sense = player.preference.sense
        other = "minimize" if sense == "maximize" else "maximize"
        for index, control in enumerate(player.controls):
            bend = closure(system.hessian[index, index]).xreplace(dict(feedback))
            if not bend.free_symbols <= signed.keys():
                continue
            known = sp.expand(bend).xreplace(signed)
            if known.is_positive if sense == "maximize" else known.is_negative:
                raise model.game.error(
                    f"the first-order condition of {player.name} for {control} does not {sense}: "
                    f"the second derivative is {bend}.",
                    stage="second-order condition",
                    remedy=f'Did you mean the sense "{other}"?',
                )


def _sign(domain: sp.Set) -> dict[str, bool]:
    if domain.is_subset(sp.Interval.open(0, sp.oo)):
        return {"positive": True}
    if domain.is_subset(sp.Interval(0, sp.oo)):
        return {"nonnegative": True}
    return {}
