"""Commands that a user waits for, from the start of the process: listings, derivations, a sweep.

Every run is a whole process. Times are those of the processor, user and system together; medians
over the rounds are reported, with the most memory that a process held. Each command is run for the
second time, when what was derived is kept; ``first sweep`` begins with an empty cache.

With ``--against PYTHON`` the same runs are made with the interpreter of another installation (of
another commit, say) in the same rounds.

usage: python benchmarks/bench_start.py [--rounds N] [--against PYTHON] [COMMAND]...
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROUNDS = 7

_POINT = "r=.03 b=.12 nu=.2 sigma=.2 gamma=2 alpha=1 beta=.5 lambda=.6 n=3".split()
_GIVEN = [word for pair in _POINT for word in ("-p", pair)]
_SWEEP = ["sweep", "n-agent", "--vary", "theta=0:1:11", *_GIVEN, "--out", "out.csv"]
#: Commands by how they are called here.
COMMANDS = {
    "list": ["list"],
    "derive n-agent": ["derive", "n-agent"],
    "derive regulator": ["derive", "regulator"],
    "solve n-agent": ["solve", "n-agent", *_GIVEN, "-p", "theta=.5"],
    "closed loop": ["solve", "n-agent", *_GIVEN, "-p", "theta=.5", "--notion", "feedback"],
    "sweep": _SWEEP,
    "first sweep": _SWEEP,
}

#: Seconds of the processor, and memory in MB.
Run = tuple[float, float]


def run(python: str, words: list[str], cache: str) -> Run:
    """One command, with what it writes in the folder of what is kept."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    words = [str(Path(cache, word)) if word == "out.csv" else word for word in words]
    child = os.posix_spawn(
        python,
        [python, "-P", "-m", "eqsolve", *words],
        {**os.environ, "EQSOLVE_CACHE_DIR": cache, "NUMBA_CACHE_DIR": cache},
        file_actions=[(os.POSIX_SPAWN_DUP2, quiet, 1), (os.POSIX_SPAWN_DUP2, quiet, 2)],
    )
    _, status, usage = os.wait4(child, 0)
    os.close(quiet)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(words)} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commands", nargs="*", choices=[[], *COMMANDS])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--against", default="")
    given = parser.parse_args()
    pythons = [sys.executable, *([given.against] if given.against else [])]
    head = ["command", "s", "MB", *(["other s", "other MB", "ratio"] if given.against else [])]
    print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head))
    with TemporaryDirectory() as folder:
        kept = [str(Path(folder, str(place))) for place in range(len(pythons))]

        def measured(place: int, name: str) -> Run:
            if name != "first sweep":
                return run(pythons[place], COMMANDS[name], kept[place])
            with TemporaryDirectory() as empty:
                return run(pythons[place], COMMANDS[name], empty)

        for path in kept:
            Path(path).mkdir(mode=0o700)
        for name in given.commands or COMMANDS:
            for place in range(len(pythons)):
                measured(place, name)  # files come from the disk, and what is kept is there
            rows = [[measured(p, name) for p in range(len(pythons))] for _ in range(given.rounds)]
            cells = [name]
            for place in range(len(pythons)):
                cells += [f"{statistics.median(row[place][0] for row in rows):.2f}"]
                cells += [f"{statistics.median(row[place][1] for row in rows):.0f}"]
            if given.against:
                ratio = statistics.median(row[1][0] / row[0][0] for row in rows)
                cells.append(f"{ratio:.2f}")
            print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
