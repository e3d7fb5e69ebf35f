"""A population of agents, simulated."""

from __future__ import annotations

from collections.abc import Mapping
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
    of_family,
    of_model,
    state,
    structure,
)
from eqsolve.errors import EqsolveError, InputError


@cli.command()
@click.argument("game", callback=by_path)
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
    threads: int | None,
    as_json: bool,
    **how: str | None,
) -> None:
    """Simulate agents who all use one feedback, and compare moments with their exact values.

    EXAMPLE

    The game mean-field gives the limit's feedback to finitely many agents.
    """
    from eqsolve.game.structure import COUNT
    from eqsolve.numerics.equilibria.dispatch import check_keywords
    from eqsolve.numerics.simulation.simulate import simulate as run
    from eqsolve.verbs import declared, equilibrium_of, require

    parameters = given(pairs, file, game=game)
    exported = declared(game)
    require(game, "simulate")
    if exported is not None:
        if feedback or equilibrium or threads:
            raise InputError(
                "--equilibrium, --feedback and --threads are of the mean-variance family.",
                game=game,
                stage="simulate",
            )
        if agents is not None:
            if how["size"] not in (None, str(agents)):
                raise InputError("--agents and --size differ.", game=game, stage="simulate")
            how["size"] = str(agents)
        _model(game, exported, parameters, paths, seed, step, confidence, at, as_json, how)
        return
    parameters = of_family(game, parameters, how, apart="" if agents is None else COUNT)
    check_keywords(game, parameters)
    if agents is None and COUNT not in parameters:
        raise click.UsageError("Missing option '--agents'.")
    if how["notion"] is not None and equilibrium is None:
        equilibrium = equilibrium_of(how["notion"], game)
    found = run(
        game,
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
        raise EqsolveError(
            "no interval covers its exact value.",
            game=game,
            stage="simulation",
            remedy="Take more paths, or shorter steps.",
        )


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

    if not 0 < confidence < 1:
        raise InputError("the confidence lies between 0 and 1.", game=game, stage="simulate")
    number, continuum = chosen_size(how["size"], game)
    values = of_model(exported, parameters, how["case"], how["horizon"], how["notion"])
    model = build(exported, values, notion=how["notion"], size=number, continuum=continuum)
    run = simulated(
        model, counted(model, values, number), state(at), paths=paths, seed=seed, step=step
    )
    found = run.to_dict(confidence)
    if as_json:
        emit(found)
        return
    click.echo(f"{game}, {paths} paths, seed {seed}, steps of at most {found['step']:.6g}")
    head = ("estimate", "standard error", "low", "high", "exact")
    click.echo(f"{'':<16}" + "".join(f"{title:>17}" for title in head))
    for name, band in found["moments"].items():
        columns = ("estimate", "standard_error", "low", "high", "exact")
        numbers = "".join(f"{band.get(column, float('nan')):>17.9g}" for column in columns)
        click.echo(f"{name:<16}{numbers}{'' if band.get('inside', True) else '  outside'}")


def _show(result: dict[str, Any]) -> None:
    rule = ", ".join(f"{name}: {value:.15g}" for name, value in result["feedback"].items())
    click.echo(
        f"{result['game']}, {result['agents']} agents, {result['paths']} paths, "
        f"seed {result['seed']}, steps of at most {result['step']:.6g}"
    )
    click.echo(f"feedback  {rule}")
    head = ("", "estimate", "standard error", "low", "high", "exact")
    click.echo(f"{head[0]:<9}" + "".join(f"{title:>17}" for title in head[1:]))
    for name, band in result["moments"].items():
        columns = ("estimate", "standard_error", "low", "high", "exact")
        cells = (band[column] for column in columns)
        numbers = "".join(f"{'none' if v is None else format(v, '.9g'):>17}" for v in cells)
        click.echo(f"{name:<9}{numbers}{'  outside' if band['inside'] is False else ''}")
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
