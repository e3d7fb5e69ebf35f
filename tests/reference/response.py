"""Best response to given aggregates: the cubic, its roots, the response and all coefficients.

Source: sections 2.2 and 3.2 of the paper, equations (2.42)-(2.71); the stationary equations of H.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .precision import (
    CANCELLED,
    all_roots,
    ctx,
    number,
    poly_derivative,
    poly_value,
    real_part,
)

Values = dict[str, Any]
NAMES = ("r", "b", "nu", "sigma", "theta", "gamma", "alpha", "beta", "lam")


def prepare(params: Mapping[str, Any], kappa: Any = None) -> Values:
    """Parameters as exact numbers, with B = b - r, s2, kappa and the aggregates (default 0).

    kappa comes from the argument, else from "kappa", else from "n", else it is 1.
    """
    p = {name: number(params[name]) for name in NAMES}
    if kappa is not None:
        p["kappa"] = number(kappa)
    elif "kappa" in params:
        p["kappa"] = number(params["kappa"])
    elif "n" in params:
        p["kappa"] = 1 - p["theta"] / number(params["n"])
    else:
        p["kappa"] = ctx.one
    p["B"] = p["b"] - p["r"]
    p["s2"] = p["nu"] ** 2 + p["sigma"] ** 2
    for name in ("m_b", "m_s", "m_2"):
        p[name] = number(params.get(name, 0))
    return p


def cubic(p: Values) -> list[Any]:
    """Coefficients c0, c1, c2, c3 of the cubic (2.54) of a prepared set."""
    B, s2, r, lam = p["B"], p["s2"], p["r"], p["lam"]
    beta, gk, E1 = p["beta"], p["gamma"] * p["kappa"], lam - r
    excess = beta - gk
    if abs(excess) <= CANCELLED * (beta + abs(gk)):
        excess = ctx.zero
    return [
        B * (beta * E1 * (lam - 2 * r) - gk * r**2),
        beta * B**2 * (4 * r - 3 * lam) - gk * (2 * B**2 * r + s2 * E1**2),
        B * (beta * (2 * B**2 - s2 * E1) + gk * (s2 * (lam - 2 * r) - B**2)),
        B**2 * s2 * excess,
    ]


def cubic_factored(p: Values, p1: Any) -> Any:
    """The cubic in its factored form beta B D1 D2 + gamma kappa [lam B D2 - D1^2 (B + s2 p1)]."""
    B, s2, lam = p["B"], p["s2"], p["lam"]
    D1 = lam - p["r"] - B * p1
    D2 = lam - 2 * p["r"] - 2 * B * p1 - s2 * p1**2
    bracket = lam * B * D2 - D1**2 * (B + s2 * p1)
    return p["beta"] * B * D1 * D2 + p["gamma"] * p["kappa"] * bracket


def root_table(p: Values) -> list[Values]:
    """Real roots of the cubic in increasing order, with D1, D2, Delta and two measures of distance.

    "separation" = |p1 C'(p1)| / sum_k |c_k p1^k|, the inverse condition number of the root with
    respect to the coefficients; 0 at a double root, 1 for an exactly zero root. "gap" = smallest
    distance to another root, complex roots included, relative to the larger of the two moduli (1
    if there is none).
    """
    coefficients = cubic(p)
    slope = poly_derivative(coefficients)
    everything = all_roots(coefficients)
    B, s2, r, lam = p["B"], p["s2"], p["r"], p["lam"]
    table = []
    for p1 in real_part(everything):
        D1 = lam - r - B * p1
        D2 = lam - 2 * r - 2 * B * p1 - s2 * p1**2
        size = sum(abs(c * p1**k) for k, c in enumerate(coefficients))
        others = sorted(everything, key=lambda z: abs(z - p1))[1:]
        gaps = [abs(z - p1) / max(abs(z), abs(p1)) for z in others if z != p1]
        table.append(
            {
                "p1": p1,
                "D1": D1,
                "D2": D2,
                "Delta": s2 * (lam - r) ** 2
                + B**2 * r
                + B * (B**2 - s2 * (lam - r)) * p1
                + B**2 * s2 * p1**2,
                "admissible": D2 > 0,
                "separation": abs(p1 * poly_value(slope, p1)) / size if p1 != 0 else ctx.one,
                "gap": min([ctx.one, *gaps]) if len(gaps) == len(others) else ctx.zero,
            }
        )
    return table


def limit_root(p: Values, table: list[Values]) -> int | None:
    """Index of the admissible root with the largest B p1, None when no root is admissible."""
    admissible = [k for k, root in enumerate(table) if root["admissible"]]
    return max(admissible, key=lambda k: p["B"] * table[k]["p1"]) if admissible else None


def linear_response(p: Values, p1: Any) -> Values:
    """p2, q3, Qb, Qs, Q with a, c, h20, h11 at a root: everything before the aggregates enter."""
    B, s2, r, lam, sigma = p["B"], p["s2"], p["r"], p["lam"], p["sigma"]
    theta, gamma, alpha, kappa = p["theta"], p["gamma"], p["alpha"], p["kappa"]
    E1 = lam - r
    E2 = lam - 2 * r - B * p1
    D1 = lam - r - B * p1
    D2 = lam - 2 * r - 2 * B * p1 - s2 * p1**2
    Delta = s2 * E1**2 + B**2 * r + B * (B**2 - s2 * E1) * p1 + B**2 * s2 * p1**2
    Delta2 = s2 * D1**2 * E1 * E2 - lam * B**2 * D2 * E2 + B * (B + s2 * p1) * D1**2 * E1
    a = lam * kappa / D1
    h20 = lam * kappa**2 / D2
    if theta == 0:  # the response ignores y; the quotients below may be 0/0
        p2 = c = h11 = ctx.zero
    else:
        p2 = theta * B * r * (r + B * p1) * D1 * D2 / (kappa * Delta2)
        c = (B * p2 * a - lam * theta) / E1
        h11 = 2 * (h20 * p2 * (B + s2 * p1) - lam * kappa * theta) / E2
    q3 = alpha * B * D1 * D2 / (gamma * kappa * Delta)
    Qb = B * D1 * D2 * (kappa * c - h11 / 2) / (lam * kappa**2 * Delta)
    Qs = -sigma * h11 * E1 * D1 * D2 / (2 * lam * kappa**2 * Delta)
    return {
        **{"p1": p1, "p2": p2, "q3": q3, "Qb": Qb, "Qs": Qs, "Q": B * Qb + sigma * Qs},
        **{"a": a, "c": c, "h20": h20, "h11": h11},
        **{"D1": D1, "D2": D2, "E1": E1, "E2": E2, "Delta": Delta, "Delta2": Delta2},
    }


def coefficients_at(p: Values, p1: Any) -> Values:
    """Response and the coefficients of G, H and V at a root, for the aggregates of the set."""
    v = linear_response(p, p1)
    B, s2, r, lam, sigma = p["B"], p["s2"], p["r"], p["lam"], p["sigma"]
    theta, gamma, alpha, beta = p["theta"], p["gamma"], p["alpha"], p["beta"]
    m_b, m_s, m_2 = p["m_b"], p["m_s"], p["m_2"]
    p2, a, c, h20, h11 = v["p2"], v["a"], v["c"], v["h20"], v["h11"]
    p3 = v["q3"] + v["Qb"] * m_b + v["Qs"] * m_s
    d = (B * a * p3 + c * m_b) / lam
    # Stationary backward equations of H.
    h10 = (2 * h20 * p3 * (B + s2 * p1) + m_b * h11 + sigma * m_s * p1 * h11) / v["D1"]
    h02 = h01 = ctx.zero
    if theta != 0:
        h02 = (B * p2 * h11 + s2 * p2**2 * h20 + lam * theta**2) / (lam - 2 * r)
        h01 = B * (p3 * h11 + p2 * h10) + 2 * m_b * h02
        h01 = (h01 + 2 * s2 * h20 * p2 * p3 + sigma * m_s * h11 * p2) / v["E1"]
    h00 = B * p3 * h10 + m_b * h01 + s2 * h20 * p3**2 + sigma * m_s * h11 * p3
    h00 = (h00 + (m_2 + m_s**2) * h02) / lam
    v.update({"p3": p3, "d": d, "h10": h10, "h02": h02, "h01": h01, "h00": h00})
    v["A1"] = beta * a + gamma / 2 * (a**2 - h20)
    v["A2"] = gamma / 2 * (c**2 - h02)
    v["A3"] = beta * c + gamma * a * c - gamma / 2 * h11
    v["A4"] = alpha * a + beta * d + gamma * a * d - gamma / 2 * h10
    v["A5"] = alpha * c + gamma * c * d - gamma / 2 * h01
    v["A6"] = alpha * d + gamma / 2 * (d**2 - h00)
    return v


def value_second_form(p: Values, v: Values) -> Values:
    """A1, ..., A6 from the HJB equation of V; needs lam != r and lam != 2 r."""
    r, lam, kappa, m_b = p["r"], p["lam"], p["kappa"], p["m_b"]
    theta, gamma, alpha, beta = p["theta"], p["gamma"], p["alpha"], p["beta"]
    p1, p2, p3, a, c, d = (v[name] for name in ("p1", "p2", "p3", "a", "c", "d"))
    K = gamma * p["s2"] * v["h20"]
    A1 = K * p1**2 / 2 - r * beta * a + lam * (beta * kappa - gamma / 2 * (kappa - a) ** 2)
    A2 = K * p2**2 / 2 - lam * gamma / 2 * (theta + c) ** 2
    A3 = K * p1 * p2 - r * beta * c - lam * beta * theta
    A3 += lam * gamma * (kappa - a) * (theta + c)
    A1, A2, A3 = (A / (lam - 2 * r) for A in (A1, A2, A3))
    A4 = K * p1 * p3 - r * beta * d + m_b * A3 + lam * alpha * kappa
    A4 = (A4 + lam * gamma * (kappa - a) * d) / (lam - r)
    A5 = K * p2 * p3 + 2 * m_b * A2 - lam * alpha * theta - lam * gamma * (theta + c) * d
    A5 /= lam - r
    A6 = K * p3**2 / 2 + m_b * A5 - lam * gamma / 2 * d**2
    A6 = (A6 + (p["m_2"] + p["m_s"] ** 2) * (A2 - gamma * c**2 / 2)) / lam
    return {"A1": A1, "A2": A2, "A3": A3, "A4": A4, "A5": A5, "A6": A6}


def value(v: Values, x: Any, y: Any) -> Any:
    """V = A1 x^2 + A2 y^2 + A3 x y + A4 x + A5 y + A6."""
    x, y = number(x), number(y)
    quadratic = v["A1"] * x**2 + v["A2"] * y**2 + v["A3"] * x * y
    return quadratic + v["A4"] * x + v["A5"] * y + v["A6"]


def best_response(params: Mapping[str, Any], root: int | None = None) -> Values:
    """Best response to the constant aggregates m_b, m_s, m_2 (default 0).

    `root` takes that entry of the table instead of the admissible one with the largest B p1.
    Status: "ok"; "no-admissible-root"; "degenerate" (a divisor of the closed form vanishes);
    "infinite-variance" (theta != 0 and lam <= 2 r, where E[Y^2] at the horizon is infinite; the
    numbers are still given). Keys beyond status, roots, selected, abscissa exist only when there
    is a response.
    """
    p = prepare(params)
    table = root_table(p)
    index = limit_root(p, table) if root is None else root
    out: Values = {"status": "no-admissible-root", "roots": table, "selected": index}
    if index is None:
        return out
    try:
        out.update(coefficients_at(p, table[index]["p1"]))
    except ZeroDivisionError:
        return {**out, "status": "degenerate"}
    own = 2 * p["r"] + 2 * p["B"] * out["p1"] + p["s2"] * out["p1"] ** 2
    out["abscissa"] = own if p["theta"] == 0 else max(own, 2 * p["r"])
    out["status"] = "ok" if out["abscissa"] < p["lam"] else "infinite-variance"
    return out
