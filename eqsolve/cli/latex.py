"""The equations as LaTeX, and the check of an author's file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import click

from eqsolve.cli.common import JSON, by_path, cli, emit, say, structure
from eqsolve.errors import InputError

if TYPE_CHECKING:
    from eqsolve.latex.checking.verdict import Report


def _required(ctx: click.Context, param: click.Parameter, value: str | None) -> str | int | None:
    """How much must have been checked: ``all``, ``any`` or a number."""
    if value is None or value in ("all", "any"):
        return value
    if value.isascii() and value.isdecimal() and len(value) < 7:
        return int(value)
    raise click.BadParameter(f"{value!r} is neither 'all' nor 'any' nor a number")


@cli.command("latex")
@click.option("--out", metavar="DIR", help="Where to write.")
@click.option("--fail-if-stale", is_flag=True, help="Write nothing; exit 1 if a file differs.")
@click.option("--check", "author", metavar="FILE.tex", help="Compare a file with the derivation.")
@click.argument("others", nargs=-1, metavar="[FILE.tex]...")
@click.option("--symbols", metavar="MAP.toml", help="The author's notation, to read or to write.")
@click.option(
    "--require",
    metavar="all|any|N",
    callback=_required,
    help="With --check: exit 1 unless all, any (the default) or N formulas were checked.",
)
@click.option(
    "--tags-only", is_flag=True, help="With --check: ignore the numbers that LaTeX counts."
)
@click.option("--propose", metavar="MAP.toml", help="With --check: write the map that is proposed.")
@click.option(
    "--number",
    type=click.Choice(["tag", "label", "none"]),
    default=None,
    help="With --out: number with \\tag, let LaTeX count labels, or not at all.",
)
@click.option("--no-prose", is_flag=True, help="With --out: the formulas only.")
@click.option(
    "--game",
    metavar="GAME",
    callback=by_path,
    help="With --out: the equations of one game; of a declared game, its whole derivation.",
)
@structure
@JSON
def latex_command(
    out: str | None,
    fail_if_stale: bool,
    author: str | None,
    others: tuple[str, ...],
    symbols: str | None,
    require: str | int | None,
    tags_only: bool,
    propose: str | None,
    number: Literal["tag", "label", "none"] | None,
    no_prose: bool,
    game: str | None,
    as_json: bool,
    **how: str | None,
) -> None:
    """Write the numbered equations as LaTeX, or check an author's files against them.

    \b
    Example: eqsolve latex --out build/latex
             eqsolve latex --check paper.tex --symbols notation.toml --json

    With --check every numbered or labelled formula is equal, equal up to a stated factor,
    different, or not checked with the reason; exit code 1 if anything differs, or if less was
    checked than is required. The last line has the counts.
    """
    checks = require is not None or tags_only or propose is not None or as_json or bool(others)
    writes = fail_if_stale or number is not None or no_prose or game is not None
    if (out is None) == (author is None) or (checks and author is None) or (writes and out is None):
        raise InputError(
            "give either --out or --check.",
            stage="latex",
            remedy=(
                "--fail-if-stale, --number, --no-prose and --game belong to --out; --require, "
                "--tags-only, --propose and --json to --check."
            ),
        )
    from eqsolve.verbs import declared

    if author is not None:
        wanted = "any" if require is None else require
        _check_latex((author, *others), symbols, wanted, tags_only, propose, as_json)
        return
    exported = None if game is None else declared(game)
    if game is not None and exported is not None:
        if fail_if_stale or number is not None or no_prose or symbols is not None:
            raise InputError(
                "--fail-if-stale, --number, --no-prose and --symbols are of the paper's games.",
                game=game,
                stage="latex",
            )
        _write_derivation(game, exported, str(out), how)
        return
    from eqsolve.latex.checking.symbol_map import SymbolMap, read_symbols
    from eqsolve.latex.document import Style, check_stale, write
    from eqsolve.output import named
    from eqsolve.registry import model, models

    folder = named(str(out))
    notation = SymbolMap() if symbols is None else read_symbols(symbols)
    style = Style(number or "tag", not no_prose, notation)
    shown = models() if game is None else (model(game),)
    if fail_if_stale:
        check_stale(folder, shown, style)
        say(f"{out} is up to date", err=True)
        return
    say(f"wrote {len(write(folder, shown, style))} files to {out}", err=True)


def _write_derivation(game: str, exported: Any, out: str, how: Mapping[str, str | None]) -> None:
    """Write the derivation of a declared game, of the structure asked for, as one document."""
    from eqsolve.cli.games import written
    from eqsolve.output import named, replacing

    folder = named(out)
    text = written(exported, None, "latex", how)
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / f"{game}.tex") as temporary:
        temporary.write_text(text, encoding="utf-8")
    say(f"wrote {game}.tex to {out}", err=True)


def _check_latex(
    files: tuple[str, ...],
    symbols: str | None,
    require: str | int,
    tags_only: bool,
    propose: str | None,
    as_json: bool,
) -> None:
    from eqsolve.latex.checking.check import Ledger, check
    from eqsolve.latex.checking.proposal import proposed
    from eqsolve.latex.checking.symbol_map import SymbolMap, read_symbols, write_symbols
    from eqsolve.registry import models

    notation = SymbolMap() if symbols is None else read_symbols(symbols)
    ledger = Ledger(models())
    reports = []
    for file in files:
        report = check(file, ledger, notation, counted=not tags_only)
        reports.append(proposed(file, report, ledger, notation, counted=not tags_only))
    _show(reports, as_json)
    names = {a: b for r in reports if r.proposal for a, b in r.proposal.names.items()}
    if propose is not None:
        write_symbols(propose, SymbolMap({**notation.names, **names}, notation.numbers))
        say(f"wrote {propose}", err=True)
    lacking = [f"{r.file}: {text}" for r in reports if (text := r.lacks(require))]
    for text in lacking:
        say(f"eqsolve: latex check: {text}.", err=True)
    if lacking or not all(report.ok for report in reports):
        raise SystemExit(1)


def _show(reports: list[Report], as_json: bool) -> None:
    if as_json:
        found = [report.to_dict() for report in reports]
        emit(found[0] if len(found) == 1 else {"files": found})
        return
    for report in reports:
        say(str(report))
    if len(reports) > 1:
        counts = [report.all_counts for report in reports]
        total = {name: sum(c[name] for c in counts) for name in counts[0]}
        say(", ".join(f"{count} {verdict}" for verdict, count in total.items()))
