"""A sweep from its design to its file, or to what is left of it after an interruption."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import EqsolveError, InputError
from eqsolve.output import publish, real, replacing, require_writable, sync_folder, terminable
from eqsolve.status import Status
from eqsolve.studies.sweep.axes import bad_sweep
from eqsolve.studies.sweep.columns import point_bytes, words
from eqsolve.studies.sweep.execution import CHUNK, Execution, optional
from eqsolve.studies.sweep.following import Followed
from eqsolve.studies.sweep.formats import FORMATS, csv_metadata
from eqsolve.studies.sweep.points import Design
from eqsolve.studies.sweep.storage import Memory, Store, Work, discard, work_folder

#: Fewest points whose columns are written to their places in the file at once.
LAID = 1 << 10
#: Part of the free disk that a sweep leaves alone.
RESERVE = 0.02


@dataclass(frozen=True)
class Summary:
    """What became of a sweep.

    Attributes
    ----------
    target : the file, or None.
    counts : number of points by status.
    resumed : number of points taken over from an earlier run.
    damaged : number of finished blocks that had changed on the disk and were computed again.
    verdicts : number of points by verdict of the certificate.
    wrong : number of points whose outputs are further from the proof than they should be.
    """

    target: Path | None
    counts: tuple[int, ...]
    resumed: int = 0
    damaged: int = 0
    verdicts: tuple[tuple[str, int], ...] = ()
    wrong: int = 0

    def __str__(self) -> str:
        told = [f"{count} {status.label}" for status, count in zip(Status, self.counts) if count]
        text = f"{self.target}: {_points(sum(self.counts))}, {', '.join(told)}"
        text += f"; {_points(self.resumed)} taken over" if self.resumed else ""
        blocks = f"{self.damaged} damaged block{'s' if self.damaged > 1 else ''}"
        text += f"; {blocks} computed again" if self.damaged else ""
        if self.verdicts:
            told = [f"{count} {label}" for label, count in self.verdicts]
            text += f"; certificates: {', '.join(told)}, {self.wrong} disagree"
        return text


def write_sweep(
    plan: Design,
    out: str | Path,
    *,
    execution: Execution = Execution(),
    resume: bool = False,
    progress: bool = False,
    keep: Callable[[Store], None] | None = None,
) -> Summary:
    """Evaluate a game at the points of a design and write them, in bounded memory.

    CSV and Parquet hold one row per point: the varied parameters, the status in words and the
    outputs. netCDF and Zarr hold arrays with labelled dimensions. Provenance is in the metadata
    (for CSV in ``OUT.json``). The file appears when it is complete. Until then the numbers are in
    the folder ``OUT.part``; after an interruption ``resume`` continues from there, and the file is
    the same, byte for byte, as without it. ``keep`` is shown the numbers before the folder goes.

    Raises
    ------
    InputError
        For anything wrong with the file, a sweep that would not fit on the disk, or an unfinished
        one that is in the way or is another one.
    MissingPartError
        If the format or the backend needs a package that is not installed.
    EqsolveError
        If the disk is full or workers are lost.
    """
    target = check_target(out)
    _check_disk(plan, target)
    with terminable():
        work = Work(
            target, plan.columns, plan.size, plan.identity, resume=resume, laid=_laid(plan, target)
        )
        try:
            missing = list(work.missing())
            with _followed(plan, target, work, missing) as followed:
                _compute(plan, followed or work, missing, execution, progress)
                counts = _counts(plan, work)
                coverage = _coverage(plan, work)
                with _bar(plan.size, 0, progress, "writing") as advance:
                    _write(plan, target, work, followed, advance)
            _publish(target, plan, work)
            if keep is not None:
                keep(work)
            resumed = sum(map(len, work.finished))
            work.remove()
            return Summary(target, counts, resumed, work.damaged, *coverage)
        except EqsolveError as error:
            if work.empty or isinstance(error, _NothingValid):
                work.remove()
            raise
        except OSError as error:
            raise EqsolveError(
                f"{target} could not be written: {error.strerror or error}.",
                game=plan.game,
                stage="sweep",
                remedy=f"What is finished is in {work.folder}: make room, then use --resume.",
            ) from None
        finally:
            work.close()


def _laid(plan: Design, target: Path) -> Callable[[Path], Mapping[str, int]] | None:
    """How the file is made with room for all columns; None if it is written at the end."""
    lay = FORMATS[target.suffix].lay
    return partial(lay, plan) if lay is not None and plan.size >= LAID else None


def in_memory(plan: Design, execution: Execution, progress: bool) -> Memory:
    """Evaluate a game at the points of a design, in memory.

    Raises
    ------
    InputError
        If no point has valid parameters.
    """
    memory = Memory(plan.columns, plan.size)
    _compute(plan, memory, [range(plan.size)], execution, progress)
    _counts(plan, memory)
    return memory


def check_target(out: str | Path) -> Path:
    """Return the path of a file that a sweep can be written to.

    Raises
    ------
    InputError
        If it has no suffix of a known format or cannot be written.
    MissingPartError
        If the format needs a package that is not installed.
    """
    target = real(out)
    if target.suffix not in FORMATS:
        raise bad_sweep(
            f"{str(target)!r} has no suffix of a known format.", f"Use one of {', '.join(FORMATS)}."
        )
    if target.suffix != ".zarr" or not (target / "zarr.json").is_file():
        require_writable(target)
    else:
        _check_store(target)
    # The longest name written is that of the metadata of a CSV file.
    require_writable(target.with_name(target.name + ".json"))
    for package in FORMATS[target.suffix].packages:
        optional(package, f"a {target.suffix} file")
    return target


def _compute(
    plan: Design,
    store: Store,
    missing: Sequence[range],
    execution: Execution,
    progress: bool,
) -> None:
    left = sum(map(len, missing))
    with _bar(plan.size, plan.size - left, progress, "") as advance:
        for start, block in execution.run(plan, missing):
            store.write(start, block)
            advance(block["status"].size)


class _NothingValid(InputError):
    """No point has valid parameters."""


def _counts(plan: Design, store: Store) -> tuple[int, ...]:
    """The number of points by status."""
    counts: NDArray[np.int64] = np.zeros(len(Status), np.int64)
    for block in plan.blocks(CHUNK):
        status = store.read("status", block.start, block.stop)
        counts += np.bincount(status, minlength=len(Status))
    if counts[Status.INVALID_INPUT] == plan.size:
        raise _NothingValid(
            "no point of the sweep has valid parameters.",
            game=plan.game,
            stage="sweep",
            remedy="See eqsolve list.",
        )
    return tuple(counts.tolist())


def _coverage(plan: Design, store: Store) -> tuple[tuple[tuple[str, int], ...], int]:
    """The number of points by verdict, and of those that disagree with their proof."""
    if not plan.certified:
        return (), 0
    labels = words("certified")
    counts: NDArray[np.int64] = np.zeros(len(labels), np.int64)
    wrong = 0
    for block in plan.blocks(CHUNK):
        found = store.read("certified", block.start, block.stop)
        counts += np.bincount(found, minlength=len(labels))
        wrong += int((store.read("agrees", block.start, block.stop) == 0).sum())
    return tuple((n, int(c)) for n, c in zip(labels, counts) if c), wrong


@contextmanager
def _followed(
    plan: Design, target: Path, work: Work, missing: Sequence[range]
) -> Iterator[Followed | None]:
    """The work folder, whose numbers go to the file meanwhile; None for other formats."""
    if not FORMATS[target.suffix].follows:
        yield None
        return
    discard(work.result)
    followed = Followed(work.result, plan, work, missing)
    try:
        yield followed
    finally:
        followed.leave()


def _write(
    plan: Design,
    target: Path,
    work: Work,
    followed: Followed | None,
    advance: Callable[[int], object],
) -> None:
    """Write the file in the work folder, unless it is there."""
    if followed is not None:
        followed.finish(advance)
    elif _laid(plan, target) is None:
        discard(work.result)
        FORMATS[target.suffix].write(work.result, plan, work, advance)


def _publish(target: Path, plan: Design, work: Work) -> None:
    """Move the file from the work folder to its place."""
    temporary, old = work.result, work.folder / "replaced"
    discard(old)
    if target.suffix == ".zarr":
        for path in temporary.rglob("*"):
            sync_folder(path)
        sync_folder(temporary)
        _check_store(target)  # again: somebody may have put a file there since
        if target.exists():
            target.rename(old)
        temporary.rename(target)
        sync_folder(target.parent)
        return
    beside = real(target.with_name(target.name + ".json"))
    if target.suffix == ".csv":
        # An older file of metadata must not stand beside the new numbers.
        beside.unlink(missing_ok=True)
    publish(temporary, target)
    if target.suffix == ".csv":
        with replacing(beside) as temporary:
            temporary.write_text(csv_metadata(plan), encoding="utf-8")


#: The files of a store of format 3 and its folders, below the store.
_STORE = re.compile(r"zarr\.json|[^/]+(/zarr\.json|/c(/[0-9]+)*)?")


def _check_store(target: Path) -> None:
    """Refuse to replace a folder that holds anything but a Zarr store."""
    for path in target.rglob("*") if target.is_dir() else ():
        name = path.relative_to(target).as_posix()
        whole = "/" in name or name == "zarr.json" or (path / "zarr.json").is_file()
        if not (whole and _STORE.fullmatch(name)):
            raise bad_sweep(
                f"{target} holds {name!r}, which is not of the store.",
                "Choose another name, or move it away.",
            )


def _check_disk(plan: Design, target: Path) -> None:
    """Refuse a sweep whose work folder and file would not fit on the disk together."""
    folder = work_folder(target)
    own = [*folder.glob("*.raw"), *folder.glob(f"result{target.suffix}")]
    there = sum(p.stat().st_blocks * 512 for p in own)
    needed = FORMATS[target.suffix].estimate(plan)
    if _laid(plan, target) is None:
        needed += plan.size * point_bytes(plan.columns)
    free = shutil.disk_usage(target.parent).free * (1 - RESERVE) + there
    if needed > free:
        raise bad_sweep(
            f"{plan.size} points need about {_gigabytes(needed)} on the disk of {target}, while "
            f"they are computed and then written; {_gigabytes(free)} are free.",
            "Choose fewer points or columns, or another disk.",
            plan.game,
        )


def _points(count: int) -> str:
    return f"{count} point{'s' if count != 1 else ''}"


def _gigabytes(count: float) -> str:
    return f"{count / 1e9:.3g} GB"


@contextmanager
def _bar(total: int, initial: int, progress: bool, title: str) -> Iterator[Callable[[int], object]]:
    """A function to call with the number of points done; it moves a bar on stderr."""
    if not progress:
        yield lambda count: None
        return
    tqdm = import_module("tqdm").tqdm
    with tqdm(
        total=total,
        initial=initial,
        desc=title or None,
        unit="points",
        unit_scale=True,
        file=sys.stderr,
    ) as bar:
        yield bar.update
