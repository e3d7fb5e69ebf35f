"""Programs that were derived before, on disk: data, keyed by everything that decides them.

The key of a program is made of the content of the game's file and of what it imports from beside
it, the arguments that change its equations, and the sources that derive. So an entry is right or
is not found. Entries lie in a folder that nobody else can write to; one that is damaged is not
used, and is made anew. Those of the built-in games that belong to their named sets are shipped.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eqsolve.cache import private_folder
from eqsolve.distribution import VERSION, version
from eqsolve.errors import InputError
from eqsolve.output import replacing

# numbers and programs are imported where an entry is one: texts are told without them
if TYPE_CHECKING:
    from eqsolve.program.program import Program
    from eqsolve.program.words import Apart, Loop, Words

#: Modules and packages of eqsolve whose sources decide what a program is.
SOURCES = (
    *("arithmetic", "derivation", "derivations", "game", "notated", "program"),
    *("errors", "expression", "inputs", "model", "numbers", "operators"),
    *("rows", "symbols", "words/own_words", "words/restating"),
)
#: Programs of the built-in games that are part of the installation.
SHIPPED = Path(__file__).with_name("shipped")
#: If this variable of the environment is set to anything, programs are neither read nor kept.
OFF = "EQSOLVE_NO_PROGRAMS"


@dataclass(frozen=True)
class Head:
    """What is asked of a game's file before its program is.

    Attributes
    ----------
    name : of the game.
    arguments : of its function ``model``; none if it exports a model.
    cases : named sets of parameters by notion, ``""`` for none.
    """

    name: str
    arguments: tuple[str, ...]
    cases: Mapping[str, Mapping[str, Mapping[str, str]]]


@cache
def fingerprint(sources: tuple[str, ...] = SOURCES) -> str:
    """A fingerprint of the sources that decide what an entry is, and of the algebra they use."""
    result = hashlib.sha256(f"{VERSION} {version('python-flint')}".encode())
    result.update(_algebra())
    root = Path(__file__).parent.parent
    for name in sources:
        for path in _files(root, name):
            result.update(f"{name} {path.name}\n".encode())
            result.update(hashlib.sha256(path.read_bytes()).digest())
    return result.hexdigest()


def _algebra() -> bytes:
    """The source that tells SymPy's version, without importing it."""
    found = find_spec("sympy")
    folders = found.submodule_search_locations if found is not None else None
    return Path(*folders, "release.py").read_bytes() if folders else b""


def _files(root: Path, name: str) -> list[Path]:
    """The sources of a module or package; games may lie beside the package."""
    if (root / f"{name}.py").is_file():
        return [root / f"{name}.py"]
    folder = root / name
    return sorted((folder if folder.is_dir() else root.parent / name).rglob("*.py"))


def key(
    content: str,
    chosen: Mapping[str, Any] | None = None,
    sources: tuple[str, ...] = SOURCES,
) -> str:
    """The name of the entry of a game's file, or of its program for some arguments.

    Parameters
    ----------
    content : of the file.
    chosen : the arguments.
    sources : modules and packages of eqsolve that decide what the entry is.
    """
    parts = [fingerprint(sources), content]
    if chosen is not None:
        parts.append(json.dumps(chosen, sort_keys=True, default=_plain))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """An argument of a model as JSON has it."""
    if isinstance(value, Fraction):
        return {"exact": str(value)}
    raise TypeError(value)


def head(content: str) -> Head | None:
    """What was noted of a game's file; None if it must be loaded."""
    found = read(key(content))
    try:
        return None if found is None else Head(found[0], tuple(found[1]), found[2])
    except (IndexError, KeyError, TypeError):
        return None


#: Programs that this process has read last.
_KNOWN: dict[str, Program | Words | Loop | Apart] = {}
#: Most programs that a process knows, and most entries of the folder: a value of a parameter that
#: may change the equations has entries of its own.
KNOWN, KEPT = 64, 1000


#: Arguments, which no function has, of what a game that restates another one is kept by.
_WORDS, _LOOP, _APART = {"": "words"}, {"": "loop"}, {"": "apart"}


def recalled(content: str, chosen: Mapping[str, Any]) -> Program | None:
    """The program of a game's file for some arguments; None if it must be derived."""
    from eqsolve.program.program import Program

    found = _known(key(content, chosen))
    return found if isinstance(found, Program) else None


def recalled_words(content: str) -> Words | None:
    """The same of a game that restates another one."""
    from eqsolve.program.words import Words

    found = _known(key(content, _WORDS))
    return found if isinstance(found, Words) else None


def recalled_loop(content: str) -> Loop | None:
    """The same of its closed loop."""
    from eqsolve.program.words import Loop

    found = _known(key(content, _LOOP))
    return found if isinstance(found, Loop) else None


def recalled_apart(content: str) -> Apart | None:
    """The same of a game of agents with parameters of their own."""
    from eqsolve.program.words import Apart

    found = _known(key(content, _APART))
    return found if isinstance(found, Apart) else None


def restates(content: str) -> bool:
    """Whether something of a game that restates another one was kept."""
    return recalled_words(content) is not None or recalled_apart(content) is not None


def _known(name: str) -> Program | Words | Loop | Apart | None:
    if name in _KNOWN:
        return _KNOWN[name]
    found = read(name)
    if found is None:
        return None
    from eqsolve.program.data import decoded
    from eqsolve.program.program import Program
    from eqsolve.program.words import Apart, Loop, Words

    try:
        whole = decoded(found)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None
    if not isinstance(whole, (Program, Words, Loop, Apart)):
        return None
    while len(_KNOWN) >= KNOWN:
        del _KNOWN[next(iter(_KNOWN))]
    _KNOWN[name] = whole
    return whole


def remember(content: str, note: Head, chosen: Mapping[str, Any], program: Program) -> None:
    """Keep a program; without a folder for it nothing is kept."""
    from eqsolve.program.data import encoded

    write(key(content), [note.name, list(note.arguments), note.cases])
    write(key(content, chosen), encoded(program))


def enabled() -> bool:
    """Whether programs are read and kept."""
    return not os.environ.get(OFF)


def remember_words(content: str, words: Words | Loop | Apart) -> None:
    """Keep what a game that restates another one, or its closed loop, is solved by."""
    from eqsolve.program.data import encoded
    from eqsolve.program.words import Loop, Words

    alike = _LOOP if isinstance(words, Loop) else _APART
    write(key(content, _WORDS if isinstance(words, Words) else alike), encoded(words))


def folder() -> Path | None:
    """The folder of kept programs; None if none are kept."""
    return private_folder("programs") if enabled() else None


def read(name: str) -> Any:
    """The data of an entry; None if there is none that is whole."""
    for home in filter(None, (folder(), SHIPPED)) if enabled() else ():
        try:
            seal, body = (home / f"{name}.json").read_bytes().split(b"\n", 1)
            if seal.decode() == hashlib.sha256(name.encode() + body).hexdigest():
                return json.loads(body)
        except (OSError, ValueError, RecursionError):
            continue
    return None


def write(name: str, data: Any) -> None:
    """Keep the data of an entry; without a folder for it nothing is kept."""
    place = folder()
    if place is None:
        return
    body = json.dumps(data, separators=(",", ":")).encode()
    seal = hashlib.sha256(name.encode() + body).hexdigest().encode()
    with suppress(OSError, InputError):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing(place / f"{name}.json") as temporary:
            temporary.write_bytes(seal + b"\n" + body)
        entries = sorted(place.glob("*.json"), key=lambda path: path.stat().st_mtime)
        for path in entries[:-KEPT]:
            path.unlink(missing_ok=True)
