"""Linear-quadratic regulator with vector state and control, infinite or finite horizon.

dx = (A x + B u) dt + S dW, minimize E int e^{-rho t} (x'Qx + u'Ru + 2 x'Nu)/2 dt [+ e^{-rho T}
x(T)'Fx(T)/2]. With V = x'Px/2 + c the first-order condition gives u = -R^{-1}(B'P + N')x and the
HJB equation A'P + PA - rho P + Q - (PB + N)R^{-1}(B'P + N') = 0 (= -P' on a finite horizon),
rho c = tr(S'PS)/2 (= -c' + rho c).

Route 1: P is the graph of an invariant subspace of the Hamiltonian matrix: every choice of n of
its 2n eigenvectors, closed under conjugation, is a real root; stabilizing when A - BK - rho/2 has
its spectrum on the left. On a finite horizon the matrix exponential of the same matrix; the first
zero of det X is the explosion time. Route 2 (`evaluate`): the cost of the feedback by a Lyapunov
equation, and the Riccati equation integrated by extrapolation.
"""

from __future__ import annotations

import itertools
from typing import Any

from ..precision import ctx, number
from .ode import gauss_nodes, integrate

REAL = ctx.mpf(10) ** -30


def matrix(rows: Any) -> Any:
    """A matrix of 60-digit numbers from nested lists."""
    return ctx.matrix([[number(entry) for entry in row] for row in rows])


def _reduced(A: Any, B: Any, Q: Any, R: Any, N: Any, rho: Any) -> tuple[Any, Any, Any, Any]:
    inverse = R**-1
    drift = A - B * inverse * N.T - rho / 2 * ctx.eye(A.rows)
    hamiltonian = ctx.zeros(2 * A.rows)
    size = A.rows
    hamiltonian[:size, :size], hamiltonian[:size, size:] = drift, -B * inverse * B.T
    hamiltonian[size:, :size], hamiltonian[size:, size:] = N * inverse * N.T - Q, -drift.T
    return hamiltonian, inverse, drift, size


def gain(P: Any, B: Any, R: Any, N: Any) -> Any:
    """K of u = -K x."""
    return R**-1 * (B.T * P + N.T)


def _norm(M: Any) -> Any:
    return max([abs(entry) for entry in M] or [ctx.zero])


def roots(A: Any, B: Any, Q: Any, R: Any, N: Any, rho: Any) -> list[dict[str, Any]]:
    """All real symmetric solutions, for distinct eigenvalues of the Hamiltonian matrix."""
    hamiltonian, _, _, size = _reduced(A, B, Q, R, N, rho)
    values, vectors = ctx.eig(hamiltonian)
    found = []
    for chosen in itertools.combinations(range(2 * size), size):
        conjugates = [min(abs(values[i].conjugate() - values[j]) for j in chosen) for i in chosen]
        if max(conjugates) > REAL * (1 + max(abs(v) for v in values)):
            continue
        X = ctx.matrix(size, size)
        Y = ctx.matrix(size, size)
        for column, i in enumerate(chosen):
            for k in range(size):
                X[k, column], Y[k, column] = vectors[k, i], vectors[size + k, i]
        try:
            P = Y * X**-1
        except ZeroDivisionError:
            continue
        if _norm(P) > 1 / REAL or _norm(P.apply(ctx.im)) > REAL * (1 + _norm(P)):
            continue
        P = P.apply(ctx.re)
        found.append(
            {
                "P": (P + P.T) / 2,
                "symmetric": _norm(P - P.T) <= REAL * (1 + _norm(P)),
                "abscissa": max(ctx.re(values[i]) for i in chosen),
            }
        )
    for root in found:
        root["admissible"] = root["selected"] = root["abscissa"] < -REAL
    return found


def _flow(hamiltonian: Any, s: Any) -> Any:
    return ctx.expm(-s * hamiltonian, method="taylor")


def _graph(flow: Any, F: Any) -> tuple[Any, Any]:
    """(X, Y) at the time to go of the flow, from (1, F) at the end: P = Y X^{-1}."""
    size = F.rows
    return (
        flow[:size, :size] + flow[:size, size:] * F,
        flow[size:, :size] + flow[size:, size:] * F,
    )


def first_zero(hamiltonian: Any, F: Any, T: Any, points: int = 400) -> Any:
    """First time to go in (0, T] at which P explodes, by a scan of det X; None if there is none."""

    def positive(flow: Any) -> bool:
        return bool(ctx.det(_graph(flow, F)[0]) > 0)

    step = T / points
    advance, flow = _flow(hamiltonian, step), ctx.eye(2 * F.rows)
    for k in range(points):
        beyond = advance * flow
        if not positive(beyond):
            low, high = ctx.zero, step
            while high - low > ctx.mpf(10) ** -25 * T:
                middle = (low + high) / 2
                inside = positive(_flow(hamiltonian, middle) * flow)
                low, high = (middle, high) if inside else (low, middle)
            return k * step + (low + high) / 2
        flow = beyond
    return None


