"""State-dependent risk aversion: dX = (r X + B u) dt + s u dW, J = E X_T - gamma/(2x) Var X_T.

With u = c(t) x, E X_T = x a, E X_T^2 = x^2 h, a = exp int (r + B c), h = exp int (2r + 2Bc +
s^2 c^2). A spike of u changes J at the rate (1 + gamma a) a B u - gamma/(2x) (2 h x B u + s^2 u^2
h), so c = B [a + gamma (a^2 - h)]/(gamma s^2 h): a' = -(r + B c) a, h' = -(2r + 2 B c + s^2 c^2) h,
a(T) = h(T) = 1. V/x = a - gamma (h - a^2)/2.

Route 1: extrapolation in the variables ln a, ln h (no loss of digits). Route 2 (`iterated`): the
integral equation c = B [e^{-I1} + gamma e^{-I2} - gamma]/(gamma s^2), I1 = int (r + B c + s^2 c^2),
I2 = int s^2 c^2, by fixed point iteration on a Chebyshev grid in doubles.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..precision import ctx, number
from .ode import Explosion, integrate


def solve(r: Any, B: Any, s: Any, gamma: Any, T: Any, t: Any = 0, x: Any = 1) -> dict[str, Any]:
    """strategy u = c x; coefficients a, h, c; V, E = E X_T, Var at x."""
    r, B, s, gamma, T, x = (number(u) for u in (r, B, s, gamma, T, x))

    def control(la: Any, lh: Any) -> Any:
        ratio = ctx.exp(la - lh) + gamma * ctx.expm1(2 * la - lh)
        return B * ratio / (gamma * s**2)

    def rhs(_: Any, v: Any) -> Any:
        c = control(*v)
        return [r + B * c, 2 * r + 2 * B * c + s**2 * c**2]

    tau = T - number(t)
    try:
        la, lh = integrate(rhs, [ctx.zero] * 2, 0, tau) if tau else (ctx.zero, ctx.zero)
    except Explosion as error:
        return {"status": "explodes", "explosion": error.time}
    a, h, c = ctx.exp(la), ctx.exp(lh), control(la, lh)
    variance = -h * ctx.expm1(2 * la - lh)
    return {
        "status": "ok",
        "explosion": None,
        "strategy": {"u": {"x": c}},
        "coefficients": {"a": a, "h": h, "c": c},
        "E": a * x,
        "Var": variance * x**2,
        "V": (a - gamma * variance / 2) * x,
    }


def iterated(r: float, B: float, s: float, gamma: float, T: float) -> float:
    """c(0) by iterating the integral equation on 70 Chebyshev nodes."""
    points = 70
    nodes = np.cos(np.pi * np.arange(points) / (points - 1))  # 1 is the end, -1 is time zero

    def to_go(f: np.ndarray) -> np.ndarray:
        series = np.polynomial.chebyshev.chebfit(nodes, f, points - 1)
        anti = np.polynomial.chebyshev.chebint(series, lbnd=1)
        return np.asarray(-np.polynomial.chebyshev.chebval(nodes, anti) * T / 2)

    c = np.full(points, B / (gamma * s**2))
    for _ in range(400):
        square = to_go(s**2 * c**2)
        first = np.exp(-to_go(r + B * c) - square)
        update = B / (gamma * s**2) * (first + gamma * np.expm1(-square))
        if np.abs(update - c).max() < 1e-15:
            break
        c = update
    return float(c[-1])
