"""Sweeps: axes and samples, points against single evaluations, files and failures."""

from __future__ import annotations

import builtins
import csv
import importlib
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from documents import hold
from eqsolve.derivations.mean_variance.declaration import ROLES
from eqsolve.errors import InputError, MissingPartError
from eqsolve.handle import Handle
from eqsolve.output import replacing
from eqsolve.parameters import ALIASES
from eqsolve.status import Status, labels
from eqsolve.studies.sweep import (
    Execution,
    array_files,
    axes,
    design,
    execution,
    formats,
    layout,
    parse_axis,
    parse_varied,
    run,
    sweep,
    write_sweep,
)
from eqsolve.studies.sweep import labels as labelled
from eqsolve.verbs import kernel
from reference import cases

GAME = "n-agent"
SWEPT = Handle(GAME)
#: The columns of the family's kernels.
OUTPUTS = ("status", *ROLES.outputs.names)
OPTIONAL = ("pyarrow", "zarr", "netCDF4", "joblib", "distributed")
AXES = {"theta": [0.0, 0.25, 0.5, 1.0], "gamma": [2.0, -1.0, 3.0]}
FIXED = {k: v for k, v in cases.S1.items() if k not in AXES} | {"n": 3}


def write(
    path: Path, vary: Any = None, fixed: Any = None, *, chunk: int | None = None, **options: Any
) -> run.Summary:
    """Check the file first, as the command does; then lay out and write."""
    run.check_target(path)
    plan = design(SWEPT, vary or AXES, fixed or FIXED, **options)
    return write_sweep(plan, path, execution=Execution(chunk=chunk))


def test_axes() -> None:
    assert parse_axis("theta", "0:1:5").tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert parse_axis("theta", " 1/4:0.5:2 ").tolist() == [0.25, 0.5]
    logarithmic = parse_axis("n", "2:1e6:7:log", True)
    assert logarithmic.tolist() == [2, 18, 159, 1414, 12599, 112246, 1000000]
    assert parse_axis("n", "4:1:9:log", True).tolist() == [4, 3, 2, 1]
    logarithmic = parse_axis("gamma", "0.5:8:7:log")
    assert logarithmic[0] == 0.5 and logarithmic[-1] == 8
    assert np.diff(np.log(logarithmic)) == pytest.approx(math.log(16) / 6)
    assert parse_axis("theta", "list:0,1/4,.75").tolist() == [0, 0.25, 0.75]
    assert parse_axis("n", "2:10:4", True).tolist() == [2, 5, 7, 10]
    assert parse_axis("n", "4:2:9", True).tolist() == [4, 3, 2]
    assert parse_axis("theta", "0:1:2^4").size == 16
    assert parse_axis("r", "0.03:0.03:1").tolist() == [0.03]


@pytest.mark.parametrize(
    "text",
    ["", "1", "0:1", "0:1:x", "0:1:0", "0:1:-3", "a:1:5", "0:nan:5", "0:inf:5", "0:1:5:lin"]
    + ["0:1:5:log", "-1:1:5:log", "1:2:3:4:5", "0:1:10000000000", "__import__('os'):1:2"]
    + ["0:1e400:3", "0:1e-999:3", "0:" + "9" * 5000 + ":3", "0:1:" + "9" * 5000, "0:1:\u0663"]
    + ["0:\u0663:2", "list:", "list:1,,2", "list:nan", "0:1:9^99", "0:1:2^"],
)
def test_bad_axes(text: str) -> None:
    with pytest.raises(InputError) as problem:
        parse_axis("theta", text)
    assert "theta" in str(problem.value) and "\n" not in str(problem.value)


def test_grid_is_the_product_of_the_axes() -> None:
    found = sweep(SWEPT, AXES, FIXED)
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
    assert sweep(SWEPT, AXES, FIXED, chunk=chunk).identical(sweep(SWEPT, AXES, FIXED))


