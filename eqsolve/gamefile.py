"""One file of a game: loaded from its place, and what it exports.

A game's file is Python that the user chose to run. Whatever goes wrong in it becomes one error
that names the file and the line, and does no harm to other games.
"""

from __future__ import annotations

import ast
import hashlib
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from eqsolve.errors import BrokenGameError, EqsolveError
from eqsolve.files import read_bytes

if TYPE_CHECKING:
    from eqsolve.game import Model as Declared
    from eqsolve.notated.published import Published

    Exported = Published | Declared | Callable[..., Declared]


def declares(path: Path) -> bool | None:
    """Whether a file binds MODEL or model() at its top level; None if it cannot be parsed.

    Nothing of the file is run.
    """
    try:
        tree = ast.parse(read_bytes(path, stage="games"))
    except (SyntaxError, ValueError, EqsolveError):
        return None
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.FunctionDef) and node.name == "model":
            names.add("MODEL")
    return "MODEL" in names


def content_hash(path: Path, package: str = "") -> str:
    """The SHA-256 of a file and of every module beside it that it imports, directly or not.

    Parameters
    ----------
    path : the file.
    package : the package the file is a module of, if any.

    Raises
    ------
    InputError
        If the file is not a regular file of bounded size.
    """
    result = hashlib.sha256()
    for part in sources(path, package):
        result.update(f"{part.name}\n".encode())
        result.update(hashlib.sha256(read_bytes(part, stage="games")).digest())
    return result.hexdigest()


def sources(path: Path, package: str = "") -> tuple[Path, ...]:
    """The file itself, then the modules beside it that it imports, each once."""
    found = {path: None}
    waiting = [path]
    while waiting:
        for other in _imported(waiting.pop(), path.parent, package):
            if other not in found:
                found[other] = None
                waiting.append(other)
    return tuple(found)


def _imported(path: Path, folder: Path, package: str) -> Iterator[Path]:
    """The modules in a folder that a file imports."""
    for names in _named(read_bytes(path, stage="games")):
        for name in names:
            yield from _places(name, folder, package)


@lru_cache(maxsize=64)
def _named(content: bytes) -> tuple[tuple[str, ...], ...]:
    """The names of a file's imports; none if it cannot be parsed."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):
        return ()
    return tuple(map(tuple, _imports(tree)))


def _imports(tree: ast.Module) -> Iterator[list[str]]:
    """For every import the names of modules that it may mean: the source's, then what is taken."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ([alias.name] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            stem = "." * max(node.level - 1, 0) + (node.module or "")
            for alias in node.names:
                yield [*filter(None, [stem]), f"{stem}.{alias.name}" if stem else alias.name]


def _places(name: str, folder: Path, package: str) -> Iterator[Path]:
    """The files in a folder that hold a module."""
    inside = name.removeprefix(f"{package}.") if package else name
    if all(inside.split(".")):
        place = folder.joinpath(*inside.split("."))
        for candidate in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
            if candidate.is_file():
                yield candidate


#: Modules from elsewhere that a file may import, and still be told by its content.
_PURE = {
    *("__future__", "collections", "dataclasses", "fractions", "functools", "itertools", "math"),
    *("operator", "typing", "sympy", "eqsolve.errors", "eqsolve.game"),
}
#: Names by which a file may read, ask or draw something, or run another.
_IMPURE = {
    *("open", "input", "exec", "eval", "compile", "globals", "locals", "vars", "breakpoint"),
    *("id", "hash", "random", "testing", "external", "utilities"),
}


