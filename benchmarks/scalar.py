"""The n-agent strategy as one would write it by hand: a compiled loop, one point at a time.

Coefficients of the cubic (2.53)-(2.54), the trigonometric formula, the admissible root with the
largest B p1, closed forms. Fast and plain: near folds, and where the leading coefficient nearly
vanishes, digits are lost, and nothing tells.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]


@njit(error_model="numpy", nogil=True, cache=True)
def scalar(
    r: Array,
    b: Array,
    nu: Array,
    sigma: Array,
    theta: Array,
    gamma: Array,
    alpha: Array,
    beta: Array,
    lam: Array,
    n: Array,
    status: Array,
    k_x: Array,
    k_y: Array,
    k_1: Array,
) -> None:
    """Fill status (0 or 1) and the three coefficients of the strategy."""
    for i in range(status.size):
        B, s2, share = b[i] - r[i], nu[i] * nu[i] + sigma[i] * sigma[i], 1.0 / n[i]
        kappa = 1.0 - theta[i] * share
        gk, E1, E0 = gamma[i] * kappa, lam[i] - r[i], lam[i] - 2.0 * r[i]
        c3 = B * B * s2 * (beta[i] - gk)
        c2 = B * (beta[i] * (2.0 * B * B - s2 * E1) + gk * (s2 * E0 - B * B))
        c1 = beta[i] * B * B * (4.0 * r[i] - 3.0 * lam[i]) - gk * (
            2.0 * B * B * r[i] + s2 * E1 * E1
        )
        c0 = B * (beta[i] * E1 * E0 - gk * r[i] * r[i])
        u, v, w = c2 / c3, c1 / c3, c0 / c3
        q, t = (u * u - 3.0 * v) / 9.0, (2.0 * u * u * u - 9.0 * u * v + 27.0 * w) / 54.0
        best, p1, found = -math.inf, 0.0, False
        if t * t < q * q * q:
            angle, size = math.acos(t / math.sqrt(q * q * q)), -2.0 * math.sqrt(q)
            for k in range(3):
                p = size * math.cos((angle + 2.0 * math.pi * (k - 1)) / 3.0) - u / 3.0
                if E0 - 2.0 * B * p - s2 * p * p > 0.0 and B * p > best:
                    best, p1, found = B * p, p, True
        else:
            m = -math.copysign(np.cbrt(abs(t) + math.sqrt(t * t - q * q * q)), t)
            p = (m + q / m if m != 0.0 else 0.0) - u / 3.0
            if E0 - 2.0 * B * p - s2 * p * p > 0.0:
                p1, found = p, True
        if not found:
            status[i], k_x[i], k_y[i], k_1[i] = 1, math.nan, math.nan, math.nan
            continue
        D1, D2 = E1 - B * p1, E0 - 2.0 * B * p1 - s2 * p1 * p1
        E2, a, h20 = E0 - B * p1, lam[i] * kappa / D1, lam[i] * kappa * kappa / D2
        delta = s2 * E1 * E1 + B * B * r[i] + B * (B * B - s2 * E1) * p1 + B * B * s2 * p1 * p1
        delta2 = (
            s2 * D1 * D1 * E1 * E2 - lam[i] * B * B * D2 * E2 + B * (B + s2 * p1) * D1 * D1 * E1
        )
        p2 = theta[i] * B * r[i] * (r[i] + B * p1) * D1 * D2 / (kappa * delta2)
        c = (B * p2 * a - lam[i] * theta[i]) / E1
        h11 = 2.0 * (h20 * p2 * (B + s2 * p1) - lam[i] * kappa * theta[i]) / E2
        q3 = alpha[i] * B * D1 * D2 / (gk * delta)
        common = D1 * D2 / (lam[i] * kappa * kappa * delta)
        Q = common * (B * B * (kappa * c - 0.5 * h11) - 0.5 * sigma[i] * sigma[i] * h11 * E1)
        S, W = 1.0 - (1.0 - share) * Q, 1.0 + share * Q
        status[i] = 0
        k_x[i] = (p1 * (1.0 - (1.0 - 2.0 * share) * Q) + share * (1.0 - share) * p2 * Q) / (S * W)
        k_y[i] = (p2 + Q * p1) / (S * W)
        k_1[i] = q3 / S
