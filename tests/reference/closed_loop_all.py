"""Every closed-loop Nash equilibrium of n agents, by brute force: a grid of starts, then 50 digits.

An affine profile is u1 x + u2 y + u3. With U = u1 - N u2 and K = u1 + (1 - N) u2 (N = 1/n) finite
variance, rho_n(U, K) < lam, needs both diagonal entries of the growth matrix below lam: (U, K) lies
in a bounded box, and in the admissible part of it the two first-order conditions have no poles.
Newton's method in doubles, with derivatives by complex steps, starts from every cell of a fine grid
on which both conditions change sign; what it reaches is polished by the 60-digit residuals of
closed_loop, whose formulas share nothing with the ones here, and kept when it is admissible. Two
solutions in one cell can be missed: compare two grids.

Here the first-order condition is a spike's, with the moments at tau by symmetry: X_i splits into
the mean M of all and the own deviation D; E z_tau and E z_tau^2 solve linear equations in M, D.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .closed_loop import residuals
from .homogeneous import abscissa
from .precision import ctx, number, solve
from .response import prepare


def _two(first: tuple[Any, Any, Any], second: tuple[Any, Any, Any]) -> tuple[Any, Any]:
    """Solution of two linear equations (a, b, right side)."""
    determinant = first[0] * second[1] - first[1] * second[0]
    return (
        (first[2] * second[1] - first[1] * second[2]) / determinant,
        (first[0] * second[2] - first[2] * second[0]) / determinant,
    )


def spike_residuals(p: Mapping[str, float], n: int, U: Any, K: Any) -> tuple[Any, Any]:
    """First-order conditions of agent 1 on the profile, coefficients of M and of D_1.

    x_1 = M + D_1, the others M + D_j, sum D = 0; all play K M + U D_j plus a constant. G and H are
    a linear and a quadratic form in (x_1, ..., x_n).
    """
    r, B, lam, theta = p["r"], p["B"], p["lam"], p["theta"]
    nu2, sigma2, gamma, beta = p["nu"] ** 2, p["sigma"] ** 2, p["gamma"], p["beta"]
    N = 1 / n
    # E z_tau = g_M M + g_D D_1, z = (1 - theta) M + D_1.
    g_M, g_D = lam * (1 - theta) / (lam - r - B * K), lam / (lam - r - B * U)
    # H = A M^2 + C M D_1 + E D_1^2 + F sum D_j^2. Noise of dM: sigma K M dB + N sum nu pi_j dW_j;
    # of dD_i: sigma U D_i dB + nu (pi_i dW_i - N sum pi_j dW_j). With Q = sum D_j^2:
    # E dM^2 = sigma2 K^2 M^2 + N^2 nu2 (n K^2 M^2 + U^2 Q)
    # E dM dD_1 = sigma2 K U M D_1 + N nu2 (pi_1^2 - N sum pi^2)
    # E dD_1^2 = sigma2 U^2 D_1^2 + nu2 (pi_1^2 (1 - 2N) + N^2 sum pi^2)
    # E sum dD^2 = sigma2 U^2 Q + nu2 (1 - N) sum pi^2
    # pi_1^2 = K^2 M^2 + 2 K U M D_1 + U^2 D_1^2, sum pi^2 = n K^2 M^2 + U^2 Q.
    m_MM = 2 * (r + B * K) + sigma2 * K**2 + N * nu2 * K**2
    m_MD = 2 * r + B * (U + K) + sigma2 * K * U
    m_DD = 2 * (r + B * U) + sigma2 * U**2
    one = 1 - theta
    # Equations of M D_1 and D_1^2 for C and E, then of M^2 and sum D_j^2 for A and F.
    one, square = 1 - theta, N**2 * nu2 * U**2
    C, E = _two(
        (m_MD - lam + 2 * N * nu2 * K * U, 2 * nu2 * (1 - 2 * N) * K * U, -2 * lam * one),
        (N * nu2 * U**2, m_DD - lam + nu2 * (1 - 2 * N) * U**2, -lam),
    )
    A, F = _two(
        (m_MM - lam, nu2 * (n - 1) * K**2, -lam * one**2 - nu2 * (1 - N) * K**2 * E),
        (square, m_DD - lam + nu2 * (1 - N) * U**2, square * (C - E)),
    )
    # Derivatives in x_1: dM = N, dD_1 = 1 - N, dQ = 2 D_1 (sum D = 0).
    G_1 = N * g_M + (1 - N) * g_D
    # H_1 = M (2 N A + (1-N) C) + D_1 (N C + 2 (1-N) E + 2 F)
    HM, HD = 2 * N * A + (1 - N) * C, N * C + 2 * (1 - N) * E + 2 * F
    H_11 = N * HM + (1 - N) * HD
    # H_1j for j != 1: dM = N, dD_1 = -N.
    H_1j = N * HM - N * HD
    # sum_{j != 1} pi_j = n K M - pi_1.
    # F_g = beta x_1 + gamma G; condition: B (F_g G_1 - gamma/2 H_1) = gamma/2 (s2 p H_11 +
    # sigma2 H_1j sum_others pi), on the profile, in M and D_1.
    s2 = nu2 + sigma2
    in_M = B * ((beta + gamma * g_M) * G_1 - gamma / 2 * HM)
    in_M = in_M - gamma / 2 * (s2 * H_11 * K + sigma2 * H_1j * (n - 1) * K)
    in_D = B * ((beta + gamma * g_D) * G_1 - gamma / 2 * HD)
    in_D = in_D - gamma / 2 * (s2 * H_11 * U - sigma2 * H_1j * U)
    return in_M, in_D


def _box(p: Mapping[str, float], n: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Intervals of U and K in which the diagonal growth rates stay below the hazard."""

    def interval(square: float) -> tuple[float, float]:
        root = np.sqrt(max(p["B"] ** 2 + square * (p["lam"] - 2 * p["r"]), 0.0))
        return (-p["B"] - root) / square, (-p["B"] + root) / square

    nu2, sigma2 = p["nu"] ** 2, p["sigma"] ** 2
    return interval(sigma2 + nu2 * (1 - 1 / n)), interval(sigma2 + nu2 / n)


