"""The file that `eqsolve new game` writes runs as it is, for every structure it offers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from scipy.integrate import solve_ivp

from eqsolve import registry
from eqsolve.cli import cli
from eqsolve.errors import InputError
from eqsolve.new_game import write_game
from eqsolve.registry import resolve
from eqsolve.solve.solve import solve


@pytest.mark.parametrize("structure", [{}, {"size": 3}, {"notion": "planner"}], ids=str)
def test_it_solves_its_case(tmp_path: Path, structure: dict[str, Any]) -> None:
    built = resolve(write_game("two-firms", tmp_path)).exported
    case = built(**structure).cases["default"]
    answer = solve(built, case, **structure)
    assert answer.game == "two-firms"
    assert answer.status.label == "ok"


def test_its_equation_of_the_state_is_the_riccati_equation(tmp_path: Path) -> None:
    built = resolve(write_game("two-firms", tmp_path)).exported
    answer = solve(built, built().cases["default"])
    # P' = P^2 - c, P(1) = q with c = 1 and q = 1/2, in time to go
    run = solve_ivp(lambda s, P: 1 - P**2, (0, 1), [0.5], rtol=1e-12, atol=1e-12)
    assert answer.coefficients["P"] == pytest.approx(run.y[0, -1], rel=1e-10)


def test_the_command_writes_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_adopted", {})
    first = CliRunner().invoke(cli, ["new", "game", "two-firms"])
    assert first.exit_code == 0
    assert "two_firms.py" in first.output
    second = CliRunner().invoke(cli, ["new", "game", "two-firms"])
    assert second.exit_code == 2
    assert "is there already" in second.stderr


@pytest.mark.parametrize("name", ["", "Two", "two firms", "../two", "two_firms", "2firms", "a--b"])
def test_names_that_are_none(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no name for a game"):
        write_game(name, tmp_path)
    assert not list(tmp_path.iterdir())
