"""All solutions of a game over two coordinates."""

from __future__ import annotations

from pathlib import Path

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
    remaining,
    say,
    structure,
)


@cli.command()
@click.argument("game", callback=by_path, shell_complete=known_games)
@click.option(
    "--vary",
    multiple=True,
    metavar="NAME=START:STOP:COUNT[:log]",
    help="A coordinate: a parameter, or a name that --let uses. Two are needed.",
)
@click.option(
    "--let",
    "formulas",
    multiple=True,
    metavar="NAME=FORMULA",
    help="A parameter by coordinates and other parameters, as in beta=w*gamma.",
)
@PARAMETERS
@PARAMETER_FILE
@structure
@JSON
@click.option("--out", metavar="FILE.nc|.csv|.parquet", help="Write all solutions to a file.")
@click.option("--plot", metavar="FILE.pdf|.png|.svg", help="Draw the regions.")
def roots(
    game: str,
    vary: tuple[str, ...],
    formulas: tuple[str, ...],
    pairs: tuple[str, ...],
    file: str | None,
    as_json: bool,
    out: str | None,
    plot: str | None,
    **how: str | None,
) -> None:
    """Count a game's admissible solutions over two coordinates, and say where they merge.

    EXAMPLE

    For games whose coefficients come down to one polynomial in one unknown. The discriminant and
    its cusps are exact; the solutions at the points are found in doubles, and in balls where
    doubles do not decide.
    """
    from eqsolve.inputs import ALIASES
    from eqsolve.output import require_writable
    from eqsolve.studies.sweep.axes import parse_axis
    from eqsolve.verbs import declared
    from eqsolve.verbs import roots as run

    for target in (out, plot):
        if target is not None:
            require_writable(target)
    exported = declared(game)
    values = given(pairs, file, game=game)
    size, continuum = chosen_size(how["size"], game)
    if exported is None:
        values, size = of_family(game, values, how), None
    else:
        values = of_model(exported, values, how["case"], how["horizon"], how["notion"])
    axes = {
        ALIASES.get(name, name): parse_axis(name, text).tolist()
        for name, text in assignments(vary, "--vary").items()
    }
    told = assignments(formulas, "--let")
    found = run(
        game,
        remaining(values, without=(*axes, *told)),
        vary=axes,
        let={ALIASES.get(k, k): v for k, v in told.items()},
        notion=how["notion"],
        size=size,
        continuum=continuum,
    )
    if out is not None:
        found.write(Path(out))
    if plot is not None:
        from eqsolve.atlas_plot import plot_atlas

        plot_atlas(found, plot)
    if as_json:
        emit(found.to_dict())
        return
    say(str(found))
    for factor in found.locus.left_out:
        say(f"left out of the polynomial, as its roots are no solutions: {factor}")
    for factor, power in found.locus.factors:
        say(f"discriminant, factor of power {power}: {factor}")
    for cusp in found.locus.cusps:
        for name, equation in cusp.equations.items():
            say(f"cusp at {name} = {cusp.at[name]:.15g}, a root of {equation}")
    if not found.locus.cusps and found.locus.complete:
        say("nowhere in the rectangle three solutions merge (proved)")
