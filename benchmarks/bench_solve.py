"""``eqsolve solve`` of declared games from the start of the process.

Every run is a whole process. Times are those of the processor, user and system together, so that
other work on the machine counts little; medians over the rounds are reported, with the most memory
that a process held.

With ``--against PYTHON`` the same runs are made with the interpreter of another installation (of
another commit, say) in the same rounds: a guard against changes that cost time.

usage: python benchmarks/bench_solve.py [--rounds N] [--against PYTHON] [GAME]...
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys

ROUNDS = 7

#: Names of games with their first named set.
_LIST = """
import json
from eqsolve.game import Model
from eqsolve.registry import games
found = [(g.name, next(iter(g.model.cases), "")) for g in games() if isinstance(g.model, Model)]
print(json.dumps([pair for pair in found if pair[1]]))
"""

#: Seconds of the processor, and memory in MB.
Run = tuple[float, float]


def run(python: str, game: str, case: str) -> Run:
    """One ``eqsolve solve``."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    child = os.posix_spawn(
        python,
        [python, "-P", "-m", "eqsolve", "solve", game, "--set", case],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, quiet, 1)],
    )
    _, status, usage = os.wait4(child, 0)
    os.close(quiet)
    if os.waitstatus_to_exitcode(status) not in (0, 4):
        raise SystemExit(f"{game} --set {case} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def asked(names: list[str]) -> list[tuple[str, str]]:
    """Games with their first named set.

    A process of its own finds them: the memory of this one would count as that of those it starts.
    """
    done = subprocess.run(
        [sys.executable, "-P", "-c", _LIST], capture_output=True, text=True, check=True
    )
    return [(game, case) for game, case in json.loads(done.stdout) if not names or game in names]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("games", nargs="*")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--against", default="")
    given = parser.parse_args()
    pythons = [sys.executable, *([given.against] if given.against else [])]
    head = ["game", "s", "MB", *(["other s", "other MB", "ratio"] if given.against else [])]
    print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head))
    for game, case in asked(given.games):
        for python in pythons:
            run(python, game, case)  # files come from the disk
        rows = [[run(python, game, case) for python in pythons] for _ in range(given.rounds)]
        cells = [game]
        for place in range(len(pythons)):
            cells += [f"{statistics.median(row[place][0] for row in rows):.2f}"]
            cells += [f"{statistics.median(row[place][1] for row in rows):.0f}"]
        if given.against:
            ratio = statistics.median(row[1][0] / row[0][0] for row in rows)
            cells.append(f"{ratio:.2f}")
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
