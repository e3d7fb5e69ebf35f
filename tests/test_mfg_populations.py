"""Several populations: a linear-quadratic game, a population that was split, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_bvp

from eqsolve.errors import InputError
from eqsolve.pde import (
    Coupling,
    PopulationsSolution,
    gaussian,
    solve_mfg,
    solve_mfg_populations,
)

Array = np.ndarray[Any, np.dtype[np.float64]]

#: Viscosity, strength of the attraction to one's own and to the other mean, goal at the end, and
#: mean and deviation of the initial law.
FIRST = {"nu": 0.08, "own": 0.5, "other": 1.2, "goal": 0.4, "mean": -0.5, "deviation": 0.35}
SECOND = {"nu": 0.12, "own": 0.9, "other": -0.4, "goal": 0.8, "mean": 0.6, "deviation": 0.3}


def chasing(nodes: int, check: bool = False, **change: Any) -> PopulationsSolution:
    """One population follows the other, which flees."""
    first, second = FIRST, SECOND | change
    populations = [
        {
            "viscosity": one["nu"],
            "initial": gaussian(one["mean"], one["deviation"]),
            "running": Coupling.attraction(one["own"]),
            "terminal": lambda y, goal=one["goal"]: goal * y * y / 2,
        }
        for one in (first, second)
    ]
    others = [
        [None, Coupling.attraction(first["other"])],
        [Coupling.attraction(second["other"]), None],
    ]
    return solve_mfg_populations(
        populations,
        others,
        domain=(-3.0, 3.0),
        nodes=nodes,
        steps=(nodes - 1) // 4,
        boundary="open",
        check=check,
    )


def exact() -> tuple[Array, Array]:
    """Means and variances at the end, from the equations of the quadratic values."""
    both = (FIRST, SECOND)

    def rates(t: Array, y: Array) -> Array:
        rows = []
        for i, one in enumerate(both):
            P, Q, M, V = y[4 * i : 4 * i + 4]
            other = y[4 * (1 - i) + 2]
            pull = one["own"] + one["other"]
            rows += [P * P - pull, P * Q + one["own"] * M + one["other"] * other]
            rows += [-P * M - Q, -2 * P * V + 2 * one["nu"]]
        return np.array(rows)

    def ends(start: Array, end: Array) -> Array:
        gaps = []
        for i, one in enumerate(both):
            a, b = start[4 * i : 4 * i + 4], end[4 * i : 4 * i + 4]
            gaps += [b[0] - one["goal"], b[1], a[2] - one["mean"], a[3] - one["deviation"] ** 2]
        return np.array(gaps)

    found = solve_bvp(rates, ends, np.linspace(0, 1, 41), np.full((8, 41), 0.3), tol=1e-8)
    assert found.success
    last = found.y[:, -1]
    return last[[2, 6]], last[[3, 7]]


def test_a_linear_quadratic_game_of_two_populations() -> None:
    mean, variance = exact()
    sizes = []
    for nodes in (61, 121, 241):
        found = chasing(nodes)
        assert found.ok, found.message
        gaps = [abs(s.mean[-1] - m) for s, m in zip(found, mean, strict=True)]
        gaps += [abs(s.variance[-1] - v) for s, v in zip(found, variance, strict=True)]
        sizes.append(max(gaps))
        for solution in found:
            assert solution.diagnostics["mass_error"] < 1e-13
            assert abs(solution.diagnostics["exploitability"]) < 1e-8
    assert sizes[-1] < 1e-3, sizes
    assert np.log2(sizes[1] / sizes[2]) == pytest.approx(2.0, abs=0.2), sizes
    wrong = chasing(241, other=-0.45)
    assert abs(wrong.solutions[1].mean[-1] - mean[1]) > 5 * sizes[-1]


def test_the_error_is_estimated_for_each_population() -> None:
    found = chasing(121, check=True)
    assert found.ok, found.message
    for solution in found:
        assert 0 < solution.diagnostics["discretization_error"] < 1e-2
    assert chasing(21, check=True).status == "unresolved"


def test_a_population_that_was_split_plays_as_one() -> None:
    shared: dict[str, Any] = {
        "domain": (0.0, 1.0),
        "nodes": 60,
        "steps": 30,
        "boundary": "periodic",
    }
    own = {
        "viscosity": 0.08,
        "drift": lambda t, y: 0.3 * np.sin(2 * np.pi * y),
        "discount": 0.2,
        "initial": lambda y: 1 + 0.6 * np.cos(2 * np.pi * y),
        "terminal": lambda y: 0.2 * np.sin(2 * np.pi * y),
    }
    half = own | {"running": Coupling(density=0.3)}
    one = solve_mfg(**shared, **own, running=Coupling(density=0.6), check=False)
    for method in ("anderson", "newton"):
        others = [[None, Coupling(density=0.3)], [Coupling(density=0.3), None]]
        two = solve_mfg_populations([half, half], others, **shared, method=method, check=False)
        assert two.ok, two.message
        for solution in two:
            assert abs(solution.m - one.m).max() < 1e-8
            assert abs(solution.u - one.u).max() < 1e-8


def test_two_populations_rest() -> None:
    """Aversion to the other one's density on the circle, without time."""
    wave = {"running": Coupling(potential=lambda y: np.cos(2 * np.pi * y), density=0.2)}
    shift = {"running": Coupling(potential=lambda y: np.cos(2 * np.pi * y - 1), density=0.2)}
    found = solve_mfg_populations(
        [wave | {"viscosity": 0.3}, shift | {"viscosity": 0.3}],
        [[None, Coupling(density=0.4)], [Coupling(density=0.4), None]],
        domain=(0, 1),
        nodes=80,
        stationary=True,
        boundary="periodic",
    )
    assert found.ok, found.message
    first, second = found
    # the second game is the mirror image of the first one about x = 1/(4 pi)
    moved = first.diagnostics["ergodic_constant"] - second.diagnostics["ergodic_constant"]
    assert abs(moved) < 1e-4
    assert first.m.shape == (1, 80)


@pytest.mark.parametrize(
    ("populations", "others", "change", "words"),
    [
        ([], [], {}, "populations is a list of 0"),
        ([{"viscosity": 0.1}], [[Coupling()]], {}, "None on the diagonal"),
        ([{"viscosity": 0.1}] * 2, [[None, None]], {}, "2 rows of 2"),
        ([{"viscosity": 0.1, "nodes": 9}], [[None]], {}, "nodes is of one population"),
        ([{"viscosity": 0.1}], [[None]], {"drift": 1.0}, "drift is an argument of all"),
        ([{}], [[None]], {}, "viscosity is missing"),
        ([{"viscosity": -0.1}], [[None]], {}, "viscosity is -0.1"),
    ],
)
def test_what_makes_no_sense_is_refused(
    populations: Any, others: Any, change: dict[str, Any], words: str
) -> None:
    shared: dict[str, Any] = {"domain": (0, 1), "nodes": 21, "steps": 4}
    with pytest.raises(InputError, match=words):
        solve_mfg_populations(populations, others, **shared | change)
