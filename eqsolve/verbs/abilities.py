"""Which verbs take a game, and why the others do not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

from eqsolve.errors import EqsolveError, InputError
from eqsolve.handle import Handle
from eqsolve.kernels.cubic.kernel import kept
from eqsolve.places import Found
from eqsolve.registry import resolve

if TYPE_CHECKING:
    from eqsolve.game import Model
    from eqsolve.game.structure import Builder
    from eqsolve.notated.published import Published


Game: TypeAlias = "str | os.PathLike[str] | Model"


#: Every public verb, in the order in which listings show them.
VERBS = (
    "derive",
    "solve",
    "kernel",
    "sweep",
    "sensitivity",
    "converge",
    "anarchy",
    "simulate",
    "verify",
    "prove",
    "latex",
    "report",
    "explore",
    "pde",
)


def declared(game: Any) -> Builder | Model | None:
    """What the file of a game exports, if it is declared by ``eqsolve.game``; None for others."""
    if isinstance(game, str) and kept(Handle(game)) is not None:
        return None
    from eqsolve.game import Model

    found = resolve(game)
    exported: Any = found.exported
    return exported if isinstance(found.model, Model) else None


def on_one_cubic(game: str) -> Published | None:
    """The model of a game whose closed form is built on one cubic; None for others."""
    if declared(game) is not None:
        return None
    found: Any = resolve(game).model
    return found if _of_family(found)["kernel"] is True else None


def capabilities(found: Found) -> dict[str, bool | str]:
    """For every verb True, or the reason why it does not take the game."""
    return {verb: able(found, verb) for verb in VERBS}


def able(found: Found, verb: str) -> bool | str:
    """True if a verb takes a game, or the reason why it does not."""
    from eqsolve.game import Model

    model = found.model
    if not isinstance(model, Model):
        return _of_family(model)[verb]
    if verb == "converge":
        return _converges(found)
    if verb == "anarchy":
        return _has_planner(model)
    crowd = model.game.crowd
    if verb in ("kernel", "sweep", "simulate") and crowd is not None and crowd.own:
        if model.game.notion == "given":
            return "its players have types of their own and respond to averages over the others"
    if verb == "pde":
        from eqsolve.pde.declared import represented
        from eqsolve.pde.declared_part import NotRepresentedError

        try:
            represented(model)
        except NotRepresentedError as error:
            return error.reason
    return True


def offered(found: Found) -> dict[str, list[str]]:
    """What a game can be solved for: ``notions`` of equilibrium, and ``solutions``.

    Of a declared game a solution is "stationary" or "finite horizon". Nothing is derived: a form of
    the solution that does not close for some notion is refused when that is asked for.
    """
    from eqsolve.game import Model

    if not isinstance(found.model, Model):
        own: Any = found.model
        restated = own.restated
        closed = own.types is None and own.crowd is not None
        closed |= restated is not None and restated.players is not None
        return {
            "notions": ["given-aggregate", *(["closed-loop"] if closed else [])],
            "solutions": ["stationary"],
        }
    built = list(_built(found))
    kinds = {"stationary" if m.game.horizon.end is None else "finite horizon" for m in built}
    return {
        "notions": list(dict.fromkeys(m.game.notion for m in built)),
        "solutions": sorted(kinds, reverse=True),
    }


def _built(found: Found) -> Iterator[Model]:
    """The model as the file exports it, then with every notion and horizon that it offers."""
    from eqsolve.game.game import Notion
    from eqsolve.game.structure import structure

    exported: Any = found.exported
    arguments = structure(exported)
    model: Any = found.model
    yield model
    notions = get_args(Notion) if "notion" in arguments else (model.game.notion,)
    for notion, end in product(notions, (False, True) if "horizon" in arguments else (None,)):
        asked = {"notion": notion} if "notion" in arguments else {}
        asked |= {} if end is None else {"horizon": end}
        try:
            other = exported(**asked) if asked else model
        except (EqsolveError, TypeError, ValueError):
            continue
        if other.game.notion == notion:
            yield other


def _has_planner(model: Model) -> bool | str:
    crowd = model.game.crowd
    if crowd is None:
        return "it has no crowd of players"
    if crowd.own:
        return "its players have types of their own"
    return True


def _converges(found: Found) -> bool | str:
    from eqsolve.game.structure import structure

    if "size" not in structure(found.exported):
        return "it has no crowd whose size can vary"
    exported: Any = found.exported
    try:
        crowd = exported(size=None).game.crowd
    except (EqsolveError, TypeError, ValueError):
        crowd = None
    no_limit = crowd is None or crowd.size is not None
    return "without a size its players are no continuum" if no_limit else True


def refused_options(found: Found) -> dict[str, str]:
    """Options of verbs that this game does not take while others do, each with the reason."""
    from eqsolve.game import Model

    if not isinstance(found.model, Model):
        return {} if found.model.types is None else {"sensitivity --vary": "its agents differ"}
    reasons = {
        "simulate --feedback": "it is simulated under its equilibrium strategy only",
        "simulate --threads": "it is simulated on one thread",
        "sweep --certify": "this game has no certificates for points",
    }
    if able(found, "converge") is True:
        reasons["converge --paths"] = "its paths are not coupled with those of the continuum"
        reasons["converge --epsilon"] = "gains of the continuum's strategy are not expanded"
    return reasons


def require_option(game: Any, option: str) -> None:
    """Refuse an option that does not take a game.

    Raises
    ------
    InputError
        With the reason.
    """
    found = resolve(game)
    reason = refused_options(found).get(option)
    if reason is not None:
        verb, word = option.split(" ")
        raise InputError(
            f"no {word} for this game: {reason}.",
            game=found.name,
            stage=verb,
            remedy=f"Leave out {word}.",
        )


#: Why a verb does not take any number of agents.
_OPEN = "its number of agents is open"


def _of_family(model: Any) -> dict[str, bool | str]:
    """The verbs of a game of the mean-variance family."""
    table: dict[str, bool | str] = dict.fromkeys(VERBS, True)
    if model.types is not None:
        for verb in ("kernel", "simulate", "anarchy"):
            table[verb] = "its agents differ"
        if not model.types.count:
            opened = dict.fromkeys(("latex", "report", "pde"), _OPEN)
            return {**table, **opened, "converge": _OPEN}
    if model.crowd is None:
        table["simulate"] = table["anarchy"] = "it is the problem of one agent"
    if model.alike is None:
        table["converge"] = "its number of agents is fixed"
    elif not model.alike.share:
        table["converge"] = "it is the limit itself"
    return table


def require(game: Any, verb: str) -> None:
    """Refuse a verb that does not take a game.

    Raises
    ------
    InputError
        With the reason.
    """
    if verb in ("kernel", "sweep") and isinstance(game, str) and kept(Handle(game)) is not None:
        return  # it did, and the game need not be loaded
    found = resolve(game)
    reason = able(found, verb)
    if reason is not True:
        raise InputError(
            f"{verb} does not take this game: {reason}.",
            game=found.name,
            stage=verb,
            remedy="eqsolve list shows what does.",
        )
