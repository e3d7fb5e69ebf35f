"""What an agent obtains when all play an affine strategy, by the exact moments at the horizon.

First and second moments of linear dynamics solve v' = M v, with the constant 1 as last entry, and
at an exponential time E v(tau) = lam (lam - M)^{-1} v(0). M is read off by applying the moment
equations to unit vectors. No generator, no ansatz and no HJB equation is involved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .precision import ctx, number, solve
from .response import Values, prepare

Vector = list[Any]


def at_horizon(rhs: Callable[[Vector], Vector], start: Vector, lam: Any) -> Vector:
    """lam (lam - M)^{-1} start for the linear map rhs."""
    size = len(start)
    columns = []
    for j in range(size):
        columns.append(rhs([ctx.one if i == j else ctx.zero for i in range(size)]))
    matrix = [[(lam if i == j else 0) - columns[j][i] for j in range(size)] for i in range(size)]
    return solve(matrix, [lam * s for s in start])


def _objective(p: Values, x: Any, mean: Any, square: Any) -> Values:
    J = (p["alpha"] + p["beta"] * x) * mean - p["gamma"] / 2 * (square - mean**2)
    return {"J": J, "G": mean, "H": square}


def _n_agent_moments(p: Values, n: int, k: Sequence[Any]) -> Callable[[Vector], Vector]:
    B, r, s2, sigma2 = p["B"], p["r"], p["s2"], p["sigma"] ** 2
    k1, k2, k3 = k[0], k[1] / n, k[2]

    def rhs(v: Vector) -> Vector:
        mi, mk, ii, ik, kk, kl, one = v  # E X_i, X_k, X_i^2, X_i X_k, X_k^2, X_k X_l, 1
        pi = k1 * mi + k2 * (n - 1) * mk + k3 * one
        pk = k1 * mk + k2 * (mi + (n - 2) * mk) + k3 * one
        pi_i = k1 * ii + k2 * (n - 1) * ik + k3 * mi
        pi_k = k1 * ik + k2 * (kk + (n - 2) * kl) + k3 * mk
        pk_i = k1 * ik + k2 * (ii + (n - 2) * ik) + k3 * mi
        pk_k = k1 * kk + k2 * (ik + (n - 2) * kl) + k3 * mk
        pk_l = k1 * kl + k2 * (ik + kk + (n - 3) * kl) + k3 * mk
        pi_pi = k1 * pi_i + k2 * (n - 1) * pi_k + k3 * pi
        pi_pk = k1 * pk_i + k2 * (pk_k + (n - 2) * pk_l) + k3 * pk
        pk_pk = k1 * pk_k + k2 * (pk_i + (n - 2) * pk_l) + k3 * pk
        pk_pl = k1 * pk_l + k2 * (pk_i + pk_k + (n - 3) * pk_l) + k3 * pk
        return [
            r * mi + B * pi,
            r * mk + B * pk,
            2 * r * ii + 2 * B * pi_i + s2 * pi_pi,
            2 * r * ik + B * (pi_k + pk_i) + sigma2 * pi_pk,
            2 * r * kk + 2 * B * pk_k + s2 * pk_pk,
            2 * r * kl + 2 * B * pk_l + sigma2 * pk_pl,
            ctx.zero,
        ]

    return rhs


def _mean_field_moments(p: Values, k: Sequence[Any]) -> Callable[[Vector], Vector]:
    B, r, s2, sigma2 = p["B"], p["r"], p["s2"], p["sigma"] ** 2
    k1, k2, k3 = k
    K = k1 + k2

    def rhs(v: Vector) -> Vector:
        mx, my, xx, xy, yy, one = v
        px = k1 * mx + k2 * my + k3 * one
        py = K * my + k3 * one
        px_x = k1 * xx + k2 * xy + k3 * mx
        px_y = k1 * xy + k2 * yy + k3 * my
        py_x = K * xy + k3 * mx
        py_y = K * yy + k3 * my
        px_px = k1 * px_x + k2 * px_y + k3 * px
        px_py = K * px_y + k3 * px
        py_py = K * py_y + k3 * py
        return [
            r * mx + B * px,
            r * my + B * py,
            2 * r * xx + 2 * B * px_x + s2 * px_px,
            2 * r * xy + B * (px_y + py_x) + sigma2 * px_py,
            2 * r * yy + 2 * B * py_y + sigma2 * py_py,
            ctx.zero,
        ]

    return rhs


def objective(
    params: Mapping[str, Any], n: int | None, profile: Sequence[Any], x: Any, y: Any
) -> Values:
    """J, G = E[z], H = E[z^2] of an agent at (x, y) when all play the profile; n None: mean field.

    In the n-agent game the others share one wealth. Meaningful only when the abscissa is below lam.
    """
    x, y = number(x), number(y)
    k = [number(u) for u in profile]
    if n is None:
        p = prepare(params, ctx.one)
        start = [x, y, x**2, x * y, y**2, ctx.one]
        mx, my, xx, xy, yy, _ = at_horizon(_mean_field_moments(p, k), start, p["lam"])
        theta = p["theta"]
        return _objective(p, x, mx - theta * my, xx - 2 * theta * xy + theta**2 * yy)
    p = prepare(params, 1 - number(params["theta"]) / n)
    other = y * n / (n - 1) if n > 1 else ctx.zero
    start = [x, other, x**2, x * other, other**2, other**2, ctx.one]
    mi, mk, ii, ik, kk, kl, _ = at_horizon(_n_agent_moments(p, n, k), start, p["lam"])
    kappa, each = p["kappa"], p["theta"] / n
    mean = kappa * mi - each * (n - 1) * mk
    square = kappa**2 * ii - 2 * kappa * each * (n - 1) * ik
    square += each**2 * (n - 1) * (kk + (n - 2) * kl)
    return _objective(p, x, mean, square)


def heterogeneous_objective(
    agents: Sequence[Mapping[str, Any]],
    r: Any,
    K: Sequence[Sequence[Any]],
    const: Sequence[Any],
    who: int,
    wealth: Sequence[Any] | None = None,
) -> Values:
    """J, G, H of agent `who` when all play pi = K x + const, from all N(N+1)/2 second moments."""
    size = len(agents)
    w = [number(agent.get("weight", ctx.one / size)) for agent in agents]
    p = [prepare({**agent, "r": r}, 1) for agent in agents]
    x = [number(z) for z in (wealth or [agent["wealth"] for agent in agents])]
    pairs = [(i, j) for i in range(size) for j in range(i, size)]
    place = {pair: size + k for k, pair in enumerate(pairs)}

    def rhs(v: Vector) -> Vector:
        def second(i: int, j: int) -> Any:
            return v[place[min(i, j), max(i, j)]]

        one = v[-1]
        agent_range = range(size)
        pi = [sum(K[i][j] * v[j] for j in agent_range) + const[i] * one for i in agent_range]
        pi_x = [
            [
                sum(K[i][k] * second(k, j) for k in agent_range) + const[i] * v[j]
                for j in agent_range
            ]
            for i in agent_range
        ]
        out = [p[i]["r"] * v[i] + p[i]["B"] * pi[i] for i in agent_range]
        for i, j in pairs:
            product = sum(K[j][k] * pi_x[i][k] for k in agent_range) + const[j] * pi[i]
            shared = p[i]["sigma"] * p[j]["sigma"] + (p[i]["nu"] ** 2 if i == j else 0)
            drift = p[i]["B"] * pi_x[i][j] + p[j]["B"] * pi_x[j][i]
            out.append((p[i]["r"] + p[j]["r"]) * second(i, j) + drift + shared * product)
        return [*out, ctx.zero]

    start = [*x, *(x[i] * x[j] for i, j in pairs), ctx.one]
    end = at_horizon(rhs, start, p[who]["lam"])
    load = [-p[who]["theta"] * wk for wk in w]
    load[who] += 1
    mean = sum(f * e for f, e in zip(load, end))
    square = sum((1 if i == j else 2) * load[i] * load[j] * end[place[i, j]] for i, j in pairs)
    return _objective(p[who], x[who], mean, square)
