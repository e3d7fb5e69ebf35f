"""The theorems about a game in the structure that a user asks for: its notion and its size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args

from eqsolve.derivation.derivation import derived
from eqsolve.errors import EqsolveError, InputError
from eqsolve.game import Model, Notion
from eqsolve.game.structure import build, structure
from eqsolve.notated.published import Published
from eqsolve.notions import is_closed_loop
from eqsolve.places import Found
from eqsolve.prove.collect import Proofs, of_declared, of_family
from eqsolve.words.players import closed_loop

#: The word for every notion that a game declares.
ALL = "all"


def proofs(
    found: Found, notion: str | None = None, size: int | None = None, continuum: bool = False
) -> Iterator[Proofs]:
    """The theorems about a game, for one notion or for each that it declares.

    Parameters
    ----------
    found : the game.
    notion : ``feedback``, ``open-loop``, ``given``, ``planner``, or ``all``.
    size, continuum : ``--size N`` and ``--size continuum``.

    Raises
    ------
    InputError
        If the game does not offer the structure.
    DerivationError
        If a stage cannot represent the game.
    NothingToProveError
        If nothing can be stated.
    """
    if isinstance(found.model, Published):
        if notion != ALL and is_closed_loop(notion, found.name):
            loop = closed_loop(found.model, size, "prove")
            yield replace(of_declared(derived(loop)), structure=("feedback",))
            return
        if size is not None or continuum:
            raise InputError("the number of agents is a letter.", game=found.name, stage="prove")
        yield of_family(found.model)
        return
    exported: Any = found.exported
    first = build(exported, {})

    def made(notion: str | None) -> Proofs:
        model = build(exported, {}, notion=notion, size=size, continuum=continuum)
        return replace(of_declared(derived(model)), structure=_words(model, first))

    if notion != ALL:
        yield made(notion)
        return
    default, others = made(None), []
    rest = (one for one in get_args(Notion) if one != first.game.notion)
    for one in rest if "notion" in structure(exported) else ():
        try:
            others.append(made(one))
        except EqsolveError as error:
            sentence = f"The notion {one}: {error.message}"
            default = replace(default, missing=(*default.missing, sentence))
    yield default
    yield from others


def _words(model: Model, first: Model) -> tuple[str, ...]:
    """What of a model's structure is not that of the game's first model."""
    own, others = (
        (
            m.game.notion,
            "continuum" if m.game.crowd is None else str(m.game.crowd.size or "continuum"),
        )
        for m in (model, first)
    )
    return tuple(one for one, other in zip(own, others) if one != other)
