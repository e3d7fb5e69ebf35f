"""The second derivative of a Hamiltonian in the gradient: that of the control's cost inverted."""

from __future__ import annotations

from typing import Any

import numpy as np

from eqsolve.pde.edge import Array
from eqsolve.pde.hamiltonians import (
    Compiled,
    Hamiltonian,
    Lagrangian,
    Power,
    Quadratic,
    Tabulated,
)

#: Step of the differences of a compiled slope, in units of the range of gradients.
STEP = 1e-5


def bend(hamiltonian: Hamiltonian, p: Array, x: Array, times: Array) -> Array:
    """H_pp at the gradients p, (times, nodes); zero where there is no control."""
    if isinstance(hamiltonian, Quadratic):
        return np.full_like(p, hamiltonian.scale)
    if isinstance(hamiltonian, Power):
        power = hamiltonian.exponent
        size = np.maximum(abs(p), np.finfo(float).eps * max(float(abs(p).max()), 1.0))
        return np.asarray(hamiltonian.scale * (power - 1) * size ** (power - 2))
    if isinstance(hamiltonian, (Tabulated, Lagrangian)):
        gradients, _, slopes = (np.asarray(part) for part in hamiltonian.encoded()[1:4])
        rates = np.gradient(slopes, gradients)
        return np.asarray(np.interp(p, gradients, rates, left=0.0, right=0.0))
    if isinstance(hamiltonian, Compiled):
        return _differences(hamiltonian, p, x, times)
    return np.zeros_like(p)


def _differences(hamiltonian: Compiled, p: Array, x: Array, times: Array) -> Array:
    """Differences of the slope, a plain function of (x, p) or (x, p, t)."""
    given: Any = hamiltonian.slope
    plain = getattr(given, "__wrapped__", getattr(given, "py_func", given))
    step = STEP * max(float(np.ptp(p)), 1.0)
    value = np.vectorize(plain, otypes=[float])
    rest = [times[:, None]] if plain.__code__.co_argcount > 2 else []
    ends = (value(x, p + sign * step, *rest) for sign in (1, -1))
    up, down = ends
    return np.asarray((up - down) / (2 * step))
