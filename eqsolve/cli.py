"""The command line: thin wrappers around the library, one function per command."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from eqsolve import __version__
from eqsolve.errors import EqsolveError, InputError, NoSolutionError

if TYPE_CHECKING:
    from eqsolve.numerics.agents import AgentsEquilibrium
    from eqsolve.numerics.equilibrium import Equilibrium
    from eqsolve.numerics.hazard import HazardEquilibrium

JSON = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
PARAMETERS = click.option(
    "-p", "pairs", multiple=True, metavar="NAME=VALUE", help="A parameter; repeatable."
)
PARAMETER_FILE = click.option(
    "--params", "file", metavar="FILE.toml", help="Parameters from a TOML file; -p overrides."
)


class Commands(click.Group):
    """Shows the errors of the library as one sentence and its exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EqsolveError as error:
            click.echo(f"eqsolve: {error}", err=True)
            ctx.exit(error.exit_code)
        except BrokenPipeError:
            sys.stderr.close()
            ctx.exit(0)
        except OSError as error:
            click.echo(f"eqsolve: the output failed: {error.strerror or error}.", err=True)
            with suppress(OSError):  # what is left in the buffer would fail again at the exit
                sys.stdout.close()
            ctx.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="eqsolve %(version)s")
def cli() -> None:
    """Equilibria of stochastic games in closed form: derived, evaluated and verified.

    Example: eqsolve list
    """


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    cli.main(prog_name="eqsolve")


def _emit(value: Any) -> None:
    click.echo(json.dumps(value, indent=1, allow_nan=False))


def _assignments(texts: tuple[str, ...], option: str) -> dict[str, str]:
    """Read NAME=VALUE texts; a name may appear once."""
    result: dict[str, str] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name or not value:
            raise InputError(
                f"{option} takes NAME=VALUE, not {text!r}.",
                stage="input",
                remedy=f"Write for example {option} r=0.03.",
            )
        if name in result:
            raise InputError(f"{option} gives {name} twice.", stage="input")
        result[name] = value
    return result


def _given(pairs: tuple[str, ...], file: str | None) -> dict[str, Any]:
    from eqsolve.numerics.parameters import ALIASES, read_file

    from_file = read_file(file) if file else {}
    override = _assignments(pairs, "-p")
    plain = {ALIASES.get(name, name) for name in override}
    kept = {k: v for k, v in from_file.items() if ALIASES.get(k, k) not in plain}
    return kept | override


def _state(text: str | None) -> dict[str, str]:
    return _assignments(tuple(text.split(",")), "--at") if text else {}


@cli.command("list")
@JSON
def list_games(as_json: bool) -> None:
    """List the games, their parameters, domains and sources.

    Example: eqsolve list --json
    """
    from eqsolve.registry import models
    from eqsolve.symbols import entry

    rows = []
    for game in models():
        rows.append(
            {
                "name": game.name,
                "title": game.title,
                "source": game.source,
                "parameters": {
                    p: {
                        "meaning": entry(p).meaning,
                        "domain": str(entry(p).domain),
                        "unit": entry(p).unit,
                    }
                    for p in game.parameters
                },
            }
        )
    if as_json:
        _emit(rows)
        return
    for row in rows:
        click.echo(f"{row['name']:<16}{row['title']} ({row['source']})")
        click.echo(f"{'':<16}parameters: {', '.join(row['parameters'])}")


