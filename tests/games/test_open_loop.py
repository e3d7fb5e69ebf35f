"""Open-loop strategies that act on the law of the control: the game in all of its states."""

from __future__ import annotations

import numpy as np
import pytest

from eqsolve.registry import resolve
from eqsolve.solve.solve import solve
from reference.games import lq_games
from reference.games.draws import DEFAULTS


@pytest.mark.parametrize("n", [2, 3, 5])
def test_traders_in_open_loop(n: int) -> None:
    parameters = DEFAULTS["execution"]
    cX, cA, cg, g, T = (float(parameters[k]) for k in ("cX", "cA", "cg", "g", "T"))
    costs, ends = [], []
    for i in range(n):
        cost = np.zeros((2 * n, 2 * n))
        cost[i, i], cost[n + i, n + i] = cX, cA
        cost[i, n:] -= g / n
        cost[n:, i] -= g / n
        costs.append(cost)
        ends.append(cg * np.diag(np.eye(n)[i]))
    inputs = [np.eye(n)[:, [i]] for i in range(n)]
    gain = -lq_games.open_loop(np.zeros((n, n)), inputs, costs, ends, T)["K"][0]
    found = solve(resolve("execution").exported, parameters, notion="open-loop", size=n)
    own, mean = found.strategy["a"]["x"], found.strategy["a"]["m"]
    assert own + mean / n == pytest.approx(gain[0], rel=1e-8)
    assert gain[1:] == pytest.approx(mean / n, rel=1e-8)


def test_in_a_continuum_open_loop_and_feedback_are_the_same() -> None:
    builder = resolve("execution").exported
    both = [
        solve(builder, DEFAULTS["execution"], notion=notion).strategy["a"]
        for notion in ("feedback", "open-loop")
    ]
    assert both[0] == pytest.approx(both[1], rel=1e-13)
