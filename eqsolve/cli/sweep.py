"""Many parameter points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from eqsolve.cli.common import PARAMETER_FILE, PARAMETERS, assignments, cli, given, terminal


@cli.command()
@click.argument("game")
@click.option(
    "--vary",
    multiple=True,
    required=True,
    metavar="NAME=VALUES",
    help="Values of a parameter, one of START:STOP:COUNT[:log], list:A,B,C, or for a parameter "
    "that is sampled LOW:HIGH[:log]. Repeatable: the sweep takes all combinations.",
)
@click.option(
    "--zip",
    "zipped",
    multiple=True,
    metavar="NAME,NAME,...",
    help="Varied parameters that advance together instead of being combined; repeatable.",
)
@click.option(
    "--sample",
    metavar="KIND:COUNT",
    help="Draw COUNT points (such as 2^20) over the ranges; KIND is sobol or random.",
)
@click.option("--seed", default=0, show_default=True, help="Seed of the sample.")
@PARAMETERS
@PARAMETER_FILE
@click.option("--selection", default="limit", metavar="limit|value")
@click.option(
    "--columns", metavar="NAME,...", help="Outputs to keep (default: all); status always is."
)
@click.option("--certify", "certified", is_flag=True, help="Add a proof for every point (slow).")
@click.option("--out", metavar="FILE", help="File to write: .csv, .parquet, .nc (netCDF) or .zarr.")
@click.option("--plot", metavar="FILE", help="Figure to draw of the results.")
@click.option("--resume", is_flag=True, help="Continue an interrupted sweep to the same file.")
@click.option("--jobs", type=int, metavar="N", help="Threads or processes (default: all cores).")
@click.option(
    "--backend",
    default="threads",
    show_default=True,
    metavar="threads|processes|dask",
    help="Who computes; the result is the same.",
)
@click.option(
    "--scheduler", metavar="ADDRESS", help="A running Dask scheduler, with --backend dask."
)
def sweep(
    game: str,
    vary: tuple[str, ...],
    zipped: tuple[str, ...],
    sample: str | None,
    seed: int,
    pairs: tuple[str, ...],
    file: str | None,
    selection: str,
    columns: str | None,
    certified: bool,
    out: str | None,
    plot: str | None,
    resume: bool,
    jobs: int | None,
    backend: str,
    scheduler: str | None,
) -> None:
    """Evaluate a game at many points.

    \b
    Example: eqsolve sweep n-agent --vary theta=0:1:101 -p r=0.03 -p b=0.12 -p nu=0.2
             -p sigma=0.2 -p gamma=2 -p alpha=1 -p beta=0.5 -p lambda=0.6 -p n=3 --out theta.csv

    \b
    Also:    --vary theta=0:1:101 --vary gamma=0.5:8:50:log    a grid of 101 times 50 points
             --vary nu=list:0.1,0.2 --vary sigma=list:0.3,0.4 --zip nu,sigma       two points
             --vary theta=0:1 --vary gamma=0.5:8:log --sample sobol:2^20      a sample of a box

    After an interruption the finished part is in OUT.part; the same command with --resume goes on
    from there and gives the same file.
    """
    if out is None and plot is None:
        raise click.UsageError("Give --out FILE or --plot FILE.")
    try:
        _run(
            (game, assignments(vary, "--vary"), given(pairs, file)),
            {
                "zipped": [group.split(",") for group in zipped],
                "sample": sample,
                "seed": seed,
                "selection": selection,
                "certified": certified,
                **({} if columns is None else {"columns": columns.split(",")}),
            },
            (backend, jobs, scheduler),
            (out, plot),
            resume,
        )
    except KeyboardInterrupt:
        begun = out is not None and Path(f"{out}.part").exists()
        advice = f" Continue with --resume; finished work is in {out}.part." if begun else ""
        click.echo(f"eqsolve: interrupted.{advice}", err=True)
        raise SystemExit(130) from None


def _run(
    what: tuple[str, dict[str, str], dict[str, Any]],
    how: dict[str, Any],
    who: tuple[str, int | None, str | None],
    files: tuple[str | None, str | None],
    resume: bool,
) -> None:
    """Lay out the points, evaluate and write them, draw them."""
    from eqsolve.numerics.sweep import (
        Execution,
        Summary,
        check_target,
        design,
        labelled_sweep,
        write_sweep,
    )

    (out, plot), execution = files, Execution(*who)
    target = None if out is None else check_target(out)
    plan = design(*what, **how)
    options: dict[str, Any] = {"execution": execution, "resume": resume, "progress": terminal()}

    def tell(summary: Summary) -> None:
        click.echo(str(summary), err=True)

    if plot is not None:
        from eqsolve.plots import plot_sweep

        plot_sweep(labelled_sweep(plan, target, tell=tell, **options), plot)
    elif target is not None:
        tell(write_sweep(plan, target, **options))
