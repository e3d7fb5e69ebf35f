"""Output files and folders: written aside first and moved into place when they are complete."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from eqsolve.errors import InputError


def in_notebook() -> bool:
    """Whether this process serves a notebook."""
    return "ipykernel" in sys.modules


def attended() -> bool:
    """Whether somebody watches standard error: in a notebook or at a terminal."""
    return in_notebook() or sys.stderr.isatty()


@contextmanager
def terminable() -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP end the program like an exception, wherever they arrive.

    Nothing temporary stays behind. An exception may be lost on its way: callbacks of weak
    references drop it (it is raised again), extension modules that start make another one of it.

    Only in the main thread, and only while a signal has its default action: a program under nohup
    goes on.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        received.append(number)
        raise _ending(number)

    def again(number: int, frame: FrameType | None) -> None:
        raise _ending(received[0])

    def dropped(report: Any) -> None:
        if received and isinstance(report.exc_value, (KeyboardInterrupt, SystemExit)):
            signal.setitimer(signal.ITIMER_REAL, 0.01)  # not here, where it would be dropped again
        else:
            told(report)

    defaults = {
        "SIGINT": signal.default_int_handler,
        "SIGTERM": signal.SIG_DFL,
        "SIGHUP": signal.SIG_DFL,  # Windows has no SIGHUP
    }
    found = {getattr(signal, n): action for n, action in defaults.items() if hasattr(signal, n)}
    taken = {n: action for n, action in found.items() if signal.getsignal(n) == action}
    told = sys.unraisablehook
    if (
        taken
        and hasattr(signal, "setitimer")
        and signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
    ):
        taken[signal.SIGALRM] = signal.SIG_DFL
        sys.unraisablehook = dropped
    for number in taken:
        signal.signal(number, again if number == getattr(signal, "SIGALRM", None) else stop)
    try:
        yield
    except Exception:
        if received:
            raise _ending(received[0]) from None
        raise
    finally:
        sys.unraisablehook = told
        for number, action in taken.items():
            signal.signal(number, action)


def _ending(number: int) -> BaseException:
    """What a signal raises."""
    return KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number)


def publish(temporary: Path, target: Path) -> None:
    """Move a finished file to its place, such that a crash leaves the old one or the new one.

    Files made by mkstemp are private; the result is as readable as any new file.
    """
    os.chmod(temporary, 0o666 & ~_mask())
    with temporary.open("r+b") as stream:
        os.fsync(stream.fileno())
    os.replace(temporary, target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a crash of the machine."""
    if os.name == "nt":  # there a folder cannot be opened
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary file beside the target; it takes the target's place when complete.

    A symbolic link stays, and what it leads to is written. After any exception the target is
    untouched and the temporary file is gone.

    Raises
    ------
    InputError
        If the target cannot be written.
    """
    target = real(path)
    with terminable():
        temporary = _beside(target)
        try:
            yield temporary
            publish(temporary, target)
        except OSError as error:
            raise _unwritable(target, error) from None
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def require_writable(path: str | Path) -> Path:
    """Return the path of a file that can be written, behind symbolic links.

    Raises
    ------
    InputError
        If its folder does not exist or is not writable, or the path names a folder, a pipe, a
        device or nothing.
    """
    target = real(path)
    try:
        _require_name(target)
        # A file without a name, where the system has them: nothing is left by a kill.
        tempfile.TemporaryFile(dir=target.parent, prefix=".eqsolve-").close()
    except OSError as error:
        raise _unwritable(target, error) from None
    return target


def real(path: str | Path) -> Path:
    """The file that a path leads to; the path itself if it is no symbolic link."""
    return Path(os.path.realpath(path)) if os.path.islink(path) else Path(path)


def _require_name(target: Path) -> None:
    other = target.exists() and not target.is_file()
    if "\0" in str(target) or other or target.is_symlink():  # a link that leads to itself
        raise InputError(
            f"{str(target)!r} does not name a file.",
            stage="output",
            remedy="Choose another file.",
        )
    with suppress(FileNotFoundError):
        target.lstat()  # A name that is too long shows here, not when the file is complete.


def _beside(target: Path) -> Path:
    """Create a temporary file in the folder of the target."""
    try:
        _require_name(target)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".eqsolve-")
        os.close(handle)
    except OSError as error:
        raise _unwritable(target, error) from None
    return Path(name)


def _unwritable(target: Path, error: OSError) -> InputError:
    return InputError(
        f"{str(target)!r} cannot be written: {error.strerror}.",
        stage="output",
        remedy="Choose a file in a folder that exists and is writable.",
    )


def named(folder: str | Path) -> Path:
    """Return the path of an output folder.

    Raises
    ------
    InputError
        If the name is empty or has a null character.
    """
    if not str(folder) or "\0" in str(folder):
        raise InputError(
            "the output folder must be named.", stage="output", remedy="Use . for this folder."
        )
    return Path(folder)


@contextmanager
def staged(directory: str | Path) -> Iterator[Path]:
    """Give an empty folder to write into; move its content to ``directory`` at the end.

    A folder that did not exist before appears whole or not at all. In one that did, files of the
    same name are replaced one by one, and others stay. After an exception nothing is moved.

    Raises
    ------
    InputError
        If the folder cannot be created or written.
    """
    target = named(directory)
    created: list[Path] = []
    try:
        created = _missing(target)
        target.mkdir(parents=True, exist_ok=True)
        beside = target.parent if created else target
        stage = Path(tempfile.mkdtemp(prefix=".eqsolve-", dir=beside))
    except OSError as error:
        _remove(created)
        raise InputError(
            f"the output folder {target} cannot be written: {error.strerror}.",
            stage="output",
            remedy="Choose another folder.",
        ) from None
    complete = False
    try:
        try:
            with terminable():
                yield stage
                if created:
                    _appear(stage, target)
        except OSError as error:
            raise InputError(
                f"the output folder {target} cannot be written: {error.strerror or error}.",
                stage="output",
                remedy="Make room, or choose another folder.",
            ) from None
        if not created:
            _replace(stage, target)
        complete = True
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        if not complete:
            _remove(created)


def _appear(stage: Path, target: Path) -> None:
    """Let a finished folder take the place of an empty one."""
    for path in stage.rglob("*"):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~_mask())
        if path.is_file():
            with path.open("r+b") as stream:
                os.fsync(stream.fileno())
    stage.chmod(0o777 & ~_mask())
    if os.name == "nt":  # there no folder is replaced
        target.rmdir()
    os.replace(stage, target)
    sync_folder(target.parent)


def _replace(stage: Path, target: Path) -> None:
    """Move finished files one by one."""
    for path in sorted(p for p in stage.rglob("*") if p.is_file()):
        place = real(target / path.relative_to(stage))
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            _require_name(place)
            publish(path, place)
        except OSError as error:
            raise InputError(
                f"{place} cannot be replaced: {error.strerror}.",
                stage="output",
                remedy="Choose another folder.",
            ) from None


def _mask() -> int:
    """What new files do not permit."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _missing(folder: Path) -> list[Path]:
    """The folders that must be created for ``folder``, innermost first."""
    return [path for path in (folder, *folder.parents) if not path.exists()]


def _remove(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return
