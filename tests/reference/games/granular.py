"""The game of the paper with sizes: weights w_k of the average instead of 1/n, all else alike.

Agent i cares for X_i - theta Xbar, Xbar = sum w_k X_k, so kappa_i = 1 - theta w_i, and answers
the aggregates of the others with pi_i = P_i + Qb_i m_b + Qs_i m_s, P_i = p1 x + p2 y + q3. With
the totals over all, M_b = sum w_k B pi_k = B S and M_s = sigma S (alike agents), S = sum w_k
pi_k, m_b = B (S - w_i pi_i): pi_i (1 + w_i Q_i) = P_i + Q_i S, and one linear equation for S.
Zipf sizes are w_k proportional to k^{-1/zeta}.

Over an instant the average wealth has the idiosyncratic variance sum w_k^2 nu^2 pi_k^2 and the
common one sigma^2 S^2: "share" is the first by their sum, h = sum w_k^2 the Herfindahl index.

Route 2 (`by_agents`): the heterogeneous key, which solves the linear system of all agents.
Responses come from the paper's key; 50 digits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..heterogeneous import heterogeneous
from ..precision import ctx, number
from ..response import best_response, linear_response, prepare


def zipf(size: int, zeta: Any) -> list[Any]:
    """Weights k^{-1/zeta}, k = 1, ..., size, of sum 1; zeta None: equal weights."""
    if zeta is None:
        return [ctx.one / size] * size
    raw = [ctx.mpf(k) ** (-1 / number(zeta)) for k in range(1, size + 1)]
    total = ctx.fsum(raw)
    return [u / total for u in raw]


def solve(
    size: int | None = None,
    zeta: Any = None,
    sizes: Sequence[Any] | None = None,
    x: Any = 1,
    **params: Any,
) -> dict[str, Any]:
    """pi of each agent when all have the wealth x, S, Herfindahl index, variances and share.

    `sizes` (any positive scale) instead of size and zeta.
    """
    if sizes is not None:
        raw = [number(u) for u in sizes]
        w = [u / ctx.fsum(raw) for u in raw]
    else:
        assert size is not None
        w = zipf(size, zeta)
    x = number(x)
    lines: dict[Any, tuple[Any, Any]] = {}
    for weight in w:
        if weight in lines:
            continue
        p = prepare(params, 1 - number(params["theta"]) * weight)
        table = best_response({**params, "kappa": p["kappa"]})
        if table["selected"] is None:
            return {"status": "no-admissible-root", "weight": weight}
        v = linear_response(p, table["roots"][table["selected"]]["p1"])
        y = x * (1 - weight)
        P = v["p1"] * x + v["p2"] * y + v["q3"]
        scale = 1 + weight * v["Q"]
        lines[weight] = P / scale, v["Q"] / scale
    level = ctx.fsum(weight * lines[weight][0] for weight in w)
    slope = ctx.fsum(weight * lines[weight][1] for weight in w)
    if slope == 1:
        return {"status": "degenerate"}
    S = level / (1 - slope)
    pi = [lines[weight][0] + lines[weight][1] * S for weight in w]
    nu, sigma = number(params["nu"]), number(params["sigma"])
    own = ctx.fsum((weight * nu * u) ** 2 for weight, u in zip(w, pi))
    common = (sigma * S) ** 2
    return {
        "status": "ok",
        "weights": w,
        "pi": pi,
        "S": S,
        "herfindahl": ctx.fsum(weight**2 for weight in w),
        "idiosyncratic": own,
        "common": common,
        "share": own / (own + common) if own + common else None,
    }


def by_agents(weights: Sequence[Any], x: Any, **params: Any) -> list[Any]:
    """pi by the key of different agents."""
    alike: Mapping[str, Any] = {name: v for name, v in params.items() if name != "r"}
    agents = [{**alike, "weight": w, "wealth": x} for w in weights]
    return list(heterogeneous(agents, params["r"])["pi"])
