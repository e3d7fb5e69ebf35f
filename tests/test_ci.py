"""What continuous integration shows, and the scripts of a paper's repository, run by bash."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from click.testing import CliRunner

from eqsolve.ci import Case, annotated, badge, junit
from eqsolve.cli import cli

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "docs" / "example"
#: A slip in the display of line 30.
SLIP = (r"\frac{\ell\kappa}", r"\frac{\ell\kappa^2}")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "paper"
    shutil.copytree(EXAMPLE, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return folder


def _slip(folder: Path) -> None:
    text = (folder / "paper.tex").read_text()
    assert text.splitlines()[29].count(SLIP[0]) == text.count(SLIP[0]) == 1
    (folder / "paper.tex").write_text(text.replace(*SLIP))


def _bash(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """As GitHub runs the step of an action."""
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    env = {**os.environ, **environment}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def _steps(given: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The scripts of the action with their environments, where inputs are filled in."""
    action = yaml.safe_load((EXAMPLE / "action" / "action.yml").read_text())
    assert action["runs"]["using"] == "composite" and given.keys() <= action["inputs"].keys()
    values = {name: entry["default"] for name, entry in action["inputs"].items()} | given
    for step in action["runs"]["steps"]:
        assert step["shell"] == "bash" and "${{" not in step["run"]
        env = step.get("env", {})
        yield (
            step["run"],
            {
                name: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda m: values[m[1]], text)
                for name, text in env.items()
            },
        )


def _action(folder: Path) -> subprocess.CompletedProcess[str]:
    """All steps of the action, as the workflow uses it, up to one that fails."""
    workflow = yaml.safe_load((EXAMPLE / ".github" / "workflows" / "equations.yml").read_text())
    (use,) = (s for s in workflow["jobs"]["check"]["steps"] if s.get("uses") == "./action")
    for script, environment in _steps({**use["with"], "install": ""}):
        done = _bash(script, folder, **environment)
        if "--annotate" in script:
            checked = done
        if done.returncode:
            return done
    return checked


def test_the_action_passes_and_leaves_a_report_and_a_badge(repository: Path) -> None:
    done = _action(repository)
    assert done.returncode == 0, done.stderr
    assert "::error" not in done.stdout and "6 equal" in done.stdout
    assert json.loads((repository / "build" / "badge.json").read_text()) == {
        "schemaVersion": 1,
        "label": "equations",
        "message": "6 of 6 pass",
        "color": "brightgreen",
    }
    found = ElementTree.parse(repository / "build" / "junit.xml").findall(".//testcase")
    assert len(found) == 6 and sum(float(case.attrib["time"]) for case in found) > 0


def test_the_action_points_at_the_line_of_a_slip(repository: Path) -> None:
    _slip(repository)
    done = _action(repository)
    assert done.returncode == 1
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("::"))
    assert line.startswith("::error file=paper.tex,line=30,title=paper.tex%3A (2.50)::")
    assert "%0A    repair: " in line
    assert json.loads((repository / "build" / "badge.json").read_text())["color"] == "red"
    (bad,) = ElementTree.parse(repository / "build" / "junit.xml").findall(".//failure")
    assert "    repair: " in (bad.text or "")


