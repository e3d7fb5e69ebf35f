"""The games: what there is, and how each is derived."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from eqsolve.cli.common import JSON, by_path, chosen_size, cli, emit, of_model, say, structure
from eqsolve.errors import InputError

if TYPE_CHECKING:
    from eqsolve.errors import BrokenGameError
    from eqsolve.registry import Found


@cli.command("list")
@click.argument("games", metavar="[GAMES]...", nargs=-1)
@JSON
def list_games(games: tuple[str, ...], as_json: bool) -> None:
    """List the games, their parameters, domains and sources.

    All that are installed, or those that are named, by name or by the path of a file.

    Example: eqsolve list --json

    Also:    eqsolve list ./my_game.py
    """
    from eqsolve.errors import BrokenGameError
    from eqsolve.registry import games as listed

    found = listed(*games)
    rows = [_broken(g) if isinstance(g, BrokenGameError) else _row(g) for g in found]
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
        for verb, able in row["verbs"].items():
            if able is not True:
                click.echo(f"{'':<{width}}no {verb}: {able}")
        for option, reason in row["options"].items():
            click.echo(f"{'':<{width}}no {option}: {reason}")


def _row(found: Found) -> dict[str, Any]:
    """A game as it is listed."""
    from eqsolve.model import Model
    from eqsolve.verbs import capabilities, refused_options

    model = found.model

    if isinstance(model, Model):
        from eqsolve.symbols import entry

        letters = {p: entry(p) for p in model.parameters}
        parameters = {
            p: {"meaning": e.meaning, "domain": str(e.domain), "unit": e.unit}
            for p, e in letters.items()
        }
    else:
        parameters = {
            p.name: {"meaning": p.meaning, "domain": str(p.domain), "unit": p.unit}
            for p in model.vocabulary.parameters
        }
    return {
        "name": model.name,
        "title": model.title,
        "source": model.source,
        "parameters": parameters,
        "sets": list(model.cases),
        "verbs": capabilities(found),
        "options": refused_options(found),
    }


def _broken(error: BrokenGameError) -> dict[str, Any]:
    """A game that cannot be used, with the reason."""
    where = error.path if error.line is None else f"{error.path}, line {error.line}"
    return {
        "name": error.game,
        "error": f"{error.reason} ({where})",
        "path": error.path,
        "line": error.line,
    }


@cli.command()
@click.argument("game", callback=by_path)
@click.option("--step", metavar="LABEL", help="Only this step.")
@click.option("--format", "style", type=click.Choice(["text", "latex", "json"]), default="text")
@structure
def derive(game: str, step: str | None, style: str, **how: str | None) -> None:
    """Derive a game's closed form and print it step by step.

    EXAMPLE
    """
    from eqsolve.latex.printer import latex
    from eqsolve.notions import against_given
    from eqsolve.registry import derive as derive_game
    from eqsolve.verbs import declared

    exported = declared(game)
    if exported is not None:
        say(written(exported, step, style, how))
        return
    against_given(game, "derive", how.pop("notion"))
    if any(how.values()):
        raise InputError(
            "the equations of this game are the same for all parameters and numbers of agents.",
            game=game,
            stage="derive",
            remedy="Leave out --set, --size and --horizon.",
        )
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


def written(exported: Any, step: str | None, style: Any, how: Mapping[str, str | None]) -> str:
    """The derivation of a declared game, of the structure asked for."""
    from eqsolve.derivation.derivation import derive as derive_model
    from eqsolve.game.structure import build
    from eqsolve.writing import write

    number, continuum = chosen_size(how["size"])
    values = of_model(exported, {}, how["case"], how["horizon"], how["notion"])
    model = build(exported, values, notion=how["notion"], size=number, continuum=continuum)
    return write(derive_model(model), style, step)
