"""What the commands share: the group, its errors, options, and input and output."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import click

from eqsolve import __version__
from eqsolve.errors import EqsolveError, InputError

JSON = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
PARAMETERS = click.option(
    "-p", "pairs", multiple=True, metavar="NAME=VALUE", help="A parameter; repeatable."
)
PARAMETER_FILE = click.option(
    "--params", "file", metavar="FILE", help="Parameters from a TOML or JSON file; -p overrides."
)


def by_path(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Take games by name or by the path of a file, which is then found by the game's name."""
    from eqsolve.registry import adopt

    if isinstance(value, tuple):
        return tuple(map(adopt, value))
    return value if value is None else adopt(value)


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


def given(pairs: tuple[str, ...], file: str | None, *, game: str = "") -> dict[str, Any]:
    """The parameters of a file and of -p, which overrides it.

    A file gives them as its own entries, in a table ``parameters`` as a problem of ``eqsolve pde``
    does, or as the ``params`` of an answer in JSON.
    """
    from_file = _parameters(file, game) if file else {}
    override = assignments(pairs, "-p")
    return remaining(from_file, without=override) | override


def _parameters(file: str, game: str) -> dict[str, Any]:
    from eqsolve.files import read_table

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
    from eqsolve.numerics.parameters import ALIASES

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
