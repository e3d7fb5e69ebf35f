"""Exit externality: dL = (k (l - L) + g m + h abar - a) dt + s dW, cost int e^{-rho t} (q L^2 +
c a^2)/2 dt, m = E L, abar = E a. Feedback a = alpha L + beta m + gamma.

Nash: V = P x^2/2 + S x m + R m^2/2 + E x + F m + G given m' = k l + (g - k) m - (1 - h) abar; c
a = V_x = P x + S m + E. With w = 1 - h and A = alpha + beta: P^2/c + (2k + rho) P = q; S: (rho
+ k + P/c + k - g + w A) S = P (g + h A), a quadratic in beta = S/c; E: (rho + k + P/c) E = P (k
l + h gamma) + S (k l - w gamma). A root P is stabilizing when -(k + P/c) < rho/2; a root beta
is admissible when the mean grows slower than e^{rho t/2}: g - k - w A < rho/2. Planner:
deviations as in the game; the mean with cost (q m^2 + c abar^2)/2 and drift k l - (k - g) m - w
abar: (w^2/c) Z^2 + (2(k - g) + rho) Z = q, abar = (w/c)(Z m + Y), (rho + k - g + w^2 Z/c) Y = Z
k l.

Route 1: the roots and linear equations above, J from the value. Route 2: J by the moments of
the law (`objective`), whose gradient in the planner's three numbers vanishes, and an agent's
regulator problem in (L, m, 1) given the law of m (`best_response`), whose fixed point is the
Nash feedback.
"""

from __future__ import annotations

from typing import Any

from ..precision import all_roots, ctx, number, real_part
from . import lq_regulator

NAMES = ("k", "l", "g", "h", "s", "c", "q", "rho", "m0", "v0")


def _own(p: dict[str, Any]) -> Any:
    """The stabilizing P of the deviations from the mean."""
    k, c, q, rho = (p[name] for name in ("k", "c", "q", "rho"))
    return c * (ctx.sqrt((2 * k + rho) ** 2 + 4 * q / c) - 2 * k - rho) / 2


def mean_growth(p: dict[str, Any], slope: Any) -> Any:
    """Growth rate of m when abar = slope m + gamma."""
    return p["g"] - p["k"] - (1 - p["h"]) * slope


def objective(p: dict[str, Any], alpha: Any, beta: Any, gamma: Any) -> Any:
    """J when all play alpha L + beta m + gamma, from the explicit mean and variance of L."""
    k, level, h, s, c, q, rho = (p[name] for name in ("k", "l", "h", "s", "c", "q", "rho"))
    slope = alpha + beta
    growth, source = mean_growth(p, slope), k * level - (1 - h) * gamma
    # m = rest + gap e^{growth t}; int e^{-rho t} m^j dt by exponentials.
    if growth == 0:
        first = p["m0"] / rho + source / rho**2
        square = p["m0"] ** 2 / rho + 2 * p["m0"] * source / rho**2 + 2 * source**2 / rho**3
    else:
        rest = -source / growth
        gap = p["m0"] - rest
        first = rest / rho + gap / (rho - growth)
        square = rest**2 / rho + 2 * rest * gap / (rho - growth) + gap**2 / (rho - 2 * growth)
    spread = -2 * (k + alpha)  # Var' = spread Var + s^2
    variance = (p["v0"] + s**2 / rho) / (rho - spread)
    control = slope**2 * square + 2 * slope * gamma * first + gamma**2 / rho
    return (q * (square + variance) + c * (control + alpha**2 * variance)) / 2


def _nash(p: dict[str, Any], P: Any, beta: Any) -> dict[str, Any]:
    k, level, h, s, c, q, rho = (p[name] for name in ("k", "l", "h", "s", "c", "q", "rho"))
    alpha, S, w = P / c, c * beta, 1 - h
    slope = alpha + beta
    gamma = (P + S) * k * level / (c * (rho + k + alpha) - P * h + S * w)
    E = c * gamma
    growth = mean_growth(p, slope)
    source, push = k * level - w * gamma, k * level + h * gamma
    # HJB terms in m^2, m and 1: R, F, G.
    pull = p["g"] + h * slope
    R = (2 * S * pull - S**2 / c) / (rho - 2 * growth)
    F = (E * pull + S * push - S * E / c + R * source) / (rho - growth)
    G = (E * push - E**2 / (2 * c) + F * source + s**2 * P / 2) / rho
    m0, v0 = p["m0"], p["v0"]
    V = P * (m0**2 + v0) / 2 + S * m0**2 + R * m0**2 / 2 + (E + F) * m0 + G
    return {
        "alpha": alpha,
        "beta": beta,
        "gamma": gamma,
        "coefficients": {"P": P, "S": S, "R": R, "E": E, "F": F, "G": G},
        "growth": growth,
        "J": V,
        "admissible": growth < rho / 2,
    }