def test_states_and_aliases() -> None:
    fixed = {k: v for k, v in cases.S1.items() if k != "lam"} | {"n": 3, "y": "1/3"}
    found = sweep(SWEPT, {"lam": [0.5, 0.6], "x": [1.0, 2.0]}, fixed)
    assert tuple(found.sizes) == ("lambda", "x")
    slope = found["pi"].diff("x").values[:, 0]
    assert slope == pytest.approx(found["k_x"].values[:, 0], rel=1e-14)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_csv_holds_the_same_doubles(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    found = sweep(SWEPT, AXES, FIXED, out=path, chunk=5)
    rows = rows_of(path)
    assert list(rows[0]) == ["theta", "gamma", *OUTPUTS]
    assert [row["status"] for row in rows] == [
        Status(int(code)).label for code in found["status"].values.ravel()
    ]
    for name in OUTPUTS[1:]:
        read = np.array([float(row[name]) for row in rows])
        assert read.tobytes() == found[name].values.tobytes()
    metadata = json.loads((tmp_path / "out.csv.json").read_text())
    hold("sweep", metadata)
    assert metadata["parameter_r"] == 0.03 and "n_agent_" in metadata["kernel"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.csv", "out.csv.json"]
    again = tmp_path / "again.csv"
    summary = write(again)
    assert again.read_bytes() == path.read_bytes()
    assert str(summary) == f"{again}: 12 points, 8 ok, 4 invalid-input"


def test_parquet(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "out.parquet"
    found = sweep(SWEPT, AXES, FIXED, out=path, chunk=5)
    table = parquet.read_table(path)
    assert table.column_names == ["theta", "gamma", *OUTPUTS]
    assert table["V"].to_numpy().tobytes() == found["V"].values.tobytes()
    assert table["status"].to_pylist()[:3] == ["ok", "invalid-input", "ok"]
    assert table.schema.metadata[b"parameter_n"] == b"3.0"


def test_netcdf(tmp_path: Path) -> None:
    xarray = pytest.importorskip("xarray")
    path = tmp_path / "out.nc"
    found = sweep(SWEPT, AXES, FIXED, out=path)
    with xarray.open_dataset(path) as read:
        assert read.identical(found)
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
        ({k: np.arange(1e6) for k in ("theta", "b", "r")}, {"b": None, "r": None}, "at most"),
        ({k: np.arange(1e6) for k in ("theta", "b")}, {"b": None}, "need about"),
        ({"theta": "0:1"}, {}, "nothing is sampled"),
        ({"theta": [0.5]}, {"gamma": "1e400"}, "gamma"),
        ({"lam": [0.5], "lambda": [0.6]}, {"lam": None}, "varied twice"),
        ({"theta": [0.5]}, {"theta": 0.5}, "theta is given twice"),
        ({"theta": "list:0.1,0.2,1/10"}, {"theta": None}, "theta repeats a value"),
        ({"theta": [0.5]}, {"lambda": 0.5}, "lambda is given twice"),
        ({"theta": [0.5]}, {"foo": 1}, "no parameter 'foo'"),
        ({"foo": [0.5]}, {}, "no parameter 'foo'"),
        ({"theta": [0.5]}, {"gamma": -1}, "gamma"),
        ({"theta": [0.5]}, {"gamma": "two"}, "gamma"),
        ({"theta": [0.5]}, {"n": 2.5}, "n "),
        ({"theta": [0.5]}, {"n": None}, "n is missing"),
        ({"theta": [-1.0, -2.0]}, {}, "no point of the sweep"),
        ({"theta": [0.5]}, {"alpha": 0, "beta": 0}, "no point of the sweep"),
    ],
)
def test_bad_input_leaves_no_file(
    tmp_path: Path, vary: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    fixed = {**FIXED, "gamma": "2", **change}
    fixed = {k: v for k, v in fixed.items() if v is not None}
    with pytest.raises(InputError, match=message):
        run.check_target(tmp_path / "out.csv")
        write_sweep(design(SWEPT, vary, fixed), tmp_path / "out.csv")
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

    monkeypatch.setattr(layout, "target", compiled)
    with pytest.raises(InputError):
        sweep(SWEPT, AXES, FIXED, out=tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_bad_options(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="suffix"):
        write(tmp_path / "out.xls")
    with pytest.raises(InputError, match="selection"):
        write(tmp_path / "out.csv", selection="best")
    with pytest.raises(InputError, match="chunk"):
        write(tmp_path / "out.csv", chunk=0)
    with pytest.raises(InputError, match="column"):
        write(tmp_path / "out.csv", columns=["k_z"])
    for bad in ({"backend": "gpu"}, {"jobs": 0}, {"scheduler": "tcp://127.0.0.1:1"}):
        with pytest.raises(InputError):
            Execution(**bad)
    for target in (tmp_path, tmp_path / "missing" / "out.csv", tmp_path / "folder.csv"):
        if target.name == "folder.csv":
            target.mkdir()
        with pytest.raises(InputError):
            write(target)
    assert [p.name for p in tmp_path.iterdir()] == ["folder.csv"]


def test_csv_is_the_same_with_and_without_arrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Doubles of every size and kind, whole numbers and the ends of both notations among them."""
    rng = np.random.default_rng(8)
    borders = [1e-5, 1e-4, 1e6, 1e7, 1e9, 1e15, 1e16, 1e17, 2.0**53, 5e-324, 0.0, 1.0, np.inf]
    column = np.concatenate(
        [
            rng.integers(0, 2**63, 20_000, dtype=np.uint64).view(np.float64),
            10.0 ** rng.uniform(-6, 18, 20_000),
            np.round(10.0 ** rng.uniform(0, 18, 5_000)),
            np.concatenate([np.nextafter(borders, end) for end in (0.0, 1.0, np.inf)]),
            borders,
        ]
    )
    column = np.concatenate([column[~np.isnan(column)] * sign for sign in (1, -1)])
    columns = {"k_x": np.append(column, np.nan), "status": np.zeros(column.size + 1, np.int8)}
    plan = design(SWEPT, AXES, FIXED)
    fast = formats._csv_lines(plan, columns)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "pyarrow", None)
        assert formats._csv_lines(plan, columns) == fast
    read = np.array([float(line.split(b",")[0]) for line in fast.splitlines()])
    assert read.tobytes() == columns["k_x"].tobytes()


def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with pytest.raises(InputError, match="No space left"):
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_csv_needs_no_optional_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str, package: str | None = None) -> Any:
        if name.partition(".")[0] in OPTIONAL:
            raise ImportError(name)
        return importlib.import_module(name, package)

    monkeypatch.setattr(execution, "import_module", absent)
    monkeypatch.setattr(formats, "import_module", absent)
    original = builtins.__import__

    def guarded(name: str, *rest: Any, **options: Any) -> Any:
        assert name.partition(".")[0] not in OPTIONAL
        return original(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", guarded)
    write(tmp_path / "out.csv")
    for name in ("out.parquet", "out.nc", "out.zarr"):
        with pytest.raises(MissingPartError, match=r"eqsolve-games\[sweep\]"):
            write(tmp_path / name)
    with pytest.raises(MissingPartError, match="joblib"):
        write_sweep(
            design(SWEPT, AXES, FIXED), tmp_path / "p.csv", execution=Execution("processes")
        )
    names = sorted(p.name for p in tmp_path.iterdir() if p.suffix != ".part")
    assert names == ["out.csv", "out.csv.json"]


def test_progress_goes_to_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_sweep(design(SWEPT, AXES, FIXED), tmp_path / "out.csv", progress=True)
    captured = capsys.readouterr()
    assert captured.out == "" and "12.0/12.0" in captured.err and "writing" in captured.err


def test_zarr(tmp_path: Path) -> None:
    xarray = pytest.importorskip("xarray")
    path = tmp_path / "out.zarr"
    found = sweep(SWEPT, AXES, FIXED, out=path)
    assert xarray.open_zarr(path, consolidated=False).equals(found)
    write(path, {"theta": [0.5]}, FIXED | {"gamma": 2})  # replaces the store
    read = xarray.open_zarr(path, consolidated=False)
    assert read.sizes == {"theta": 1} and [p.name for p in tmp_path.iterdir()] == ["out.zarr"]
    (tmp_path / "folder.zarr").mkdir()
    with pytest.raises(InputError):
        write(tmp_path / "folder.zarr")


def test_boxes_cover_an_array_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    for rows in (1, 3, 10, 100):
        monkeypatch.setattr(array_files, "ROWS", rows)
        for shape in ((1,), (7,), (3, 4), (2, 3, 5), (1, 11, 1)):
            numbers = np.arange(np.prod(shape))
            array = np.full(shape, -1)
            largest, boxes = array_files._slabs(shape)
            for box, block in boxes:
                assert len(block) <= rows
                array[box] = numbers[block.start : block.stop].reshape(
                    array_files._extent(box, shape)
                )
            assert (array == numbers.reshape(shape)).all()
            assert np.prod(largest) <= rows


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".nc", ".zarr"])
def test_boxes_and_row_groups_do_not_change_the_numbers(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vary = {"theta": "0:1:5", "gamma": "1:4:7", "n": "list:2,3,5"}
    fixed = {k: v for k, v in FIXED.items() if k != "n"}
    whole = sweep(SWEPT, vary, fixed)
    for module in (array_files, formats):
        monkeypatch.setattr(module, "ROWS", 8)
    path = tmp_path / f"out{suffix}"
    sweep(SWEPT, vary, fixed, out=path, chunk=11)
    if suffix in (".nc", ".zarr"):
        assert labelled.opened(path).load().equals(whole)
        return
    if suffix == ".csv":
        column = np.array([float(row["V"]) for row in rows_of(path)])
    else:
        column = pytest.importorskip("pyarrow.parquet").read_table(path)["V"].to_numpy()
    assert column.tobytes() == whole["V"].values.tobytes()


def test_zipped_axes() -> None:
    vary = {"nu": [0.1, 0.2, 0.3], "theta": [0.0, 0.5], "lam": [0.5, 0.6, 0.7]}
    fixed = {k: v for k, v in FIXED.items() if k not in ("nu", "lam")} | {"gamma": 2}
    found = sweep(SWEPT, vary, fixed, zipped=[("lam", "nu")])
    assert dict(found.sizes) == {"nu_lambda": 3, "theta": 2}
    for k in range(3):
        point = {ALIASES.get(n, n): float(v) for n, v in fixed.items()}
        point |= {"nu": vary["nu"][k], "lambda": vary["lam"][k], "theta": 0.5}
        single = kernel(GAME).evaluate(point)
        assert found["V"].values[k, 1] == single["V"]
        assert found["lambda"].values[k] == vary["lam"][k]
    for wrong in (("nu", "theta"), ("nu", "gamma"), ("nu", "nu")):
        with pytest.raises(InputError):
            sweep(SWEPT, vary, fixed, zipped=[wrong])
    with pytest.raises(InputError, match="zipped twice"):
        sweep(SWEPT, vary, fixed, zipped=[("lam", "nu"), ("nu", "lam")])


BOX = {"theta": "0:1", "gamma": "0.5:8:log", "n": "2:9"}
REST = {k: v for k, v in FIXED.items() if k != "n"}


@pytest.mark.parametrize("kind", ["sobol", "random"])
def test_samples_do_not_depend_on_the_chunk(kind: str) -> None:
    whole = sweep(SWEPT, BOX, REST, sample=f"{kind}:1000", seed=7)
    assert dict(whole.sizes) == {"sample": 1000}
    for chunk in (1, 13, 999):
        plan = design(SWEPT, BOX, REST, sample=f"{kind}:1000", seed=7)
        parts = [plan.points(b.start, b.stop) for b in plan.blocks(chunk)]
        for name in BOX:
            joined = np.concatenate([part[name] for part in parts])
            assert joined.tobytes() == whole[name].values.tobytes()
    other = sweep(SWEPT, BOX, REST, sample=f"{kind}:1000", seed=8)
    assert not np.array_equal(other["theta"], whole["theta"])
    assert set(np.unique(whole["n"])) == set(range(2, 10))
    gamma = whole["gamma"].values
    assert gamma.min() >= 0.5 and gamma.max() <= 8
    # The median of a logarithmic range is its geometric mean.
    assert np.median(gamma) == pytest.approx(2, rel=0.02 if kind == "sobol" else 0.15)
    assert whole.attrs["varied_seed"] == "7"


def test_the_public_functions_take_names_too() -> None:
    assert design(GAME, AXES, FIXED).identity == design(SWEPT, AXES, FIXED).identity


def test_the_sobol_sample_is_that_of_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    qmc = pytest.importorskip("scipy.stats.qmc")
    for low in (2, 5, 16):  # points are looked up in two tables, split at this bit
        monkeypatch.setattr("eqsolve.studies.sweep.sampling.LOW", low)
        plan = design(SWEPT, {"theta": "0:1", "x": "0:1", "y": "-1:1"}, {**FIXED, "gamma": 2},
                      sample="sobol:333", seed=3)  # fmt: skip
        with pytest.warns(UserWarning, match="balance"):
            unit = qmc.Sobol(3, bits=32, rng=3).random(333)
        found = plan.points(0, 333)
        assert found["theta"].tobytes() == unit[:, 0].tobytes()
        assert found["y"].tobytes() == (-1 + 2 * unit[:, 2]).tobytes()


def test_a_sample_is_combined_with_axes() -> None:
    found = sweep(SWEPT, {"r": [0.01, 0.02], **BOX}, {k: v for k, v in REST.items() if k != "r"},
                  sample="sobol:2^4")  # fmt: skip
    assert dict(found.sizes) == {"r": 2, "sample": 16}
    assert found["theta"].dims == ("sample",)
    assert (found["status"] == Status.OK).all()


@pytest.mark.parametrize(
    ("vary", "sample", "message"),
    [
        (BOX, "sobol:0", "0 points"),
        (BOX, "sobol:2^33", "points"),
        (BOX, "halton:16", "the sample is"),
        (BOX, "sobol", "the sample is"),
        ({"theta": [0.5]}, "sobol:16", "0 parameters"),
        (BOX | {"n": "2.5:9"}, "sobol:16", "whole"),
        (BOX | {"theta": "1:0"}, "sobol:16", "the range of theta"),
        (BOX | {"theta": "0:1:log"}, "sobol:16", "the range of theta"),
    ],
)
def test_bad_samples(vary: dict[str, Any], sample: str, message: str) -> None:
    fixed = {k: v for k, v in FIXED.items() if k not in vary} | {"gamma": 2}
    fixed = {k: v for k, v in fixed.items() if k not in vary} | ({} if "n" in vary else {"n": 3})
    with pytest.raises(InputError, match=message):
        sweep(SWEPT, vary, fixed, sample=sample)
    assert parse_varied("theta", "0:1") == axes.Range(0.0, 1.0)


def test_meanings_and_units() -> None:
    found = sweep(SWEPT, AXES, FIXED)
    assert found["theta"].attrs == {"long_name": "competition weight", "units": "1"}
    assert found["V"].attrs["units"] == "wealth^2"
    assert all(found[name].attrs["long_name"] for name in (*OUTPUTS, *AXES))


def test_the_recorded_command_repeats_the_sweep(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from eqsolve.cli import cli

    vary = {"theta": "0:1:3", "nu": [0.1, 0.2], "sigma": [0.3, 0.4], "gamma": "0.5:8:log"}
    fixed = {k: v for k, v in FIXED.items() if k not in vary}
    found = sweep(SWEPT, vary, fixed, zipped=[("nu", "sigma")], sample="sobol:4", seed=5,
                  columns=["k_x"], selection="value", out=tmp_path / "a.nc")  # fmt: skip
    assert set(found.data_vars) == {"status", "k_x"}
    words = found.attrs["command"].split()
    assert words[0] == "eqsolve"
    out = tmp_path / "b.nc"
    result = CliRunner().invoke(cli, [*words[1:], "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert labelled.opened(out).load().identical(found)


def test_large_results_need_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labelled, "IN_MEMORY", 100)
    for out in (None, tmp_path / "out.csv", tmp_path / "out.parquet"):
        with pytest.raises(InputError, match="do not fit into memory"):
            sweep(SWEPT, AXES, FIXED, out=out)
    monkeypatch.undo()
    whole = sweep(SWEPT, AXES, FIXED)
    monkeypatch.setattr(labelled, "IN_MEMORY", 100)
    for name in ("out.nc", "out.zarr"):
        with sweep(SWEPT, AXES, FIXED, out=tmp_path / name) as lazy:
            assert lazy.equals(whole)


def test_certificates(tmp_path: Path) -> None:
    found = sweep(SWEPT, AXES, FIXED, certified=True)
    good = found["status"] == Status.OK
    assert (found["certified"].where(good, 0) == 0).all()
    assert (found["agrees"].where(good, 1) == 1).all()
    for name in ("p1", "k_x", "k_y", "k_1"):
        inside = (found[f"{name}_lower"] <= found[name]) & (found[name] <= found[f"{name}_upper"])
        assert (inside | ~good).mean() > 0.5  # doubles round, enclosures are narrower than that
    path = tmp_path / "out.csv"
    summary = write(path, certified=True, chunk=5)
    assert "8 certified" in str(summary) and "0 disagree" in str(summary)
    assert rows_of(path)[0]["certified"] == "certified"
    assert rows_of(path)[0]["certified_status"] == "ok"


def test_a_figure_of_the_results(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from eqsolve.cli import cli

    command = ["sweep", GAME, "--vary", "theta=0:1:9", "-p", "gamma=2"]
    command += [part for k, v in FIXED.items() for part in ("-p", f"{k}={v}")]
    assert CliRunner().invoke(cli, command).exit_code == 2
    for more in ([], ["--out", str(tmp_path / "out.nc")]):
        figure = tmp_path / f"figure{len(more)}.png"
        result = CliRunner().invoke(cli, [*command, *more, "--plot", str(figure)])
        assert result.exit_code == 0, result.output
        assert figure.read_bytes().startswith(b"\x89PNG")
        assert ("9 points, 9 ok" in result.output) == bool(more)
