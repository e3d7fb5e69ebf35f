"""Where generated modules live: a cache folder, with names that say what they were made of."""

from __future__ import annotations

import atexit
import hashlib
import importlib.util
import shutil
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path
from types import ModuleType

from eqsolve.cache import private_folder
from eqsolve.errors import EqsolveError, InputError
from eqsolve.output import attended, replacing

#: Modules whose machine code or numbers are compiled into a kernel.
DEPENDENCIES = (
    *(
        f"kernels.arithmetic.{name}"
        for name in ("doubledouble", "rootfinding", "cubic", "decision", "lanes", "moving", "tiles")
    ),
    "status",
)

#: Threads that need the same module wait until it is complete.
_LOADING = threading.RLock()


def cache_folder() -> Path:
    """The folder of generated kernels: ``EQSOLVE_CACHE_DIR`` or the platform's cache folder.

    What is in it is run. So a folder in which others can write, or that another user owns, is
    passed over; if no other is left, the folder is one of this process, deleted at its end.
    """
    return private_folder("kernels") or _temporary()


@cache
def _temporary() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="eqsolve-kernels-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def write(text: str, name: str) -> Path:
    """Write a module into the cache folder, or into a temporary one if that is not possible."""
    reason: Exception | None = None
    for choose in (cache_folder, _temporary):
        try:
            folder = choose()
            path = folder / f"{name}.py"
            if path.is_file() and path.read_text(encoding="utf-8") == text:
                return path
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with replacing(path) as temporary:
                temporary.write_text(text, encoding="utf-8")
            return path
        except (OSError, InputError) as problem:
            reason = problem
    raise EqsolveError(
        f"the generated kernel cannot be written: {reason}.",
        stage="code generation",
        remedy="Set EQSOLVE_CACHE_DIR to a folder that can be written to.",
    )


def digest(text: str) -> str:
    """A fingerprint of the generated source and of everything compiled into it."""
    result = hashlib.sha256(text.encode())
    for name in DEPENDENCIES:
        spec = importlib.util.find_spec(f"eqsolve.{name}")
        assert spec is not None and spec.origin is not None, name
        result.update(Path(spec.origin).read_bytes())
    return result.hexdigest()[:16]


def loaded(path: Path) -> bool:
    """Whether a generated module has been imported."""
    return _name(path) in sys.modules


def _name(path: Path) -> str:
    return f"eqsolve_kernel_{path.stem}"


def load(path: Path, game: str = "") -> ModuleType:
    """Import a game's generated module, once; machine code that cannot be read is made anew.

    Who watches is told that it is compiled.
    """
    from numba import config  # the module imports it, too

    if getattr(config, "DISABLE_JIT", 0):
        raise InputError(
            "the environment variable NUMBA_DISABLE_JIT keeps kernels from being compiled.",
            game=game,
            stage="kernel",
            remedy="Unset it.",
        )
    name = _name(path)
    with _LOADING:
        if name in sys.modules:
            return sys.modules[name]
        if attended() and not _compiled(path):
            print(f"compiling the kernel of {game or path.stem}, once", file=sys.stderr)
        try:
            return _imported(path, name)
        except Exception:  # What a crash or a full disk left of a pickle raises anything.
            damaged = _compiled(path)
            if not damaged:
                raise
            for part in damaged:
                part.unlink(missing_ok=True)
            return _imported(path, name)


def _compiled(path: Path) -> list[Path]:
    """The files of machine code beside a generated module."""
    return list((path.parent / "__pycache__").glob(f"{path.stem}.*.nb[ic]"))


def _imported(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # numba's cache pickles functions by the name of their module.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
