"""The equations as LaTeX, and the check of an author's file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import click

from eqsolve.cli.common import (
    JSON,
    PARAMETER_FILE,
    PARAMETERS,
    by_path,
    chosen_size,
    cli,
    emit,
    given,
    known_games,
    of_family,
    of_model,
    refused_is_failed,
    say,
    shown_by_ci,
    structure,
    wanted_by_ci,
)
from eqsolve.errors import InputError
from eqsolve.notions import equilibrium_for, is_closed_loop
from eqsolve.schemas import SCHEMA

if TYPE_CHECKING:
    from eqsolve.ci import Wanted
    from eqsolve.latex.checking.check import Displays
    from eqsolve.latex.checking.verdict import Report
    from eqsolve.latex.document import Style
    from eqsolve.solve.answer import Answer
    from eqsolve.writing.writer import Writing


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
@click.argument("others", nargs=-1, metavar="[GAME | FILE.tex...]", shell_complete=known_games)
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
    help="One game only; of a declared game, its whole derivation.",
)
@click.option("--hazard", metavar="SPEC", help="With --out: under a rate that depends on time.")
@PARAMETERS
@PARAMETER_FILE
@structure
@shown_by_ci
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
    hazard: str | None,
    pairs: tuple[str, ...],
    file: str | None,
    as_json: bool,
    junit: str | None,
    badge: str | None,
    annotate: bool,
    **how: str | None,
) -> None:
    """Write the numbered equations as LaTeX, or check an author's files against them.

    \b
    Example: eqsolve latex --out build/latex
             eqsolve latex ./my_game.py --out build/latex
             eqsolve latex --check paper.tex --symbols notation.toml --json

    With a name or a file one game (GAME or --game), a declared one with its whole derivation: a
    file for each display, tables of parameters and results, a file of macros with their values if
    they are given (--set, -p), and an index. Under --hazard, as solve takes it, the equations with
    the rate as a function of time, up to --horizon T or for every T; values are those at time 0.

    With --check every formula with a number or a label is equal, equal up to a stated factor,
    different, or not checked with the reason; exit code 1 if anything differs, or if less was
    checked than is required. The last line has the counts. With --game a declared game is compared
    with its derivation, by the labels of --out, by numbers such as system-1 in the map, or where
    the left sides are the same.
    """
    if author is None and game is None and len(others) == 1 and not others[0].endswith(".tex"):
        from eqsolve.registry import adopt

        game, others = adopt(others[0]), ()
    checks = require is not None or tags_only or propose is not None or as_json or bool(others)
    checks = checks or junit is not None or badge is not None or annotate
    writes = fail_if_stale or number is not None or no_prose or bool(pairs) or file is not None
    writes = writes or any(how[name] is not None for name in ("case", "horizon"))
    writes = (
        writes or hazard is not None or (game is None and any(v is not None for v in how.values()))
    )
    if (out is None) == (author is None) or (checks and author is None) or (writes and out is None):
        raise InputError(
            "give either --out or --check.",
            stage="latex",
            remedy=(
                "--fail-if-stale, --number, --no-prose, --hazard and values belong to --out; "
                "--require, --tags-only, --propose, --json, --junit, --badge and --annotate to "
                "--check."
            ),
        )
    if author is not None:
        wanted = "any" if require is None else require
        ledger = partial(displays, game, how["notion"], how["size"])
        ci = wanted_by_ci({"junit": junit, "badge": badge, "annotate": annotate}, as_json)
        _check_latex((author, *others), ledger, symbols, wanted, tags_only, propose, as_json, ci)
        return
    from eqsolve.latex.checking.symbol_map import SymbolMap, read_symbols
    from eqsolve.latex.document import Style
    from eqsolve.latex.folder import check_files, write_files
    from eqsolve.output import named

    if game is None and (hazard or any(how.values()) or pairs or file is not None):
        words = "a hazard rate belongs" if hazard else "values and structure belong"
        raise InputError(f"{words} to one game.", stage="latex", remedy="Name it with --game.")
    notation = SymbolMap() if symbols is None else read_symbols(symbols)
    style = Style(number, not no_prose, notation)
    values = {} if game is None else given(pairs, file, game=game)
    if game is not None and hazard is not None:
        texts, pattern = _under_hazard(game, hazard, style, values, how)
    else:
        texts, pattern = _texts(game, style, values, how)
    if fail_if_stale:
        check_files(named(str(out)), texts, pattern)
        say(f"{out} is up to date", err=True)
        return
    say(f"wrote {len(write_files(named(str(out)), texts))} files to {out}", err=True)


def _texts(
    game: str | None, style: Style, values: dict[str, Any], how: Mapping[str, str | None]
) -> tuple[dict[str, str], str]:
    """The files of one game, or of all that have numbered equations, and what their names match."""
    from eqsolve.latex.document import files
    from eqsolve.registry import model, models
    from eqsolve.verbs import declared, require

    exported = None if game is None else declared(game)
    if game is not None and exported is not None:
        return _derivation(game, exported, style, values, how)
    if game is not None:
        if is_closed_loop(how["notion"], game):
            return _closed_loop(game, style, values, how)
        require(game, "latex")
        equilibrium_for(how["notion"], None, game)
    texts = files(models() if game is None else (model(game),), style)
    if game is not None and (values or how["case"] is not None):
        texts |= _family_values(game, values, how)
    return texts, "eq-*.tex"


def _family_values(
    game: str, values: dict[str, Any], how: Mapping[str, str | None]
) -> dict[str, str]:
    """Macros and tables of an answer of the mean-variance family."""
    from eqsolve.handle import Handle
    from eqsolve.latex.document import parameters
    from eqsolve.latex.values import numbered
    from eqsolve.words.dispatch import solve

    answer = solve(Handle(game), **of_family(game, values, how))
    answer.raise_for_status()
    return numbered(parameters(answer.to_dict()["params"]), answer.results(), game)


def _derivation(
    game: str,
    exported: Any,
    style: Style,
    values: dict[str, Any],
    how: Mapping[str, str | None],
) -> tuple[dict[str, str], str]:
    """The derivation of a declared game, of the structure asked for; its answer if values are."""
    from eqsolve.derivation.derivation import derive
    from eqsolve.game.structure import build
    from eqsolve.solve.solve import solve
    from eqsolve.writing.writer import Writing

    _in_own_letters(game, style)
    size, continuum = chosen_size(how["size"])
    found = of_model(exported, values, how["case"], how["horizon"], how["notion"])
    built = build(exported, found, notion=how["notion"], size=size, continuum=continuum)
    answer = None
    if values or how["case"] is not None:
        answer = solve(exported, found, notion=how["notion"], size=size, continuum=continuum)
    return _exported(game, Writing(derive(built)), style, answer)


def _closed_loop(
    game: str, style: Style, values: dict[str, Any], how: Mapping[str, str | None]
) -> tuple[dict[str, str], str]:
    """The derivation of the closed loop of agents who differ."""
    from eqsolve.derivation.derivation import derive
    from eqsolve.registry import model
    from eqsolve.words.players import closed_loop
    from eqsolve.writing.writer import Writing

    if values or how["case"] is not None:
        raise InputError(
            "the closed loop of agents who differ is written in letters.",
            game=game,
            stage="latex",
            remedy="Leave out -p, --params and --set; solve gives the numbers.",
        )
    _in_own_letters(game, style)
    loop = closed_loop(model(game), chosen_size(how["size"])[0], "latex")
    return _exported(game, Writing(derive(loop)), style, None)


def _under_hazard(
    game: str,
    hazard: str,
    style: Style,
    values: dict[str, Any],
    how: Mapping[str, str | None],
) -> tuple[dict[str, str], str]:
    """The derivation of a game under a hazard rate that moves in time; values at time 0."""
    from eqsolve.cli.solve import beside_hazard
    from eqsolve.game.hazard_rates import parse_hazard
    from eqsolve.game.structure import build
    from eqsolve.registry import content, resolve
    from eqsolve.solve.moving import solve_moving
    from eqsolve.source import Source
    from eqsolve.verbs import declared
    from eqsolve.writing.rate import under

    _in_own_letters(game, style)
    exported, (size, continuum) = declared(game), chosen_size(how["size"])
    if exported is None:
        exported, continuum = _restated(game, size)
    rate = parse_hazard(hazard)
    told: dict[str, Any] = {"notion": how["notion"], "size": size, "continuum": continuum}
    answer = None
    if values or how["case"] is not None:
        source = Source.of(content(game), partial(resolve, game))
        inside = beside_hazard(source, game, values, None, **how)
        answer = solve_moving(exported, hazard, inside, horizon=how["horizon"], **told)
    built = build(exported, {}, **told)
    writing = under(built, rate, ends=how["horizon"] is not None)
    return _exported(game, writing, style, answer)


def _restated(game: str, size: int | None) -> tuple[Any, bool]:
    """What a game in its author's letters is declared again as, and whether as a continuum."""
    from eqsolve.handle import Handle

    model = Handle(game).model
    if model.restated is None or model.types is not None:
        raise InputError(
            "under a hazard rate that moves agents who differ are not written.",
            game=game,
            stage="latex",
            remedy="Leave out --hazard, or write a game of agents who are alike.",
        )
    if not model.restated.continuum and size is None:
        raise InputError(
            "the number of agents is not given.", game=game, stage="latex", remedy="Give --size N."
        )
    return model.restated.source, model.restated.continuum


