"""The one reader of files that users name: regular, of bounded size, in UTF-8; TOML or JSON."""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from eqsolve.errors import InputError

#: Most bytes of a file that is read whole.
LARGEST = 1 << 20

#: Most bits of a whole number in a table: longer ones cannot even be shown in a message.
LONGEST = 4096

#: Formats that somebody may take for a table of parameters, by suffix.
_OTHERS = {".csv": "CSV", ".tsv": "TSV", ".parquet": "Parquet", ".yaml": "YAML", ".yml": "YAML"}

#: A first line that is plainly not TOML: of YAML, and of CSV.
_YAML = re.compile(r"(---|%YAML|[\w-]+:(\s|$))")
_CSV = re.compile(r"[^=\[\]{}]*[,;\t][^=\[\]{}]*")


def read_bytes(path: str | os.PathLike[str], *, stage: str, largest: int = LARGEST) -> bytes:
    """Return the content of a regular file, which a symbolic link may lead to.

    Raises
    ------
    InputError
        If the file cannot be read, is a folder, a pipe or a device, or has more than ``largest``
        bytes. Nothing of it is read in these cases.
    """
    name = repr(os.fspath(path))
    # A pipe is opened without waiting for a writer, and a text is not changed on the way.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(path, flags)
        with os.fdopen(handle, "rb") as stream:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise InputError(
                    f"{name} is not a regular file.", stage=stage, remedy="Give a file."
                )
            content = stream.read(largest + 1)
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"{name} cannot be read: {reason}.", stage=stage, remedy="Check the path."
        ) from None
    if len(content) > largest:
        raise InputError(
            f"{name} is larger than {largest} bytes.", stage=stage, remedy="Divide it."
        )
    return content


def read_text(path: str | os.PathLike[str], *, stage: str, largest: int = LARGEST) -> str:
    """Return the text of a file in UTF-8, with or without a byte-order mark.

    Raises
    ------
    InputError
        As ``read_bytes``, or if the bytes are not UTF-8.
    """
    content = read_bytes(path, stage=stage, largest=largest)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{os.fspath(path)!r} is not in UTF-8: its byte {error.start + 1} cannot be read.",
            stage=stage,
            remedy="Save it in that encoding.",
        ) from None


def read_table(
    path: str | os.PathLike[str],
    *,
    stage: str,
    decimal: Callable[[str], Any] = float,
    largest: int = LARGEST,
) -> dict[str, Any]:
    """Return the table of a TOML file, or of a JSON file that holds one object.

    A file is JSON if its name ends in ``.json`` or its text begins with a brace.

    Parameters
    ----------
    path : the file.
    stage : who asks, for messages.
    decimal : what becomes of the text of a number that has a point or an exponent.
    largest : most bytes.

    Raises
    ------
    InputError
        As ``read_text``, or if the text is neither, or gives a name twice.
    """
    suffix = Path(path).suffix.lower()
    if suffix in _OTHERS:
        _refuse(path, f"it is {_OTHERS[suffix]}", stage)
    text = read_text(path, stage=stage, largest=largest)
    as_json = suffix == ".json" or text.lstrip().startswith("{")
    try:
        if as_json:
            found = json.loads(
                text,
                parse_float=decimal,
                parse_constant=_no_constant,
                object_pairs_hook=_once,
            )
        else:
            found = tomllib.loads(text, parse_float=decimal)
        long = _has_long(found)
    except RecursionError:
        _refuse(path, "it is nested too deeply", stage)
    except (ValueError, ArithmeticError) as error:
        lines = [line for line in text.splitlines() if line.strip() and line.lstrip()[0] != "#"]
        first = lines[0] if lines else ""
        guess = "YAML" if _YAML.match(first) else "CSV" if _CSV.fullmatch(first) else ""
        if guess and not as_json:
            _refuse(path, f"it looks like {guess}", stage)
        _refuse(path, str(error).splitlines()[0], stage)
    if not isinstance(found, dict):
        _refuse(path, "it does not hold one table", stage)
    if long:
        _refuse(path, f"a whole number in it has more than {LONGEST} bits", stage)
    return found


def _refuse(path: str | os.PathLike[str], reason: str, stage: str) -> NoReturn:
    raise InputError(
        f"{os.fspath(path)!r} is not valid TOML or JSON: {reason}.",
        stage=stage,
        remedy='Write lines such as b = 0.12, or {"b": 0.12}.',
    )


def _has_long(value: Any) -> bool:
    """Whether a number in a table is too long. Tables are as shallow as the parsers' recursion."""
    if isinstance(value, dict):
        return any(map(_has_long, value.values()))
    if isinstance(value, list):
        return any(map(_has_long, value))
    return isinstance(value, int) and value.bit_length() > LONGEST


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number of JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of JSON, which may not give a name twice, as a table of TOML may not."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is given twice")
    return found
