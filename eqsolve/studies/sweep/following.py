"""A file that is written while its numbers are computed, from the folder where they are kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from eqsolve.studies.sweep.formats import FORMATS
from eqsolve.studies.sweep.points import Design
from eqsolve.studies.sweep.storage import Block, Store

#: Seconds between two looks at how far the file is.
LOOK = 0.1


class _Left(Exception):
    """The numbers that are waited for will not come."""


class Followed:
    """Columns of a store that a thread writes to a file as far as they are there.

    Whoever reads waits for what is not there yet.

    Parameters
    ----------
    path : the file.
    design : of the sweep.
    store : where the numbers are kept; it may be written and read at a time.
    missing : ranges of points that are still to be computed, in their order.
    """

    def __init__(self, path: Path, design: Design, store: Store, missing: Sequence[range]) -> None:
        self._store, self._missing, self._size = store, missing, design.size
        self._changed = threading.Condition()
        self._until, self._left, self._written = self._reached(0), False, 0
        self._pool = ThreadPoolExecutor(1)
        self._writing = self._pool.submit(
            FORMATS[path.suffix].write, path, design, self, self._advance
        )

    def _reached(self, stop: int) -> int:
        """Before which point everything is there if nothing is missing before ``stop``."""
        return next((max(m.start, stop) for m in self._missing if m.stop > stop), self._size)

    def _advance(self, count: int) -> None:
        self._written += count

    def write(self, start: int, block: Block) -> None:
        """Keep the outputs of the points from ``start`` on, which come in their order.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        self._store.write(start, block)
        with self._changed:
            self._until = self._reached(start + block["status"].size)
            self._changed.notify_all()
        if self._writing.done():
            self._writing.result()

    def read(self, name: str, start: int, stop: int) -> NDArray[Any]:
        """The numbers of one column from ``start`` to before ``stop``, once they are there."""
        with self._changed:
            self._changed.wait_for(lambda: self._left or self._until >= stop)
            if self._left:
                raise _Left
        return self._store.read(name, start, stop)

    def finish(self, advance: Callable[[int], object]) -> None:
        """Wait until all is in the file; raises what the thread raised."""
        told = 0
        while True:
            done, _ = wait([self._writing], LOOK)
            written = self._written
            advance(written - told)
            told = written
            if done:
                return self._writing.result()

    def leave(self) -> None:
        """Wait for the thread, which waits for no more numbers."""
        with self._changed:
            self._left = True
            self._changed.notify_all()
        self._pool.shutdown()
