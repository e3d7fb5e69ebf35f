"""The two linear-quadratic benchmarks of the mean-field grid solver: control -u_x, viscosity nu.

LQ-2 (`solve`): f = c (x - mbar(t))^2/2, terminal g0 x^2/2, law of mean m0 and variance v0. With
u = P x^2/2 + Q x + R: P' = P^2 - c, P(T) = g0; Q' = P Q + c mbar, R' = Q^2/2 - nu P - c mbar^2/2;
mbar' = -(P mbar + Q), and P mbar + Q turns out constant in time: mbar' = -g0 mbar(T), hence
mbar(t) = m0 (1 + g0 (T - t))/(1 + g0 T) and Q = g0 mbar(T) - P mbar. Var' = -2 P Var + 2 nu.
Route 1: these closed forms and quadratures. Route 2 (`shooting`): the two-point system in Q and
mbar solved as a linear boundary problem by extrapolation, without the constant of motion.

LQ-1 (`uncoupled`): f = 0, terminal c (x - xT)^2/2, closed forms on the real line; route 2
(`uncoupled_integrated`) by extrapolation.
"""

from __future__ import annotations

from typing import Any

from ..precision import ctx, number
from .ode import integrate, quadrature, riccati


def solve(
    nu: Any, c: Any, g0: Any, T: Any, m0: Any, v0: Any, t: Any = 0, x: Any = None
) -> dict[str, Any]:
    """P, Q, R and the law at time t; u at x; strategy control = -(P x + Q)."""
    nu, c, g0, T, m0, v0, t = (number(u) for u in (nu, c, g0, T, m0, v0, t))

    def P_at(u: Any) -> Any:
        return riccati(c, ctx.zero, -ctx.one, g0, T - u)[0]

    explosion = riccati(c, ctx.zero, -ctx.one, g0, ctx.zero)[1]
    out: dict[str, Any] = {"status": "ok", "explosion": explosion}
    if explosion is not None and T >= explosion:
        return {**out, "status": "explodes"}
    if 1 + g0 * T == 0:
        return {**out, "status": "degenerate"}
    end = m0 / (1 + g0 * T)

    def mean(u: Any) -> Any:
        return end * (1 + g0 * (T - u))

    def Q_at(u: Any) -> Any:
        return g0 * end - P_at(u) * mean(u)

    R = quadrature(lambda u: nu * P_at(u) + c * mean(u) ** 2 / 2 - Q_at(u) ** 2 / 2, t, T)
    variance = v0
    if t:
        (variance,) = integrate(lambda u, v: [2 * nu - 2 * P_at(u) * v[0]], [v0], 0, t)
    P, Q = P_at(t), Q_at(t)
    out["coefficients"] = {"P": P, "Q": Q, "R": R}
    out["strategy"] = {"control": {"x": -P, "1": -Q}}
    out["laws"] = {"mean": mean(t), "Var": variance}
    if x is not None:
        x = number(x)
        out["V"] = P * x**2 / 2 + Q * x + R
    return out


def shooting(nu: Any, c: Any, g0: Any, T: Any, m0: Any, v0: Any) -> dict[str, Any]:
    """P(0), Q(0), R(0), mean(T), var(T): backward with a guessed mbar(T), which enters linearly."""
    nu, c, g0, T, m0, v0 = (number(u) for u in (nu, c, g0, T, m0, v0))

    def backward(end: Any) -> Any:
        def rhs(_: Any, v: Any) -> Any:
            P, Q, R, m = v
            return [P**2 - c, P * Q + c * m, Q**2 / 2 - nu * P - c * m**2 / 2, -(P * m + Q)]

        return integrate(rhs, [g0, ctx.zero, ctx.zero, end], T, 0)

    at_zero, at_one = backward(ctx.zero)[3], backward(ctx.one)[3]
    end = (m0 - at_zero) / (at_one - at_zero)
    P, Q, R, _ = backward(end)

    def forward(_: Any, v: Any) -> Any:
        return [v[0] ** 2 - c, 2 * nu - 2 * v[0] * v[1]]

    return {"P": P, "Q": Q, "R": R, "mean": end, "Var": integrate(forward, [P, v0], 0, T)[1]}


def uncoupled(
    nu: Any, c: Any, xT: Any, T: Any, m0: Any, v0: Any, t: Any = 0, x: Any = None
) -> dict[str, Any]:
    """LQ-1: A, R of u = A (x - xT)^2/2 + R, the law at t, u at x; control -A (x - xT)."""
    nu, c, xT, T, m0, v0, t = (number(u) for u in (nu, c, xT, T, m0, v0, t))
    explosion = -1 / c if c < 0 else None
    out: dict[str, Any] = {"status": "ok", "explosion": explosion}
    if explosion is not None and T >= explosion:
        return {**out, "status": "explodes"}
    now, first = 1 + c * (T - t), 1 + c * T
    phi = now / first
    growth = (1 / now - 1 / first) / c if c != 0 else t
    A, R = c / now, nu * ctx.log(now)
    out["coefficients"] = {"A": A, "R": R}
    out["strategy"] = {"control": {"x": -A, "1": A * xT}}
    out["laws"] = {
        "mean": xT + (m0 - xT) * phi,
        "Var": phi**2 * (v0 + 2 * nu * first**2 * growth),
    }
    if x is not None:
        out["V"] = A * (number(x) - xT) ** 2 / 2 + R
    return out


def uncoupled_integrated(nu: Any, c: Any, T: Any, m0: Any, v0: Any, xT: Any) -> dict[str, Any]:
    """A, R at time 0 and the law at T by extrapolation: the second route of LQ-1."""
    nu, c, T, m0, v0, xT = (number(u) for u in (nu, c, T, m0, v0, xT))
    A, R = integrate(lambda _, v: [v[0] ** 2, -nu * v[0]], [c, ctx.zero], T, 0)

    def forward(_: Any, v: Any) -> Any:
        return [v[0] ** 2, -v[0] * (v[1] - xT), 2 * nu - 2 * v[0] * v[2]]

    _, mean, variance = integrate(forward, [A, m0, v0], 0, T)
    return {"A": A, "R": R, "mean": mean, "Var": variance}
