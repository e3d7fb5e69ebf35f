"""Notions of equilibrium, and the words of the mean-variance family for two of them."""

from __future__ import annotations

from eqsolve.errors import InputError

#: The paper's words for two notions of equilibrium.
_EQUILIBRIA = {"given": "given-aggregate", "feedback": "closed-loop"}


def equilibrium_of(notion: str, game: str) -> str:
    """The word of the mean-variance family for a notion."""
    if notion not in _EQUILIBRIA:
        raise InputError(
            f"the notion {notion!r} is not declared.",
            game=game,
            stage="structure",
            remedy=f"Choose one of {', '.join(_EQUILIBRIA)}.",
        )
    return _EQUILIBRIA[notion]


def notion_of(notion: str | None, equilibrium: str | None, game: str) -> str | None:
    """The notion of a declared game, also where it is given by the mean-variance family's word.

    Raises
    ------
    InputError
        If two notions are given.
    """
    if equilibrium is None:
        return notion
    word = next((k for k, v in _EQUILIBRIA.items() if v == equilibrium), equilibrium)
    if notion not in (None, word):
        raise InputError(
            f"the notion {notion!r} and the equilibrium {equilibrium!r} are two different ones.",
            game=game,
            stage="structure",
            remedy="Leave one out.",
        )
    return word


def equilibrium_for(notion: str | None, equilibrium: str | None, game: str) -> str | None:
    """The word of the mean-variance family, where its own and the notion may be given.

    Raises
    ------
    InputError
        If two notions are given, or another than the family's.
    """
    if notion is None:
        return equilibrium
    word = equilibrium_of(notion, game)
    notion_of(notion, equilibrium, game)
    return word


def is_closed_loop(notion: str | None, game: str) -> bool:
    """Whether a notion of the mean-variance family is the one in which nothing is frozen.

    Raises
    ------
    InputError
        If the family has no such notion.
    """
    return notion is not None and equilibrium_of(notion, game) == _EQUILIBRIA["feedback"]


def against_given(game: str, verb: str, notion: str | None) -> None:
    """Refuse another notion of the mean-variance family where a verb knows the first one only.

    Raises
    ------
    InputError
        If it is another one.
    """
    if notion is not None and equilibrium_of(notion, game) != _EQUILIBRIA["given"]:
        raise InputError(
            f"{verb} takes the equilibrium against given aggregates only, not {notion!r}.",
            game=game,
            stage=verb,
            remedy="Leave the notion out.",
        )
