"""Sticky prices, two firms: p' = s (a - u_1 - u_2 - p), profit p u_i - c_i u_i - d_i u_i^2/2,
rate r.

Feedback Nash, no sign constraints: u_i = (p - c_i - s V_i')/d_i. With V_i = K_i p^2/2 + E_i p +
G_i, u_i = alpha_i p + beta_i, alpha_i = (1 - s K_i)/d_i, beta_i = -(c_i + s E_i)/d_i, the HJB
equation leaves r K_i/2 = alpha_i - d_i alpha_i^2/2 - s K_i (1 + alpha_1 + alpha_2), then a
linear system for E and G. The first equation is linear in K_2 and never has K_1 = 0, so K_1
solves a quartic: all real roots. A root is admissible when the price converges, 1 + alpha_1 +
alpha_2 > 0 (otherwise the price explodes; V is what the firms get only while "finite": 2 s (1 +
alpha_1 + alpha_2) + r > 0).

Open loop: adjoints l_i' = (r + s) l_i - u_i, u_i = (p - c_i - s l_i)/d_i, the stable solution;
its feedback representation u_i = alpha p + beta along the path. Static: Cournot at the same
demand. Route 2 (`profit`): the integral of the discounted profit along the exact exponential
path, with a vanishing derivative in the own feedback.
"""

from __future__ import annotations

from typing import Any

from ..precision import all_roots, ctx, number, poly_add, poly_mul, poly_value, real_part
from ..precision import solve as linear


def _values(s: Any, a: Any, r: Any, c: list[Any], d: list[Any], K: list[Any]) -> dict[str, Any]:
    alpha = [(1 - s * k) / e for k, e in zip(K, d)]
    speed = 1 + sum(alpha)  # p' = s (a - sum beta - speed p)
    # p^1, with 1 - d_i alpha_i = s K_i:
    # r E_i = s K_i beta_i - c_i alpha_i - s speed E_i + s K_i (a - beta_1 - beta_2).
    system, right = [], []
    for i, j in ((0, 1), (1, 0)):
        row = [r + s * speed] * 2
        row[j] = -(s**2) * K[i] / d[j]
        system.append(row)
        right.append(s * K[i] * (a + c[j] / d[j]) - c[i] * alpha[i])
    E = linear(system, right)
    beta = [-(c[i] + s * E[i]) / d[i] for i in range(2)]
    G = [
        (-c[i] * beta[i] - d[i] * beta[i] ** 2 / 2 + s * E[i] * (a - sum(beta))) / r
        for i in range(2)
    ]
    return {
        **{f"K_{i + 1}": K[i] for i in range(2)},
        **{f"E_{i + 1}": E[i] for i in range(2)},
        **{f"G_{i + 1}": G[i] for i in range(2)},
        "alpha": alpha,
        "beta": beta,
        "speed": s * speed,
        "price": (a - sum(beta)) / speed if speed != 0 else None,
        "admissible": speed > 0,
        "finite": 2 * s * speed + r > 0,
    }


def roots(s: Any, a: Any, r: Any, c: list[Any], d: list[Any]) -> list[dict[str, Any]]:
    """All real solutions (K_1, K_2), in increasing order of K_1."""
    one = [ctx.one]
    alpha = [1 / d[0], -s / d[0]]  # alpha_1 in K_1
    # r K1/2 = alpha1 - d1 alpha1^2/2 - s K1 (1 + alpha1 + alpha2)  =>  s K1 alpha2 = num(K1)
    K1 = [ctx.zero, ctx.one]
    num = poly_add(
        alpha,
        poly_mul([-d[0] / 2], alpha, alpha),
        poly_mul([-s], K1, poly_add(one, alpha)),
        poly_mul([-r / 2], K1),
    )
    # alpha2 = num/(s K1), K2 = (1 - d2 alpha2)/s; insert in the second equation times (s K1)^2.
    den = poly_mul([s], K1)
    K2 = poly_mul([1 / s], poly_add(den, poly_mul([-d[1]], num)))  # K2 den
    quartic = poly_add(
        poly_mul(num, den),
        poly_mul([-d[1] / 2], num, num),
        poly_mul([-s], K2, poly_add(poly_mul(poly_add(one, alpha), den), num)),
        poly_mul([-r / 2], K2, den),
    )
    found = []
    for k1 in real_part(all_roots(quartic)):
        if k1 == 0:
            continue
        k2 = poly_value(K2, k1) / (s * k1)
        found.append(_values(s, a, r, c, d, [k1, k2]))
    return found


