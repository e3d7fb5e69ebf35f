"""The games: what there is, and how each is derived."""

from __future__ import annotations

import click

from eqsolve.cli.common import JSON, cli, emit
from eqsolve.errors import InputError


@cli.command("list")
@JSON
def list_games(as_json: bool) -> None:
    """List the games, their parameters, domains and sources.

    Example: eqsolve list --json
    """
    from eqsolve.registry import models
    from eqsolve.symbols import entry

    rows = []
    for game in models():
        rows.append(
            {
                "name": game.name,
                "title": game.title,
                "source": game.source,
                "parameters": {
                    p: {
                        "meaning": entry(p).meaning,
                        "domain": str(entry(p).domain),
                        "unit": entry(p).unit,
                    }
                    for p in game.parameters
                },
            }
        )
    if as_json:
        emit(rows)
        return
    for row in rows:
        click.echo(f"{row['name']:<16}{row['title']} ({row['source']})")
        click.echo(f"{'':<16}parameters: {', '.join(row['parameters'])}")


@cli.command()
@click.argument("game")
@click.option("--step", metavar="LABEL", help="Only this step.")
@click.option("--format", "style", type=click.Choice(["text", "latex", "json"]), default="text")
def derive(game: str, step: str | None, style: str) -> None:
    """Derive a game's closed form and print it step by step.

    Example: eqsolve derive n-agent --step equilibrium
    """
    from eqsolve.latex.printer import latex
    from eqsolve.registry import derive as derive_game

    steps = derive_game(game).steps
    if step is not None:
        chosen = [s for s in steps if s.label == step]
        if not chosen:
            raise InputError(
                f"there is no step {step!r}.",
                game=game,
                stage="derive",
                remedy=f"The steps are {', '.join(s.label for s in steps)}.",
            )
        steps = tuple(chosen)
    if style == "text":
        click.echo("\n\n".join(map(str, steps)))
    elif style == "latex":
        for part in steps:
            click.echo(f"% {part.label}: {part.title}")
            for left, right in part.lines:
                click.echo(f"\\[ {latex(left)} = {latex(right)} \\]")
    else:
        emit(
            [
                {
                    "label": s.label,
                    "title": s.title,
                    "equations": [{"left": str(a), "right": str(b)} for a, b in s.lines],
                    "latex": [f"{latex(a)} = {latex(b)}" for a, b in s.lines],
                }
                for s in steps
            ]
        )
