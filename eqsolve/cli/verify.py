"""The checks of the closed forms."""

from __future__ import annotations

from typing import Any

import click

from eqsolve.cli.common import JSON, cli, emit, terminal


@cli.command()
@click.argument("games", nargs=-1)
@click.option("--level", type=click.Choice(["quick", "full"]), default="quick")
@click.option("--self-test", is_flag=True, help="Plant errors and report how many are caught.")
@JSON
@click.option("--junit", metavar="FILE.xml", help="Write a JUnit report.")
@click.option("-v", "--verbose", is_flag=True, help="Show every check, not only failures.")
def verify(
    games: tuple[str, ...],
    level: str,
    self_test: bool,
    as_json: bool,
    junit: str | None,
    verbose: bool,
) -> None:
    """Check the closed forms by means that do not use them.

    Example: eqsolve verify mean-field --json

    Exit code 1 if any check fails, or if a planted error is not caught.
    """
    from eqsolve.verify.suite import run_command

    ok, result = run_command(games, level, self_test=self_test, junit=junit, progress=terminal())
    if as_json:
        emit(result)
    else:
        _show_checks(result["checks"], verbose)
        if self_test:
            click.echo(f"planted errors: {result['planted']}, caught: {result['caught']}")
        click.echo("all checks pass" if ok else "SOME CHECKS FAIL")
    if not ok:
        raise SystemExit(1)


def _show_checks(checks: list[dict[str, Any]], verbose: bool) -> None:
    """Print every failed check (all, if verbose), then how many passed by game and kind."""
    passed: dict[tuple[str, str], list[bool]] = {}
    for check in checks:
        good = check["verdict"] == "pass"
        passed.setdefault((check["game"], check["kind"]), []).append(good)
        if verbose or not good:
            # numbers may be absent (not finite) in a failed check
            click.echo(
                f"{check['verdict']:<5}{check['game']}, {check['kind']}: {check['name']}: "
                f"error {check['error']}, allowed {check['allowed']}"
                + (f" ({check['note']})" if check["note"] and not good else "")
            )
    for (game, kind), verdicts in passed.items():
        click.echo(f"{game:<15}{kind:<13}{sum(verdicts)} of {len(verdicts)} checks pass")
