"""The grid solvers on problem files."""

from __future__ import annotations

import time
from pathlib import Path

import click

from eqsolve.cli.common import JSON, cli, counter, emit, say
from eqsolve.errors import NoSolutionError


@cli.command()
@click.argument("problem", metavar="PROBLEM.toml")
@JSON
@click.option(
    "--out",
    metavar="DIR",
    help="Write result.json, arrays.npz, CSV tables and plots.png into a folder.",
)
@click.option("--netcdf", is_flag=True, help="With --out: write arrays.nc, too (needs xarray).")
@click.option("--plot", metavar="FILE", help="Draw the solution into a .png, .pdf or .svg file.")
def pde(problem: str, as_json: bool, out: str | None, netcdf: bool, plot: str | None) -> None:
    """Solve a problem on a grid, from its definition alone.

    The problem is a TOML file of the kind extended-hjb (a game's extended HJB system), mfg (a
    mean-field game in one dimension) or merton (control of the diffusion). For example:

    \b
        kind = "mfg"
        domain = [-3.0, 3.0]
        viscosity = 0.05
        initial = { mean = -0.5, deviation = 0.4 }
        terminal = "(x - 0.5)**2/2"
        [hamiltonian]
        kind = "quadratic"

    \b
    Example: eqsolve pde docs/pde/lq1.toml --plot lq1.png

    Progress goes to standard error, with a bar where that is a terminal. Exit code 4 if the
    solution must not be relied on (the files are written all the same, with the status in them), 2
    for a bad problem file.
    """
    from eqsolve.errors import InputError
    from eqsolve.output import named, replacing, require_writable, staged
    from eqsolve.pde.plots import draw, suffix
    from eqsolve.pde.problem import load

    if netcdf and out is None:
        raise InputError("--netcdf needs --out.", stage="input", remedy="Add --out DIR.")
    kind = suffix(require_writable(plot)) if plot is not None else ".png"
    if out is not None:
        named(out)
    chosen = load(problem)
    click.echo(f"{chosen.name}: solving the {chosen.summary}", err=True)
    start = time.perf_counter()
    with counter(chosen.name) as progress:
        result = chosen.solve(progress)
    click.echo(
        f"{chosen.name}: {result.status} after {time.perf_counter() - start:.2f} s", err=True
    )
    if plot is not None:
        with replacing(plot) as file:
            draw(result, file, kind)
    if out is not None:
        with staged(out) as folder:
            result.write(folder)
            draw(result, folder / "plots.png", ".png")
            if netcdf:
                result.write_netcdf(folder / "arrays.nc")
        say(f"{chosen.name}: written to {Path(out)}", err=True)
    if as_json:
        emit(result.to_dict())
    else:
        for sentence in result.sentences:
            say(sentence)
    if not result.ok:
        raise NoSolutionError(f"{result.message}.", game=chosen.name, stage=result.status)
