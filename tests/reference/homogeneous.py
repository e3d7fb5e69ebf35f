"""Homogeneous equilibria with given aggregates: n agents and the mean-field game.

Source: sections 2.3 and 3.3 of the paper, equations (2.96)-(2.98) and (3.44).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .precision import ctx, number
from .response import (
    Values,
    best_response,
    coefficients_at,
    limit_root,
    linear_response,
    prepare,
    root_table,
    value,
)


def joint_strategy(v: Values, N: Any) -> tuple[Any, Any, Any]:
    """k1, k2, k3 of the homogeneous game with N = 1/n, or N = 0 in the mean-field game."""
    Q, p1, p2 = v["Q"], v["p1"], v["p2"]
    S = 1 - (1 - N) * Q
    W = 1 + N * Q
    k1 = (p1 * (1 - (1 - 2 * N) * Q) + N * (1 - N) * p2 * Q) / (S * W)
    return k1, (p2 + Q * p1) / (S * W), v["q3"] / S


def abscissa(p: Values, N: Any, k1: Any, k2: Any) -> Any:
    """Growth rate of the second moments when all play k1 x + k2 y + k3.

    For n = 1 there is no spread between agents and only the mean's own rate remains.
    """
    B, r, sigma2, nu2 = p["B"], p["r"], p["sigma"] ** 2, p["nu"] ** 2
    U = k1 - N * k2
    K = k1 + (1 - N) * k2
    mean = 2 * (r + B * K) + sigma2 * K**2 + N * nu2 * K**2
    if N == 1:
        return mean
    spread = 2 * (r + B * U) + sigma2 * U**2 + nu2 * (1 - N) * U**2
    product = nu2 * (1 - N) * K**2 * (N * nu2 * U**2)
    return (spread + mean) / 2 + ctx.sqrt(((spread - mean) / 2) ** 2 + product)


def aggregates(p: Values, n: int | None, k: Sequence[Any], x: Any, y: Any) -> Values:
    """m_b, m_s, m_2 seen by an agent at (x, y); the others share one wealth. n None: mean field."""
    if n is None:
        return _means(p, (k[0] + k[1]) * y + k[2], ctx.one, ctx.zero)
    if n == 1:
        return _means(p, ctx.zero, ctx.zero, ctx.zero)
    other = y * n / (n - 1)
    seen = ((n - 2) * other + x) / n
    share = ctx.mpf(n - 1) / n
    return _means(p, k[0] * other + k[1] * seen + k[2], share, share / n)


def _means(p: Values, pi: Any, share: Any, square_share: Any) -> Values:
    return {
        "m_b": share * p["B"] * pi,
        "m_s": share * p["sigma"] * pi,
        "m_2": square_share * (p["nu"] * pi) ** 2,
    }


def _homogeneous(
    params: Mapping[str, Any],
    n: int | None,
    x: Any,
    y: Any,
    root: int | None,
    selection: str,
) -> Values:
    N = ctx.zero if n is None else ctx.one / n
    kappa = 1 - number(params["theta"]) * N
    x, y = number(x), number(y)
    p = prepare({k: v for k, v in params.items() if not k.startswith("m_")}, kappa)
    table = root_table(p)

    def at(index: int) -> Values:
        out: Values = {"status": "degenerate", "roots": table, "selected": index}
        try:
            k = joint_strategy(linear_response(p, table[index]["p1"]), N)
            state = {**p, **aggregates(p, n, k, x, y)}
            out.update(coefficients_at(state, table[index]["p1"]))
        except ZeroDivisionError:
            return out
        out.update({"k1": k[0], "k2": k[1], "k3": k[2], "pi": k[0] * x + k[1] * y + k[2]})
        out.update({name: state[name] for name in ("m_b", "m_s", "m_2")})
        out["V"] = value(out, x, y)
        out["abscissa"] = abscissa(p, N, k[0], k[1])
        # In the mean-field limit rho_n tends to the larger of the two rates: D2 > 0 is the first.
        finite = out["abscissa"] < p["lam"] and table[index]["D2"] > 0
        # Against given aggregates the others' wealth grows at r: its second moment must exist.
        finite = finite and (p["theta"] == 0 or n == 1 or p["lam"] > 2 * p["r"])
        out["status"] = "ok" if finite else "infinite-variance"
        return out

    admissible = [index for index, entry in enumerate(table) if entry["admissible"]]
    if root is None and not admissible:
        return {"status": "no-admissible-root", "roots": table, "selected": None}
    if root is not None:
        out = at(root)
    elif selection == "value":
        found = [at(index) for index in admissible]
        # Equilibria that exist come first.
        out = max(found, key=lambda o: (o["status"] == "ok", o.get("V", -ctx.inf)))
    else:
        best = limit_root(p, table)
        assert best is not None
        out = at(best)
    alone = best_response({**params, "theta": 0, "kappa": 1, "m_b": 0, "m_s": 0, "m_2": 0})
    out["pi_noncompetitive"] = alone["p1"] * x + alone["p3"] if "p3" in alone else None
    return out


def n_agent(
    params: Mapping[str, Any],
    n: int,
    x: Any = 1,
    y: Any = None,
    root: int | None = None,
    selection: str = "limit",
) -> Values:
    """Homogeneous n-agent equilibrium at own wealth x and y = (1/n) sum of the others' wealth.

    y None puts all at the same wealth. `root` fixes the entry of the table of roots, selection
    "value" takes, of the equilibria that exist, the one with the largest V at (x, y).
    """
    y = number(x) * (n - 1) / n if y is None else y
    return _homogeneous(params, n, x, y, root, selection)


def mean_field(
    params: Mapping[str, Any],
    x: Any = 1,
    y: Any = 1,
    root: int | None = None,
    selection: str = "limit",
) -> Values:
    """Mean-field equilibrium at own wealth x and conditional mean y; arguments as in n_agent."""
    return _homogeneous(params, None, x, y, root, selection)


def rate_constants(params: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """Limits of n (k_n - k_inf): p1' by implicit differentiation, p2', Q', q3' along the root."""
    p = prepare(params, ctx.one)
    table = root_table(p)
    index = limit_root(p, table)
    if index is None:
        raise ValueError("no admissible root")
    p1 = table[index]["p1"]
    v = linear_response(p, p1)
    B, s2, lam, beta, gamma = p["B"], p["s2"], p["lam"], p["beta"], p["gamma"]
    D1, D2 = v["D1"], v["D2"]
    bracket = lam * B * D2 - D1**2 * (B + s2 * p1)
    dD1, dD2 = -B, -2 * B - 2 * s2 * p1
    C_p = beta * B * (dD1 * D2 + D1 * dD2)
    C_p += gamma * (lam * B * dD2 - 2 * D1 * dD1 * (B + s2 * p1) - D1**2 * s2)
    dp1 = -gamma * bracket / C_p
    h = ctx.mpf(10) ** -20  # the central difference is exact to h^2, 40 digits

    def shifted(step: Any) -> Values:
        return linear_response({**p, "kappa": 1 + step}, p1 + step * dp1)

    up, down = shifted(h), shifted(-h)
    dp2, dQ, dq3 = ((up[name] - down[name]) / (2 * h) for name in ("p2", "Q", "q3"))
    Q, theta = v["Q"], p["theta"]
    K2 = (v["p2"] + Q * p1) / (1 - Q)
    K3 = v["q3"] / (1 - Q)
    return (
        -theta * dp1 + Q * K2,
        -theta * (dp2 + dQ * p1 + Q * dp1 + dQ * K2) / (1 - Q) - K2 * Q * (2 - Q) / (1 - Q),
        -theta * (dq3 + dQ * K3) / (1 - Q) - K3 * Q / (1 - Q),
    )
