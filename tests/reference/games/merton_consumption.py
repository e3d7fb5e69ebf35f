"""Merton's problem with consumption: dX = (r X + B pi - c) dt + s pi dW, utility of c, rate rho.

Infinite horizon, or T with the bequest K X_T^{1-g}/(1-g) (K multiplies the utility; K = 0 is no
bequest). V is of time t: the discount starts at t. With V = f^g x^{1-g}/(1-g) the first-order
conditions are pi = B x/(g s^2), c = x/f, and the HJB equation leaves the linear f' = h f - 1,
f(T) = K^{1/g}, h = [rho - (1-g)(r + B^2/(2 g s^2))]/g; on the infinite horizon f = 1/h, which is
the value if and only if h > 0. At g = 1 (logarithm): V = f ln x + k, f' = rho f - 1, f(T) = K,
k' = rho k + ln f + 1 - f (r + B^2/(2 s^2)), k(T) = 0.

Route 2 (`utility_of`): wealth is lognormal under any deterministic fractions, so the objective is
a quadrature; the strategy's objective must equal V, and no other constant pair may exceed it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..precision import ctx, number
from .ode import quadrature


def solve(
    r: Any,
    B: Any,
    s: Any,
    g: Any,
    rho: Any,
    T: Any = None,
    K: Any = 0,
    t: Any = 0,
    x: Any = 1,
) -> dict[str, Any]:
    """strategy pi = (fraction) x, c = x/f; coefficients f, F = f^g, h (k at g = 1); V(t, x)."""
    r, B, s, g, rho, K, x = (number(u) for u in (r, B, s, g, rho, K, x))
    fraction = B / (g * s**2)
    excess = r + B**2 / (2 * g * s**2)
    h = (rho - (1 - g) * excess) / g
    out: dict[str, Any] = {"status": "ok", "explosion": None}
    if T is None:
        if h <= 0:
            return {"status": "no-solution", "h": h}
        f = 1 / h
        k = (ctx.log(rho) + excess / rho - 1) / rho if g == 1 else None
    else:
        tau = number(T) - number(t)
        end = K if g == 1 else K ** (1 / g)

        def at(u: Any) -> Any:
            return end + u if h == 0 else 1 / h + (end - 1 / h) * ctx.exp(-h * u)

        f = at(tau)
        k = None
        if g == 1:
            # -(ln f + 1 - f excess) discounted; ln f is singular at the end when K = 0.
            k = ctx.quad(
                lambda u: ctx.exp(-rho * (tau - u)) * (at(u) * excess - 1 - ctx.log(at(u))),
                [0, tau / 16, tau / 4, tau],
            )
    out["strategy"] = {"pi": {"x": fraction}, "c": {"x": 1 / f if f else ctx.inf}}
    out["coefficients"] = {"f": f, "F": f**g, "h": h}
    if g == 1:
        out["coefficients"]["k"] = k
        out["V"] = f * ctx.log(x) + k
    else:
        out["V"] = f**g * x ** (1 - g) / (1 - g)
    return out


def utility_of(
    fraction: Any,
    consumption: Callable[[Any], Any],
    r: Any,
    B: Any,
    s: Any,
    g: Any,
    rho: Any,
    T: Any,
    K: Any = 0,
    x: Any = 1,
) -> Any:
    """Objective at time 0 of pi = fraction x and c = consumption(t) x by lognormal moments.

    `consumption` must be smooth on [0, T].
    """
    r, B, s, g, rho, T, K, x = (number(u) for u in (r, B, s, g, rho, T, K, x))
    f = number(fraction)
    drift = r + B * f - s**2 * f**2 / 2

    def spent(u: Any) -> Any:
        return quadrature(consumption, ctx.zero, u, 2)

    def utility(u: Any, scale: Any) -> Any:
        """E U(scale X_u)."""
        mean = ctx.log(x) + drift * u - spent(u) + ctx.log(scale)
        if g == 1:
            return mean
        return ctx.exp((1 - g) * mean + (1 - g) ** 2 * s**2 * f**2 * u / 2) / (1 - g)

    flow = quadrature(lambda u: ctx.exp(-rho * u) * utility(u, consumption(u)), ctx.zero, T, 4)
    return flow + ctx.exp(-rho * T) * K * utility(T, ctx.one)
