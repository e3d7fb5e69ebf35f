"""A file that is written while its numbers are computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from eqsolve.studies.sweep.following import Followed
from eqsolve.studies.sweep.formats import FORMATS, Format
from eqsolve.studies.sweep.storage import Memory, Store
from waiting import wait_until

SIZE, PART = 40, 10
#: What is between them was computed by an earlier run.
MISSING = [range(10), range(20, 40)]

Start = Callable[[Callable[[int], object]], Followed]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start a thread that reads part after part, and says so."""
    begun: list[Followed] = []

    def started(told: Callable[[int], object]) -> Followed:
        def write(path: Path, design: Any, store: Store, advance: Callable[[int], object]) -> None:
            for begin in range(0, SIZE, PART):
                assert (store.read("status", begin, begin + PART) == 1).all()
                told(begin)
                advance(PART)

        monkeypatch.setitem(FORMATS, ".one", Format((), lambda _: 0, write, follows=True))
        memory = Memory(["status"], SIZE)
        memory.write(10, {"status": np.ones(10, np.int8)})
        plan: Any = SimpleNamespace(size=SIZE)
        begun.append(Followed(Path("out.one"), plan, memory, MISSING))
        return begun[-1]

    yield started
    for followed in begun:
        followed.leave()


def compute(followed: Followed, begin: int) -> None:
    followed.write(begin, {"status": np.ones(PART, np.int8)})


def test_parts_are_read_as_soon_as_they_are_there_and_not_before(start: Start) -> None:
    seen: list[int] = []
    followed = start(seen.append)
    assert not seen
    compute(followed, 0)
    wait_until(lambda: seen == [0, 10])
    compute(followed, 20)
    wait_until(lambda: seen == [0, 10, 20])
    compute(followed, 30)
    counts: list[int] = []
    followed.finish(counts.append)
    assert seen == [0, 10, 20, 30] and sum(counts) == SIZE


def test_a_file_that_cannot_be_written_ends_the_sweep(start: Start) -> None:
    def full(begin: int) -> None:
        raise OSError("no room")

    followed = start(full)
    compute(followed, 0)
    with pytest.raises(OSError, match="no room"):
        followed.finish(lambda count: None)
    with pytest.raises(OSError, match="no room"):
        compute(followed, 20)


def test_a_thread_waits_no_longer_for_what_does_not_come(start: Start) -> None:
    seen: list[int] = []
    followed = start(seen.append)
    followed.leave()
    assert not seen
