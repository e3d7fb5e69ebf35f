"""Kim and Omberg: dX = (r X + s y p) dt + s p dW, dy = k (ybar - y) dt + nu dW_y, correlation
rho.

Utility X^{1-g}/(1-g) at T (ln X at g = 1). With V = x^{1-g}/(1-g) exp(phi), phi = A y^2/2 + b y
+ c, the first-order condition is p = x (y + rho nu phi_y)/(g s), and phi_t + (1-g) r + k (ybar
- y) phi_y + nu^2 (phi_yy + phi_y^2)/2 + (1-g)(y + rho nu phi_y)^2/(2g) = 0. By powers of y,
with e = (1-g)/g and M = nu^2 (1 + e rho^2): A' = -e + 2 (k - e rho nu) A - M A^2, b' = (k - e
rho nu - M A) b - k ybar A, c' = -(1-g) r - k ybar b - nu^2 A/2 - M b^2/2, all zero at T. At g =
1, V = ln x + phi and p = x y/s: the same with e = M = 0 in b, and -1 in place of -e in A', r in
place of (1-g) r.

Route 1: closed forms of the scalar Riccati equation (its explosion included) and of b: with M A
= k - e rho nu - w'/w, b = (k ybar/w) int A w; c by quadrature. Route 2 (`integrated`): all
three by extrapolation.
"""

from __future__ import annotations

from typing import Any

from ..precision import ctx, number
from .ode import graded, integrate, linearized, quadrature, riccati, riccati_integral


def _constants(r: Any, g: Any, k: Any, nu: Any, rho: Any) -> tuple[Any, Any, Any, Any]:
    """(source of A, damping, M, source of c)."""
    if g == 1:
        return ctx.one, k, ctx.zero, r
    e = (1 - g) / g
    return e, k - e * rho * nu, nu**2 * (1 + e * rho**2), (1 - g) * r


def solve(
    r: Any,
    s: Any,
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
    """strategy p/x = (1, y); coefficients A, b, c; explosion horizon; V and fraction at (x, y)."""
    r, s, g, k, ybar, nu, rho, T, x = (number(u) for u in (r, s, g, k, ybar, nu, rho, T, x))
    tau = T - number(t)
    source, damping, M, interest = _constants(r, g, k, nu, rho)

    def A_at(u: Any) -> Any:
        return riccati(source, -2 * damping, M, ctx.zero, u)[0]

    explosion = riccati(source, -2 * damping, M, ctx.zero, tau)[1]
    out: dict[str, Any] = {"status": "ok", "explosion": explosion}
    if explosion is not None and T >= explosion:
        return {**out, "status": "explodes"}

    equation = (source, -2 * damping, M, ctx.zero)

    def b_at(u: Any) -> Any:
        if M == 0:  # b' = k ybar A - damping b with A = source int_0^u e^{-2 damping}
            half = -ctx.expm1(-damping * u) / damping if damping != 0 else u
            return k * ybar * source * half**2 / 2
        w, _, area, _ = linearized(*equation, u)
        return k * ybar * (damping * area - (w - 1)) / (M * w)

    def rate(u: Any) -> Any:
        b = b_at(u)
        return k * ybar * b + M * b**2 / 2

    A, b = A_at(tau), b_at(tau)
    c = interest * tau + nu**2 * riccati_integral(*equation, tau) / 2
    c += quadrature(rate, ctx.zero, tau, 32) if explosion is None else graded(rate, tau, explosion)
    hedge = ctx.zero if g == 1 else rho * nu
    out["coefficients"] = {"A": A, "b": b, "c": c}
    out["strategy"] = {"p": {"x": hedge * b / (g * s), "xy": (1 + hedge * A) / (g * s)}}
    if y is not None:
        y = number(y)
        phi = A * y**2 / 2 + b * y + c
        out["fraction"] = (y + hedge * (A * y + b)) / (g * s)
        power = ctx.log(x) + phi if g == 1 else x ** (1 - g) / (1 - g) * ctx.exp(phi)
        out["V"] = power
    return out


def integrated(
    r: Any, g: Any, k: Any, ybar: Any, nu: Any, rho: Any, tau: Any, **_: Any
) -> tuple[Any, Any, Any]:
    """(A, b, c) with time tau to go, from the HJB equation's coefficients by extrapolation."""
    r, g, k, ybar, nu, rho, tau = (number(u) for u in (r, g, k, ybar, nu, rho, tau))

    def rhs(_: Any, v: Any) -> Any:
        def hjb(y: Any) -> Any:
            slope = v[0] * y + v[1]
            total = k * (ybar - y) * slope + nu**2 * v[0] / 2
            if g == 1:
                return total + r + y**2 / 2
            myopic = (1 - g) / (2 * g) * (y + rho * nu * slope) ** 2
            return total + (1 - g) * r + nu**2 * slope**2 / 2 + myopic

        up, here, down = hjb(ctx.one), hjb(ctx.zero), hjb(-ctx.one)
        return [up + down - 2 * here, (up - down) / 2, here]

    A, b, c = integrate(rhs, [ctx.zero] * 3, 0, tau)
    return A, b, c
