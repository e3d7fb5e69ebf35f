"""Investment and reinsurance: dX = (r X + B pi + e q + w) dt + s pi dW + v q dZ, d<W, Z> = rho
dt.

Mean-variance E X_T - gamma Var X_T/2 at a fixed T: a spike gives (pi, q) = C^{-1}(B, e)
e^{-r(T-t)}/ gamma, C = [[s^2, rho s v], [rho s v, v^2]]; E = x e^{r(T-t)} + w (e^{r(T-t)} -
1)/r + S2 (T-t)/gamma, Var = S2 (T-t)/gamma^2, S2 = (B, e) C^{-1} (B, e)'. Over the paper's
random horizon (alpha, beta, lam in place of T) see random_horizon with M = S2.

Route 2 at fixed T (`constant_gap`): for strategies (u, v) e^{-r(T-t)} discounted wealth is
normal with explicit mean and variance; the objective's gradient in (u, v) must vanish and its
value be V.
"""

from __future__ import annotations

from typing import Any

from ..precision import ctx, number
from . import random_horizon


def solve(
    r: Any,
    B: Any,
    s: Any,
    e: Any,
    v: Any,
    rho: Any,
    w: Any,
    gamma: Any,
    T: Any = None,
    t: Any = 0,
    x: Any = 1,
    alpha: Any = None,
    beta: Any = None,
    lam: Any = None,
) -> dict[str, Any]:
    """strategies pi and q (keys "x" and "1"), S2, V; with T fixed also E and Var."""
    r, B, s, e, v, rho, w, gamma, x = (number(u) for u in (r, B, s, e, v, rho, w, gamma, x))
    determinant = (s * v) ** 2 * (1 - rho**2)
    if determinant == 0:
        return {"status": "degenerate"}
    unit = {
        "pi": (v**2 * B - rho * s * v * e) / determinant,
        "q": (s**2 * e - rho * s * v * B) / determinant,
    }
    S2 = B * unit["pi"] + e * unit["q"]
    out: dict[str, Any] = {"status": "ok", "explosion": None, "S2": S2}
    if T is None:
        p = {"r": r, "gamma": gamma}
        p |= {"alpha": number(alpha), "beta": number(beta), "lam": number(lam)}
        out |= random_horizon.solve(p, S2, w, x)
        if "coefficients" in out:
            f1, f3 = out["coefficients"]["f1"], out["coefficients"]["f3"]
            out["strategy"] = {name: {"x": u * f1, "1": u * f3} for name, u in unit.items()}
        return out
    tau = number(T) - number(t)
    growth = ctx.exp(r * tau)
    annuity = ctx.expm1(r * tau) / r if r != 0 else tau
    out["strategy"] = {name: {"x": ctx.zero, "1": u / (gamma * growth)} for name, u in unit.items()}
    out["E"] = x * growth + w * annuity + S2 * tau / gamma
    out["Var"] = S2 * tau / gamma**2
    out["V"] = out["E"] - gamma * out["Var"] / 2
    return out


def normal_objective(
    controls: tuple[Any, Any],
    r: Any,
    B: Any,
    s: Any,
    e: Any,
    v: Any,
    rho: Any,
    w: Any,
    gamma: Any,
    T: Any,
    x: Any = 1,
) -> Any:
    """E - gamma Var/2 at time 0 of (pi, q) = controls e^{-r(T-t)}."""
    r, B, s, e, v, rho, w, gamma, T, x = (number(u) for u in (r, B, s, e, v, rho, w, gamma, T, x))
    pi, q = controls
    annuity = ctx.expm1(r * T) / r if r != 0 else T
    mean = x * ctx.exp(r * T) + w * annuity + (B * pi + e * q) * T
    variance = ((s * pi) ** 2 + (v * q) ** 2 + 2 * rho * s * v * pi * q) * T
    return mean - gamma * variance / 2


def random_gap(x: Any, **params: Any) -> Any:
    """Random horizon: distance of phi and V from the spike's vertex and the moments' J."""
    out = solve(x=x, **params)
    p = {name: number(params[name]) for name in ("r", "gamma", "alpha", "beta", "lam")}
    f = out["coefficients"]["f1"], out["coefficients"]["f3"]
    vertex, bend, J = random_horizon.spike_vertex(p, out["S2"], number(params["w"]), f, number(x))
    if bend >= 0:
        raise ArithmeticError("a spike has no maximum")
    return max(abs(vertex - f[0] * number(x) - f[1]), abs(J - out["V"]))
