"""Time to a given error of the mean-field game solver, against two other ways, in one process.

The problem is linear-quadratic and coupled through the mean: nu = 0.1, H = p^2/2, running cost
(x - mean)^2/2, terminal cost x^2/4, T = 1, initial law N(1/2, 0.09); the law at T is normal with
mean 1/3 and variance 0.1301369. The error is that of the density at T, relative, in L2 at the
nodes.

* first order: upwind differences and explicit Euler in both equations, relaxed Picard iteration on
  the law (1/2), compiled with numba. This is the usual scheme of libraries for mean-field games.
* monotone: the first-order scheme of the solver itself, implicit Euler and Anderson.
* py-pde (optional, ``pip install py-pde``): central differences, both equations as py-pde classes,
  its adaptive integrator of SciPy, Picard iteration on the mean from Python.

Run with ``python benchmarks/bench_mfg.py``; ``--quick`` leaves out the slowest rows.
"""

from __future__ import annotations

import importlib.util
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from eqsolve.pde import Coupling, gaussian, solve_mfg

NU = 0.1
DOMAIN = (-1.3, 2.2)
MEAN, VARIANCE = 1 / 3, 0.1301369
ROUNDS = 15

Array = np.ndarray[Any, np.dtype[np.float64]]


def normal(x: Array, mean: float, variance: float) -> Array:
    density: Array = np.exp(-0.5 * (x - mean) ** 2 / variance) / np.sqrt(2 * np.pi * variance)
    return density


def error(x: Array, m: Array) -> float:
    exact = normal(x, MEAN, VARIANCE)
    return float(np.linalg.norm(m - exact) / np.linalg.norm(exact))


def ours(nodes: int, steps: int, **options: Any) -> tuple[Array, Array]:
    found = solve_mfg(
        domain=DOMAIN,
        nodes=nodes,
        steps=steps,
        viscosity=NU,
        initial=gaussian(0.5, 0.3),
        running=Coupling.attraction(),
        terminal=lambda x: 0.25 * x * x,
        starts=1,
        **options,
    )
    assert found.ok, found.message
    return found.x, found.m[-1]


@numba.njit
def first_order(x: Array, m0: Array, steps: int, tolerance: float) -> Array:
    """Explicit upwind scheme for both equations, Picard iteration with relaxation 1/2."""
    n = x.size
    h, dt = x[1] - x[0], 1.0 / steps
    mean = np.full(steps + 1, np.sum(x * m0) / np.sum(m0))
    u = np.empty((steps + 1, n))
    m = m0.copy()
    for _ in range(200):
        u[steps] = 0.25 * x * x
        for k in range(steps, 0, -1):
            for i in range(n):
                left = (u[k, i] - u[k, i - 1]) / h if i > 0 else 0.0
                right = (u[k, i + 1] - u[k, i]) / h if i < n - 1 else 0.0
                slopes = max(left, 0.0) ** 2 + min(right, 0.0) ** 2
                rate = NU * (right - left) / h - 0.5 * slopes + 0.5 * (x[i] - mean[k]) ** 2
                u[k - 1, i] = u[k, i] + dt * rate
        m[:] = m0
        change = 0.0
        for k in range(steps):
            flow_before = 0.0
            for i in range(n):
                flow = 0.0
                if i < n - 1:
                    slope = (u[k, i + 1] - u[k, i]) / h
                    # to the right at the speed -slope, from the node upstream
                    here = m[i]
                    flow = max(-slope, 0.0) * here - max(slope, 0.0) * m[i + 1]
                    flow -= NU * (m[i + 1] - here) / h
                m[i] += dt * (flow_before - flow) / h
                flow_before = flow
            new = np.sum(x * m) / np.sum(m)
            change = max(change, abs(new - mean[k + 1]))
            mean[k + 1] += 0.5 * (new - mean[k + 1])
        if change < tolerance:
            break
    return m


def explicit(nodes: int) -> tuple[Array, Array]:
    """The scheme above at nine tenths of its stability limit."""
    x = np.linspace(*DOMAIN, nodes)
    h = x[1] - x[0]
    m0 = normal(x, 0.5, 0.09)
    steps = int(np.ceil((2 * NU / h**2 + 2.5 / h) / 0.9))
    return x, first_order(x, m0, steps, 1e-6)