def _in_own_letters(game: str, style: Style) -> None:
    if style.symbols.names or style.symbols.numbers:
        raise InputError(
            "a declared game is written in its own letters.",
            game=game,
            stage="latex",
            remedy="Leave out --symbols, or change the vocabulary of the game.",
        )


def _exported(
    game: str, writing: Writing, style: Style, answer: Answer | None
) -> tuple[dict[str, str], str]:
    """The files of a derivation and of its answer, if there is one, and what their names match."""
    from eqsolve.latex.document import INDEX
    from eqsolve.latex.values import index, numbered, parameter_table
    from eqsolve.writing.files import Export

    results = () if answer is None else (("Results", "results"),)
    tables = (("Parameters", "parameters"), *results)
    export = Export(writing, style.number or "label", style.prose, tables, game)
    texts, titles = export.files(), export.titles()
    if answer is not None:
        answer.raise_for_status()
        shown = answer.to_dict()["params"]
        texts |= numbered(export.parameters(shown), answer.results(), export.game)
        titles |= {"values.tex": "a macro for each value", "results.tex": "a table of the results"}
    else:
        texts["parameters.tex"] = parameter_table(export.parameters())
    titles["parameters.tex"] = "a table of the parameters"
    texts[INDEX] = index(titles)
    return texts, f"{export.game}-*.tex"


