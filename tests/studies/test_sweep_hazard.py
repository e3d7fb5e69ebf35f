"""Sweeps under a hazard rate that moves in time: every point is the answer of one solve."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import eqsolve
from eqsolve.cli import cli
from eqsolve.derivations.one_agent import MODEL
from eqsolve.errors import InputError
from eqsolve.solve.moving import solve_moving
from eqsolve.status import Status

SPEC = "piecewise:0=.2,3=.6"
VALUES = {k: v for k, v in MODEL.cases["example"].items() if k not in ("lambda", "x")}


def _run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["sweep", *words])


def test_every_point_is_what_solving_it_gives(tmp_path: Path) -> None:
    out = tmp_path / "found.csv"
    words = ["one-agent", "--hazard", SPEC, "--set", "example", "--horizon", "5"]
    vary = ["--vary", "gamma=list:2,4", "--vary", "t=list:0,4"]
    result = _run(*words, *vary, "--out", str(out))
    assert result.exit_code == 0, result.stderr
    table = pd.read_csv(out, comment="#")
    assert list(table.status) == ["ok"] * 4
    for row in table.itertuples():
        answer = solve_moving(
            MODEL, SPEC, {**VALUES, "gamma": row.gamma}, horizon="5", at={"x": 1, "t": row.t}
        )
        assert row.pi_x == pytest.approx(answer.strategy["pi"]["x"], rel=1e-14)
        assert row.pi_1 == pytest.approx(answer.strategy["pi"]["1"], rel=1e-14)
    # time and aversion both matter, so that a point taken for another would be seen
    assert table[["pi_x", "pi_1"]].drop_duplicates().shape[0] == 4


def test_a_point_without_an_equilibrium_has_a_status_and_no_numbers() -> None:
    # in the end the rate is .1: at r = .2 second moments grow faster than horizons strike
    found = eqsolve.sweep(
        "one-agent",
        {"r": [0.03, 0.2], "t": [0.0]},
        {k: v for k, v in VALUES.items() if k != "r"},
        hazard="piecewise:0=.6,3=.1",
    )
    fine = found.status.values[:, 0] == Status.OK
    assert fine.tolist() == [True, False]
    assert np.isnan(found.pi_x.values[~fine]).all()
    assert np.isfinite(found.pi_x.values[fine]).all()


def test_who_sweeps_learns_what_is_missing() -> None:
    with pytest.raises(InputError, match="missing parameter gamma"):
        rest = {k: v for k, v in VALUES.items() if k not in ("gamma", "beta")}
        eqsolve.sweep("one-agent", {"beta": [0.5]}, rest, hazard=SPEC)
    with pytest.raises(InputError, match="no parameter 'lambda'"):
        eqsolve.sweep("one-agent", {"lambda": [0.5]}, VALUES, hazard=SPEC)
    with pytest.raises(InputError, match="agents who differ"):
        eqsolve.sweep("two-agent", {"r": [0.5]}, {}, hazard=SPEC)


@pytest.mark.full
def test_a_game_in_its_authors_letters_is_swept(tmp_path: Path) -> None:
    out = tmp_path / "found.csv"
    words = ["mean-field", "--set", "S1", "--hazard", SPEC, "--vary", "theta=list:.2,.5"]
    assert _run(*words, "--out", str(out)).exit_code == 0
    table = pd.read_csv(out, comment="#")
    values = {k: v for k, v in eqsolve_case("S1").items() if k not in ("lambda", "theta")}
    for row in table.itertuples():
        found = eqsolve.course("mean-field", {**values, "theta": row.theta}, hazard=SPEC, times=[0])
        assert row.k_y == pytest.approx(found.rows[0]["k_y"], rel=1e-14)


def eqsolve_case(name: str) -> dict[str, str]:
    """A named set of the game."""
    from eqsolve.registry import resolve

    return dict(resolve("mean-field").model.cases[name])
