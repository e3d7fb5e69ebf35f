"""A population of agents, simulated."""

from __future__ import annotations

from typing import Any

import click

from eqsolve.cli.common import (
    JSON,
    PARAMETER_FILE,
    PARAMETERS,
    assignments,
    by_path,
    cli,
    emit,
    given,
    state,
)
from eqsolve.errors import EqsolveError


@cli.command()
@click.argument("game", callback=by_path)
@PARAMETERS
@PARAMETER_FILE
@click.option("--agents", required=True, type=int, help="Number of agents.")
@click.option("--paths", required=True, type=int, help="Number of independent paths.")
@click.option("--seed", required=True, type=int, help="Seed of the random numbers.")
@click.option("--equilibrium", default="given-aggregate", metavar="given-aggregate|closed-loop")
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
    agents: int,
    paths: int,
    seed: int,
    equilibrium: str,
    feedback: str | None,
    at: str | None,
    step: float | None,
    confidence: float,
    threads: int | None,
    as_json: bool,
) -> None:
    """Simulate agents who all use one feedback, and compare moments with their exact values.

    EXAMPLE

    The game mean-field gives the limit's feedback to finitely many agents.
    """
    from eqsolve.numerics.equilibria.dispatch import check_keywords
    from eqsolve.numerics.simulation.simulate import simulate as run

    parameters = given(pairs, file, game=game)
    check_keywords(game, parameters)
    found = run(
        game,
        agents=agents,
        paths=paths,
        seed=seed,
        equilibrium=equilibrium,
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