def solve(
    s: Any, a: Any, r: Any, c_1: Any, d_1: Any, c_2: Any = None, d_2: Any = None, p: Any = None
) -> dict[str, Any]:
    """Feedback Nash: roots, coefficients K_i, E_i, G_i, strategies, long-run price; V_i at p."""
    s, a, r = number(s), number(a), number(r)
    c = [number(c_1), number(c_1 if c_2 is None else c_2)]
    d = [number(d_1), number(d_1 if d_2 is None else d_2)]
    table = roots(s, a, r, c, d)
    chosen = [k for k, root in enumerate(table) if root["admissible"]]
    out: dict[str, Any] = {"status": "ok", "roots": table, "explosion": None}
    out["static"], out["open-loop"] = static_price(a, c, d), open_loop(s, a, r, c, d)
    if len(chosen) != 1:
        status = "no-admissible-root" if not chosen else "unresolved"
        return {**out, "status": status, "selected": None}
    root = table[chosen[0]]
    out["selected"] = chosen[0]
    out["coefficients"] = {name: root[name] for name in root if name[:2] in ("K_", "E_", "G_")}
    out["strategy"] = {
        f"u_{i + 1}": {"p": root["alpha"][i], "1": root["beta"][i]} for i in range(2)
    }
    out["price"] = root["price"]
    if p is not None:
        p = number(p)
        out["V"] = [root[f"K_{i}"] * p**2 / 2 + root[f"E_{i}"] * p + root[f"G_{i}"] for i in (1, 2)]
    return out


def static_price(a: Any, c: list[Any], d: list[Any]) -> Any:
    """Cournot price at p = a - u_1 - u_2: p - u_i = c_i + d_i u_i."""
    weights = [1 / (1 + e) for e in d]
    return (a + sum(w * e for w, e in zip(weights, c))) / (1 + sum(weights))


def open_loop(s: Any, a: Any, r: Any, c: list[Any], d: list[Any]) -> dict[str, Any]:
    """Long-run price and the stable representation u_i = (p) p + (1) of the open-loop Nash path.

    In (p, l_1, l_2) the system is linear; l_i = m_i p + n_i on its stable line.
    """
    # p' = s (a - p) - s sum (p - c - s l)/d;  l_i' = (r + s) l_i - (p - c_i - s l_i)/d_i
    total = sum(1 / e for e in d)
    M = ctx.matrix(
        [
            [-s * (1 + total), s**2 / d[0], s**2 / d[1]],
            [-1 / d[0], r + s + s / d[0], 0],
            [-1 / d[1], 0, r + s + s / d[1]],
        ]
    )
    offset = ctx.matrix([s * a + s * sum(x / y for x, y in zip(c, d)), c[0] / d[0], c[1] / d[1]])
    rest = ctx.lu_solve(M, -offset)
    values, vectors = ctx.eig(M)
    stable = [k for k in range(3) if ctx.re(values[k]) < 0]
    assert len(stable) == 1
    v = [ctx.re(vectors[j, stable[0]] / vectors[0, stable[0]]) for j in range(3)]
    out: dict[str, Any] = {"price": rest[0], "speed": -ctx.re(values[stable[0]])}
    for i in range(2):
        slope = (1 - s * v[i + 1]) / d[i]
        level = (rest[0] - c[i] - s * rest[i + 1]) / d[i]
        out[f"u_{i + 1}"] = {"p": slope, "1": level - slope * rest[0]}
    return out


def profit(
    i: int, p0: Any, s: Any, a: Any, r: Any, c: list[Any], d: list[Any], u: list[tuple[Any, Any]]
) -> Any:
    """Discounted profit of firm i for affine feedbacks u = [(alpha, beta), ...] by its integral."""
    speed = s * (1 + u[0][0] + u[1][0])
    rest = s * (a - u[0][1] - u[1][1]) / speed
    # p_t = rest + (p0 - rest) e^{-speed t}; profit is a quadratic in p.
    al, be = u[i]
    k2, k1 = al - d[i] * al**2 / 2, be - c[i] * al - d[i] * al * be
    k0 = -c[i] * be - d[i] * be**2 / 2
    gap = p0 - rest
    steady = k2 * rest**2 + k1 * rest + k0
    return steady / r + (2 * k2 * rest + k1) * gap / (r + speed) + k2 * gap**2 / (r + 2 * speed)
