"""Where kernels stand between the machine's memory and its arithmetic, as a table and a figure.

Operations are counted in the generated source and in what it calls: additions, multiplications,
divisions, square roots, comparisons and choices count 1, a fused operation 2. Bytes are those of
the columns that are read and written. The roof is what this machine does in the same run: copying
memory, and fused operations on numbers that stay in the cache. One thread; medians, seconds of the
processor.

usage: python benchmarks/roofline.py [FIGURE.png] [POINTS] [ROUNDS]
"""

from __future__ import annotations

import ast
import importlib
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from bench_games import GAMES, copy
from bench_kernel import ORDER, OUTPUTS, parameters
from numba import njit

import eqsolve
from eqsolve.kernels.steps import lanes

POINTS, ROUNDS = 1 << 20, 9
#: Rounds before, in which machine code is made.
WARM = 6
#: Parts of the mean-variance kernel that strategies do not need.
UNUSED = ("fill", "wealth", "value", "alone")
#: Functions of one instruction that is no operation on numbers, and that of two.
MOVES, FUSED = ("load", "store", "ahead", "soon", "wide", "spread", "trust", "float", "int"), "fma"


class Counter:
    """Operations of functions of a source for one point."""

    def __init__(self, source: str) -> None:
        self.tree = ast.parse(source)
        self.own = {n.name: n for n in self.tree.body if isinstance(n, ast.FunctionDef)}
        self.names: dict[str, Any] = {}
        for node in self.tree.body:
            if isinstance(node, ast.ImportFrom) and node.module:
                module = importlib.import_module(node.module)
                self.names |= {a.asname or a.name: getattr(module, a.name) for a in node.names}

    def count(self, node: ast.AST) -> int:
        """The operations of a piece of source."""
        if isinstance(node, ast.Subscript):
            return 0
        own = sum(map(self.count, ast.iter_child_nodes(node)))
        if isinstance(node, ast.For):
            return own * self.rounds(node)
        if isinstance(node, (ast.BinOp, ast.Compare)):
            return own + 1
        if isinstance(node, ast.Call):
            return own + self.called(node.func)
        return own

    def rounds(self, node: ast.For) -> int:
        """How often a loop runs for one point."""
        match node.iter:
            case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int(number))]):
                return number
        return 1

    def called(self, node: ast.expr) -> int:
        """The operations of a function that is called."""
        match node:
            case ast.Name(id=name) if name in self.own:
                return self.count(self.own[name])
            case ast.Name(id=name):
                found = self.names.get(name)
            case ast.Attribute(value=ast.Name(id=owner), attr=name):
                found = getattr(self.names.get(owner), name, None)
            case _:
                return 0
        if name in MOVES:
            return 0
        if hasattr(found, "py_func"):
            inner = Counter(Path(found.py_func.__code__.co_filename).read_text("utf-8"))
            return inner.count(inner.own[name])
        return 2 if name == FUSED else 1


def operations(path: Path) -> int:
    """The operations of a kernel on its common way, a point."""
    counter = Counter(path.read_text("utf-8"))
    return sum(map(counter.count, _tiled(counter.own.values())))


def _tiled(functions: Iterable[ast.FunctionDef]) -> Iterator[ast.FunctionDef]:
    for node in functions:
        loops = [ast.unparse(n.iter) for n in node.body if isinstance(n, ast.For)]
        if any("TILE" in loop for loop in loops) and not node.name.startswith(UNUSED):
            yield node


@njit(error_model="numpy")
def fused(work: Any, rounds: int) -> None:
    """Fused operations, sixteen at a time on numbers in the cache."""
    lanes.wide()
    for _ in range(rounds):
        for i in range(work.size):
            v = work[i]
            for _ in range(16):
                v = lanes.fma(v, 0.999, 0.001)
            work[i] = v


def measure(call: Callable[[], object]) -> float:
    """Seconds of the processor."""
    start = time.thread_time()
    call()
    return time.thread_time() - start