def solve(notion: str = "feedback", **params: Any) -> dict[str, Any]:
    """Nash ("feedback") or planner: alpha, beta, gamma, J at the initial law, roots of beta."""
    p = {name: number(params[name]) for name in NAMES}
    k, level, g, h, c, q, rho = (p[name] for name in ("k", "l", "g", "h", "c", "q", "rho"))
    P, w = _own(p), 1 - h
    alpha = P / c
    out: dict[str, Any] = {"status": "ok", "explosion": None}
    if notion == "planner":
        if w == 0:
            # abar does not move the mean: none is used on average.
            Z, slope, gamma = ctx.zero, ctx.zero, ctx.zero
        else:
            half = 2 * (k - g) + rho
            Z = c * (ctx.sqrt(half**2 + 4 * q * w**2 / c) - half) / (2 * w**2)
            slope = w * Z / c
            gamma = w / c * Z * k * level / (rho + k - g + w * slope)
        out |= {"alpha": alpha, "beta": slope - alpha, "gamma": gamma}
        out["growth"] = mean_growth(p, slope)
        if out["growth"] >= rho / 2:
            return {"status": "unstable", "growth": out["growth"]}
        out["J"] = objective(p, alpha, slope - alpha, gamma)
    else:
        # c beta (rho + 2k - g + alpha + w (alpha + beta)) = P (g + h (alpha + beta))
        steady = rho + 2 * k - g + alpha + w * alpha - P * h / c
        quadratic = [-P * (g + h * alpha), c * steady, c * w]
        table = [_nash(p, P, beta) for beta in real_part(all_roots(quadratic))]
        chosen = [root for root in table if root["admissible"]]
        out["roots"] = table
        if len(chosen) != 1:
            return {**out, "status": "unresolved" if chosen else "no-admissible-root"}
        out |= {name: chosen[0][name] for name in ("alpha", "beta", "gamma", "coefficients")}
        out |= {"J": chosen[0]["J"], "growth": chosen[0]["growth"]}
    out["strategy"] = {"a": {"L": alpha, "m": out["beta"], "1": out["gamma"]}}
    return out


def welfare_gap(**params: Any) -> Any:
    """J of the Nash equilibrium less J of the planner."""
    return solve(**params)["J"] - solve("planner", **params)["J"]


def best_response(p: dict[str, Any], alpha: Any, beta: Any, gamma: Any) -> Any:
    """(alpha, beta, gamma) of an agent's regulator in (L, m, 1) against the profile."""
    slope, w = alpha + beta, 1 - p["h"]
    A = [
        [-p["k"], p["g"] + p["h"] * slope, p["k"] * p["l"] + p["h"] * gamma],
        [0, mean_growth(p, slope), p["k"] * p["l"] - w * gamma],
        [0, 0, 0],
    ]
    Q = [[p["q"], 0, 0], [0, 0, 0], [0, 0, 0]]
    S = [[p["s"]], [0], [0]]
    out = lq_regulator.solve(A, [[-1], [0], [0]], Q, [[p["c"]]], S, rho=p["rho"])
    return [-out["K"][0, j] for j in range(3)]


def mckean_vlasov(t: Any, **params: Any) -> dict[str, Any]:
    """dL = k (l - L) dt + g m dt + s dW: the law at t, the stationary law when k > g."""
    k, level, g, s, m0, v0 = (number(params[name]) for name in ("k", "l", "g", "s", "m0", "v0"))
    t, rate = number(t), k - g
    mean = m0 * ctx.exp(-rate * t) + k * level * (-ctx.expm1(-rate * t) / rate if rate else t)
    spread = -ctx.expm1(-2 * k * t) / (2 * k) if k else t
    out = {"mean": mean, "Var": v0 * ctx.exp(-2 * k * t) + s**2 * spread}
    if rate <= 0:
        return {**out, "status": "unstable"}
    stationary = {"mean": k * level / rate, "amplification": k / rate, "Var": s**2 / (2 * k)}
    return {**out, "status": "ok", "stationary": stationary}


def one_exit(N: int, V: Any, delta: Any) -> dict[str, Any]:
    """Worked example: loss of the others by one exit, and by the exit of all."""
    V, delta = number(V), number(delta)
    return {"one": (N - 1) * V * delta, "discount": N * delta, "each": N * V * delta}
