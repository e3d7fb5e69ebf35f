"""The numbered equations and the claims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from eqsolve.cli.common import JSON, cli, emit, terminal


@cli.command()
@JSON
def ledger(as_json: bool) -> None:
    """List the numbered equations with kind and proof level.

    Example: eqsolve ledger --json
    """
    from eqsolve.latex.document import ledger_rows
    from eqsolve.registry import models

    rows = ledger_rows(models())
    if as_json:
        emit(rows)
        return
    for row in rows:
        click.echo(
            f"({row['number']})".ljust(16)
            + f"{row['proof']:<15}{row['kind']:<12}{row['game']:<15}{row['title']}"
        )


@cli.command()
@JSON
def claims(as_json: bool) -> None:
    """Judge the claims of the paper, with evidence and counterexamples.

    Example: eqsolve claims --json

    The counterexamples are commands to be pasted into a shell.
    """
    from eqsolve.claims import judge

    rows = [claim.to_dict() for claim in judge(progress=terminal())]
    if as_json:
        emit(rows)
        return
    for row in rows:
        click.echo(f"{row['id']}: {row['verdict'].upper()} ({row['source']})")
        click.echo(f"  {row['statement']}")
        if row["condition"]:
            click.echo(f"  Condition: {row['condition']}")
        click.echo(f"  Evidence: {row['evidence']}")
        for line in _theorems(row["theorems"]):
            click.echo(f"  {line}")
        for line in (row["counterexample"] or "").splitlines():
            click.echo(f"  $ {line}")
        click.echo()


def _theorems(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The theorems of a claim: those that Coq accepted, and those that it was not asked about."""
    if not rows:
        yield "Not proved formally."
    for formal, word in ((True, "Formal, accepted by Coq"), (False, "Not proved formally yet")):
        files: dict[tuple[str, str], list[str]] = {}
        for row in rows:
            if row["formal"] is formal:
                files.setdefault((row["file"], row["game"]), []).append(row["theorem"])
        for (file, game), names in files.items():
            ask = "" if formal else f" (eqsolve prove {game} --check)"
            yield f"{word}{ask}: {file}.v: {', '.join(names)}"