def self_contained(path: Path, package: str = "") -> bool:
    """Whether a file's content, and that of what it imports from beside it, tells what it exports.

    Nothing of it is run: imports and names are looked at. A file that may read other files, the
    time or the environment is not self-contained, and neither is one that cannot be parsed.

    Parameters
    ----------
    path, package : as for :func:`content_hash`.
    """
    try:
        trees = [ast.parse(read_bytes(p, stage="games")) for p in sources(path, package)]
    except (SyntaxError, ValueError, EqsolveError):
        return False
    for tree in trees:
        for names in _imports(tree):
            beside = any(any(_places(name, path.parent, package)) for name in names)
            stem = ".".join(names[0].split(".")[: 2 if names[0].startswith("eqsolve") else 1])
            if not beside and (stem not in _PURE or set(names[-1].split(".")) & _IMPURE):
                return False
        for node in ast.walk(tree):
            name = getattr(node, "id", "") or getattr(node, "attr", "")
            if name in _IMPURE or (name.startswith("__") and name != "__name__"):
                return False
    return True


def load(path: Path) -> ModuleType:
    """Run a file as a module of its own, once for each content.

    Modules beside it can be imported by it; they are its own, too, and do not stay importable for
    others. No bytecode is written.

    Raises
    ------
    InputError
        If the file cannot be read.
    BrokenGameError
        If running it fails.
    """
    name = f"_eqsolve_game_{content_hash(path)[:24]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise BrokenGameError("it is not a Python file", path=path)
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        with guarded(path), _beside(path.parent, name):
            spec.loader.exec_module(module)
    except BrokenGameError:
        del sys.modules[name]
        raise
    return module


@contextmanager
def _beside(folder: Path, owner: str) -> Iterator[None]:
    """Let modules of a folder be imported, then keep them under the owner's name alone."""
    place = str(folder)
    own = {p.stem for p in folder.glob("*.py")} | {
        p.parent.name for p in folder.glob("*/__init__.py")
    }
    before = set(sys.modules)
    # a module of that name from elsewhere, but never one that Python itself may ask for
    aside = {
        name: sys.modules.pop(name)
        for name in own & before - sys.stdlib_module_names - {"eqsolve"}
        if not str(getattr(sys.modules[name], "__file__", None)).startswith(place)
    }
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.insert(0, place)
    try:
        yield
    finally:
        sys.path.remove(place)
        sys.dont_write_bytecode = bytecode
        for name in set(sys.modules) - (before - set(aside)):
            if name.partition(".")[0] in own - (before - set(aside)):
                sys.modules[f"{owner}.{name}"] = sys.modules.pop(name)
        sys.modules.update(aside)


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Turn whatever a game's file raises into an error that names the file and the line."""
    try:
        yield
    except BrokenGameError:
        raise
    except SyntaxError as error:
        place = Path(error.filename or path)
        text = f"SyntaxError: {error.msg}"
        raise BrokenGameError(text, path=place, line=error.lineno) from None
    # the file is the user's: anything may come out of it, and all of it ends here
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(path)]
        text = f"{type(error).__name__}: {error}"
        if isinstance(error, EqsolveError):
            text = f"{error.message} {error.remedy}"
        text = text.rstrip(":. ")
        raise BrokenGameError(text, path=path, line=lines[-1] if lines else None) from error


def exported(module: ModuleType, path: Path) -> Exported:
    """What the module of a game exports: ``MODEL``, or a function ``model(**structure)``.

    Raises
    ------
    BrokenGameError
        If there is neither, or it is not what it should be.
    """
    for name in ("MODEL", "model"):
        if hasattr(module, name):
            return checked(getattr(module, name), path, name)
    raise BrokenGameError("it defines neither MODEL nor a function model()", path=path)


def checked(found: Any, path: Path, name: str = "MODEL") -> Exported:
    """Return what was found if it is a model or builds one."""
    from eqsolve.game import Model as Declared
    from eqsolve.notated.published import Published

    if isinstance(found, (Published, Declared)) or (name == "model" and callable(found)):
        exported: Exported = found
        return exported
    text = f"{name} is of type {type(found).__name__}, not a model"
    raise BrokenGameError(text, path=path)


def built(found: Exported, path: Path) -> Published | Declared:
    """The model itself, a function being called with its defaults."""
    if not callable(found):
        return found
    with guarded(path):
        model = found()
    result = checked(model, path, "the result of model()")
    if callable(result):
        raise BrokenGameError("model() returns a function, not a model", path=path)
    return result
