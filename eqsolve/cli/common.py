"""What the commands share: the group, its errors, options, and input and output."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from inspect import cleandoc
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from eqsolve import __version__
from eqsolve.errors import EqsolveError, InputError, printable
from eqsolve.output import terminable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from eqsolve.ci import Wanted

JSON = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
PARAMETERS = click.option(
    "-p", "pairs", multiple=True, metavar="NAME=VALUE", help="A parameter; repeatable."
)

Decorated = TypeVar("Decorated", bound=Callable[..., Any] | click.Command)


def parameter_file(more: str = "") -> Callable[[Decorated], Decorated]:
    """The option for a file of parameters; ``more`` tells which other files there are."""
    told = f"Parameters from a TOML or JSON file{more}; -p overrides."
    return click.option("--params", "file", metavar="FILE", help=told)


PARAMETER_FILE = parameter_file()


def shown_by_ci(command: Any) -> Any:
    """The options for what continuous integration shows of checks."""
    for option in (
        click.option("--junit", metavar="FILE.xml", help="Write a JUnit report."),
        click.option("--badge", metavar="FILE.json", help="Write a badge for shields.io."),
        click.option("--annotate", is_flag=True, help="Print what GitHub shows beside the lines."),
    ):
        command = option(command)
    return command


def wanted_by_ci(given: Mapping[str, Any], as_json: bool) -> Wanted:
    """What these options ask for; files can be written.

    Raises
    ------
    InputError
        If they cannot, or annotations are to be mixed with JSON.
    """
    from eqsolve.ci import Wanted

    if given["annotate"] and as_json:
        raise InputError(
            "--annotate and --json both print to standard output.",
            stage="output",
            remedy="Leave out one; --junit and --badge write files.",
        )
    wanted = Wanted(**given)
    wanted.require()
    return wanted


@contextmanager
def refused_is_failed(wanted: Wanted, title: str, files: Mapping[str, str]) -> Iterator[None]:
    """Show what is refused as a check that fails, in its game's file (with ``""`` in any file)."""
    from eqsolve.ci import Case

    try:
        yield
    except EqsolveError as error:
        place = files.get(error.game) or files.get("")
        at = os.path.relpath(place) if place else ""
        line = (getattr(error, "line", None) or 1) if at else 0
        told = str(error)
        suite = at or error.game or title
        failed = Case(suite, "file", "what is read", "fail", told, told, file=at, line=line)
        for text in wanted.give(title, [failed]):
            say(text)
        raise


def structure(command: Any) -> Any:
    """The options that change a game's equations, and named sets of parameters."""
    for option in (
        click.option("--set", "case", metavar="NAME", help="A named set of parameters."),
        click.option("--horizon", metavar="T", help="The end of the horizon, the parameter T."),
        click.option("--size", metavar="N|continuum", help="Number of players of a crowd."),
        click.option(
            "--notion",
            metavar="feedback|open-loop|given|planner",
            help="The notion of equilibrium, where the game offers it.",
        ),
    ):
        command = option(command)
    return command


def chosen_size(size: str | None, game: str = "") -> tuple[int | None, bool]:
    """The number of players, and whether a continuum was asked for."""
    if size is None or size == "continuum":
        return None, size is not None
    if not size.isascii() or not size.isdigit() or not 0 < int(size) <= 10**12:
        raise InputError(
            f"--size takes a number of players or continuum, not {size!r}.",
            game=game,
            stage="input",
        )
    return int(size), False


def of_model(
    exported: Any,
    values: Mapping[str, Any],
    case: str | None,
    horizon: str | None,
    notion: Any,
    at: str | None = None,
) -> dict[str, Any]:
    """Parameters of a model: a named set, overridden by what was given."""
    from eqsolve.game.structure import named_set

    base = named_set(exported, case, notion) if case is not None else {}
    return of_set(base, values, horizon, at)


def of_set(
    base: Mapping[str, Any], values: Mapping[str, Any], horizon: str | None, at: str | None = None
) -> dict[str, Any]:
    """The parameters of a set, overridden by what was given; states of ``--at`` come apart."""
    from eqsolve.inputs import parsed

    found = {k: parsed(v) if isinstance(v, str) else v for k, v in values.items()}
    found = remaining(base, without=(*found, *state(at))) | found
    if horizon is not None:
        if found.get("T", horizon) != horizon and "T" not in base:
            raise InputError("--horizon and T are both given.", stage="input")
        found["T"] = horizon
    return found


