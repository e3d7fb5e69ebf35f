"""Many parameter points."""

from __future__ import annotations

from pathlib import Path

import click

from eqsolve.cli.common import PARAMETER_FILE, PARAMETERS, assignments, cli, given, terminal


@cli.command()
@click.argument("game")
@click.option("--vary", multiple=True, required=True, metavar="NAME=START:STOP:COUNT[:log]")
@PARAMETERS
@PARAMETER_FILE
@click.option("--selection", default="limit", metavar="limit|value")
@click.option("--out", required=True, metavar="FILE.csv|.parquet|.nc")
def sweep(
    game: str,
    vary: tuple[str, ...],
    pairs: tuple[str, ...],
    file: str | None,
    selection: str,
    out: str,
) -> None:
    """Evaluate a game on a grid of parameters.

    \b
    Example: eqsolve sweep n-agent --vary theta=0:1:101 -p r=0.03 -p b=0.12 -p nu=0.2
             -p sigma=0.2 -p gamma=2 -p alpha=1 -p beta=0.5 -p lambda=0.6 -p n=3 --out theta.csv
    """
    from eqsolve.numerics.sweep import parse_axis, write_sweep

    axes = {name: parse_axis(name, text) for name, text in assignments(vary, "--vary").items()}
    summary = write_sweep(
        game, axes, given(pairs, file), Path(out), selection=selection, progress=terminal()
    )
    click.echo(summary, err=True)
