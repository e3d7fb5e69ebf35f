"""What is installed, and the forms of what commands print."""

from __future__ import annotations

from dataclasses import asdict

import click

from eqsolve.cli.common import JSON, cli, emit


@cli.command()
@JSON
def doctor(as_json: bool) -> None:
    """Report the installed parts, and what those that are missing would enable.

    Example: eqsolve doctor

    Exit code 3 if a part is missing that must be there.
    """
    from eqsolve.doctor import parts
    from eqsolve.schemas import SCHEMA

    found = parts()
    ok = all(part.found or not part.required for part in found)
    if as_json:
        emit({"schema": SCHEMA, "ok": ok, "parts": [asdict(part) for part in found]})
    else:
        for part in found:
            click.echo(str(part))
    if not ok:
        raise SystemExit(3)


@cli.command()
@click.argument("name", required=False)
def schema(name: str | None) -> None:
    """Print the JSON Schema of what a command prints with --json; without a name, list them.

    Example: eqsolve schema solve
    """
    from eqsolve.schemas import forms
    from eqsolve.schemas import schema as of

    if name is None:
        for form, what in forms().items():
            click.echo(f"{form:<14}{what}")
        return
    emit(of(name))
