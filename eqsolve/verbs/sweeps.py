"""A game at all combinations of varied parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from inspect import signature
from typing import Any

from eqsolve.arrays import merged
from eqsolve.handle import Handle
from eqsolve.notions import against_given
from eqsolve.options import checked
from eqsolve.registry import adopt, resolve
from eqsolve.verbs.abilities import Game, declared, require
from eqsolve.verbs.points import sized
from eqsolve.words.own_words import differ


@checked
def sweep(
    game: Game,
    vary: Mapping[str, Any],
    fixed: Mapping[str, object] | None = None,
    /,
    *,
    notion: str | None = None,
    size: int | None = None,
    hazard: str | None = None,
    horizon: object = None,
    **how: Any,
) -> Any:
    """Evaluate a game at all combinations of varied parameters.

    Parameters
    ----------
    game : a name, the path of a file, or a Model (with threads only: processes need a file).
    vary, fixed, how : see ``eqsolve.studies.sweep.sweep``. Keywords that are none of its options
        are fixed parameters, too.
    notion, size : structure, where the game offers it.
    hazard, horizon : a hazard rate that moves in time and an end, as for ``course``. The columns
        are the strategy's coefficients at the time ``t``, 0 by default; points take seconds.

    Raises
    ------
    InputError, MissingPartError, EqsolveError
        See ``eqsolve.studies.sweep.sweep``.
    """
    from eqsolve.studies.sweep import sweep as run

    options = {k: how.pop(k) for k in sorted(set(how) & set(signature(run).parameters))}
    name, given = adopt(game), merged(fixed, how)
    require(name, "sweep")
    given = (
        sized(name, given, size) if declared(name) is None else by_name(name, given, notion, size)
    )
    given = agents_apart(name, given)
    options["structure"] = structure_for(name, given, vary, notion, size)
    if hazard is not None:
        options["structure"] = under(options["structure"], hazard, horizon)
    elif horizon is not None:
        given = {**given, "T": horizon}
    import eqsolve.accessor  # noqa: F401  datasets draw themselves

    return run(Handle(name), vary, given, **options)


def agents_apart(game: str, given: Mapping[str, object]) -> dict[str, object]:
    """The fixed parameters with one name for each agent's number, where agents differ."""
    if declared(game) is not None or not differ(Handle(game)):
        return dict(given)
    from eqsolve.words.agents import one_by_one
    from eqsolve.words.own_words import apart_of

    return one_by_one(apart_of(Handle(game)), given, game)


def structure_for(
    game: str,
    fixed: Mapping[str, object],
    varied: Iterable[str] = (),
    notion: str | None = None,
    size: int | None = None,
) -> tuple[tuple[str, Any], ...]:
    """What of the arguments of a sweep changes the equations of a game."""
    if declared(game) is None:
        against_given(game, "sweep", notion)
        if not differ(Handle(game)):
            return ()
        from eqsolve.studies.sweep.agents_target import structure_of as structure_of_agents

        return structure_of_agents(Handle(game), (*fixed, *varied))
    from eqsolve.studies.sweep.model_target import structure_of

    return structure_of(resolve(game), fixed, varied, notion, size)


def under(
    structure: tuple[tuple[str, Any], ...], hazard: str, horizon: object
) -> tuple[tuple[str, Any], ...]:
    """A structure with a hazard rate that moves in time, and its end if there is one."""
    end = () if horizon is None else (("horizon", horizon),)
    return (*structure, ("hazard", hazard), *end)


def by_name(
    game: str, fixed: Mapping[str, object], notion: str | None, size: int | None
) -> dict[str, object]:
    """The fixed parameters of a sweep, one number for each name: types, and the size."""
    from eqsolve.game.structure import build, counted
    from eqsolve.game.types import suffixed

    exported: Any = resolve(game).exported
    model = build(exported, fixed, notion=notion, size=size)
    return counted(model, suffixed(model, fixed), size)
