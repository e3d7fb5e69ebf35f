"""Any linear-quadratic game of N players in the full state, by numbers only: the second route.

dx = (A x + sum_j B_j u_j) dt + S dW; player i minimizes E int e^{-rho t} (x,u)' M_i (x,u) / 2 dt
+ x(T)' F_i x(T) / 2 with (x, u) all states and all controls stacked. Affine terms: let the last
state be the constant 1. Feedback Nash solves the coupled Riccati equations, open-loop Nash the
linear two-point problem of the adjoints. Doubles, DOP853 with rtol 1e-13: some 1e-11.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.linalg import expm

Array = NDArray[np.float64]


def _gain(n: int, B: Sequence[Array], M: Sequence[Array], P: Sequence[Array]) -> Array:
    """K of u = -K x when every player's first-order condition holds with adjoints P_i x."""
    offsets = np.cumsum([n, *(b.shape[1] for b in B)])
    rows, right = [], []
    for i, b in enumerate(B):
        own = slice(offsets[i], offsets[i + 1])
        rows.append(M[i][own, n:])
        right.append(M[i][own, :n] + b.T @ P[i])
    return np.asarray(np.linalg.solve(np.vstack(rows), np.vstack(right)))


def feedback(
    A: Array,
    B: Sequence[Array],
    M: Sequence[Array],
    F: Sequence[Array],
    S: Array,
    T: float,
    rho: float = 0.0,
) -> dict[str, Any]:
    """Gain K (u = -K x), P_i and constants c_i at time 0: V_i = x' P_i x / 2 + c_i."""
    n, N, allB = len(A), len(B), np.hstack(B)

    def rhs(_: float, flat: Array) -> Array:
        P = [flat[i * n * n : (i + 1) * n * n].reshape(n, n) for i in range(N)]
        K = _gain(n, B, M, P)
        closed, plan = A - allB @ K, np.vstack([np.eye(n), -K])
        out = []
        for i in range(N):
            rate = closed.T @ P[i] + P[i] @ closed + plan.T @ M[i] @ plan - rho * P[i]
            out.append(rate.ravel())
        noise = [np.trace(S @ S.T @ p) / 2 - rho * c for p, c in zip(P, flat[N * n * n :])]
        return np.concatenate([*out, noise])

    start = np.concatenate([*(f.ravel() for f in F), np.zeros(N)])
    flat = solve_ivp(rhs, (0, T), start, method="DOP853", rtol=1e-13, atol=1e-14).y[:, -1]
    P = [flat[i * n * n : (i + 1) * n * n].reshape(n, n) for i in range(N)]
    return {"K": _gain(n, B, M, P), "P": P, "c": flat[N * n * n :]}


def open_loop(
    A: Array, B: Sequence[Array], M: Sequence[Array], F: Sequence[Array], T: float
) -> dict[str, Any]:
    """Gain K at time 0 along the open-loop equilibrium (u = -K x) and the adjoints P_i x."""
    n, N, allB = len(A), len(B), np.hstack(B)
    zero = [np.zeros((n, n))] * N
    constant = _gain(n, B, M, zero)
    # u = -constant x - sum_i adjoint_i p_i, by linearity of the first-order conditions.
    size = n * (1 + N)
    system = np.zeros((size, size))
    control = np.zeros((allB.shape[1], size))
    control[:, :n] = -constant
    for i in range(N):
        for k in range(n):
            unit = [np.zeros((n, n)) for _ in range(N)]
            unit[i][k, 0] = 1.0
            control[:, n * (1 + i) + k] = -(_gain(n, B, M, unit) - constant)[:, 0]
    system[:n] = allB @ control
    system[:n, :n] += A
    for i in range(N):
        rows = slice(n * (1 + i), n * (2 + i))
        system[rows] = -M[i][:n, n:] @ control
        system[rows, :n] -= M[i][:n, :n]
        system[rows, rows] -= A.T
    flow = expm(system * T)
    terminal = np.vstack(F)
    left = flow[n:, n:] - terminal @ flow[:n, n:]
    P = np.linalg.solve(left, terminal @ flow[:n, :n] - flow[n:, :n])
    return {"K": -(control[:, :n] + control[:, n:] @ P), "P": P.reshape(N, n, n)}
