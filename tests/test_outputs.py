"""Output files: whole or absent whatever fails, links followed, nothing of others' deleted."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from eqsolve.cli import cli
from eqsolve.errors import EqsolveError, InputError
from eqsolve.handle import Handle
from eqsolve.kernels import storage
from eqsolve.latex import document
from eqsolve.output import real, replacing, require_writable, staged
from eqsolve.studies.sweep import Execution, design, sweep, write_sweep

GAME = "n-agent"
FIXED: dict[str, object] = {"r": 0.03, "b": 0.12, "nu": 0.2, "sigma": 0.2, "theta": 0.5}
FIXED |= {"alpha": 1, "beta": 0.5, "lambda": 0.6, "n": 3}
VARY = {"gamma": "1:5:4"}
#: A declared game, whose kernel and columns come another way.
DECLARED: dict[str, object] = {"nu": "0.1", "c": 1, "xT": 0, "m0": 0, "v0": 1}
SUFFIXES = (".csv", ".parquet", ".nc", ".zarr")


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments])


def _write(path: Path, *, resume: bool = False, declared: bool = False) -> None:
    if declared:
        plan = design(Handle("lq-target"), {"T": "1:4:4"}, DECLARED)
    else:
        plan = design(Handle(GAME), VARY, FIXED, columns=["k_x"])
    write_sweep(plan, path, execution=Execution(chunk=2), resume=resume)


def _content(path: Path) -> dict[str, bytes]:
    if path.is_dir():
        return {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()}
    return {"": path.read_bytes()} if path.exists() else {}


class Shim:
    """Makes the k-th call of the system fail, or end the process: calls that change the disk."""

    NAMES = ("fsync", "replace", "rename", "mkdir", "chmod", "unlink", "remove", "rmdir")

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.calls, self.at = 0, 0
        self.strike: Callable[[], None] = lambda: None
        for name in self.NAMES:
            patch.setattr(os, name, self._counted(getattr(os, name)))
        opened = io.open

        def open_file(*arguments: Any, **options: Any) -> Any:
            file = opened(*arguments, **options)
            return _File(file, self._counted(file.write)) if file.writable() else file

        patch.setattr(io, "open", open_file)
        patch.setattr("builtins.open", open_file)

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.calls += 1
            if self.calls == self.at:
                self.strike()
            return function(*arguments, **options)

        return call


class _File:
    """A file whose writes are counted."""

    def __init__(self, file: Any, write: Callable[..., Any]) -> None:
        self._file, self.write = file, write

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *reason: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._file)


def _full() -> None:
    raise OSError(28, "No space left on device")


def _failures(act: Callable[[], None], check: Callable[[], None], most: int) -> int:
    """Let the k-th call fail, for every k until none does; ``check`` looks at what is left."""
    for k in range(1, most):
        with pytest.MonkeyPatch.context() as patch:
            shim = Shim(patch)
            shim.at, shim.strike = k, _full
            try:
                act()
            except EqsolveError:
                pass
            struck = shim.calls >= k
        check()
        if not struck:
            return k - 1
    raise AssertionError(f"more than {most} calls")


@pytest.mark.parametrize(
    ("suffix", "before", "declared"),
    [
        (".csv", False, False),
        (".csv", True, False),
        (".zarr", False, False),
        (".zarr", True, False),
        (".csv", True, True),
    ],
)
def test_a_sweep_is_whole_or_absent_whichever_call_fails(
    suffix: str, before: bool, declared: bool, tmp_path: Path
) -> None:
    _write(tmp_path / f"whole{suffix}", declared=declared)
    whole = _content(tmp_path / f"whole{suffix}")
    target = tmp_path / f"out{suffix}"
    old = {"": b"old"} if suffix == ".csv" else whole
    if before and suffix == ".csv":
        target.write_bytes(b"old")
    elif before:
        _write(target, declared=declared)
    allowed = [whole, old if before else {}]

    def check() -> None:
        found = _content(target)
        if suffix == ".zarr" and before and not found:
            # Between two renamings the old store is in the work folder: resuming brings the new.
            assert (tmp_path / "out.zarr.part").exists()
        else:
            assert found in allowed
        if (tmp_path / f"out{suffix}.part").exists():
            _write(target, resume=True, declared=declared)
            assert _content(target) == whole
        assert not list(tmp_path.glob(".eqsolve-*")) and not list(tmp_path.glob("*.part"))

    assert _failures(lambda: _write(target, declared=declared), check, 400) > 10


@pytest.mark.parametrize("declared", [False, True])
def test_a_sweep_resumes_after_a_kill_at_any_moment(declared: bool, tmp_path: Path) -> None:
    """The process ends at the k-th call, without a chance to tidy up."""
    _write(tmp_path / "whole.csv", declared=declared)
    whole = _content(tmp_path / "whole.csv")
    target, k, code = tmp_path / "out.csv", 0, 9
    while code:
        k += 1
        child = os.fork()
        if child == 0:
            shim = Shim(pytest.MonkeyPatch())
            shim.at, shim.strike = k, lambda: os._exit(9)
            _write(target, resume=True, declared=declared)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code in (0, 9)
        assert _content(target) in ({}, whole)
        _write(target, resume=True, declared=declared)
        assert _content(target) == whole and not target.with_name("out.csv.part").exists()
        target.unlink()
        target.with_name("out.csv.json").unlink()
        for left in tmp_path.glob(".eqsolve-*"):  # of the metadata, which is not continued
            left.unlink()
    assert k > 20


def _visible(folder: Path) -> set[tuple[str, str]]:
    """Names and texts of what is in a folder but for hidden parts that could not be deleted."""
    return {(p.name, p.read_text()) for p in folder.glob("[!.]*")}


def test_a_folder_is_whole_file_by_file_whichever_call_fails(tmp_path: Path) -> None:
    """Where the folder is there before."""
    target = tmp_path / "out"
    target.mkdir()
    texts = {f"{k}.txt": str(k) * 100 for k in range(3)}

    def act() -> None:
        with staged(target) as folder:
            for name, text in texts.items():
                (folder / name).write_text(text)

    def check() -> None:
        assert _visible(target) <= texts.items()

    assert _failures(act, check, 60) > 5


def _texts(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> tuple[Callable[[], object], dict[str, str]]:
    texts = {"a.tex": "a" * 1000, "b.tex": "b" * 1000, "ledger.json": "{}"}
    monkeypatch.setattr(document, "files", lambda models, style: texts)
    return lambda: document.write(folder, []), texts


def _figures(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> tuple[Callable[[], object], dict[str, str]]:
    """The figures of the paper, two of them, without what takes long: the drawing."""
    from eqsolve.paper_figures import runner

    def draw(stage: Path) -> list[Any]:
        for name in ("one.pdf", "two.csv"):
            (stage / name).write_text(name * 100)
        return []

    monkeypatch.setattr(runner, "draw", draw)
    return lambda: runner.write(folder), {n: n * 100 for n in ("one.pdf", "two.csv")}


def _report(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> tuple[Callable[[], object], dict[str, str]]:
    """The paper's folder without what takes long: deriving, drawing, checking, typesetting."""
    from eqsolve import claims, papers
    from eqsolve.site import browse, page, report
    from eqsolve.verify import suite

    class Paper:
        def draw(self, stage: Path) -> list[Any]:
            (stage / "one.pdf").write_text("figure")
            return []

        def baseline(self) -> dict[str, Any]:
            return {}

        sets = baseline

    checked = {"checks": [], "caught": 0, "planted": 0}
    texts = {"a.tex": "a" * 1000}
    for place, name, value in (
        (papers, "papers", lambda: [Paper()]),
        (document, "files", lambda *_: texts),
        (document, "ledger_rows", lambda _: []),
        (suite, "run_command", lambda *_, **__: (True, checked)),
        (claims, "judge", lambda **_: []),
        (page, "render", lambda *_: "report"),
        (browse, "render_ledger", lambda *_: "ledger"),
        (browse, "render_claims", lambda *_: "claims"),
    ):
        monkeypatch.setattr(place, name, value)
    tables = {name: "[]\n" for name in ("ledger.json", "claims.json")}
    tables["verification.json"] = json.dumps(checked, indent=1) + "\n"
    pages = {"index.html": "report", "ledger.html": "ledger", "claims.html": "claims"}
    whole = {"latex/a.tex": texts["a.tex"], "figures/one.pdf": "figure", **pages, **tables}
    return lambda: report.write(folder, []), whole


