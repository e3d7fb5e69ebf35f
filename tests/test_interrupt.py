"""Ctrl-C ends what takes long, in one sentence; SIGHUP and SIGTERM end it in silence.

Every command here has work for hours. It is told to stop while it is at it: that it ends at all is
what is tested, and how often the work is looked at after that is counted where it is done.
"""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqsolve.cli import main
from eqsolve.kernels import kernel as shared
from eqsolve.kernels.steps import kernel as of_steps
from eqsolve.kernels.storage import load
from eqsolve.output import terminable
from eqsolve.studies.simulation import wealth
from eqsolve.verbs import kernel

PARAMETERS = "r=.03 b=.12 nu=.2 sigma=.2 theta=.5 gamma=2 alpha=1 beta=.5 lambda=.6"
FAMILY = [part for pair in PARAMETERS.split() for part in ("-p", pair)]

#: The command, and the function whose call shows that it has come to its work.
COMMANDS: dict[str, tuple[list[str], str]] = {
    "simulate": (
        [
            "simulate",
            "n-agent",
            *FAMILY,
            "--agents=1000",
            "--paths=2000000",
            "--seed=1",
            "--threads=1",
        ],
        "eqsolve.studies.simulation.simulate.simulate_paths",
    ),
    "converge": (
        ["converge", "n-agent", *FAMILY, "--n=1000,10000,100000", "--paths=200000"],
        "eqsolve.studies.mean_field_limit.pathwise.path_distances",
    ),
    "sweep": (
        ["sweep", "n-agent", *FAMILY[:10], *FAMILY[14:], "-pn=3", "--vary=gamma=1:9:9999"]
        + ["--vary=alpha=1:9:9999", "--columns=k_1", "--jobs=1"],
        "eqsolve.studies.sweep.points.Design.evaluate",
    ),
    "simulate a declared game": (
        ["simulate", "regulator", "-psigma=1", "-plambda=1", "--paths=1000000", "--seed=1"]
        + ["--step=.001"],
        "eqsolve.studies.simulation.simulator._Run._paths",
    ),
    "sweep a declared game": (
        ["sweep", "regulator", "--vary=sigma=1:2:9999", "--vary=lambda=1:2:9999", "--jobs=1"]
        + ["--columns=P"],
        "eqsolve.studies.sweep.points.Design.evaluate",
    ),
}

#: Signals have their actions, whatever the program that runs the tests makes of them.
PROGRAM = """
import signal, sys
from importlib import import_module
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
module, name = sys.argv.pop(1).rsplit(".", 1)
try:
    place = import_module(module)
except ModuleNotFoundError:
    module, kind = module.rsplit(".", 1)
    place = getattr(import_module(module), kind)
work = getattr(place, name)
def watched(*arguments, **options):
    sys.stdout.write("at work\\n")
    sys.stdout.flush()
    return work(*arguments, **options)
setattr(place, name, watched)
from eqsolve.cli import main
main()
"""


def _ended(name: str, number: signal.Signals, folder: Path) -> tuple[int, str]:
    """Send a signal to a command at its work; its exit code and what it says."""
    arguments, work = COMMANDS[name]
    out = ["--out", str(folder / "out.nc")] if arguments[0] == "sweep" else []
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", PROGRAM, work, *arguments, *out],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stderr is not None
    if process.stdout.readline() != "at work\n":
        raise AssertionError(process.stderr.read())
    process.send_signal(number)
    _, told = process.communicate()
    return process.returncode, told


@pytest.mark.parametrize("name", COMMANDS)
def test_control_c_ends_a_command_in_one_sentence(name: str, tmp_path: Path) -> None:
    code, told = _ended(name, signal.SIGINT, tmp_path)
    assert code == 130, told
    assert told.startswith("eqsolve: interrupted.") and told.count("\n") == 1
    assert {p.name for p in tmp_path.iterdir()} <= {"out.nc.part"}


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_other_signals_end_it_alike(number: signal.Signals, tmp_path: Path) -> None:
    assert _ended("simulate", number, tmp_path) == (128 + number, "")


