"""Named sets of parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from eqsolve.errors import InputError

V = TypeVar("V")


def chosen(cases: Mapping[str, Mapping[str, V]], name: str, game: str) -> Mapping[str, V]:
    """The set of a name, or what all sets agree in whose names go on with a comma.

    With sets ``S1, n = 3`` and ``S1, n = 10`` the name ``S1`` leaves n open.

    Parameters
    ----------
    cases : the sets of a game.
    name : of a set, whole or up to its first comma.
    game : the name of the game, for errors.

    Raises
    ------
    InputError
        If there is no such set.
    """
    if name in cases:
        return cases[name]
    meant = [row for key, row in cases.items() if key.partition(",")[0] == name]
    if not meant:
        raise InputError(
            f"there is no set {name!r}.",
            game=game,
            stage="input",
            remedy=(
                f"The sets are {', '.join(map(repr, cases))}."
                if cases
                else "The game has no named sets: give every parameter."
            ),
        )
    first, *others = meant
    return {k: v for k, v in first.items() if all(k in row and row[k] == v for row in others)}
