"""The equations as LaTeX, and the check of an author's file."""

from __future__ import annotations

import click

from eqsolve.cli.common import JSON, cli, emit, say
from eqsolve.errors import InputError


@cli.command("latex")
@click.option("--out", metavar="DIR", help="Where to write.")
@click.option("--fail-if-stale", is_flag=True, help="Write nothing; exit 1 if a file differs.")
@click.option("--check", "author", metavar="FILE.tex", help="Compare a file with the derivation.")
@click.option("--symbols", metavar="MAP.toml", help="The notation of that file.")
@JSON
def latex_command(
    out: str | None, fail_if_stale: bool, author: str | None, symbols: str | None, as_json: bool
) -> None:
    """Write the numbered equations as LaTeX, or check an author's file against them.

    \b
    Example: eqsolve latex --out build/latex
             eqsolve latex --check paper.tex --symbols notation.toml --json

    With --check every numbered or labelled formula is equal, equal up to a stated factor,
    different, or not checked with the reason; exit code 1 if anything differs.
    """
    if (out is None) == (author is None) or (fail_if_stale and out is None):
        raise InputError(
            "give either --out or --check.",
            stage="latex",
            remedy="--fail-if-stale belongs to --out, --symbols and --json to --check.",
        )
    if author is not None:
        _check_latex(author, symbols, as_json)
        return
    if symbols is not None or as_json:
        raise InputError("--symbols and --json belong to --check.", stage="latex")
    from eqsolve.latex.document import check_stale, write
    from eqsolve.output import named
    from eqsolve.registry import models

    folder = named(str(out))
    if fail_if_stale:
        check_stale(folder, models())
        say(f"{out} is up to date", err=True)
        return
    say(f"wrote {len(write(folder, models()))} files to {out}", err=True)


def _check_latex(file: str, symbols: str | None, as_json: bool) -> None:
    from eqsolve.latex.check import Ledger, check
    from eqsolve.latex.symbol_map import SymbolMap, read_symbols
    from eqsolve.registry import models

    notation = SymbolMap() if symbols is None else read_symbols(symbols)
    report = check(file, Ledger(models()), notation)
    if as_json:
        emit(report.to_dict())
    else:
        say(str(report))
    if not report.ok:
        raise SystemExit(1)