def of_family(
    game: str, values: dict[str, Any], how: Mapping[str, str | None], *, apart: str = ""
) -> dict[str, Any]:
    """Parameters of a game of the mean-variance family: a named set, overridden, and the size.

    ``apart`` is a parameter that is given otherwise: that of a set is left out.
    """
    if how["horizon"] is not None:
        raise InputError(
            "the horizon of this game is random.",
            game=game,
            stage="input",
            remedy="Where the verb takes it, --hazard none fixes the horizon.",
        )
    found = dict(values)
    if how["case"] is not None:
        from eqsolve.cli.told import sets
        from eqsolve.inputs import named_set

        case = named_set(sets(game), how["case"], game)
        found = remaining(case, without=(*found, apart)) | found
    number, continuum = chosen_size(how["size"], game)
    if continuum:
        raise InputError("the limit is a game of its own.", game=game, stage="input")
    if number is not None:
        if str(found.get("n", number)) != str(number):
            raise InputError("n and --size are both given.", game=game, stage="input")
        found["n"] = str(number)
    return found


def by_path(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Take games by name or by the path of a file, which is then found by the game's name."""
    from eqsolve.registry import adopt

    if isinstance(value, tuple):
        return tuple(map(adopt, value))
    return value if value is None else adopt(value)


def known_games(
    ctx: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """What a shell offers for a game: names, or files where a folder has been begun."""
    from click.shell_completion import CompletionItem

    from eqsolve.registry import names

    found = [CompletionItem(name) for name in names() if name.startswith(incomplete)]
    return found or [CompletionItem(incomplete, type="file")]


#: What ends a command although nobody foresaw it, and the sentence for it. What comes first counts.
_FAULTS: dict[type[BaseException], str] = {
    RecursionError: "something in the input is nested too deeply.",
    MemoryError: "the memory does not suffice.",
    UnicodeError: "a text cannot be read or written in the encoding of this terminal.",
}


class Command(click.Command):
    """Shows an example with a game that is installed, in the place of ``EXAMPLE``."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.help and "EXAMPLE" in self.help:
            self.help = cleandoc(self.help).replace("EXAMPLE", _example(str(self.name)))
        super().format_help_text(ctx, formatter)


def _example(command: str) -> str:
    from eqsolve.papers import papers

    known = (paper.examples() for paper in papers())
    lines = next((found[command] for found in known if command in found), None)
    first, *others = lines or (f"eqsolve {command} ./my_game.py",)
    # a paragraph after \b keeps its lines
    return "\n".join(("\b", f"Example: {first}", *(f"         {line}" for line in others)))


class Commands(click.Group):
    """Ends whatever happens in a command with one sentence and an exit code.

    With EQSOLVE_TRACEBACK=1 in the environment the traceback comes first.
    """

    command_class = Command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with terminable():
                _check_environment()
                return super().invoke(ctx)
        except click.UsageError as error:
            told = error.format_message() + self._others_with(error, ctx)
            raise click.UsageError(printable(told), error.ctx) from error
        except EqsolveError as error:
            _end(ctx, str(error), error.exit_code)
        except BrokenPipeError:
            sys.stderr.close()
            ctx.exit(0)
        except OSError as error:
            _end(ctx, unwritten(error), 1)
        except KeyboardInterrupt:
            _end(ctx, "interrupted.", 130)
        except tuple(_FAULTS) as error:
            told = next(text for kind, text in _FAULTS.items() if isinstance(error, kind))
            _end(ctx, f"{told} {_TRACE}", 1)

    def _others_with(self, error: click.UsageError, ctx: click.Context) -> str:
        """Which verbs take an option that this one does not know, as a sentence."""
        if not isinstance(error, click.NoSuchOption):
            return ""
        known = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        taken = [
            name
            for name, verb in known
            if verb and any(error.option_name in parameter.opts for parameter in verb.params)
        ]
        return f" These verbs take it: {', '.join(taken)}." if taken else ""


def unwritten(error: OSError) -> str:
    """Close standard output, and the sentence for that it cannot be written to."""
    with suppress(OSError):  # what is left in the buffer would fail again at the exit
        sys.stdout.close()
    return f"the output failed: {error.strerror or error}."


def _check_environment() -> None:
    """Refuse what numba would refuse while it is imported, or warn of at length."""
    threads = os.environ.get("NUMBA_NUM_THREADS", "1")
    if not (threads.isdecimal() and int(threads[:9]) > 0):
        raise InputError(
            f"the environment variable NUMBA_NUM_THREADS is {threads!r}.",
            stage="input",
            remedy="Set it to a whole number above 0, or not at all.",
        )


#: How to see where.
_TRACE = "EQSOLVE_TRACEBACK=1 shows where."


def _end(ctx: click.Context, sentence: str, code: int) -> NoReturn:
    if os.environ.get("EQSOLVE_TRACEBACK") == "1":
        import traceback

        traceback.print_exc()
    say(f"eqsolve: {sentence}", err=True)
    ctx.exit(code)


def last_resort(
    kind: type[BaseException], error: BaseException, where: TracebackType | None
) -> None:
    """Tell of a fault of the program in one sentence; for ``sys.excepthook``."""
    if os.environ.get("EQSOLVE_TRACEBACK") == "1":
        sys.__excepthook__(kind, error, where)
    told = f"{kind.__name__}: {error}" if str(error) else kind.__name__
    first = told.splitlines()[0]
    click.echo(f"eqsolve: a fault of the program: {printable(first)}. {_TRACE}", err=True)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="eqsolve %(version)s")
def cli() -> None:
    """Equilibria of stochastic games in closed form: derived, evaluated and verified.

    Example: eqsolve list
    """


def say(text: str, *, err: bool = False) -> None:
    """Print a text that holds names from files or from the user."""
    click.echo(printable(text), err=err)


def emit(value: Any) -> None:
    click.echo(json.dumps(value, indent=1, allow_nan=False))


def assignments(texts: tuple[str, ...], option: str) -> dict[str, str]:
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


def given(
    pairs: tuple[str, ...],
    file: str | None,
    *,
    game: str = "",
    table: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """The parameters of a file and of -p, which overrides it.

    ``table`` tells whether the game takes a table of players as CSV or Parquet.

    A file gives them as its own entries, in a table ``parameters`` as a problem of ``eqsolve pde``
    does, or as the ``params`` of an answer in JSON.
    """
    from_file = _parameters(file, game, table) if file else {}
    override = _into_tables(from_file, assignments(pairs, "-p"))
    return remaining(from_file, without=override) | override


def _into_tables(from_file: dict[str, Any], override: dict[str, str]) -> dict[str, str]:
    """Put what overrides an entry of a table, such as ``b_2``, there; return the others."""
    tables = [rows for rows in from_file.values() if isinstance(rows, list)]
    others = dict(override)
    for name, value in override.items():
        stem, _, number = name.rpartition("_")
        for rows in tables:
            if not (number.isascii() and number.isdigit() and 0 < int(number[:9]) <= len(rows)):
                continue
            row = rows[int(number) - 1]
            if isinstance(row, dict) and name in others and remaining({stem: 0}, without=row) == {}:
                rows[int(number) - 1] = remaining(row, without=[stem]) | {stem: value}
                del others[name]
    return others


def _parameters(file: str, game: str, table_of: Callable[[], bool]) -> dict[str, Any]:
    from eqsolve.columns import SUFFIXES, read_columns
    from eqsolve.files import read_table

    if Path(file).suffix.lower() in SUFFIXES and table_of():
        return {"agent": read_columns(file)}

    table = read_table(file, stage="input", decimal=str)
    within = next((k for k in ("parameters", "params") if isinstance(table.get(k), dict)), None)
    if within is None:
        return table
    if game and table.get("game", game) != game:
        raise InputError(
            f"{file!r} is of the game {table['game']!r}.",
            game=game,
            stage="input",
            remedy="Name that game, or keep the parameters only.",
        )
    exact = table.get("provenance", {})
    exact = exact.get("exact_params") if isinstance(exact, dict) else None
    found: dict[str, Any] = exact if isinstance(exact, dict) else table[within]
    return found


def remaining(values: Mapping[str, Any], *, without: Iterable[str]) -> dict[str, Any]:
    """The values whose parameter is none of the other names, whichever alias is used."""
    from eqsolve.inputs import ALIASES

    others = {ALIASES.get(name, name) for name in without}
    return {k: v for k, v in values.items() if ALIASES.get(k, k) not in others}


def state(text: str | None) -> dict[str, str]:
    return assignments(tuple(text.split(",")), "--at") if text else {}


def terminal() -> bool:
    return sys.stderr.isatty()


@contextmanager
def counter(title: str) -> Iterator[Callable[[str, int, int | None, float | None], None] | None]:
    """What moves a bar on stderr, told what is counted, how many are done, of how many, and the
    residual left; None where stderr is no terminal."""
    if not terminal():
        yield None
        return
    from tqdm import tqdm

    with tqdm(desc=title, file=sys.stderr, leave=False) as bar:

        def tell(stage: str, done: int, total: int | None, residual: float | None) -> None:
            if stage != bar.unit or total != bar.total or done < bar.n:
                bar.unit = stage
                bar.reset(total)
            bar.update(done - bar.n)
            if residual is not None:
                bar.set_postfix_str(f"residual {residual:.1e}", refresh=False)
            bar.refresh()

        yield tell
