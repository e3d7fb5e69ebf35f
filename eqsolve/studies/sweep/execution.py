"""Who computes the blocks of a sweep: threads, processes, or the workers of a Dask cluster."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import islice
from typing import Any

from eqsolve.distribution import extra
from eqsolve.errors import EqsolveError, MissingPartError
from eqsolve.studies.sweep.axes import bad_sweep
from eqsolve.studies.sweep.points import Columns, Design

BACKENDS = ("threads", "processes", "dask")

#: Points evaluated at a time.
CHUNK = 1 << 18
CERTIFIED_CHUNK = 1 << 10
LARGEST_CHUNK = 1 << 24

#: Blocks per worker that are under way at a time. All of them fit in memory.
AHEAD = 4

#: How often blocks are handed out again when a cluster has lost them.
ATTEMPTS = 3

#: Seconds to wait for a scheduler.
PATIENCE = 10


@dataclass(frozen=True)
class Execution:
    """How a sweep is computed; nothing of it changes the result.

    Attributes
    ----------
    backend : ``"threads"`` of this process, ``"processes"`` of this machine, or ``"dask"``.
    jobs : number of threads or processes (default: all cores). A Dask cluster decides by itself.
    scheduler : address of a Dask scheduler; without one, Dask starts processes on this machine.
    chunk : number of points evaluated at a time (default: 2^18, with certificates 2^10).
    """

    backend: str = "threads"
    jobs: int | None = None
    scheduler: str | None = None
    chunk: int | None = None

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS:
            raise bad_sweep(f"there is no backend {self.backend!r}.", f"Use {', '.join(BACKENDS)}.")
        if self.jobs is not None and self.jobs < 1:
            raise bad_sweep(f"{self.jobs} is no number of jobs.", "Use 1 or more.")
        if self.chunk is not None and not 1 <= self.chunk <= LARGEST_CHUNK:
            raise bad_sweep(f"the chunk is {self.chunk}.", f"Choose from 1 to {LARGEST_CHUNK}.")
        if self.scheduler is not None and self.backend != "dask":
            raise bad_sweep("a scheduler is for the backend dask.", "Give --backend dask.")

    @property
    def workers(self) -> int:
        """Number of threads or processes."""
        if self.jobs is None and hasattr(os, "sched_getaffinity"):  # not on Windows
            return len(os.sched_getaffinity(0))
        return self.jobs or os.cpu_count() or 1

    def run(self, design: Design, missing: Iterable[range]) -> Iterator[tuple[int, Columns]]:
        """Yield the outputs of all missing points, with the index of the first of each block.

        Raises
        ------
        MissingPartError
            If joblib or Dask is needed and not installed.
        EqsolveError
            If workers are lost for good or have another version of the kernel.
        """
        usual = CERTIFIED_CHUNK if design.certified else CHUNK
        chunk = self.chunk or design.kernel.chunk or usual
        blocks = (
            block for part in missing for block in design.blocks(chunk, part.start, part.stop)
        )
        if self.backend == "threads" and design.certified:
            for block in blocks:
                yield block.start, design.evaluate(block.start, block.stop, self.workers)
        elif self.backend == "threads":
            yield from self._one_ahead(design, blocks)
        else:
            yield from self._distributed(design, blocks)

    def _one_ahead(self, design: Design, blocks: Iterator[range]) -> Iterator[tuple[int, Columns]]:
        """Compute one block while the one before is kept."""
        pool = ThreadPoolExecutor(1)
        try:
            begun: tuple[int, Future[Columns]] | None = None
            for block in blocks:
                after = pool.submit(design.evaluate, block.start, block.stop, self.workers)
                if begun is not None:
                    yield begun[0], begun[1].result()
                begun = block.start, after
            if begun is not None:
                yield begun[0], begun[1].result()
        finally:
            pool.shutdown(cancel_futures=True)

    def _distributed(
        self, design: Design, blocks: Iterator[range]
    ) -> Iterator[tuple[int, Columns]]:
        joblib: Any = optional("joblib", "this backend")
        task = joblib.delayed(_evaluate)
        parent = os.getpid() if self.backend == "processes" else None
        wave: list[range] = []
        attempts = 0
        while True:
            try:
                with ExitStack() as stack:
                    workers = self._enter(stack, joblib, design)
                    parallel = stack.enter_context(
                        joblib.Parallel(n_jobs=workers, return_as="generator", batch_size=1)
                    )
                    # Blocks are handed out in waves: what is finished but not yet written stays
                    # bounded.
                    while wave := wave or list(islice(blocks, AHEAD * workers)):
                        calls = [task(design, design.kernel.path.stem, b, parent) for b in wave]
                        for result in parallel(calls):
                            del wave[0]
                            attempts = 0
                            yield result
                return
            except _lost() as error:
                raise self._no_workers(design, error) from None
            except CancelledError as error:
                # With a worker, the scheduler may lose what was computed but not fetched.
                attempts += 1
                if attempts > ATTEMPTS:
                    raise self._no_workers(design, error) from None

    def _no_workers(self, design: Design, error: BaseException) -> EqsolveError:
        return EqsolveError(
            f"the workers were lost ({type(error).__name__}).",
            game=design.game,
            stage="sweep",
            remedy="Start them anew and continue with --resume.",
        )

    def _enter(self, stack: ExitStack, joblib: Any, design: Design) -> int:
        """Choose joblib's backend for the block; return the number of workers."""
        if self.backend == "processes":
            stack.enter_context(joblib.parallel_config("loky", inner_max_num_threads=1))
            return self.workers
        distributed: Any = optional("distributed", "the backend dask")
        options: dict[str, Any] = {"timeout": PATIENCE, "set_as_default": False}
        if self.scheduler is None:
            options |= {"n_workers": self.workers, "threads_per_worker": 1}
            options |= {"dashboard_address": None, "silence_logs": logging.ERROR}
        try:
            if self.scheduler is not None:
                # A client that fails on a malformed address complains again when it is deleted.
                distributed.comm.addressing.get_address_host_port(self.scheduler)
            client = distributed.Client(self.scheduler, **options)
        except (OSError, ValueError) as error:
            raise bad_sweep(
                f"the scheduler {self.scheduler} does not answer ({type(error).__name__}).",
                "Start it with dask scheduler, and workers with dask worker ADDRESS.",
            ) from None
        stack.enter_context(client)
        stack.enter_context(joblib.parallel_config("dask", client=client, scatter=[design]))
        threads: int = sum(client.nthreads().values())
        if not threads:
            raise bad_sweep(
                f"the scheduler {self.scheduler} has no workers.",
                "Start some with dask worker ADDRESS.",
            )
        return threads


