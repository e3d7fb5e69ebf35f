"""The grid solver through its public interface."""

from __future__ import annotations

import importlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp

from documents import hold
from eqsolve import pde
from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.errors import InputError, MissingPartError
from eqsolve.game import Horizon
from eqsolve.pde import GridSolution, solve_extended_hjb
from eqsolve.pde.solution import compared
from eqsolve.registry import model
from reference import cases, spec

AGGREGATES = {"m_b": ".05", "m_s": ".1", "m_2": ".01"}


def setting(name: str = "S1", **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {**cases.SETS[name], **AGGREGATES, "n": "3", **changes}
    return {key: value for key, value in given.items() if value is not None}


def expected(solution: GridSolution, given: dict[str, Any]) -> np.ndarray:
    key = spec.best_response(given)
    p1, p2, p3 = (float(key[name]) for name in ("p1", "p2", "p3"))
    x, y = np.meshgrid(solution.x, solution.y, indexing="ij")
    return np.asarray(p1 * x + p2 * y + p3)


@pytest.mark.parametrize("name", cases.SETS)
def test_policy_agrees_with_the_answer_key(name: str) -> None:
    given = setting(name)
    solution = solve_extended_hjb("best-response", given, nodes=41, coarse=21)
    assert solution.status == "ok" and solution.ok
    right = expected(solution, given)[solution.inner]
    assert abs(solution.policy[solution.inner] - right).max() < 1e-11 * abs(right).max()
    assert solution.disagreement is not None and solution.disagreement < 1e-11
    assert solution.coarse is not None and solution.coarse.x.size == 21
    assert solution.diagnostics["second_order_min"] > 0


def test_the_start_is_far_from_the_solution() -> None:
    """One step from the payoff is not a solution: the iteration does the work."""
    solution = solve_extended_hjb("best-response", setting(), nodes=21, max_steps=1)
    assert solution.status == "max_iterations" and not solution.ok
    right = expected(solution, setting())[solution.inner]
    assert abs(solution.policy[solution.inner] - right).max() > 1e-3 * abs(right).max()


def test_graded_rectangular_grid() -> None:
    given = setting()
    x, y = 2 * np.linspace(0, 1, 25) ** 1.2, np.linspace(0.2, 1.6, 19)
    solution = solve_extended_hjb("best-response", given, grid=(x, y))
    right = expected(solution, given)[solution.inner]
    assert solution.policy.shape == (25, 19)
    assert abs(solution.policy[solution.inner] - right).max() < 1e-10 * abs(right).max()


def test_symbols_and_names_mean_the_same() -> None:
    given = setting()
    symbols = {mv.lam if key == "lam" else sp.Symbol(key): value for key, value in given.items()}
    by_name = solve_extended_hjb("best-response", given, nodes=11)
    by_symbol = solve_extended_hjb(model("best-response").game, symbols, nodes=11)
    assert np.array_equal(by_name.policy, by_symbol.policy)


def test_unstable_problem_is_not_verified() -> None:
    """Three admissible roots: short waves grow, and the status says so."""
    given = {**cases.ROOTS["three admissible"][0], **AGGREGATES}
    solution = solve_extended_hjb("best-response", given, nodes=21)
    assert solution.status not in pde.USABLE and not solution.ok
    assert solution.message


def test_two_grids_that_differ() -> None:
    """Two answers that belong to different games do not agree."""
    fine = solve_extended_hjb("best-response", setting(), nodes=21)
    other = solve_extended_hjb("best-response", setting() | {"beta": "0.6"}, nodes=11)
    solution = compared(fine, other)
    assert solution.disagreement is not None and solution.disagreement > pde.CONSISTENT
    assert solution.status == "inconsistent_grids" and not solution.ok


def test_solutions_show_their_evidence_and_a_picture(tmp_path: Path) -> None:
    solution = solve_extended_hjb("best-response", setting(), nodes=9)
    lines = str(solution).splitlines()
    assert lines[0].startswith("Extended HJB system of best-response on 9 x 9 nodes: converged")
    assert lines[-1] == "The numbers may be relied on."
    assert solution._repr_html_().count("<p>") == len(lines)
    assert len(solution.plot(tmp_path / "a.png").axes) >= 4
    assert (tmp_path / "a.png").read_bytes()[:8] == solution.plot()._repr_png_()[:8]
    bad = replace(solution, status="stagnated")
    assert "must not be relied on" in str(bad) and "stagnated" in bad.plot().get_suptitle()
    with pytest.raises(InputError, match="no known ending"):
        solution.plot(tmp_path / "a.doc")


def test_to_dict_is_json() -> None:
    solution = solve_extended_hjb("best-response", setting(), nodes=9, coarse=5)
    result = json.loads(json.dumps(solution.to_dict(), allow_nan=False))
    hold("grid", result)
    assert result["status"] == "ok"
    assert len(result["policy"]) == 9 and len(result["coarse"]["policy"]) == 5


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"nu": "-1"}, ["nu", ">= 0"]),
        ({"gamma": "nan"}, ["gamma", "finite"]),
        ({"gamma": "0"}, ["gamma", "> 0"]),
        ({"n": "2.5"}, ["n", "integer"]),
        ({"lam": None}, ["lambda"]),
        ({"n": None}, ["missing", "n"]),
        ({"rho_": "1"}, ["rho_"]),
        ({"lambda": "1"}, ["lambda", "twice"]),
        ({"B": "1"}, ["B", "contradicts"]),
    ],
)
def test_bad_numbers(changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        solve_extended_hjb("best-response", setting(**changes), nodes=9)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(
    "options",
    [
        {"nodes": 4},
        {"nodes": (9, 9, 9)},
        {"box": ((0, 2), (2, 0))},
        {"box": ((0, 2),)},
        {"grid": ([0, 1, 1, 2, 3], [0, 1, 2, 3, 4])},
        {"closure": "none"},
        {"tolerance": -1.0},
        {"nodes": 9, "coarse": 8},
        {"nodes": 100_001},
    ],
)
def test_bad_options(options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        solve_extended_hjb("best-response", setting(), **options)


def test_games_out_of_scope() -> None:
    game = model("best-response").game
    preference = game.preference
    mean, square = preference.moments
    cubic = preference.aggregate + mean.symbol**3
    for wrong, word in (
        (replace(game, states=game.states[:1]), "1 state"),
        (replace(game, horizon=Horizon(end=sp.S.One)), "horizon"),
        (game.preferring(replace(preference, aggregate=cubic)), "preference"),
        (
            game.preferring(
                replace(preference, moments=(replace(mean, running=mv.p**2), square)),
            ),
            "running",
        ),
        (
            replace(game, states=(replace(game.states[0], drift=mv.p**2), game.states[1])),
            "degree 1",
        ),
    ):
        with pytest.raises(InputError) as caught:
            solve_extended_hjb(wrong, setting(), nodes=9)
        assert word in str(caught.value)


def test_missing_extension(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(MissingPartError) as caught:
        solve_extended_hjb(model("best-response").game, setting(), nodes=9)
    assert caught.value.exit_code == 3
    assert "Rust" in str(caught.value)
