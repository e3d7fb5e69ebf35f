"""Players of different sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from eqsolve.cli.common import (
    JSON,
    PARAMETER_FILE,
    PARAMETERS,
    by_path,
    cli,
    emit,
    given,
    known_games,
    of_model,
    say,
    state,
)


@cli.command()
@click.argument("game", callback=by_path, shell_complete=known_games)
@click.option(
    "--law",
    "laws",
    multiple=True,
    default=("zipf:1",),
    metavar="equal|zipf:Z|pareto:Z|lognormal:S|table:FILE.csv",
    help="The law of sizes; repeatable.",
)
@click.option("--n", "counts", default="10,100,1000,10000", metavar="10,100|2:1000000:40:log")
@PARAMETERS
@PARAMETER_FILE
@click.option("--set", "case", metavar="NAME", help="A named set of parameters.")
@click.option("--at", metavar="x=1", help="The state that all players start at.")
@click.option("--draws", type=int, default=0, help="Draw all noises so often, too.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the draws.")
@click.option("--times", metavar="1:40:14", help="Tell the share at later times, too.")
@JSON
@click.option("--out", metavar="FILE.csv", help="Write the rows to a file, too.")
@click.option("--plot", metavar="FILE.pdf|.png|.svg", help="Draw the shares, too.")
def sizes(
    game: str,
    laws: tuple[str, ...],
    counts: str,
    pairs: tuple[str, ...],
    file: str | None,
    case: str | None,
    at: str | None,
    draws: int,
    seed: int,
    times: str | None,
    as_json: bool,
    out: str | None,
    plot: str | None,
) -> None:
    """Show what players of different sizes do, and how much of the average's risk is their own.

    EXAMPLE

    The share of the players' own noises in the variance of the average vanishes as their number
    grows if and only if the largest weight does, at all times.
    """
    from eqsolve.output import replacing, require_writable
    from eqsolve.studies.sizes import written
    from eqsolve.verbs import declared
    from eqsolve.verbs import sizes as run

    for target in (out, plot):
        if target is not None:
            require_writable(target)
    exported = declared(game)
    values: dict[str, Any] = given(pairs, file, game=game)
    if exported is not None:
        values = of_model(exported, values, case, None, None, at)
    how: dict[str, Any] = {"draws": draws, "seed": seed, "times": times or ()}
    found = run(game, values, law=laws, n=counts, at=state(at), **how)
    if out is not None:
        with replacing(Path(out)) as temporary:
            written(found, temporary)
    if plot is not None:
        from eqsolve.sizes_plot import plot_sizes

        plot_sizes(found, plot)
    if as_json:
        emit([one.to_dict() for one in found])
        return
    for one in found:
        say(str(one))
        limit = ", ".join(f"{name} = {value:.9g}" for name, value in one.limit.items())
        say(f"of infinitely many players of no size: {limit}")
