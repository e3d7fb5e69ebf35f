"""Power utility with stochastic variance: dX/X = r dt + f (L y dt + sqrt(y) dW), dy = k (ybar -
y) dt + nu sqrt(y) dW_y, correlation rho, f the fraction; X^{1-g}/(1-g) at T (ln X at g = 1).

V = x^{1-g}/(1-g) exp(b y + c) (the quadratic coefficient A of Kim and Omberg is absent). The
first- order condition is f = (L + rho nu b)/g, constant in y, and b' = -(1-g)(L + rho nu
b)^2/(2g) + k b - nu^2 b^2/2, c' = -(1-g) r - k ybar b, zero at T. At g = 1: V = ln x + b y + c,
f = L, b' = k b - L^2/2, c' = -r - k ybar b.

Route 1: closed form of the Riccati equation and of its integral. Route 2 (`by_bond`): with D =
g/(g + (1-g) rho^2), V = x^{1-g}/(1-g) w^D where w solves a linear equation: w = E exp(int
(1-g)/D (r + L^2 y/(2g)) ds) under a square-root process of damping k - (1-g) rho nu L/g: the
formula of the zero-coupon bond of Cox, Ingersoll and Ross.
"""

from __future__ import annotations

from typing import Any

from ..precision import ctx, number
from .ode import riccati, riccati_integral


def solve(
    r: Any,
    L: Any,
    g: Any,
    k: Any,
    ybar: Any,
    nu: Any,
    rho: Any,
    T: Any,
    t: Any = 0,
    x: Any = 1,
    y: Any = None,
) -> dict[str, Any]:
    """fraction (key "1"), coefficients b, c, explosion horizon, V at (x, y)."""
    r, L, g, k, ybar, nu, rho, T, x = (number(u) for u in (r, L, g, k, ybar, nu, rho, T, x))
    tau = T - number(t)
    if g == 1:
        equation = (L**2 / 2, -k, ctx.zero)
        interest, hedge = r, ctx.zero
    else:
        e = (1 - g) / g
        equation = (e * L**2 / 2, e * L * rho * nu - k, nu**2 * (1 + e * rho**2) / 2)
        interest, hedge = (1 - g) * r, rho * nu

    b, explosion = riccati(*equation, ctx.zero, tau)
    out: dict[str, Any] = {"status": "ok", "explosion": explosion}
    if explosion is not None and T >= explosion:
        return {**out, "status": "explodes"}
    c = interest * tau + k * ybar * riccati_integral(*equation, ctx.zero, tau)
    out["coefficients"] = {"b": b, "c": c}
    out["strategy"] = {"f": {"1": (L + hedge * b) / g}}
    if y is not None:
        phi = b * number(y) + c
        out["V"] = ctx.log(x) + phi if g == 1 else x ** (1 - g) / (1 - g) * ctx.exp(phi)
    return out


def by_bond(
    r: Any, L: Any, g: Any, k: Any, ybar: Any, nu: Any, rho: Any, T: Any
) -> tuple[Any, Any]:
    """(b, c) at time 0 from the bond formula; needs g != 1, nu > 0 and T before the explosion."""
    r, L, g, k, ybar, nu, rho, T = (number(u) for u in (r, L, g, k, ybar, nu, rho, T))
    e = (1 - g) / g
    D = 1 / (1 + e * rho**2)
    damping = k - e * rho * nu * L
    price = -e * L**2 / (2 * D)  # E exp(-price int y ds); complex root when it is negative enough
    h = ctx.sqrt(ctx.mpc(damping**2 + 2 * price * nu**2))
    growth = ctx.exp(h * T) - 1
    below = 2 * h + (h + damping) * growth
    level = 2 * k * ybar / nu**2 * ctx.log(2 * h * ctx.exp((damping + h) * T / 2) / below)
    slope = -price * 2 * growth / below
    return ctx.re(D * slope), ctx.re(D * level) + (1 - g) * r * T