def main() -> None:
    """Print the table, and draw the figure if one is named."""
    points = int(sys.argv[2]) if len(sys.argv) > 2 else POINTS
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else ROUNDS
    rng = np.random.default_rng(1)
    work, source, target = np.ones(2048), (np.ones(8 * points),), (np.empty(8 * points),)
    calls: dict[str, Callable[[], object]] = {
        "arithmetic": lambda: fused(work, 1000),
        "memory": lambda: copy(source, target),
    }
    rows: dict[str, tuple[int, int]] = {}
    family, many = eqsolve.kernel("n-agent"), parameters(points)
    strategies: dict[str, Any] = {
        name: np.empty(points, np.int8 if name == "status" else np.float64) for name in OUTPUTS
    }
    calls["n-agent, strategies"] = lambda: family.evaluate(
        many, outputs=OUTPUTS, threads=1, out=strategies
    )
    rows["n-agent, strategies"] = 8 * (len(ORDER) + 3) + 1, operations(Path(family.path))
    for game, (_, ranges) in GAMES.items():
        kernel = eqsolve.kernel(game)
        values = {name: rng.uniform(*bounds, points) for name, bounds in ranges.items()}
        names = kernel.outputs[1:]
        out: dict[str, Any] = {
            "status": np.empty(points, np.int8),
            **{n: np.empty(points) for n in names},
        }
        calls[game] = lambda k=kernel, v=values, o=out: k.evaluate(v, threads=1, out=o)
        rows[game] = 8 * (len(values) + len(names)) + 1, operations(Path(kernel.path))
    times: dict[str, list[float]] = {name: [] for name in calls}
    for each in range(rounds + WARM):
        for name, call in calls.items():
            seconds = measure(call)
            times[name] += [seconds] if each >= WARM else []
    middle = {name: statistics.median(found) for name, found in times.items()}
    peak = 2 * 16 * 1000 * work.size / middle.pop("arithmetic")
    band = 16 * 8 * points / middle.pop("memory")
    print(f"arithmetic {peak / 1e9:.1f} Gop/s, memory {band / 1e9:.1f} GB/s, {points} points\n")
    print("| kernel | bytes | operations | ns | memory alone | arithmetic alone | of the roof |")
    print("|" + " --- |" * 7)
    for name, (size, count) in rows.items():
        bound = max(size / band, count / peak)
        cells = [name, size, count, f"{middle[name] / points * 1e9:.1f}"]
        cells += [f"{size / band * 1e9:.1f} ns", f"{count / peak * 1e9:.1f} ns"]
        print("| " + " | ".join(map(str, cells)) + f" | {bound * points / middle[name]:.0%} |")
    if len(sys.argv) > 1:
        speeds = {n: count * points / middle[n] for n, (_, count) in rows.items()}
        draw(Path(sys.argv[1]), peak, band, rows, speeds)


def draw(
    path: Path,
    peak: float,
    band: float,
    rows: Mapping[str, tuple[int, int]],
    speeds: Mapping[str, float],
) -> None:
    """Operations a second against operations a byte, below the roof."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with pyplot.style.context("eqsolve.style"):
        figure, axes = pyplot.subplots(figsize=(6.4, 4.2), layout="constrained")
        reach = np.geomspace(0.05, 20, 200)
        axes.loglog(reach, np.minimum(peak, band * reach) / 1e9, color="0.3")
        for place, (name, (size, count)) in enumerate(rows.items()):
            axes.loglog(count / size, speeds[name] / 1e9, "o", markersize=7)
            axes.annotate(
                name,
                (count / size, speeds[name] / 1e9),
                xytext=(7, 3 if place % 2 else -11),
                textcoords="offset points",
            )
        axes.set_xlabel("operations a byte")
        axes.set_ylabel("billions of operations a second, one thread")
        axes.text(0.055, band * 0.075 / 1e9, "memory", rotation=38, color="0.3")
        axes.text(9, peak * 1.08 / 1e9, "arithmetic", color="0.3")
        figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
