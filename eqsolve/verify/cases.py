"""Parameter sets at which the numerical checks of a game are made."""

from __future__ import annotations

from collections.abc import Iterator

from eqsolve.notated.published import Case, Level, Published

#: Seed of the simulations.
SEED = 20240229


def cases(model: Published, level: Level) -> Iterator[Case]:
    """Yield the parameter points of a game: its named cases, then what else it is checked at."""
    yield from (Case(name, row) for name, row in model.cases.items())
    yield from model.further(model, level)


def refereed(model: Published, level: Level) -> Iterator[Case]:
    """Yield the parameter sets at which the grid judges a game."""
    yield from model.refereed(model, level)