def _growth(p: Mapping[str, float], n: int, U: Any, K: Any) -> Any:
    """Growth rate rho_n of the second moments, in doubles."""
    r, B, nu2, sigma2 = p["r"], p["B"], p["nu"] ** 2, p["sigma"] ** 2
    first = 2 * (r + B * U) + (sigma2 + nu2 * (1 - 1 / n)) * U**2
    second = 2 * (r + B * K) + (sigma2 + nu2 / n) * K**2
    off = nu2**2 * (1 - 1 / n) / n * U**2 * K**2
    return (first + second) / 2 + np.sqrt((first - second) ** 2 / 4 + off)


def _crossed(values: Any) -> Any:
    """Cells of a grid of nodes on which a function is not of one sign."""
    corners = np.stack([values[:-1, :-1], values[1:, :-1], values[:-1, 1:], values[1:, 1:]])
    return ~((corners > 0).all(axis=0) | (corners < 0).all(axis=0))


def _starts(p: Mapping[str, float], n: int, nodes: int) -> tuple[Any, Any]:
    """Centers of the cells, admissible in a corner, where both conditions change sign.

    Inside the admissible region the conditions have no poles. Nodes are dense at the edges of the
    box, where solutions crowd.
    """
    (u0, u1), (k0, k1) = _box(p, n)
    spread = (1 - np.cos(np.pi * np.linspace(0, 1, nodes))) / 2
    U, K = np.meshgrid(u0 + (u1 - u0) * spread, k0 + (k1 - k0) * spread, indexing="ij")
    f, g = spike_residuals(p, n, U, K)
    inside = _growth(p, n, U, K) < p["lam"]
    f, g = (np.where(inside, v, np.nan) for v in (f, g))
    some = _crossed(f) & _crossed(g)
    some &= inside[:-1, :-1] | inside[1:, :-1] | inside[:-1, 1:] | inside[1:, 1:]
    center = (slice(None, -1), slice(None, -1)), (slice(1, None), slice(1, None))
    return tuple((v[center[0]] + v[center[1]])[some] / 2 for v in (U, K))


def candidates(p: Mapping[str, float], n: int, nodes: int) -> list[tuple[float, float]]:
    """Points (U, K) that Newton's method reaches from the starts."""
    h = 1e-30
    with np.errstate(all="ignore"):
        U, K = _starts(p, n, nodes)
        for _ in range(30):
            f, g = spike_residuals(p, n, U, K)
            fu, gu = (v.imag / h for v in spike_residuals(p, n, U + h * 1j, K))
            fk, gk = (v.imag / h for v in spike_residuals(p, n, U, K + h * 1j))
            det = fu * gk - fk * gu
            step = (f * gk - g * fk) / det, (g * fu - f * gu) / det
            keep = np.isfinite(step[0]) & np.isfinite(step[1])
            U, K = U[keep] - step[0][keep], K[keep] - step[1][keep]
        keep = _growth(p, n, U, K) < p["lam"] * (1 + 1e-6)
    found: list[tuple[float, float]] = []
    for u, k in zip(U[keep], K[keep]):
        if all(abs(u - a) + abs(k - b) > 1e-9 * (abs(u) + abs(k)) for a, b in found):
            found.append((float(u), float(k)))
    return found


def _polish(p: dict[str, Any], N: Any, u1: Any, u2: Any) -> tuple[Any, Any] | None:
    point, h = [ctx.mpf(u1), ctx.mpf(u2)], ctx.mpf(10) ** -28
    try:
        for _ in range(40):
            base = residuals(p, N, (*point, ctx.zero))[:2]
            right = residuals(p, N, (point[0] + h, point[1], ctx.zero))[:2]
            up = residuals(p, N, (point[0], point[1] + h, ctx.zero))[:2]
            jacobian = [[(right[k] - base[k]) / h, (up[k] - base[k]) / h] for k in range(2)]
            step = solve(jacobian, base)
            point = [z - s for z, s in zip(point, step)]
            if max(map(abs, step)) <= ctx.mpf(10) ** -50 * (1 + max(map(abs, point))):
                return point[0], point[1]
    except ZeroDivisionError:
        pass
    return None


def closed_loop_all(params: Mapping[str, Any], n: int, nodes: int = 200) -> list[dict[str, Any]]:
    """All admissible solutions, by increasing u1: p1, p2, p3, abscissa."""
    N = ctx.one / n
    p = prepare(params, 1 - number(params["theta"]) * N)
    plain = {name: float(value) for name, value in p.items()}
    solutions: list[dict[str, Any]] = []
    for u, k in candidates(plain, n, nodes):
        point = _polish(p, N, u + (k - u) / n, k - u)
        if point is None or any(
            abs(point[0] - s["p1"]) + abs(point[1] - s["p2"]) < ctx.mpf(10) ** -30
            for s in solutions
        ):
            continue
        rate = abscissa(p, N, *point)
        if rate >= p["lam"]:
            continue
        at_zero = residuals(p, N, (*point, ctx.zero))[2]
        at_one = residuals(p, N, (*point, ctx.one))[2]
        solutions.append(
            {"p1": point[0], "p2": point[1], "p3": at_zero / (at_zero - at_one), "abscissa": rate}
        )
    return sorted(solutions, key=lambda s: s["p1"])
