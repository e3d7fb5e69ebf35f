"""Learned solvers, held to the derived solution."""

from __future__ import annotations

import click

from eqsolve.cli.common import (
    JSON,
    PARAMETER_FILE,
    PARAMETERS,
    by_path,
    cli,
    counter,
    emit,
    given,
    known_games,
    of_model,
    say,
)


@cli.command()
@click.argument("game", callback=by_path, shell_complete=known_games)
@click.option("--method", required=True, metavar="NAME", help="How to learn, such as direct.")
@PARAMETERS
@PARAMETER_FILE
@click.option("--set", "case", metavar="NAME", help="A named set of parameters.")
@click.option("--horizon", metavar="T", help="The end of the horizon, the parameter T.")
@click.option("--notion", metavar="feedback|planner", help="What is learned.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of all random numbers.")
@click.option("--steps", type=int, metavar="N", help="Steps of training (default: the method's).")
@click.option("--checkpoint", metavar="DIR", help="Keep the run in this folder.")
@click.option("--resume", is_flag=True, help="Continue the run of --checkpoint.")
@JSON
def learn(
    game: str,
    method: str,
    pairs: tuple[str, ...],
    file: str | None,
    case: str | None,
    horizon: str | None,
    notion: str | None,
    seed: int,
    steps: int | None,
    checkpoint: str | None,
    resume: bool,
    as_json: bool,
) -> None:
    """Let a network or a table learn a game, and compare it with the derived solution and the grid.

    \b
    Example: eqsolve learn ./my_game.py --method direct

    The rows are what was learned, the grid's control, no control at all, and the solution on the
    chain of the referee. All methods but q-learning need the extra learn.
    """
    from eqsolve.verbs import declared
    from eqsolve.verbs import learn as run

    values = given(pairs, file, game=game)
    exported = declared(game)
    if exported is not None:
        values = of_model(exported, values, case, horizon, notion)
    with counter(method) as progress:
        found = run(
            game,
            values,
            method=method,
            notion=notion,
            seed=seed,
            steps=steps,
            checkpoint=checkpoint,
            resume=resume,
            progress=progress,
        )
    if as_json:
        emit(found.to_dict())
    else:
        say(str(found))
        say(found.sentence)
