"""Closed-loop equilibria, exploitability, price of anarchy: aggregates that react to wealth.

An affine profile is (u1, u2, u3): everybody plays u1 x + u2 y + u3 with own wealth x and
y = (1/n) sum of the others' wealth, or the conditional mean in the mean-field game (n None, N = 0).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .homogeneous import abscissa, mean_field, n_agent
from .precision import all_roots, ctx, number, poly_add, poly_mul, real_part, solve
from .response import Values, limit_root, linear_response, prepare, root_table


def _setting(params: Mapping[str, Any], n: int | None) -> tuple[Values, Any]:
    N = ctx.zero if n is None else ctx.one / n
    return prepare(params, 1 - number(params["theta"]) * N), N


def profile_moments(p: Values, N: Any, profile: Sequence[Any]) -> Values:
    """a, c, d, h20, h11, h10 when all play the profile."""
    p1, p2, p3 = profile
    B, r, lam, theta = p["B"], p["r"], p["lam"], p["theta"]
    nu2, sigma2 = p["nu"] ** 2, p["sigma"] ** 2
    U = p1 - N * p2
    K = p1 + (1 - N) * p2
    F_U = lam - r - B * U
    F_K = lam - r - B * K
    a = lam * ((1 - N) / F_U + (1 - theta) * N / F_K)
    c = lam * (-1 / F_U + (1 - theta) / F_K)
    d = B * p3 * (a + (1 - N) * c) / lam
    m_T = 2 * (r + B * U) + sigma2 * U**2 + nu2 * (1 - 2 * N) * U**2
    m_P = 2 * r + B * (U + K) + sigma2 * U * K + 2 * N * nu2 * U * K
    m_S = 2 * (r + B * U) + sigma2 * U**2 + nu2 * (1 - N) * U**2
    m_M = 2 * (r + B * K) + sigma2 * K**2 + N * nu2 * K**2
    t, q = solve(
        [[lam - m_T, -N * nu2 * U**2], [-2 * (1 - 2 * N) * nu2 * U * K, lam - m_P]],
        [lam, 2 * lam * (1 - theta)],
    )
    s, m = solve(
        [[lam - m_S, -N * nu2 * U**2], [-(1 - N) * nu2 * K**2, lam - m_M]],
        [lam, lam * (1 - theta) ** 2],
    )
    eta = 2 * t * nu2 * (1 - 2 * N) * U + q * (B + sigma2 * U + 2 * N * nu2 * U)
    mu = 2 * s * nu2 * (1 - N) * K + m * (2 * B + 2 * sigma2 * K + 2 * N * nu2 * K)
    return {
        "a": a,
        "c": c,
        "d": d,
        "h20": t * (1 - N) ** 2 + q * N * (1 - N) + (s - t) * N * (1 - N) + m * N**2,
        "h11": -2 * t * (1 - N) + q * (1 - 2 * N) + 2 * N * (m - s + t),
        "h10": ((1 - N) * eta / F_U + N * mu / F_K) * p3,
    }


def residuals(p: Values, N: Any, profile: Sequence[Any]) -> tuple[Any, Any, Any]:
    """First-order condition, left minus right side: coefficients of x, y and 1."""
    p1, p2, p3 = profile
    v = profile_moments(p, N, profile)
    B, sigma2, alpha, beta, gamma = p["B"], p["sigma"] ** 2, p["alpha"], p["beta"], p["gamma"]
    a, c, d, h20, h11, h10 = (v[name] for name in ("a", "c", "d", "h20", "h11", "h10"))
    g1 = N * (1 - N) * p2
    g2 = p1 + (1 - 2 * N) * p2
    g3 = (1 - N) * p3
    K = gamma * p["s2"] * h20
    cross = gamma / 2 * sigma2 * h11
    return (
        B * (beta * a + gamma * a**2 - gamma * h20) - cross * g1 - K * p1,
        B * gamma * (a * c - h11 / 2) - cross * g2 - K * p2,
        B * (alpha * a + gamma * a * d - gamma * h10 / 2) - cross * g3 - K * p3,
    )


def _constant_part(p: Values, N: Any, p1: Any, p2: Any) -> Any:
    at_zero = residuals(p, N, (p1, p2, ctx.zero))[2]
    at_one = residuals(p, N, (p1, p2, ctx.one))[2]
    return at_zero / (at_zero - at_one)


def closed_loop_n(params: Mapping[str, Any], n: int) -> Values:
    """Closed-loop Nash equilibrium of n agents: p1, p2, p3, abscissa, h20, status.

    The solution is the one that Newton's method reaches from the given-aggregate equilibrium; other
    solutions may exist. Status "no-solution" when there is no start or Newton does not converge,
    "infinite-variance" when the point found violates abscissa < lam or h20 > 0.
    """
    p, N = _setting(params, n)
    start = n_agent(params, n)
    if "k1" not in start:
        return {"status": "no-solution"}
    point = [start["k1"], start["k2"]]
    h = ctx.mpf(10) ** -25
    try:
        for _ in range(60):
            base = residuals(p, N, (*point, ctx.zero))[:2]
            right = residuals(p, N, (point[0] + h, point[1], ctx.zero))[:2]
            up = residuals(p, N, (point[0], point[1] + h, ctx.zero))[:2]
            jacobian = [[(right[k] - base[k]) / h, (up[k] - base[k]) / h] for k in range(2)]
            step = solve(jacobian, base)
            point = [z - s for z, s in zip(point, step)]
            if max(abs(s) for s in step) <= ctx.mpf(10) ** -50 * (1 + max(map(abs, point))):
                break
        else:
            return {"status": "no-solution"}
        p1, p2 = point
        p3 = _constant_part(p, N, p1, p2)
    except ZeroDivisionError:
        return {"status": "no-solution"}
    rate = abscissa(p, N, p1, p2)
    h20 = profile_moments(p, N, (p1, p2, p3))["h20"]
    status = "ok" if rate < p["lam"] and h20 > 0 else "infinite-variance"
    return {"status": status, "p1": p1, "p2": p2, "p3": p3, "abscissa": rate, "h20": h20}


def mean_cubic(p: Values, p1: Any) -> list[Any]:
    """Coefficients in m = p1 + p2 of the second cubic of the mean-field game, constant first."""
    B, s2, sigma2, r = p["B"], p["s2"], p["sigma"] ** 2, p["r"]
    lam, theta = p["lam"], p["theta"]
    D1 = lam - r - B * p1
    D2 = lam - 2 * r - 2 * B * p1 - s2 * p1**2
    F1 = [lam - r, -B]
    F2 = [lam - 2 * r - B * p1, -B - sigma2 * p1]
    difference = [-p1, ctx.one]
    first = poly_mul([s2 * D1**2], difference, F1, F2)
    inner = poly_add(poly_mul([B * lam], difference), [-lam * theta * D1])
    second = poly_mul([-B * D2], inner, F2)
    last = poly_add(poly_mul([B + s2 * p1], difference), [-theta * D2])
    third = poly_mul([D1**2], [B, sigma2], last, F1)
    result = poly_add(first, second, third)
    if p["nu"] == 0:  # the leading coefficient B^2 nu^2 D1^2 vanishes identically
        result[3] = ctx.zero
    return result


def closed_loop_mfg(params: Mapping[str, Any]) -> Values:
    """Closed-loop mean-field equilibrium: p1, p2, p3, m, "means" (real m), "admissible" (of them).

    Among several admissible m the nearest to k1 + k2 of the given-aggregate equilibrium is taken.
    """
    p, N = _setting(params, None)
    table = root_table(p)
    index = limit_root(p, table)
    if index is None:
        return {"status": "no-admissible-root"}
    v = linear_response(p, table[index]["p1"])
    p1, D1, D2, a, h20 = v["p1"], v["D1"], v["D2"], v["a"], v["h20"]
    B, s2, sigma2, r = p["B"], p["s2"], p["sigma"] ** 2, p["r"]
    lam, theta = p["lam"], p["theta"]
    means = real_part(all_roots(mean_cubic(p, p1)))
    admissible = [m for m in means if lam > 2 * (r + B * m) + sigma2 * m**2]
    out: Values = {"status": "no-solution", "p1": p1, "means": means, "admissible": admissible}
    if not admissible:
        return out
    start = mean_field(params)
    target = start["k1"] + start["k2"] if "k1" in start else p1
    m = min(admissible, key=lambda z: abs(z - target))
    F1 = lam - r - B * m
    F2 = lam - 2 * r - B * (p1 + m) - sigma2 * p1 * m
    p2 = m - p1
    c = (B * p2 * a - lam * theta) / F1
    h11 = 2 * (h20 * p2 * (B + s2 * p1) - lam * theta) / F2
    bracket = 2 * h20 * (B + s2 * p1) + h11 * (B + sigma2 * p1)
    denominator = s2 * h20 + sigma2 * h11 / 2 - B**2 * a * (a + c) / lam + B / 2 * bracket / D1
    out.update({"p2": p2, "m": m, "c": c, "h11": h11, "h20": h20, "a": a, "D2": D2})
    out["p3"] = p["alpha"] * B * a / p["gamma"] / denominator
    out["abscissa"] = abscissa(p, N, p1, p2)
    out["status"] = "ok"
    return out


def exploitability(
    params: Mapping[str, Any], n: int | None, profile: Sequence[Any], x: Any, y: Any
) -> Values:
    """Gain rate eps of the best short deviation from an affine profile, and that deviation.

    eps = E^2/(2 gamma s2 h20), spike = u + E/(gamma s2 h20), E the first-order residual at (x, y).
    """
    p, N = _setting(params, n)
    u = [number(k) for k in profile]
    x, y = number(x), number(y)
    e1, e2, e3 = residuals(p, N, u)
    residual = e1 * x + e2 * y + e3
    curvature = p["gamma"] * p["s2"] * profile_moments(p, N, u)["h20"]
    pi = u[0] * x + u[1] * y + u[2]
    eps = residual**2 / (2 * curvature)
    return {"E": residual, "eps": eps, "pi": pi, "spike": pi + residual / curvature}


def price_of_anarchy(params: Mapping[str, Any]) -> Values:
    """Cooperative and Nash constants and the welfare-rate ratio of the MFG with beta = r = 0."""
    p = prepare(params, ctx.one)
    theta, nu2, sigma2 = p["theta"], p["nu"] ** 2, p["sigma"] ** 2
    scale = p["alpha"] * p["B"] / p["gamma"]
    nash_variance = nu2 + sigma2 * (1 - theta)
    return {
        "cooperative": scale * (1 - theta) / (nu2 + sigma2 * (1 - theta) ** 2),
        "nash": scale / nash_variance,
        "ratio": 1 - (theta * nu2 / ((1 - theta) * nash_variance)) ** 2,
    }
