"""The closed-loop mean-field equilibrium from the grid alone, against the derived one."""

from __future__ import annotations

import json

import numpy as np
import pytest

import eqsolve
from eqsolve.errors import InputError
from eqsolve.pde import solve_closed_loop
from eqsolve.pde.closed_loop import Anderson
from reference import cases

ORDER = "b nu sigma theta gamma alpha beta lam r".split()
SETS = {
    **cases.SETS,
    "S4": dict(zip(ORDER, ".14 .2 .25 .9 1 1 .3 .5 0".split())),
    "S5": dict(zip(ORDER, ".2 .25 .3 .95 1.2 .7 .9 .35 .05".split())),
}
#: A case whose closed loop has no finite variance.
NONE = dict(zip(ORDER, ".23577 .21622 .22313 .86808 .52598 1 1.02736 .14659 .03271".split()))


def reference(given: dict[str, str], x: np.ndarray, notion: str) -> np.ndarray:
    """The average position at aggregate x from the derived equilibrium."""
    found = eqsolve.solve("mean-field", equilibrium=notion, **given)
    strategy = found.numbers["strategy"]
    return np.asarray((strategy["x"] + strategy["y"]) * x + strategy["1"])


@pytest.mark.parametrize("name", SETS)
def test_agrees_with_the_derived_equilibrium(name: str) -> None:
    # The last change of the outer iteration may be a third of the error that it leaves.
    found = solve_closed_loop("mean-field", SETS[name], nodes=21, tolerance=1e-11)
    assert found.status == "ok" and found.ok, found.message
    assert 3 < len(found.history) <= 15
    window = found.solution.inner[1]
    x = found.solution.x[window]
    right = reference(SETS[name], x, "closed-loop")
    assert abs(found.position[window] - right).max() < 1e-10 * abs(right).max()
    given = reference(SETS[name], x, "given-aggregate")
    assert found.given_aggregate is not None and found.distance is not None
    assert abs(found.given_aggregate[window] - given).max() < 1e-10 * abs(given).max()
    distance = abs(right - given).max() / abs(right).max()
    assert 1e-3 < distance < 2e-1
    assert found.distance == pytest.approx(distance, rel=1e-6)
    # the whole feedback, not only its diagonal
    strategy = eqsolve.solve("mean-field", equilibrium="closed-loop", **SETS[name]).numbers[
        "strategy"
    ]
    own, aggregate = np.meshgrid(found.solution.x, found.solution.y, indexing="ij")
    policy = strategy["x"] * own + strategy["y"] * aggregate + strategy["1"]
    gap = abs(found.solution.policy - policy)[found.solution.inner]
    assert gap.max() < 1e-9 * abs(policy).max()


def test_a_planted_error_is_seen() -> None:
    """The answer for other parameters, one relative millionth away, is another answer."""
    found = solve_closed_loop("mean-field", SETS["S1"], nodes=21)
    window = found.solution.inner[1]
    for name in ("sigma", "gamma", "theta", "lam"):
        wrong = {**SETS["S1"], name: f"{float(SETS['S1'][name]) * (1 + 1e-6):.12f}"}
        right = reference(wrong, found.solution.x[window], "closed-loop")
        assert abs(found.position[window] - right).max() > 1e-8


def test_infinite_variance_is_never_ok() -> None:
    found = solve_closed_loop("mean-field", NONE, nodes=21)
    assert found.status == "moment_explosion" and not found.ok
    assert found.solution.diagnostics["variance_eigenvalues"][0] == pytest.approx(-4.35, abs=0.01)


@pytest.mark.parametrize("start", [0.6, np.linspace(0.5, 1, 11), lambda x: 0.5 + 0.2 * x])
def test_other_starts_lead_to_the_same_point(start: object) -> None:
    found = solve_closed_loop("mean-field", SETS["S2"], nodes=11, start=start)
    usual = solve_closed_loop("mean-field", SETS["S2"], nodes=11)
    assert found.ok and abs(found.position - usual.position).max() < 1e-9


def test_too_few_outer_iterations() -> None:
    found = solve_closed_loop("mean-field", SETS["S5"], nodes=11, max_outer=3)
    assert found.status == "outer_not_converged" and not found.ok
    assert "3 outer iterations" in found.message and found.distance is None
    result = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert result["status"] == "outer_not_converged" and len(result["position"]) == 11


def test_three_roots_do_not_converge() -> None:
    given = {k: v for k, v in cases.ROOTS["three admissible"][0].items() if k != "n"}
    found = solve_closed_loop("mean-field", given, nodes=11)
    assert not found.ok and found.message


@pytest.mark.parametrize(
    ("game", "options", "words"),
    [
        ("n-agent", {}, ["continuum", "mean-field"]),
        ("best-response", {}, ["continuum"]),
        ("mean-field", {"start": "zero"}, ["start", "zero"]),
        ("mean-field", {"start": [1.0, 2.0]}, ["start", "(2,)"]),
        ("mean-field", {"start": float("nan")}, ["start", "finite"]),
        ("mean-field", {"nodes": 3}, ["nodes", "3"]),
        ("mean-field", {"interval": (2.0, 0.0)}, ["box"]),
    ],
)
def test_bad_input(game: str, options: dict[str, object], words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        solve_closed_loop(game, SETS["S1"], **{"nodes": 9, **options})
    assert all(word in str(caught.value) for word in words), caught.value


def test_missing_numbers_are_named() -> None:
    with pytest.raises(InputError, match="gamma"):
        solve_closed_loop("mean-field", {k: v for k, v in SETS["S1"].items() if k != "gamma"})


def test_acceleration_solves_a_linear_problem() -> None:
    matrix = np.array([[-2.0, 0.3, 0.0], [0.0, 0.5, 0.1], [0.2, 0.0, -0.4]])
    anderson, x = Anderson(5), np.zeros(3)
    for _ in range(6):
        x = anderson.next(x, matrix @ x + [1.0, 0.0, 2.0])
    assert abs(matrix @ x + [1.0, 0.0, 2.0] - x).max() < 1e-12
