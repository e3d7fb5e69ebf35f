"""The tax that makes a planner's feedback an equilibrium: the external effect, sign reversed.

A player who pays it for every unit by which a control departs from the planner's pays nothing at
the planner's feedback, and the own first-order condition with it is the planner's (Pigou 1920).
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from eqsolve.derivation.cooperation import Cooperation
from eqsolve.derivation.derivation import Derivation


@dataclass(frozen=True)
class Tax:
    """What is paid for a unit of each control, and the own second derivatives.

    Attributes
    ----------
    controls : of the player.
    rates : by control, in states and coefficients; in units of the preference, and negative where
        it is a subsidy.
    matrix : second derivatives of the own gain rate in the controls, with the sign that is positive
        at a maximum of what is maximized and at a minimum of costs.
    """

    controls: tuple[sp.Symbol, ...]
    rates: tuple[sp.Expr, ...]
    matrix: sp.Matrix


def tax(derivation: Derivation) -> Tax | None:
    """The tax at the planner's feedback; None where not everybody's deviation is judged.

    Parameters
    ----------
    derivation : of a planner, by ``together``.
    """
    (system, *more) = derivation.systems
    if more or not isinstance(system, Cooperation):
        return None
    player = system.problem.player
    sign = 1 if player.preference.sense == "minimize" else -1
    rates = tuple(sign * derivation.closure(e) for e in system.externality)
    own = [[sign * sp.diff(g, control) for control in player.controls] for g in system.own]
    return Tax(player.controls, rates, sp.Matrix(own).applyfunc(derivation.closure))
