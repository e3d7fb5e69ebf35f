"""Progress and interruption of the grid solvers, which cost no digit of the results."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqsolve.errors import InputError
from eqsolve.pde import (
    Coupling,
    gaussian,
    solve_closed_loop,
    solve_controlled_diffusion,
    solve_extended_hjb,
    solve_mfg,
)

MARKET: dict[str, Any] = {
    "r": 0.03,
    "b": 0.08,
    "nu": 0.2,
    "sigma": 0.2,
    "gamma": 2,
    "alpha": 1,
    "beta": 0.5,
    "theta": 0.5,
    "lambda": 0.6,
}
GIVEN = MARKET | {"n": 3, "m_b": 0.05, "m_s": 0.1, "m_2": 0.02}


def newton(**more: Any) -> Any:
    return solve_extended_hjb("best-response", GIVEN, nodes=41, coarse=21, **more)


def policy(**more: Any) -> Any:
    return solve_extended_hjb("best-response", GIVEN, nodes=21, method="policy", **more)


def boxes(**more: Any) -> Any:
    return solve_extended_hjb("best-response", GIVEN, nodes=21, payoff_boxes=(5, 50, 500), **more)


def march(**more: Any) -> Any:
    return solve_extended_hjb("best-response", GIVEN, nodes=21, horizon=4.0, time_steps=30, **more)


def closed(**more: Any) -> Any:
    return solve_closed_loop("mean-field", MARKET, nodes=21, **more)


def crowd(**more: Any) -> Any:
    return solve_mfg(
        domain=(-2.0, 2.0),
        viscosity=0.1,
        initial=gaussian(0.0, 0.4),
        running=Coupling(density=0.5, potential=lambda x: x**2),
        nodes=101,
        steps=40,
        **more,
    )


def merton(**more: Any) -> Any:
    market: dict[str, Any] = {"rate": 0.03, "excess": 0.05, "volatility": 0.2, "risk_aversion": 2.0}
    return solve_controlled_diffusion(**market, nodes=81, steps=50, **more)


#: Solver, arrays of its result, what the last report counts, and how many of them.
SOLVERS: list[tuple[Callable[..., Any], str, str, Callable[[Any], int | None]]] = [
    (newton, "G H policy", "Newton steps", lambda s: s.coarse.diagnostics["steps"]),
    (policy, "G H policy", "policy iterations", lambda s: s.diagnostics["steps"]),
    (boxes, "G H policy", "payoff boxes", lambda s: 3),
    (march, "G H policy", "time steps", lambda s: 30),
    (closed, "position", "outer iterations", lambda s: len(s.history)),
    (crowd, "u m control", "fixed-point iterations", lambda s: None),
    (merton, "value fraction", "time steps", lambda s: 50),
]


@pytest.mark.parametrize(("solve", "names", "stage", "count"), SOLVERS)
def test_progress_is_told_and_changes_nothing(
    solve: Callable[..., Any], names: str, stage: str, count: Callable[[Any], int | None]
) -> None:
    told: list[tuple[str, int, int | None, float | None]] = []
    silent, watched = solve(), solve(progress=lambda *report: told.append(report))
    for name in names.split():
        assert np.array_equal(getattr(silent, name), getattr(watched, name), equal_nan=True)
    assert silent.ok and watched.ok
    last = told[-1]
    assert last[0] == stage
    assert count(watched) in (None, last[1])
    assert last[2] in (None, last[1])
    assert last[3] is None or 0 <= last[3] < 1e-8


def test_the_interpreter_is_visited_now_and_then() -> None:
    """Not at every step, of which each is short."""
    told: list[object] = []
    solve_extended_hjb(
        "best-response",
        GIVEN,
        nodes=11,
        horizon=4.0,
        time_steps=2000,
        progress=lambda *report: told.append(report),
    )
    assert 1 <= len(told) < 1000


def test_reports_of_a_march_count_up() -> None:
    told: list[tuple[str, int, int | None, float | None]] = []
    solve_extended_hjb(
        "best-response",
        GIVEN,
        nodes=61,
        horizon=4.0,
        time_steps=40,
        progress=lambda *report: told.append(report),
    )
    counts = [done for _, done, _, _ in told]
    assert len(counts) >= 3 and counts == sorted(counts) and counts[-1] == 40
    assert {(stage, total) for stage, _, total, _ in told} == {("time steps", 40)}


class Enough(Exception):
    """Raised by a caller who has seen enough."""


@pytest.mark.parametrize("solve", [newton, march, crowd, merton])
def test_what_the_function_raises_ends_the_solve(solve: Callable[..., Any]) -> None:
    def tell(*report: object) -> None:
        raise Enough

    with pytest.raises(Enough):
        solve(progress=tell)


@pytest.mark.parametrize("solve", [newton, march, crowd, merton])
def test_what_cannot_be_called_is_refused(solve: Callable[..., Any]) -> None:
    with pytest.raises(InputError, match="progress is 3. A function is needed"):
        solve(progress=3)


def command(*arguments: str, error: int) -> int:
    words = [sys.executable, "-m", "eqsolve.cli", "pde", *arguments]
    return subprocess.run(words, stdout=subprocess.DEVNULL, stderr=error, check=False).returncode


def test_the_command_shows_a_bar_on_a_terminal_only(tmp_path: Path) -> None:
    problem = str(Path(__file__).parents[1] / "docs" / "pde" / "mortality.toml")
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, 120))
    try:
        assert command(problem, error=follower) == 0
        shown = os.read(leader, 100_000).decode()
    finally:
        os.close(leader)
        os.close(follower)
    assert "mortality: " in shown and "80/80" in shown and "time steps" in shown
    assert "residual" in shown
    with (tmp_path / "errors").open("w+b") as file:
        assert command(problem, error=file.fileno()) == 0
        file.seek(0)
        lines = file.read().decode().splitlines()
    assert len(lines) == 2 and all(line.startswith("mortality: ") for line in lines)


LARGE = """
import numpy as np
from eqsolve.pde import Coupling, solve_mfg
n = 4095
for _ in range(3):
    print("ready", flush=True)
    try:
        solve_mfg(domain=(0, 1), nodes=n, steps=2046, viscosity=0.1, initial=np.ones(n),
                  running=Coupling(density=-30.0, potential=lambda y: y), tolerance=1e-15,
                  max_iterations=100_000)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


def test_control_c_ends_the_largest_game() -> None:
    """Eight million unknowns: passes through vectors of the acceleration look for signals, too."""
    process = subprocess.Popen([sys.executable, "-c", LARGE], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        for delay in (1.0, 2.0, 2.7):
            assert process.stdout.readline() == "ready\n"
            time.sleep(delay)
            assert process.poll() is None
            process.send_signal(signal.SIGINT)
            assert process.stdout.readline() == "interrupted\n"
        assert process.wait() == 0
    finally:
        process.kill()
        process.communicate()
