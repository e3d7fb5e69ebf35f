"""The whole way from a game's definition to its closed form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import sympy as sp

from eqsolve.symbolic.ansatz import Ansatz
from eqsolve.symbolic.game import Game
from eqsolve.symbolic.hjb import ExtendedHJB
from eqsolve.symbolic.matching import CoefficientSystem, match
from eqsolve.symbolic.notation import Notation
from eqsolve.symbolic.population import Population
from eqsolve.symbolic.solving import ClosedForm, Definition, solve
from eqsolve.symbolic.value import ValueForms, value_forms


@dataclass(frozen=True)
class Derivation:
    """Everything derived from one game, stage by stage.

    Attributes
    ----------
    hjb : the extended HJB system, its identity proved for every control.
    system : the matched coefficient equations.
    response : the best response and its moments, substituted back with residual zero.
    value : the value's coefficients in both forms, their agreement proved.
    form : the complete closed form: response, value and, in a population, the equilibrium.
    """

    hjb: ExtendedHJB
    system: CoefficientSystem
    response: ClosedForm
    value: ValueForms
    form: ClosedForm

    @property
    def game(self) -> Game:
        """The game this was derived from."""
        return self.hjb.game


def derive(
    game: Game, ansatz: Ansatz, notation: Notation, population: Population | None = None
) -> Derivation:
    """Derive the closed form of a game.

    Raises
    ------
    DerivationError
        If an identity fails, the ansatz does not close, or the system is not triangular.
    """
    hjb = ExtendedHJB.of(game)
    hjb.prove_identity()
    system = match(hjb, ansatz)
    response = solve(system, notation)
    value = value_forms(system, notation)
    form = response.extended(value.by_moments)
    if population is not None:
        form = population.equilibrium(form, next(iter(notation.split.values())), notation)
    return Derivation(hjb, system, response, value, form)
