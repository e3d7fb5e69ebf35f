"""One function in a process of its own, while this process does something else."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from typing import Any

from eqsolve.errors import EqsolveError


@contextmanager
def meanwhile(function: Callable[..., Any], *arguments: object) -> Iterator[Callable[[], Any]]:
    """Start a function of a module; what is yielded waits for its answer, or raises its error.

    Whatever ends the block before ends the process.

    Raises
    ------
    EqsolveError
        By the call, if the process ended without an answer.
    """
    others = {*active_children()}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_deaf) as pool:
        answer = pool.submit(function, *arguments)

        def waited() -> Any:
            try:
                return answer.result()
            except BrokenProcessPool:
                raise EqsolveError(
                    "a process that makes a part of this ended without an answer.",
                    stage="processes",
                    remedy="Is there enough memory?",
                ) from None

        try:
            yield waited
        except BaseException:
            for child in {*active_children()} - others:
                child.terminate()
            raise


def _deaf() -> None:
    """Leave Ctrl-C, which a terminal sends to both, to the process that waits."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
