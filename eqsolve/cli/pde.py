"""The grid solvers on problem files and on games."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eqsolve.cli.common import (
    JSON,
    PARAMETER_FILE,
    PARAMETERS,
    cli,
    counter,
    emit,
    given,
    known_games,
    of_family,
    of_model,
    say,
    structure,
)
from eqsolve.errors import InputError, NoSolutionError

if TYPE_CHECKING:
    from eqsolve.pde.problem import Names, Problem


@cli.command()
@click.argument("problem", metavar="PROBLEM.toml|GAME", shell_complete=known_games)
@PARAMETERS
@PARAMETER_FILE
@structure
@JSON
@click.option(
    "--out",
    metavar="DIR",
    help="Write result.json, arrays.npz, CSV tables and plots.png into a folder.",
)
@click.option("--netcdf", is_flag=True, help="With --out: write arrays.nc, too.")
@click.option("--plot", metavar="FILE", help="Draw the solution into a .png, .pdf or .svg file.")
def pde(
    problem: str,
    pairs: tuple[str, ...],
    file: str | None,
    as_json: bool,
    out: str | None,
    netcdf: bool,
    plot: str | None,
    **how: str | None,
) -> None:
    """Solve a problem on a grid, from its definition alone.

    The problem is a TOML file of the kind extended-hjb (a game's extended HJB system), mfg (a
    mean-field game in one or two dimensions, of one or several populations, also stationary, with
    stopping or a common noise) or controlled-diffusion (Merton's problem). For example:

    \b
        kind = "mfg"
        domain = [-3.0, 3.0]
        viscosity = 0.05
        initial = { mean = -0.5, deviation = 0.4 }
        terminal = "(x - 0.5)**2/2"
        [hamiltonian]
        kind = "quadratic"

    Or it is a game, of which the dynamics and the preference are read, but not the form of the
    solution; -p, --params, --set, --notion and --horizon belong to games. `eqsolve list` says
    which games no grid represents, and why.

    \b
    Example: eqsolve pde docs/pde/lq1.toml --plot lq1.png

    Progress goes to standard error, with a bar where that is a terminal. Exit code 4 if the
    solution must not be relied on (the files are written all the same, with the status in them), 2
    for a bad problem file.
    """
    from eqsolve.output import named, replacing, require_writable, staged
    from eqsolve.registry import resolve

    # A game has a name without an ending, or is a Python file; what is wrong with another file
    # is said by its reader.
    path = Path(problem)
    own = path.suffix != ".py" and (bool(path.suffix) or path.is_file())
    if not own:
        resolve(problem)  # refused before the solvers are imported
    from eqsolve.pde.plots import draw, suffix
    from eqsolve.pde.problem import load

    if netcdf and out is None:
        raise InputError("--netcdf needs --out.", stage="input", remedy="Add --out DIR.")
    kind = suffix(require_writable(plot)) if plot is not None else ".png"
    if out is not None:
        named(out)
    if own and (pairs or file is not None or any(how.values())):
        raise InputError(
            "a problem file holds its numbers.",
            game=problem,
            stage="input",
            remedy="Edit the file.",
        )
    chosen = (
        load(problem, names()) if own else of_game(problem, given(pairs, file, game=problem), how)
    )
    click.echo(f"{chosen.name}: solving the {chosen.summary}", err=True)
    start = time.perf_counter()
    with counter(chosen.name) as progress:
        result = chosen.solve(progress)
    click.echo(
        f"{chosen.name}: {result.status} after {time.perf_counter() - start:.2f} s", err=True
    )
    if plot is not None:
        with replacing(plot) as temporary:
            draw(result, temporary, kind)
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


def names() -> Names:
    """What a problem file may name."""
    from eqsolve.pde.problem import Names
    from eqsolve.registry import model, problem_kind

    return Names(model, problem_kind)


def of_game(name: str, values: dict[str, Any], how: Mapping[str, str | None]) -> Problem:
    """The grid problem of a game at a user's numbers.

    Raises
    ------
    InputError
        If no grid represents the game, or a number is missing or not acceptable.
    """
    from eqsolve.cli.common import chosen_size
    from eqsolve.game.parameters import read
    from eqsolve.game.structure import build
    from eqsolve.pde.declared import represented
    from eqsolve.pde.problem import Problem
    from eqsolve.pde.problem import read as read_table
    from eqsolve.registry import adopt
    from eqsolve.verbs import declared

    game = adopt(name)
    exported = declared(game)
    if exported is None:
        if how["notion"] not in (None, "given"):
            raise InputError(
                "the grid holds the aggregates of this game fixed.", game=game, stage="pde"
            )
        table = {"kind": "extended-hjb", "game": game}
        return read_table(table | {"parameters": of_family(game, values, dict(how))}, game, names())
    number, continuum = chosen_size(how["size"], game)
    chosen = of_model(exported, values, how["case"], how["horizon"], how["notion"])
    model = build(exported, chosen, notion=how["notion"], size=number, continuum=continuum)
    found = represented(model)
    numbers = read(model, chosen)
    return Problem(
        game,
        found.summary,
        found.summary,
        lambda progress=None: found.solve(numbers, progress).result,
    )