@cli.command()
@click.argument("game")
@click.option("--step", metavar="LABEL", help="Only this step.")
@click.option("--format", "style", type=click.Choice(["text", "latex", "json"]), default="text")
def derive(game: str, step: str | None, style: str) -> None:
    """Derive a game's closed form and print it step by step.

    Example: eqsolve derive n-agent --step equilibrium
    """
    from eqsolve.latex.printer import latex
    from eqsolve.registry import derive as derive_game

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
        _emit(
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


@cli.command()
@click.argument("game")
@PARAMETERS
@PARAMETER_FILE
@click.option("--equilibrium", default="given-aggregate", metavar="given-aggregate|closed-loop")
@click.option("--selection", default="limit", metavar="limit|value")
@click.option("--hazard", metavar="SPEC", help="A hazard rate that depends on time.")
@click.option("--at", metavar="x=1,y=1", help="The state; everybody has wealth 1 by default.")
@click.option("--certify", is_flag=True, help="Add rigorous enclosures.")
@JSON
def solve(
    game: str,
    pairs: tuple[str, ...],
    file: str | None,
    equilibrium: str,
    selection: str,
    hazard: str | None,
    at: str | None,
    certify: bool,
    as_json: bool,
) -> None:
    """Solve a game at one parameter point.

    \b
    Example: eqsolve solve n-agent -p r=0.03 -p b=0.12 -p nu=0.2 -p sigma=0.2 -p theta=0.5
             -p gamma=2 -p alpha=1 -p beta=0.5 -p lambda=0.6 -p n=3

    A hazard rate that depends on time: --hazard gompertz:0.05,0.09 or weibull:2,20 (then lambda
    is not given). Exit code 4 when there is no equilibrium; the message says why. Status
    near-fold: the numbers hold, but the selected root nearly coincides with another one.
    """
    from eqsolve.numerics.dispatch import check_keywords

    given = _given(pairs, file)
    check_keywords(game, given)
    answer: Equilibrium | AgentsEquilibrium | HazardEquilibrium
    if hazard is not None:
        if (equilibrium, selection) != ("given-aggregate", "limit") or at or certify:
            raise InputError(
                "--hazard gives the given-aggregate feedback at time 0 only.",
                game=game,
                stage="input",
                remedy="Leave out --equilibrium, --selection, --at and --certify.",
            )
        from eqsolve.numerics.hazard import solve_hazard

        answer = solve_hazard(game, hazard, given)
    else:
        from eqsolve.numerics.dispatch import solve as solve_point

        answer = solve_point(
            game,
            **given,
            equilibrium=equilibrium,
            selection=selection,
            at=_state(at),
            certify=certify,
        )
    if as_json:
        _emit(answer.to_dict())
    else:
        _show(answer.to_dict())
    if answer.status not in ("ok", "near-fold"):
        raise NoSolutionError(answer.message, game=game, stage=answer.status)


def _show(result: Mapping[str, Any]) -> None:
    """Print a solution as indented lines of numbers."""
    click.echo(f"{result['game']}, {result['equilibrium']} equilibrium: {result['status']}")
    click.echo(f"  {result['message']}")
    for index, root in _numbered_roots(result.get("roots", ())):
        notes = [
            "admissible" if root["admissible"] else "not admissible",
            *(["selected"] if root["selected"] else []),
        ]
        click.echo(f"  root p1{index} = {root['p1']:.15g} ({', '.join(notes)})")
    sections = "response strategy moments value at pi V aggregates feedback admissibility"
    for section in sections.split():
        for name, value in _flattened(section, result.get(section, {})):
            text = f"{value:.15g}" if isinstance(value, float) else str(value)
            click.echo(f"  {name:<26}{text}")


def _numbered_roots(roots: Sequence[Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The roots of one agent, or those of several with the agent's number."""
    for index, root in enumerate(roots, start=1):
        if isinstance(root, Mapping):
            yield "", root
        else:
            yield from ((f" of agent {index}", own) for own in root)


def _flattened(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Numbers of nested mappings and lists under dotted names."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flattened(f"{name}.{key}", part)
    elif isinstance(value, list):
        for index, part in enumerate(value, start=1):
            yield from _flattened(f"{name}.{index}", part)
    else:
        yield name, value


@cli.command()
@click.argument("game")
@click.option("--vary", multiple=True, required=True, metavar="NAME=START:STOP:COUNT[:log]")
@PARAMETERS
@PARAMETER_FILE
@click.option("--selection", default="limit", metavar="limit|value")
@click.option("--out", required=True, metavar="FILE.csv|.parquet|.nc")
def sweep(
    game: str,
    vary: tuple[str, ...],
    pairs: tuple[str, ...],
    file: str | None,
    selection: str,
    out: str,
) -> None:
    """Evaluate a game on a grid of parameters.

    \b
    Example: eqsolve sweep n-agent --vary theta=0:1:101 -p r=0.03 -p b=0.12 -p nu=0.2
             -p sigma=0.2 -p gamma=2 -p alpha=1 -p beta=0.5 -p lambda=0.6 -p n=3 --out theta.csv
    """
    from eqsolve.numerics.sweep import parse_axis, write_sweep

    axes = {name: parse_axis(name, text) for name, text in _assignments(vary, "--vary").items()}
    summary = write_sweep(
        game, axes, _given(pairs, file), Path(out), selection=selection, progress=_terminal()
    )
    click.echo(summary, err=True)


def _terminal() -> bool:
    return sys.stderr.isatty()


@cli.command()
@click.argument("game")
@click.option("--n", "counts", default="10,100,1000,10000", metavar="10,100|2:1000000:40:log")
@PARAMETERS
@PARAMETER_FILE
@JSON
@click.option("--out", metavar="FILE.csv", help="Write the rows to a file, too.")
def converge(
    game: str,
    counts: str,
    pairs: tuple[str, ...],
    file: str | None,
    as_json: bool,
    out: str | None,
) -> None:
    """Compare n agents with the mean field as n grows.

    \b
    Example: eqsolve converge n-agent --n 10,100,1000 -p r=0.03 -p b=0.12 -p nu=0.2 -p sigma=0.2
             -p theta=0.5 -p gamma=2 -p alpha=1 -p beta=0.5 -p lambda=0.6
    """
    from eqsolve.numerics.convergence import converge as run
    from eqsolve.numerics.convergence import parse_counts
    from eqsolve.numerics.dispatch import check_keywords

    given = _given(pairs, file)
    check_keywords(game, given, apart="n")
    study = run(game, parse_counts(counts), **given)
    if out:
        study.write(Path(out))
    if as_json:
        _emit(study.to_dict())
        return
    result = study.to_dict()
    columns = ("x", "y", "1")
    click.echo(f"{'n':>12}" + "".join(f"{'strategy.' + c:>22}" for c in columns))
    for row in result["rows"]:
        click.echo(f"{row['n']:>12}" + "".join(f"{row[c]:>22.15f}" for c in columns))
    for title, values in (
        ("mean field", result["limit"]),
        ("n (k_n - k)", result["rate_constants"]),
    ):
        click.echo(f"{title:>12}" + "".join(f"{values[c]:>22.15f}" for c in columns))
    order = "none (no distance)" if result["order"] is None else f"{result['order']:.4f}"
    click.echo(f"observed order of convergence: {order}")


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

    ok, result = run_command(games, level, self_test=self_test, junit=junit, progress=_terminal())
    if as_json:
        _emit(result)
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
        _emit(rows)
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

    rows = [claim.to_dict() for claim in judge(progress=_terminal())]
    if as_json:
        _emit(rows)
        return
    for row in rows:
        click.echo(f"{row['id']}: {row['verdict'].upper()} ({row['source']})")
        click.echo(f"  {row['statement']}")
        if row["condition"]:
            click.echo(f"  Condition: {row['condition']}")
        click.echo(f"  Evidence: {row['evidence']}")
        for line in (row["counterexample"] or "").splitlines():
            click.echo(f"  $ {line}")
        click.echo()


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
        click.echo(f"{out} is up to date", err=True)
        return
    click.echo(f"wrote {len(write(folder, models()))} files to {out}", err=True)


def _check_latex(file: str, symbols: str | None, as_json: bool) -> None:
    from eqsolve.latex.check import Ledger, check
    from eqsolve.latex.symbol_map import SymbolMap, read_symbols
    from eqsolve.registry import models

    notation = SymbolMap() if symbols is None else read_symbols(symbols)
    report = check(file, Ledger(models()), notation)
    if as_json:
        _emit(report.to_dict())
    else:
        click.echo(str(report))
    if not report.ok:
        raise SystemExit(1)


@cli.command()
@click.option("--out", required=True, metavar="DIR")
def figures(out: str) -> None:
    """Draw the paper's figures as PDF and PNG, with the CSV behind each.

    Example: eqsolve figures --out build/figures
    """
    from eqsolve.output import named
    from eqsolve.paper_figures import write

    click.echo(f"wrote {len(write(named(out)))} files to {out}", err=True)


@cli.command()
@click.option("--out", required=True, metavar="DIR")
@click.option("--level", type=click.Choice(["quick", "full"]), default="quick")
def paper(out: str, level: str) -> None:
    """Do everything: equations, figures, checks, and a report page.

    Example: eqsolve paper --out build/paper
    """
    from eqsolve.output import named
    from eqsolve.report import write

    report = write(named(out), level=level, progress=_terminal())
    click.echo(report.summary, err=True)
    if not report.ok:
        raise SystemExit(1)


@cli.command()
def doctor() -> None:
    """Report the installed parts and what is missing.

    Example: eqsolve doctor
    """
    from eqsolve.doctor import parts

    missing = False
    for part in parts():
        click.echo(f"{'ok' if part.found else 'missing':<9}{part.name:<16}{part.detail}")
        missing |= part.required and not part.found
    if missing:
        raise SystemExit(3)


if __name__ == "__main__":
    main()
