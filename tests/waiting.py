"""Waiting for another process or thread: polls are counted, no time is measured."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Most polls, and the pause after each in seconds.
POLLS, PAUSE = 200_000, 0.002


def wait_until(happened: Callable[[], object], *, alive: Callable[[], object] = bool) -> None:
    """Return as soon as something has happened.

    Parameters
    ----------
    happened : asked again and again.
    alive : what is not None once it can no longer happen, such as ``process.poll``.
    """
    for _ in range(POLLS):
        if happened():
            return
        assert alive() in (None, False), "who should have done it has ended"
        time.sleep(PAUSE)
    raise AssertionError("nothing happened")
