"""Mean-field games of problem files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import sympy as sp

from eqsolve import expression
from eqsolve.pde.costs import cost
from eqsolve.pde.edge import Progress
from eqsolve.pde.entries import Entries, formula, integer, number, numbers, switch, word
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
from eqsolve.pde.mfg import gaussian, solve_mfg
from eqsolve.pde.mfg_arguments import uniform
from eqsolve.pde.result import Result, of_mean_field

#: What a Hamiltonian is a function of, in the order of compiled functions: the state, the slope of
#: the value there, the time, and the law.
PLACES = ("x", "p", "t", "density", "mean", "variance")


class Solve(Protocol):
    """Solves a problem, with or without telling its progress."""

    def __call__(self, progress: Progress | None = None) -> Result: ...


def mean_field(name: str, entries: Entries) -> tuple[str, Solve]:
    """Read a mean-field game: what will be solved, and what solves it."""
    domain = numbers(entries, "domain", entries.need("domain", "[-3.0, 3.0]"))
    viscosity = formula("x")(entries, "viscosity", entries.need("viscosity", "0.05"))
    options = entries.options(
        nodes=integer,
        horizon=number,
        steps=integer,
        stationary=switch,
        drift=formula("t", "x"),
        discount=number,
        stopping=formula("x"),
        boundary=word,
        exit_costs=numbers,
        scheme=word,
        damped_steps=integer,
        richardson=switch,
        method=word,
        tolerance=number,
        max_iterations=integer,
        relaxation=number,
        starts=integer,
    )
    if options.get("stationary"):
        for key in ("horizon", "steps", "damped_steps"):
            if key in options:
                entries.refuse(f"{key} is given, but the problem is stationary", "Leave it out.")
    options |= {
        "initial": _initial(entries),
        "hamiltonian": _hamiltonian(entries.sub("hamiltonian")),
        "running": cost(entries, "running"),
        "terminal": cost(entries, "terminal"),
    }
    size, steps = options.get("nodes", 201), options.get("steps", 100)
    what = f"mean-field game on {size} nodes, {steps} steps"
    if options.get("stationary"):
        what = f"stationary mean-field game on {size} nodes"

    def solve(progress: Progress | None = None) -> Result:
        found = solve_mfg(domain=domain, viscosity=viscosity, progress=progress, **options)
        return of_mean_field(name, found)

    return what, solve


def _initial(entries: Entries) -> Any:
    found = entries.take("initial")
    if found is None:
        return uniform
    if isinstance(found, str):
        return formula("x")(entries, "initial", found)
    if not isinstance(found, dict):
        entries.refuse("initial must be a formula in x, or a mean and a deviation")
    law = Entries(f"{entries.where}, initial", dict(found))
    center = number(law, "mean", law.need("mean", "0.0"))
    spread = number(law, "deviation", law.need("deviation", "0.4"))
    law.end()
    return gaussian(center, spread)


def _hamiltonian(entries: Entries) -> Hamiltonian:
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