def displays(
    game: str | None = None, notion: str | None = None, size: str | None = None
) -> Displays:
    """What an author's files are compared with: the numbered equations, or one game's.

    Parameters
    ----------
    game : a name, or the path of a file; None for all games with numbered equations.
    notion, size : the structure of a declared game, as the options of the command.

    Raises
    ------
    InputError
        If there is no such game, or it has no such structure.
    """
    from eqsolve.displays import ledger
    from eqsolve.registry import adopt, all_contents, content, model, models

    exported: Any = None
    if game is not None:
        from eqsolve.verbs import declared

        game = adopt(game)
        exported = declared(game)
    if exported is None:
        if notion is not None or size is not None:
            raise InputError(
                "--notion and --size belong to a declared game.", game=game or "", stage="latex"
            )
        if game is None:
            return ledger(models, all_contents())
        return ledger(lambda: (model(game),), content(game))
    from eqsolve.derivation.derivation import derive
    from eqsolve.game.structure import build
    from eqsolve.writing.comparison import Derived
    from eqsolve.writing.writer import Writing

    players, continuum = chosen_size(size)
    built = build(exported, {}, notion=notion, size=players, continuum=continuum)
    return Derived(Writing(derive(built)))


def _check_latex(
    files: tuple[str, ...],
    made: Callable[[], Displays],
    symbols: str | None,
    require: str | int,
    tags_only: bool,
    propose: str | None,
    as_json: bool,
    ci: Wanted,
) -> None:
    from eqsolve.latex.checking.check import check_document
    from eqsolve.latex.checking.proposal import proposed
    from eqsolve.latex.checking.symbol_map import SymbolMap, read_symbols, write_symbols
    from eqsolve.latex.source.walker import read

    notation, documents = SymbolMap(), []
    if symbols is not None:
        with refused_is_failed(ci, "equations", {"": symbols}):
            notation = read_symbols(symbols)
    for file in files:
        with refused_is_failed(ci, "equations", {"": file}):
            documents.append(read(file))
    ledger = made()
    reports = []
    for document in documents:
        report = check_document(document, ledger, notation, counted=not tags_only)
        reports.append(proposed(document, report, ledger, notation, counted=not tags_only))
    _show(files, reports, as_json)
    cases = [case for f, r in zip(files, reports) for case in r.cases(os.path.relpath(f), require)]
    for line in ci.give("equations", cases):
        click.echo(line)
    names = {a: b for r in reports if r.proposal for a, b in r.proposal.names.items()}
    if propose is not None:
        write_symbols(propose, SymbolMap({**notation.names, **names}, notation.numbers))
        say(f"wrote {propose}", err=True)
    lacking = [f"{r.file}: {text}" for r in reports if (text := r.lacks(require))]
    for text in lacking:
        say(f"eqsolve: latex check: {text}.", err=True)
    if lacking or not all(report.ok for report in reports):
        raise SystemExit(1)


def _show(files: tuple[str, ...], reports: list[Report], as_json: bool) -> None:
    if as_json:
        found = [report.to_dict() for report in reports]
        emit(found[0] if len(found) == 1 else {"schema": SCHEMA, "files": found})
        return
    for file, report in zip(files, reports):
        if len(files) > 1:
            say(f"{file}:")
        say(str(report))
    if len(reports) > 1:
        counts = [report.all_counts for report in reports]
        total = {name: sum(c[name] for c in counts) for name in counts[0]}
        say(", ".join(f"{count} {verdict}" for verdict, count in total.items()))
