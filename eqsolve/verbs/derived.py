"""What is derived of a game: shown, checked, proved, written down."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from eqsolve.errors import InputError
from eqsolve.notions import against_given, is_closed_loop
from eqsolve.places import Found
from eqsolve.registry import adopt, resolve
from eqsolve.registry import games as all_games
from eqsolve.verbs.abilities import Game, able, declared, require

if TYPE_CHECKING:
    from eqsolve.game import Model
    from eqsolve.verify.report import Report
    from eqsolve.writing import Writing


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
        from eqsolve.words.players import closed_loop

        name = adopt(game)
        if is_closed_loop(notion, name):
            family: Any = resolve(name).model
            return _written(closed_loop(family, size, "derive"))
        if size is not None:
            raise InputError("the number of agents is a letter.", game=name, stage="derive")
        return of_family(name)
    from eqsolve.game.structure import build

    return _written(build(exported, {}, notion=notion, size=size))


def _written(model: Model) -> Writing:
    from eqsolve.derivation.derivation import derive as derive_model
    from eqsolve.writing import Writing

    return Writing(derive_model(model))


def every(games: Iterable[str] | str | None = None) -> list[Found]:
    """Games by their names, each once; by default all that can be used."""
    if not games:
        return [found for found in all_games() if isinstance(found, Found)]
    chosen = (games,) if isinstance(games, str) else games
    return [resolve(name) for name in dict.fromkeys(chosen)]


def verify(
    games: Iterable[str] | str | None = None,
    level: str = "quick",
    progress: bool | None = None,
    *,
    hazard: str | None = None,
    horizon: object = None,
) -> Report:
    """Check the closed forms of games by means that do not use them; see ``verify.suite.verify``.

    Parameters
    ----------
    games : names of games; all by default.
    level : ``"quick"`` or ``"full"`` (more parameter sets and paths).
    progress : show a bar on standard error.
    hazard, horizon : a hazard rate that moves in time and an end, as for ``course``.

    Raises
    ------
    InputError
        For an unknown game or level, and for a game that has no such hazard rate.
    MissingPartError
        If the compiled grid solver is not installed.
    """
    from eqsolve.verify.suite import verify as run

    return run(every(games), level, progress, hazard=hazard, horizon=horizon)


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
    from eqsolve.notated.published import Published
    from eqsolve.output import named
    from eqsolve.site import report as room

    require(game, "report")
    found, folder = resolve(game), named(os.fspath(out))
    if isinstance(found.model, Published):
        own = (found.model,)
        return room.write(folder, own, level=level, progress=progress, whole=False)
    return room.write_game(found, folder, level=level, progress=progress)


def explore(
    game: Game,
    out: str | os.PathLike[str],
    params: Mapping[str, object] | None = None,
    *,
    notion: str | None = None,
    size: int | None = None,
    continuum: bool = False,
    points: int | None = None,
) -> str:
    """Write a page on which a game's parameters can be moved, and it is solved again at once.

    Parameters
    ----------
    game : a name, the path of a file, or a Model.
    out : the file; it fetches nothing.
    params : where the page starts (default: the game's first named set).
    notion, size, continuum : structure, where the game offers it.
    points : of every certified curve (default: 25).

    Returns
    -------
    str
        The path of the page.

    Raises
    ------
    InputError
        If the file cannot be written, a value is not acceptable, or the game has no such page.
    """
    from eqsolve.distribution import VERSION
    from eqsolve.explore.page import POINTS
    from eqsolve.explore.start import explored
    from eqsolve.output import replacing, require_writable

    require(game, "explore")
    if declared(game) is None:
        against_given(adopt(game), "explore", notion)
    path = require_writable(os.fspath(out))
    page = explored(
        resolve(game),
        params or {},
        notion=notion,
        size=size,
        continuum=continuum,
        points=POINTS if points is None else points,
    )
    text = page.render(VERSION)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return str(path)


def gallery(
    *games: Game, out: str | os.PathLike[str], short: bool = False, progress: bool = False
) -> Any:
    """Write a page in Markdown (MyST) for every game, with a figure, and a first page.

    Parameters
    ----------
    games : names, paths of files, or models; all games if there are none.
    out : the folder; ``index.md`` is the first page.
    short : say what the files say, and derive nothing.
    progress : show a bar on standard error.

    Returns
    -------
    tuple of eqsolve.site.gallery.Entry
        What was written of each game.

    Raises
    ------
    InputError
        If the folder cannot be written.
    EqsolveError
        If a game cannot be derived.
    """
    from pathlib import Path

    from tqdm import tqdm

    from eqsolve.output import named, staged
    from eqsolve.site import gallery as room

    chosen = [resolve(game) for game in games] if games else every()
    with staged(Path(named(os.fspath(out)))) as stage:
        shown = tqdm(chosen, "gallery", disable=not progress, leave=False)
        entries = tuple(room.write(found, stage, short=short) for found in shown)
        room.index(entries, stage)
    return entries


def prove(
    *games: Game,
    out: str | os.PathLike[str] | None = None,
    check: bool = False,
    fresh: bool = False,
    notion: str | None = None,
    size: int | None = None,
    continuum: bool = False,
    needless: bool = False,
    within: float | None = None,
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
    needless : look for assumptions that are not needed, and leave them out.
    within : seconds that this search may take of a game (default: 900).

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
    from eqsolve.prove.needless import WITHIN
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
    folder = None if out is None else os.fspath(out)
    return run(made, folder, check, fresh, needless, WITHIN if within is None else within)
