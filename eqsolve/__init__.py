"""Equilibria of stochastic games in closed form: derived, evaluated and verified.

The functions below are imported on first use, so that ``import eqsolve`` is immediate.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

from eqsolve.errors import EqsolveError

if TYPE_CHECKING:
    from eqsolve import pde
    from eqsolve.codegen.kernel import kernel
    from eqsolve.numerics.convergence import converge
    from eqsolve.numerics.dispatch import solve
    from eqsolve.numerics.sensitivity import sensitivity
    from eqsolve.numerics.simulation import simulate
    from eqsolve.numerics.sweep import sweep
    from eqsolve.registry import derive
    from eqsolve.verify.suite import verify

_LAZY = {
    "converge": "eqsolve.numerics.convergence",
    "derive": "eqsolve.registry",
    "kernel": "eqsolve.codegen.kernel",
    "sensitivity": "eqsolve.numerics.sensitivity",
    "simulate": "eqsolve.numerics.simulation",
    "solve": "eqsolve.numerics.dispatch",
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
__version__ = version("eqsolve")


def __getattr__(name: str) -> object:
    if name == "pde":
        return import_module("eqsolve.pde")
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'eqsolve' has no attribute {name!r}")
