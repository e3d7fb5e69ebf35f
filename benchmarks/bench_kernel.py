"""Points per second of the generated kernel next to eight other ways.

All compute the status and the strategy coefficients of the n-agent game at the same random
parameters, in the same process, interleaved, into arrays that exist already; medians of several
rounds are reported. Times are those of the processor, so that other work on the machine counts
little. One and two threads are compared by the clock, over several calls in a row: a processor that
was idle takes its time to wake up.

With `--against PYTHON`, an interpreter that has another build, the two kernels take turns instead,
each in a process of its own: strategies and all outputs, with one thread and with two.

usage: python benchmarks/bench_kernel.py [POINTS] [ROUNDS] [--against PYTHON]
"""

from __future__ import annotations

import argparse
import ctypes
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from scalar import scalar

import eqsolve
from eqsolve.derivations.mean_variance.vocabulary import symbol, symbols
from eqsolve.kernels.storage import digest, load, write

ROUNDS = 15
POINTS = 1 << 20
CALLS = 8
REFERENCE_POINTS = 500
PRECISE_POINTS = 1 << 15
ORDER = ("r", "b", "nu", "sigma", "theta", "gamma", "alpha", "beta", "lambda", "n")
OUTPUTS = ("status", "k_x", "k_y", "k_1")

Array = NDArray[Any]


def parameters(count: int) -> dict[str, Array]:
    """Random parameters of the n-agent game with one and three real roots and both signs of B."""
    rng = np.random.default_rng(1)
    uniform = {
        "r": (0.0, 0.05),
        "nu": (0.05, 0.4),
        "sigma": (-0.4, 0.4),
        "theta": (0.0, 1.0),
        "gamma": (0.5, 5.0),
        "alpha": (0.2, 3.0),
        "beta": (0.05, 2.0),
        "lambda": (0.1, 3.0),
    }
    values = {name: rng.uniform(*bounds, count) for name, bounds in uniform.items()}
    return values | {
        "b": values["r"] + rng.uniform(-0.4, 0.4, count),
        "n": rng.integers(2, 200, count).astype(float),
    }


def whole_arrays(p: Mapping[str, Array]) -> dict[str, Array]:
    """The same formulas as in scalar.py on whole arrays."""
    r, b, nu, sigma, theta, gamma, alpha, beta, lam, n = (p[name] for name in ORDER)
    B, s2, share = b - r, nu**2 + sigma**2, 1 / n
    kappa = 1 - theta * share
    gk, e1, e0 = gamma * kappa, lam - r, lam - 2 * r
    c3 = B**2 * s2 * (beta - gk)
    c2 = B * (beta * (2 * B**2 - s2 * e1) + gk * (s2 * e0 - B**2))
    c1 = beta * B**2 * (4 * r - 3 * lam) - gk * (2 * B**2 * r + s2 * e1**2)
    c0 = B * (beta * e1 * e0 - gk * r**2)
    u, v, w = c2 / c3, c1 / c3, c0 / c3
    q, t = (u**2 - 3 * v) / 9, (2 * u**3 - 9 * u * v + 27 * w) / 54
    p1, best = np.full(r.shape, np.nan), np.full(r.shape, -np.inf)
    with np.errstate(invalid="ignore", divide="ignore"):
        angle = np.arccos(t / np.sqrt(q**3))
        m = -np.copysign(np.cbrt(np.abs(t) + np.sqrt(t**2 - q**3)), t)
        trials = [-2 * np.sqrt(q) * np.cos((angle + 2 * np.pi * k) / 3) - u / 3 for k in range(3)]
        for trial in (*trials, m + q / m - u / 3):
            better = (e0 - 2 * B * trial - s2 * trial**2 > 0) & (B * trial > best)
            p1, best = np.where(better, trial, p1), np.where(better, B * trial, best)
    d1, d2, e2 = e1 - B * p1, e0 - 2 * B * p1 - s2 * p1**2, e0 - B * p1
    a, h20 = lam * kappa / d1, lam * kappa**2 / d2
    delta = s2 * e1**2 + B**2 * r + B * (B**2 - s2 * e1) * p1 + B**2 * s2 * p1**2
    delta2 = s2 * d1**2 * e1 * e2 - lam * B**2 * d2 * e2 + B * (B + s2 * p1) * d1**2 * e1
    p2 = theta * B * r * (r + B * p1) * d1 * d2 / (kappa * delta2)
    c = (B * p2 * a - lam * theta) / e1
    h11 = 2 * (h20 * p2 * (B + s2 * p1) - lam * kappa * theta) / e2
    common = d1 * d2 / (lam * kappa**2 * delta)
    Q = common * (B**2 * (kappa * c - h11 / 2) - sigma**2 * h11 * e1 / 2)
    S, W = 1 - (1 - share) * Q, 1 + share * Q
    return {
        "status": np.isnan(p1).astype(np.int8),
        "k_x": (p1 * (1 - (1 - 2 * share) * Q) + share * (1 - share) * p2 * Q) / (S * W),
        "k_y": (p2 + Q * p1) / (S * W),
        "k_1": alpha * B * d1 * d2 / (gk * delta) / S,
    }


