"""Output folders: everything is written aside first and moved into place when it is complete."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eqsolve.errors import InputError


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

    Files of the same name are replaced one by one, others stay. After an exception nothing is
    moved, and a folder that did not exist before does not exist afterwards.

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
        stage = Path(tempfile.mkdtemp(prefix=".eqsolve-", dir=target))
    except OSError as error:
        _remove(created)
        raise InputError(
            f"the output folder {target} cannot be written: {error.strerror}.",
            stage="output",
            remedy="Choose another folder.",
        ) from None
    complete = False
    try:
        yield stage
        for path in sorted(p for p in stage.rglob("*") if p.is_file()):
            place = target / path.relative_to(stage)
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                os.replace(path, place)
            except OSError as error:
                raise InputError(
                    f"{place} cannot be replaced: {error.strerror}.",
                    stage="output",
                    remedy="Choose another folder.",
                ) from None
        complete = True
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        if not complete:
            _remove(created)


def _missing(folder: Path) -> list[Path]:
    """The folders that must be created for ``folder``, innermost first."""
    return [path for path in (folder, *folder.parents) if not path.exists()]


def _remove(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return
