"""From what a game's file exports to the model that a user's arguments ask for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from eqsolve.errors import InputError
from eqsolve.game.cases import chosen
from eqsolve.game.model import Model
from eqsolve.game.types import count_types, of_types
from eqsolve.numbers import exact

Builder = Callable[..., Model]

#: The parameters that give the end of the horizon and the number of players.
END, COUNT = "T", "n"

#: Arguments of ``model(**structure)`` that are no parameters.
RESERVED = ("notion", "size", "horizon", "types")


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
    return chosen(model.cases, name, model.name)


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
    chosen: dict[str, Any] = {}
    if size is None and COUNT in values and "size" in arguments:
        number = exact(COUNT, values[COUNT])
        size = int(number) if number.denominator == 1 else None
    if "size" in arguments:
        if size is not None or continuum:
            chosen["size"] = size
    if "notion" in arguments and notion is not None:
        chosen["notion"] = notion
    if "types" in arguments and not isinstance(builder, Model):
        chosen["types"] = arguments["types"] or of_types(builder(**chosen, types=True), values)
    if "horizon" in arguments:
        chosen["horizon"] = END in values
    for name in arguments:
        if name not in RESERVED and name in values:
            chosen[name] = _exact(name, values[name])
    model = builder if isinstance(builder, Model) else builder(**chosen)
    game = model.game
    if notion is not None and game.notion != notion:
        raise InputError(
            f"the notion {notion!r} is not declared.",
            game=game.name,
            stage="structure",
            remedy=f"The game has the notion {game.notion!r}"
            + ("; give its file a function model(notion=...)." if not arguments else "."),
        )
    has_size = game.crowd is not None and game.crowd.size is not None
    if (size is not None) != has_size and (size is not None or continuum):
        kind = "finitely many players" if size is not None else "a continuum of players"
        raise InputError(f"the game does not have {kind}.", game=game.name, stage="structure")
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
    if size is None or crowd is None or crowd.size is None or not crowd.size.is_Symbol:
        return found
    name = str(crowd.size.name)
    if exact(name, found.setdefault(name, size), game=model.name) != size:
        raise InputError(
            f"{name} and the size are both given.",
            game=model.name,
            stage="input",
            remedy="Leave one out.",
        )
    return found


def _exact(name: str, value: object) -> object:
    """A number, or the numbers of a vector or matrix, exactly."""
    if isinstance(value, (list, tuple)):
        return [_exact(name, part) for part in value]
    return exact(name, value)
