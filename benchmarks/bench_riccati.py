"""Riccati equations of finite horizons: the kernel of `lq-regulator` against lqrax.

Whichever of the two the interpreter has is measured, so that two interpreters take turns. T = 1, P
starts from 0, and the first entry of Q runs from 1 to 1.5 over 1000 points. Microseconds of the
processor, without compilation; the error is the largest of three of P_11
at time 0, which the exponential of the
Hamiltonian matrix gives with 40 digits. ``pip install lqrax mpmath`` in an environment of its own.
"""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

POINTS, ROUNDS = 1000, 5
GAMES: dict[str, dict[str, Any]] = {
    "one": {"A": [[0]], "B": [[1]], "Q": [[1]], "R": [[1]]},
    "two": {
        "A": [[0, 1], [-1, -0.2]],
        "B": [[0, 0.5], [1, 0.3]],
        "Q": [[1, 0.2], [0.2, 0.5]],
        "R": [[1, 0.1], [0.1, 2]],
    },
}
FIRST = np.linspace(1, 1.5, POINTS)


def microseconds(work: Callable[[], object], calls: int) -> float:
    """Median processor time of a call."""
    work()
    found = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(calls):
            work()
        found.append((time.process_time() - start) / calls * 1e6)
    return statistics.median(found)


def reference(matrices: dict[str, Any], first: float) -> float:
    """P_11 at time 0, by the exponential of the Hamiltonian matrix with 40 digits."""
    import mpmath as mp

    with mp.workdps(40):
        a, b, q, r = (mp.matrix(matrices[k]) for k in "ABQR")
        q[0, 0] = mp.mpf(float(first))
        size = q.rows
        hamiltonian = mp.matrix(2 * size)
        hamiltonian[:size, :size], hamiltonian[:size, size:] = a, -b * r**-1 * b.T
        hamiltonian[size:, :size], hamiltonian[size:, size:] = -q, -a.T
        back = mp.expm(-hamiltonian, method="taylor")
        return float((back[size:, :size] * back[:size, :size] ** -1)[0, 0])


def references(matrices: dict[str, Any]) -> list[tuple[int, float]]:
    """P_11 at the first, a middle and the last point."""
    return [(i, reference(matrices, FIRST[i])) for i in (0, POINTS // 2, POINTS - 1)]


def ours(name: str, matrices: dict[str, Any]) -> None:
    import eqsolve

    size = len(matrices["A"])
    given = matrices | {"S": np.eye(size).tolist(), "F": np.zeros((size, size)).tolist()}
    rows = {k: [[str(v) for v in row] for row in m] for k, m in given.items()}
    kernel = eqsolve.kernel("lq-regulator", **rows, T="1")
    values = {
        f"{k}_{i}_{j}": float(v)
        for k, m in given.items()
        for i, row in enumerate(m, 1)
        for j, v in enumerate(row, 1)
    } | {"T": 1.0}
    values = {k: v for k, v in values.items() if k in kernel.parameters}

    def work(first: Any) -> Any:
        outputs = ("status", "P_1_1")
        return kernel.evaluate(values | {"Q_1_1": first}, outputs=outputs, threads=1)

    found = work(FIRST)["P_1_1"]
    error = max(abs(found[place] - exact) for place, exact in references(matrices))
    many = microseconds(lambda: work(FIRST), 10) / POINTS
    print(f"eqsolve {name}: error {error:.1e}, a point of {POINTS} {many:.3f}", end=", ")
    print(f"one call {microseconds(lambda: work(FIRST[:1]), 300):.1f}")


def theirs(name: str, matrices: dict[str, Any]) -> None:
    import jax
    import jax.numpy as jnp
    from lqrax import LQR

    jax.config.update("jax_enable_x64", True)
    a, b, q, r = (jnp.array(matrices[k], dtype=float) for k in "ABQR")
    size = len(a)

    def last(first: Any, steps: int) -> Any:
        of = LQR(dt=1 / steps, x_dim=size, u_dim=size, Q=q.at[0, 0].set(first), R=r)
        along = [jnp.broadcast_to(m, (steps, size, size)) for m in (a, b)]
        return of.P_dyn_rev_scan(jnp.zeros((size, size)), *along)[-1]

    exact = references(matrices)
    for steps in (50, 100, 400, 1000, 1500):
        error = max(abs(float(last(FIRST[place], steps)[0, 0]) - p) for place, p in exact)
        batch = jax.jit(jax.vmap(lambda first, steps=steps: last(first, steps)))
        many = microseconds(lambda: batch(FIRST).block_until_ready(), 10) / POINTS  # noqa: B023
        of = LQR(dt=1 / steps, x_dim=size, u_dim=size, Q=q, R=r)
        along = [jnp.broadcast_to(m, (steps, size, size)) for m in (a, b)]
        start = jnp.zeros((size, size))
        one = microseconds(
            lambda: of.P_dyn_rev_scan(start, *along).block_until_ready(),  # noqa: B023
            300,
        )
        print(f"lqrax {name}, {steps} steps: error {error:.1e}", end=", ")
        print(f"a point of {POINTS} {many:.3f}, one call {one:.1f}")


if __name__ == "__main__":
    for name, matrices in GAMES.items():
        for package, work in (("eqsolve", ours), ("lqrax", theirs)):
            if importlib.util.find_spec(package):
                work(name, matrices)
