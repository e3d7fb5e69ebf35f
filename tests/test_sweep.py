"""Sweeps: axes, the grid against single evaluations, files and failures."""

from __future__ import annotations

import builtins
import csv
import importlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqsolve.codegen.kernel import OUTPUTS, kernel
from eqsolve.errors import InputError, MissingPartError
from eqsolve.numerics import grid, tables
from eqsolve.numerics.status import Status, labels
from eqsolve.numerics.sweep import parse_axis, sweep, write_sweep
from eqsolve.numerics.tables import replacing
from reference import cases

GAME = "n-agent"
AXES = {"theta": [0.0, 0.25, 0.5, 1.0], "gamma": [2.0, -1.0, 3.0]}
FIXED = {k: v for k, v in cases.S1.items() if k not in AXES} | {"n": 3}


def test_axes() -> None:
    assert parse_axis("theta", "0:1:5").tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert parse_axis("theta", " 1/4:0.5:2 ").tolist() == [0.25, 0.5]
    logarithmic = parse_axis("n", "2:1e6:7:log")
    assert logarithmic[0] == 2 and logarithmic[-1] == 1e6
    assert np.diff(np.log(logarithmic)) == pytest.approx(math.log(1e6 / 2) / 6)
    assert parse_axis("r", "0.03:5:1").tolist() == [0.03]


@pytest.mark.parametrize(
    "text",
    ["", "1", "0:1", "0:1:x", "0:1:0", "0:1:-3", "a:1:5", "0:nan:5", "0:inf:5", "0:1:5:lin"]
    + ["0:1:5:log", "-1:1:5:log", "1:2:3:4:5", "0:1:10000000000", "__import__('os'):1:2"]
    + ["0:1e400:3", "0:1e-999:3", "0:" + "9" * 5000 + ":3", "0:1:" + "9" * 5000, "0:1:\u0663"]
    + ["0:\u0663:2"],
)
def test_bad_axes(text: str) -> None:
    with pytest.raises(InputError) as problem:
        parse_axis("theta", text)
    assert "theta" in str(problem.value) and "\n" not in str(problem.value)


def test_grid_is_the_product_of_the_axes() -> None:
    found = sweep(GAME, AXES, FIXED)
    assert found.sizes == {"theta": 4, "gamma": 3}
    assert set(found.data_vars) == set(OUTPUTS)
    for i, theta in enumerate(AXES["theta"]):
        for j, gamma in enumerate(AXES["gamma"]):
            given = {k: float(v) for k, v in FIXED.items()} | {"theta": theta, "gamma": gamma}
            single = kernel(GAME).evaluate(given)
            for name in OUTPUTS:
                point = found[name].values[i, j]
                assert point.tobytes() == single[name].tobytes()
    assert (found["status"].sel(gamma=-1) == Status.INVALID_INPUT).all()
    assert found["status"].attrs["flag_meanings"].split() == list(labels())
    assert found.attrs["parameter_lambda"] == 0.6 and found.attrs["game"] == GAME
    assert "theta" not in {name.removeprefix("parameter_") for name in found.attrs}


@pytest.mark.parametrize("chunk", [1, 5, 100])
def test_result_does_not_depend_on_the_chunk(chunk: int) -> None:
    assert sweep(GAME, AXES, FIXED, chunk=chunk).identical(sweep(GAME, AXES, FIXED))


