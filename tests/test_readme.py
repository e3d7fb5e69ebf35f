"""The README is run: commands, Python session, equation, and the game it adds.

With EQSOLVE_UPDATE_GOLDEN=1 the outputs are written into the README instead of compared.
"""

from __future__ import annotations

import doctest
import json
import math
import os
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

import eqsolve
from eqsolve import registry
from eqsolve.cli import cli
from eqsolve.latex.printer import latex

README = Path(__file__).parents[1] / "README.md"
CONSOLE = re.compile(r"```console\n\$ eqsolve (?P<command>[^\n]*)\n(?P<output>.*?)```", re.DOTALL)
EQUATION = re.compile(r"```math\n(?P<equation>.*?)\n```", re.DOTALL)
TABLE = re.compile(r"\| game \| what it is \|[^\n]*\n\|---[^\n]*\n(?P<rows>(?:\|[^\n]*\n)+)")
PYTHON = re.compile(r"```python\n(?P<source>.*?)```", re.DOTALL)


def _compare(match: re.Match[str], group: str, found: str) -> None:
    if os.environ.get("EQSOLVE_UPDATE_GOLDEN"):
        text = README.read_text()
        old = match.group(0)
        start = match.start(group) - match.start()
        new = old[:start] + found + old[start + len(match.group(group)) :]
        README.write_text(text.replace(old, new))
    else:
        assert match.group(group) == found


def _write_the_game(folder: Path) -> None:
    """Save the game of the README as the README says."""
    (source,) = (m for m in PYTHON.finditer(README.read_text()) if "MODEL" in m.group("source"))
    (folder / "regulator.py").write_text(source.group("source"))


@pytest.mark.parametrize(
    "match",
    list(CONSOLE.finditer(README.read_text())),
    ids=lambda m: m.group("command").split(" -p")[0],
)
def test_commands_print_what_is_shown(
    match: re.Match[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_adopted", {})
    _write_the_game(tmp_path)
    result = CliRunner().invoke(cli, shlex.split(match.group("command")))
    assert result.exit_code == (4 if "r=0.1 " in match.group("command") else 0), result.output
    _compare(match, "output", result.output)


def test_the_cubic_is_the_derived_one() -> None:
    (match,) = EQUATION.finditer(README.read_text())
    form = eqsolve.derive("best-response").form
    (root,) = (d for d in form.definitions if d.is_root)
    lines = [f"{latex(root.expression)} = 0"]
    lines += [f"{latex(name)} = {latex(form[name])}" for name in root.polynomial]
    _compare(match, "equation", " \\\\\n".join(lines))


def test_the_table_of_games_is_the_list() -> None:
    listed = CliRunner().invoke(cli, ["list", "--json"])
    games = json.loads(listed.stdout)
    rows = [f"| `{game['name']}` | {game['title']} | {game['source']} |\n" for game in games]
    (match,) = TABLE.finditer(README.read_text())
    _compare(match, "rows", "".join(rows))


def test_python_session() -> None:
    (session,) = (m for m in PYTHON.finditer(README.read_text()) if ">>>" in m.group("source"))
    parsed = doctest.DocTestParser().get_doctest(session.group("source"), {}, "README", None, 0)
    report: list[str] = []
    results = doctest.DocTestRunner(verbose=False).run(parsed, out=report.append)
    assert results.attempted > 4
    assert results.failed == 0, "".join(report)


def test_the_game_of_the_readme_has_the_textbook_feedback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``P^2 + lambda P = 1``, from the textbook's Riccati equation, and ``p = -P x``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_adopted", {})
    _write_the_game(tmp_path)
    answer = eqsolve.solve("./regulator.py", sigma=1, lam="1/4")
    assert answer.strategy.x == pytest.approx(0.125 - math.sqrt(4 + 1 / 16) / 2, rel=1e-15)
    result = CliRunner().invoke(cli, ["derive", "./regulator.py", "--step", "system"])
    assert result.exit_code == 0, result.output
    assert "0 = P**2 + P*lambda - 1" in result.output
    assert registry.resolve("./regulator.py").origin == "path"
    registry.model.cache_clear()