def _constant(hamiltonian: Any, F: Any, S: Any, rho: Any, s: Any) -> Any:
    """int_0^s e^{-rho (s - u)} tr(S'P(u)S)/2 du by composite Gauss quadrature with 12 nodes."""
    panels = max(4, int(8 * s))
    h, flow, total = s / panels, ctx.eye(2 * F.rows), ctx.zero
    nodes = gauss_nodes(12)
    local = [(u, w, _flow(hamiltonian, h * u)) for u, w in nodes]
    advance = _flow(hamiltonian, h)
    for k in range(panels):
        for u, w, part in local:
            X, Y = _graph(part * flow, F)
            total += w * h * ctx.exp(-rho * (s - (k + u) * h)) * _trace(S, Y * X**-1) / 2
        flow = advance * flow
    return total


def solve(
    A: Any,
    B: Any,
    Q: Any,
    R: Any,
    S: Any,
    N: Any = None,
    rho: Any = 0,
    T: Any = None,
    F: Any = None,
    t: Any = 0,
    x: Any = None,
) -> dict[str, Any]:
    """P, constant, gain K (u = -K x), V at x; all roots on the infinite horizon."""
    A, B, Q, R, S, rho = matrix(A), matrix(B), matrix(Q), matrix(R), matrix(S), number(rho)
    N = ctx.zeros(A.rows, B.cols) if N is None else matrix(N)
    if min(ctx.eigsy(R, eigvals_only=True)) <= 0:
        return {"status": "not-a-maximum", "roots": []}
    out: dict[str, Any] = {"status": "ok", "explosion": None, "roots": []}
    if T is None:
        out["roots"] = roots(A, B, Q, R, N, rho)
        chosen = [root for root in out["roots"] if root["admissible"]]
        if not chosen:
            return {**out, "status": "no-admissible-root"}
        (root,) = chosen
        out["P"], out["abscissa"] = root["P"], root["abscissa"]
        trace = _trace(S, out["P"])
        if rho == 0 and trace != 0:
            return {**out, "status": "no-solution"}
        out["constant"] = trace / (2 * rho) if rho != 0 else ctx.zero
    else:
        F = matrix(F)
        T, s = number(T), number(T) - number(t)
        hamiltonian = _reduced(A, B, Q, R, N, rho)[0]
        out["explosion"] = first_zero(hamiltonian, F, T)
        if out["explosion"] is not None:
            return {**out, "status": "explodes"}
        X, Y = _graph(_flow(hamiltonian, s), F)
        out["P"] = Y * X**-1
        out["constant"] = _constant(hamiltonian, F, S, rho, s)
    out["K"] = gain(out["P"], B, R, N)
    if x is not None:
        column = ctx.matrix([number(entry) for entry in x])
        out["V"] = (column.T * out["P"] * column)[0] / 2 + out["constant"]
    return out


def _trace(S: Any, P: Any) -> Any:
    square = S.T * P * S
    return sum(square[i, i] for i in range(square.rows))


def until_a_random_time(sigma: Any, lam: Any, x: Any = None) -> dict[str, Any]:
    """dX = p dt + sigma dW, cost (X^2 + p^2)/2 until an exponential time: P^2 + lam P = 1."""
    sigma, lam = number(sigma), number(lam)
    root = ctx.sqrt(lam**2 + 4)
    P = 2 / (root + lam)
    c = sigma**2 * P / (2 * lam)
    out: dict[str, Any] = {"status": "ok", "explosion": None, "coefficients": {"P": P, "c": c}}
    out["roots"] = [-(root + lam) / 2, P]
    out["strategy"] = {"p": {"x": -P}}
    if x is not None:
        out["V"] = P * number(x) ** 2 / 2 + c
    return out


def evaluate(A: Any, B: Any, Q: Any, R: Any, N: Any, rho: Any, K: Any) -> Any:
    """P of the cost x'Px/2 of the feedback u = -K x, from a linear (Lyapunov) equation."""
    A, B, Q, R, N, rho = matrix(A), matrix(B), matrix(Q), matrix(R), matrix(N), number(rho)
    closed = A - B * K - rho / 2 * ctx.eye(A.rows)
    cost = Q + K.T * R * K - N * K - K.T * N.T
    size = A.rows
    system, right = ctx.zeros(size**2), ctx.zeros(size**2, 1)
    for i, j in itertools.product(range(size), repeat=2):
        right[i * size + j] = -cost[i, j]
        for k in range(size):
            system[i * size + j, k * size + j] += closed[k, i]
            system[i * size + j, i * size + k] += closed[k, j]
    flat = ctx.lu_solve(system, right)
    return ctx.matrix([[flat[i * size + j] for j in range(size)] for i in range(size)])


def integrated(
    A: Any, B: Any, Q: Any, R: Any, N: Any, S: Any, rho: Any, F: Any, s: Any
) -> tuple[Any, Any]:
    """(P, constant) with time s to go: the Riccati equation by extrapolation."""
    A, B, Q, R, N, S = matrix(A), matrix(B), matrix(Q), matrix(R), matrix(N), matrix(S)
    size, rho, F = A.rows, number(rho), matrix(F)

    def unpack(flat: Any) -> Any:
        return ctx.matrix([[flat[i * size + j] for j in range(size)] for i in range(size)])

    def rhs(_: Any, flat: Any) -> Any:
        P = unpack(flat)
        rate = A.T * P + P * A - rho * P + Q - (P * B + N) * gain(P, B, R, N)
        return [*rate, _trace(S, P) / 2 - rho * flat[-1]]

    flat = integrate(rhs, [*F, ctx.zero], 0, number(s))
    return unpack(flat), flat[-1]