@pytest.mark.parametrize("prepare", [_texts, _figures, _report])
def test_a_new_folder_is_whole_or_absent_whichever_call_fails(
    prepare: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "new" / "out"
    act, texts = prepare(monkeypatch, target)
    found: list[bool] = []

    def check() -> None:
        content = _content(target) if target.exists() else {}
        assert content in ({}, {name: text.encode() for name, text in texts.items()})
        found.append(bool(content))
        shutil.rmtree(target.parent, ignore_errors=True)
        assert not list(tmp_path.iterdir())

    assert _failures(lambda: (act(), None)[1], check, 200) > 10
    assert found[-1] and not all(found)


def test_a_file_is_whole_or_absent_whichever_call_fails(tmp_path: Path) -> None:
    def act() -> None:
        with replacing(tmp_path / "a.txt") as file:
            file.write_text("a" * 1000)

    def check() -> None:
        assert _content(tmp_path / "a.txt") in ({}, {"": b"a" * 1000})
        assert not list(tmp_path.glob(".eqsolve-*"))
        (tmp_path / "a.txt").unlink(missing_ok=True)

    assert _failures(act, check, 60) > 2


@pytest.mark.parametrize(
    ("suffix", "declared"), [*((suffix, False) for suffix in SUFFIXES), (".csv", True)]
)
def test_a_symbolic_link_is_followed(suffix: str, declared: bool, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    far, near = tmp_path / "far" / f"real{suffix}", tmp_path / f"near{suffix}"
    near.symlink_to(far)
    for _ in range(2):  # first it leads nowhere
        _write(near, declared=declared)
        assert near.is_symlink() and far.exists() and not far.is_symlink()
    assert {p.name for p in tmp_path.iterdir()} <= {"far", near.name, f"{near.name}.json"}


def test_a_link_that_leads_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").symlink_to(tmp_path / "b.csv")
    (tmp_path / "b.csv").symlink_to(tmp_path / "a.csv")
    for use in (require_writable, lambda path: replacing(path).__enter__()):
        with pytest.raises(InputError, match="does not name a file"):
            use(tmp_path / "a.csv")
    assert (tmp_path / "a.csv").is_symlink()


def test_links_inside_a_folder_are_followed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.txt").symlink_to(tmp_path / "b.txt")
    with staged(tmp_path / "out") as folder:
        (folder / "a.txt").write_text("new")
    assert (tmp_path / "out" / "a.txt").is_symlink()
    assert (tmp_path / "b.txt").read_text() == "new"
    assert real(tmp_path / "out" / "a.txt") == tmp_path / "b.txt"


@pytest.mark.parametrize("name", ["/dev/null", "pipe.csv", "link.csv"])
def test_pipes_and_devices_are_refused(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "link.csv").symlink_to("/dev/null")
    path = tmp_path / name
    for use in (lambda: require_writable(path), lambda: replacing(path).__enter__()):
        with pytest.raises(InputError, match="does not name a file"):
            use()
    if path.suffix:
        with pytest.raises(InputError, match="does not name a file|no suffix of a known format"):
            _write(path)
    with pytest.raises(InputError, match="does not name a file"), staged(tmp_path) as folder:
        (folder / "pipe.csv").write_text("a")
    assert (tmp_path / "pipe.csv").is_fifo()


@pytest.mark.parametrize("name", ["notes.txt", "k_x/c/notes", "k_x/more/0", "new/notes.txt"])
def test_a_store_with_files_of_others_is_not_replaced(name: str, tmp_path: Path) -> None:
    pytest.importorskip("zarr")
    target = tmp_path / "out.zarr"
    _write(target)
    foreign = target / name
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_text("mine")
    with pytest.raises(InputError, match="which is not of the store"):
        _write(target)
    assert foreign.read_text() == "mine"
    foreign.unlink()
    if foreign.parent.name in ("new", "more"):
        foreign.parent.rmdir()
    _write(target)


def test_a_lost_chunk_is_not_taken_for_an_answer(tmp_path: Path) -> None:
    xarray = pytest.importorskip("xarray")
    target = tmp_path / "out.zarr"
    found = sweep(Handle(GAME), VARY, FIXED, out=target, certified=True)
    assert (found["status"] == 0).all()
    assert "consolidated_metadata" in (target / "zarr.json").read_text()
    for chunk in target.glob("*/c/*"):
        chunk.unlink()
    with xarray.open_zarr(target, consolidated=True) as left:
        assert not set(np.unique(left["status"])) & set(left["status"].attrs["flag_values"])
        for name, column in left.variables.items():
            values = column.values
            assert np.isnan(values).all() if values.dtype.kind == "f" else (values == -128).all()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EQSOLVE_CACHE_DIR", str(tmp_path / "shared"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own"))
    return tmp_path / "shared" / "kernels"


