"""Where the outputs of a sweep are kept until it is complete: in memory or in a work folder.

The work folder ``OUT.part`` beside the target holds one file per column, the plain array of its
numbers, and a journal: a line that says what is computed, then one line per finished block with a
checksum of its numbers. Nothing in the folder can be mistaken for a result, a line is believed
only if its own checksum is right, and a block only if the numbers still have theirs. So it does
not matter in which order a crash lets the parts reach the disk.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from eqsolve.numerics.sweep.axes import bad_sweep
from eqsolve.numerics.sweep.columns import dtype

#: Version of the layout of work folders.
LAYOUT = 1

Block = Mapping[str, NDArray[Any]]


class Store(Protocol):
    """Columns that are written block by block and read in any order."""

    def write(self, start: int, block: Block) -> None:
        """Keep the outputs of the points from ``start`` on."""

    def read(self, name: str, start: int, stop: int) -> NDArray[Any]:
        """The numbers of one column from ``start`` to before ``stop``."""


class Memory:
    """Columns in memory."""

    def __init__(self, names: Iterable[str], size: int) -> None:
        self._columns = {name: np.empty(size, dtype(name)) for name in names}

    def write(self, start: int, block: Block) -> None:
        """Keep the outputs of the points from ``start`` on."""
        for name, column in self._columns.items():
            column[start : start + block[name].size] = block[name]

    def read(self, name: str, start: int, stop: int) -> NDArray[Any]:
        """The numbers of one column from ``start`` to before ``stop``."""
        return self._columns[name][start:stop]


class Work:
    """Columns in the work folder of a target, open in this process alone.

    Parameters
    ----------
    target : the file that the sweep is to become.
    names : the columns.
    size : number of points.
    identity : everything that the numbers depend on.
    resume : continue what is there; otherwise nothing may be there.

    Raises
    ------
    InputError
        If an unfinished sweep is there and ``resume`` is not given, if the one that is there is
        another one, damaged at its head or open in another process, or if the folder cannot be
        written.
    """

    def __init__(
        self,
        target: Path,
        names: Sequence[str],
        size: int,
        identity: Mapping[str, str],
        *,
        resume: bool,
    ) -> None:
        self.target, self.folder = target, work_folder(target)
        self._names, self._size = tuple(names), size
        self._stack = ExitStack()
        #: Ranges of points that were finished by an earlier run, in order.
        self.finished: list[range] = []
        #: Number of finished blocks whose numbers have changed since.
        self.damaged = 0
        #: Whether no block was ever finished.
        self.empty = True
        try:
            self._open(identity, resume)
        except OSError as error:
            self.close()
            raise bad_sweep(
                f"the work folder {self.folder} cannot be used: {error.strerror}.",
                "Choose another file.",
            ) from None
        except BaseException:
            self.close()
            raise

    def _open(self, identity: Mapping[str, str], resume: bool) -> None:
        there = self.folder.exists()
        if there and not resume:
            raise bad_sweep(
                f"{self.folder} holds an unfinished sweep.",
                "Continue it with --resume (resume=True), or delete the folder.",
            )
        self.folder.mkdir(exist_ok=True)
        journal = self.folder / "journal"
        foreign = [p for p in self.folder.iterdir() if p.suffix != ".raw" and p != journal]
        if foreign and not journal.exists():
            raise bad_sweep(f"{self.folder} is not a work folder.", "Choose another file.")
        self._journal = self._stack.enter_context(journal.open("a+b", buffering=0))
        try:
            fcntl.flock(self._journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise bad_sweep(
                f"another process writes {self.target}.", "Wait until it has ended."
            ) from None
        self._journal.seek(0)
        text = self._journal.read()
        header, *lines = text.split(b"\n")
        if any(self.folder.glob("*.raw")) or lines:
            self._compare(_record(header), identity)
        else:  # killed before the first line was complete
            self._journal.truncate(0)
            text = b""
        if not text:
            self._note({"layout": LAYOUT, "points": self._size, **identity})
        elif not text.endswith(b"\n"):
            _write_all(self._journal.fileno(), b"\n")
        self._files = {
            name: self._stack.enter_context(_opened(self.folder / f"{name}.raw"))
            for name in self._names
        }
        self._believe(filter(None, map(_record, lines)))

    def _compare(self, header: dict[str, Any] | None, identity: Mapping[str, str]) -> None:
        """Refuse to continue another sweep."""
        if header is None or header.get("layout") != LAYOUT:
            raise bad_sweep(
                f"the journal in {self.folder} is damaged at its head.",
                "Delete the folder and begin anew.",
            )
        wanted: dict[str, Any] = {"layout": LAYOUT, "points": self._size, **identity}
        for key in (*wanted, *header):
            old, new = header.get(key, "absent"), wanted.get(key, "absent")
            if old != new:
                raise bad_sweep(
                    f"{self.folder} holds another sweep: {key} was {old} and is now {new}.",
                    "Repeat the first command with --resume, or delete the folder.",
                )

    def _believe(self, records: Iterable[dict[str, Any]]) -> None:
        """Find the finished blocks whose numbers are as they were."""
        blocks = {(r["start"], r["stop"]): r["crc"] for r in records}
        self.empty = not blocks
        for (start, stop), crc in sorted(blocks.items()):
            read = {name: self.read(name, start, stop) for name in self._names}
            if all(c.size == stop - start for c in read.values()) and checksum(read) == crc:
                self.finished.append(range(start, stop))
            else:
                self.damaged += 1

    def missing(self) -> Iterator[range]:
        """Ranges of points that are still to be computed."""
        position = 0
        for done in self.finished:
            if done.start > position:
                yield range(position, done.start)
            position = max(position, done.stop)
        if position < self._size:
            yield range(position, self._size)

    def write(self, start: int, block: Block) -> None:
        """Keep the outputs of the points from ``start`` on, and note that they are finished."""
        columns = {name: np.ascontiguousarray(block[name]) for name in self._names}
        for name, column in columns.items():
            where = start * column.itemsize
            _write_all(self._files[name].fileno(), column.data.cast("B"), where)
        stop = start + columns["status"].size
        self._note({"start": start, "stop": stop, "crc": checksum(columns)})
        self.empty = False

    def read(self, name: str, start: int, stop: int) -> NDArray[Any]:
        """The numbers of one column from ``start`` to before ``stop``."""
        kind = dtype(name)
        where, count = start * kind.itemsize, (stop - start) * kind.itemsize
        data = os.pread(self._files[name].fileno(), count, where)
        return np.frombuffer(data[: len(data) // kind.itemsize * kind.itemsize], kind)

    def _note(self, record: Mapping[str, Any]) -> None:
        text = json.dumps(record).encode()
        _write_all(self._journal.fileno(), b"%08x %s\n" % (zlib.crc32(text), text))

    def close(self) -> None:
        """Close the files and let other processes continue."""
        self._stack.close()

    def remove(self) -> None:
        """Delete the folder."""
        # In this order nobody can begin to continue a folder that is being deleted.
        shutil.rmtree(self.folder, ignore_errors=True)
        self.close()


def work_folder(target: Path) -> Path:
    """The work folder of a target."""
    return target.with_name(target.name + ".part")


def checksum(columns: Block) -> int:
    """CRC-32 of the numbers of a block, column after column."""
    value = 0
    for column in columns.values():
        value = zlib.crc32(np.ascontiguousarray(column).data, value)
    return value


def _opened(path: Path) -> Any:
    """Open a file to read and write any part of it, creating it if needed."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)


def _write_all(handle: int, data: bytes | memoryview, position: int | None = None) -> None:
    """Write everything or raise OSError; at the end of the file if no position is given."""
    view = memoryview(data)
    while view:
        if position is None:
            count = os.write(handle, view)
        else:
            count = os.pwrite(handle, view, position)
            position += count
        view = view[count:]


def _record(line: bytes) -> dict[str, Any] | None:
    """A line of the journal, or None if it is not whole."""
    crc, _, text = line.partition(b" ")
    if crc != b"%08x" % zlib.crc32(text):
        return None
    record: dict[str, Any] = json.loads(text)
    return record
