"""Commands that a user waits for, from the start of the process: listings, derivations, a sweep.

Every run is a whole process. Times are those of the processor, user and system together; medians
over the rounds are reported, with the most memory that a process held. Each command is run for the
second time, when what was derived is kept; ``first sweep`` begins with an empty cache. Below the
table is what the import and the quickest commands take beyond ``python -c pass``.

With ``--against PYTHON`` the same runs are made with the interpreter of another installation in the
same rounds, with ``--commit COMMIT`` with that of another commit, which is built for it. With
``--guard`` the exit code is 1 where a command takes more time than there, by more than a tenth.
Start it with the interpreter of an installed wheel, as .venv/bin/python of ``make``: an editable
installation has no shipped programs.

usage: python benchmarks/bench_start.py [--rounds N] [--against PYTHON | --commit COMMIT] [--guard]
       [COMMAND]...
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

ROUNDS = 7

_POINT = "r=.03 b=.12 nu=.2 sigma=.2 gamma=2 alpha=1 beta=.5 lambda=.6 n=3".split()
_GIVEN = [word for pair in _POINT for word in ("-p", pair)]
_SWEEP = ["sweep", "n-agent", "--vary", "theta=0:1:11", *_GIVEN, "--out", "out.csv"]
#: The start of Python itself, and with the import of the package alone.
NOTHING = "python -c pass"
STARTS = {NOTHING: "pass", "import eqsolve": "import eqsolve"}
#: What is compared with the start of Python.
QUICK = ("import eqsolve", "--version", "--help")
#: Commands by how they are called here.
COMMANDS = {
    **{name: ["-c", code] for name, code in STARTS.items()},
    "--version": ["--version"],
    "--help": ["--help"],
    "list": ["list"],
    "derive n-agent": ["derive", "n-agent"],
    "derive regulator": ["derive", "regulator"],
    "solve n-agent": ["solve", "n-agent", *_GIVEN, "-p", "theta=.5"],
    "closed loop": ["solve", "n-agent", *_GIVEN, "-p", "theta=.5", "--notion", "feedback"],
    "solve heston": ["solve", "heston", "--set", "example"],
    "check 170 displays": ["latex", "--check", "equations.tex"],
    "sweep": _SWEEP,
    "first sweep": _SWEEP,
    "paper": ["paper", "--out", "paper"],
}
#: Those that are only run when they are asked for.
LONG = ("paper",)
#: What stands for a file or folder in the folder of what is kept.
PLACES = ("out.csv", "equations.tex", "paper")
#: How much of the other's time a guarded command may take.
GUARD = 1.1

#: Seconds of the processor, and memory in MB.
Run = tuple[float, float]


def run(python: str, words: list[str], cache: str) -> Run:
    """One command, with what it writes in the folder of what is kept."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    words = [words[0], *(str(Path(cache, w)) if w in PLACES else w for w in words[1:])]
    called = ["-P"] if words[0] == "-c" else ["-P", "-m", "eqsolve"]
    child = os.posix_spawn(
        python,
        [python, *called, *words],
        {**os.environ, "EQSOLVE_CACHE_DIR": cache, "NUMBA_CACHE_DIR": cache},
        file_actions=[(os.POSIX_SPAWN_DUP2, quiet, 1), (os.POSIX_SPAWN_DUP2, quiet, 2)],
    )
    _, status, usage = os.wait4(child, 0)
    os.close(quiet)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(words)} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def built(commit: str, folder: str) -> str:
    """The interpreter of an environment in a folder with another commit of this repository."""
    sources, environment = Path(folder, "sources"), Path(folder, "environment")
    root = Path(__file__).resolve().parents[1]
    subprocess.run(["git", "clone", "--quiet", "--no-checkout", root, sources], check=True)
    subprocess.run(["git", "checkout", "--quiet", commit], cwd=sources, check=True)
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    install, wheels = [python, "-m", "pip", "install", "--quiet"], Path(folder, "wheels")
    subprocess.run([*install, "build"], check=True)
    made = subprocess.run(
        [python, "-m", "build", "--wheel", "--outdir", wheels, sources],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise SystemExit(f"{commit} could not be built:\n{made.stderr}")
    (wheel,) = wheels.iterdir()
    subprocess.run([*install, f"{wheel}[sweep]"], check=True)
    return str(python)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commands", nargs="*", choices=[[], *COMMANDS])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--against", default="")
    parser.add_argument("--commit", default="")
    parser.add_argument("--guard", action="store_true")
    given = parser.parse_args()
    if given.guard and not (given.against or given.commit):
        parser.error("--guard needs --against or --commit")
    with TemporaryDirectory() as folder:
        other = given.against or (given.commit and built(given.commit, folder))
        commands = given.commands or [name for name in COMMANDS if name not in LONG]
        ratios = table([sys.executable, *([other] if other else [])], commands, given.rounds)
    slower = [name for name, ratio in ratios.items() if ratio * GUARD < 1]
    if given.guard and slower:
        raise SystemExit(f"slower than the other: {', '.join(slower)}")


def table(pythons: list[str], commands: Sequence[str], rounds: int) -> dict[str, float]:
    """Print the table; how many times as long every command takes with the second interpreter."""
    ratios: dict[str, float] = {}
    spent: dict[str, float] = {}
    head = ["command", "s", "MB", *(["other s", "other MB", "ratio"] if pythons[1:] else [])]
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
            run(pythons[kept.index(path)], ["latex", "--out", path], path)
        for name in commands:
            for place in range(len(pythons)):
                measured(place, name)  # files come from the disk, and what is kept is there
            rows = [[measured(p, name) for p in range(len(pythons))] for _ in range(rounds)]
            cells = [name]
            for place in range(len(pythons)):
                cells += [f"{statistics.median(row[place][0] for row in rows):.2f}"]
                cells += [f"{statistics.median(row[place][1] for row in rows):.0f}"]
            if pythons[1:]:
                ratios[name] = statistics.median(row[1][0] / row[0][0] for row in rows)
                cells.append(f"{ratios[name]:.2f}")
            print("| " + " | ".join(cells) + " |", flush=True)
            spent[name] = statistics.median(row[0][0] for row in rows)
    for name in QUICK if NOTHING in spent else ():
        if name in spent:
            beyond, ratio = spent[name] - spent[NOTHING], spent[name] / spent[NOTHING]
            print(f"{name}: {1000 * beyond:.0f} ms beyond {NOTHING}, {ratio:.2f} times as long")
    return ratios


if __name__ == "__main__":
    main()
