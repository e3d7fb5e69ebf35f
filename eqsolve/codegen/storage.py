"""Where generated modules live: a cache folder, with names that say what they were made of."""

from __future__ import annotations

import atexit
import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from types import ModuleType

from eqsolve.errors import EqsolveError, InputError
from eqsolve.output import replacing

#: Modules whose machine code is compiled into a kernel.
DEPENDENCIES = (
    "arithmetic.doubledouble",
    "arithmetic.rootfinding",
    "arithmetic.cubic",
    "arithmetic.lanes",
    "status",
)

#: Threads that need the same module wait until it is complete.
_LOADING = threading.RLock()


def cache_folder() -> Path:
    """The folder of generated kernels: ``EQSOLVE_CACHE_DIR`` or the platform's cache folder."""
    chosen = os.environ.get("EQSOLVE_CACHE_DIR")
    if chosen:
        return Path(chosen).expanduser() / "kernels"
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "eqsolve" / "kernels"


def write(text: str, name: str) -> Path:
    """Write a module into the cache folder, or into a temporary one if that is not possible."""
    reason: Exception | None = None
    for folder in (cache_folder(), None):
        try:
            if folder is None:
                folder = Path(tempfile.mkdtemp(prefix="eqsolve-kernels-"))
                atexit.register(shutil.rmtree, folder, ignore_errors=True)
            path = folder / f"{name}.py"
            if path.is_file() and path.read_text(encoding="utf-8") == text:
                return path
            folder.mkdir(parents=True, exist_ok=True)
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
        spec = importlib.util.find_spec(f"eqsolve.numerics.{name}")
        assert spec is not None and spec.origin is not None, name
        result.update(Path(spec.origin).read_bytes())
    return result.hexdigest()[:16]


def load(path: Path) -> ModuleType:
    """Import a generated module, once; machine code that cannot be read is made anew."""
    name = f"eqsolve_kernel_{path.stem}"
    with _LOADING:
        if name in sys.modules:
            return sys.modules[name]
        try:
            return _imported(path, name)
        except Exception:  # What a crash or a full disk left of a pickle raises anything.
            damaged = list((path.parent / "__pycache__").glob(f"{path.stem}.*.nb[ic]"))
            if not damaged:
                raise
            for part in damaged:
                part.unlink(missing_ok=True)
            return _imported(path, name)


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
