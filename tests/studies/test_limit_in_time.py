"""From n players to the continuum under a hazard rate, at several times."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

import eqsolve
from documents import hold
from eqsolve.cli import cli
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.studies.course import Course
from eqsolve.studies.limit_in_time import ConvergenceInTime, converge_in_time

S1 = dict(zip("r b nu sigma theta gamma".split(), ".03 .12 .2 .2 .5 2".split()))
S1 |= {"alpha": "1", "beta": ".5"}
COUNTS = (10, 100, 1000)
COLUMNS = ("x", "y", "1")


def _course(rate: str, size: int | None) -> Course:
    game = "mean-field" if size is None else "n-agent"
    found: Course = eqsolve.course(game, S1, hazard=rate, times=[0], size=size)
    return found


def test_under_a_constant_rate_it_is_what_is_derived_at_1_over_n_equal_to_0() -> None:
    """The other study derives the constants from the closed form, and never extrapolates."""
    (moment,) = eqsolve.converge("n-agent", COUNTS, S1, hazard="constant:.6").moments
    derived = eqsolve.converge("n-agent", COUNTS, S1, lam=".6")
    for name in COLUMNS:
        constant = derived.rate_constants[name]
        # what the extrapolation leaves is the third derivative over 10^5
        assert moment.rate_constants[f"k_{name}"] == pytest.approx(constant, rel=1e-4)
        for (n, row), other in zip(moment.rows, derived.rows, strict=True):
            assert n == other["n"] and row[f"k_{name}"] == pytest.approx(other[name], rel=1e-12)
    assert moment.order == pytest.approx(1, abs=0.01) and moment.skipped == ()


def test_the_limit_of_another_game_is_seen() -> None:
    """Planted: the continuum is struck at another rate than the players."""

    def solved(size: int | None) -> Course:
        return _course("constant:.601" if size is None else "constant:.6", size)

    (moment,) = converge_in_time(solved, COUNTS).moments
    assert moment.order is not None and abs(moment.order - 1) > 0.1


def test_commands_print_and_write_it(tmp_path: Path) -> None:
    words = ["converge", "n-agent", "--set", "S1", "--hazard", "constant:.6", "--n", "10,100"]
    out = tmp_path / "rows.csv"
    told = CliRunner().invoke(cli, [*words, "--json", "--out", str(out)])
    assert told.exit_code == 0, told.output
    hold("converge", json.loads(told.stdout))
    table = pd.read_csv(out, dtype={"n": str})
    assert list(table.n) == ["10", "100", "continuum", "n (k_n - k)"]
    first = json.loads(told.stdout)["moments"][0]["rows"][0]
    assert table.k_x[0] == first["k_x"] and first["n"] == 10
    shown = CliRunner().invoke(cli, words).stdout
    assert "observed order of convergence at t = 0: 1.0" in shown
    for more in (["--epsilon"], ["--paths", "10"], ["--plot", "x.svg"], ["--at", "x=1"]):
        refused = CliRunner().invoke(cli, [*words, *more])
        assert refused.exit_code == 2 and "do not go with --hazard" in refused.stderr
    without = [w for w in words if w not in ("--hazard", "constant:.6")]
    alone = CliRunner().invoke(cli, [*without, "--times", "0:1:2"])
    assert alone.exit_code == 2 and "--times goes with --hazard" in alone.stderr


def test_what_is_not_compared_is_refused() -> None:
    with pytest.raises(InputError, match="without paths, drawn, epsilon and at"):
        eqsolve.converge("n-agent", COUNTS, S1, hazard="constant:.6", epsilon=True)
    with pytest.raises(InputError, match="go with hazard"):
        eqsolve.converge("n-agent", COUNTS, S1, lam=".6", times=[0])
    with pytest.raises(InputError, match=r"only, not 'feedback'|against given aggregates only"):
        eqsolve.converge("n-agent", COUNTS, S1, hazard="constant:.6", notion="feedback")
    with pytest.raises(NoSolutionError):
        # second moments grow faster than the horizon strikes
        eqsolve.converge("n-agent", COUNTS, S1, hazard="constant:.05")


@pytest.mark.parametrize("verb", ["explore", "sensitivity", "anarchy", "roots"])
def test_who_asks_another_verb_learns_which_take_a_rate(verb: str) -> None:
    refused = CliRunner().invoke(cli, [verb, "n-agent", "--hazard", "constant:.6"])
    assert refused.exit_code == 2
    told = " ".join(refused.stderr.split())
    listed = "converge, latex, simulate, solve, sweep, verify"
    assert f"No such option '--hazard'. These verbs take it: {listed}." in told
    unknown = CliRunner().invoke(cli, [verb, "n-agent", "--no-verb-has-it"])
    assert unknown.exit_code == 2 and "These verbs" not in unknown.stderr


@pytest.mark.full
def test_at_every_time_it_is_the_key_of_moving_rates() -> None:
    from reference import cases, hazard

    spec, rate = "piecewise:0=.2,3=.6", hazard.piecewise({0: ".2", 3: ".6"})
    given: dict[str, Any] = {"hazard": spec, "times": [0, 4], "horizon": 6}
    found: ConvergenceInTime = eqsolve.converge("n-agent", (10, 100, 1000), S1, **given)
    many = 10**6
    for moment, time in zip(found.moments, (0, 4), strict=True):
        limit, last = (hazard.joint_strategy(cases.S1, n, rate, 6, time) for n in (None, many))
        for name, k, k_n in zip(COLUMNS, limit, last, strict=True):
            assert moment.limit[f"k_{name}"] == pytest.approx(float(k), rel=1e-9)
            constant = float(many * (k_n - k))
            assert moment.rate_constants[f"k_{name}"] == pytest.approx(constant, rel=1e-4)
        assert moment.order == pytest.approx(1, abs=0.01)
