"""The command line: outputs, exit codes, and one clear sentence for every mistake."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from eqsolve.cli import cli

S1 = "-p r=.03 -p b=.12 -p nu=.2 -p sigma=.2 -p theta=.5 -p gamma=2 -p alpha=1 -p beta=.5".split()
FULL = [*S1, "-p", "lambda=.6"]


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def _refused(result: Result, words: str, code: int = 2) -> None:
    assert result.exit_code == code, result.output
    assert words in result.stderr
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_list() -> None:
    rows = json.loads(_run("list", "--json").stdout)
    names = [row["name"] for row in rows]
    assert {"best-response", "mean-field", "n-agent", "two-agent"} <= set(names)
    assert rows[names.index("n-agent")]["parameters"]["gamma"]["domain"] == (
        "a finite real number > 0"
    )
    assert "n-agent" in _run("list").stdout


@pytest.mark.parametrize("style", ["text", "latex", "json"])
def test_derive(style: str) -> None:
    result = _run("derive", "n-agent", "--step", "equilibrium", "--format", style)
    assert result.exit_code == 0, result.output
    assert {"text": "k3 = q3/S", "latex": "k_3 = ", "json": '"q3/S"'}[style] in result.stdout


def test_derive_unknown_step() -> None:
    _refused(_run("derive", "n-agent", "--step", "magic"), "The steps are")


def test_solve_json() -> None:
    result = _run("solve", "n-agent", *FULL, "-p", "n=10", "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["strategy"]["x"] == 0.2463424452728392
    assert answer["status"] == "ok"


def test_solve_text_and_alias() -> None:
    result = _run("solve", "n-agent", *S1, "-p", "lam=.6", "-p", "n=10")
    assert "strategy.x                0.246342445272839" in result.stdout


def test_solve_without_equilibrium_exits_4() -> None:
    result = _run("solve", "n-agent", *FULL, "-p", "n=5", "--hazard", "constant:1")
    _refused(result, "'lambda' is not a parameter")
    result = _run("solve", "best-response", *S1, *"-p n=5 -p m_b=0 -p m_s=0 -p m_2=0".split(),
                  "--hazard", "weibull:.7,20")  # fmt: skip
    _refused(result, "below 2 r", code=4)
    hopeless = [a.replace("r=.03", "r=.1") for a in S1]
    result = _run("solve", "n-agent", *hopeless, "-p", "lambda=.05", "-p", "n=5", "--json")
    _refused(result, "no feedback has a finite second moment", code=4)
    assert json.loads(result.stdout)["status"] == "no-admissible-root"


def test_solve_parameters_from_file(tmp_path: Path) -> None:
    file = tmp_path / "s1.toml"
    lines = [f"{k} = {v if v[0] != '.' else '0' + v}" for k, v in
             (a.split("=") for a in FULL if a != "-p")]  # fmt: skip
    file.write_text("\n".join([*lines, "n = 4"]))
    assert tomllib.loads(file.read_text())["n"] == 4
    answer = json.loads(
        _run("solve", "n-agent", "--params", str(file), "-p", "n=10", "--json").stdout
    )
    assert answer["params"]["n"] == 10
    assert answer["strategy"]["x"] == 0.2463424452728392


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-p", "n=0"), "the parameter n"),
        (("-p", "n=2.5"), "an integer"),
        (("-p", "n=ten"), "must be a finite number"),
        (("-p", "n=inf"), "must be a finite number"),
        (("-p", "n"), "takes NAME=VALUE"),
        (("-p", "=3"), "takes NAME=VALUE"),
        (("-p", "n=3", "-p", "n=4"), "twice"),
        (("-p", "n=3", "-p", "lam=.6"), "twice"),
        (("-p", "n=3", "-p", "delta=1"), "'delta' is not a parameter"),
        ((), "missing parameter n"),
        (("-p", "n=3", "--at", "x=1,w=2"), "a state has x and y"),
        (("-p", "n=3", "--at", "x"), "takes NAME=VALUE"),
        (("-p", "n=3", "--selection", "best"), "selection must be"),
        (("-p", "n=3", "--equilibrium", "nash"), "equilibrium must be"),
        (("-p", "n=3", "--params", "/nowhere/x.toml"), "cannot read"),
        (("-p", "n=3", "--hazard", "cauchy:1"), "is not a hazard rate"),
    ],
)
def test_solve_bad_input(arguments: tuple[str, ...], words: str) -> None:
    _refused(_run("solve", "n-agent", *FULL, *arguments), words)


@pytest.mark.parametrize("text", ["r = ", "r = 1\nr = 2", "\xff\x00", "[[agent]"])
def test_malformed_toml(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_bytes(text.encode("latin-1"))
    _refused(_run("solve", "n-agent", "--params", str(file)), "is not valid TOML")


def test_nan_in_toml(tmp_path: Path) -> None:
    file = tmp_path / "nan.toml"
    file.write_text("r = nan\n")
    result = _run("solve", "n-agent", "--params", str(file), *FULL[2:], "-p", "n=3")
    _refused(result, "the parameter r must be a finite number")


@pytest.mark.parametrize("command", ["solve", "derive", "converge"])
def test_unknown_game(command: str) -> None:
    _refused(_run(command, "chess"), "there is no game called 'chess'")


def test_unknown_command_and_option() -> None:
    assert _run("dance").exit_code == 2
    assert _run("solve", "n-agent", "--fast").exit_code == 2


@pytest.mark.parametrize("command", ["latex", "figures", "paper"])
def test_unwritable_folder(command: str, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    result = _run(command, "--out", str(blocked / "out"))
    _refused(result, "cannot")
    assert blocked.read_text() == "in the way"


def test_two_agent_from_file(tmp_path: Path) -> None:
    file = tmp_path / "two.toml"
    agent = (
        "[[agent]]\nb=0.12\nnu=0.2\nsigma=0.2\ntheta=0.5\ngamma=2\nalpha=1\nbeta=0.5\nlambda=0.6\n"
    )
    file.write_text("r = 0.03\n" + agent + "wealth = 1.5\n" + agent)
    result = _run("solve", "two-agent", "--params", str(file), "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert len(answer["pi"]) == 2
    text = _run("solve", "two-agent", "--params", str(file))
    assert text.exit_code == 0, text.output
    assert "root p1 of agent 2" in text.stdout
    assert "feedback.wealth.1.2" in text.stdout
    assert set(answer["aggregates"]) == {"M_b", "M_s"}


def test_help_names_an_example_and_starts_quickly() -> None:
    for command in cli.commands:
        assert "Example: eqsolve" in _run(command, "--help").stdout, command
    code = (
        "import sys; from click.testing import CliRunner; from eqsolve.cli import cli;"
        "CliRunner().invoke(cli, ['--help']);"
        "print({'sympy', 'numba', 'pandas', 'matplotlib', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_doctor() -> None:
    result = _run("doctor")
    assert "sympy" in result.stdout
    assert result.exit_code in (0, 3)


def test_version() -> None:
    assert _run("--version").stdout.startswith("eqsolve ")
