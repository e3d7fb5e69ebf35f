"""The tutorial is run: its files in an empty folder, its sessions and its commands."""

from __future__ import annotations

import doctest
import re
import shlex
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from eqsolve import registry
from eqsolve.cli import cli

TUTORIAL = (Path(__file__).parents[1] / "docs" / "tutorial_own_game.md").read_text()
FILE = re.compile(r"`(?P<name>\w+\.py)`:\n\n```python\n(?P<source>.*?)```", re.DOTALL)
SESSION = re.compile(r"```pycon\n(?P<source>.*?)```", re.DOTALL)
COMMAND = re.compile(r"```console\n\$ eqsolve (?P<command>[^\n]*)\n", re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the files of the tutorial."""
    files = list(FILE.finditer(TUTORIAL))
    assert len(files) == 3
    for match in files:
        (tmp_path / match["name"]).write_text(match["source"])
        monkeypatch.delitem(sys.modules, match["name"].removesuffix(".py"), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "_adopted", {})
    return tmp_path


def test_sessions_print_what_is_shown(folder: Path) -> None:
    text = "\n".join(match["source"] for match in SESSION.finditer(TUTORIAL))
    parsed = doctest.DocTestParser().get_doctest(text, {}, "tutorial", None, 0)
    report: list[str] = []
    results = doctest.DocTestRunner(verbose=False).run(parsed, out=report.append)
    assert results.attempted > 20
    assert results.failed == 0, "".join(report)


def test_commands_run(folder: Path) -> None:
    commands = [match["command"] for match in COMMAND.finditer(TUTORIAL)]
    assert len(commands) == 2
    for command in commands:
        result = CliRunner().invoke(cli, shlex.split(command))
        assert result.exit_code == 0, result.output
    assert (folder / "two_firms.py").is_file()


def test_a_changed_output_is_seen(folder: Path) -> None:
    text = "\n".join(match["source"] for match in SESSION.finditer(TUTORIAL))
    wrong = text.replace("-0.2857142857142857", "-0.2857142857142858")
    assert wrong != text
    parsed = doctest.DocTestParser().get_doctest(wrong, {}, "tutorial", None, 0)
    results = doctest.DocTestRunner(verbose=False).run(parsed, out=lambda _: None)
    assert results.failed == 1
