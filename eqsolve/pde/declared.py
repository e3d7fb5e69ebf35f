"""From a declared game to what a grid solver takes: its dynamics and preference, nothing else.

Neither the ansatz nor anything that was derived from it is read, so that a grid's solution can
judge the closed form. Coefficients are rendered from the expressions of the declaration. A game
that no solver represents is refused before work, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eqsolve.game import Model
from eqsolve.game.hazard_rates import Hazard
from eqsolve.game.parameters import Numbers
from eqsolve.pde.declared_extended import Extended
from eqsolve.pde.declared_law import MeanField
from eqsolve.pde.declared_part import OnGrid, Part
from eqsolve.pde.declared_plane import Plane
from eqsolve.pde.declared_utility import Utility
from eqsolve.pde.edge import Progress

MOVING_RATE = "under a hazard rate that moves only mean and variance are represented"


@dataclass(frozen=True)
class Represented:
    """A game that a grid solver takes.

    Attributes
    ----------
    summary : what will be solved, for a progress line.
    solve : takes exact numbers, and a function that is told the progress.
    """

    summary: str
    solve: Callable[[Numbers, Progress | None], OnGrid]


def represented(model: Model, hazard: Hazard | None = None) -> Represented:
    """Find the solver of a game.

    Parameters
    ----------
    model : the game.
    hazard : its hazard rate, where that moves in time and is no parameter.

    Raises
    ------
    NotRepresentedError
        With the reason, if there is none.
    """
    part = Part(model)
    part.common()
    game = model.game
    if len(game.moments) == 1 and len(game.states) > 1:
        if hazard is not None:
            raise part.refuse(MOVING_RATE)
        return Represented("mean-field game in two dimensions", Plane(model).checked().solve)
    discounts = game.players[0].discount != 0
    if len(game.moments) > 1:
        if discounts:
            raise part.refuse("its player discounts")
        return Represented("extended HJB system", Extended(model, hazard).checked().solve)
    if hazard is not None:
        raise part.refuse(MOVING_RATE)
    if game.crowd is None and not (discounts or game.moments[0].running.has(*game.controls)):
        return Represented("controlled diffusion", Utility(model).checked().solve)
    return Represented("mean-field game", MeanField(model).checked().solve)
