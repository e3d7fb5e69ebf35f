"""Optimal execution with interaction through the mean control, as game, planner, and n players.

dX = a dt + sig dW, cost E int (cX X^2/2 + cA a^2/2 - g X abar) dt + cg X_T^2/2, X_0 of mean m0 and
variance v0. Continuum, feedback: a = -(eta x + (etab - eta) xbar)/cA with (adjoint eta x + ...)
eta' = eta^2/cA - cX, etab' = (etab^2 - g etab)/cA - cX, xbar' = -etab xbar/cA. Planner: the mean
is a separate regulator with cost cX m^2/2 + cA q^2/2 - g m q, hence q = (g - etab) m/cA and etab' =
(etab - g)^2/cA - cX. All end in cg; all are scalar Riccati equations with constant coefficients.

n players, abar over all: x own, z the mean of the others, V = P x^2/2 + S x z + R z^2/2 + c;
cA a + P x + S z - g x/n = 0, so a = -(K x + L z), K = (P - g/n)/cA, L = S/cA, and the others' mean
drifts at -(K + L (n-2)/(n-1)) z - L x/(n-1) with noise sig/sqrt(n-1).

Route 1: closed forms (continuum) and extrapolation (n). Route 2: the objective by quadrature of
exact moments (`objective`), the n-player game in its full state by lq_games (`full_state`).
Values: V of the feedback game is an agent's at (x, xbar) = (m0, m0) averaged over its law: J.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..precision import ctx, number
from . import lq_games
from .ode import Explosion, integrate, quadrature, riccati, riccati_integral

NAMES = ("cX", "cA", "cg", "g", "sig", "T")


def _continuum(p: dict[str, Any], planner: bool, s: Any) -> tuple[Any, Any, Any]:
    """(eta, etab, explosion time or None) with time s to go."""
    cX, cA, cg, g = (p[name] for name in ("cX", "cA", "cg", "g"))
    eta, first = riccati(cX, ctx.zero, -1 / cA, cg, s)
    if planner:
        etab, second = riccati(cX - g**2 / cA, 2 * g / cA, -1 / cA, cg, s)
    else:
        etab, second = riccati(cX, g / cA, -1 / cA, cg, s)
    blowups = [time for time in (first, second) if time is not None]
    return eta, etab, min(blowups) if blowups else None


def _speed(p: dict[str, Any], planner: bool, etab: Any) -> Any:
    """q/m of the mean control q = -(speed) m."""
    return (etab - p["g"] if planner else etab) / p["cA"]


def explosion_time(notion: str, **params: Any) -> Any:
    """Horizon at which a continuum Riccati equation explodes, or None."""
    p = {name: number(params[name]) for name in NAMES if name in params}
    return _continuum(p, notion == "planner", ctx.zero)[2]


def _ratio(q: Any, b: Any, c: Any, start: Any, s: Any) -> Any:
    """exp int_0^s (b/2 + c u) = 1/w of the Riccati solution u, w as in ode.riccati."""
    square, slope = b**2 - 4 * q * c, b + 2 * c * start
    if square == 0:
        return 1 / (1 - slope * s / 2)
    D = ctx.sqrt(square)
    return 1 / ctx.re(ctx.cosh(D * s / 2) - slope / D * ctx.sinh(D * s / 2))


def laws(p: dict[str, Any], planner: bool, m0: Any, v0: Any, t: Any) -> tuple[Any, Any]:
    """(mean, variance) of the state at time t: 1/w of the two equations is their propagator."""
    cX, cA, cg, g, T = (p[name] for name in ("cX", "cA", "cg", "g", "T"))
    own = (cX, ctx.zero, -1 / cA, cg)
    joint = (cX - g**2 / cA, 2 * g / cA, -1 / cA, cg) if planner else (cX, g / cA, -1 / cA, cg)

    def decay(s: Any) -> Any:
        return _ratio(*own, s)  # exp(-int_0^s eta/cA)

    # d ln mean/dt = b/2 + c etab, less g/(2 cA) in the game.
    mean = m0 * _ratio(*joint, T) / _ratio(*joint, T - t)
    if not planner:
        mean *= ctx.exp(-g * t / (2 * cA))
    forward = decay(T) / decay(T - t)
    spread = quadrature(lambda u: (decay(T - u) / decay(T - t)) ** 2, ctx.zero, t, 6)
    return mean, forward**2 * v0 + p["sig"] ** 2 * spread


def _value(p: dict[str, Any], planner: bool, s: Any) -> dict[str, Any]:
    """Coefficients with s to go. Game: V = eta x^2/2 + (etab - eta) x m + L m^2/2 + c with m the
    mean; planner: V = eta Var/2 + etab m^2/2 + c."""

    def rhs(u: Any, v: Any) -> Any:
        eta, etab, _ = _continuum(p, planner, u)
        if planner:
            return [ctx.zero, p["sig"] ** 2 * eta / 2]
        # HJB at a = -(eta x + (etab - eta) m)/cA, terms in m^2: control, a V_x, m' V_m.
        rate = -((etab - eta) ** 2) / p["cA"] - 2 * _speed(p, planner, etab) * v[0]
        return [rate, p["sig"] ** 2 * eta / 2]

    eta, etab, _ = _continuum(p, planner, s)
    L, c = integrate(rhs, [ctx.zero] * 2, 0, s) if s else (ctx.zero, ctx.zero)
    found = {"eta": eta, "etab": etab, "c": c}
    return found if planner else {**found, "L": L}


def solve(
    *,
    m0: Any,
    v0: Any,
    notion: str = "feedback",
    size: int | None = None,
    t: Any = 0,
    **params: Any,
) -> dict[str, Any]:
    """Continuum (size None) or n players; notion "feedback" or "planner" of either.

    strategy a = (x) x + (xbar) xbar in the continuum and for the planner (xbar: mean of all), for
    n players (x) x + (z) z with z the mean of the others, or (y) for y = (1/n) sum of the others.
    J at the initial law; laws (continuum) and coefficients at time t.
    """
    p = {name: number(params[name]) for name in NAMES}
    m0, v0, t = number(m0), number(v0), number(t)
    planner = notion == "planner"
    if size is not None and not planner:
        return _players(p, size, m0, v0, t)
    explosion = _continuum(p, planner, p["T"])[2]
    out: dict[str, Any] = {"status": "ok", "explosion": explosion}
    if explosion is not None and p["T"] >= explosion:
        return {**out, "status": "explodes"}
    now, first = _value(p, planner, p["T"] - t), _value(p, planner, p["T"])
    cross = now["etab"] - now["eta"] - (p["g"] if planner else 0)
    out["coefficients"] = now
    out["strategy"] = {"a": {"x": -now["eta"] / p["cA"], "xbar": -cross / p["cA"]}}
    if planner:
        # With n agents the mean carries the share 1/n of the variance and of the noise.
        share = ctx.one / size if size else ctx.zero
        out["J"] = (first["eta"] * v0 * (1 - share) + first["etab"] * (m0**2 + share * v0)) / 2
        out["J"] += (1 - share) * first["c"]
        if size:
            cX, cA, cg, g = (p[name] for name in ("cX", "cA", "cg", "g"))
            joint = (cX - g**2 / cA, 2 * g / cA, -1 / cA, cg)
            noise = riccati_integral(*joint, p["T"])
            out["J"] += share * p["sig"] ** 2 * noise / 2
    else:
        mixed = first["etab"] - first["eta"]
        out["J"] = (first["eta"] * (m0**2 + v0) + first["L"] * m0**2) / 2 + mixed * m0**2
        out["J"] += first["c"]
    if size is None:
        mean, variance = laws(p, planner, m0, v0, t)
        out["laws"] = {"xbar": mean, "Var": variance}
    return out


def rate_constants(t: Any = 0, **params: Any) -> dict[str, Any]:
    """Limits of n (k_n - k) for the strategy (x, z) and J: k_n is smooth in 1/n, eight points."""
    limit = solve(t=t, **params)
    values = {**limit["strategy"]["a"], "J": limit["J"]}
    values["z"] = values.pop("xbar")
    steps = [ctx.mpf(j) / 4000 for j in range(1, 9)]
    p = {name: number(params[name]) for name in NAMES}
    found = [
        _players(p, 1 / e, number(params["m0"]), number(params["v0"]), number(t)) for e in steps
    ]
    out = {}
    for name, end in values.items():
        quotients = [
            ((f["J"] if name == "J" else f["strategy"]["a"][name]) - end) / e
            for f, e in zip(found, steps)
        ]
        out[name] = sum(  # Lagrange at 1/n = 0
            q * ctx.fprod(other / (other - e) for other in steps if other != e)
            for q, e in zip(quotients, steps)
        )
    return out


def objective(planner: bool, m0: Any, v0: Any, **params: Any) -> Any:
    """J of the continuum by quadrature of the cost over the exact moments of the law."""
    p = {name: number(params[name]) for name in NAMES}
    m0, v0 = number(m0), number(v0)
    cX, cA, cg, g, T = (p[name] for name in ("cX", "cA", "cg", "g", "T"))

    def cost(u: Any) -> Any:
        eta, etab, _ = _continuum(p, planner, T - u)
        mean, variance = laws(p, planner, m0, v0, u)
        control = -_speed(p, planner, etab) * mean
        square = control**2 + (eta / cA) ** 2 * variance
        return cX * (mean**2 + variance) / 2 + cA * square / 2 - g * mean * control

    mean, variance = laws(p, planner, m0, v0, T)
    return quadrature(cost, ctx.zero, T, 2) + cg * (mean**2 + variance) / 2


def _players(p: dict[str, Any], n: int, m0: Any, v0: Any, t: Any) -> dict[str, Any]:
    cX, cA, cg, g = (p[name] for name in ("cX", "cA", "cg", "g"))

    def rhs(_: Any, v: Any) -> Any:
        P, S, R, _c = v
        K, L = (P - g / n) / cA, S / cA
        zz, zx = -(K + L * ctx.mpf(n - 2) / (n - 1)), -L / (n - 1)
        ax, az = (-K + (n - 1) * zx) / n, (-L + (n - 1) * zz) / n  # abar in (x, z)
        return [
            cX + cA * K**2 - 2 * g * ax - 2 * P * K + 2 * S * zx,
            cA * K * L - g * az - P * L - S * K + S * zz + R * zx,
            cA * L**2 - 2 * S * L + 2 * R * zz,
            p["sig"] ** 2 * (P + R / (n - 1)) / 2,
        ]

    try:
        start = [cg, ctx.zero, ctx.zero, ctx.zero]
        P0, S0, R0, c0 = integrate(rhs, start, 0, p["T"])
        P, S, R, c = integrate(rhs, start, 0, p["T"] - t) if t != 0 else (P0, S0, R0, c0)
    except Explosion as error:
        return {"status": "explodes", "explosion": error.time}
    J = P0 * (m0**2 + v0) / 2 + S0 * m0**2 + R0 * (m0**2 + v0 / (n - 1)) / 2 + c0
    K, L = (P - g / n) / cA, S / cA
    return {
        "status": "ok",
        "explosion": None,
        "coefficients": {"P": P, "S": S, "R": R, "c": c},
        "strategy": {"a": {"x": -K, "z": -L, "y": -L * n / (n - 1)}},
        "J": J,
    }


def full_state(
    n: int, m0: float, v0: float, planner: bool = False, **params: Any
) -> tuple[Any, float]:
    """(gain of player 1 on (x_1, ..., x_n), J) by the coupled Riccati equations of n states.

    The planner is one player with all controls and the average cost.
    """
    cX, cA, cg, g, sig, T = (float(number(params[name])) for name in NAMES)
    costs, ends = [], []
    for i in range(n):
        M = np.zeros((2 * n, 2 * n))
        M[i, i], M[n + i, n + i] = cX, cA
        M[i, n:] -= g / n
        M[n:, i] -= g / n
        costs.append(M)
        ends.append(cg * np.diag(np.eye(n)[i]))
    B = [np.eye(n)[:, [i]] for i in range(n)]
    if planner:
        B, costs, ends = [np.eye(n)], [np.mean(costs, axis=0)], [np.mean(ends, axis=0)]
    out = lq_games.feedback(np.zeros((n, n)), B, costs, ends, sig * np.eye(n), T)
    second = m0**2 * np.ones((n, n)) + v0 * np.eye(n)
    return out["K"][0], float(np.sum(out["P"][0] * second) / 2 + out["c"][0])
