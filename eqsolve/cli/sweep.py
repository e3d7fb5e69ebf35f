"""Many parameter points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from eqsolve.cli.common import (
    PARAMETER_FILE,
    PARAMETERS,
    assignments,
    by_path,
    chosen_size,
    cli,
    given,
    known_games,
    of_family,
    of_model,
    remaining,
    say,
    structure,
    terminal,
)


@cli.command()
@click.argument("game", required=False, callback=by_path, shell_complete=known_games)
@click.option(
    "--vary",
    multiple=True,
    metavar="NAME=VALUES",
    help="Values of a parameter, one of START:STOP:COUNT[:log], list:A,B,C, or for a parameter "
    "that is sampled LOW:HIGH[:log]. Repeatable: the sweep takes all combinations. It overrides "
    "a file of parameters.",
)
@click.option(
    "--zip",
    "zipped",
    multiple=True,
    metavar="NAME,NAME,...",
    help="Varied parameters that advance together instead of being combined; repeatable.",
)
@click.option(
    "--points",
    metavar="FILE.csv|.parquet",
    help="Take the points of a table: one column per parameter, one row per point.",
)
@click.option(
    "--run", "run_file", metavar="FILE.toml", help="A whole sweep from a file; options override it."
)
@click.option(
    "--sample",
    metavar="KIND:COUNT",
    help="Draw COUNT points (such as 2^20) over the ranges; KIND is sobol or random.",
)
@click.option("--seed", type=int, help="Seed of the sample (default: 0).")
@PARAMETERS
@PARAMETER_FILE
@structure
@click.option(
    "--hazard", metavar="SPEC", help="Strategies under a rate that depends on time (slow)."
)
@click.option("--selection", metavar="limit|value", help="Rule among several roots.")
@click.option(
    "--columns", metavar="NAME,...", help="Outputs to keep (default: all); status always is."
)
@click.option("--certify", is_flag=True, help="Add a proof for every point (slow).")
@click.option("--out", metavar="FILE", help="File to write: .csv, .parquet, .nc (netCDF) or .zarr.")
@click.option("--plot", metavar="FILE", help="Figure to draw of the results.")
@click.option("--resume", is_flag=True, help="Continue an interrupted sweep to the same file.")
@click.option("--jobs", type=int, metavar="N", help="Threads or processes (default: all cores).")
@click.option(
    "--backend",
    metavar="threads|processes|dask",
    help="Who computes (default: threads); the result is the same.",
)
@click.option(
    "--scheduler", metavar="ADDRESS", help="A running Dask scheduler, with --backend dask."
)
def sweep(
    game: str | None,
    vary: tuple[str, ...],
    zipped: tuple[str, ...],
    run_file: str | None,
    pairs: tuple[str, ...],
    file: str | None,
    columns: str | None,
    resume: bool,
    notion: str | None,
    size: str | None,
    horizon: str | None,
    case: str | None,
    hazard: str | None,
    **options: Any,
) -> None:
    """Evaluate a game at many points.

    EXAMPLE

    \b
    Also:    --vary theta=0:1:101 --vary gamma=0.5:8:50:log    a grid of 101 times 50 points
             --vary nu=list:0.1,0.2 --vary sigma=list:0.3,0.4 --zip nu,sigma       two points
             --vary theta=0:1 --vary gamma=0.5:8:log --sample sobol:2^20      a sample of a box
             --points points.csv                                      the points of a table

    \b
    A run file has the same names:
        game = "NAME"
        set = "S1"
        out = "theta.csv"
        vary = { theta = "0:1:101", n = [3, 5] }
        parameters = { r = 0.03, b = 0.12, nu = 0.2 }

    \b
    It also takes notion, size, horizon and hazard.

    Under --hazard, as solve takes it, the columns are the coefficients of the strategy at the time
    t, which may be varied; --horizon T is an end.

    After an interruption the finished part is in OUT.part; the same command with --resume goes on
    from there and gives the same file.
    """
    from eqsolve.registry import adopt

    run = _run_file(run_file) | {k: v for k, v in options.items() if v not in (None, False)}
    if game is None and "game" in run:
        game = adopt(run["game"])
    out, plot = run.get("out"), run.get("plot")
    case, notion = case or run.get("set"), notion or run.get("notion")
    size, horizon = size or run.get("size"), horizon or run.get("horizon")
    if game is None:
        raise click.UsageError("Give a game.")
    if out is None and plot is None:
        raise click.UsageError("Give --out FILE or --plot FILE.")
    axes: dict[str, Any] = run.get("vary", {}) | assignments(vary, "--vary")
    groups: list[list[str]] = [group.split(",") for group in zipped] or run.get("zip", [])
    if (points := run.get("points")) is not None:
        axes, groups = _with_points(points, axes, groups)
    if not axes:
        raise click.UsageError("Give --vary NAME=VALUES or --points FILE.")
    fixed = _by_type(
        game, run.get("parameters", {}) | given((), file, game=game, table=lambda: _differ(game))
    )
    fixed = remaining(fixed, without=axes) | given(pairs, None)
    hazard = hazard or run.get("hazard")
    ends = None if hazard is not None else horizon
    rate = _rate(game, notion, size) if hazard is not None and case is not None else ()
    fixed = remaining(_structured(game, fixed, axes, case, ends, notion, size, rate), without=rate)
    how: dict[str, Any] = {
        "zipped": groups,
        "sample": run.get("sample"),
        "seed": run.get("seed", 0),
        "selection": run.get("selection", "limit"),
        "certified": run.get("certify", False),
    }
    if (names := columns.split(",") if columns is not None else run.get("columns")) is not None:
        how["columns"] = names
    how["structure"] = _structure(game, fixed, axes, notion, size)
    if hazard is not None:
        from eqsolve.verbs.sweeps import under

        how["structure"] = under(how["structure"], hazard, horizon)
    who = (run.get("backend", "threads"), run.get("jobs"), run.get("scheduler"))
    try:
        _run((game, axes, fixed), how, who, (out, plot), resume)
    except KeyboardInterrupt:
        begun = out is not None and Path(f"{out}.part").exists()
        advice = f" Continue with --resume; finished work is in {out}.part." if begun else ""
        say(f"eqsolve: interrupted.{advice}", err=True)
        raise SystemExit(130) from None


def _structured(
    game: str,
    fixed: dict[str, Any],
    axes: dict[str, Any],
    case: str | None,
    horizon: str | None,
    notion: str | None,
    size: str | None,
    rate: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The fixed parameters with those of a named set; vectors and matrices entry by entry."""
    from eqsolve.verbs import by_name, declared, require

    exported = declared(game)
    require(game, "sweep")
    if exported is None:
        how = {"case": case, "horizon": horizon, "size": size}
        own = of_family(game, fixed, how, apart=rate[0] if rate else "")
        return fixed | remaining(remaining(own, without=fixed), without=axes)
    from eqsolve.inputs import flattened

    found = of_model(exported, fixed, case, horizon, notion)
    found = by_name(game, found, notion, chosen_size(size, game)[0])
    own = _by_type(game, fixed)
    found = own | remaining(remaining(found, without=own), without=axes)
    return dict(flattened(found, game, found))


