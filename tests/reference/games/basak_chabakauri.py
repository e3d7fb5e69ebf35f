"""Time-consistent mean-variance: dX = (r X + s y p) dt + s p dW, dy = k (ybar - y) dt + nu
dW_y, d<W, W_y> = rho dt, E X_T - gamma Var X_T/2, p an amount; k = nu = 0 is the constant
opportunity set.

E X_T = x e^{r(T-t)} + m(t, y), Var X_T = v(t, y) free of wealth (E X_T^2 = G^2 + v, a quartic
in y). A spike gives s p e^{r(T-t)} = y/gamma - rho nu m_y; m_t + k (ybar - y) m_y + nu^2 m_yy/2
+ y^2/gamma - rho nu y m_y = 0; v_t + k (ybar - y) v_y + nu^2 v_yy/2 + y^2/gamma^2 + (1 - rho^2)
nu^2 m_y^2 = 0. m = A y^2/2 + b y + c and v = P y^2/2 + Q y + R: all equations are linear.

Route 1: extrapolation. Route 2 (`forward`): the moments E x, x^2, x y, x y^2 and E y^j, j <= 4,
of the closed loop run forward from (x, y), with a constant spike on a first interval if asked:
no generator and no ansatz for the value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..precision import ctx, number
from .ode import integrate


def solve(
    r: Any,
    s: Any,
    gamma: Any,
    T: Any,
    k: Any = 0,
    ybar: Any = 0,
    nu: Any = 0,
    rho: Any = 0,
    t: Any = 0,
    x: Any = 1,
    y: Any = None,
) -> dict[str, Any]:
    """strategy p = (y) y + (1); A, b, c of E and P, Q, R of Var at t; E, Var, V at (x, y)."""
    r, s, gamma, T, k, ybar, nu, rho, x = (number(u) for u in (r, s, gamma, T, k, ybar, nu, rho, x))
    tau = T - number(t)

    def rhs(_: Any, u: Any) -> Any:
        A, b, _c, P, Q, _R = u
        return [
            2 / gamma - 2 * (k + rho * nu) * A,
            k * ybar * A - (k + rho * nu) * b,
            k * ybar * b + nu**2 * A / 2,
            2 / gamma**2 - 2 * k * P + 2 * (1 - rho**2) * nu**2 * A**2,
            k * ybar * P - k * Q + 2 * (1 - rho**2) * nu**2 * A * b,
            k * ybar * Q + nu**2 * P / 2 + (1 - rho**2) * nu**2 * b**2,
        ]

    A, b, c, P, Q, R = integrate(rhs, [ctx.zero] * 6, 0, tau) if tau else [ctx.zero] * 6
    scale = s * ctx.exp(r * tau)
    slope, level = (1 / gamma - rho * nu * A) / scale, -rho * nu * b / scale
    out: dict[str, Any] = {
        "status": "ok",
        "explosion": None,
        "strategy": {"p": {"y": slope, "1": level}},
        "coefficients": {"A": A, "b": b, "c": c, "P": P, "Q": Q, "R": R},
    }
    if y is not None:
        y = number(y)
        out["p"] = slope * y + level
        out["E"] = x * ctx.exp(r * tau) + A * y**2 / 2 + b * y + c
        out["Var"] = P * y**2 / 2 + Q * y + R
        out["V"] = out["E"] - gamma * out["Var"] / 2
    return out


def strategy_at(p: dict[str, Any], t: Any) -> tuple[Any, Any]:
    """(slope, level) of the strategy at time t by the exponentials that solve A and b."""
    r, s, gamma, T, k, ybar, nu, rho = (
        number(p[name]) for name in ("r", "s", "gamma", "T", "k", "ybar", "nu", "rho")
    )
    tau, kappa = T - t, k + rho * nu
    if kappa == 0:
        A, b = 2 * tau / gamma, k * ybar * tau**2 / gamma
    else:
        decayed = -ctx.expm1(-kappa * tau)
        A = -ctx.expm1(-2 * kappa * tau) / (gamma * kappa)
        b = k * ybar * decayed**2 / (gamma * kappa**2)
    scale = s * ctx.exp(r * tau)
    return (1 / gamma - rho * nu * A) / scale, -rho * nu * b / scale


def forward(
    strategy: Callable[[Any], tuple[Any, Any]],
    spike: Any,
    length: Any,
    r: Any,
    s: Any,
    T: Any,
    k: Any = 0,
    ybar: Any = 0,
    nu: Any = 0,
    rho: Any = 0,
    x: Any = 1,
    y: Any = 0,
) -> tuple[Any, Any]:
    """(E X_T, Var X_T) from (x, y) of p = slope(t) y + level(t), plus `spike` on [0, length]."""
    r, s, T, k, ybar, nu, rho, x, y = (number(u) for u in (r, s, T, k, ybar, nu, rho, x, y))

    def rates(time: Any, u: Any, added: Any) -> Any:
        slope, level = strategy(time)
        level += added
        y1, y2, y3, y4, mx, xy, xy2, xx = u
        drift = s * (slope * y2 + level * y1)
        # products of p: E p^2, E p y^j, E p x, E p x y
        pp = slope**2 * y2 + 2 * slope * level * y1 + level**2
        return [
            k * (ybar - y1),
            2 * k * (ybar * y1 - y2) + nu**2,
            3 * k * (ybar * y2 - y3) + 3 * nu**2 * y1,
            4 * k * (ybar * y3 - y4) + 6 * nu**2 * y2,
            r * mx + drift,
            r * xy
            + s * (slope * y3 + level * y2)
            + k * (ybar * mx - xy)
            + rho * nu * s * (slope * y1 + level),
            r * xy2
            + s * (slope * y4 + level * y3)
            + 2 * k * (ybar * xy - xy2)
            + nu**2 * mx
            + 2 * rho * nu * s * (slope * y2 + level * y1),
            2 * r * xx + 2 * s * (slope * xy2 + level * xy) + s**2 * pp,
        ]

    state = [y, y**2, y**3, y**4, x, x * y, x * y**2, x**2]
    if length:
        state = integrate(lambda time, u: rates(time, u, spike), state, 0, length)
    state = integrate(lambda time, u: rates(time, u, ctx.zero), state, length, T)
    return state[4], state[7] - state[4] ** 2
