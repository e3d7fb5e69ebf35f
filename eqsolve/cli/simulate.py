"""A population of agents, simulated."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
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
    state,
    structure,
)
from eqsolve.errors import EqsolveError, InputError


@cli.command()
@click.argument("game", callback=by_path, shell_complete=known_games)
@PARAMETERS
@PARAMETER_FILE
@structure
@click.option("--agents", type=int, help="Number of agents; of a crowd the same as --size.")
@click.option("--paths", required=True, type=int, help="Number of independent paths.")
@click.option("--seed", required=True, type=int, help="Seed of the random numbers.")
@click.option("--equilibrium", metavar="given-aggregate|closed-loop")
@click.option("--feedback", metavar="x=0.2,y=0.1,1=0.6", help="A feedback of your own instead.")
@click.option("--at", metavar="x=1,y=1", help="The state; everybody has wealth 1 by default.")
@click.option("--step", type=float, help="Longest time step.")
@click.option("--confidence", type=float, default=0.99, show_default=True)
@click.option("--hazard", metavar="SPEC", help="A hazard rate that depends on time.")
@click.option("--threads", type=int, help="Number of threads; the result does not depend on it.")
@JSON
def simulate(
    game: str,
    pairs: tuple[str, ...],
    file: str | None,
    agents: int | None,
    paths: int,
    seed: int,
    equilibrium: str | None,
    feedback: str | None,
    at: str | None,
    step: float | None,
    confidence: float,
    hazard: str | None,
    threads: int | None,
    as_json: bool,
    **how: str | None,
) -> None:
    """Simulate agents who all use one feedback, and compare moments with their exact values.

    EXAMPLE

    The game mean-field gives the limit's feedback to finitely many agents.
    """
    from eqsolve.game.structure import COUNT
    from eqsolve.handle import Handle
    from eqsolve.notions import equilibrium_for, notion_of
    from eqsolve.registry import finite_of, model
    from eqsolve.studies.simulation.simulate import simulate as run
    from eqsolve.verbs import declared, require, require_option
    from eqsolve.words.dispatch import check_keywords

    parameters = given(pairs, file, game=game)
    exported = declared(game)
    require(game, "simulate")
    if hazard is not None:
        _under_hazard(
            *(game, parameters, hazard, at, as_json, how),
            paths=paths,
            seed=seed,
            step=step,
            confidence=confidence,
            agents=agents,
            equilibrium=equilibrium,
            feedback=feedback,
            threads=threads,
        )
        return
    if exported is not None:
        if feedback is not None:
            require_option(game, "simulate --feedback")
        if threads is not None:
            require_option(game, "simulate --threads")
        how["notion"] = notion_of(how["notion"], equilibrium, game)
        if agents is not None:
            if how["size"] not in (None, str(agents)):
                raise InputError("--agents and --size differ.", game=game, stage="simulate")
            how["size"] = str(agents)
        _model(game, exported, parameters, paths, seed, step, confidence, at, as_json, how)
        return
    parameters = of_family(game, parameters, how, apart="" if agents is None else COUNT)
    check_keywords(Handle(game), parameters)
    if agents is None and COUNT not in parameters:
        raise click.UsageError("Missing option '--agents'.")
    equilibrium = equilibrium_for(how["notion"], equilibrium, game)
    found = run(
        model(game),
        finite_of(model(game)),
        agents=count(parameters, game) if agents is None else agents,
        paths=paths,
        seed=seed,
        equilibrium=equilibrium or "given-aggregate",
        feedback=assignments(tuple(feedback.split(",")), "--feedback") if feedback else None,
        at=state(at),
        step=step,
        confidence=confidence,
        threads=threads,
        **parameters,
    )
    result = found.to_dict()
    if as_json:
        emit(result)
    else:
        _show(result)
    if all(band.inside is False for band in found.bands.values()):
        raise _uncovered(game)


def count(parameters: Mapping[str, Any], game: str) -> int:
    """The number of agents where a set or the parameters give it."""
    from eqsolve.game.structure import COUNT
    from eqsolve.numbers import exact

    found = exact(COUNT, parameters[COUNT], game=game)
    if found.denominator != 1:
        raise InputError("the number of agents must be whole.", game=game, stage="input")
    return int(found)


def _model(
    game: str,
    exported: Any,
    parameters: dict[str, Any],
    paths: int,
    seed: int,
    step: float | None,
    confidence: float,
    at: str | None,
    as_json: bool,
    how: Mapping[str, str | None],
) -> None:
    """Simulate a declared game under its equilibrium strategy."""
    from eqsolve.game.structure import build, counted
    from eqsolve.verify.sampling import simulated

    number, continuum = chosen_size(how["size"], game)
    values = of_model(exported, parameters, how["case"], how["horizon"], how["notion"], at)
    model = build(exported, values, notion=how["notion"], size=number, continuum=continuum)
    found = simulated(
        model,
        counted(model, values, number),
        state(at),
        paths=paths,
        seed=seed,
        step=step,
        confidence=confidence,
    ).to_dict()
    _told(game, found, as_json)


def _under_hazard(
    game: str,
    parameters: dict[str, Any],
    hazard: str,
    at: str | None,
    as_json: bool,
    how: Mapping[str, str | None],
    **rest: Any,
) -> None:
    """Simulate under a hazard rate that moves in time."""
    from eqsolve.cli.solve import beside_hazard
    from eqsolve.registry import content, resolve
    from eqsolve.source import Source
    from eqsolve.verbs import simulate as run

    source = Source.of(content(game), partial(resolve, game))
    values = beside_hazard(source, game, parameters, at, **how)
    number, _ = chosen_size(how["size"], game)
    told: dict[str, Any] = {"hazard": hazard, "horizon": how["horizon"], "notion": how["notion"]}
    found = run(game, values, at=state(at), size=number, **told, **rest)
    _told(game, found.to_dict(), as_json)


def _told(game: str, found: dict[str, Any], as_json: bool) -> None:
    """Print a simulation of a declared game."""
    if as_json:
        emit(found)
    else:
        _show_moments(game, found)
    told = [row["inside"] for row in found["moments"].values() if "exact" in row]
    if told and all(inside is False for inside in told):
        raise _uncovered(game)


def _uncovered(game: str) -> EqsolveError:
    """What is said where a simulation and all exact values differ."""
    return EqsolveError(
        "no interval covers its exact value.",
        game=game,
        stage="simulation",
        remedy="Take more paths, or shorter steps.",
    )


def _show_moments(game: str, found: Mapping[str, Any]) -> None:
    rows = found["moments"]
    click.echo(
        f"{game}, {found['paths']} paths, seed {found['seed']}, "
        f"steps of at most {found['step']:.6g}"
    )
    _table(rows, max(16, *(len(name) + 1 for name in rows)), "bias")
    click.echo(
        "An interval is wider than its standard error asks by the bias that steps may leave."
    )
    click.echo(
        f"Each interval covers its value with probability {found['confidence']:g} if there are "
        "enough paths for normal estimates; a few hundred are not enough."
    )
    if any(row["heavy_tail"] for row in rows.values()):
        click.echo("Where a single path makes most of the variance there is no interval.")


def _table(rows: Mapping[str, Mapping[str, Any]], width: int, *more: str) -> None:
    """Estimates, their errors, ``more`` of them, their intervals and the exact values."""
    head = ("estimate", "standard error", *more, "low", "high", "exact")
    click.echo(" " * width + "".join(f"{title:>17}" for title in head))
    for name, band in rows.items():
        cells = (band.get(column.replace(" ", "_")) for column in head)
        numbers = "".join(f"{'none' if v is None else format(v, '.9g'):>17}" for v in cells)
        click.echo(f"{name:<{width}}{numbers}{'  outside' if band.get('inside') is False else ''}")


def _show(result: dict[str, Any]) -> None:
    rule = ", ".join(f"{name}: {value:.15g}" for name, value in result["feedback"].items())
    click.echo(
        f"{result['game']}, {result['agents']} agents, {result['paths']} paths, "
        f"seed {result['seed']}, steps of at most {result['step']:.6g}"
    )
    click.echo(f"feedback  {rule}")
    _table(result["moments"], 9)
    if result["finite_fourth_moments"]:
        click.echo(
            f"The intervals cover all three with probability {result['confidence']:g} if there are "
            "enough paths for normal estimates; a few hundred are not enough."
        )
    else:
        click.echo(
            "Fourth moments at the horizon are infinite: estimates converge slowly, and none of "
            "their intervals could be trusted."
        )