def _rate(game: str, notion: str | None, size: str | None) -> tuple[str, ...]:
    """The letters of the hazard rate and the states, which a named set gives unasked."""
    from eqsolve.handle import Handle
    from eqsolve.studies.sweep.hazard_target import HazardTarget

    told = (("notion", notion), ("size", chosen_size(size, game)[0]))
    found = HazardTarget(Handle(game), told)
    return found.rate, *(state.name for state in found.model.game.state_symbols)


def _by_type(game: str, values: dict[str, Any]) -> dict[str, Any]:
    """Tables and vectors of types with one name for each type's number."""
    from eqsolve.registry import resolve
    from eqsolve.verbs import agents_apart, declared

    if declared(game) is None:
        return agents_apart(game, values)  # without SymPy, which the next imports need
    from eqsolve.game.types import suffixed
    from eqsolve.inputs import parsed

    read = {k: parsed(v) if isinstance(v, str) else v for k, v in values.items()}
    model: Any = resolve(game).model
    return suffixed(model, read)


def _differ(game: str) -> bool:
    """Whether the agents of a game of the family have parameters of their own."""
    from eqsolve.handle import Handle
    from eqsolve.verbs import declared
    from eqsolve.words.own_words import differ

    return declared(game) is None and differ(Handle(game))


def _structure(
    game: str,
    fixed: dict[str, Any],
    axes: dict[str, Any],
    notion: str | None,
    size: str | None,
) -> tuple[tuple[str, Any], ...]:
    from eqsolve.verbs import structure_for

    return structure_for(game, fixed, axes, notion, chosen_size(size, game)[0])


def _run_file(path: str | None) -> dict[str, Any]:
    from eqsolve.cli.run_file import read_run

    return {} if path is None else read_run(path)


def _with_points(
    path: str, axes: dict[str, Any], groups: list[list[str]]
) -> tuple[dict[str, Any], list[list[str]]]:
    """The axes and groups with the columns of a table, which advance together."""
    from eqsolve.cli.run_file import read_points

    table = read_points(path)
    rest = remaining(axes, without=table)
    if len(rest) < len(axes):
        raise click.UsageError(f"--vary gives a column of {path}, too.")
    return {**table, **rest}, [*groups, list(table)]


def _run(
    what: tuple[str, dict[str, Any], dict[str, Any]],
    how: dict[str, Any],
    who: tuple[str, int | None, str | None],
    files: tuple[str | None, str | None],
    resume: bool,
) -> None:
    """Lay out the points, evaluate and write them, draw them."""
    from eqsolve.handle import Handle
    from eqsolve.studies.sweep import (
        Execution,
        Summary,
        check_target,
        design,
        labelled_sweep,
        write_sweep,
    )

    (out, plot), execution = files, Execution(*who)
    target = None if out is None else check_target(out)
    game, axes, fixed = what
    plan = design(Handle(game), axes, fixed, **how)
    shown = terminal()

    def tell(summary: Summary) -> None:
        say(str(summary), err=True)

    if plot is not None:
        from eqsolve.plots import plot_sweep
        from eqsolve.verbs import on_one_cubic

        data = labelled_sweep(
            plan, target, execution=execution, resume=resume, progress=shown, tell=tell
        )
        plot_sweep(data, plot, model=on_one_cubic(game))
    elif target is not None:
        tell(write_sweep(plan, target, execution=execution, resume=resume, progress=shown))
