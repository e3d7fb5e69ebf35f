"""The verbs of the package: each takes any game, and hands it to the room that knows its kind.

A game is a name, the path of a file, or a model. Parameters are given as keywords or as one
mapping. Where a verb cannot take a game, ``capabilities`` says why before any work is done.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from inspect import signature
from typing import TYPE_CHECKING, Any, TypeAlias

from eqsolve.arrays import merged
from eqsolve.codegen.kernel import kept
from eqsolve.errors import InputError
from eqsolve.inputs import COUNT
from eqsolve.inputs import counted as with_count
from eqsolve.notions import against_given, equilibrium_for, notion_of
from eqsolve.options import checked
from eqsolve.registry import Found, Handle, adopt, content, finite_of
from eqsolve.registry import games as all_games
from eqsolve.registry import limit_of
from eqsolve.registry import model as family
from eqsolve.registry import resolve

if TYPE_CHECKING:
    from eqsolve.game import Model
    from eqsolve.game.structure import Builder
    from eqsolve.model import Model as Family
    from eqsolve.verify.report import Report

Game: TypeAlias = "str | os.PathLike[str] | Model"

#: Every public verb, in the order in which listings show them.
VERBS = (
    "derive",
    "solve",
    "kernel",
    "sweep",
    "sensitivity",
    "converge",
    "simulate",
    "verify",
    "prove",
    "latex",
    "report",
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


def on_one_cubic(game: str) -> Family | None:
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
        from eqsolve.game.structure import structure

        return "size" in structure(found.exported) or "it has no crowd whose size can vary"
    if verb == "pde":
        from eqsolve.pde.declared import represented
        from eqsolve.pde.declared_part import NotRepresentedError

        try:
            represented(model)
        except NotRepresentedError as error:
            return error.reason
    return True


def refused_options(found: Found) -> dict[str, str]:
    """Options of verbs that this game does not take while others do, each with the reason."""
    from eqsolve.game import Model

    if not isinstance(found.model, Model):
        return {}
    reasons = {
        "simulate --feedback": "it is simulated under its equilibrium strategy only",
        "simulate --threads": "it is simulated on one thread",
        "sweep --certify": "this game has no certificates for points",
    }
    if able(found, "converge") is True:
        reasons["converge --paths"] = "its paths are not coupled with those of the continuum"
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
        raise InputError(f"no {word} for this game: {reason}.", game=found.name, stage=verb)


#: Why a verb does not take any number of agents.
_OPEN = "its number of agents is open"


def _of_family(model: Any) -> dict[str, bool | str]:
    """The verbs of a game of the mean-variance family."""
    from eqsolve.symbolic.heterogeneous import Agents

    table: dict[str, bool | str] = dict.fromkeys(VERBS, True)
    if isinstance(model.population, Agents):
        for verb in ("kernel", "sensitivity", "simulate"):
            table[verb] = "its agents differ"
        if not model.population.count:
            opened = dict.fromkeys(("sweep", "prove", "latex", "report", "pde"), _OPEN)
            return {**table, **opened, "converge": _OPEN}
    if model.population is None:
        table["simulate"] = "it is the problem of one agent"
    if model.population is None or isinstance(model.population, Agents):
        table["converge"] = "its number of agents is fixed"
    elif not model.population.reciprocal:
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
        raise InputError(f"{verb} does not take this game: {reason}.", game=found.name, stage=verb)


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
        return ()
    from eqsolve.studies.sweep.model_target import structure_of

    return structure_of(resolve(game), fixed, varied, notion, size)


@checked
def sweep(
    game: Game,
    vary: Mapping[str, Any],
    fixed: Mapping[str, object] | None = None,
    /,
    *,
    notion: str | None = None,
    size: int | None = None,
    **how: Any,
) -> Any:
    """Evaluate a game at all combinations of varied parameters.

    Parameters
    ----------
    game : a name, the path of a file, or a Model (with threads only: processes need a file).
    vary, fixed, how : see ``eqsolve.studies.sweep.sweep``. Keywords that are none of its options
        are fixed parameters, too.
    notion, size : structure, where the game offers it.

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
    options["structure"] = structure_for(name, given, vary, notion, size)
    return run(Handle(name), vary, given, **options)


def by_name(
    game: str, fixed: Mapping[str, object], notion: str | None, size: int | None
) -> dict[str, object]:
    """The fixed parameters of a sweep, one number for each name: types, and the size."""
    from eqsolve.game.structure import build, counted
    from eqsolve.game.types import suffixed

    exported: Any = resolve(game).exported
    model = build(exported, fixed, notion=notion, size=size)
    return counted(model, suffixed(model, fixed), size)


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


