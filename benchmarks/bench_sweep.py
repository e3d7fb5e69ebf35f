"""Sweeps of the n-agent game: points per second, bytes per point and memory.

Every figure comes from this run; the table says how many points and cores it used. A grid of two
logarithmic axes and one linear one is computed, all outputs are kept. Run alone on the machine:
``python benchmarks/bench_sweep.py [POINTS]``, by default 4 million points (about two minutes).
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import eqsolve
from eqsolve.handle import Handle
from eqsolve.studies.sweep import Execution, design, write_sweep
from eqsolve.studies.sweep.formats import FORMATS
from eqsolve.studies.sweep.points import Design
from eqsolve.studies.sweep.run import in_memory
from eqsolve.studies.sweep.storage import Work

FIXED = {"r": 0.03, "b": 0.12, "nu": 0.2, "sigma": 0.2, "alpha": 1, "beta": 0.5, "lambda": 0.6}
COMMAND = [sys.executable, "-P", "-m", "eqsolve.cli", "sweep", "n-agent", "--vary", "theta=0:1:9"]
COMMAND += [part for k, v in FIXED.items() for part in ("-p", f"{k}={v}")]
COMMAND += ["-p", "gamma=2", "-p", "n=3", "--out"]

TRILLION = 1e12


def grid(points: int) -> Design:
    """About as many points on three axes."""
    vary = {"gamma": "0.5:8:100:log", "theta": f"0:1:{max(points // 6400, 2)}", "n": "2:65:64"}
    return design(Handle("n-agent"), vary, FIXED)


def seconds(action: Callable[[], object], rounds: int = 3) -> float:
    """The least time of several rounds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def row(name: str, plan: Design, took: float, size: float | None = None) -> None:
    """Print one line of the table."""
    rate = plan.size / took
    cells = [name, f"{took:.2f} s", f"{rate / 1e6:.3g} million/s", f"{TRILLION / rate / 86400:.3g}"]
    cells.append("" if size is None else f"{size / plan.size:.1f}")
    print("| " + " | ".join(cells) + " |", flush=True)


def size_of(path: Path) -> int:
    """Bytes of a file or of all files in a folder."""
    parts = path.rglob("*") if path.is_dir() else [path]
    return sum(p.stat().st_size for p in parts if p.is_file())


def computing(plan: Design) -> None:
    """Threads, processes and a local Dask cluster, without writing anything."""
    cores = len(os.sched_getaffinity(0))
    for jobs in range(1, cores + 1):
        chosen = Execution(jobs=jobs)
        row(f"threads, {jobs}", plan, seconds(lambda: in_memory(plan, chosen, False)))
    for backend in ("processes", "dask"):
        chosen = Execution(backend, jobs=cores)
        row(
            f"{backend}, {cores}, with start",
            plan,
            seconds(lambda: in_memory(plan, chosen, False), 1),
        )


def writing(plan: Design, folder: Path) -> None:
    """From finished numbers in the work folder to the file, and everything together."""
    target = folder / "out.nc"
    work = Work(target, plan.columns, plan.size, plan.identity, resume=False)

    def compute() -> None:
        for start, block in Execution().run(plan, [range(plan.size)]):
            work.write(start, block)

    row("to the work folder", plan, seconds(compute, 1), size_of(work.folder))
    for suffix, form in FORMATS.items():
        path = folder / f"result{suffix}"
        start = time.perf_counter()
        form.write(path, plan, work, lambda count: None)
        row(f"from there to {suffix}", plan, time.perf_counter() - start, size_of(path))
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    work.close()
    check = seconds(
        lambda: Work(target, plan.columns, plan.size, plan.identity, resume=True).close()
    )
    row("checking it to resume", plan, check)
    shutil.rmtree(work.folder)
    row("computing and writing .nc", plan, seconds(lambda: write_sweep(plan, target), 1))


def main() -> None:
    """Print the table."""
    plan = grid(int(sys.argv[1]) if len(sys.argv) > 1 else 4_000_000)
    in_memory(grid(10_000), Execution(), False)
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    print(
        f"eqsolve {eqsolve.__version__}, {plan.size} points, {cores} cores, load {load:.1f} before"
    )
    print("\n| what | time | points | days for 10^12 | bytes a point |\n|---|---|---|---|---|")
    computing(plan)
    with tempfile.TemporaryDirectory(prefix="eqsolve-bench-", dir=".") as name:
        writing(plan, Path(name))
        out = str(Path(name) / "out.csv")
        start = seconds(
            lambda: subprocess.run([*COMMAND, out], check=True, stderr=subprocess.DEVNULL)
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"\ncommand with 9 points and the kernel in the cache: {start:.2f} s")
    print(f"largest memory of this process: {peak:.2f} GB (it holds {plan.size} points at times)")


if __name__ == "__main__":
    main()
