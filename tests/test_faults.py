"""Whatever happens in a command ends in one sentence and an exit code, never in a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from numba import config

from eqsolve.cli import cli
from eqsolve.cli.common import Commands
from eqsolve.errors import EqsolveError, InputError, printable
from eqsolve.kernels.storage import load
from eqsolve.verbs import kernel

MEAN_FIELD = """
kind = "mfg"
domain = [-3.0, 3.0]
viscosity = {viscosity}
nodes = {nodes}
initial = {{ mean = -0.5, deviation = 0.4 }}
terminal = "{terminal}"
[hamiltonian]
kind = "quadratic"
"""


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments])


def _refused(result: Result, words: str, code: int = 2) -> None:
    assert result.exit_code == code, result.output
    assert words in result.stderr and result.stderr.count("\n") == 1
    assert isinstance(result.exception, SystemExit)


def _program(text: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line after some lines of a program."""
    lines = f"import sys, click\nfrom eqsolve.cli import cli, main\n{text}\nmain()"
    return subprocess.run(
        [sys.executable, "-c", lines, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


FAULTS = {
    "RecursionError": "something in the input is nested too deeply.",
    "MemoryError": "the memory does not suffice.",
    "UnicodeDecodeError('utf-8', b'', 0, 0, 'no')": "a text cannot be read or written in the",
    "ZeroDivisionError('float')": "a fault of the program: ZeroDivisionError: float.",
    "KeyError": "a fault of the program: KeyError.",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_sentence_and_can_be_traced(fault: str) -> None:
    command = f"@cli.command()\ndef fail() -> None:\n    raise {fault}"
    found = _program(command, "fail")
    assert found.returncode == 1 and found.stdout == ""
    assert found.stderr.startswith(f"eqsolve: {FAULTS[fault]}")
    assert found.stderr.endswith("EQSOLVE_TRACEBACK=1 shows where.\n")
    assert found.stderr.count("\n") == 1
    traced = _program(command, "fail", EQSOLVE_TRACEBACK="1")
    assert "Traceback" in traced.stderr and traced.stderr.endswith(found.stderr)


def test_a_mistake_can_be_traced_too() -> None:
    command = "from eqsolve.errors import InputError\n@cli.command()\ndef fail() -> None:\n"
    traced = _program(f"{command}    raise InputError('No.')", "fail", EQSOLVE_TRACEBACK="1")
    assert traced.returncode == 2
    assert "Traceback" in traced.stderr and traced.stderr.endswith("eqsolve: No.\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signals_end_a_command_in_order(number: signal.Signals) -> None:
    """What is open is closed: only an exception gets there."""
    command = (
        # whoever runs the tests may ignore signals
        "import os, signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
        "@cli.command()\ndef wait() -> None:\n"
        f"    try:\n        os.kill(os.getpid(), {int(number)})\n"
        "    finally:\n        click.echo('closed')"
    )
    found = _program(command, "wait")
    assert found.returncode == 128 + number
    assert found.stdout == "closed\n"
    assert found.stderr == ("eqsolve: interrupted.\n" if number == signal.SIGINT else "")


def test_a_signal_that_is_ignored_stays_so() -> None:
    """As under nohup."""
    command = (
        "import os, signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "@cli.command()\ndef wait() -> None:\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n    click.echo('done')"
    )
    found = _program(command, "wait")
    assert (found.returncode, found.stdout, found.stderr) == (0, "done\n", "")


STRANGE = "\x1b[31m\u202e\u2066\x07\u200b\udcff\u2028"


def test_what_a_terminal_would_obey_is_escaped() -> None:
    shown = r"\x1b[31m\u202e\u2066\x07\u200b\udcff\u2028"
    assert printable(f"a{STRANGE}b é λ\n") == f"a{shown}b é λ\n"
    assert (
        str(EqsolveError(f"{STRANGE} is unknown.", game=STRANGE)) == f"{shown}: {shown} is unknown."
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("solve", STRANGE),
        ("solve", "n-agent", "-p", f"{STRANGE}=3"),
        ("solve", "n-agent", "-p", f"n={STRANGE}"),
        ("solve", "n-agent", "--params", f"{STRANGE}.toml"),
        ("sweep", "n-agent", "--vary", f"{STRANGE}=0:1:3", "--out", "a.csv"),
        ("sweep", "n-agent", "--vary", f"r={STRANGE}", "--out", "a.csv"),
        ("sweep", "n-agent", "--vary", "r=0:1:3", "--out", f"{STRANGE}.csv"),
        ("pde", f"{STRANGE}.toml"),
        ("latex", "--check", f"{STRANGE}.tex"),
        ("derive", STRANGE),
        ("converge", "n-agent", "--n", STRANGE),
        (STRANGE,),
        ("list", f"--{STRANGE}"),
        ("verify", "--level", STRANGE),
    ],
)
def test_nothing_strange_reaches_the_terminal(arguments: tuple[str, ...]) -> None:
    result = _run(*arguments)
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert all(c.isprintable() or c == "\n" for c in result.output)


def test_nothing_strange_from_files_reaches_the_terminal(tmp_path: Path) -> None:
    strange = STRANGE.replace("\udcff", "").replace("\x07", "")
    name = tmp_path / f"{strange}.toml"
    name.write_text(MEAN_FIELD.format(viscosity="0.05", nodes=41, terminal="(x - 0.5)**2/2"))
    result = _run("pde", name, "--out", tmp_path / f"out{strange}")
    assert result.exit_code in (0, 4), result.output
    assert all(c.isprintable() or c == "\n" for c in result.output)
    paper = tmp_path / f"{strange}.tex"
    paper.write_text(rf"\begin{{equation}} a = \u202e b \label{{{strange}}} \end{{equation}}")
    result = _run("latex", "--check", paper)
    assert all(c.isprintable() or c == "\n" for c in result.output)


@pytest.mark.parametrize(
    "text",
    [
        r"a_² = 2",
        r"a = ③ x^{②}",
        "a = " + r"\exp " * 4000 + "x",
        "a = " + "{" * 4000 + "x" + "}" * 4000,
        "a = " + "(" * 4000 + "x" + ")" * 4000,
        "a = " + r"\frac" * 3000 + "12",
        "a = x" + "^{x" * 3000 + "}" * 3000,
        "a = " + "9" * 5000,
        "a = x^{" + "9" * 5000 + "}",
    ],
)
def test_formulas_that_were_faults(text: str, tmp_path: Path) -> None:
    paper = tmp_path / "a.tex"
    paper.write_text(rf"\begin{{equation}} {text} \tag{{2.3}} \end{{equation}}")
    result = _run("latex", "--check", paper)
    assert result.exit_code in (0, 1)
    assert result.exception is None or isinstance(result.exception, SystemExit), text[:20]


def test_documents_that_were_faults(tmp_path: Path) -> None:
    head = r"\setcounter{equation}{" + "9" * 5000 + "}"
    (tmp_path / "a.tex").write_text(head + r"\begin{equation} a = x \end{equation}")
    result = _run("latex", "--check", tmp_path / "a.tex")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    for k in range(3000):
        (tmp_path / f"i{k}.tex").write_text(rf"\input{{i{k + 1}}}")
    _refused(_run("latex", "--check", tmp_path / "i0.tex"), "inputs are nested more than")
    (tmp_path / "wide.tex").write_text("\n".join(r"\input{i3000}" for _ in range(3000)))
    (tmp_path / "i3000.tex").write_text("text")
    result = _run("latex", "--check", tmp_path / "wide.tex")
    assert result.exception is None or isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    ("terminal", "words"),
    [
        ("max(sqrt(-1-x**2), 0)", "max is not defined everywhere"),
        ("min(log(-x**2-1), 0)", "min is not defined everywhere"),
        ("(0**x)**-1", "not a finite real number"),
        ("sqrt(-x**2)", "not a finite real number"),
        ("1/(x-x)", "it divides by zero"),
        ("(x-x)**(-1)", "not a finite real number"),
        ("log(0*x)", "not a finite real number"),
        ("abs(log(-2))", "not a finite real number"),
        ("sqrt(x-5)", "terminal potential is NaN"),
        ("9" * 499, "numbers are at most 1e+30"),
        ("9" * 5000, "a formula has at most 500 characters"),
    ],
)
def test_formulas_of_problems_that_were_faults(terminal: str, words: str, tmp_path: Path) -> None:
    text = MEAN_FIELD.format(viscosity="0.05", nodes=41, terminal=terminal)
    (tmp_path / "p.toml").write_text(text)
    result = _run("pde", tmp_path / "p.toml")
    assert result.exit_code == 2 and isinstance(result.exception, SystemExit)
    assert words in result.stderr


@pytest.mark.parametrize("entry", ["nodes", "viscosity"])
@pytest.mark.parametrize("number", ["1" + "0" * 1000, "0x1" + "0" * 800, "-" + "9" * 4000])
def test_huge_numbers_of_problems(entry: str, number: str, tmp_path: Path) -> None:
    table = {"viscosity": "0.05", "nodes": "41", "terminal": "x"} | {entry: number}
    (tmp_path / "p.toml").write_text(MEAN_FIELD.format(**table))
    result = _run("pde", tmp_path / "p.toml")
    _refused(result, "p")
    assert len(result.stderr) < 300


def test_a_name_that_looks_like_mathematics(tmp_path: Path) -> None:
    problem = tmp_path / "$x^{$.toml"
    problem.write_text(MEAN_FIELD.format(viscosity="0.05", nodes=41, terminal="(x - 0.5)**2/2"))
    result = _run("pde", problem, "--plot", tmp_path / "a.png")
    assert result.exit_code in (0, 4), result.output
    assert (tmp_path / "a.png").stat().st_size > 1000


@pytest.mark.parametrize("value", ["x", "-3", "0", "1000000"])
def test_a_bad_number_of_threads_in_the_environment(value: str, tmp_path: Path) -> None:
    text = "r=.03 b=.12 nu=.2 sigma=.2 theta=.5 gamma=2 alpha=1 beta=.5 lambda=.6".split()
    pairs = [part for pair in text for part in ("-p", pair)]
    out = str(tmp_path / "a.csv")
    found = _program(
        "", "sweep", "n-agent", *pairs, "--vary", "n=2:3:2", "--out", out, NUMBA_NUM_THREADS=value
    )
    if value == "1000000":
        assert found.returncode == 0, found.stderr
    else:
        assert found.returncode == 2
        assert found.stderr.startswith("eqsolve: input: the environment variable NUMBA_NUM_THREADS")
        assert found.stderr.count("\n") == 1


@pytest.mark.parametrize("word", ["schema", "--version"])
def test_nobody_can_read_what_is_printed(word: str) -> None:
    found = _program("sys.stdout = None", word)
    assert found.returncode == 1
    assert found.stderr == "eqsolve: the output failed: not writable.\n"


def test_windows_that_are_not_there_do_not_matter() -> None:
    command = "@cli.command()\ndef draw() -> None:\n    import matplotlib"
    found = _program(command, "draw", MPLBACKEND="nonsense")
    assert found.returncode == 0 and not found.stderr


def test_kernels_are_not_run_without_their_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "DISABLE_JIT", 1)
    with pytest.raises(InputError, match="game, kernel: .* NUMBA_DISABLE_JIT .* Unset it"):
        load(tmp_path / "absent.py", "game")


@pytest.mark.parametrize("params", [None, 3, [1, 2], "r", {1: 2}])
def test_kernels_refuse_what_is_no_mapping(params: object) -> None:
    with pytest.raises(InputError):
        kernel("n-agent").evaluate(params)  # type: ignore[arg-type]


def test_an_output_that_is_no_name_is_refused() -> None:
    with pytest.raises(InputError, match="there is no output 1"):
        kernel("n-agent").evaluate({}, outputs=[1])  # type: ignore[list-item]


def test_the_group_is_the_only_edge() -> None:
    assert isinstance(cli, Commands)
    assert not any(isinstance(command, Commands) for command in cli.commands.values())
