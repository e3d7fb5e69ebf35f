"""One agent, affine wealth, mean-variance at an exponential time: the core of four keys.

dX = (r X + w + b'pi) dt + noise of covariance pi'C pi, J = (alpha + beta x) E X_tau - gamma Var
X_tau /2 given tau > t, hazard lam. Everything depends on M = b'C^{-1}b: pi = C^{-1}b phi, phi =
f1 x + f3, drift M phi, variance rate M phi^2. G = E X_tau = a x + d and H = E X_tau^2 = h20 x^2
+ h10 x + h00 solve the moment equations, a = lam/D1, h20 = lam/D2, D1 = lam - r - M f1, D2 =
lam - 2r - 2 M f1 - M f1^2, lam d = a (w + M f3), D1 h10 = 2 h20 (w + M f3 (1 + f1)), lam h00 =
h10 (w + M f3) + M f3^2 h20, and a spike gives (alpha + beta x + gamma G) a - gamma H_x/2 =
gamma h20 phi: the cubic beta D1 D2 + gamma (lam D2 - D1^2 (1 + f1)) = 0 and a linear equation
for f3.

Admissible: D2 > 0 (finite variance). Selected: the admissible root with the largest f1. Route 2
(`spike_vertex`): J of an actual spike of length 1e-15 by exact moments of linear equations at
exponential times; its vertex must be the strategy.
"""

from __future__ import annotations

from typing import Any

from ..precision import all_roots, ctx, poly_add, poly_mul, real_part


def fractions(p: dict[str, Any], M: Any) -> list[Any]:
    """Real roots f1 in increasing order."""
    r, lam, beta, gamma = (p[name] for name in ("r", "lam", "beta", "gamma"))
    D1, D2 = [lam - r, -M], [lam - 2 * r, -2 * M, -M]
    return real_part(
        all_roots(
            poly_add(
                poly_mul([beta], D1, D2),
                poly_mul([gamma * lam], D2),
                poly_mul([-gamma], D1, D1, [ctx.one, ctx.one]),
            )
        )
    )


def coefficients(p: dict[str, Any], M: Any, w: Any, f1: Any) -> dict[str, Any]:
    """f3 and the coefficients of G, H, V at a root."""
    r, lam, alpha, beta, gamma = (p[name] for name in ("r", "lam", "alpha", "beta", "gamma"))
    D1, D2 = lam - r - M * f1, lam - 2 * r - 2 * M * f1 - M * f1**2
    a, h20 = lam / D1, lam / D2
    left = gamma * (h20 + h20 * M * (1 + f1) / D1 - a**2 * M / lam)
    f3 = (alpha * a + gamma * w * (a**2 / lam - h20 / D1)) / left
    d = a * (w + M * f3) / lam
    h10 = 2 * h20 * (w + M * f3 * (1 + f1)) / D1
    h00 = (h10 * (w + M * f3) + M * f3**2 * h20) / lam
    return {
        **{"f1": f1, "f3": f3, "D1": D1, "D2": D2},
        **{"a": a, "d": d, "h20": h20, "h10": h10, "h00": h00},
        "A1": beta * a + gamma / 2 * (a**2 - h20),
        "A4": alpha * a + beta * d + gamma * a * d - gamma / 2 * h10,
        "A6": alpha * d + gamma / 2 * (d**2 - h00),
    }


def solve(p: dict[str, Any], M: Any, w: Any, x: Any = None) -> dict[str, Any]:
    """phi, all roots, coefficients, V at x."""
    table = []
    for f1 in fractions(p, M):
        D2 = p["lam"] - 2 * p["r"] - 2 * M * f1 - M * f1**2
        table.append({"f1": f1, "D2": D2, "admissible": D2 > 0})
    chosen = [k for k, root in enumerate(table) if root["admissible"]]
    out: dict[str, Any] = {"status": "ok", "roots": table, "explosion": None}
    if not chosen:
        return {**out, "status": "no-admissible-root", "selected": None}
    out["selected"] = chosen[-1]
    found = coefficients(p, M, w, table[chosen[-1]]["f1"])
    out["coefficients"] = found
    if x is not None:
        out["V"] = found["A1"] * x**2 + found["A4"] * x + found["A6"]
    return out


def _generator(r: Any, drift: Any, slope: Any, noise: tuple[Any, Any]) -> Any:
    """Matrix of d/dt (1, E X, E X^2) for dX = (drift + slope X) dt + (n0 + n1 X) dW."""
    n0, n1 = noise
    return ctx.matrix(
        [
            [0, 0, 0],
            [drift, slope, 0],
            [n0**2, 2 * drift + 2 * n0 * n1, 2 * slope + n1**2],
        ]
    )


def spike_objective(
    p: dict[str, Any], M: Any, w: Any, f: tuple[Any, Any], x: Any, phi: Any, length: Any
) -> Any:
    """J when phi is constant on [0, length] and f1 x + f3 afterwards."""
    lam, root = p["lam"], ctx.sqrt(M)
    eye = ctx.eye(3)
    first = _generator(p["r"], w + M * phi, p["r"], (root * phi, ctx.zero)) - lam * eye
    then = _generator(p["r"], w + M * f[1], p["r"] + M * f[0], (root * f[1], root * f[0]))
    survived = ctx.expm(length * first)
    start = ctx.matrix([1, x, x**2])
    # int_0^length lam e^{..} = lam first^{-1} (e^{length first} - 1).
    early = lam * (first**-1 * ((survived - eye) * start))
    late = lam * ((lam * eye - then) ** -1 * (survived * start))
    mean, square = early[1] + late[1], early[2] + late[2]
    return (p["alpha"] + p["beta"] * x) * mean - p["gamma"] / 2 * (square - mean**2)


def spike_vertex(
    p: dict[str, Any], M: Any, w: Any, f: tuple[Any, Any], x: Any
) -> tuple[Any, Any, Any]:
    """(best phi for a spike at x, curvature, J without a spike); exact to about 1e-13."""
    length, here = ctx.mpf(10) ** -15, f[0] * x + f[1]
    J = [spike_objective(p, M, w, f, x, here + step, length) for step in (-1, 0, 1)]
    bend = (J[0] + J[2] - 2 * J[1]) / length
    vertex = here + (J[0] - J[2]) / length / (2 * bend)
    return vertex, bend, spike_objective(p, M, w, f, x, here, ctx.zero)