class Flag:
    """The flag that tells the work to stop, set at the k-th look; looks are counted."""

    def __init__(self, at: int) -> None:
        self.at, self.looks = at, 0

    def __getitem__(self, index: int) -> int:
        self.looks += 1
        return int(self.looks >= self.at)


@pytest.mark.parametrize("at", [1, 2, 7, 40])
def test_the_work_stops_at_the_next_look(at: int) -> None:
    """With the functions as Python runs them: a look follows each block of agents and each path."""
    flag: Any = Flag(at)
    agents, block = 3, wealth.BLOCK
    world, slopes = (0.03, 0.09, 0.2, 0.2, 0.0), (0.2, 0.3, 0.2, 0.4, 1.0)
    words, normal = np.empty(block, np.uint64), np.empty(block)
    fortune = np.ones(agents)
    with np.errstate(over="ignore"):
        wealth.follow.py_func(
            *(wealth.stream(np.uint64(1), 0), 1.0, 1000, world, slopes, fortune),
            *(words, words.view(np.float64), normal, flag),
        )
    assert flag.looks == at


def test_a_kernel_of_a_declared_game_stops_between_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    found = kernel("regulator")
    off, begun, main = threading.Event(), [], threading.current_thread()

    class Pool(ThreadPoolExecutor):
        def shutdown(self, *given: Any, **how: Any) -> None:
            off.set()  # by now the rest is called off
            super().shutdown(*given, **how)

    def fill(points: Any, given: Any, status: Any, out: Any) -> None:
        (sigma,) = (column for column in points if column.size > 1)
        block = int(sigma[0]) // step
        begun.append(block)
        status[:] = 0
        # an interruption is heard by the thread that a program begins with
        if threading.current_thread() is not main:
            off.wait()
        elif block >= 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(shared, "ThreadPoolExecutor", Pool)
    monkeypatch.setattr(load(found.path), found.functions[0], fill)
    for threads, step in ((1, of_steps.STRETCH), (2, of_steps.BLOCK)):
        off.clear()
        begun.clear()
        with pytest.raises(KeyboardInterrupt):
            found.evaluate({"sigma": np.arange(1.0, 10**6 + 1), "lambda": 1.0}, threads=threads)
        # one more than blocks: the first part goes up to where lines of the cache begin
        assert len(begun) <= 3 + threads + (threads > 1)


def test_the_end_of_a_command_searches_for_no_cycles(monkeypatch: pytest.MonkeyPatch) -> None:
    """That took a second of processor time, after the sentence and before the exit."""
    monkeypatch.setattr(sys, "argv", ["eqsolve", "--version"])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    try:
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0 and gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_a_callback_drops_is_raised_again(number: signal.Signals) -> None:
    """Exceptions in callbacks of weak references go no further: the command would have gone on."""

    class Thing:
        pass

    thing = Thing()
    watch = weakref.ref(thing, lambda _: os.kill(os.getpid(), number))
    with pytest.raises((KeyboardInterrupt, SystemExit)), terminable():
        del thing
        for _ in range(2000):
            time.sleep(0.01)
    assert watch() is None and signal.getsignal(signal.SIGALRM) == signal.SIG_DFL


@pytest.mark.parametrize(
    "number, ends", [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]
)
def test_a_signal_is_no_other_error(number: signal.Signals, ends: type[BaseException]) -> None:
    """Extension modules that are interrupted at their start say that they cannot be imported."""
    with pytest.raises(ends), terminable():
        try:
            os.kill(os.getpid(), number)
        except (KeyboardInterrupt, SystemExit):
            raise ImportError("initialization failed") from None
    with pytest.raises(ImportError), terminable():
        raise ImportError("initialization failed")
