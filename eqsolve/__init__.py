"""Equilibria of stochastic games in closed form: derived, evaluated and verified.

The functions below are imported on first use, so that ``import eqsolve`` is immediate.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from eqsolve.distribution import VERSION
from eqsolve.errors import EqsolveError

if TYPE_CHECKING:
    from eqsolve import pde
    from eqsolve.verbs import (
        anarchy,
        citation,
        converge,
        course,
        derive,
        kernel,
        learn,
        market,
        particles,
        prove,
        roots,
        sensitivity,
        simulate,
        sizes,
        solve,
        sweep,
        verify,
    )

_LAZY = {
    "anarchy": "eqsolve.verbs",
    "citation": "eqsolve.verbs",
    "converge": "eqsolve.verbs",
    "course": "eqsolve.verbs",
    "derive": "eqsolve.verbs",
    "kernel": "eqsolve.verbs",
    "learn": "eqsolve.verbs",
    "market": "eqsolve.verbs",
    "particles": "eqsolve.verbs",
    "prove": "eqsolve.verbs",
    "roots": "eqsolve.verbs",
    "sensitivity": "eqsolve.verbs",
    "simulate": "eqsolve.verbs",
    "sizes": "eqsolve.verbs",
    "solve": "eqsolve.verbs",
    "sweep": "eqsolve.verbs",
    "verify": "eqsolve.verbs",
}

__all__ = [
    "EqsolveError",
    "anarchy",
    "citation",
    "converge",
    "course",
    "derive",
    "kernel",
    "learn",
    "market",
    "particles",
    "pde",
    "prove",
    "roots",
    "sensitivity",
    "simulate",
    "sizes",
    "solve",
    "sweep",
    "verify",
]
__version__ = VERSION


def __getattr__(name: str) -> object:
    if name == "pde":
        return import_module("eqsolve.pde")
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'eqsolve' has no attribute {name!r}")


class _Package(ModuleType):
    """Keeps the functions of the package in view when a room of the same name is imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _LAZY and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
