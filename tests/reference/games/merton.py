"""Merton's problem with terminal wealth: dX = (r X + B pi) dt + s pi dW, X^{1-g}/(1-g) at T.

V = A(t) x^{1-g}/(1-g): the first-order condition is pi = B x/(g s^2), and A' = -(1-g)(r +
B^2/(2 g s^2)) A, A(T) = 1. At g = 1 the utility is ln x and V = ln x + (r + B^2/(2 s^2))(T - t).
Route 2 (`expected_utility`): wealth is lognormal under any constant fraction.
"""

from __future__ import annotations

from typing import Any

from ..precision import ctx, number


def solve(r: Any, B: Any, s: Any, g: Any, T: Any, t: Any = 0, x: Any = 1) -> dict[str, Any]:
    """strategy pi = (fraction) x; coefficient A, or at g = 1 the constant c of V = ln x + c."""
    r, B, s, g, tau, x = (number(u) for u in (r, B, s, g, T, x))
    tau -= number(t)
    fraction = B / (g * s**2)
    rate = r + B**2 / (2 * g * s**2)
    out: dict[str, Any] = {"status": "ok", "explosion": None, "strategy": {"pi": {"x": fraction}}}
    if g == 1:
        return {**out, "coefficients": {"c": rate * tau}, "V": ctx.log(x) + rate * tau}
    A = ctx.exp((1 - g) * rate * tau)
    return {**out, "coefficients": {"A": A}, "V": A * x ** (1 - g) / (1 - g)}


def expected_utility(
    fraction: Any, r: Any, B: Any, s: Any, g: Any, T: Any, t: Any = 0, x: Any = 1
) -> Any:
    """E U(X_T) of a constant fraction: ln X_T is normal."""
    r, B, s, g, tau, x = (number(u) for u in (r, B, s, g, T, x))
    tau -= number(t)
    f = number(fraction)
    mean = ctx.log(x) + (r + B * f - s**2 * f**2 / 2) * tau
    variance = s**2 * f**2 * tau
    if g == 1:
        return mean
    return ctx.exp((1 - g) * mean + (1 - g) ** 2 * variance / 2) / (1 - g)
