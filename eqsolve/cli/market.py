"""From a market's data to an equilibrium."""

from __future__ import annotations

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
    remaining,
    say,
    structure,
)
from eqsolve.errors import InputError


@cli.command()
@click.argument("data")
@click.option("--game", required=True, metavar="GAME", callback=by_path, help="The game.")
@click.option(
    "--estimate",
    "estimated",
    multiple=True,
    metavar="NAME=QUANTITY",
    help="A parameter that the data give: drift, excess, volatility, idiosyncratic, common or "
    "assets (their number). Repeatable.",
)
@PARAMETERS
@PARAMETER_FILE
@structure
@click.option(
    "--kind", metavar="prices|returns|log-returns", help="What the columns hold (default: seen)."
)
@click.option("--date", metavar="COLUMN", help="The column of dates.")
@click.option("--periods", type=float, metavar="N", help="Periods of a year (default: by dates).")
@click.option("--rate", type=float, default=0.0, metavar="R", help="Interest rate, for excess.")
@click.option(
    "--regimes", default="auto", metavar="N|auto", help="Regimes (default: by Bayes' criterion)."
)
@click.option(
    "--position", metavar="NAME", help="The result that a unit of wealth holds: choose weights."
)
@click.option(
    "--penalty",
    type=float,
    default=1.0,
    show_default=True,
    metavar="P",
    help="Of the squared distance of weights to the equilibrium; may be inf.",
)
@click.option(
    "--aversion", type=float, default=2.0, show_default=True, metavar="A", help="To risk."
)
@click.option(
    "--measure",
    type=click.Choice(("variance", "tail")),
    default="variance",
    show_default=True,
    help="The risk: half the variance, or the mean loss of the worst twentieth of periods.",
)
@click.option(
    "--box",
    type=(float, float),
    default=(-1.0, 1.0),
    show_default=True,
    metavar="LOW HIGH",
    help="Bounds of every weight; 0 1 is long only.",
)
@click.option(
    "--budget", type=float, metavar="B", help="Sum of weights (default: the rest earns the rate)."
)
@click.option("--leverage", type=float, metavar="L", help="Largest sum of absolute weights.")
@click.option("--draws", type=int, default=1000, show_default=True, help="Draws of the estimates.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of all draws.")
@click.option("--out", metavar="FILE.html", help="Write one page of HTML, too.")
@JSON
def market(
    data: str,
    game: str,
    estimated: tuple[str, ...],
    pairs: tuple[str, ...],
    file: str | None,
    notion: str | None,
    size: str | None,
    horizon: str | None,
    case: str | None,
    kind: str | None,
    date: str | None,
    periods: float | None,
    rate: float,
    regimes: str,
    position: str | None,
    penalty: float,
    aversion: float,
    measure: str,
    box: tuple[float, float],
    budget: float | None,
    leverage: float | None,
    draws: int,
    seed: int,
    out: str | None,
    as_json: bool,
) -> None:
    """Estimate a game's parameters from prices or returns, and show its equilibrium there.

    EXAMPLE

    DATA is a table of dates and one column per asset: .csv, .parquet, .arrow or .feather. Every
    regime of the market has its estimates, with errors, and its equilibrium, with the spread that
    these errors give it.
    """
    from eqsolve.verbs import declared, require
    from eqsolve.verbs import market as run

    require(game, "sweep")
    quantities = assignments(estimated, "--estimate")
    values: dict[str, Any] = given(pairs, file, game=game)
    if twice := sorted(set(values) & set(quantities)):
        raise InputError(
            f"{', '.join(twice)} is given and estimated.",
            game=game,
            stage="market",
            remedy="Leave one out.",
        )
    exported = declared(game)
    if exported is None:
        how = {"case": case, "horizon": horizon, "size": size}
        values, number = of_family(game, values, how), None
    else:
        values = of_model(exported, values, case, horizon, notion)
        number, _ = chosen_size(size, game)
    found = run(
        data,
        game,
        remaining(values, without=quantities),
        estimated=quantities,
        kind=kind,
        date=date,
        periods=periods,
        rate=rate,
        count=_count(regimes),
        draws=draws,
        seed=seed,
        notion=notion,
        size=number,
        position=position,
        penalty=penalty,
        aversion=aversion,
        measure=measure,
        box=box,
        budget=budget,
        leverage=leverage,
        out=out,
    )
    if as_json:
        emit(found.to_dict())
    else:
        say(str(found))
    if out is not None:
        say(f"the page is {out}", err=True)


def _count(text: str) -> int | None:
    if text == "auto":
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 4):
        raise InputError(
            f"--regimes takes a number or auto, not {text!r}.", stage="market", remedy="Write 2."
        )
    return int(text)
