"""What a network or a table learns of a game, beside what is derived."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eqsolve.options import checked
from eqsolve.registry import adopt
from eqsolve.verbs.abilities import Game, declared

if TYPE_CHECKING:
    from eqsolve.learn.learned import Learned
    from eqsolve.learn.training import Progress

__all__ = ["learn"]


@checked
def learn(
    game: Game,
    params: Mapping[str, object] | None = None,
    /,
    *,
    method: str,
    notion: str | None = None,
    seed: int = 0,
    steps: int | None = None,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    **values: Any,
) -> Learned:
    """Learn a game from its declaration, and compare what was learned with the derived solution.

    Parameters
    ----------
    game : a name, the path of a file, or a Model.
    params, values : parameters, as one mapping or as keywords.
    method : one of ``eqsolve.learn.learned.CROWD``, or of its ``ALONE`` for one agent's wealth.
    notion : ``feedback`` or ``planner``, where the game offers them.
    seed : of all random numbers.
    steps : of training; by default as many as the method takes.
    checkpoint : folder in which the run is kept, so that it can be continued.
    resume : go on from there; the result is that of a run without interruption.
    progress : told what is counted, how many are done, of how many, and the loss.

    Raises
    ------
    InputError
        If the method does not take the game, or an argument makes no sense.
    NoSolutionError
        If the game has no solution to compare with.
    MissingPartError
        If a package of the extra ``learn`` is not installed.
    """
    from eqsolve.arrays import merged
    from eqsolve.game.structure import build
    from eqsolve.learn.crowd import refusal
    from eqsolve.learn.learned import learn as run

    name = adopt(game)
    exported = declared(name)
    if exported is None:
        raise refusal(name, "its file declares no drift, noise and horizon")
    given = merged(params, values)
    return run(
        build(exported, given, notion=notion),
        given,
        method,
        seed=seed,
        steps=steps,
        checkpoint=checkpoint,
        resume=resume,
        progress=progress,
    )
