"""Systemic risk with common noise: dX_i = [a (xbar - X_i) + alpha_i] dt + s (sqrt(1 - rho^2) dW_i +
rho dW_0), cost alpha^2/2 - q alpha (xbar - X_i) + eps (xbar - X_i)^2/2, end c (xbar - X_i)^2/2.

z = xbar - X_i, e = 1 - 1/N. Closed loop: V = eta z^2/2 + mu, alpha = (q + e eta) z, the others'
speeds cancel in xbar, eta' = 2(a + q) eta + (2e - e^2) eta^2 - (eps - q^2). Open loop: adjoints
Y^{ij} = phi (1/N - delta_ij) z, alpha = (q + e phi) z, phi' = (2a + q (1 + e)) phi + e phi^2 -
(eps - q^2). Both end in c; the limit N = oo (e = 1) is the mean-field game with common noise, the
same for both. mu' = -s^2 (1 - rho^2) e eta/2, mu(T) = 0. In the open-loop game the value is that of
its own feedback: eta' = 2 (a + kappa) eta - (kappa^2 - 2 q kappa + eps), kappa = q + e phi.

Route 1: scalar Riccati closed forms. Route 2 (`full_state`): the game in all N states and the
common noise by lq_games (coupled Riccati equations, two-point problem of the adjoints).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..precision import ctx, number
from . import lq_games
from .ode import integrate, riccati, riccati_integral


def solve(
    a: Any,
    q: Any,
    eps: Any,
    c: Any,
    s: Any,
    rho: Any,
    T: Any,
    size: int | None = None,
    notion: str = "feedback",
    t: Any = 0,
    z: Any = 0,
) -> dict[str, Any]:
    """strategy alpha = (z) z; coefficient eta (feedback) or phi (open loop), eta, mu; V at z."""
    a, q, eps, c, s, rho, T, t, z = (number(u) for u in (a, q, eps, c, s, rho, T, t, z))
    e = ctx.one if size is None else 1 - ctx.one / size
    linear, quadratic = 2 * (a + q), 2 * e - e**2
    if notion == "open-loop":
        linear, quadratic = 2 * a + q * (1 + e), e

    def at(u: Any) -> Any:
        return riccati(eps - q**2, -linear, -quadratic, c, u)[0]

    explosion = riccati(eps - q**2, -linear, -quadratic, c, ctx.zero)[1]
    out: dict[str, Any] = {"status": "ok", "explosion": explosion}
    if explosion is not None and T >= explosion:
        return {**out, "status": "explodes"}
    found = at(T - t)
    noise = s**2 * (1 - rho**2) * e / 2
    if notion == "open-loop":

        def rhs(u: Any, v: Any) -> Any:
            kappa = q + e * at(u)
            rate = kappa**2 - 2 * q * kappa + eps - 2 * (a + kappa) * v[0]
            return [rate, noise * v[0]]

        eta, mu = integrate(rhs, [c, ctx.zero], 0, T - t) if T != t else (c, ctx.zero)
        out["coefficients"] = {"phi": found, "eta": eta, "mu": mu}
    else:
        integral = riccati_integral(eps - q**2, -linear, -quadratic, c, T - t)
        eta, mu = found, noise * integral
        out["coefficients"] = {"eta": eta, "mu": mu}
    out["strategy"] = {"alpha": {"z": q + e * found}}
    out["V"] = eta * z**2 / 2 + mu
    return out


def full_state(notion: str, N: int, **params: Any) -> dict[str, Any]:
    """Gain of bank 1 on (x_1, ..., x_N) and, closed loop, its P and constant at time 0."""
    a, q, eps, c, s, rho, T = (
        float(number(params[name])) for name in ("a", "q", "eps", "c", "s", "rho", "T")
    )
    mean, eye = np.ones((N, N)) / N, np.eye(N)
    costs, ends = [], []
    for i in range(N):
        z = mean[i] - eye[i]
        M = np.zeros((2 * N, 2 * N))
        M[:N, :N] = eps * np.outer(z, z)
        M[N + i, N + i] = 1.0
        M[N + i, :N] = M[:N, N + i] = -q * z
        costs.append(M)
        ends.append(c * np.outer(z, z))
    B = [eye[:, [i]] for i in range(N)]
    A = a * (mean - eye)
    if notion == "open-loop":
        return {"gain": lq_games.open_loop(A, B, costs, ends, T)["K"][0]}
    S = s * np.hstack([np.sqrt(1 - rho**2) * eye, rho * np.ones((N, 1))])
    out = lq_games.feedback(A, B, costs, ends, S, T)
    return {"gain": out["K"][0], "P": out["P"][0], "c": out["c"][0]}
