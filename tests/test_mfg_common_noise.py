"""Common noise: conditional means known path by path, one noise as many idiosyncratic ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eqsolve.errors import InputError
from eqsolve.laws import Normal, quantize
from eqsolve.pde import (
    CommonNoiseSolution,
    Coupling,
    gaussian,
    solve_mfg,
    solve_mfg_common_noise,
)

GOAL = 0.8
GAME: dict[str, Any] = {
    "domain": (-3.0, 3.0),
    "viscosity": 0.08,
    "initial": gaussian(0.4, 0.35),
    "running": Coupling.attraction(0.7),
    "terminal": lambda y: GOAL * y * y / 2,
    "boundary": "open",
}


def solved(nodes: int, shocks: int = 2, points: int = 3, **change: Any) -> CommonNoiseSolution:
    options = {"common_volatility": 0.5, "steps": (nodes - 1) // 2, "check": False}
    return solve_mfg_common_noise(
        **GAME | {"nodes": nodes, "shocks": shocks, "points": points} | options | change
    )


def exact(shocks: int, points: int, volatility: float = 0.5) -> np.ndarray[Any, Any]:
    """The conditional means at the end: the drift of the mean is -G/(1 + G (T - t)) times it."""
    quantizer = quantize(Normal(0.0, shocks**-0.5), points)
    means = np.array([0.4])
    dates = [0.0, *((j + 0.5) / shocks for j in range(shocks)), 1.0]
    for j, (t0, t1) in enumerate(zip(dates, dates[1:], strict=False)):
        means = means * (1 + GOAL * (1 - t1)) / (1 + GOAL * (1 - t0))
        if j < shocks:
            means = (means[:, None] + volatility * quantizer.points).ravel()
    return means


def test_conditional_means_follow_every_path() -> None:
    sizes = []
    for nodes in (65, 129):
        found = solved(nodes)
        assert found.ok, found.message
        means, probability = found.final_means
        assert probability.sum() == pytest.approx(1.0, abs=1e-14) and means.size == 9
        sizes.append(float(abs(means - exact(2, 3)).max()))
        for part in found.parts:
            assert part.solution.diagnostics["mass_error"] < 1e-13
            assert abs(part.solution.diagnostics["exploitability"]) < 1e-8
    assert sizes[1] < 1e-3 and np.log2(sizes[0] / sizes[1]) == pytest.approx(2.0, abs=0.4), sizes
    wrong = solved(129, common_volatility=0.52).final_means[0]
    assert abs(wrong - exact(2, 3)).max() > 5 * sizes[1]


def test_without_a_law_in_the_costs_both_noises_are_alike() -> None:
    """An agent alone does not care which noise moves him: the value is that of the sum."""
    alone = GAME | {"running": lambda y: 0.35 * y * y}
    one = solve_mfg(**alone | {"viscosity": 0.08 + 0.125}, nodes=121, steps=60)
    gaps = []
    for shocks, points in ((1, 3), (2, 13)):
        found = solve_mfg_common_noise(
            **alone, common_volatility=0.5, shocks=shocks, points=points, nodes=121, steps=60
        )
        assert found.ok, found.message
        inner = abs(one.x) < 1
        gaps.append(float(abs(found.parts[0].solution.u[0] - one.u[0])[inner].max()))
    assert gaps[1] < gaps[0] / 5 and gaps[1] < 3e-3, gaps


def test_a_circle_has_no_ends() -> None:
    circle = {"domain": (0.0, 1.0), "boundary": "periodic", "running": 0.0, "initial": np.ones_like}
    costs = (lambda x: (x - 0.5) ** 2, lambda x: (x % 1 - 0.5) ** 2)
    first, second = (solved(32, steps=16, **circle | {"terminal": cost}) for cost in costs)
    value = first.parts[0].solution.u[0]
    assert np.array_equal(value, second.parts[0].solution.u[0])
    # the cost is even about the middle of the circle, and so are value and law
    assert value[1:] == pytest.approx(value[:0:-1], rel=1e-9)
    means, probability = first.final_means
    assert np.all((means > 0) & (means < 1))
    assert means @ probability == pytest.approx(0.5, abs=0.5 / 32 + 1e-9)


def test_the_error_of_the_grid_is_estimated() -> None:
    found = solved(129, check=True)
    assert found.ok, found.message
    for part in found.parts:
        assert 0 <= part.solution.diagnostics["discretization_error"] < 1e-2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": 6}, "steps is 6"),
        ({"horizon": -1.0}, "horizon is -1"),
        ({"points": 50, "shocks": 3}, "2000 paths"),
        ({"boundary": "reflecting"}, "boundary is 'reflecting'"),
        ({"common_volatility": np.nan}, "common_volatility is nan"),
        ({"stopping": 1.0}, "stopping is given"),
        ({"viscosity": np.full(21, 0.1)}, "functions are needed"),
        ({"running": Coupling(control=1.0)}, "not a sum of parts"),
        ({"boundary": "periodic"}, "one of mean or variance"),
    ],
)
def test_what_makes_no_sense_is_refused(change: dict[str, Any], words: str) -> None:
    options = {"nodes": 21, "steps": 8, "shocks": 2, "common_volatility": 0.3}
    with pytest.raises(InputError, match=words):
        solve_mfg_common_noise(**GAME | options | change)
