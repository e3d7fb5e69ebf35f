"""Problem files of the grid solvers: TOML or JSON, read strictly.

Kinds: ``extended-hjb`` (a game's extended Hamilton-Jacobi-Bellman system), ``mfg`` (a mean-field
game in one or two dimensions), ``controlled-diffusion`` (Merton's problem and its kind in one
dimension), also by the name of a game that says so. Unknown entries are refused, and so is whatever
the solver refuses; every message names the entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import sympy as sp

from eqsolve.errors import printable
from eqsolve.files import read_table
from eqsolve.notated.published import Published
from eqsolve.pde.controlled_diffusion import solve_controlled_diffusion
from eqsolve.pde.entries import (
    STAGE,
    Entries,
    formula,
    hazard,
    integer,
    number,
    numbers,
    word,
)
from eqsolve.pde.extended_hjb import solve_extended_hjb
from eqsolve.pde.hamiltonian_entries import Solve
from eqsolve.pde.mfg_entries import mean_field
from eqsolve.pde.result import of_diffusion, of_game
from eqsolve.values import game_values

#: Largest problem file, in bytes.
LARGEST = 100_000


@dataclass(frozen=True)
class Problem:
    """A problem that was read completely: ``solve`` does the work.

    Attributes
    ----------
    name : stem of the file's name.
    kind : ``extended-hjb``, ``mfg`` or ``controlled-diffusion``.
    summary : what will be solved, for a progress line.
    solve : solves it; takes a function that is told the progress, as the solvers do.
    """

    name: str
    kind: str
    summary: str
    solve: Solve


@dataclass(frozen=True)
class Names:
    """How names of games are looked up, which is the business of who reads a problem.

    Attributes
    ----------
    model : the declaration of a game with two states.
    kind : the kind of problem that a game lends its name to, empty for none.
    """

    model: Callable[[str], Published]
    kind: Callable[[str], str]


def load(path: str | Path, names: Names) -> Problem:
    """Read a problem file.

    Raises
    ------
    InputError
        If the file cannot be read, or an entry is missing, unknown or outside its domain.
    """
    table = read_table(path, stage=STAGE, decimal=Decimal, largest=LARGEST)
    return read(table, printable(Path(path).stem), names)


def read(table: Mapping[str, Any], name: str, names: Names) -> Problem:
    """Read a problem from a table as :func:`load` does from a file; decimals may be floats."""
    entries = Entries(name, _decimals(dict(table)))
    kind = entries.need("kind", '"extended-hjb"')
    if not isinstance(kind, str) or (kind not in _KINDS and not names.kind(kind)):
        entries.refuse(f"kind is {str(kind)[:40]!r}", f"Choose one of {', '.join(_KINDS)}.")
    problem = _KINDS[kind if kind in _KINDS else names.kind(kind)](name, entries, names)
    entries.end()
    return problem


def _decimals(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _decimals(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_decimals(part) for part in value]
    return Decimal(repr(value)) if isinstance(value, float) else value


def _game(name: str, entries: Entries, names: Names) -> Problem:
    game = word(entries, "game", entries.need("game", '"NAME"'))
    found = names.model(game)  # an unknown game ends here
    given = entries.sub("parameters")
    texts: dict[sp.Symbol | str, object] = {}
    for key in list(given.table):
        value = given.take(key)
        if not isinstance(value, (int, Decimal, str)) or isinstance(value, bool):
            given.refuse(f"{key} must be a number, not {str(value)[:40]!r}")
        texts[key] = str(value)
    game_values(found.game, texts)  # refuses numbers that are missing, unknown or unusable
    options = entries.options(
        box=numbers,
        nodes=numbers,
        coarse=numbers,
        closure=word,
        method=word,
        tolerance=number,
        max_steps=integer,
        payoff_boxes=numbers,
        horizon=number,
        hazard=hazard,
        time_steps=integer,
        scheme=lambda own, key, value: value if isinstance(value, str) else number(own, key, value),
    )
    size = options.get("nodes", 41)
    if "horizon" not in options:
        for key in ("hazard", "time_steps", "scheme"):
            if key in options:
                entries.refuse(f"{key} is given without horizon", "Give the horizon T, too.")
    return Problem(
        name,
        "extended-hjb",
        f"extended HJB system of {game}, {size} nodes a side",
        lambda progress=None: of_game(
            name,
            solve_extended_hjb(
                found.game, texts, refuse_infinite=False, progress=progress, **options
            ),
        ),
    )


def _mean_field(name: str, entries: Entries, _: Names) -> Problem:
    what, solve = mean_field(name, entries)
    return Problem(name, "mfg", what, solve)


def _diffusion(name: str, entries: Entries, _: Names) -> Problem:
    market = {
        key: formula("x")(entries, key, entries.need(key, example))
        for key, example in (("rate", "0.03"), ("excess", "0.09"), ("volatility", "0.28"))
    }
    aversion = number(entries, "risk_aversion", entries.need("risk_aversion", "2.0"))
    options = entries.options(
        wealth=numbers,
        nodes=integer,
        horizon=number,
        steps=integer,
        terminal=formula("x"),
        formulation=word,
        tolerance=number,
        max_iterations=integer,
    )
    bounds = [
        None if (value := entries.take(key)) is None else number(entries, key, value)
        for key in ("lowest_fraction", "highest_fraction")
    ]
    size, steps = options.get("nodes", 161), options.get("steps", 100)
    return Problem(
        name,
        "controlled-diffusion",
        f"controlled diffusion on {size} nodes, {steps} steps",
        lambda progress=None: of_diffusion(
            name,
            solve_controlled_diffusion(
                **market,
                risk_aversion=aversion,
                bounds=(bounds[0], bounds[1]),
                progress=progress,
                **options,
            ),
        ),
    )


_KINDS: dict[str, Callable[[str, Entries, Names], Problem]] = {
    "extended-hjb": _game,
    "mfg": _mean_field,
    "controlled-diffusion": _diffusion,
}
