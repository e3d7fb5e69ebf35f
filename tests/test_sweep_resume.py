"""Interrupted sweeps: whatever ends them, resuming gives the file of an uninterrupted run."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from eqsolve.errors import EqsolveError, InputError
from eqsolve.handle import Handle
from eqsolve.output import require_writable
from eqsolve.studies.sweep import Execution, design, run, storage, write_sweep
from eqsolve.studies.sweep.storage import Work, work_folder
from reference import cases
from waiting import wait_until

GAME = "n-agent"
VARY = {"theta": "0:1:40", "gamma": "1:5:50"}
FIXED = {k: v for k, v in cases.S1.items() if k not in VARY} | {"n": 3}
SUFFIXES = (".csv", ".parquet", ".nc", ".zarr")
POINTS = 2000
CHUNK = 100


def write(path: Path, *, resume: bool = False, chunk: int = CHUNK, **options: Any) -> run.Summary:
    plan = design(
        Handle(GAME), options.pop("vary", VARY), FIXED | options.pop("fixed", {}), **options
    )
    return write_sweep(plan, path, execution=Execution(chunk=chunk), resume=resume)


def content(path: Path) -> dict[str, bytes]:
    """Every file of a result, by its name within it."""
    if path.is_dir():
        return {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()}
    return {"": path.read_bytes()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the result of an uninterrupted run in every format."""
    folder = tmp_path_factory.mktemp("whole")
    for suffix in SUFFIXES:
        write(folder / f"out{suffix}")
    return folder


class Stop(BaseException):
    """What interrupts a run in these tests."""


