"""Every verb on every game: an answer, or the refusal that ``eqsolve list`` declares."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from eqsolve import kernel
from eqsolve.cli import cli
from eqsolve.derivation import derivation
from eqsolve.errors import EqsolveError
from eqsolve.game import Model
from games import ALL_GAMES, VERBS, Row

#: Verbs that compile or check for long: `make walk` walks them on every game.
LONG = ("sweep", "verify", "report", "simulate", "converge", "explore")
#: Rows that are long for their size, likewise; a test of its own compiles derivatives of it.
LARGE = {("relative-wealth", "sensitivity"), ("relative-wealth", "latex")}
#: Verbs that go through all structures of a game by themselves.
WHOLE = ("verify", "prove", "report")
#: Stages at which a structure is refused that the notion or the file does not offer.
NOT_OFFERED = ("notion", "ansatz", "structure", "planner", "open-loop")
#: The grid solvers take problem files; tests of theirs walk these.
BY_FILE = ("pde",)

#: Answers that are a status: derivatives at the first set of best-response are degenerate, because
#: a quantity that the closed form divides by is zero there.
STATUS = {("best-response", "sensitivity"): 4}


def _is_long(row: Row, verb: str) -> bool:
    """Left to `make walk`."""
    return row.verbs[verb] is True and (verb in LONG or (row.name, verb) in LARGE)


WALK = [
    pytest.param(row, verb, marks=[pytest.mark.full] * _is_long(row, verb))
    for row in ALL_GAMES
    for verb in VERBS
    if verb not in BY_FILE
    if not row.how or (row.verbs[verb] is True and verb not in WHOLE)
]


@pytest.fixture(scope="module", autouse=True)
def _derived_once() -> Iterator[None]:
    """Derive every model once, whatever verb asks for it."""
    original, known = derivation.derive, {}

    def derive(model: Model) -> Any:
        key = repr(model)
        if key not in known:
            known[key] = original(model)
        return known[key]

    holders = [
        module
        for name, module in sys.modules.items()
        if name.startswith("eqsolve.") and vars(module).get("derive") is original
    ]
    for module in holders:
        module.derive = derive  # type: ignore[attr-defined]
    yield
    for module in list(sys.modules.values()):
        if vars(module).get("derive") is derive:
            module.derive = original  # type: ignore[attr-defined]


def _arguments(row: Row, verb: str, folder: Path) -> list[str]:
    """The command of a verb on a game, as small as it can be."""
    if verb == "latex":
        return ["latex", row.name, *row.how, "--out", str(folder / "latex")]
    own = [] if row.declared else ["--agents", "3"]
    given = [*row.given]
    if not row.declared and row.case and verb in ("simulate", "sensitivity", "converge"):
        given = [*row.plain]
    more = {
        "solve": [*given, "--json"],
        "sensitivity": given,
        "anarchy": given,
        "converge": ["--n", "2,4", *_without_size(row, given)],
        "simulate": [*given, *own, "--paths", "16", "--seed", "1"],
        "sweep": [*given, "--vary", _axis(row), "--out", str(folder / "table.csv")],
        "prove": ["--out", str(folder / "proofs")],
        "report": ["--out", str(folder / "page")],
        "explore": [*row.given, "--points", "0", "--out", str(folder / "page.html")],
    }
    return [verb, row.name, *row.how, *more.get(verb, [])]


def _axis(row: Row) -> str:
    """Two points of time, or of a state of the family's games."""
    if row.name == "two-agent":
        return "wealth_1=1:2:2"
    return "t=0:0.1:2" if row.declared else "x=1:2:2"


def _without_size(row: Row, given: list[str]) -> list[str]:
    """The parameters without the number of players of the family's games."""
    if row.declared or not row.case:
        return given
    return [part for k, v in row.case.items() if k != "n" for part in ("-p", f"{k}={v}")]


def _run(arguments: list[str]) -> Result:
    result = CliRunner().invoke(cli, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), arguments
    return result


def test_the_table_has_every_game_and_every_verb() -> None:
    listed = json.loads(_run(["list", "--json"]).stdout)
    assert {row.name for row in ALL_GAMES} == {game["name"] for game in listed}
    for row in ALL_GAMES:
        assert tuple(row.verbs) == VERBS
        assert row.verbs in [game["verbs"] for game in listed if game["name"] == row.name]


@pytest.mark.parametrize(("row", "verb"), WALK, ids=str)
def test_an_answer_or_the_declared_refusal(row: Row, verb: str, tmp_path: Path) -> None:
    able = row.verbs[verb]
    if verb == "kernel":
        _kernel(row, able)
        return
    result = _run(_arguments(row, verb, tmp_path))
    if able is not True:
        assert result.exit_code == 2, result.output
        assert str(able) in result.stderr
        assert not list(tmp_path.iterdir())
    elif row.how and result.exit_code == 2:
        assert any(f", {stage}: " in result.stderr for stage in NOT_OFFERED), result.stderr
    else:
        assert result.exit_code == STATUS.get((row.name, verb), 0), result.output
        assert result.stdout or result.exit_code == 4 or list(tmp_path.iterdir())


def _kernel(row: Row, able: bool | str) -> None:
    """The generated kernel; other tests compile it."""
    how: dict[str, Any] = dict(zip((k.strip("-") for k in row.how[::2]), row.how[1::2]))
    if "size" in how:
        how["size"] = int(how["size"])
    try:
        made = kernel(row.name, **how)
    except EqsolveError as error:
        declared = able is not True and str(able) in str(error)
        assert declared or (row.how and error.stage in NOT_OFFERED), error
    else:
        assert able is True
        assert made.source