def sized(game: str, given: Mapping[str, Any], size: int | None) -> dict[str, Any]:
    """The parameters of a game of the mean-variance family with the number of agents.

    Raises
    ------
    InputError
        If another number is among them.
    """
    return with_count(game, COUNT, given, size)


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
        infinite; for the mean-variance family ``precise``, see ``eqsolve.codegen.kernel.kernel``.

    Raises
    ------
    InputError
        If the game has no kernel, or an argument does not change its equations.
    """
    exported = declared(game)
    require(game, "kernel")
    if exported is None:
        from eqsolve.codegen.kernel import kernel as family_kernel

        name = adopt(game)
        against_given(name, "kernel", notion)
        _only(name, {**how, "size": size, "types": types}, ("precise",))
        return kept(Handle(name), **how) or family_kernel(family(name), **how)
    from eqsolve.derivation.derivation import derive as derive_model
    from eqsolve.game.structure import END, build
    from eqsolve.game.structure import structure as arguments
    from eqsolve.kernels.crowd import kernel_of

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


@checked
def simulate(
    game: Game,
    params: Mapping[str, object] | None = None,
    /,
    *,
    paths: int,
    seed: int,
    at: Mapping[str, object] | None = None,
    notion: str | None = None,
    size: int | None = None,
    agents: int | None = None,
    equilibrium: str | None = None,
    feedback: Mapping[str, object] | None = None,
    step: float | None = None,
    confidence: float = 0.99,
    threads: int | None = None,
    **values: Any,
) -> Any:
    """Simulate a game in its equilibrium, beside the exact moments.

    Parameters
    ----------
    game, params, values, at, notion, size : see ``solve``.
    paths, seed : number of independent paths, seed of the random numbers.
    step : longest time step.
    agents : another name of the size.
    equilibrium : the mean-variance family's word for the notion.
    confidence : probability with which intervals cover their values.
    feedback, threads : of the mean-variance family, see
        ``eqsolve.studies.simulation.simulate.simulate``.

    Raises
    ------
    InputError
        If a name or value is not acceptable.
    NoSolutionError
        If there is no equilibrium, or variances are infinite.
    """
    given = merged(params, values)
    exported = declared(game)
    require(game, "simulate")
    if exported is None:
        from eqsolve.studies.simulation.simulate import simulate as of_family

        name = adopt(game)
        equilibrium = equilibrium_for(notion, equilibrium, name)
        number = _one_size(name, size, agents)
        if number is None:
            raise InputError("the number of agents is missing.", game=name, stage="input")
        return of_family(
            family(name),
            finite_of(family(name)),
            agents=number,
            paths=paths,
            seed=seed,
            equilibrium=equilibrium or "given-aggregate",
            feedback=feedback,
            at=at,
            step=step,
            confidence=confidence,
            threads=threads,
            **given,
        )
    if feedback is not None:
        require_option(game, "simulate --feedback")
    if threads is not None:
        require_option(game, "simulate --threads")
    notion = notion_of(notion, equilibrium, str(game))
    size = _one_size(str(game), size, agents)
    from eqsolve.game.structure import build, counted
    from eqsolve.verify.sampling import simulated

    model = build(exported, given, notion=notion, size=size)
    values = counted(model, given, size)
    return simulated(model, values, at, paths=paths, seed=seed, step=step, confidence=confidence)


def _one_size(game: str, size: int | None, agents: int | None) -> int | None:
    if None not in (size, agents) and size != agents:
        raise InputError("agents and size differ.", game=game, stage="simulate")
    return agents if size is None else size


def derive(game: Game, *, notion: str | None = None, size: int | None = None) -> Any:
    """Derive a game.

    Parameters
    ----------
    game, notion, size : see ``solve``.

    Returns
    -------
    Derivation or Writing
        Printed it is the way to the solution, step by step; notebooks show formulas.

    Raises
    ------
    InputError
        If the game does not offer the structure.
    DerivationError
        If a stage cannot represent the game.
    """
    exported = declared(game)
    if exported is None:
        from eqsolve.registry import derive as of_family

        name = adopt(game)
        against_given(name, "derive", notion)
        if size is not None:
            raise InputError("the number of agents is a letter.", game=name, stage="derive")
        return of_family(name)
    from eqsolve.derivation.derivation import derive as derive_model
    from eqsolve.game.structure import build
    from eqsolve.writing import Writing

    return Writing(derive_model(build(exported, {}, notion=notion, size=size)))


@checked
def converge(
    game: Game,
    n: str | Iterable[object] = (10, 100, 1000, 10000),
    params: Mapping[str, object] | None = None,
    /,
    *,
    notion: str | None = None,
    paths: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    drawn: bool = False,
    **values: Any,
) -> Any:
    """Compare finitely many players with a continuum as their number grows.

    Parameters
    ----------
    game, params, values, notion : see ``solve``.
    n : numbers of players, or a text such as ``10,100`` or ``2:1e6:40:log``.
    paths, threads : simulate so many paths, too (mean-variance family).
    drawn : draw the types of n players, where players have types of their own.
    seed : of paths or draws.

    Raises
    ------
    InputError
        If the game has no crowd whose size can vary, or a value is not acceptable.
    """
    given = merged(params, values)
    exported = declared(game)
    require(game, "converge")
    if exported is None:
        from eqsolve.studies.mean_field_limit.convergence import converge as of_family

        name = adopt(game)
        against_given(name, "converge", notion)
        if drawn:
            raise InputError("the agents of this game are alike.", game=name, stage="converge")
        finite = family(name)
        return of_family(
            finite, limit_of(finite), n, paths=paths, seed=seed, threads=threads, **given
        )
    if paths is not None:
        require_option(game, "converge --paths")
    from eqsolve.studies.limit import converge_model
    from eqsolve.studies.mean_field_limit.convergence import read_counts

    counts = read_counts(n)
    return converge_model(exported, given, counts, notion=notion, drawn=drawn, seed=seed)


def every(games: Iterable[str] | str | None = None) -> list[Found]:
    """Games by their names, each once; by default all that can be used."""
    if not games:
        return [found for found in all_games() if isinstance(found, Found)]
    chosen = (games,) if isinstance(games, str) else games
    return [resolve(name) for name in dict.fromkeys(chosen)]


def verify(
    games: Iterable[str] | str | None = None, level: str = "quick", progress: bool | None = None
) -> Report:
    """Check the closed forms of games by means that do not use them; see ``verify.suite.verify``.

    Parameters
    ----------
    games : names of games; all by default.
    level : ``"quick"`` or ``"full"`` (more parameter sets and paths).
    progress : show a bar on standard error.

    Raises
    ------
    InputError
        For an unknown game or level.
    MissingPartError
        If the compiled grid solver is not installed.
    """
    from eqsolve.verify.suite import verify as run

    return run(every(games), level, progress)


def report(
    game: Game, out: str | os.PathLike[str], *, level: str = "quick", progress: bool = False
) -> Any:
    """Write a page about a game into a folder: problem, derivation, solution, numbers, checks.

    Parameters
    ----------
    game : a name, the path of a file, or a Model.
    out : the folder; ``index.html`` is the page, and nothing is fetched to show it.
    level : ``quick`` or ``full`` verification.
    progress : show a bar on standard error.

    Returns
    -------
    Written
        The folder, whether every check passed, and a sentence.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    from eqsolve import report as room
    from eqsolve.model import Model as Attached
    from eqsolve.output import named

    require(game, "report")
    found, folder = resolve(game), named(os.fspath(out))
    if isinstance(found.model, Attached):
        own = (found.model,)
        return room.write(folder, own, level=level, progress=progress, whole=False)
    return room.write_game(found, folder, level=level, progress=progress)


