"""Integration in doubles: of functions, and of differential equations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from eqsolve.kernels.steps.common import EXPLODES, UNRESOLVED, Vector, copy, own

#: Columns of the extrapolation table: order 2 * COLUMNS in the step.
COLUMNS = 7
#: Local error of a step, relative to ``1 + |u|``.
TOLERANCE = 1e-13
#: Magnitude from which a solution may explode, and the part of the length within which it does.
LARGE, POLE = 1e10, 1e-6
MOST_STEPS = 20000


def integrator(rates: Any) -> Any:
    """A function that integrates ``du/ds = rates(s, u, p)`` in place from 0 to a length.

    It returns a status: 0 if it got there. Extrapolated midpoint rule (Gragg, Bulirsch and Stoer)
    of a fixed order with adaptive steps. A large unknown explodes if it changes by its own size
    within much less time than is left.
    """

    @own(rates)
    def midpoint(
        s: float, u: Vector, p: Vector, h: float, count: int, work: Vector, out: Vector
    ) -> None:
        part = h / count
        before, now, slope = work[0], work[1], work[2]
        copy(u, before)
        rates(s, u, p, slope)
        for i in range(u.size):
            now[i] = u[i] + part * slope[i]
        for k in range(1, count):
            rates(s + k * part, now, p, slope)
            for i in range(u.size):
                before[i], now[i] = now[i], before[i] + 2.0 * part * slope[i]
        rates(s + h, now, p, slope)
        for i in range(u.size):
            out[i] = 0.5 * (now[i] + before[i] + part * slope[i])

    @own(rates)
    def integrate(u: Vector, p: Vector, length: float) -> int:
        size = u.size
        table = np.empty((COLUMNS, size))
        work = np.empty((3, size))
        new = np.empty(size)
        s, h = 0.0, length / 8.0
        for _ in range(MOST_STEPS):
            if s >= length:
                return 0
            h = min(h, length - s)
            for j in range(COLUMNS):
                midpoint(s, u, p, h, 2 * (j + 1), work, table[j])
                for k in range(j - 1, -1, -1):
                    ratio = (j + 1.0) / (k + 1.0)
                    factor = 1.0 / (ratio * ratio - 1.0)
                    for i in range(size):
                        table[k, i] = table[k + 1, i] + (table[k + 1, i] - table[k, i]) * factor
                if j == COLUMNS - 2:
                    copy(table[0], new)
            error = 0.0
            for i in range(size):
                scaled = abs(table[0, i] - new[i]) / (1.0 + abs(table[0, i]))
                error = scaled if not scaled <= error else error
            if error <= TOLERANCE:
                copy(table[0], u)
                s += h
                for i in range(size):
                    if abs(u[i]) > LARGE:
                        rates(s, u, p, new)
                        ahead = abs(u[i] / new[i])
                        if ahead < POLE * length:
                            return EXPLODES if length - s > 2.0 * ahead else UNRESOLVED
            grown = 0.9 * (TOLERANCE / error) ** (1.0 / (2 * COLUMNS - 1)) if error > 0.0 else 4.0
            h *= min(4.0, max(0.1, grown)) if math.isfinite(error) else 0.1
            if h < 1e-12 * length:
                return UNRESOLVED
        return UNRESOLVED

    return integrate


_PLACES, _PARTS = np.polynomial.legendre.leggauss(24)
#: A rule for integrals from 0 to 1: Gauss-Legendre on eight panels.
NODES = np.concatenate([(2 * panel + 1 + _PLACES) / 16.0 for panel in range(8)])
WEIGHTS = np.concatenate([_PARTS / 16.0] * 8)


def quadrature_of(function: Any) -> Any:
    """A function that integrates ``function(x, p)`` from 0 to a length."""

    @own(function)
    def quadrature(p: Vector, length: float) -> float:
        total = 0.0
        for x, w in zip(NODES, WEIGHTS):
            total += w * length * function(x * length, p)
        return total

    return quadrature
