"""Tables of a problem file: entries are read by name and kind, and what is left over is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NoReturn

from eqsolve import expression
from eqsolve.errors import InputError

STAGE = expression.STAGE

#: Largest whole number of a problem file.
LARGEST = 10**18


@dataclass
class Entries:
    """A table of the file: entries are taken by name, and what is left over is refused."""

    where: str
    table: dict[str, Any]
    known: list[str] = field(default_factory=list)

    def refuse(self, message: str, remedy: str = "") -> NoReturn:
        raise InputError(f"{self.where}: {message}.", stage=STAGE, remedy=remedy)

    def take(self, name: str, default: Any = None) -> Any:
        """An entry as it is in the file."""
        self.known.append(name)
        return self.table.pop(name, default)

    def need(self, name: str, example: str) -> Any:
        found = self.take(name)
        if found is None:
            self.refuse(f"{name} is missing", f"Write for example {name} = {example}.")
        return found

    def sub(self, name: str) -> Entries:
        """A table within this one; empty if it is absent."""
        found = self.take(name, {})
        if not isinstance(found, dict):
            self.refuse(f"{name} is not a table", f"Write [{name}] on a line of its own.")
        return Entries(f"{self.where}, [{name}]", found)

    def options(self, **readers: Callable[[Entries, str, Any], Any]) -> dict[str, Any]:
        """The optional entries present, each read by its reader."""
        found = {}
        for name, reader in readers.items():
            value = self.take(name)
            if value is not None:
                found[name] = reader(self, name, value)
        return found

    def end(self) -> None:
        """Refuse what was not taken."""
        for name in self.table:
            self.refuse(f"{name!r} is not known", f"Known here: {', '.join(self.known)}.")


def number(entries: Entries, name: str, value: Any) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        entries.refuse(f"{name} must be a number, not {str(value)[:40]!r}")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        entries.refuse(f"{name} must be finite, not {str(value)[:40]}")
    return result


def integer(entries: Entries, name: str, value: Any) -> int:
    """An integer."""
    if isinstance(value, bool) or not isinstance(value, int):
        entries.refuse(f"{name} must be an integer, not {str(value)[:40]!r}")
    if abs(value) > LARGEST:
        entries.refuse(f"{name} must be at most {LARGEST}, not {str(value)[:40]}...")
    return value


def word(entries: Entries, name: str, value: Any) -> str:
    """A string."""
    if not isinstance(value, str):
        entries.refuse(f"{name} must be a string, not {str(value)[:40]!r}")
    return value


def switch(entries: Entries, name: str, value: Any) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        entries.refuse(f"{name} must be true or false, not {str(value)[:40]!r}")
    return value


def numbers(entries: Entries, name: str, value: Any) -> Any:
    """A number, or an array of numbers, nested or not."""
    if isinstance(value, list):
        return tuple(numbers(entries, name, part) for part in value)
    return integer(entries, name, value) if type(value) is int else number(entries, name, value)


def formula(*names: str) -> Callable[[Entries, str, Any], Any]:
    """A number, or a formula in the names as a function of arrays."""

    def reader(entries: Entries, name: str, value: Any) -> Any:
        if not isinstance(value, str):
            return number(entries, name, value)
        read = expression.read(f"{entries.where}, {name}", value, names)
        return expression.function(read, names)

    return reader


def hazard(entries: Entries, name: str, value: Any) -> Any:
    """A hazard rate: a number, or a family such as "gompertz:0.05,0.09"."""
    return value if isinstance(value, str) else number(entries, name, value)