def prove(
    *games: Game,
    out: str | os.PathLike[str] | None = None,
    check: bool = False,
    fresh: bool = False,
    notion: str | None = None,
    size: int | None = None,
    continuum: bool = False,
) -> Any:
    """State what was derived as theorems of Coq, and let Coq check them.

    Parameters
    ----------
    games : names, paths of files, or models; all games if there are none.
    out : a folder for the files.
    check : let Coq check them; ``fresh`` also those that it accepted before.
    notion : ``feedback``, ``open-loop``, ``given`` or ``planner``, where the games offer it, or
        ``all`` for every notion that a game declares (default: its first).
    size, continuum : a number of players (the theorems hold for any), or a continuum of them.

    Returns
    -------
    Run
        Printed line by line by ``lines``; ``accepted`` tells whether Coq accepts everything.

    Raises
    ------
    InputError
        If the folder cannot be written, a game does not offer the structure or has nothing to
        state.
    EqsolveError
        If Coq is not installed.
    """
    from eqsolve.prove.run import run
    from eqsolve.prove.structures import proofs
    from eqsolve.registry import games as installed

    for game in games:
        require(game, "prove")
    chosen = [resolve(game) for game in games] if games else [*installed()]
    made: list[Any] = []
    for found in chosen:
        if not isinstance(found, Found):
            raise found
        if able(found, "prove") is not True:
            continue
        made += proofs(found, notion, size, continuum)
    return run(made, None if out is None else os.fspath(out), check, fresh)
