"""The game of different agents: any number, any weights of the average.

Source: section 2.4 of the paper, equations (2.100)-(2.119), its extension to N agents, and the
constant equilibria (2.80).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .precision import ctx, number, solve
from .response import (
    Values,
    coefficients_at,
    limit_root,
    linear_response,
    prepare,
    root_table,
    value,
)


def heterogeneous(
    agents: Sequence[Mapping[str, Any]], r: Any, choice: Sequence[int | None] | None = None
) -> Values:
    """Equilibrium of any number of different agents.

    Each agent has the parameters b, ..., lam, its "wealth" and optionally "weight" (default 1/N).
    `choice` takes these entries of the agents' tables of roots. Gives the lists "pi", "V",
    "response", the aggregates M_b and M_s, the feedback pi = K x + const (lists), the abscissa of
    the second moments, and the determinant of the 2x2 system.
    """
    size = len(agents)
    choice = choice or [None] * size
    w = [number(agent.get("weight", ctx.one / size)) for agent in agents]
    x = [number(agent["wealth"]) for agent in agents]
    average = sum(wk * xk for wk, xk in zip(w, x))
    p = [
        prepare({**agent, "r": r}, 1 - number(agent["theta"]) * wk) for agent, wk in zip(agents, w)
    ]
    tables = [root_table(q) for q in p]
    found = [limit_root(q, t) if c is None else c for q, t, c in zip(p, tables, choice)]
    picks = [index for index in found if index is not None]
    out: Values = {"status": "no-admissible-root", "roots": tables, "selected": found}
    if len(picks) < size:
        return out
    try:
        v = [linear_response(q, t[k]["p1"]) for q, t, k in zip(p, tables, picks)]
        u = [1 / (1 + wk * vk["Q"]) for wk, vk in zip(w, v)]
    except ZeroDivisionError:
        return {**out, "status": "degenerate"}
    # P_i is affine in the wealths: rows of coefficients, the constant last.
    rows = [[v[i]["p2"] * w[j] for j in range(size)] + [v[i]["q3"]] for i in range(size)]
    for i in range(size):
        rows[i][i] += v[i]["p1"] - v[i]["p2"] * w[i]

    def pair(f: Sequence[Any], g: Sequence[Any]) -> Any:
        return sum(wk * uk * fk * gk for wk, uk, fk, gk in zip(w, u, f, g))

    drift, common = [q["B"] for q in p], [q["sigma"] for q in p]
    Qb, Qs = [vk["Qb"] for vk in v], [vk["Qs"] for vk in v]
    system = [
        [1 - pair(drift, Qb), -pair(drift, Qs)],
        [-pair(common, Qb), 1 - pair(common, Qs)],
    ]
    out["determinant"] = system[0][0] * system[1][1] - system[0][1] * system[1][0]
    if abs(out["determinant"]) < ctx.mpf(10) ** -40:
        return {**out, "status": "degenerate"}
    K = [[ctx.zero] * (size + 1) for _ in range(size)]
    for j in range(size + 1):
        column = [row[j] for row in rows]
        M_b, M_s = solve(system, [pair(drift, column), pair(common, column)])
        for i in range(size):
            K[i][j] = u[i] * (column[i] + Qb[i] * M_b + Qs[i] * M_s)
    pi = [sum(K[i][j] * x[j] for j in range(size)) + K[i][size] for i in range(size)]
    M_b = sum(wk * bk * pk for wk, bk, pk in zip(w, drift, pi))
    M_s = sum(wk * sk * pk for wk, sk, pk in zip(w, common, pi))
    squares = [(wk * q["nu"] * pk) ** 2 for wk, q, pk in zip(w, p, pi)]
    V = []
    for i in range(size):
        p[i].update(
            m_b=M_b - w[i] * drift[i] * pi[i],
            m_s=M_s - w[i] * common[i] * pi[i],
            m_2=sum(squares) - squares[i],
        )
        v[i] = coefficients_at(p[i], v[i]["p1"])
        V.append(value(v[i], x[i], average - w[i] * x[i]))
    out.update({"pi": pi, "V": V, "response": v, "M_b": M_b, "M_s": M_s})
    out.update({"K": [row[:size] for row in K], "const": [row[size] for row in K]})
    out["abscissa"] = general_abscissa(p, out["K"])
    out["hazard"] = min(q["lam"] for q in p)
    out["status"] = "ok" if out["abscissa"] < out["hazard"] else "infinite-variance"
    return out


def two_agent(
    agents: Sequence[Mapping[str, Any]], r: Any, choice: Sequence[int | None] | None = None
) -> Values:
    """The heterogeneous game with two agents, section 2.4 of the paper."""
    if len(agents) != 2:
        raise ValueError("two agents are needed")
    return heterogeneous(agents, r, choice)


def general_abscissa(p: Sequence[Values], K: Sequence[Sequence[Any]]) -> Any:
    """Growth rate of the second moments under pi = K x + const, from all N(N+1)/2 of them."""
    size = len(p)
    pairs = [(i, j) for i in range(size) for j in range(i, size)]
    place = {pair: k for k, pair in enumerate(pairs)}
    matrix = ctx.matrix(len(pairs), len(pairs))
    for row, (i, j) in enumerate(pairs):
        shared = p[i]["sigma"] * p[j]["sigma"] + (p[i]["nu"] ** 2 if i == j else 0)
        matrix[row, row] += p[i]["r"] + p[j]["r"]
        for k in range(size):
            matrix[row, place[min(k, j), max(k, j)]] += p[i]["B"] * K[i][k]
            matrix[row, place[min(k, i), max(k, i)]] += p[j]["B"] * K[j][k]
            for m in range(size):
                matrix[row, place[min(k, m), max(k, m)]] += shared * K[i][k] * K[j][m]
    return max(ctx.re(z) for z in ctx.eig(matrix, left=False, right=False))


def constant_equilibrium(agents: Sequence[Mapping[str, Any]], weighted: bool = False) -> list[Any]:
    """Strategies (2.80) of the game with beta = r = 0, or the limit lam -> infinity.

    `weighted` selects the limit, (2.116)-(2.117): alpha + beta x for alpha and b - r for b, at the
    agents' "wealth" and with r in each agent.
    """
    n = len(agents)
    total_psi = total_phi = ctx.zero
    own = []
    for agent in agents:
        b, nu, sigma, theta, gamma, alpha = (
            number(agent[name]) for name in ("b", "nu", "sigma", "theta", "gamma", "alpha")
        )
        if weighted:
            alpha += number(agent["beta"]) * number(agent["wealth"])
            b -= number(agent["r"])
        scale = sigma**2 + (1 - theta / n) * nu**2
        total_phi += sigma * alpha * b / (gamma * scale) / n
        total_psi += theta * sigma**2 / scale / n
        own.append((alpha * b / gamma, theta * sigma, scale))
    if total_psi == 1:
        raise ZeroDivisionError("psi = 1")
    common = total_phi / (1 - total_psi)
    return [(first + second * common) / scale for first, second, scale in own]
