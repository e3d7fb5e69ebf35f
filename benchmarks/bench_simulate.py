"""Agents times steps a second of the simulation, against numpy and against making normals.

    python benchmarks/bench_simulate.py [--agents 1000] [--rounds 7]

All rates are of one thread and measured alternately in one run; the best round counts. "normals"
is the rate at which the simulation's own generator fills blocks, "numba normals" and "numpy
normals" are those of the libraries' generators. The numpy version does the same steps on whole
arrays, all paths at once, with numpy's generator.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from numba import njit

from eqsolve.studies.simulation.normals import BLOCK, fill_normals, stream
from eqsolve.studies.simulation.simulate import finite_feedback
from eqsolve.studies.simulation.wealth import simulate_paths

MARKET = (0.03, 0.09, 0.2, 0.2, 0.0)
STRATEGY = (0.246, 0.081, 0.649)
HAZARD, STEP = 0.6, 1 / 6


def with_numpy(agents: int, paths: int, rng: np.random.Generator) -> int:
    """The Milstein scheme for all paths at once, over a common number of steps."""
    r, B, nu, sigma, _ = MARKET
    k_x, k_y, k_1 = STRATEGY
    steps = 10
    span = rng.exponential(1 / HAZARD, (paths, 1)) / steps
    root = np.sqrt(span)
    x = np.ones((paths, agents))
    for _ in range(steps):
        mean = x.mean(axis=1, keepdims=True)
        position = k_x * x + k_y * (mean - x / agents) + k_1
        own = nu * root * rng.standard_normal((paths, agents))
        common = sigma * root * rng.standard_normal((paths, 1))
        noise = own + common
        square = 0.5 * k_x * (noise * noise - (nu**2 + sigma**2) * span)
        x += span * (r * x + B * position) + position * (noise + square)
    return paths * agents * steps


@njit(error_model="numpy", nogil=True)
def numba_normals(rng: np.random.Generator, out: np.ndarray, rounds: int) -> int:
    for _ in range(rounds):
        for i in range(out.size):
            out[i] = rng.standard_normal()
    return out.size * rounds


@njit(error_model="numpy", nogil=True)
def own_normals(out: np.ndarray, rounds: int) -> int:
    words = np.empty(BLOCK, np.uint64)
    start = stream(np.uint64(1), 0)
    for block in range(rounds):
        fill_normals(start, block, words, words.view(np.float64), out)
    return BLOCK * rounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    agents, paths = options.agents, max(64, 400_000 // options.agents)
    rule, begin = finite_feedback(STRATEGY, agents), np.ones(agents)
    rng, block, samples = np.random.default_rng(1), np.empty(BLOCK), np.empty((paths, 4))
    contestants: dict[str, Callable[[], int]] = {
        "simulation": lambda: simulate_paths(
            np.uint64(1), 0, HAZARD, STEP, MARKET, rule, begin, samples
        ),
        "numpy": lambda: with_numpy(agents, paths, rng),
        "normals": lambda: own_normals(block, 8000),
        "numba normals": lambda: numba_normals(rng, block, 8000),
        "numpy normals": lambda: rng.standard_normal(2_000_000).size,
    }
    best = dict.fromkeys(contestants, 0.0)
    for run in contestants.values():
        run()
    for _ in range(options.rounds):
        for name, run in contestants.items():
            begun = time.perf_counter()
            work = run()
            best[name] = max(best[name], work / (time.perf_counter() - begun))
    own = best["simulation"]
    print(f"{agents} agents, {paths} paths, one thread")
    for name, rate in best.items():
        ratio = "" if name == "simulation" else f"   simulation/{name} = {own / rate:.2f}"
        print(f"{name:<14}{rate / 1e6:10.1f} million/s{ratio}")


if __name__ == "__main__":
    main()
