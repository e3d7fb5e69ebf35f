"""Derivatives of the outputs in the parameters."""

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
    counter,
    emit,
    given,
    known_games,
    of_family,
    of_model,
    remaining,
    state,
    structure,
)
from eqsolve.errors import InputError, NoSolutionError


@cli.command()
@click.argument("game", callback=by_path, shell_complete=known_games)
@PARAMETERS
@PARAMETER_FILE
@structure
@click.option("--at", metavar="x=1,y=1", help="The state; everybody has wealth 1 by default.")
@click.option("--of", metavar="pi,V", help="Outputs (default: all).")
@click.option("--to", metavar="theta,gamma", help="Parameters to differentiate in (default: all).")
@click.option(
    "--vary",
    multiple=True,
    metavar="NAME=START:STOP:COUNT[:log]",
    help="Signs over a region instead, and where they change along the first one; repeatable.",
)
@JSON
def sensitivity(
    game: str,
    pairs: tuple[str, ...],
    file: str | None,
    at: str | None,
    of: str | None,
    to: str | None,
    vary: tuple[str, ...],
    as_json: bool,
    **how: str | None,
) -> None:
    """Differentiate the equilibrium in its parameters, exactly.

    EXAMPLE

    Give a parameter by --vary gamma=0.5:5:50 instead of -p to see the signs over a region and the
    places where they change. Exit code 4 where derivatives do not exist, such as at a fold.
    """
    from eqsolve.verbs import declared, require, require_option

    outputs, columns = (text.split(",") if text else None for text in (of, to))
    values = given(pairs, file, game=game)
    exported = declared(game)
    require(game, "sensitivity")
    if exported is not None:
        if vary:
            region = _over(game, exported, vary, (pairs, values), how, at, outputs, columns)
            if as_json:
                emit(region)
            else:
                _show_region(region)
            return
        from eqsolve.studies.sensitivity.model import model_sensitivity

        derived = model_sensitivity(
            exported,
            of_model(exported, values, how["case"], how["horizon"], how["notion"], at),
            at=state(at),
            notion=how["notion"],
            size=chosen_size(how["size"], game)[0],
            outputs=outputs,
            parameters=columns,
        )
        _print(derived, as_json, game)
        return
    if how["notion"] is not None:
        raise InputError(
            "derivatives are those of the equilibrium against given aggregates.",
            game=game,
            stage="input",
            remedy="Leave out --notion.",
        )
    fixed = of_family(game, given((), file, game=game), how)
    values = remaining(fixed, without=given(pairs, None)) | given(pairs, None)
    if vary:
        require_option(game, "sensitivity --vary")
        from eqsolve.parameters import check_names
        from eqsolve.registry import model
        from eqsolve.studies.sensitivity.region import signs_over
        from eqsolve.studies.sweep.axes import parse_axis
        from eqsolve.symbols import entry

        texts = assignments(vary, "--vary")
        found = model(game)
        known = (*found.parameters, *(state.name for state in found.game.state_symbols))
        check_names(texts, known, game=game)
        values = remaining(fixed, without=texts) | given(pairs, None)
        axes = {
            name: parse_axis(name, text, entry(name).domain.integer) for name, text in texts.items()
        }
        region = signs_over(
            found, axes, {**values, **state(at)}, outputs=outputs, parameters=columns
        ).to_dict()
        if as_json:
            emit(region)
        else:
            _show_region(region)
        return
    from eqsolve.verbs import sensitivity as run

    answer = run(game, values, at=state(at) or None, outputs=outputs, parameters_=columns)
    _print(answer, as_json, game)


def _over(
    game: str,
    exported: Any,
    vary: tuple[str, ...],
    given_values: tuple[tuple[str, ...], Mapping[str, Any]],
    how: Mapping[str, str | None],
    at: str | None,
    outputs: list[str] | None,
    columns: list[str] | None,
) -> dict[str, Any]:
    """Signs over a region of a declared game; what is varied overrides a file and a named set."""
    from eqsolve.studies.signs import model_signs
    from eqsolve.studies.sweep.axes import parse_axis

    texts = assignments(vary, "--vary")
    axes = {name: parse_axis(name, text) for name, text in texts.items()}
    pairs, values = given_values
    fixed = of_model(exported, values, how["case"], how["horizon"], how["notion"], at)
    with counter("signs") as tell:
        return model_signs(
            exported,
            axes,
            remaining(fixed, without=set(texts) - set(given(pairs, None))),
            at=state(at),
            notion=how["notion"],
            size=chosen_size(how["size"], game)[0],
            outputs=outputs,
            parameters=columns,
            tell=tell,
        ).to_dict()


def _print(found: Any, as_json: bool, game: str) -> None:
    """Print derivatives, or say why there are none."""
    if as_json:
        emit(found.to_dict())
    elif found.ok:
        for title, table in (("derivative", found.derivatives), ("elasticity", found.elasticities)):
            _show(title, table)
    if not found.ok:
        raise NoSolutionError(found.message, game=game, stage=found.status)


def _show(title: str, table: Mapping[str, Mapping[str, float | None]]) -> None:
    columns = list(table)
    click.echo(f"{title:<12}" + "".join(f"{name:>18}" for name in columns))
    for name in table[columns[0]]:
        row = (table[column][name] for column in columns)
        cells = (f"{'undefined':>18}" if v is None else f"{v:>18.9g}" for v in row)
        click.echo(f"{name:<12}" + "".join(cells))


def _show_region(region: Mapping[str, Any]) -> None:
    total = ", ".join(f"{count} {label}" for label, count in region["statuses"].items())
    click.echo(f"points: {total}")
    signs = region["signs"]
    click.echo(f"{'sign':<12}" + "".join(f"{name:>18}" for name in signs))
    for name in next(iter(signs.values())):
        cells = (f"{signs[output][name]['verdict']:>18}" for output in signs)
        click.echo(f"{name:<12}" + "".join(cells))
    for change in region["locus"]:
        place = ", ".join(f"{name} = {value:.15g}" for name, value in change["at"].items())
        click.echo(f"d {change['output']} / d {change['parameter']}: {change['kind']} at {place}")
