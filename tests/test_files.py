"""Files that users name: one reader for all, and every way in which a file can be wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from eqsolve.cli import cli
from eqsolve.errors import InputError
from eqsolve.files import LARGEST, read_bytes, read_table, read_text

S1 = "r=.03 b=.12 nu=.2 sigma=.2 theta=.5 gamma=2 alpha=1 beta=.5 lambda=.6 n=3".split()
PAIRS = [part for text in S1 for part in ("-p", text)]
TABLE = "\n".join(text.replace("=.", "=0.") for text in S1)
GRID = f'kind = "extended-hjb"\ngame = "n-agent"\n[parameters]\n{TABLE}\n'


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments])


def _answer(*arguments: object) -> dict[str, Any]:
    result = _run("solve", "n-agent", *arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


#: Every command that reads a file, as the arguments before its name.
READERS: dict[str, tuple[str, ...]] = {
    "parameters": ("solve", "n-agent", "--params"),
    "run": ("sweep", "--out", "x.csv", "--run"),
    "points": ("sweep", "n-agent", *PAIRS, "--out", "x.csv", "--points"),
    "problem": ("pde",),
    "paper": ("latex", "--check"),
    "symbols": ("latex", "--check", os.devnull, "--symbols"),
}


@pytest.fixture(params=READERS)
def read(request: pytest.FixtureRequest) -> Callable[[Path], Result]:
    """Let a command read what is there, under a name that it takes."""

    def run(path: Path) -> Result:
        name = path.with_suffix(".csv" if request.param == "points" else ".toml")
        if path.exists():
            path.rename(name)
        return _run(*READERS[request.param], name)

    return run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    yield tmp_path


def _refused(result: Result, words: str) -> None:
    assert result.exit_code == 2, result.output
    assert words in result.stderr and result.stderr.count("\n") == 1
    assert isinstance(result.exception, SystemExit)


def test_only_regular_files_are_read(read: Callable[[Path], Result], folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    _refused(read(folder / "pipe"), "is not a regular file")
    (folder / "zero").symlink_to("/dev/zero")
    _refused(read(folder / "zero"), "is not a regular file")
    (folder / "folder").mkdir()
    _refused(read(folder / "folder"), "cannot be read: Is a directory")
    _refused(read(folder / "absent"), "cannot be read: No such file")


def test_files_are_bounded(read: Callable[[Path], Result], folder: Path) -> None:
    with (folder / "large").open("wb") as stream:
        stream.truncate(1 << 40)  # a hole of a terabyte
    _refused(read(folder / "large"), "is larger than")


def test_files_are_in_utf_8(read: Callable[[Path], Result], folder: Path) -> None:
    (folder / "latin").write_bytes(b"b = 0.1 # na\xefve\n")
    _refused(read(folder / "latin"), "is not in UTF-8: its byte 13 cannot be read")


@pytest.mark.parametrize("command", ["parameters", "run", "problem", "symbols"])
@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "r,b\n0.03,0.12\n", "it is CSV"),
        ("a.txt", "r,b\n0.03,0.12\n", "it looks like CSV"),
        ("a.yaml", "r: 0.03\n", "it is YAML"),
        ("a.yml", "r: 0.03\n", "it is YAML"),
        ("a.txt", "# rates\nr: 0.03\n", "it looks like YAML"),
        ("a.parquet", "PAR1", "it is Parquet"),
        ("a.toml", "r = 0.03\nr = 0.04\n", "Cannot overwrite a value"),
        ("a.json", '{"r": 1, "r": 2}', "'r' is given twice"),
        ("a.json", '{"r": NaN}', "NaN is not a number of JSON"),
        ("a.json", "[1, 2]", "does not hold one table"),
        ("a.json", "[" * 90_000, "nested too deeply"),
        ("a.toml", "r = " + "[" * 90_000, "nested too deeply"),
        ("a.toml", "r = 0x1" + "0" * 2000, "a whole number in it has more than 4096 bits"),
        ("a.toml", "r = 1" + "0" * 5000, "is not valid TOML or JSON"),
        ("a.json", '{"r": 1' + "0" * 2000 + "}", "a whole number in it has more than 4096 bits"),
    ],
)
def test_tables_are_toml_or_json(
    command: str, name: str, text: str, words: str, folder: Path
) -> None:
    (folder / name).write_text(text)
    _refused(_run(*READERS[command], folder / name), words)


def test_text_with_and_without_a_mark(tmp_path: Path) -> None:
    for mark in (b"", b"\xef\xbb\xbf"):
        (tmp_path / "a.toml").write_bytes(mark + b"b = 0.12\n")
        assert read_text(tmp_path / "a.toml", stage="test") == "b = 0.12\n"
        assert read_table(tmp_path / "a.toml", stage="test", decimal=str) == {"b": "0.12"}
        (tmp_path / "a.json").write_bytes(mark + b'{"b": 0.12, "n": 3}')
        found = read_table(tmp_path / "a.json", stage="test", decimal=Decimal)
        assert found == {"b": Decimal("0.12"), "n": 3}
    (tmp_path / "b.txt").write_text(' {"b": 1}')
    assert read_table(tmp_path / "b.txt", stage="test") == {"b": 1}


def test_the_largest_file_is_read_and_a_byte_more_is_not(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b" " * LARGEST)
    assert len(read_bytes(tmp_path / "a", stage="test")) == LARGEST
    (tmp_path / "a").write_bytes(b" " * (LARGEST + 1))
    with pytest.raises(InputError, match=f"is larger than {LARGEST} bytes"):
        read_bytes(tmp_path / "a", stage="test")


def test_names_that_no_file_has() -> None:
    with pytest.raises(InputError, match="null"):
        read_bytes("a\0b", stage="test")


def test_an_answer_is_read_as_parameters(tmp_path: Path) -> None:
    pairs = ["1/3" if p == "theta=.5" else p for p in PAIRS]
    pairs = ["theta=1/3" if p == "1/3" else p for p in pairs]
    first = _answer(*pairs)
    (tmp_path / "answer.json").write_text(json.dumps(first))
    assert _answer("--params", tmp_path / "answer.json") == first
    again = _answer("--params", tmp_path / "answer.json", "-p", "n=4")
    assert again["params"] == first["params"] | {"n": 4}
    _refused(_run("solve", "mean-field", "--params", tmp_path / "answer.json"), "of the game")


def test_an_answer_of_several_agents_is_read_as_parameters(tmp_path: Path) -> None:
    agent = "".join(f"{t.replace('=.', '=0.')}\n" for t in S1 if t[0] not in "rn" or t[1] == "u")
    (tmp_path / "two.toml").write_text(
        f"r = '1/30'\n[[agent]]\n{agent}weight = 0.25\n[[agent]]\n{agent}weight = 0.75\n"
    )
    found = _run("solve", "two-agent", "--params", tmp_path / "two.toml", "--json")
    assert found.exit_code == 0, found.output
    (tmp_path / "two.json").write_text(found.stdout)
    again = _run("solve", "two-agent", "--params", tmp_path / "two.json", "--json")
    assert json.loads(again.stdout) == json.loads(found.stdout)
    other = _run("solve", "two-agent", "--params", tmp_path / "two.json", "-p", "b_2=1/9", "--json")
    changed = json.loads(other.stdout)["provenance"]["exact_params"]["agent"]
    exact = json.loads(found.stdout)["provenance"]["exact_params"]["agent"]
    assert changed == [exact[0], exact[1] | {"b": "1/9"}]


TYPES = """
T = 1
[[type]]
mu = 0.1
nu = 0.2
sigma = 0.1
delta = 2
theta = 0.5
[[type]]
mu = 0.12
nu = 0.2
sigma = 0.2
delta = 3
theta = 0.4
"""


@pytest.mark.parametrize(
    ("game", "more"),
    [
        ("sticky-prices", ()),
        ("lq-regulator", ()),
        ("lacker-zariphopoulou-cara", ()),
        ("lacker-zariphopoulou-cara", ("--size", 2)),
        ("lacker-zariphopoulou-cara", ("weighted",)),
    ],
)
def test_an_answer_of_a_declared_game_is_read_as_parameters(
    game: str, more: tuple[object, ...], tmp_path: Path
) -> None:
    """Among them those with indices, matrices, and types of their own with weights or numbers."""
    from eqsolve.registry import resolve

    weights, more = (("1/3", "2/3"), ()) if more == ("weighted",) else (("1/2", "1/2"), more)
    head, *rows = TYPES.split("[[type]]")
    tables = (f'[[type]]{row}weight = "{w}"' for row, w in zip(rows, weights, strict=True))
    (tmp_path / "types.toml").write_text("\n".join((head, *tables)))
    case = next(iter(resolve(game).model.cases), None)
    given = ("--set", case) if case else ("--params", tmp_path / "types.toml", *more)
    first = _run("solve", game, *given, "--json")
    assert first.exit_code == 0, first.output
    (tmp_path / "answer.json").write_text(first.stdout)
    again = _run("solve", game, "--params", tmp_path / "answer.json", "--json")
    assert again.stdout == first.stdout
    _refused(_run("solve", "merton", "--params", tmp_path / "answer.json"), "of the game")


def test_weights_that_do_not_sum_to_one_are_refused(tmp_path: Path) -> None:
    agent = "".join(f"{t.replace('=.', '=0.')}\n" for t in S1 if t[0] not in "rn" or t[1] == "u")

    def solved(*weights: str) -> Result:
        tables = "".join(f"[[agent]]\n{agent}weight = {w}\n" for w in weights)
        (tmp_path / "two.toml").write_text(f"r = 0.03\n{tables}")
        return _run("solve", "two-agent", "--params", tmp_path / "two.toml")

    _refused(solved("1", "1.5"), "the weights sum to 2.5, not to 1: divide each by their sum")
    _refused(solved("0.333", "0.666"), "the weights sum to 0.999")
    _refused(solved("0.5", "0.500000002"), "the weights sum to 1.000000002")
    assert solved("0.3333333333", "0.6666666667").exit_code == 0


def test_the_problem_of_the_grid_is_read_as_parameters(tmp_path: Path) -> None:
    (tmp_path / "grid.toml").write_text(GRID)
    assert _answer("--params", tmp_path / "grid.toml")["strategy"] == _answer(*PAIRS)["strategy"]


def _points(path: Path) -> list[list[str]]:
    return [line.split(",") for line in path.read_text().splitlines()]


def test_varied_parameters_override_a_file(folder: Path) -> None:
    (folder / "p.toml").write_text(TABLE)
    result = _run(*"sweep n-agent --vary theta=0:1:3 --params p.toml --out a.csv".split())
    assert result.exit_code == 0, result.output
    assert [row[0] for row in _points(folder / "a.csv")] == ["theta", "0.0", "0.5", "1.0"]
    result = _run("sweep", "n-agent", "--vary", "theta=0:1:3", *PAIRS, "--out", "b.csv")
    _refused(result, "theta is given twice")
    result = _run(*"sensitivity n-agent --vary theta=0:1:3 --params p.toml --json".split())
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_sweep_over_given_points(kind: str, folder: Path) -> None:
    points = {"theta": [0.25, 0.25, 0.1], "gamma": [2.0, 3.0, 1 / 3]}
    if kind == "csv":
        rows = zip(*points.values())
        text = "".join(f"{t!r},{g!r}\r\n" for t, g in rows)
        (folder / "p.csv").write_text("\ufefftheta,gamma\r\n" + text, encoding="utf-8")
    else:
        arrow = pytest.importorskip("pyarrow")
        import pyarrow.parquet as parquet

        parquet.write_table(arrow.table(points), folder / "p.parquet")
    rest = [p for t in S1 if t[:5] not in ("theta", "gamma") for p in ("-p", t)]
    result = _run("sweep", "n-agent", "--points", f"p.{kind}", *rest, "--out", "a.csv")
    assert result.exit_code == 0, result.output
    head, *found = _points(folder / "a.csv")
    assert head[:3] == ["theta", "gamma", "status"]
    assert [[float(r[0]), float(r[1])] for r in found] == [list(r) for r in zip(*points.values())]
    (folder / "one.csv").write_text("n\n3\n4\n3\n")
    rest = [p for t in S1 if t[0] != "n" or t[1] == "u" for p in ("-p", t)]
    result = _run("sweep", "n-agent", "--points", "one.csv", *rest, "--out", "b.csv")
    assert result.exit_code == 0, result.output
    assert [r[0] for r in _points(folder / "b.csv")] == ["n", "3.0", "4.0", "3.0"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "does not name its columns"),
        ("theta\n", "has no points"),
        ("theta,theta\n1,2\n", "does not name its columns, each once"),
        ("theta\nhalf\n", "is not a table of numbers"),
        ("theta,gamma\n1\n", "2 names and 1 columns"),
        ("theta,gamma\n1,2\n1\n", "is not a table of numbers"),
        ("theta\nnan\n", "must be a sequence of finite numbers"),
        ("theta\n1+2j\n", "is not a table of numbers"),
        ("theta\n0x1p3\n", "is not a table of numbers"),
        ("theta,nope\n1,2\n", "there is no parameter 'nope'"),
    ],
)
def test_points_that_are_none(text: str, words: str, folder: Path) -> None:
    (folder / "p.csv").write_text(text)
    rest = [p for t in S1 if t[:5] not in ("theta", "gamma") for p in ("-p", t)]
    _refused(_run("sweep", "n-agent", "--points", "p.csv", *rest, "--out", "a.csv"), words)


RUN = f"""
game = "n-agent"
out = "a.csv"
columns = ["k_x"]
vary = {{ theta = "0:1:3", n = [2, 5] }}
[parameters]
{TABLE}
"""


def test_sweeps_of_declared_games(folder: Path) -> None:
    """The points of a table; a whole sweep with its named set from a file, and its figure."""
    (folder / "p.csv").write_text("sigma,lambda\n0.5,0.25\n1,2\n")
    result = _run(*"sweep regulator --points p.csv --columns P --out a.csv".split())
    assert result.exit_code == 0, result.output
    rows = _points(folder / "a.csv")
    assert rows[0] == ["sigma", "lambda", "status", "P"]
    found = _run("solve", "regulator", "-p", "sigma=.5", "-p", "lambda=.25", "--json")
    expected = json.loads(found.stdout)["coefficients"]["P"]
    np.testing.assert_allclose(float(rows[1][3]), expected, rtol=1e-12)
    (folder / "run.toml").write_text(
        'game = "regulator"\nset = "default"\nnotion = "feedback"\nout = "b.csv"\n'
        'plot = "b.svg"\nvary = { lambda = [0.25, 2] }\n'
    )
    result = _run(*"sweep --run run.toml --columns P".split())
    assert result.exit_code == 0, result.output
    assert [row[2] for row in _points(folder / "b.csv")] == ["P", *(row[3] for row in rows[1:])]
    assert (folder / "b.svg").exists()


@pytest.mark.parametrize("kind", ["toml", "json"])
def test_a_whole_sweep_from_a_file(kind: str, folder: Path) -> None:
    import tomllib

    text = RUN if kind == "toml" else json.dumps(tomllib.loads(RUN))
    (folder / f"run.{kind}").write_text(text)
    result = _run("sweep", "--run", f"run.{kind}")
    assert result.exit_code == 0, result.output
    head, *rows = _points(folder / "a.csv")
    assert head == ["theta", "n", "status", "k_x"] and len(rows) == 6
    result = _run("sweep", "--run", f"run.{kind}", "--columns", "k_1", "--out", "b.csv")
    assert result.exit_code == 0, result.output
    assert _points(folder / "b.csv")[0] == ["theta", "n", "status", "k_1"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("step = 3", "has an unknown entry 'step'"),
        ("seed = true", "the entry 'seed'"),
        ("columns = 'k_x'", "the entry 'columns'"),
        ("columns = [1]", "the entry 'columns'"),
        ("zip = ['nu', 'sigma']", "the entry 'zip'"),
        ("vary = { theta = 3 }", "the entry 'vary'"),
        ("vary = { theta = [] }", "the entry 'vary'"),
        ("vary = { theta = [[1]] }", "the entry 'vary'"),
        ("vary = { theta = [true] }", "the parameter theta must be a finite number"),
    ],
)
def test_run_files_that_are_wrong(line: str, words: str, folder: Path) -> None:
    (folder / "run.toml").write_text(f'{line}\ngame = "n-agent"\nout = "a.csv"\n')
    _refused(_run("sweep", "--run", "run.toml"), words)


def test_the_axis_has_the_decimals_that_were_asked_for() -> None:
    from eqsolve.studies.sweep import parse_axis

    assert parse_axis("theta", "0:1:11").tolist() == [k / 10 for k in range(11)]
    assert parse_axis("theta", "-1:1:201").tolist() == [(k - 100) / 100 for k in range(201)]
    assert parse_axis("theta", "0:1/3:3").tolist() == [0, 1 / 6, 1 / 3]
    assert parse_axis("theta", "0.1:1000:5:log").tolist() == [0.1, 1, 10, 100, 1000]
    assert parse_axis("theta", "1:1024:11:log").tolist() == [2.0**k for k in range(11)]
    np.testing.assert_allclose(parse_axis("theta", "1:2:3:log"), [1, 2**0.5, 2], rtol=1e-15)
    with pytest.raises(InputError, match="one point and two ends"):
        parse_axis("theta", "0:1:1")


def test_an_unknown_parameter_is_a_mistake_of_the_user(folder: Path) -> None:
    result = _run("sweep", "n-agent", "--vary", "nope=0:1:3", *PAIRS, "--out", "a.csv")
    _refused(result, "there is no parameter 'nope'. Use ")
    result = _run("sensitivity", "n-agent", "--vary", "nope=0:1:3", *PAIRS)
    _refused(result, "'nope'")
