"""Sweeps by processes and on a Dask cluster give the same bytes as by threads."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest

from eqsolve.errors import EqsolveError, InputError
from eqsolve.handle import Handle
from eqsolve.studies.sweep import Execution, Summary, design, execution, write_sweep
from eqsolve.studies.sweep.points import Design
from eqsolve.studies.sweep.storage import work_folder
from reference import cases
from waiting import wait_until

GAME = "n-agent"
VARY = {"theta": "0:1", "gamma": "0.5:8:log", "n": "2:50"}
FIXED = {k: v for k, v in cases.S1.items() if k not in VARY}
CHUNK = 1 << 11

#: Seconds after which the cluster's own parts give each other up.
PATIENCE = 600


@pytest.fixture(scope="module")
def plan() -> Design:
    return design(Handle(GAME), VARY, FIXED, sample="sobol:2^17", seed=3)


@pytest.fixture(scope="module")
def whole(plan: Design, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "out.nc"
    write_sweep(plan, path)
    return path.read_bytes()


@pytest.mark.parametrize("jobs", [1, 2])
def test_threads(jobs: int, plan: Design, whole: bytes, tmp_path: Path) -> None:
    write_sweep(plan, tmp_path / "out.nc", execution=Execution(jobs=jobs, chunk=12345))
    assert (tmp_path / "out.nc").read_bytes() == whole


def test_processes(plan: Design, whole: bytes, tmp_path: Path) -> None:
    pytest.importorskip("joblib")
    chosen = Execution("processes", jobs=2, chunk=10000)
    write_sweep(plan, tmp_path / "out.nc", execution=chosen)
    assert (tmp_path / "out.nc").read_bytes() == whole


def _dies(plan: Design, kernel: str, block: range, parent: int | None) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_dies_is_reported(
    plan: Design, whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("joblib")
    path = tmp_path / "out.nc"
    monkeypatch.setattr(execution, "_evaluate", _dies)
    with pytest.raises(EqsolveError, match="workers were lost.*--resume"):
        write_sweep(plan, path, execution=Execution("processes", jobs=2, chunk=10000))
    monkeypatch.undo()
    assert not path.exists()
    write_sweep(plan, path, resume=True)
    assert path.read_bytes() == whole


class _Forgetful:
    """A stand-in for joblib's Parallel that loses the rest of a wave after two blocks."""

    losses = 0

    def __init__(self, **options: object) -> None:
        pass

    def __enter__(self) -> _Forgetful:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __call__(self, calls: list[Any]) -> Iterator[Any]:
        for index, (function, arguments, options) in enumerate(calls):
            if index == 2 and type(self).losses > 0:
                type(self).losses -= 1
                raise CancelledError
            if index == 0 and type(self).losses == -1:
                raise CancelledError
            yield function(*arguments, **options)


def test_blocks_that_a_cluster_lost_are_handed_out_again(
    plan: Design, whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    joblib = pytest.importorskip("joblib")
    monkeypatch.setattr(joblib, "Parallel", _Forgetful)
    monkeypatch.setattr(execution, "_follow", lambda parent: None)
    chosen = Execution("processes", jobs=2, chunk=10000)
    monkeypatch.setattr(_Forgetful, "losses", 7)
    write_sweep(plan, tmp_path / "out.nc", execution=chosen)
    assert _Forgetful.losses < 7
    assert (tmp_path / "out.nc").read_bytes() == whole
    monkeypatch.setattr(_Forgetful, "losses", -1)
    with pytest.raises(EqsolveError, match=r"workers were lost \(CancelledError\).*--resume"):
        write_sweep(plan, tmp_path / "other.nc", execution=chosen)
    assert not (tmp_path / "other.nc").exists()


def test_workers_end_with_the_command(tmp_path: Path) -> None:
    """After kill -9 of the command, whose workers then wait for somebody to take their results."""
    pytest.importorskip("joblib")
    path = tmp_path / "out.nc"
    journal = work_folder(path) / "journal"
    code = (
        "from eqsolve.studies.sweep import *; from eqsolve.handle import Handle;"
        f"plan = design(Handle({GAME!r}), {VARY!r}, {FIXED!r}, sample='sobol:2^22', seed=3);"
        f"write_sweep(plan, {str(path)!r}, execution=Execution('processes', 2, None, 1 << 14))"
    )
    process = subprocess.Popen([sys.executable, "-P", "-c", code])
    wait_until(lambda: _lines(journal) >= 4, alive=process.poll)
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.kill()
    process.wait()
    assert len(listed) >= 2
    wait_until(lambda: not any(map(_alive, listed)))


def _lines(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def _alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_worker_with_another_kernel_is_refused(plan: Design) -> None:
    with pytest.raises(EqsolveError, match="Install the same version"):
        execution._evaluate(plan, "n_agent_0123456789abcdef", range(1), None)


def _start(*arguments: str, folder: Path) -> subprocess.Popen[bytes]:
    quiet = {
        "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "False",
        "DASK_DISTRIBUTED__SCHEDULER__WORK_STEALING": "True",
    }
    return subprocess.Popen(
        [sys.executable, "-P", "-m", *arguments],
        cwd=folder,
        env=os.environ | quiet,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two worker processes on this machine; address and workers."""
    pytest.importorskip("distributed")
    file = tmp_path / "scheduler.json"
    scheduler = _start(
        *("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"),
        *("--no-dashboard", "--scheduler-file", str(file), "--idle-timeout", f"{PATIENCE}s"),
        folder=tmp_path,
    )
    workers = [
        _start(
            *("distributed.cli.dask_worker", "--scheduler-file", str(file), "--no-nanny"),
            *("--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1"),
            *("--local-directory", str(tmp_path), "--death-timeout", str(PATIENCE)),
            folder=tmp_path,
        )
        for _ in range(2)
    ]
    try:
        address = _address(file, 2)
        yield address, workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


def _address(file: Path, count: int) -> str:
    """The scheduler's address, as soon as its workers are there."""
    distributed: Any = pytest.importorskip("distributed")
    wait_until(lambda: file.exists() and file.read_text().rstrip().endswith("}"))
    address: str = json.loads(file.read_text())["address"]
    with distributed.Client(address, timeout=PATIENCE, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=PATIENCE)
    return address


def test_a_cluster_that_loses_a_worker(
    plan: Design,
    whole: bytes,
    tmp_path: Path,
    cluster: tuple[str, list[subprocess.Popen[bytes]]],
) -> None:
    """Two worker processes; one is killed in the midst, and the result is the same."""
    address, workers = cluster
    path = tmp_path / "out.nc"
    journal = work_folder(path) / "journal"
    blocks = plan.size // CHUNK
    killed_at: list[int] = []

    def kill() -> None:
        wait_until(lambda: _lines(journal) > 5)
        workers[0].kill()
        killed_at.append(_lines(journal) - 1)

    killer = threading.Thread(target=kill)
    killer.start()
    chosen = Execution("dask", scheduler=address, chunk=CHUNK)
    summary: Summary = write_sweep(plan, path, execution=chosen)
    killer.join()
    assert killed_at and killed_at[0] < blocks - 5
    assert workers[0].wait() == -signal.SIGKILL and workers[1].poll() is None
    assert summary.resumed == 0
    assert path.read_bytes() == whole


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nowhere"])
def test_a_scheduler_that_is_not_there(
    address: str, plan: Design, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(execution, "PATIENCE", 1)
    chosen = Execution("dask", scheduler=address)
    with pytest.raises(InputError, match="does not answer"):
        write_sweep(plan, tmp_path / "out.nc", execution=chosen)
    assert not list(tmp_path.iterdir())
