"""Arithmetic of the keys of games: ODE solutions and Riccati equations in 60-digit numbers.

`integrate` is the extrapolated modified midpoint rule (Gragg, Bulirsch, Stoer) of order 24 with
steps chosen by its own error estimate: any right side, no derivatives, 1e-22 a step. `riccati` is
the closed form of a scalar Riccati equation with constant coefficients. The two share nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from ..precision import ctx

Vector = list[Any]
COLUMNS = 12
STEP_ERROR = ctx.mpf(10) ** -22


class Explosion(ArithmeticError):
    """The solution has no finite value beyond about `time`."""

    def __init__(self, time: Any) -> None:
        super().__init__(f"the solution explodes near {ctx.nstr(time, 12)}")
        self.time = time


def _midpoint(rhs: Callable[[Any, Vector], Vector], t: Any, u: Vector, H: Any, n: int) -> Vector:
    """Gragg's rule with n substeps: its error is a series in (H/n)^2."""
    h = H / n
    slope = rhs(t, u)
    before, now = u, [a + h * b for a, b in zip(u, slope)]
    for k in range(1, n):
        slope = rhs(t + k * h, now)
        before, now = now, [a + 2 * h * b for a, b in zip(before, slope)]
    slope = rhs(t + H, now)
    return [(a + b + h * c) / 2 for a, b, c in zip(before, now, slope)]


def _step(rhs: Callable[[Any, Vector], Vector], t: Any, u: Vector, H: Any) -> tuple[Vector, Any]:
    """The extrapolated value and its error relative to 1 + |u|."""
    table: list[Vector] = []
    for j in range(1, COLUMNS + 1):
        row = _midpoint(rhs, t, u, H, 2 * j)
        rows = [row]
        for k, left in enumerate(table, start=1):
            ratio = (ctx.mpf(j) / (j - k)) ** 2 - 1
            row = [a + (a - b) / ratio for a, b in zip(row, left)]
            rows.append(row)
        table, last = rows, table
    error = max(abs(a - b) / (1 + abs(a)) for a, b in zip(table[-1], last[-1]))
    return table[-1], error


def integrate(
    rhs: Callable[[Any, Vector], Vector], start: Sequence[Any], t0: Any, t1: Any
) -> Vector:
    """u(t1) of u' = rhs(t, u), u(t0) = start; t1 < t0 runs backward. Raises Explosion."""
    t, u, span = ctx.mpf(t0), list(start), ctx.mpf(t1) - ctx.mpf(t0)
    H = span / 4
    while t != t1:
        if abs(H) >= abs(t1 - t):
            H = t1 - t
        try:
            found, error = _step(rhs, t, u, H)
        except ZeroDivisionError:
            found, error = u, ctx.inf
        if error <= STEP_ERROR:
            t = t1 if H == t1 - t else t + H
            u = found
        factor = ctx.mpf("0.2")
        if error < 1:
            factor = (STEP_ERROR / max(error, ctx.mpf(10) ** -40)) ** (ctx.mpf(1) / (2 * COLUMNS))
            factor = min(ctx.mpf(3), max(factor, ctx.mpf("0.1"))) * ctx.mpf("0.9")
        H *= factor
        if t != t1 and abs(H) < ctx.mpf(10) ** -6 * abs(span):
            raise Explosion(t)
    return u


def linearized(q: Any, b: Any, c: Any, start: Any, s: Any) -> tuple[Any, Any, Any, Any]:
    """(w, w', int_0^s w, first zero of w or None) for riccati, c != 0.

    w'' = (D/2)^2 w with D^2 = b^2 - 4 q c of either sign, w(0) = 1, w'(0) = -(b + 2 c start)/2.
    """
    square, slope = b**2 - 4 * q * c, b + 2 * c * start
    zero = None
    if square > 0:
        D = ctx.sqrt(square)
        if slope > D:
            zero = 2 / D * ctx.atanh(D / slope)
        cosine, sine = ctx.cosh(D * s / 2), ctx.sinh(D * s / 2) / D
        bent = 2 * (ctx.sinh(D * s / 4) / D) ** 2
    elif square < 0:
        D = ctx.sqrt(-square)
        zero = 2 / D * ctx.atan2(D, slope)
        cosine, sine = ctx.cos(D * s / 2), ctx.sin(D * s / 2) / D
        bent = 2 * (ctx.sin(D * s / 4) / D) ** 2
    else:
        zero = 2 / slope if slope > 0 else None
        cosine, sine, bent = ctx.one, s / 2, s**2 / 8
    w, dw = cosine - slope * sine, square / 2 * sine - slope / 2 * cosine
    return w, dw, 2 * sine - 2 * slope * bent, zero


def riccati(q: Any, b: Any, c: Any, start: Any, s: Any) -> tuple[Any, Any]:
    """(u(s), first s at which u explodes or None) of du/ds = q + b u + c u^2, u(0) = start.

    u = -(b/2 + w'/w)/c. u(s) is None at and beyond the explosion.
    """
    if c == 0:
        growth = ctx.expm1(b * s) / b if b != 0 else s
        return start * ctx.exp(b * s) + q * growth, None
    w, dw, _, zero = linearized(q, b, c, start, s)
    if zero is not None and s >= zero:
        return None, zero
    return -(b / 2 + dw / w) / c, zero


def riccati_integral(q: Any, b: Any, c: Any, start: Any, s: Any) -> Any:
    """int_0^s u of the solution of riccati, before the explosion."""
    if c == 0:
        if b == 0:
            return start * s + q * s**2 / 2
        growth = ctx.expm1(b * s) / b
        return start * growth + q * (growth - s) / b
    return -(b * s / 2 + ctx.log(linearized(q, b, c, start, s)[0])) / c


@lru_cache
def gauss_nodes(count: int) -> tuple[tuple[Any, Any], ...]:
    """Nodes and weights of the Gauss-Legendre rule on [0, 1]."""
    nodes = []
    for k in range(count):
        z = ctx.cos(ctx.pi * (k + ctx.mpf(3) / 4) / (count + ctx.mpf(1) / 2))
        for _ in range(8):
            before, now = ctx.one, z
            for j in range(2, count + 1):
                before, now = now, ((2 * j - 1) * z * now - (j - 1) * before) / j
            slope = count * (z * now - before) / (z**2 - 1)
            z -= now / slope
        nodes.append(((1 + z) / 2, 1 / ((1 - z**2) * slope**2)))
    return tuple(nodes)


def quadrature(f: Callable[[Any], Any], low: Any, high: Any, panels: int = 12) -> Any:
    """Integral of a smooth function by composite Gauss quadrature with 14 nodes a panel."""
    h, nodes = (high - low) / panels, gauss_nodes(14)
    return sum((w * h * f(low + (k + u) * h) for k in range(panels) for u, w in nodes), ctx.zero)


def graded(f: Callable[[Any], Any], high: Any, pole: Any) -> Any:
    """Integral over [0, high] of a function with a pole at `pole` > high: panels half as long as
    their distance to it, hence with 20 nodes an error of 1e-22 or less."""
    total, low = ctx.zero, ctx.zero
    while low < high:
        end = min(high, low + (pole - low) / 3)
        total += sum(
            (w * (end - low) * f(low + u * (end - low)) for u, w in gauss_nodes(20)), ctx.zero
        )
        low = end
    return total
