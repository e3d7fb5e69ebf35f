"""Seconds of the extended HJB solver, with sparse factorizations of SuperLU as the measure.

For each grid: a whole stationary solve with one and with all threads, and, in the same process and
interleaved, one sparse LU factorization of a matrix of the same size and pattern by SuperLU. A
solve makes eight factorizations. Medians of several rounds are reported. With `--against PYTHON`,
an interpreter that has another build, both builds solve on the largest grid in turn, each with one
thread and with all, and the ratios of wall and processor time are reported.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.linalg import splu

from eqsolve.pde import solve_closed_loop, solve_extended_hjb

#: Nodes a side, rounds, and the target in seconds for a solve.
GRIDS = ((41, 5, 0.1), (81, 3, 1.0), (161, 1, 12.0))
SET = {
    "r": ".03",
    "b": ".12",
    "nu": ".2",
    "sigma": ".2",
    "theta": ".5",
    "gamma": "2",
    "alpha": "1",
    "beta": ".5",
    "lambda": ".6",
}
GIVEN = {**SET, "n": "3", "m_b": ".05", "m_s": ".1", "m_2": ".01"}


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def pattern(nodes: int) -> sparse.csc_matrix:
    """A diagonally dominant matrix with the nine-point pattern of two coupled functions."""
    side = nodes - 2
    line = sparse.diags([1.0, 1.0, 1.0], [-1, 0, 1], shape=(side, side))
    stencil = sparse.kron(line, line, format="csr")
    rng = np.random.default_rng(1)
    coupled = sparse.kron(stencil, np.ones((2, 2)), format="csr")
    coupled.data = rng.uniform(-1.0, 1.0, coupled.data.size)
    return sparse.csc_matrix(coupled + 20.0 * sparse.eye(coupled.shape[0]))


#: One solve after a small one to warm up: its seconds on the clock and on the processor.
ONE = """
import sys, time
from eqsolve.pde import solve_extended_hjb
given = dict(pair.split("=") for pair in sys.argv[3:])
solve_extended_hjb("best-response", given, nodes=11)
wall, processor = time.perf_counter(), time.process_time()
found = solve_extended_hjb(
    "best-response", given, nodes=int(sys.argv[1]), threads=int(sys.argv[2])
)
print(time.perf_counter() - wall, time.process_time() - processor, found.status)
"""


def compare(other: str, rounds: int = 3) -> None:
    """Solve with this build and with that of another interpreter, in turn."""
    nodes = GRIDS[-1][0]
    pairs = [f"{name}={value}" for name, value in GIVEN.items()]
    for threads in (1, 0):
        taken: dict[str, list[tuple[float, float]]] = {other: [], sys.executable: []}
        for _ in range(rounds):
            for python, times in taken.items():
                command = [python, "-P", "-c", ONE, str(nodes), str(threads), *pairs]
                out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                wall, processor, status = out.split()
                if status != "ok":
                    raise SystemExit(f"{python}: status {status}")
                times.append((float(wall), float(processor)))
        old, new = (
            [statistics.median(t) for t in zip(*times, strict=True)] for times in taken.values()
        )
        print(
            f"{nodes} nodes, threads={threads}: wall {old[0]:.2f} -> {new[0]:.2f} s, "
            f"ratio {old[0] / new[0]:.1f}; processor {old[1]:.2f} -> {new[1]:.2f} s, "
            f"ratio {old[1] / new[1]:.1f}",
            flush=True,
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", metavar="PYTHON", help="interpreter with another build")
    other = parser.parse_args().against
    if other is not None:
        compare(other)
        return
    print(f"{os.cpu_count()} processors; seconds, medians")
    print(f"{'nodes':>6} {'1 thread':>9} {'threads':>9} {'target':>7} {'8 SuperLU':>10}")
    for nodes, rounds, target in GRIDS:
        matrix = pattern(nodes)
        one, every, other = [], [], []
        for _ in range(rounds):
            for threads, times in ((1, one), (0, every)):
                times.append(
                    seconds(
                        lambda threads=threads: solve_extended_hjb(
                            "best-response", GIVEN, nodes=nodes, threads=threads
                        )
                    )
                )
            other.append(8 * seconds(lambda: splu(matrix)))
        median = [statistics.median(times) for times in (one, every, other)]
        print(
            f"{nodes:>6} {median[0]:>9.3f} {median[1]:>9.3f} {target:>7.1f} {median[2]:>10.3f}",
            flush=True,
        )
    path = seconds(
        lambda: solve_extended_hjb(
            "best-response",
            GIVEN,
            nodes=21,
            horizon=20.0,
            hazard="gompertz:0.05,0.09",
            time_steps=80,
        )
    )
    loop = seconds(lambda: solve_closed_loop("mean-field", SET, nodes=41))
    print(f"path, 21 nodes a side, 80 Crank-Nicolson steps: {path:.2f} s")
    print(f"closed-loop mean field, 41 nodes a side: {loop:.2f} s")


if __name__ == "__main__":
    main()