@pytest.fixture
def stopping(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A function that lets a run end after some blocks."""
    original = Work.write

    def after(blocks: int) -> None:
        left = [blocks]

        def write_block(self: Work, start: int, block: storage.Block) -> None:
            if not left[0]:
                raise Stop
            left[0] -= 1
            original(self, start, block)

        monkeypatch.setattr(Work, "write", write_block)

    yield after


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_resumed_files_are_identical(
    suffix: str, tmp_path: Path, whole: Path, stopping: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"out{suffix}"
    if suffix == ".csv":
        path.write_text("old")
    for blocks, chunk in ((7, CHUNK), (0, CHUNK), (3, 333)):
        stopping(blocks)
        with pytest.raises(Stop):
            write(path, resume=work_folder(path).exists(), chunk=chunk)
        assert path.exists() == (suffix == ".csv")
        assert work_folder(path).is_dir()
    assert suffix != ".csv" or path.read_text() == "old"
    monkeypatch.undo()
    summary = write(path, resume=True, chunk=77)
    assert summary.resumed == 7 * CHUNK + 3 * 333 and summary.damaged == 0
    assert sum(summary.counts) == POINTS
    assert content(path) == content(whole / path.name)
    assert not work_folder(path).exists()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_interrupted_while_the_file_is_written(
    suffix: str, tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"out{suffix}"

    def stop(*arguments: object) -> None:
        raise Stop

    # before the file is moved to its place, and in the midst of its rows
    for owner, name in ((run, "publish"), (run, "sync_folder"), (Work, "read")):
        monkeypatch.setattr(owner, name, stop)
    with pytest.raises(Stop):
        write(path)
    monkeypatch.undo()
    monkeypatch.setattr(run, "publish", stop)
    monkeypatch.setattr(run, "sync_folder", stop)
    with pytest.raises(Stop):
        write(path, resume=True)
    assert not path.exists()
    monkeypatch.undo()
    summary = write(path, resume=True)
    assert summary.resumed == POINTS
    assert content(path) == content(whole / path.name)


def interrupted(path: Path, stopping: Any, monkeypatch: pytest.MonkeyPatch, blocks: int) -> Path:
    """Leave a work folder with some finished blocks."""
    stopping(blocks)
    with pytest.raises(Stop):
        write(path)
    monkeypatch.undo()
    return work_folder(path)


@pytest.mark.parametrize("column", ["status", "p1", "V"])
def test_a_flipped_byte_is_noticed(
    column: str, tmp_path: Path, whole: Path, stopping: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.csv"
    folder = interrupted(path, stopping, monkeypatch, 7)
    raw = folder / f"{column}.raw"
    data = bytearray(raw.read_bytes())
    data[len(data) // 2] ^= 1
    raw.write_bytes(data)
    summary = write(path, resume=True)
    assert summary.damaged == 1 and summary.resumed == 6 * CHUNK
    assert "1 damaged block computed again" in str(summary)
    assert content(path) == content(whole / path.name)


def test_without_checksums_a_flipped_byte_would_pass(
    tmp_path: Path, whole: Path, stopping: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.csv"
    monkeypatch.setattr(storage, "checksum", lambda columns: 0)
    stopping(7)
    with pytest.raises(Stop):
        write(path)
    raw = work_folder(path) / "V.raw"
    data = bytearray(raw.read_bytes())
    data[1001] ^= 1
    raw.write_bytes(data)
    monkeypatch.undo()
    monkeypatch.setattr(storage, "checksum", lambda columns: 0)
    assert write(path, resume=True).damaged == 0
    assert content(path) != content(whole / path.name)


def test_lost_ends_of_the_data_and_of_the_journal(
    tmp_path: Path, whole: Path, stopping: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.csv"
    folder = interrupted(path, stopping, monkeypatch, 7)
    saved = tmp_path / "saved"
    shutil.copytree(folder, saved)
    lines = (saved / "journal").read_bytes().splitlines(keepends=True)
    damaged = {
        b"".join(lines)[:-1]: 7,
        b"".join(lines)[:-9]: 6,
        b"".join(lines[:1]): 0,
        b"".join([*lines[:3], b"\xff" + lines[3][1:], *lines[4:]]): 6,
        b"".join([*lines[:3], lines[3].replace(b'"start": 200', b'"start": 300'), *lines[4:]]): 6,
        b"".join([*lines, b"\n\n", *lines[2:]]): 7,
    }
    for journal, finished in damaged.items():
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(saved, folder)
        (folder / "journal").write_bytes(journal)
        assert write(path, resume=True).resumed == finished * CHUNK
        assert content(path) == content(whole / path.name)
    shutil.copytree(saved, folder)
    os.truncate(folder / "k_x.raw", 555 * 8)
    assert write(path, resume=True).damaged == 2
    assert content(path) == content(whole / path.name)
    for head in (b"", b"\xff"):  # without its first line nothing in the folder can be believed
        shutil.copytree(saved, folder)
        (folder / "journal").write_bytes(head + b"".join(lines[1:] if not head else lines))
        with pytest.raises(InputError, match="damaged at its head"):
            write(path, resume=True)
        shutil.rmtree(folder)


def test_killed_before_the_journal_begins(tmp_path: Path, whole: Path) -> None:
    path = tmp_path / "out.csv"
    for journal in (None, b"", b"0123 {"):
        work_folder(path).mkdir()
        if journal is not None:
            (work_folder(path) / "journal").write_bytes(journal)
        with pytest.raises(InputError, match="--resume"):
            write(path)
        assert write(path, resume=True).resumed == 0
        assert content(path) == content(whole / path.name)
        path.unlink()


def test_another_sweep_is_not_continued(
    tmp_path: Path, stopping: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.csv"
    folder = interrupted(path, stopping, monkeypatch, 7)
    before = content(folder)
    with pytest.raises(InputError, match="holds an unfinished sweep.*--resume"):
        write(path)
    changes: list[tuple[dict[str, Any], str]] = [
        ({"fixed": {"n": 4}}, "n was 3.0 and is now 4.0"),
        ({"vary": VARY | {"gamma": "1:6:50"}}, "gamma was 50 values from 1.0 to 5.0"),
        ({"vary": VARY | {"gamma": "1:5:51"}}, "points was 2000"),
        ({"vary": dict(reversed(VARY.items()))}, "dimensions was theta gamma"),
        ({"selection": "value"}, "selection was limit"),
        ({"columns": ["V"]}, "columns was"),
    ]
    for change, words in changes:
        with pytest.raises(InputError, match=words):
            write(path, resume=True, **change)
    monkeypatch.setattr("eqsolve.studies.sweep.points.version", lambda name: "0")
    with pytest.raises(InputError, match="eqsolve was .* and is now 0"):
        write(path, resume=True)
    assert content(folder) == before and not path.exists()


def test_one_process_at_a_time(
    tmp_path: Path, stopping: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.csv"
    interrupted(path, stopping, monkeypatch, 2)
    plan = design(Handle(GAME), VARY, FIXED)
    with closing(Work(path, plan.columns, plan.size, plan.identity, resume=True)):
        with pytest.raises(InputError, match="another process"):
            write(path, resume=True)
    assert write(path, resume=True).resumed == 2 * CHUNK


def test_a_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    work_folder(path).mkdir()
    (work_folder(path) / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="not a work folder"):
        write(path, resume=True)
    assert content(work_folder(path)) == {"letter.txt": b"dear"}


def test_a_sweep_larger_than_the_disk_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free._replace(free=10**6))
    for suffix in SUFFIXES:
        with pytest.raises(InputError, match="2000 points need about"):
            write(tmp_path / f"out{suffix}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_estimate_of_the_size_is_close(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"out{suffix}"
    plan = design(Handle(GAME), {"theta": "0:1:300", "gamma": "1:5:200"}, FIXED)
    estimate = run.FORMATS[suffix].estimate(plan)
    write_sweep(plan, path)
    size = sum(map(len, content(path).values()))
    assert size <= estimate <= 2.5 * size + (1 << 20)


# From here on, real processes meet real ends.

ARGUMENTS = [
    *("sweep", GAME, "--vary", "theta=0:1:500", "--vary", "gamma=1:5:1200"),
    *(part for k, v in FIXED.items() for part in ("-p", f"{k}={v}")),
]


def command(*more: str, before: str = "") -> list[str]:
    """The command line in a process of its own, with small blocks."""
    code = f"import resource, sys; {before or 'pass'}; from eqsolve.studies.sweep import execution"
    code += "; execution.CHUNK = 1 << 11; from eqsolve.cli import main; main()"
    return [sys.executable, "-P", "-c", code, *ARGUMENTS, *more]


def finished_lines(path: Path) -> int:
    try:
        return (work_folder(path) / "journal").read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reference") / "out.parquet"
    subprocess.run(command("--out", str(path)), check=True)
    return path


def stop_midway(path: Path, number: int, lines: int) -> subprocess.CompletedProcess[str]:
    """Send a signal as soon as the journal has some lines."""
    process = subprocess.Popen(
        command("--resume", "--out", str(path)), stderr=subprocess.PIPE, text=True
    )
    wait_until(lambda: finished_lines(path) >= lines or process.poll() is not None)
    process.send_signal(number)
    _, errors = process.communicate()
    return subprocess.CompletedProcess([], process.returncode, "", errors)


def test_kill_minus_nine_again_and_again(tmp_path: Path, reference: Path) -> None:
    path = tmp_path / "out.parquet"
    rng = random.Random(5)
    lines = kills = 0
    while kills < 2:
        lines += rng.randrange(2, 60)
        done = stop_midway(path, signal.SIGKILL, lines)
        if done.returncode != -signal.SIGKILL:
            break
        kills += 1
        assert not path.exists()
    assert kills == 2
    done = subprocess.run(command("--resume", "--out", str(path)), capture_output=True, text=True)
    assert done.returncode == 0 and "taken over" in done.stderr
    assert path.read_bytes() == reference.read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["out.parquet"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals(number: int, code: int, tmp_path: Path, reference: Path) -> None:
    path = tmp_path / "out.parquet"
    done = stop_midway(path, number, 5)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert number != signal.SIGINT or "--resume" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["out.parquet.part"]
    assert not any(p.name.startswith(".") for p in work_folder(path).iterdir())
    subprocess.run(command("--resume", "--out", str(path)), check=True)
    assert path.read_bytes() == reference.read_bytes()


@pytest.mark.parametrize(
    ("limit", "name"), [(1 << 20, "out.parquet"), (5 << 20, "out.parquet"), (3 << 20, "out.nc")]
)
def test_a_full_disk(limit: int, name: str, tmp_path: Path, reference: Path) -> None:
    """First no column, then not the file fits: a limit on the size of files stands for the disk."""
    path = tmp_path / name
    before = f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))"
    done = subprocess.run(
        command("--out", str(path), before=before), capture_output=True, text=True
    )
    assert done.returncode == 1, done.stderr
    assert "ake room, then use --resume" in done.stderr and "Traceback" not in done.stderr
    assert not path.exists()
    again = subprocess.run(command("--resume", "--out", str(path)), capture_output=True, text=True)
    # netCDF has its full size from the begin: there no number was computed in vain
    assert again.returncode == 0 and ("taken over" in again.stderr) == (path.suffix != ".nc")
    if path.suffix == reference.suffix:
        assert path.read_bytes() == reference.read_bytes()


def test_a_small_disk(tmp_path: Path) -> None:
    """A real file system that is full; only the superuser can make one."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    mount = shutil.which("mount")
    made = (
        mount
        and not subprocess.run(
            [mount, "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(mounted)], capture_output=True
        ).returncode
    )
    if not made:
        pytest.skip("no file system can be mounted here")
    try:
        ballast = mounted / "ballast"
        path = mounted / "out.csv"
        plan = design(Handle(GAME), VARY, FIXED)
        with pytest.raises(EqsolveError, match="No space left on device"):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(run, "_check_disk", lambda *arguments: None)
                free = shutil.disk_usage(mounted).free
                ballast.write_bytes(bytes(free - 80_000))
                write_sweep(plan, path, execution=Execution(chunk=CHUNK))
        assert not path.exists()
        with pytest.raises(InputError, match="are free"):
            write_sweep(plan, path, resume=True)
        ballast.unlink()
        assert write_sweep(plan, path, resume=True).resumed > 0
        assert path.read_text().count("\n") == POINTS + 1
    finally:
        subprocess.run(["umount", str(mounted)], check=True)


def test_memory_is_bounded(tmp_path: Path) -> None:
    """Eight times as many points, but at most a tenth more memory.

    The peak of the process's own memory: the one that rusage gives includes its parent's.
    """
    code = (
        "import re, sys; from pathlib import Path;"
        "from eqsolve.studies.sweep import design, write_sweep;"
        "from eqsolve.handle import Handle;"
        f"plan = design(Handle({GAME!r}), {{'theta': '0:1:1000', 'gamma': sys.argv[1]}},"
        f"{json.dumps(FIXED)}, columns=['k_x', 'V']);"
        "write_sweep(plan, sys.argv[2]);"
        "print(re.search(r'VmHWM:\\s*(\\d+)', Path('/proc/self/status').read_text()).group(1))"
    )
    peaks = [
        int(
            subprocess.run(
                [sys.executable, "-P", "-c", code, f"1:5:{count}", str(tmp_path / "out.nc")],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for count in (500, 4000)
    ]
    assert peaks[1] < 1.1 * peaks[0]
    assert peaks[1] < 1_000_000  # kilobytes


def test_sigterm_leaves_no_temporary_file(tmp_path: Path) -> None:
    for kind in ("staged", "replacing"):
        body = (
            "import os, signal, sys; from pathlib import Path; import eqsolve.output as o\n"
            f"with o.{kind}(Path(sys.argv[1])) as place:\n"
            "    os.kill(os.getpid(), signal.SIGTERM)\n"
        )
        place = tmp_path / kind
        target = place if kind == "staged" else place / "file"
        place.mkdir()
        done = subprocess.run([sys.executable, "-P", "-c", body, str(target)])
        assert done.returncode == 143
        assert list(place.iterdir()) == []


def test_a_kill_while_a_folder_is_tried_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file with which a folder is tried has no name."""
    seen: list[list[Path]] = []
    close = os.close

    def watched(handle: int) -> None:
        seen.append(list(tmp_path.iterdir()))
        close(handle)

    monkeypatch.setattr("tempfile._os.close", watched)
    monkeypatch.setattr("tempfile.mkstemp", None)
    require_writable(tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == [] and not any(seen)
