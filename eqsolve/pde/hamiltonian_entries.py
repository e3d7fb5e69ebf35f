"""Hamiltonians of problem files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import sympy as sp

from eqsolve import expression
from eqsolve.pde.edge import Progress
from eqsolve.pde.entries import Entries, number, numbers
from eqsolve.pde.hamiltonians import (
    ARGUMENTS,
    Absolute,
    Choice,
    Compiled,
    Hamiltonian,
    Lagrangian,
    Power,
    Quadratic,
    Uncontrolled,
)
from eqsolve.pde.result import Result

#: What a Hamiltonian is a function of, in the order of compiled functions: the state, the slope of
#: the value there, the time, and the law.
PLACES = ("x", "p", "t", "density", "mean", "variance")


class Solve(Protocol):
    """Solves a problem, with or without telling its progress."""

    def __call__(self, progress: Progress | None = None) -> Result: ...


def hamiltonian(entries: Entries) -> Hamiltonian:
    kind = entries.take("kind", "quadratic")
    if not isinstance(kind, str) or kind not in _HAMILTONIANS:
        entries.refuse(f"kind is {str(kind)[:40]!r}", f"Choose one of {', '.join(_HAMILTONIANS)}.")
    found = _HAMILTONIANS[kind](entries)
    entries.end()
    return found


def _expression(entries: Entries) -> Compiled:
    where = f"{entries.where}, value"
    value = expression.read(where, entries.need("value", '"p**2/2 + p**4/10"'), PLACES)
    _, slope, *_ = letters = expression.letters(PLACES)
    used = max((letters.index(letter) for letter in value.free_symbols), default=1)
    names = PLACES[: next(count for count in ARGUMENTS if count > used)]
    functions = [expression.scalar(part, names) for part in (value, sp.diff(value, slope))]
    return Compiled(functions[0], functions[1], **entries.options(minimizer=number))


def _power(entries: Entries) -> Power:
    exponent = number(entries, "exponent", entries.need("exponent", "1.5"))
    return Power(exponent, **entries.options(scale=number))


def _choice(entries: Entries) -> Choice:
    lists = {}
    for name, example in (("controls", "[-1.0, 0.0, 1.0]"), ("costs", "[0.5, 0.0, 0.5]")):
        value = numbers(entries, name, entries.need(name, example))
        lists[name] = value if isinstance(value, tuple) else (value,)
    return Choice(**lists)


def _cost_of_control(entries: Entries) -> Lagrangian:
    where = f"{entries.where}, cost"
    value = expression.read(where, entries.need("cost", '"a**2/2 + a**4/4"'), ("a",))
    (control,) = expression.letters(("a",))
    found = [expression.function(part, ("a",)) for part in (value, sp.diff(value, control))]
    range_ = numbers(entries, "controls", entries.need("controls", "[-5.0, 5.0]"))
    if not isinstance(range_, tuple) or len(range_) != 2:
        entries.refuse("controls must be the smallest and the largest control")
    return Lagrangian(found[0], found[1], *range_)


_HAMILTONIANS: dict[str, Callable[[Entries], Hamiltonian]] = {
    "quadratic": lambda entries: Quadratic(**entries.options(scale=number)),
    "absolute": lambda entries: Absolute(**entries.options(scale=number)),
    "power": _power,
    "expression": _expression,
    "list": _choice,
    "cost": _cost_of_control,
    "none": lambda entries: Uncontrolled(),
}
