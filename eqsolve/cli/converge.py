"""From n agents to the mean field."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
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
    of_family,
    of_model,
    state,
    structure,
)
from eqsolve.errors import InputError


@cli.command()
@click.argument("game", callback=by_path, shell_complete=known_games)
@click.option("--n", "counts", default="10,100,1000,10000", metavar="10,100|2:1000000:40:log")
@PARAMETERS
@PARAMETER_FILE
@structure
@JSON
@click.option("--out", metavar="FILE.csv", help="Write the rows to a file, too.")
@click.option("--plot", metavar="FILE.pdf|.png|.svg", help="Draw the distances, too.")
@click.option("--paths", type=int, help="Simulate so many paths for every number of agents, too.")
@click.option("--drawn", is_flag=True, help="Draw the types of n players that have their own.")
@click.option("--epsilon", is_flag=True, help="What leaving the limit's strategy gains, too.")
@click.option("--at", metavar="x=1,y=1", help="Own wealth and average of all, for --epsilon.")
@click.option("--hazard", metavar="SPEC", help="Under a rate that depends on time, at --times.")
@click.option("--times", metavar="START:STOP:COUNT", help="With --hazard (default: time 0).")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of paths or draws.")
def converge(
    game: str,
    counts: str,
    pairs: tuple[str, ...],
    file: str | None,
    as_json: bool,
    out: str | None,
    plot: str | None,
    paths: int | None,
    seed: int,
    drawn: bool,
    epsilon: bool,
    at: str | None,
    hazard: str | None,
    times: str | None,
    **how: str | None,
) -> None:
    """Compare n agents with the mean field as n grows.

    EXAMPLE

    The coefficients converge in proportion to 1/n. Add --paths 1000 --seed 1 to see how the
    positions converge along paths, in proportion to the root of 1/n. Under --hazard, as solve
    takes it, strategies are compared at several times, and the constants are extrapolated.
    """
    from eqsolve.handle import Handle
    from eqsolve.registry import limit_of, model
    from eqsolve.studies.mean_field_limit.convergence import converge as run
    from eqsolve.studies.mean_field_limit.convergence import parse_counts
    from eqsolve.verbs import declared, require, require_option
    from eqsolve.words.dispatch import check_keywords

    parameters = given(pairs, file, game=game)
    exported = declared(game)
    require(game, "converge")
    if times is not None and hazard is None:
        raise InputError("--times goes with --hazard.", game=game, stage="input")
    if hazard is not None:
        if plot or paths is not None or epsilon or at or drawn:
            raise InputError(
                "--plot, --paths, --drawn, --epsilon and --at do not go with --hazard.",
                game=game,
                stage="converge",
                remedy="Leave them out; --out FILE.csv writes what a figure needs.",
            )
        _in_time(game, parameters, counts, hazard, times, as_json, out, how)
        return
    if exported is not None:
        if paths is not None:
            require_option(game, "converge --paths")
        if epsilon or at:
            require_option(game, "converge --epsilon")
        if how["size"] is not None:
            raise InputError(
                "the numbers of players are those of --n.",
                game=game,
                stage="converge",
                remedy="Leave out --size.",
            )
        draws = {"drawn": drawn, "seed": seed}
        _of_model(game, exported, parameters, counts, as_json, (out, plot), how, draws)
        return
    if drawn:
        raise InputError("the agents of this game are alike.", game=game, stage="converge")
    if how["notion"] is not None or how["size"] is not None:
        raise InputError(
            "the numbers of agents are those of --n, against given aggregates.",
            game=game,
            stage="converge",
            remedy="Leave out --notion and --size.",
        )
    parameters = of_family(game, parameters, how, apart="n")
    check_keywords(Handle(game), parameters, apart="n")
    finite = model(game)
    options: dict[str, Any] = {
        "paths": paths,
        "seed": seed,
        "with_epsilon": epsilon,
        "at": state(at),
    }
    study = run(finite, limit_of(finite), parse_counts(counts), **options, **parameters)
    if out:
        study.write(Path(out))
    if plot:
        from eqsolve.convergence_plot import plot_convergence

        plot_convergence(study, Path(plot))
    if as_json:
        emit(study.to_dict())
        return
    result = study.to_dict()
    columns = ("x", "y", "1")
    click.echo(f"{'n':>12}" + "".join(f"{'strategy.' + c:>22}" for c in columns))
    for row in result["rows"]:
        click.echo(f"{row['n']:>12}" + "".join(f"{row[c]:>22.15g}" for c in columns))
    for title, values in (
        ("mean field", result["limit"]),
        ("n (k_n - k)", result["rate_constants"]),
    ):
        click.echo(f"{title:>12}" + "".join(f"{values[c]:>22.15g}" for c in columns))
    moves = result["directions"]
    click.echo(f"{'as n grows':>12}" + "".join(f"{moves[c]:>22}" for c in columns))
    order = "none (no distance)" if result["order"] is None else f"{result['order']:.4f}"
    click.echo(f"observed order of convergence: {order}")
    *_, position = moves.values()
    click.echo(f"position of everybody at wealth 1 as n grows: {position}")
    last, gain = result["rows"][-1], result["exploitability"]
    found = f"{last['exploitability']:.6g} at n = {last['n']}, {gain:.6g} in the limit"
    end = "" if gain == 0 else ": not a closed-loop Nash equilibrium"
    click.echo(f"exploitability there: {found}{end}")
    for notion, gains in result.get("epsilon", {}).items():
        _show_epsilon(notion, gains)
    if "pathwise" in result:
        _show_paths(result["pathwise"])


def _in_time(
    game: str,
    parameters: dict[str, Any],
    counts: str,
    hazard: str,
    times: str | None,
    as_json: bool,
    out: str | None,
    how: Mapping[str, str | None],
) -> None:
    """Compare at several times under a hazard rate, and print the rows."""
    from eqsolve.cli.solve import beside_hazard
    from eqsolve.registry import content, resolve
    from eqsolve.source import Source
    from eqsolve.studies.course import evenly
    from eqsolve.verbs import converge as compared

    if how["size"] is not None:
        raise InputError(
            "the numbers of players are those of --n.",
            game=game,
            stage="converge",
            remedy="Leave out --size.",
        )
    source = Source.of(content(game), partial(resolve, game))
    values = beside_hazard(source, game, parameters, None, **how)
    rate: dict[str, Any] = {"hazard": hazard, "horizon": how["horizon"], "notion": how["notion"]}
    study = compared(game, counts, values, times=evenly(times or "0:0:1", game), **rate)
    if out:
        study.write(Path(out))
    if as_json:
        emit(study.to_dict())
        return
    click.echo(study.to_frame().to_string(index=False))
    for moment in study.moments:
        order = "none (no distance)" if moment.order is None else f"{moment.order:.4f}"
        click.echo(f"observed order of convergence at t = {float(moment.time):g}: {order}")
        for n, status in moment.skipped:
            click.echo(f"no equilibrium of {n} at t = {float(moment.time):g}: {status}")


def _of_model(
    game: str,
    exported: Any,
    parameters: dict[str, Any],
    counts: str,
    as_json: bool,
    targets: tuple[str | None, str | None],
    how: Mapping[str, str | None],
    draws: Mapping[str, Any],
) -> None:
    """Compare the players of a crowd with a continuum, and print the rows."""
    from eqsolve.studies.limit import converge_model
    from eqsolve.studies.mean_field_limit.convergence import parse_counts

    study = converge_model(
        exported,
        of_model(exported, parameters, how["case"], how["horizon"], how["notion"]),
        [int(n) for n in parse_counts(counts)],
        notion=how["notion"],
        **draws,
    )
    out, plot = targets
    if out:
        study.write(Path(out))
    if plot:
        from eqsolve.convergence_plot import plot_players

        plot_players(study, Path(plot))
    if as_json:
        emit(study.to_dict())
        return
    names = list(study.limit)
    click.echo(f"{'n':>12}" + "".join(f"{name:>22}" for name in names))
    for n, row in study.rows:
        click.echo(f"{n:>12}" + "".join(f"{row.get(name, 0.0):>22.15g}" for name in names))
    scaled = "sd of root n gap" if draws["drawn"] else "n (k_n - k)"
    for title, values in (("continuum", study.limit), (scaled, study.rate_constants)):
        if values:
            numbers = "".join(f"{values[name]:>22.15g}" for name in names)
            click.echo(f"{title:>12}{numbers}")
    if study.directions:
        moves = "".join(f"{study.directions.get(name, ''):>22}" for name in names)
        click.echo(f"{'as n grows':>12}{moves}")
    click.echo(f"the constants are {study.constants}{': ' if study.why else ''}{study.why}")
    if study.leading_order is not None:
        click.echo(f"order of convergence, proved: {study.leading_order:g}")
    order = "none (no distance)" if study.order is None else f"{study.order:.4f}"
    click.echo(f"observed order of convergence: {order}")


def _show_epsilon(notion: str, found: Mapping[str, Any]) -> None:
    words = f"all play the mean-field strategy ({notion}), gain of an agent who leaves it"
    where = ", ".join(f"{name} = {value:g}" for name, value in found.get("at", {}).items())
    click.echo(f"{words}{' at ' if where else ''}{where}:")
    if "message" in found:
        click.echo(f"{'none':>12}: {found['message']}")
        return
    for row in found["rows"]:
        gain = row["epsilon"]
        click.echo(f"{row['n']:>12}{'infinite variance' if gain is None else f'{gain:.6g}':>22}")
    if found["order"] is None:
        click.echo("it is 0 in all derived terms")
    elif found["order"] == 0:
        _, first, _ = found["terms"]
        click.echo(f"it tends to {found['constant']:.6g}; limit of n (gain - that): {first:.6g}")
    else:
        order, constant = found["order"], found["constant"]
        click.echo(f"order {order} in 1/n, derived; limit of n^{order} gain: {constant:.6g}")


def _show_paths(found: Mapping[str, Any]) -> None:
    click.echo(f"along {found['paths']} paths, root mean square distance of positions:")
    for row in found["rows"]:
        click.echo(
            f"{row['n']:>12}{row['distance']:>22.6g}  ({row['low']:.6g} to {row['high']:.6g})"
        )
    order, constant = found["order"], found["constant"]
    click.echo(
        f"order between the last two: {order['value']:.3f} ({order['low']:.3f} to "
        f"{order['high']:.3f}); limit of sqrt(n) distance: {constant['value']:.4g} "
        f"({constant['low']:.4g} to {constant['high']:.4g})"
    )
