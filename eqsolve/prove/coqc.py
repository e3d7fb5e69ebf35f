"""Coq's compiler: where it is, the library that all files need, and runs side by side."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import ParamSpec, TypeVar

from eqsolve.errors import EqsolveError
from eqsolve.prove.coq import LIBRARY

Result = TypeVar("Result")
Given = ParamSpec("Given")
#: Seconds after which Coq is stopped at one file.
LONGEST = 900.0


class MissingCoqError(EqsolveError):
    """Coq is not installed."""


def library() -> str:
    """The lemmas and tactics that all files need."""
    return files("eqsolve.templates").joinpath(f"{LIBRARY}.v").read_text(encoding="utf-8")


@cache
def coqc() -> str:
    """The path of Coq's compiler.

    Raises
    ------
    MissingCoqError
        If it is not on the path.
    """
    found = shutil.which("coqc")
    if found is None:
        raise MissingCoqError(
            "coqc is not on the path.",
            stage="proofs",
            remedy="Install Coq: on Debian or Ubuntu, apt-get install coq.",
        )
    return found


@cache
def version() -> str:
    """What Coq says of its version."""
    done = subprocess.run([coqc(), "--version"], capture_output=True, text=True, check=True)
    return " ".join(done.stdout.split())


@cache
def compiled_library() -> Path:
    """The folder of the compiled library, deleted when this process ends."""
    folder = Path(tempfile.mkdtemp(prefix="eqsolve-library-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / f"{LIBRARY}.v").write_text(library(), encoding="utf-8")
    with Compiler() as compiler:
        done = compiler.run(folder, LIBRARY)
    if done.returncode:
        raise EqsolveError(f"Coq does not accept the library: {done.stderr}", stage="proofs")
    return folder


class Compiler:
    """Coq's compiler in as many threads as there are processors.

    Who leaves it early, as Ctrl-C does, ends what runs and drops what waits.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(os.cpu_count())
        self._running = set[subprocess.Popen[str]]()
        self._lock, self._closed = Lock(), False

    def __enter__(self) -> Compiler:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            with self._lock:
                self._closed = True
                for process in self._running:
                    process.kill()
        self._threads.shutdown(cancel_futures=kind is not None)

    def submit(
        self, work: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs
    ) -> Future[Result]:
        """Do work, which may call ``run``, in a thread."""
        return self._threads.submit(work, *args, **kwargs)

    def run(
        self, folder: Path, name: str, *options: str, seconds: float = LONGEST
    ) -> subprocess.CompletedProcess[str]:
        """Compile NAME.v in a folder. One that takes too long has the exit code 1.

        Raises
        ------
        EqsolveError
            If a signal ended Coq: that says nothing of a theorem.
        """
        command = [coqc(), "-q", *options, f"{name}.v"]
        with self._lock:
            if self._closed:
                raise EqsolveError("the check has ended.", stage="proofs")
            process = subprocess.Popen(
                command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            self._running.add(process)
        try:
            with process:
                try:
                    out, err = process.communicate(timeout=seconds)
                except subprocess.TimeoutExpired:
                    return subprocess.CompletedProcess(command, 1, "", "it takes too long")
                finally:
                    process.kill()
        finally:
            with self._lock:
                self._running.discard(process)
        if process.returncode < 0:
            raise EqsolveError(
                f"the signal {-process.returncode} ended Coq at {name}.v.",
                stage="proofs",
                remedy="Start the same again: files that Coq accepted are not read twice.",
            )
        return subprocess.CompletedProcess(command, process.returncode, out, err)