#: What makes vectors of the straight code, of 512 bits where there are some.
VECTORS = ["-fno-trapping-math", "-fopenmp-simd"]
if platform.machine() in ("x86_64", "AMD64"):
    VECTORS.append("-mprefer-vector-width=512")


def compiled_c(name: str, folder: str, *more: str) -> Callable[..., None] | None:
    """The function of a C source, or None without a compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    library = Path(folder) / f"{name}.so"
    source = Path(__file__).with_name(f"{name}.c")
    flags = ["-O3", "-march=native", "-fno-math-errno", "-shared", "-fPIC", *more]
    subprocess.run([compiler, *flags, str(source), "-o", str(library), "-lm"], check=True)
    function = ctypes.CDLL(str(library)).strategy

    def call(*arrays: Array) -> None:
        pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in arrays]
        function(ctypes.c_size_t(arrays[0].size), *pointers)

    return call


def untested(source: str) -> Callable[..., None]:
    """The kernel without its tests, and so without all that only they need."""
    (row,) = re.findall(r"sure = work\[(\d+) \* TILE :", source)
    lowered = rf"^ +work\[{row} \* TILE \+ i\] = lanes\.smaller\(.*\n"
    bare, count = re.subn(lowered, "", source, flags=re.MULTILINE)
    assert count > 0
    fill = load(write(bare, f"untested_{digest(bare)}"), "n-agent").fill
    one, none, flags = np.ones(1), np.zeros(0), (True, False, False, False)

    def call(*arrays: Array) -> None:
        inputs, (status, *strategy) = arrays[: len(ORDER)], arrays[len(ORDER) :]
        fill(*inputs, one, one, *flags, status, none, *strategy, none, none, none)

    return call


def reference() -> Callable[[dict[str, float]], tuple[float, float, float]]:
    """The usual way: compiled expressions and the eigenvalues of a companion matrix."""
    form = eqsolve.derive("n-agent").form
    (root,) = (d for d in form.definitions if d.is_root)
    strategy = symbols("k1 k2 k3")

    def flat(wanted: tuple[sp.Symbol, ...]) -> list[sp.Expr]:
        expressions = list(wanted)
        for definition in reversed(form.needed(wanted)):
            if not definition.is_root:
                replaced = {definition.symbol: definition.expression}
                expressions = [e.xreplace(replaced) for e in expressions]
        return expressions

    names = symbols("r B s2 sigma theta gamma alpha beta lambda N kappa")
    polynomial = sp.lambdify(names, flat(root.polynomial), "numpy", cse=True)
    solution = sp.lambdify([root.symbol, *names], flat(strategy), "numpy", cse=True)
    denominator = sp.lambdify([root.symbol, *names], flat((symbol("D2"),))[0], "numpy")

    def evaluate(p: dict[str, float]) -> tuple[float, float, float]:
        excess, variance = p["b"] - p["r"], p["nu"] ** 2 + p["sigma"] ** 2
        reciprocal = 1 / p["n"]
        given = (
            p["r"], excess, variance, p["sigma"], p["theta"], p["gamma"], p["alpha"], p["beta"],
            p["lambda"], reciprocal, 1 - p["theta"] * reciprocal,
        )  # fmt: skip
        real = [z.real for z in np.roots(polynomial(*given)) if abs(z.imag) < 1e-9]
        good = [z for z in real if denominator(z, *given) > 0]
        best = max(good, key=lambda z: excess * z)
        k1, k2, k3 = solution(best, *given)
        return k1, k2, k3

    return evaluate


def check(many: dict[str, Array], results: Mapping[str, dict[str, Array]]) -> None:
    """All ways agree wherever the kernel finds an equilibrium."""
    ours, plain = results["kernel"], reference()
    good = ours["status"] == 0
    for way, found in results.items():
        for name in OUTPUTS[1:]:
            # The trigonometric formula itself loses digits near folds.
            error = np.abs(found[name][good] - ours[name][good])
            share = np.mean(error > 1e-6 * np.abs(ours[name][good]))
            assert share < 1e-3, (way, name, share)
    for i in range(REFERENCE_POINTS):
        if good[i]:
            expected = plain({name: float(column[i]) for name, column in many.items()})
            assert np.allclose([ours[name][i] for name in OUTPUTS[1:]], expected, rtol=1e-5), i


#: A process that evaluates the kernel whenever it is told how: threads, calls and what is wanted.
#: It answers with nanoseconds a point by the processor and by the clock.
TURN = """
import sys, time
import numpy as np
import eqsolve
many = dict(np.load(sys.argv[1]))
size = many["r"].size
fast = eqsolve.kernel("n-agent")
known = {"strategies": ["status", "k_x", "k_y", "k_1"], "all": ["status", "k_x", "k_y", "k_1", "V"]}
out = {
    way: {n: np.zeros(size, np.int8 if n == "status" else float) for n in names}
    for way, names in known.items()
}
for line in sys.stdin:
    threads, calls, way = line.split()
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(int(calls)):
        fast.evaluate(many, outputs=known[way], threads=int(threads), out=out[way])
    count = 1e-9 * int(calls) * size
    spent = (time.process_time() - processor) / count
    print(spent, (time.perf_counter() - wall) / count, flush=True)
