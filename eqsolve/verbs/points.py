"""A game at parameter points: solved at one, compiled for many, differentiated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from eqsolve.arrays import merged
from eqsolve.errors import InputError
from eqsolve.handle import Handle
from eqsolve.inputs import COUNT
from eqsolve.inputs import counted as with_count
from eqsolve.kernels.cubic.kernel import kept
from eqsolve.notions import against_given, equilibrium_for, notion_of
from eqsolve.options import checked
from eqsolve.registry import adopt, content, resolve
from eqsolve.registry import model as family
from eqsolve.verbs.abilities import Game, declared, require


@checked
def solve(
    game: Game,
    params: Mapping[str, object] | None = None,
    /,
    *,
    at: Mapping[str, object] | None = None,
    notion: str | None = None,
    size: int | None = None,
    selection: str | None = None,
    equilibrium: str | None = None,
    certify: bool = False,
    **values: Any,
) -> Any:
    """Solve a game at one parameter point.

    Parameters
    ----------
    game : a name, the path of a file, or a Model.
    params, values : parameters, as one mapping or as keywords: numbers, or decimals and ratios
        as texts, which are taken exactly.
    at : states and the time ``t`` at which controls and values are wanted.
    notion : ``feedback``, ``open-loop``, ``given`` or ``planner``, where the game offers them.
    size : number of players of a crowd.
    selection : the rule among several solutions, where it is not the game's own.
    equilibrium, certify : for the mean-variance family, its word for the notion, and whether to
        add proved root counts and enclosures.

    Returns
    -------
    Answer or Equilibrium
        Its ``to_dict`` is the JSON of ``eqsolve solve``.

    Raises
    ------
    InputError
        If a name or value is not acceptable.
    """
    given: dict[str, Any] = merged(params, values)
    if isinstance(game, str):
        from eqsolve.source import Source

        source = Source.of(content(game), partial(resolve, game))
        if source is not None:
            notion = notion_of(notion, equilibrium, source.name)
            return source.answer(given, at=at, notion=notion, size=size, selection=selection)
    # a game that is no source is declared by no other means
    exported = None if isinstance(game, str) else declared(game)
    if exported is None:
        from eqsolve.words.dispatch import solve as solve_family

        options: dict[str, Any] = {"certify": certify}
        if selection is not None:
            options["selection"] = selection
        if equilibrium is not None:
            options["equilibrium"] = equilibrium
        name = adopt(game)
        if notion is not None:
            options["equilibrium"] = equilibrium_for(notion, equilibrium, name)
        return solve_family(Handle(name), at=at, **options, **sized(name, given, size))
    from eqsolve.solve.solve import solve as solve_model

    notion = notion_of(notion, equilibrium, str(game))
    return solve_model(exported, given, at=at, notion=notion, size=size, selection=selection)


@checked
def kernel(
    game: Game,
    *,
    notion: str | None = None,
    size: int | None = None,
    types: int | None = None,
    **how: Any,
) -> Any:
    """Return the compiled evaluation of a game at many points.

    Parameters
    ----------
    game : a name, the path of a file, or a Model.
    notion, size : structure, where the game offers it.
    types : number of types, where players have types of their own (default: 1).
    how : any values of parameters that change the equations, such as ``T`` where the horizon may be
        infinite; for the mean-variance family ``precise``, see
        ``eqsolve.kernels.cubic.kernel.kernel``.

    Raises
    ------
    InputError
        If the game has no kernel, or an argument does not change its equations.
    """
    exported = declared(game)
    require(game, "kernel")
    if exported is None:
        from eqsolve.kernels.cubic.kernel import kernel as family_kernel

        name = adopt(game)
        against_given(name, "kernel", notion)
        _only(name, {**how, "size": size, "types": types}, ("precise",))
        return kept(Handle(name), **how) or family_kernel(family(name), **how)
    from eqsolve.derivation.derivation import derive as derive_model
    from eqsolve.game.structure import END, build
    from eqsolve.game.structure import structure as arguments
    from eqsolve.kernels.steps.crowd import kernel_of

    _only(str(game), how, (*arguments(exported), END))
    return kernel_of(derive_model(build(exported, how, notion=notion, size=size)), types)


def _only(game: str, given: Mapping[str, object], known: Iterable[str]) -> None:
    """Refuse arguments of a kernel that say nothing of it; None is not given."""
    strange = [k for k, v in given.items() if v is not None and k not in known]
    if strange:
        raise InputError(
            f"{strange[0]!r} does not change the equations.",
            game=game,
            stage="kernel",
            remedy="Give parameters to the kernel's evaluate.",
        )


@checked
def sensitivity(
    game: Game,
    params: Mapping[str, object] | None = None,
    /,
    *,
    at: Mapping[str, object] | None = None,
    outputs: Sequence[str] | None = None,
    parameters_: Sequence[str] | None = None,
    notion: str | None = None,
    size: int | None = None,
    **values: Any,
) -> Any:
    """Differentiate an equilibrium in its parameters, exactly.

    Parameters
    ----------
    game, params, values, at, notion, size : see ``solve``.
    outputs : names of what is differentiated (default: all).
    parameters_ : names of what it is differentiated in (default: all).

    Raises
    ------
    InputError
        If a name or value is not acceptable.
    """
    given = merged(params, values)
    exported = declared(game)
    require(game, "sensitivity")
    if exported is None:
        from eqsolve.studies.sensitivity.derivatives import sensitivity as of_family

        name = adopt(game)
        against_given(name, "sensitivity", notion)
        given = sized(name, given, size)
        if family(name).types is not None:
            from eqsolve.studies.sensitivity.agents import sensitivity_of_agents

            if at:
                raise InputError(
                    "the wealths of agents who differ are in their tables.",
                    game=name,
                    stage="sensitivity",
                    remedy="Leave out the state, and give every agent a wealth.",
                )
            return sensitivity_of_agents(
                Handle(name), given, outputs=outputs, parameters=parameters_
            )
        return of_family(family(name), at=at, outputs=outputs, parameters_=parameters_, **given)
    from eqsolve.studies.sensitivity.model import model_sensitivity

    return model_sensitivity(
        exported,
        given,
        at=at,
        notion=notion,
        size=size,
        outputs=outputs,
        parameters=parameters_,
    )


def sized(game: str, given: Mapping[str, Any], size: int | None) -> dict[str, Any]:
    """The parameters of a game of the mean-variance family with the number of agents.

    Raises
    ------
    InputError
        If another number is among them.
    """
    return with_count(game, COUNT, given, size)
