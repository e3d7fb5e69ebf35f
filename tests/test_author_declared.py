"""An author's file beside the derivation of a declared game, which numbers no equations."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from eqsolve.cli import cli
from eqsolve.derivation.derivation import derive
from eqsolve.game.structure import build
from eqsolve.latex.checking.check import check
from eqsolve.latex.checking.symbol_map import SymbolMap
from eqsolve.latex.checking.verdict import Report
from eqsolve.new_game import write_game
from eqsolve.registry import resolve
from eqsolve.writing.comparison import Derived
from eqsolve.writing.files import Export
from eqsolve.writing.writer import Writing

#: lq-mfg in an author's words: the feedback, the equations of the coefficients, the ends.
PAPER = r"""\documentclass{article}\usepackage{amsmath}\begin{document}
\begin{align}
b &= -P x - S m \label{eq:feedback} \\
\dot P &= P^2 - c \label{eq:P} \\
\dot S &= S(S + 2P) + c \label{eq:S} \\
J &= \tfrac12 P x^2 + S m x + \tfrac12 L m^2 + N \label{eq:J}
\end{align}
\end{document}
"""


@cache
def derived(name: str) -> Derived:
    return Derived(writing(name))


@cache
def writing(name: str) -> Writing:
    return Writing(derive(build(resolve(name).exported, {})))


def report(tmp_path: Path, text: str, numbers: Mapping[str, str] | None = None) -> Report:
    path = tmp_path / "paper.tex"
    path.write_text(text, encoding="utf-8")
    return check(path, derived("lq-mfg"), SymbolMap({}, numbers or {}))


def verdicts(found: Report) -> list[str]:
    return [finding.verdict for finding in found.findings]


@pytest.mark.parametrize("name", ["lq-mfg", "merton", "systemic-risk"])
def test_what_is_written_is_equal_to_itself(name: str, tmp_path: Path) -> None:
    """Nothing differs, and nearly all is read."""
    for file, text in Export(writing(name)).files().items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    found = check(tmp_path / f"{name}.tex", derived(name))
    assert found.counts["different"] == 0, str(found)
    assert found.counts["equal"] >= 0.75 * len(found.findings), str(found)


def test_left_sides_lead_to_the_lines(tmp_path: Path) -> None:
    found = report(tmp_path, PAPER)
    assert verdicts(found) == ["equal"] * 4, str(found)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("-P x - S m", "-P x + S m"),
        ("P^2 - c", "P^2 + c"),
        ("S(S + 2P) + c", "S(S + P) + c"),
        (r"\tfrac12 L m^2", "L m^2"),
    ],
)
def test_a_wrong_formula_is_never_equal(right: str, wrong: str, tmp_path: Path) -> None:
    """Beside three that agree a difference is one; alone in a file it is a question."""
    found = report(tmp_path, PAPER.replace(right, wrong))
    assert verdicts(found).count("different") == 1 and verdicts(found).count("equal") == 3
    line = next(line for line in PAPER.splitlines() if right in line)
    line = line.replace("&", "").replace(r"\\", "").replace(right, wrong)
    alone = report(tmp_path, f"\\begin{{equation}}{line}\\end{{equation}}")
    assert verdicts(alone) == ["not checked"] and "is it meant" in str(alone)


def test_a_number_in_the_map_leads_to_the_display(tmp_path: Path) -> None:
    """Then a difference is one, also where nothing else agrees; a factor is told."""
    text = r"\begin{equation} 2 P^2 - 2 \dot P = %s \label{riccati} \end{equation}"
    numbers = {"riccati": "system-3"}
    assert verdicts(report(tmp_path, text % "2 c", numbers)) == ["equal up to a factor"]
    wrong = report(tmp_path, text % "3 c", numbers)
    assert verdicts(wrong) == ["different"] and r"\dot{P} = P^{2} - c" in str(wrong)
    (lost,) = report(tmp_path, text % "2 c").findings
    assert lost.verdict == "not checked" and "no display" in lost.parts[0].reason


def test_a_false_definition_in_the_text_is_seen(tmp_path: Path) -> None:
    text = r"Let $P = 2 S$. \begin{equation} \dot P = P^2 - c \label{eq:P} \end{equation}"
    (found,) = (f for f in report(tmp_path, text).findings if not f.abbreviation)
    assert found.verdict == "not checked" and "defined differently" in found.parts[0].reason


def test_the_command_compares_a_file_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_game("two-firms", tmp_path)
    run = CliRunner()
    assert run.invoke(cli, ["latex", "./two_firms.py", "--out", "tex"]).exit_code == 0
    words = ["latex", "--check", "tex/two-firms.tex", "--game", "./two_firms.py"]
    found = run.invoke(cli, words)
    assert found.exit_code == 0 and " 0 different" in found.stdout, found.output
    first = next(Path("tex").glob("two-firms-system-1.tex"))
    first.write_text(first.read_text().replace("=", "= 1 +", 1), encoding="utf-8")
    wrong = run.invoke(cli, words)
    assert wrong.exit_code == 1 and " 1 different" in wrong.stdout, wrong.output
    refused = run.invoke(cli, ["latex", "--check", "tex/two-firms.tex", "--size", "3"])
    assert refused.exit_code == 2


def test_the_plugin_gives_the_verdicts_of_the_command(tmp_path: Path) -> None:
    """What is equal passes, what differs fails, a structure that the game lacks is an error."""
    (tmp_path / "paper.tex").write_text(PAPER)

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
        words = ["--eqsolve", "paper.tex", "--eqsolve-game", "lq-mfg"]
        return subprocess.run(
            [*command, *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    right = run("--eqsolve-require", "all")
    assert right.returncode == 0 and "4 passed" in right.stdout, right.stdout
    (tmp_path / "paper.tex").write_text(PAPER.replace("P^2 - c", "P^2 + c"))
    wrong = run()
    assert wrong.returncode == 1 and "1 failed, 3 passed" in wrong.stdout, wrong.stdout
    assert r"\dot{P} = P^{2} - c" in wrong.stdout
    refused = run("--eqsolve-notion", "nonsense")
    assert refused.returncode == 2 and "nonsense" in refused.stdout, refused.stdout
