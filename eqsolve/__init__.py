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
    from eqsolve.codegen.kernel import kernel
    from eqsolve.numerics.equilibria.dispatch import solve
    from eqsolve.numerics.mean_field_limit.convergence import converge
    from eqsolve.numerics.sensitivity.derivatives import sensitivity
    from eqsolve.numerics.simulation.simulate import simulate
    from eqsolve.numerics.sweep import sweep
    from eqsolve.registry import derive
    from eqsolve.verify.suite import verify

_LAZY = {
    "converge": "eqsolve.numerics.mean_field_limit.convergence",
    "derive": "eqsolve.registry",
    "kernel": "eqsolve.codegen.kernel",
    "sensitivity": "eqsolve.numerics.sensitivity.derivatives",
    "simulate": "eqsolve.numerics.simulation.simulate",
    "solve": "eqsolve.numerics.equilibria.dispatch",
    "sweep": "eqsolve.numerics.sweep",
    "verify": "eqsolve.verify.suite",
}

__all__ = [
    "EqsolveError",
    "converge",
    "derive",
    "kernel",
    "pde",
    "sensitivity",
    "simulate",
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