"""


def compare(other: str, size: int, rounds: int) -> None:
    """This build's kernel and that of another interpreter, in turn: medians and their ratios."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "points.npz"
        np.savez(path, **parameters(size), x=np.ones(1), y=np.ones(1))
        both = [
            subprocess.Popen(
                [python, "-P", "-c", TURN, str(path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for python in (sys.executable, other)
        ]

        def turn(process: subprocess.Popen[str], order: str) -> list[float]:
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write(order + "\n")
            process.stdin.flush()
            return [float(number) for number in process.stdout.readline().split()]

        orders = [f"{threads} {CALLS} {way}" for way in ("strategies", "all") for threads in (1, 2)]
        taken: dict[tuple[str, int], list[list[float]]] = {}
        for round_ in range(rounds + 1):
            for order in orders:
                for place, process in enumerate(both):
                    found = turn(process, order)
                    if round_:
                        taken.setdefault((order, place), []).append(found)
        for process in both:
            process.communicate()
    print(f"{size} points, {rounds} rounds of {CALLS} calls; ns a point: processor, clock")
    for order in orders:
        ours, theirs = (
            [statistics.median(column) for column in zip(*taken[order, place], strict=True)]
            for place in (0, 1)
        )
        threads, _, way = order.split()
        print(
            f"{way}, {threads} threads: {ours[0]:.2f}, {ours[1]:.2f} against "
            f"{theirs[0]:.2f}, {theirs[1]:.2f}; ratio {theirs[0] / ours[0]:.2f}, "
            f"{theirs[1] / ours[1]:.2f}"
        )


def main(size: int, rounds: int) -> None:
    """Print the medians and their ratios."""
    many, slow = parameters(size), reference()
    fast = eqsolve.kernel("n-agent")
    precise = eqsolve.kernel("n-agent", precise=True)
    few = [{k: float(v[i]) for k, v in many.items()} for i in range(REFERENCE_POINTS)]
    part = {name: column[:PRECISE_POINTS] for name, column in many.items()}
    inputs = [many[name] for name in ORDER]

    def outputs() -> dict[str, Array]:
        types = {name: np.int8 if name == "status" else np.float64 for name in OUTPUTS}
        return {name: np.zeros(size, kind) for name, kind in types.items()}

    results = {way: outputs() for way in ("kernel", "two", "scalar", "c", "straight", "untested")}
    found: dict[str, dict[str, Array]] = {}
    sources = inputs
    targets = [np.zeros(size) for _ in range(len(ORDER))]

    def run(threads: int, way: str) -> None:
        fast.evaluate(many, outputs=OUTPUTS, threads=threads, out=results[way])

    def several(threads: int, way: str) -> None:
        for _ in range(CALLS):
            run(threads, way)

    def numpy_way() -> None:
        found["numpy"] = whole_arrays(many)

    def copy() -> None:
        # As many bytes as are read and written: 10 doubles in, 3 doubles and a byte out.
        for source, target in zip(sources[:7], targets):
            target[:] = source

    with tempfile.TemporaryDirectory() as folder:
        compiled = compiled_c("strategy", folder)
        straight = compiled_c("straight", folder, *VECTORS)
        ways: dict[str, tuple[int, Callable[[], Any]]] = {
            "kernel, one thread": (size, lambda: run(1, "kernel")),
            "kernel, one thread, by the clock": (CALLS * size, lambda: several(1, "kernel")),
            "kernel, two threads, by the clock": (CALLS * size, lambda: several(2, "two")),
            "scalar njit": (size, lambda: scalar(*inputs, *results["scalar"].values())),
            "numpy, whole arrays": (size, numpy_way),
            "lambdify and numpy.roots": (REFERENCE_POINTS, lambda: [slow(p) for p in few]),
            "kernel, double-double": (
                PRECISE_POINTS,
                lambda: precise.evaluate(part, outputs=OUTPUTS, threads=1),
            ),
            "copy of the same bytes": (size, copy),
        }
        for way, label, function in (
            ("untested", "kernel without tests", untested(fast.source)),
            ("c", "C, -O3 -march=native", compiled),
            ("straight", "C in vectors, without tests", straight),
        ):
            if function is not None:
                ways[label] = (size, partial(function, *inputs, *results[way].values()))
            else:
                del results[way]
        for _, work in ways.values():
            work()
        check(many, results | found)
        times: dict[str, list[float]] = {way: [] for way in ways}
        walls: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(rounds):
            for way, (count, work) in ways.items():
                wall, start = time.perf_counter(), time.thread_time()
                work()
                times[way].append((time.thread_time() - start) / count)
                walls[way].append((time.perf_counter() - wall) / count)
    one, two = (f"kernel, {count}, by the clock" for count in ("one thread", "two threads"))
    times[one], times[two] = walls[one], walls[two]
    statuses = np.bincount(results["kernel"]["status"], minlength=3)
    print(f"{size} points, {rounds} rounds; status ok {statuses[0]}, others {size - statuses[0]}")
    print(f"{'':34}{'ns/point':>12}{'million/s':>12}{'kernel is':>12}")
    ours = statistics.median(times["kernel, one thread"])
    for way, seconds in times.items():
        middle = statistics.median(seconds)
        print(f"{way:34}{middle * 1e9:12.2f}{1e-6 / middle:12.4g}{middle / ours:11.2f}x")
    gain = statistics.median(a / b for a, b in zip(walls[one], walls[two]))
    print(f"two threads: {gain:.2f} times one")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("points", nargs="?", type=int, default=POINTS)
    parser.add_argument("rounds", nargs="?", type=int, default=ROUNDS)
    parser.add_argument("--against", metavar="PYTHON", help="interpreter with another build")
    given = parser.parse_args()
    if given.against is not None:
        compare(given.against, given.points, given.rounds)
    else:
        main(given.points, given.rounds)
