"""What competition costs."""

from __future__ import annotations

from typing import Any

import click

from eqsolve.cli.common import (
    JSON,
    PARAMETER_FILE,
    PARAMETERS,
    assignments,
    by_path,
    chosen_size,
    cli,
    emit,
    given,
    known_games,
    of_family,
    of_model,
    remaining,
    say,
    state,
    structure,
)
from eqsolve.errors import InputError, NoSolutionError


@cli.command()
@click.argument("game", callback=by_path, shell_complete=known_games)
@PARAMETERS
@PARAMETER_FILE
@structure
@click.option("--at", metavar="x=1,m=1", help="The states that players start at.")
@click.option(
    "--vary",
    multiple=True,
    metavar="NAME=START:STOP:COUNT[:log]",
    help="Compare along one parameter.",
)
@click.option("--plot", metavar="FILE.pdf|.png|.svg", help="Draw what is compared along it.")
@click.option("--commit", is_flag=True, help="Compare with a planner who can commit, too.")
@JSON
def anarchy(
    game: str,
    pairs: tuple[str, ...],
    file: str | None,
    at: str | None,
    vary: tuple[str, ...],
    plot: str | None,
    commit: bool,
    as_json: bool,
    **how: str | None,
) -> None:
    """Compare the equilibrium of a crowd with what a planner would choose.

    EXAMPLE

    The price of anarchy is the ratio of what the average player obtains. The tax is what a player
    pays for a unit of the control, given back as a sum, so that the planner's strategy is an
    equilibrium. With --commit beside them the planner who chooses once, at the start where all are
    alike, and keeps to it. Exit code 4 where one of both does not exist.
    """
    from eqsolve.verbs import anarchy as run
    from eqsolve.verbs import declared, require

    values = given(pairs, file, game=game)
    exported = declared(game)
    require(game, "anarchy")
    size, continuum = chosen_size(how["size"], game)
    if exported is None:
        values = of_family(game, values, how)
        size = None
    else:
        values = of_model(exported, values, how["case"], how["horizon"], how["notion"], at)
    axes = _axes(game, vary)
    found: Any = run(
        game,
        remaining(values, without=axes),
        at=state(at) or None,
        notion=how["notion"],
        size=size,
        continuum=continuum,
        vary=axes or None,
        commit=commit,
    )
    if plot is not None:
        from eqsolve.anarchy_plot import plot_anarchy

        if not axes:
            raise InputError(
                "a figure needs a parameter.", game=game, stage="plot", remedy="Add --vary."
            )
        plot_anarchy(found, plot)
    if as_json:
        emit(found.to_dict())
    else:
        say(str(found))
    if axes:
        return
    if not found.ok:
        raise NoSolutionError(found.message, game=game, stage=found.status)
    if not as_json:
        _show_more(found)


def _axes(game: str, vary: tuple[str, ...]) -> dict[str, list[float]]:
    from eqsolve.game.structure import COUNT
    from eqsolve.studies.sweep.axes import parse_axis

    texts = assignments(vary, "--vary")
    if len(texts) > 1:
        raise InputError("one parameter is varied.", game=game, stage="anarchy")
    return {name: parse_axis(name, text, name == COUNT).tolist() for name, text in texts.items()}


def _show_more(found: Any) -> None:
    if found.message:
        say(found.message)
    gap = found.gap
    if gap == gap:
        click.echo(f"gap of welfare: {gap:.15g}")
    tax = found.tax
    for control, value in tax.at.items():
        click.echo(f"tax on {control} at the state: {value:.15g}")
    if tax.gain is not None:
        click.echo(f"a player alone gains at the rate {tax.gain:.9g} without it")
    if tax.maximal is False:
        click.echo("with the tax the planner's strategy is stationary, but no maximum")
