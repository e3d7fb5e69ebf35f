"""What an earlier process generated: found again without deriving, or importing SymPy."""

from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from eqsolve import places, registry
from eqsolve.distribution import version
from eqsolve.errors import InputError
from eqsolve.kernels.storage import cache_folder, digest, write
from eqsolve.output import replacing

#: The packages whose sources, beside those of the games, and the distributions whose versions
#: decide what is generated.
SOURCES = ("eqsolve", "eqsolve.templates")
VERSIONS = ("eqsolve", "jinja2", "python-flint", "sympy")
#: Modules of the built-in games that are part of the installation, as texts.
SHIPPED = Path(__file__).with_name("shipped")


def fingerprint() -> str:
    """A fingerprint of all sources and versions that decide what is generated."""
    folders = [folder for name in SOURCES for folder in import_module(name).__path__]
    return _fingerprint((*folders, *places.folders())) + registry.fingerprint()


@cache
def _fingerprint(folders: tuple[str, ...]) -> str:
    result = hashlib.sha256()
    for name in VERSIONS:
        result.update(f"{name} {version(name)}\n".encode())
    for folder in map(Path, folders):
        for path in sorted(p for p in folder.rglob("*") if p.suffix in (".py", ".jinja")):
            result.update(f"{path.relative_to(folder)}\n".encode())
            result.update(hashlib.sha256(path.read_bytes()).digest())
    return result.hexdigest()


def recalled(name: str) -> tuple[dict[str, Any], str, Path] | None:
    """Return the note, source and file of a generated module; None if it must be made anew."""
    found = _read(cache_folder(), name, "")
    if found is not None:
        return found
    found = _read(SHIPPED, name, ".txt")
    if found is None:
        return None
    note, text, path = found
    path = write(text, Path(path.stem).stem)
    remember(name, path, **note)
    return note, text, path


def _read(folder: Path, name: str, suffix: str) -> tuple[dict[str, Any], str, Path] | None:
    """The same from a folder, where files have a suffix besides."""
    try:
        head, body = (folder / f"{name}.note").read_bytes().split(b"\n", 1)
        if head.decode() != _seal(body):  # cut short, or edited
            return None
        note: dict[str, Any] = json.loads(body)
        path = folder / (note["file"] + suffix)
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError, KeyError, TypeError):
        return None
    # the name of the file carries the fingerprint of its text
    stem = Path(note["file"]).stem
    if note.get("fingerprint") != fingerprint() or not stem.endswith(digest(text)):
        return None
    return note, text, path


def ship(target: Path) -> None:
    """Copy what was generated to a folder, as texts: no fingerprint of sources covers them."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for path in cache_folder().glob("*.note"):
        shutil.copy(path, target)
        file = json.loads(path.read_bytes().split(b"\n", 1)[1])["file"]
        shutil.copy(path.with_name(file), target / f"{file}.txt")


def remember(name: str, path: Path, **note: Any) -> None:
    """Note what was generated, for ``recalled``; without a cache folder nothing is noted."""
    if path.parent == cache_folder():
        note |= {"file": path.name, "fingerprint": fingerprint()}
        with suppress(InputError), replacing(path.with_name(f"{name}.note")) as temporary:
            body = json.dumps(note).encode()
            temporary.write_bytes(_seal(body).encode() + b"\n" + body)


def _seal(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
