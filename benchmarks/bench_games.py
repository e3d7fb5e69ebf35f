"""Kernels of declared games next to scalar functions written by hand, and to copying their bytes.

All compute the same columns at the same random points, in one process, one after the other in every
round, into arrays; medians are reported, in nanoseconds of the processor for a point. The functions
by hand are the published closed forms without any check of their input; kernels check it, decide
and give a status.

usage: python benchmarks/bench_games.py [POINTS] [ROUNDS]
"""

from __future__ import annotations

import math
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

import eqsolve

Array = NDArray[Any]
POINTS, ROUNDS = 1 << 18, 9


@njit(error_model="numpy")
def merton(p: Any, out: Any) -> None:
    """Merton (1969): B / (g s^2), and the value x^(1-g) e^(...) / (1 - g)."""
    r, excess, s, g, horizon, x = p
    for k in range(r.size):
        variance = g[k] * s[k] * s[k]
        share = excess[k] / variance
        rate = (1.0 - g[k]) * (r[k] + 0.5 * excess[k] * share)
        factor = math.exp(rate * horizon[k])
        out[0][k] = share
        out[1][k] = factor
        out[2][k] = share * x[k]
        out[3][k] = factor * x[k] ** (1.0 - g[k]) / (1.0 - g[k])


@njit(error_model="numpy")
def regulator(p: Any, out: Any) -> None:
    """The stabilizing root of P^2 + lambda P = 1."""
    sigma, rate, x = p
    for k in range(rate.size):
        root = 0.5 * (-rate[k] + math.sqrt(rate[k] * rate[k] + 4.0))
        constant = root * sigma[k] * sigma[k] / (2.0 * rate[k])
        out[0][k] = -root
        out[1][k] = root
        out[2][k] = constant
        out[3][k] = -root * x[k]
        out[4][k] = 0.5 * root * x[k] * x[k] + constant


@njit(error_model="numpy")
def systemic_risk(p: Any, out: Any) -> None:
    """Carmona, Fouque and Sun (2015), the continuum."""
    a, q, eps, c, s, rho, horizon, x, m = p
    for k in range(a.size):
        root = math.sqrt((a[k] + q[k]) ** 2 + eps[k] - q[k] * q[k])
        plus, minus = -(a[k] + q[k]) + root, -(a[k] + q[k]) - root
        e = math.exp((plus - minus) * horizon[k])
        below = (minus * e - plus) - c[k] * (e - 1.0)
        above = -(eps[k] - q[k] * q[k]) * (e - 1.0) - c[k] * (plus * e - minus)
        eta = above / below
        integral = math.log(below / (minus - plus)) + minus * horizon[k]
        mu = 0.5 * s[k] * s[k] * (1.0 - rho[k] * rho[k]) * integral
        out[0][k] = -(q[k] + eta)
        out[1][k] = q[k] + eta
        out[2][k] = eta
        out[3][k] = mu
        out[4][k] = (q[k] + eta) * (m[k] - x[k])
        out[5][k] = 0.5 * eta * (m[k] - x[k]) ** 2 + mu


@njit(error_model="numpy")
def lq_target(p: Any, out: Any) -> None:
    """Steering to a target: A = c / (1 + c (T - t))."""
    nu, c, target, horizon, _, _, x = p
    for k in range(nu.size):
        spread = 1.0 + c[k] * horizon[k]
        slope = c[k] / spread
        rest = nu[k] * math.log(spread)
        away = x[k] - target[k]
        out[0][k] = -slope
        out[1][k] = slope * target[k]
        out[2][k] = slope
        out[3][k] = rest
        out[4][k] = -slope * away
        out[5][k] = 0.5 * slope * away * away + rest


#: By game: the function by hand and ranges of its inputs in order.
GAMES: Mapping[str, tuple[Any, Mapping[str, tuple[float, float]]]] = {
    "merton": (
        merton,
        {"r": (0, 0.05), "B": (0.02, 0.1), "s": (0.1, 0.4), "g": (1.5, 6), "T": (0.5, 3)}
        | {"x": (0.5, 3)},
    ),
    "regulator": (regulator, {"sigma": (0, 1), "lambda": (0.1, 2), "x": (-2, 2)}),
    "systemic-risk": (
        systemic_risk,
        {"a": (0.1, 2), "q": (0.1, 1), "eps": (1.5, 10), "c": (0, 1), "s": (0.1, 1)}
        | {"rho": (-0.9, 0.9), "T": (0.2, 2), "x": (-1, 1), "m": (-1, 1)},
    ),
    "lq-target": (
        lq_target,
        {"nu": (0.1, 1), "c": (0.5, 5), "xT": (-1, 1), "T": (0.5, 2), "m0": (0, 1), "v0": (0, 1)}
        | {"x": (-2, 2)},
    ),
}


@njit(error_model="numpy")
def copy(p: Any, out: Any) -> None:
    """As many bytes read and written."""
    for i in range(max(len(p), len(out))):
        source, target = p[min(i, len(p) - 1)], out[min(i, len(out) - 1)]
        for k in range(source.size):
            target[k] = source[k]


def measure(call: Callable[[], object]) -> float:
    """Seconds of the processor."""
    start = time.process_time()
    call()
    return time.process_time() - start


def main() -> None:
    points = int(sys.argv[1]) if len(sys.argv) > 1 else POINTS
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    rng = np.random.default_rng(1)
    print(f"{'game':16}{'kernel':>9}{'by hand':>9}{'copy':>7}{'by hand / kernel':>18}"
          f"{'kernel / copy':>15}{'largest difference':>20}")  # fmt: skip
    for game, (function, ranges) in GAMES.items():
        kernel = eqsolve.kernel(game)
        values = {name: rng.uniform(*bounds, points) for name, bounds in ranges.items()}
        inputs = tuple(values.values())
        names = kernel.outputs[1:]
        out = tuple(np.empty(points) for _ in names)
        spare = tuple(np.empty(points) for _ in names)
        found = kernel.evaluate(values)
        filled = {"status": np.empty(points, np.int8), **{n: np.empty(points) for n in names}}
        function(inputs, out)
        copy(inputs, spare)
        worst = max(
            float(np.max(np.abs(found[n] - o) / (1.0 + np.abs(o)))) for n, o in zip(names, out)
        )
        assert not found["status"].any()
        times: dict[str, list[float]] = {"kernel": [], "hand": [], "copy": []}
        for _ in range(rounds):
            times["kernel"].append(measure(lambda: kernel.evaluate(values, out=filled)))
            times["hand"].append(measure(lambda: function(inputs, out)))
            times["copy"].append(measure(lambda: copy(inputs, spare)))
        own, hand, bytes_ = (statistics.median(t) / points * 1e9 for t in times.values())
        print(
            f"{game:16}{own:9.1f}{hand:9.1f}{bytes_:7.1f}{hand / own:18.2f}{own / bytes_:15.2f}"
            f"{worst:20.1e}"
        )


if __name__ == "__main__":
    main()
