"""The figures, the whole report, that of one game, and the gallery."""

from __future__ import annotations

from typing import Any

import click

from eqsolve.cli.common import by_path, cli, known_games, say, terminal


@cli.command()
@click.option("--out", required=True, metavar="DIR")
def figures(out: str) -> None:
    """Draw the paper's figures as PDF and PNG, with the CSV behind each.

    Example: eqsolve figures --out build/figures
    """
    from eqsolve.output import named
    from eqsolve.papers import papers

    written = [file for paper in papers() for file in paper.write_figures(named(out))]
    say(f"wrote {len(written)} files to {out}", err=True)


@cli.command()
@click.option("--out", required=True, metavar="DIR")
@click.option("--level", type=click.Choice(["quick", "full"]), default="quick")
def paper(out: str, level: str) -> None:
    """Do everything: equations, figures, checks, and a report page.

    Example: eqsolve paper --out build/paper
    """
    from eqsolve.meanwhile import meanwhile
    from eqsolve.output import named
    from eqsolve.registry import models
    from eqsolve.site.report import write

    with meanwhile(_verified, level, terminal()) as verified, meanwhile(_explored) as explorable:
        report = write(named(out), models(), level=level, verified=verified, explorable=explorable)
    click.echo(report.summary, err=True)
    if not report.ok:
        raise SystemExit(1)


def _verified(level: str, progress: bool) -> tuple[bool, dict[str, Any]]:
    """The checks of the games of papers, and errors planted in them."""
    from eqsolve.registry import models
    from eqsolve.site.report import checked

    return checked(models(), level, progress=progress)


def _explored() -> dict[str, str]:
    """The pages with sliders of the games of papers, by game."""
    from eqsolve.distribution import VERSION
    from eqsolve.explore.page import SHORT
    from eqsolve.explore.start import explored
    from eqsolve.registry import models, resolve
    from eqsolve.site.values import of_columns
    from eqsolve.verbs.abilities import able

    found = [(model, resolve(model.name)) for model in models()]
    return {
        model.name: explored(each, {}, points=SHORT).render(VERSION, of_columns(model))
        for model, each in found
        if able(each, "explore") is True
    }


@cli.command()
@click.argument("game", callback=by_path, shell_complete=known_games)
@click.option("--out", required=True, metavar="DIR")
@click.option("--level", type=click.Choice(["quick", "full"]), default="quick")
def report(game: str, out: str, level: str) -> None:
    """Write a page about a game: problem, derivation, solution, numbers, figure, checks.

    Example: eqsolve report ./my_game.py --out build/page

    The page loads nothing. Exit code 1 if any check fails.
    """
    from eqsolve.verbs import report as write

    written = write(game, out, level=level, progress=terminal())
    say(written.summary, err=True)
    if not written.ok:
        raise SystemExit(1)


@cli.command()
@click.argument(
    "games", metavar="[GAMES]...", nargs=-1, callback=by_path, shell_complete=known_games
)
@click.option("--out", required=True, metavar="DIR")
def gallery(games: tuple[str, ...], out: str) -> None:
    """Write a page in Markdown for every game, with its figure.

    Problem, solution, figure, level of the proof, reference: from the games' files, all that are
    installed or those that are named. Sphinx with myst-parser shows the pages.

    Example: eqsolve gallery ./my_game.py --out build/gallery
    """
    from eqsolve.verbs import gallery as write

    entries = write(*games, out=out, progress=terminal())
    say(f"{len(entries)} game{'s' if len(entries) > 1 else ''}: {out}/index.md", err=True)
