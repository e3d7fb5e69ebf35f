"""New files to begin with."""

from __future__ import annotations

from pathlib import Path

import click

from eqsolve.cli.common import cli, say


@cli.group()
def new() -> None:
    """Write a file to begin with.

    Example: eqsolve new game two-firms
    """


@new.command()
@click.argument("name")
def game(name: str) -> None:
    """Write a commented file of a game called NAME into this folder; it runs as it is.

    Example: eqsolve new game two-firms
    """
    from eqsolve.new_game import write_game

    path = write_game(name, Path())
    say(f"{path} is written. It runs: eqsolve derive ./{path}")
