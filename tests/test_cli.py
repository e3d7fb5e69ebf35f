"""The command line: outputs, exit codes, and one clear sentence for every mistake."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from configparser import ConfigParser
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from eqsolve import doctor
from eqsolve.cli import cli

S1 = "-p r=.03 -p b=.12 -p nu=.2 -p sigma=.2 -p theta=.5 -p gamma=2 -p alpha=1 -p beta=.5".split()
FULL = [*S1, "-p", "lambda=.6"]
RESERVED = ("game", "equilibrium", "selection", "at", "certify")
#: Numbers that nobody can compute with.
UNUSABLE = ("1e400", "-1e999", "1e31", "1e-31", "1e-999", "1" * 400, "9" * 5000, "1/" + "3" * 5000)


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


def test_solve_with_a_fixed_horizon() -> None:
    for hazard in ("none", "piecewise:0=.1,2=.3"):
        result = _run("solve", "n-agent", *S1, "-p", "n=5", "--hazard", hazard, "--horizon", "4")
        assert result.exit_code == 0, result.output
    assert _run("solve", "n-agent", *FULL, "-p", "n=5", "--horizon", "4").exit_code == 2


def test_solve_without_equilibrium_exits_4() -> None:
    result = _run("solve", "n-agent", *FULL, "-p", "n=5", "--hazard", "constant:1")
    _refused(result, "lambda is given, and a hazard rate besides")
    result = _run("solve", "best-response", *S1, *"-p n=5 -p m_b=0 -p m_s=0 -p m_2=0".split(),
                  "--hazard", "weibull:.7,20")  # fmt: skip
    _refused(result, "At the last hazard rate", code=4)
    hopeless = [a.replace("r=.03", "r=.1") for a in S1]
    result = _run("solve", "n-agent", *hopeless, "-p", "lambda=.05", "-p", "n=5", "--json")
    _refused(result, "is no maximum of the gain rate", code=4)
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
        (("-p", "n=3", "--params", "/nowhere/x.toml"), "cannot be read"),
        (("-p", "n=3", "--hazard", "cauchy:1"), "is not a hazard rate"),
        *((("-p", "n=3", "-p", f"{name}=1"), f"{name!r} is not a parameter") for name in RESERVED),
        *((("-p", f"n={text}"), "the parameter n must be") for text in UNUSABLE),
        *((("-p", "n=3", "--at", f"x={text}"), "the parameter x must be") for text in UNUSABLE),
        (("-p", "n=\u0663"), "the parameter n must be"),
    ],
)
def test_solve_bad_input(arguments: tuple[str, ...], words: str) -> None:
    _refused(_run("solve", "n-agent", *FULL, *arguments), words)


@pytest.mark.parametrize("name", RESERVED)
def test_reserved_names_in_a_file_are_refused(name: str, tmp_path: Path) -> None:
    file = tmp_path / "reserved.toml"
    file.write_text(f"{name} = 1\n")
    result = _run("solve", "n-agent", "--params", str(file), *FULL, "-p", "n=3")
    _refused(result, f"{name!r} is not a parameter")
    _refused(_run("solve", "two-agent", "--params", str(file)), f"{name!r} is not a parameter")


@pytest.mark.parametrize("name", ["n", "game"])
def test_converge_refuses_names_of_its_own(name: str) -> None:
    result = _run("converge", "n-agent", *FULL, "-p", f"{name}=3")
    _refused(result, f"{name!r} is not a parameter")


@pytest.mark.parametrize("text", ["1e400", "1" * 400, "0x1" + "0" * 500, '"1e400"'])
def test_unusable_numbers_in_a_file(text: str, tmp_path: Path) -> None:
    file = tmp_path / "large.toml"
    file.write_text(f"b = {text}\n")
    without = [a for a in FULL if a not in ("-p", "b=.12")]
    pairs = [part for a in without for part in ("-p", a)]
    result = _run("solve", "n-agent", "--params", str(file), *pairs, "-p", "n=3")
    _refused(result, "the parameter b must be 0 or of magnitude 1e-30 to 1e30")


@pytest.mark.parametrize("name", ["wealth", "weight"])
def test_unusable_numbers_of_an_agent(name: str, tmp_path: Path) -> None:
    file = tmp_path / "two.toml"
    agent = "\n".join(f"{a.replace('=.', '=0.')}" for a in FULL if a != "-p" and a[0] != "r")
    table = f"[[agent]]\n{agent}\n{name} = 1e400\n"
    file.write_text("r = 0.03\n" + 2 * table)
    _refused(_run("solve", "two-agent", "--params", str(file)), f"the parameter {name} must be")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--vary", "theta=0:1e400:3"), "the parameter theta must be"),
        (("--vary", f"theta=0:{'9' * 5000}:3"), "the parameter theta must be"),
        (("--vary", f"theta=0:1:{'9' * 5000}"), "the axis of theta is"),
        (("--vary", "theta=0:1:\u0663"), "the axis of theta is"),
        (("--vary", "theta=0:1:10000001"), "Choose from 1 to"),
        (("--vary", "theta=0:1:100000", "--vary", "b=0:1:100000"), "10000000000 points need"),
        (("--vary", "theta=0:1:3", "-p", "game=1"), "there is no parameter 'game'"),
    ],
)
def test_bad_sweeps(arguments: tuple[str, ...], words: str, tmp_path: Path) -> None:
    given = [a for a in FULL if a not in ("-p", "theta=.5", "b=.12" if "100000" in words else "")]
    pairs = [part for a in given for part in ("-p", a)]
    out = str(tmp_path / "out.csv")
    _refused(_run("sweep", "n-agent", *arguments, *pairs, "-p", "n=3", "--out", out), words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["latex", "figures", "paper"])
@pytest.mark.parametrize("out", ["", "nul\0"])
def test_the_output_folder_must_be_named(command: str, out: str) -> None:
    _refused(_run(command, "--out", out), "the output folder must be named")


@pytest.mark.parametrize("command", ["latex", "figures", "paper"])
def test_overlong_folder(command: str, tmp_path: Path) -> None:
    _refused(_run(command, "--out", str(tmp_path / ("a" * 300))), "cannot be written")


def test_stale_check_of_an_unusable_folder(tmp_path: Path) -> None:
    for out, words in (("", "must be named"), (str(tmp_path / ("a" * 300)), "cannot be read")):
        _refused(_run("latex", "--out", out, "--fail-if-stale"), words)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("arguments", [("list",), ("list", "--json")])
def test_a_full_standard_output_is_reported(arguments: tuple[str, ...]) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        command = [sys.executable, "-m", "eqsolve.cli", *arguments]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == "eqsolve: the output failed: No space left on device.\n"


@pytest.mark.parametrize(
    "text",
    ["r = ", "r = 1\nr = 2", "\xff\x00", "[[agent]", "r = " + "1" * 5000, "r = " + "[" * 9999],
)
def test_malformed_toml(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_bytes(text.encode("latin-1"))
    words = "is not in UTF-8" if "\xff" in text else "is not valid TOML"
    _refused(_run("solve", "n-agent", "--params", str(file)), words)


def test_nan_in_toml(tmp_path: Path) -> None:
    file = tmp_path / "nan.toml"
    file.write_text("r = nan\n")
    result = _run("solve", "n-agent", "--params", str(file), *FULL[2:], "-p", "n=3")
    _refused(result, "the parameter r must be a finite number")


@pytest.mark.parametrize("command", ["solve", "derive", "converge"])
def test_unknown_game(command: str) -> None:
    _refused(_run(command, "chess"), "there is no game called 'chess'")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("solve", "Regulatr"), "regulator"),
        (("pde", "regulatr"), "regulator"),
        (("solve", "regulator", "-p", "sigm=1"), "sigma"),
        (("solve", "n-agent", "-p", "lamda=1"), "lambda"),
        (("solve", "regulator", "--set", "defalt"), "default"),
        (("derive", "regulator", "--step", "solutin"), "solution"),
        (("schema", "slove"), "solve"),
        (("sweep", "regulator", "--vary", "sigm=1:2:3", "--out", "a.csv"), "sigma"),
    ],
)
def test_a_name_that_is_nearly_one_is_asked_for(words: tuple[str, ...], meant: str) -> None:
    _refused(_run(*words), f"Did you mean '{meant}'?")


def test_a_name_like_no_other_gets_the_list() -> None:
    result = _run("solve", "chess")
    assert "Did you mean" not in result.stderr and "regulator, " in result.stderr


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("solve mert", ["plain,merton", "plain,merton-consumption", "plain,merton-jump"]),
        ("verify regulator regul", ["plain,regulator"]),
        ("latex text/pap", ["file,text/pap"]),
        ("solve --certif", ["plain,--certify", "plain,--certificate"]),
    ],
)
def test_a_shell_completes_games_and_options(words: str, offered: list[str]) -> None:
    place = {"COMP_WORDS": f"eqsolve {words}", "COMP_CWORD": str(len(words.split()))}
    runner = CliRunner(env={"_EQSOLVE_COMPLETE": "bash_complete", **place})
    assert runner.invoke(cli, prog_name="eqsolve").stdout.split() == offered


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
        "[CliRunner().invoke(cli, w) for w in (['--help'], ['sweep', '--help'], ['doctor'])];"
        "print({'sympy', 'numba', 'pandas', 'matplotlib', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    "words",
    [
        ("simulate", "n-agent", "--paths", "100", "--seed", "1", "--json"),
        ("sensitivity", "n-agent", "--of", "pi", "--to", "theta", "--json"),
        ("converge", "n-agent", "--n", "3,4", "--json"),
    ],
)
def test_named_sets_are_taken_by_every_verb(words: tuple[str, ...]) -> None:
    by_name = _run(*words, "--set", "S1, n = 3")
    assert by_name.exit_code == 0, by_name.output
    from eqsolve.registry import model

    given = {k: v for k, v in model("n-agent").cases["S1, n = 3"].items() if k != "n"}
    pairs = [part for k, v in given.items() for part in ("-p", f"{k}={v}")]
    if words[0] == "simulate":
        pairs += ["--agents", "3"]
    if words[0] == "sensitivity":
        pairs += ["-p", "n=3"]
    assert _run(*words, *pairs).stdout == by_name.stdout
    _refused(_run(*words, "--set", "nope"), "there is no set 'nope'")


def test_the_first_words_of_a_set_leave_open_what_its_variants_differ_in() -> None:
    whole = _run("solve", "n-agent", "--set", "S2, n = 10")
    assert _run("solve", "n-agent", "--set", "S2", "-p", "n=10").stdout == whole.stdout
    _refused(_run("solve", "n-agent", "--set", "S2"), "n")
    _refused(_run("solve", "n-agent", "--set", "S"), "there is no set 'S'")


def test_doctor_names_every_part_of_the_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    """What setup.cfg requires, and of what it does not, what it is for and how to get it."""
    config = ConfigParser()
    config.read(Path(__file__).resolve().parents[1] / "setup.cfg", encoding="utf-8")
    required = re.findall(r"^([\w-]+)>=", config["options"]["install_requires"], re.M)
    optional = {
        name: key
        for key, lines in config["options.extras_require"].items()
        for name in re.findall(r"^([\w-]+)>=", lines, re.M)
    }
    found = {part["name"]: part for part in json.loads(_run("doctor", "--json").stdout)["parts"]}
    assert {n for n, p in found.items() if p["required"]} == {"python", "grid solver", *required}
    assert optional.keys() < found.keys() and all(found[name]["enables"] for name in optional)
    assert config["options.extras_require"].keys() == doctor.EXTRAS.keys()
    peers = {path for path in ("mfglib", "open_spiel") if found[path]["enables"]}
    assert peers == doctor.PEERS.keys()
    assert {"coqc", "pdflatex", "cargo", "chromium", "node"} < found.keys()
    monkeypatch.setattr(doctor, "version", _no_package)
    monkeypatch.setenv("PATH", "")
    result = _run("doctor")
    assert result.exit_code == 3
    lines = {line[9:28].rstrip(): line for line in result.stdout.splitlines()}
    assert lines["zarr"].endswith("install eqsolve-games[sweep], for Zarr stores")
    assert lines["sympy"].endswith("missing  sympy               install eqsolve-games again")
    assert "install mfglib, for reading and writing its environments" in lines["mfglib"]
    assert lines["coqc"].startswith("missing  coqc                not found, for checking theorems")


def _no_package(name: str) -> str:
    raise PackageNotFoundError(name)


def test_version() -> None:
    assert _run("--version").stdout.startswith("eqsolve ")
