"""One agent of the paper without competitors: theta = 0, one state, exponential horizon.

dX = (r X + (b - r) pi) dt + nu pi dW + sigma pi dB, so C = nu^2 + sigma^2 and pi = (b - r)/C phi:
see random_horizon for the derivation and the second route. A third one: the answer key of the
paper's best response at theta = 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..precision import ctx, number
from . import random_horizon

NAMES = ("r", "b", "nu", "sigma", "gamma", "alpha", "beta", "lam")


def prepare(params: Mapping[str, Any]) -> tuple[dict[str, Any], Any, Any]:
    """(numbers, M, unit of pi per phi)."""
    p = {name: number(params[name]) for name in NAMES}
    variance = p["nu"] ** 2 + p["sigma"] ** 2
    excess = p["b"] - p["r"]
    return p, excess**2 / variance, excess / variance


def solve(x: Any = None, w: Any = 0, **params: Any) -> dict[str, Any]:
    """strategy pi = (x) x + (1), roots p1, coefficients of G, H, V; w is an income (none)."""
    p, M, unit = prepare(params)
    out = random_horizon.solve(p, M, number(w), None if x is None else number(x))
    for root in out["roots"]:
        root["p1"] = unit * root["f1"]
    if "coefficients" in out:
        found = out["coefficients"]
        out["strategy"] = {"pi": {"x": unit * found["f1"], "1": unit * found["f3"]}}
    return out


def gap(x: Any, w: Any = 0, **params: Any) -> Any:
    """Distance of the strategy and V at x from the spike's vertex and the moments' J."""
    p, M, _ = prepare(params)
    out = solve(x, w, **params)
    f = out["coefficients"]["f1"], out["coefficients"]["f3"]
    vertex, bend, J = random_horizon.spike_vertex(p, M, number(w), f, number(x))
    if bend >= 0:
        raise ArithmeticError("a spike has no maximum")
    return max(abs(vertex - f[0] * number(x) - f[1]), abs(J - out["V"]), ctx.zero)
