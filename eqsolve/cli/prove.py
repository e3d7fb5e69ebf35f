"""Theorems that Coq checks."""

from __future__ import annotations

from typing import Any

import click

from eqsolve.cli.common import JSON, by_path, chosen_size, cli, emit, known_games, say
from eqsolve.errors import InputError


@cli.command()
@click.argument(
    "games", metavar="[GAMES]...", nargs=-1, callback=by_path, shell_complete=known_games
)
@click.option("--out", metavar="DIR", help="Write the theorems and their proofs into a folder.")
@click.option("--check", "checking", is_flag=True, help="Let Coq check them.")
@click.option("--record", metavar="FILE", help="Write which numbered equations Coq accepted.")
@click.option(
    "--needless",
    is_flag=True,
    help="Look for assumptions that are not needed, and leave them out (--json: the points).",
)
@click.option(
    "--within",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    help="What that may take for a game, a tenth of it for one theorem (default: 900).",
)
@click.option("--fresh", is_flag=True, help="Check also what Coq accepted before.")
@click.option(
    "--notion",
    metavar="feedback|open-loop|given|planner|all",
    help="The notion of equilibrium, where the game offers it; all for every one.",
)
@click.option("--size", metavar="N|continuum", help="Number of players of a crowd.")
@JSON
def prove(
    games: tuple[str, ...],
    out: str | None,
    checking: bool,
    record: str | None,
    needless: bool,
    within: float | None,
    fresh: bool,
    notion: str | None,
    size: str | None,
    as_json: bool,
) -> None:
    """State what was derived as theorems of Coq about real numbers, with their proofs.

    All games, or those that are named, by name or by the path of a file; in their first notion, the
    one that is asked for, or all. The number of players is a letter: theorems hold for any.

    Example: eqsolve prove ./my_game.py --check

    Exit code 1 if Coq does not accept a theorem, or if it rests on more than the axioms of Coq's
    real numbers. What is not stated as a theorem is listed with the reason.
    """
    from eqsolve.verbs import prove as run

    if out is None and not checking and not needless:
        raise InputError("say --out DIR, --check, --needless or several of them.", stage="proofs")
    if record is not None and not checking:
        raise InputError("--record needs --check.", stage="proofs")
    if within is not None and not needless:
        raise InputError("--within needs --needless.", stage="proofs")
    number, continuum = chosen_size(size)
    how: dict[str, Any] = {"notion": notion, "size": number, "continuum": continuum}
    how |= {"needless": needless, "within": within}
    written = run(*games, out=out, check=checking, fresh=fresh, **how)
    if record is not None:
        from eqsolve.prove.record import write

        write(written, record)
    if as_json:
        emit(written.to_dict())
    else:
        for line in written.lines():
            say(line)
    if not written.accepted:
        raise SystemExit(1)
