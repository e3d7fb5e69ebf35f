"""From what a game's file exports to the model that a user's arguments ask for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from eqsolve import inputs
from eqsolve.errors import InputError
from eqsolve.game.model import Model
from eqsolve.game.types import count_types, of_types
from eqsolve.inputs import COUNT, END, RESERVED, Asked

__all__ = ["COUNT", "END", "RESERVED", "Builder", "build", "counted", "named_set", "structure"]

Builder = Callable[..., Model]


def structure(builder: Any) -> dict[str, Any]:
    """The arguments that change the equations, with their defaults."""
    if isinstance(builder, Model):
        return {}
    found = {}
    for name, argument in inspect.signature(builder).parameters.items():
        if argument.default is inspect.Parameter.empty:
            raise InputError(
                f"the argument {name} of model() has no default.",
                stage="structure",
                remedy="Give every argument of model() a default.",
            )
        found[name] = argument.default
    return found


def named_set(
    builder: Model | Builder, name: str, notion: str | None = None
) -> Mapping[str, object]:
    """The parameters of one of a model's named sets.

    Raises
    ------
    InputError
        If the model has no set of that name.
    """
    known = structure(builder)
    if isinstance(builder, Model):
        model = builder
    else:
        model = builder(**({"notion": notion} if notion and "notion" in known else {}))
    return inputs.named_set(model.cases, name, model.name)


def build(
    builder: Model | Builder,
    values: Mapping[str, object],
    *,
    notion: str | None = None,
    size: int | None = None,
    continuum: bool = False,
) -> Model:
    """Return the model for a user's arguments.

    Parameters
    ----------
    builder : a Model, or the function ``model(**structure)`` of a game's file.
    values : what the user gave, exact numbers by name (matrices as nested lists).
    notion, size, continuum : ``--notion``, ``--size N`` and ``--size continuum``.

    Raises
    ------
    InputError
        If the game has no such notion or size.
    """
    arguments = structure(builder)
    asked, chosen = Asked(notion, size, continuum).chosen(arguments, values)
    if "types" in arguments and not isinstance(builder, Model):
        chosen["types"] = arguments["types"] or of_types(builder(**chosen, types=True), values)
    model = builder if isinstance(builder, Model) else builder(**chosen)
    crowd = model.game.crowd
    finite = crowd is not None and crowd.size is not None
    asked.check(model.name, model.game.notion, finite, function=bool(arguments))
    return model


def counted(model: Model, values: Mapping[str, object], size: int | None) -> dict[str, object]:
    """The values with the number of players, where it is a parameter of the model.

    Players of types of their own are as many as their rows, if nothing else is said.

    Raises
    ------
    InputError
        If another number is among them.
    """
    crowd, found = model.game.crowd, dict(values)
    if size is None and crowd is not None and crowd.own and crowd.size is not None:
        if crowd.size.is_Symbol and crowd.size.name not in found and of_types(model, found):
            size = count_types(model, found)
    symbol = None if crowd is None else crowd.size
    name = symbol.name if symbol is not None and symbol.is_Symbol else ""
    return inputs.counted(model.name, name, found, size)
