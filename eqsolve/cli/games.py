"""The games: what there is, and how each is derived."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from eqsolve.cli.common import JSON, chosen_size, cli, emit, known_games, say, structure
from eqsolve.schemas import SCHEMA

if TYPE_CHECKING:
    from eqsolve.errors import BrokenGameError


@cli.command("list")
@click.argument("games", metavar="[GAMES]...", nargs=-1, shell_complete=known_games)
@JSON
def list_games(games: tuple[str, ...], as_json: bool) -> None:
    """List the games, their parameters, domains and sources.

    All that are installed, or those that are named, by name or by the path of a file.

    Example: eqsolve list --json

    Also:    eqsolve list ./my_game.py
    """
    from eqsolve.registry import names

    rows = [_listed(name) for name in games or names()]
    if as_json:
        emit(rows)
        return
    width = max(len(row["name"]) for row in rows) + 2
    for row in rows:
        if "error" in row:
            click.echo(f"{row['name']:<{width}}cannot be used: {row['error']}")
            continue
        about = " ".join(filter(None, (row["title"], row["source"] and f"({row['source']})")))
        click.echo(f"{row['name']:<{width}}{about}".rstrip())
        click.echo(f"{'':<{width}}parameters: {', '.join(row['parameters'])}")
        for kind in ("notions", "solutions"):
            click.echo(f"{'':<{width}}{kind}: {', '.join(row[kind])}")
        for verb, able in row["verbs"].items():
            if able is not True:
                click.echo(f"{'':<{width}}no {verb}: {able}")
        for option, reason in row["options"].items():
            click.echo(f"{'':<{width}}no {option}: {reason}")


def _listed(game: str) -> dict[str, Any]:
    """A game as it is listed, or the reason why it cannot be used."""
    from eqsolve.cli.told import row
    from eqsolve.errors import BrokenGameError

    try:
        return row(game)
    except BrokenGameError as error:
        return _broken(error)


def _broken(error: BrokenGameError) -> dict[str, Any]:
    """A game that cannot be used, with the reason."""
    where = error.path if error.line is None else f"{error.path}, line {error.line}"
    return {
        "schema": SCHEMA,
        "name": error.game,
        "error": f"{error.reason} ({where})",
        "path": error.path,
        "line": error.line,
    }


@cli.command()
@click.argument("game", shell_complete=known_games)
@click.option("--step", metavar="LABEL", help="Only this step.")
@click.option("--format", "style", type=click.Choice(["text", "latex", "json"]), default="text")
@structure
def derive(game: str, step: str | None, style: str, **how: str | None) -> None:
    """Derive a game's closed form and print it step by step.

    EXAMPLE
    """
    from eqsolve.cli.told import derivation

    number, continuum = chosen_size(how.pop("size"))
    say(derivation(game, style, step, size=number, continuum=continuum, **how))
