"""Where the outputs of a sweep are kept until it is complete: in memory or in a work folder.

The work folder ``OUT.part`` beside the target holds one file per column, the plain array of its
numbers, and a journal: a line that says what is computed, then one line per finished block with a
checksum of its numbers. Where the file that the sweep is to become holds columns as plain arrays,
too, they are written to their places in it, so that nothing is written twice. Nothing in the folder
can be mistaken for a result, a line is believed only if its own checksum is right, and a block only
if the numbers still have theirs. So it does not matter in which order a crash lets the parts reach
the disk.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from eqsolve.errors import EqsolveError
from eqsolve.studies.sweep.axes import bad_sweep
from eqsolve.studies.sweep.columns import dtype

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
    laid : makes the file of the target with room for all columns, and tells at which bytes they
        begin; None if it is made when all numbers are known.

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
        laid: Callable[[Path], Mapping[str, int]] | None = None,
    ) -> None:
        self.target, self.folder = target, work_folder(target)
        #: The file that becomes the target.
        self.result = self.folder / f"result{target.suffix}"
        self._names, self._size = tuple(names), size
        self._stack = ExitStack()
        self._lock = FileLock(self.folder / "lock")
        #: Held from where a file is opened at a place until it is read or written there.
        self._moving = threading.Lock()
        #: Ranges of points that were finished by an earlier run, in order.
        self.finished: list[range] = []
        #: Number of finished blocks whose numbers have changed since.
        self.damaged = 0
        #: Whether no block was ever finished.
        self.empty = True
        try:
            self._open(identity, resume, laid)
        except OSError as error:
            self.close()
            raise bad_sweep(
                f"the work folder {self.folder} cannot be used: {error.strerror}.",
                "Choose another file.",
            ) from None
        except BaseException:
            self.close()
            raise

    def _open(
        self,
        identity: Mapping[str, str],
        resume: bool,
        laid: Callable[[Path], Mapping[str, int]] | None,
    ) -> None:
        there = self.folder.exists()
        if there and not resume:
            raise bad_sweep(
                f"{self.folder} holds an unfinished sweep.",
                "Continue it with --resume (resume=True), or delete the folder.",
            )
        self.folder.mkdir(exist_ok=True)
        journal = self.folder / "journal"
        foreign = [p for p in self.folder.iterdir() if p.suffix != ".raw" and p.name != "lock"]
        if foreign and journal not in foreign:
            raise bad_sweep(f"{self.folder} is not a work folder.", "Choose another file.")
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise bad_sweep(
                f"another process writes {self.target}.", "Wait until it has ended."
            ) from None
        except NotImplementedError:
            raise bad_sweep(
                f"the file system of {self.folder} has no locks.", "Choose another disk."
            ) from None
        self._journal = self._stack.enter_context(journal.open("a+b", buffering=0))
        self._journal.seek(0)
        text = self._journal.read()
        header, *lines = text.split(b"\n")
        if any(self.folder.glob("*.raw")) or self.result.exists() or lines:
            self._compare(_record(header), identity)
        else:  # killed before the first line was complete
            self._journal.truncate(0)
            text = b""
        if not text:
            self._note({"layout": LAYOUT, "points": self._size, **identity})
        elif not text.endswith(b"\n"):
            _write_all(self._journal, b"\n")
        records = [record for record in map(_record, lines) if record is not None]
        self._files = self._laid(laid, records) if laid is not None else self._apart()
        self._believe(record for record in records if "start" in record)

    def _apart(self) -> dict[str, tuple[Any, int]]:
        """A file for every column, and the byte at which it begins."""
        paths = {name: self.folder / f"{quote(name, safe='')}.raw" for name in self._names}
        return {n: (self._stack.enter_context(_opened(p)), 0) for n, p in paths.items()}

    def _laid(
        self, laid: Callable[[Path], Mapping[str, int]], records: list[dict[str, Any]]
    ) -> dict[str, tuple[Any, int]]:
        """The file of the target for all columns, and where in it each begins."""
        places = next((r["places"] for r in records if "places" in r), None)
        if places is None or not self.result.exists():
            records.clear()
            places = self._made(laid)
            self._note({"places": dict(places)})
        file = self._stack.enter_context(_opened(self.result))
        return {name: (file, places[name]) for name in self._names}

    def _made(self, laid: Callable[[Path], Mapping[str, int]]) -> Mapping[str, int]:
        """Make the file of the target anew, and flush what is not numbers to the disk."""
        discard(self.result)
        try:
            places = laid(self.result)
            with self.result.open("r+b") as file:
                os.fsync(file.fileno())
        except OSError as error:
            self.remove()
            raise EqsolveError(
                f"{self.target} could not be written: {error.strerror or error}.",
                stage="sweep",
                remedy="Make room, then use --resume.",
            ) from None
        return places

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
            file, begin = self._files[name]
            with self._moving:
                file.seek(begin + start * column.itemsize)
                _write_all(file, column.data.cast("B"))
        stop = start + columns["status"].size
        self._note({"start": start, "stop": stop, "crc": checksum(columns)})
        self.empty = False

    def read(self, name: str, start: int, stop: int) -> NDArray[Any]:
        """The numbers of one column from ``start`` to before ``stop``."""
        kind, (file, begin) = dtype(name), self._files[name]
        where, count = begin + start * kind.itemsize, (stop - start) * kind.itemsize
        with self._moving:
            file.seek(where)
            data: bytes = file.read(count)
        return np.frombuffer(data[: len(data) // kind.itemsize * kind.itemsize], kind)

    def _note(self, record: Mapping[str, Any]) -> None:
        text = json.dumps(record).encode()
        _write_all(self._journal, b"%08x %s\n" % (zlib.crc32(text), text))

    def close(self) -> None:
        """Close the files and let other processes continue."""
        self._stack.close()
        self._lock.release()

    def remove(self) -> None:
        """Delete the folder.

        The journal goes last: whenever this is cut short, what is left can be continued. The lock
        is held until then: nobody can begin to continue a folder that is being deleted.
        """
        self._stack.close()
        with suppress(OSError):
            lock = Path(self._lock.lock_file)
            for path in sorted(self.folder.iterdir(), key=lambda p: p.name == "journal"):
                if path != lock:
                    discard(path)
            with suppress(PermissionError):  # of Windows, where nobody can delete an open file
                lock.unlink(missing_ok=True)
        self._lock.release()
        with suppress(OSError):
            lock.unlink(missing_ok=True)
            self.folder.rmdir()


def work_folder(target: Path) -> Path:
    """The work folder of a target."""
    return target.with_name(target.name + ".part")


def checksum(columns: Block) -> int:
    """CRC-32 of the numbers of a block, column after column."""
    value = 0
    for column in columns.values():
        value = zlib.crc32(np.ascontiguousarray(column).data, value)
    return value


def discard(path: Path) -> None:
    """Delete a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _opened(path: Path) -> Any:
    """Open a file to read and write any part of it, creating it if needed."""
    path.touch()
    return path.open("r+b", buffering=0)


def _write_all(file: Any, data: bytes | memoryview) -> None:
    """Write everything or raise OSError."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _record(line: bytes) -> dict[str, Any] | None:
    """A line of the journal, or None if it is not whole."""
    crc, _, text = line.partition(b" ")
    if crc != b"%08x" % zlib.crc32(text):
        return None
    record: dict[str, Any] = json.loads(text)
    return record
