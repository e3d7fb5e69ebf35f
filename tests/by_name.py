"""Games of the family by their names, for the rooms that take a game."""

from __future__ import annotations

from typing import Any

from eqsolve.handle import Handle
from eqsolve.program.words import Words
from eqsolve.words import agents, dispatch, equilibrium, hazard, own_words
from eqsolve.words.agents import AgentsEquilibrium
from eqsolve.words.equilibrium import Equilibrium
from eqsolve.words.hazard import HazardEquilibrium


def solve(game: str, **given: Any) -> Equilibrium:
    return equilibrium.solve(Handle(game), **given)


def solve_any(game: str, **given: Any) -> Equilibrium | AgentsEquilibrium:
    return dispatch.solve(Handle(game), **given)


def solve_hazard(
    game: str, spec: str, given: Any, *, horizon: object = None, at: Any = None
) -> HazardEquilibrium | Equilibrium:
    return hazard.solve_hazard(Handle(game), spec, given, horizon=horizon, at=at)


def solve_agents(game: str, given: Any, *, selection: str = "limit") -> AgentsEquilibrium:
    return agents.solve_agents(Handle(game), given, selection=selection)


def words_of(game: str) -> Words | None:
    return own_words.words_of(Handle(game))