def test_states_and_aliases() -> None:
    fixed = {k: v for k, v in cases.S1.items() if k != "lam"} | {"n": 3, "y": "1/3"}
    found = sweep(GAME, {"lam": [0.5, 0.6], "x": [1.0, 2.0]}, fixed)
    assert tuple(found.sizes) == ("lambda", "x")
    slope = found["pi"].diff("x").values[:, 0]
    assert slope == pytest.approx(found["k_x"].values[:, 0], rel=1e-14)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_csv_holds_the_same_doubles(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    found = sweep(GAME, AXES, FIXED, out=path, chunk=5)
    rows = rows_of(path)
    assert list(rows[0]) == ["theta", "gamma", *OUTPUTS]
    assert [row["status"] for row in rows] == [
        Status(int(code)).label for code in found["status"].values.ravel()
    ]
    for name in OUTPUTS[1:]:
        read = np.array([float(row[name]) for row in rows])
        assert read.tobytes() == found[name].values.tobytes()
    metadata = json.loads((tmp_path / "out.csv.json").read_text())
    assert metadata["parameter_r"] == 0.03 and metadata["kernel"].startswith("n_agent_")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.csv", "out.csv.json"]
    again = tmp_path / "again.csv"
    summary = write_sweep(GAME, AXES, FIXED, again)
    assert again.read_bytes() == path.read_bytes()
    assert summary == f"{again}: 12 points, 8 ok, 4 invalid-input"


def test_parquet(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "out.parquet"
    found = sweep(GAME, AXES, FIXED, out=path, chunk=5)
    table = parquet.read_table(path)
    assert table.column_names == ["theta", "gamma", *OUTPUTS]
    assert table["V"].to_numpy().tobytes() == found["V"].values.tobytes()
    assert table["status"].to_pylist()[:3] == ["ok", "invalid-input", "ok"]
    assert table.schema.metadata[b"parameter_n"] == b"3.0"


def test_netcdf(tmp_path: Path) -> None:
    xarray = pytest.importorskip("xarray")
    path = tmp_path / "out.nc"
    found = sweep(GAME, AXES, FIXED, out=path)
    with xarray.open_dataset(path) as read:
        assert read.equals(found)
        assert read.attrs["selection"] == "limit"


@pytest.mark.parametrize(
    ("vary", "change", "message"),
    [
        ({}, {}, "nothing is varied"),
        ({"theta": []}, {}, "axis of theta"),
        ({"theta": [0.1, math.nan]}, {}, "axis of theta"),
        ({"theta": [[0.1]]}, {}, "axis of theta"),
        ({"theta": ["a"]}, {}, "axis of theta"),
        ({"theta": [10**400]}, {}, "axis of theta"),
        ({"theta": np.zeros(10**5), "b": np.zeros(10**5)}, {"b": None}, "10000000000 points"),
        ({"theta": [0.5]}, {"gamma": "1e400"}, "gamma"),
        ({"lam": [0.5], "lambda": [0.6]}, {"lam": None}, "varied twice"),
        ({"theta": [0.5]}, {"theta": 0.5}, "theta is given twice"),
        ({"theta": [0.5]}, {"lambda": 0.5}, "lambda is given twice"),
        ({"theta": [0.5]}, {"foo": 1}, "no parameter 'foo'"),
        ({"foo": [0.5]}, {}, "no parameter 'foo'"),
        ({"theta": [0.5]}, {"gamma": -1}, "gamma"),
        ({"theta": [0.5]}, {"gamma": "two"}, "gamma"),
        ({"theta": [0.5]}, {"n": 2.5}, "n "),
        ({"theta": [0.5]}, {"n": None}, "n is missing"),
        ({"theta": [-1.0, -2.0]}, {}, "no point of the grid"),
        ({"theta": [0.5]}, {"alpha": 0, "beta": 0}, "no point of the grid"),
    ],
)
def test_bad_input_leaves_no_file(
    tmp_path: Path, vary: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    fixed = {**FIXED, "gamma": "2", **change}
    fixed = {k: v for k, v in fixed.items() if v is not None}
    with pytest.raises(InputError, match=message):
        write_sweep(GAME, vary, fixed, tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["a" * 300 + ".csv", "a" * 253 + ".csv", "nul\0.csv", "missing/out.csv", "out.xls", ""],
)
def test_bad_files_are_refused_before_anything_is_compiled(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compiled(*arguments: object) -> None:
        raise AssertionError("the kernel is asked for")

    monkeypatch.setattr(grid, "kernel", compiled)
    with pytest.raises(InputError):
        write_sweep(GAME, AXES, FIXED, tmp_path / name)
    with pytest.raises(InputError):
        sweep(GAME, AXES, FIXED, out=tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_bad_options(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="suffix"):
        write_sweep(GAME, AXES, FIXED, tmp_path / "out.xls")
    with pytest.raises(InputError, match="selection"):
        write_sweep(GAME, AXES, FIXED, tmp_path / "out.csv", selection="best")
    with pytest.raises(InputError, match="chunk"):
        write_sweep(GAME, AXES, FIXED, tmp_path / "out.csv", chunk=0)
    for target in (tmp_path, tmp_path / "missing" / "out.csv", tmp_path / "folder.csv"):
        if target.name == "folder.csv":
            target.mkdir()
        with pytest.raises(InputError):
            write_sweep(GAME, AXES, FIXED, target)
    assert [p.name for p in tmp_path.iterdir()] == ["folder.csv"]


def test_an_interrupted_sweep_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    calls = 0

    def interrupt(self: object, columns: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(tables.Table, "consume", interrupt)
    with pytest.raises(KeyboardInterrupt):
        sweep(GAME, AXES, FIXED, out=path, chunk=4)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]


def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with pytest.raises(InputError, match="No space left"):
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_csv_needs_no_optional_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str, package: str | None = None) -> Any:
        if name.partition(".")[0] in ("xarray", "pyarrow", "pandas"):
            raise ImportError(name)
        return importlib.import_module(name, package)

    monkeypatch.setattr(tables, "import_module", absent)
    original = builtins.__import__

    def guarded(name: str, *rest: Any, **options: Any) -> Any:
        assert name.partition(".")[0] not in ("xarray", "pyarrow", "pandas")
        return original(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", guarded)
    write_sweep(GAME, AXES, FIXED, tmp_path / "out.csv")
    for name in ("out.parquet", "out.nc"):
        with pytest.raises(MissingPartError, match=r"eqsolve\[sweep\]"):
            write_sweep(GAME, AXES, FIXED, tmp_path / name)
    with pytest.raises(MissingPartError):
        sweep(GAME, AXES, FIXED)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.csv", "out.csv.json"]


def test_progress_goes_to_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_sweep(GAME, AXES, FIXED, tmp_path / "out.csv", progress=True)
    captured = capsys.readouterr()
    assert captured.out == "" and "12/12" in captured.err
