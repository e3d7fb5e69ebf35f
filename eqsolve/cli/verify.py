"""The checks of the closed forms."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from eqsolve.cli.common import (
    JSON,
    cli,
    emit,
    known_games,
    refused_is_failed,
    shown_by_ci,
    terminal,
    wanted_by_ci,
)
from eqsolve.errors import InputError

if TYPE_CHECKING:
    from eqsolve.verify.report import Report


@cli.command()
@click.argument("games", nargs=-1, shell_complete=known_games)
@click.option("--level", type=click.Choice(["quick", "full"]), default="quick")
@click.option("--self-test", is_flag=True, help="Plant errors and report how many are caught.")
@click.option("--hazard", metavar="SPEC", help="Check under a hazard rate that depends on time.")
@click.option("--horizon", metavar="T", help="With --hazard: an end, min(tau, T).")
@JSON
@shown_by_ci
@click.option(
    "--table",
    metavar="FILE",
    help="Only let the grid judge its parameter sets; write errors and thresholds (.md or .json).",
)
@click.option("-v", "--verbose", is_flag=True, help="Show every check, not only failures.")
def verify(
    games: tuple[str, ...],
    level: str,
    self_test: bool,
    hazard: str | None,
    horizon: str | None,
    as_json: bool,
    table: str | None,
    verbose: bool,
    **shown: Any,
) -> None:
    """Check the closed forms by means that do not use them.

    EXAMPLE

    Exit code 1 if any check fails, or if a planted error is not caught. A check that the method
    cannot make, such as the grid's where short waves grow, is "not verified": neither passed nor
    failed, and counted. Under --hazard the exit code is 1, too, where deviations or the simulation
    could not be judged, or where there is no equilibrium.
    """
    from eqsolve.registry import adopt, is_path
    from eqsolve.verbs import every
    from eqsolve.verify.suite import run_command

    if hazard is None and horizon is not None:
        raise InputError("--horizon goes with --hazard.", stage="verify")
    if hazard is not None:
        for option, chosen in {
            "--self-test": self_test,
            "--table": table is not None,
            "no name of a game": not games,
        }.items():
            if chosen:
                raise InputError(f"{option} does not go with --hazard.", stage="verify")
    wanted = wanted_by_ci(shown, as_json)
    named: list[str] = []
    for game in games:
        with refused_is_failed(wanted, "equilibria", {"": game} if is_path(game) else {}):
            named.append(adopt(game))
    with refused_is_failed(wanted, "equilibria", {}):
        found = tuple(every(named))
    files = {game.name: os.path.relpath(str(game.path)) for game in found if game.origin == "path"}
    lines: list[str] = []

    def told(report: Report) -> None:
        lines.extend(wanted.give("equilibria", list(report.cases(files))))

    with refused_is_failed(wanted, "equilibria", files):
        ok, result = run_command(
            found,
            level,
            self_test=self_test,
            told=told,
            table=table,
            progress=terminal(),
            hazard=hazard,
            horizon=horizon,
        )
    if as_json:
        emit(result)
    else:
        _show_checks(result["checks"], verbose)
        if self_test:
            click.echo(f"planted errors: {result['planted']}, caught: {result['caught']}")
        click.echo(_verdict(ok, result))
        for line in lines:
            click.echo(line)
    if not ok:
        raise SystemExit(1)


def _verdict(ok: bool, result: dict[str, Any]) -> str:
    """The last line: whether all pass, some fail, or too much could not be made."""
    refused = result.get("not_verified", 0)
    if ok:
        return "all checks pass" + (f" ({refused} could not be made)" if refused else "")
    only_open = refused and result.get("planted", 0) == result.get("caught", 0)
    if only_open and all(check["verdict"] != "fail" for check in result["checks"]):
        return f"NOT VERIFIED: no check fails, but {refused} could not be made"
    return "SOME CHECKS FAIL"


def _show_checks(checks: list[dict[str, Any]], verbose: bool) -> None:
    """Print what failed or was not verified (all, if verbose), then counts by game and kind."""
    verdicts: dict[tuple[str, str], list[str]] = {}
    for check in checks:
        good = check["verdict"] == "pass"
        verdicts.setdefault((check["game"], check["kind"]), []).append(check["verdict"])
        if verbose or not good:
            what = f"{check['verdict']:<4} {check['game']}, {check['kind']}: {check['name']}"
            # numbers may be absent (not finite) in a failed check
            numbers = f": error {check['error']}, allowed {check['allowed']}"
            note = f" ({check['note']})" if check["note"] and not good else ""
            click.echo(what + (note if check["verdict"] == "not verified" else numbers + note))
    width = max((len(game) for game, _ in verdicts), default=0) + 1
    for (game, kind), found in verdicts.items():
        refused = found.count("not verified")
        note = f", {refused} not verified" if refused else ""
        made = len(found) - refused
        click.echo(
            f"{game:<{max(width, 15)}}{kind:<13}{found.count('pass')} of {made} checks pass{note}"
        )