def _evaluate(design: Design, kernel: str, block: range, parent: int | None) -> tuple[int, Columns]:
    """Compute one block in a worker, which may be a child of the process ``parent``."""
    if parent is not None:
        _follow(parent)
    if design.kernel.path.stem != kernel:
        raise EqsolveError(
            f"a worker has the kernel {design.kernel.path.stem}, not {kernel}.",
            game=design.game,
            stage="sweep",
            remedy="Install the same version of eqsolve everywhere.",
        )
    return block.start, design.evaluate(block.start, block.stop, 1)


@cache
def _follow(parent: int) -> None:
    """End this process when its parent was killed: nobody takes its results, and it would wait."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _lost() -> tuple[type[BaseException], ...]:
    """What joblib raises when workers die."""
    found: list[type[BaseException]] = []
    for module, name in (
        ("joblib.externals.loky.process_executor", "BrokenProcessPool"),
        ("distributed", "KilledWorker"),
    ):
        try:
            found.append(getattr(import_module(module), name))
        except ImportError:
            continue
    return tuple(found)


def optional(module: str, purpose: str) -> Any:
    """Import a package of an extra.

    Raises
    ------
    MissingPartError
        If it is not installed.
    """
    try:
        return import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        part = "cluster" if package in ("distributed", "dask") else "sweep"
        raise MissingPartError(
            f"{purpose} needs the package {package}.",
            stage="sweep",
            remedy=f'Install it with pip install "{extra(part)}".',
        ) from None