def test_the_place_of_the_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert storage.cache_folder() == cache
    monkeypatch.delenv("EQSOLVE_CACHE_DIR")
    assert storage.cache_folder() == cache.parents[1] / "own" / "eqsolve" / "kernels"
    written = storage.write("a = 1\n", "made")
    assert written.parent == storage.cache_folder()
    assert written.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
def test_a_cache_that_others_can_write_to_is_passed_over(mode: int, cache: Path) -> None:
    cache.mkdir(parents=True)
    cache.chmod(mode)
    assert storage.cache_folder() == cache.parents[1] / "own" / "eqsolve" / "kernels"
    cache.chmod(0o755)
    assert storage.cache_folder() == cache
    cache.parent.chmod(0o777)
    assert storage.cache_folder() != cache
    cache.parent.chmod(0o1777)
    assert storage.cache_folder() == cache


def test_a_cache_of_another_user_is_passed_over(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir(parents=True)
    monkeypatch.setattr(os, "getuid", lambda: cache.stat().st_uid + 1)
    own = cache.parents[1] / "own" / "eqsolve" / "kernels"
    assert storage.cache_folder() == own
    own.mkdir(parents=True)
    private = storage.cache_folder()
    assert private not in (cache, own) and private.stat().st_mode & 0o077 == 0


def test_no_import_needs_posix() -> None:
    """As on Windows: its Python has none of these modules and functions."""
    program = """
import importlib, os, pkgutil, signal, sys
import click, filelock, flint, jinja2, matplotlib.figure, mpmath, numba, numpy, pandas, platformdirs
import pylatexenc, scipy.integrate, sympy, tqdm, xarray  # others look for themselves
hidden = {"fcntl", "pwd", "grp", "resource", "termios", "tty", "pty", "syslog"}
for name in hidden:
    sys.modules[name] = None
absent = ("fchmod", "pread", "pwrite", "sched_getaffinity", "getuid", "mkfifo", "fork", "statvfs")
for name in (*absent, "O_NONBLOCK", "geteuid", "getpgid", "setsid"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGHUP", "SIGALRM", "SIGKILL", "SIGUSR1", "setitimer", "pthread_kill"):
    delattr(signal, name)
import eqsolve
for module in pkgutil.walk_packages(eqsolve.__path__, "eqsolve."):
    if "__main__" not in module.name and "_grid" not in module.name:
        importlib.import_module(module.name)
from eqsolve.files import read_text
assert read_text(eqsolve.__file__, stage="test").startswith('\"')
from eqsolve.studies.sweep import Execution
from eqsolve.kernels.storage import cache_folder
assert Execution().workers >= 1 and cache_folder().name
import tempfile
from pathlib import Path
from eqsolve.output import replacing
target = Path(tempfile.mkdtemp()) / "a"
with replacing(target) as file:
    file.write_text("a")
assert target.read_text() == "a"
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