def with_py_pde(nodes: int, tolerance: float) -> tuple[Array, Array]:
    """Both equations with py-pde, the fixed point by Picard iteration on the mean."""
    import pde

    grid = pde.CartesianGrid([DOMAIN], nodes)
    x = grid.axes_coords[0]
    no_flux = {"derivative": 0.0}
    times = np.linspace(0, 1, 41)

    class Backward(pde.PDEBase):
        def evolution_rate(self, state: Any, t: float = 0) -> Any:
            gap = x - np.interp(1 - t, times, mean)
            squared = state.gradient_squared(bc=no_flux)
            return NU * state.laplace(bc=no_flux) - 0.5 * squared + 0.5 * gap**2

    class Forward(pde.PDEBase):
        def evolution_rate(self, state: Any, t: float = 0) -> Any:
            k = min(int(t * 40), 39)
            share = t * 40 - k
            value = pde.ScalarField(grid, (1 - share) * values[k] + share * values[k + 1])
            gradient, slope = state.gradient(bc=no_flux), value.gradient(bc=no_flux)
            drift = gradient.dot(slope) + state * value.laplace(bc=no_flux)
            return NU * state.laplace(bc=no_flux) + drift

    def run(equation: Any, start: Array) -> Array:
        storage = pde.MemoryStorage()
        equation.solve(
            pde.ScalarField(grid, start),
            t_range=1.0,
            solver="scipy",
            tracker=storage.tracker(1 / 40),
            backend="numpy",
            rtol=tolerance,
            atol=tolerance,
        )
        return np.array(storage.data)

    mean = np.full(41, 0.5)
    while True:
        values = run(Backward(), 0.25 * x * x)[::-1]
        m = run(Forward(), normal(x, 0.5, 0.09))
        new = m @ x / m.sum(axis=1)
        change = abs(new - mean).max()
        mean = new
        if change < 1e-5:
            return x, m[-1]


def timed(run: Callable[[], tuple[Array, Array]], rounds: int) -> tuple[float, float]:
    """Error and median time in milliseconds."""
    x, m = run()
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - began)
    return error(x, m), 1e3 * statistics.median(seconds)


def main() -> None:
    """Print one table; the ratio is to our fastest row with no larger an error."""
    quick = "--quick" in sys.argv
    rows: list[tuple[str, float, float]] = []
    own: list[tuple[str, Callable[[], tuple[Array, Array]]]] = [
        ("ours, central 21 x 4", lambda: ours(21, 4)),
        ("ours, central 41 x 8", lambda: ours(41, 8)),
        ("ours, central 81 x 10", lambda: ours(81, 10)),
        ("ours, Richardson 29 x 6", lambda: ours(29, 6, richardson=True)),
        ("ours, Richardson 61 x 14", lambda: ours(61, 14, richardson=True)),
    ]
    others: list[tuple[str, Callable[[], tuple[Array, Array]], int]] = [
        ("ours, monotone 201 x 200", lambda: ours(201, 200, scheme="monotone"), 3),
        ("ours, monotone 801 x 800", lambda: ours(801, 800, scheme="monotone"), 1),
        ("first order 101", lambda: explicit(101), 3),
        ("first order 201", lambda: explicit(201), 1),
    ]
    if not quick:
        others.append(("first order 401", lambda: explicit(401), 1))
    if importlib.util.find_spec("pde") is None:
        print("py-pde is not installed: its rows are left out")
    else:
        others.append(("py-pde 64", lambda: with_py_pde(64, 1e-5), 1))
        if not quick:
            others.append(("py-pde 128", lambda: with_py_pde(128, 1e-6), 1))
    rows += [(name, *timed(run, ROUNDS)) for name, run in own]
    reference = rows.copy()
    for name, run, rounds in others:
        rows.append((name, *timed(run, rounds)))
        # again, so that a change of the machine's speed shows
        reference += [(n, *timed(r, ROUNDS)) for n, r in own]
    print(f"{'method':28} {'error':>9} {'ms':>10} {'ratio':>8}")
    for name, size, milliseconds in rows:
        best = [t for _, e, t in reference if e <= size]
        ratio = f"{milliseconds / min(best):8.0f}" if best else ""
        print(f"{name:28} {size:9.2e} {milliseconds:10.3f} {ratio}")


if __name__ == "__main__":
    main()
