"""A page with sliders."""

from __future__ import annotations

import click

from eqsolve.cli.common import (
    PARAMETER_FILE,
    PARAMETERS,
    by_path,
    chosen_size,
    cli,
    given,
    known_games,
    of_family,
    of_model,
    say,
    structure,
)


@cli.command()
@click.argument("game", callback=by_path, shell_complete=known_games)
@click.option("--out", required=True, metavar="FILE.html", help="The page, one file.")
@PARAMETERS
@PARAMETER_FILE
@structure
@click.option("--points", type=click.IntRange(0), help="Of every certified curve (default: 25).")
def explore(
    game: str,
    out: str,
    pairs: tuple[str, ...],
    file: str | None,
    points: int | None,
    **how: str | None,
) -> None:
    """Write a page on which parameters can be moved, and the game is solved again at once.

    Example: eqsolve explore ./my_game.py --out page.html

    It starts at the parameters that are given, or at the game's first named set. The page fetches
    nothing; what it computes is beside curves that were certified when it was made.
    """
    from eqsolve.verbs import declared, require
    from eqsolve.verbs import explore as write

    require(game, "explore")
    exported = declared(game)
    values = given(pairs, file, game=game)
    size, continuum = None, False
    if exported is None:
        values = of_family(game, values, how)
    else:
        values = of_model(exported, values, how["case"], how["horizon"], how["notion"])
        size, continuum = chosen_size(how["size"], game)
    path = write(
        game, out, values, notion=how["notion"], size=size, continuum=continuum, points=points
    )
    say(f"the page is {path}", err=True)