def _hooks() -> Iterator[Any]:
    (mine,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    (local,) = yaml.safe_load((EXAMPLE / ".pre-commit-config.yaml").read_text())["repos"]
    (hook,) = local["hooks"]
    # what the hook of this repository is given in a configuration that names it
    yield mine | {"args": ["--symbols", "notation.toml", *mine["args"]]}
    yield hook


@pytest.mark.parametrize("hook", list(_hooks()), ids=lambda hook: hook["id"])
def test_the_hooks_pass_and_fail(hook: Any, repository: Path) -> None:
    """pre-commit appends the files that are to be committed."""
    assert re.search(hook.get("files", ""), "paper.tex") and hook.get("types", ["tex"]) == ["tex"]
    words = [*shlex.split(hook["entry"]), *hook["args"], "paper.tex"]
    assert words.pop(0) == "eqsolve"
    assert CliRunner().invoke(cli, words).exit_code == 0
    _slip(repository)
    assert CliRunner().invoke(cli, words).exit_code == 1


@pytest.mark.full
def test_the_script_fails_at_a_slip(repository: Path) -> None:
    _slip(repository)
    done = subprocess.run(["sh", "ci.sh"], cwd=repository, capture_output=True, text=True)
    assert done.returncode == 1 and "(2.50): different" in done.stdout
    assert (repository / "build" / "junit.xml").is_file()


def _cases(*outcomes: Any) -> list[Case]:
    return [Case("a.tex", "formula", str(k), one, "Why.") for k, one in enumerate(outcomes)]


@pytest.mark.parametrize(
    ("outcomes", "message", "color"),
    [
        (("pass", "pass"), "2 of 2 pass", "brightgreen"),
        (("pass", "skip"), "1 of 1 pass, 1 open", "yellow"),
        (("pass", "fail", "skip"), "1 of 2 pass, 1 open", "red"),
        ((), "0 of 0 pass", "red"),
        (("skip",), "0 of 0 pass, 1 open", "red"),
    ],
)
def test_badges(outcomes: tuple[str, ...], message: str, color: str) -> None:
    found = json.loads(badge("equations", _cases(*outcomes)))
    assert (found["message"], found["color"]) == (message, color)


def test_annotations_escape_what_would_end_them() -> None:
    case = Case("a,b: c", "d", "e%", "fail", "m", "1%\n::error::2\x1b", file="f,g.tex", line=3)
    (line,) = annotated([case])
    assert line == (
        "::error file=f%2Cg.tex,line=3,title=a%2Cb%3A c%3A e%25::1%25%0A::error::2\\x1b"
    )
    assert list(annotated(_cases("pass", "skip"))) == ["::warning title=a.tex%3A 1::Why."]


def test_junit_is_xml_whatever_the_names_are() -> None:
    cases = [Case("\x00 <&", "g", '"', "fail", "a\nb", "\x1b]", 0.5, "f.tex", 2)]
    root = ElementTree.fromstring(junit("t", cases).encode())
    (row,) = root.findall("testsuite/testcase")
    assert row.attrib["name"] == '"' and row.attrib["line"] == "2" and row[0].text == "\\x1b]"
    assert root[0].attrib["time"] == "0.500" and root[0].attrib["failures"] == "1"


def test_several_files_and_the_parts_of_a_file_have_their_own_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the repository names them, wherever the paper is."""
    monkeypatch.chdir(tmp_path)
    formula = "\n\\begin{equation}%s\\label{%s}\\end{equation}\n"
    (tmp_path / "text" / "parts").mkdir(parents=True)
    (tmp_path / "text" / "paper.tex").write_text(
        "\\begin{document}\\input{parts/one}\\end{document}"
    )
    (tmp_path / "text" / "parts" / "one.tex").write_text(formula % ("P = 7", "P"))
    (tmp_path / "other.tex").write_text("\n\n" + formula % ("Q = 1", "unknown"))
    words = ["latex", "--game", "regulator", "--annotate", "--check", "text/paper.tex", "other.tex"]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 1
    found = re.findall(r"^::(\w+) file=(.*?),line=(\d+),title=(.*?)::", done.stdout, re.M)
    assert [row[:3] for row in found] == [
        ("warning", "text/parts/one.tex", "2"),
        ("error", "text/paper.tex", "1"),  # nothing was checked
        ("warning", "other.tex", "4"),
        ("error", "other.tex", "1"),
    ]
    assert CliRunner().invoke(cli, [*words, "--json"]).exit_code == 2
    done = CliRunner().invoke(cli, [*words, "text/absent.tex"])
    place = "file=text/absent.tex,line=1,title=text/absent.tex%3A what is read"
    told = "latex check: 'text/absent.tex' cannot be read: No such file or directory."
    assert done.exit_code == 2
    assert done.stdout == f"::error {place}::{told} Check the path.\n"
    done = CliRunner().invoke(cli, [*words[:-1], "--symbols", "absent.toml"])
    assert done.exit_code == 2 and done.stdout.startswith("::error file=absent.toml,line=1,")


def test_a_game_of_a_file_is_annotated_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    from eqsolve import registry
    from eqsolve.verify import suite
    from eqsolve.verify.check import Check

    monkeypatch.setattr(registry, "_adopted", {})
    text = (ROOT / "README.md").read_text()
    (source,) = (s for s in re.findall(r"```python\n(.*?)```", text, re.S) if "MODEL" in s)
    (tmp_path / "regulator.py").write_text(source)
    bad = Check("value", "my-regulator", "exact", 1.0, 2.0, 1.0, 0.0, "Why.")
    monkeypatch.setattr(suite._Task, "checks", lambda task: [bad])
    words = ["verify", "./regulator.py", "--annotate", "--badge", "badge.json"]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 1
    place = "::error file=regulator.py,line=1,title=my-regulator%3A value::error 1, allowed 0. "
    assert f"{place}value 1.0, reference 2.0. Why." in done.stdout.splitlines()[-1]
    assert json.loads((tmp_path / "badge.json").read_text())["label"] == "equilibria"
    (tmp_path / "regulator.py").write_text("\n\nMODEL = (\n")
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 2 and done.stdout.startswith("::error file=regulator.py,line=3,")
    assert json.loads((tmp_path / "badge.json").read_text())["message"] == "0 of 1 pass"
