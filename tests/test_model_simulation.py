"""Simulation of any game, and Monte Carlo against claimed values.

False alarms: each comparison fails with probability 1e-6 at the most if the value is right. Power:
a value that is wrong by 1 % is found with probability .99 at least, or the check says that it is
not verified. Seeds are fixed.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner
from flint import arb, fmpq

import engine_models
import eqsolve
from eqsolve.cli import cli
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.studies import estimates
from eqsolve.studies.equilibrium import Equilibrium
from eqsolve.studies.estimates import Band
from eqsolve.studies.simulation.simulator import simulate
from eqsolve.verify import sampling
from eqsolve.verify.sampling import claimed_values, simulation_checks
from games import GIVEN

NAMES = tuple(engine_models.MODELS)


@pytest.mark.parametrize("name", NAMES)
def test_claimed_values_are_simulated(name: str) -> None:
    checks = simulation_checks(engine_models.solved(name), paths=4000)
    assert {check.verdict for check in checks} == {"pass"}
    # the same values, 1 % larger, fail
    wrong = [replace(check, error=abs(1.01 * check.value - check.reference)) for check in checks]
    assert {check.verdict for check in wrong} == {"fail"}


def _dearer(claim: Equilibrium) -> Equilibrium:
    """All functions' values are claimed 1 % too large; the strategy stays."""
    forms = {k: f * sp.Rational(101, 100) for k, f in claim.model.ansatz.functions.items()}
    ansatz = replace(claim.model.ansatz, functions=forms)
    model = replace(claim.model, ansatz=ansatz)
    return replace(claim, derivation=replace(claim.derivation, model=model))


@pytest.mark.parametrize("name", ["two-controls", "banks continuum", "execution planner"])
def test_a_value_that_is_wrong_by_one_percent_is_found(name: str) -> None:
    checks = simulation_checks(_dearer(engine_models.solved(name)), paths=4000)
    names = {m.name for m in engine_models.solved(name).game.moments}
    wrong = {check.name.split()[0]: check.verdict for check in checks}
    assert {wrong[name] for name in names} == {"fail"}


@pytest.mark.parametrize("name", ["regulator", "two-controls", "banks", "execution planner"])
def test_without_the_reduction_of_variance_the_estimate_is_the_same(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = engine_models.solved(name)
    reduced = simulate(claim, paths=2000, seed=3)
    monkeypatch.setattr(
        "eqsolve.studies.simulation.simulator.Simulator._functions", lambda self, source: {}
    )
    plain = simulate(claim, paths=20_000, seed=4)
    for player in plain.objectives:
        first, second = plain.objectives[player], reduced.objectives[player]
        assert math.sqrt(10) * first.standard_error > 2 * second.standard_error
        assert abs(first.estimate - second.estimate) < first.allowed(1e-6) + second.allowed(1e-6)


def test_bands_contain_the_truth_as_often_as_they_say() -> None:
    claim = engine_models.solved("two-controls")
    truth = claimed_values(claim)["J"]
    bands = [
        simulate(claim, paths=64, seed=seed, step=0.0625).objectives["one"] for seed in range(60)
    ]
    # the standard error is that of the estimates: a ratio beyond these has probability below 1e-3
    spread = np.std([band.estimate for band in bands])
    assert 0.75 < spread / np.mean([band.standard_error for band in bands]) < 1.35
    # at 90 % and without any bias, 47 or fewer of 60 have probability below 1 %
    assert sum(abs(band.estimate - truth) <= band.allowed(0.1) for band in bands) > 47


def test_euler_s_error_is_extrapolated() -> None:
    claim = engine_models.solved("two-controls")
    truth = claimed_values(claim)["J"]
    bands = [
        simulate(claim, paths=40_000, seed=5, step=step).objectives["one"]
        for step in (1 / 16, 1 / 64)
    ]
    errors = [abs(band.estimate - truth) for band in bands]
    assert errors[1] < 0.3 * errors[0]
    assert all(error < band.allowed(0.01) for error, band in zip(errors, bands))


def test_equal_seeds_give_equal_numbers_and_others_do_not() -> None:
    claim = engine_models.solved("banks")
    first, again, other = (simulate(claim, paths=50, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.objectives["bank"].estimate != other.objectives["bank"].estimate


@pytest.mark.parametrize("step", [0.0, -1.0, math.nan, math.inf, 1e-300])
def test_steps_that_make_no_sense_are_refused(step: float) -> None:
    with pytest.raises(InputError, match="steps? "):
        simulate(engine_models.solved("banks"), step=step)


@pytest.mark.parametrize("paths", [0, 1, -3, 10**9])
def test_numbers_of_paths_that_make_no_sense_are_refused(paths: int) -> None:
    with pytest.raises(InputError, match="paths"):
        simulate(engine_models.solved("banks"), paths=paths)


def test_power_utility_in_its_logarithmic_case_is_refused() -> None:
    types = [*"--paths 16 --seed 1".split(), *GIVEN["lacker-zariphopoulou-cara"].split()]
    result = CliRunner().invoke(cli, ["simulate", "lacker-zariphopoulou-crra", *types])
    assert "delta=[1,2]" in types and result.exit_code == 2
    assert "crra, simulation: the objective of manager divides by zero" in result.stderr


def test_infinite_variances_are_refused() -> None:
    claim = engine_models.solved("regulator")

    def coefficients(time: Fraction) -> dict[sp.Symbol, arb]:
        return {key: value * fmpq(-1, 10) for key, value in claim.coefficients(time).items()}

    # squares of the state, the payoffs, grow more slowly than the hazard rate; their squares do not
    slow = replace(claim, coefficients=coefficients)
    k = float(slow.coefficients(Fraction(0))[slow.letters[0]].mid())
    assert 2 * -k < 0.25 < 4 * -k
    with pytest.raises(NoSolutionError, match="standard error"):
        simulate(slow, paths=100)


def test_a_band_knows_its_power() -> None:
    band = Band(1.0, 0.001, 0.0005)
    assert band.allowed(0.05) == pytest.approx(0.001959964 + 0.0005, rel=1e-6)
    assert band.power(band.allowed(0.05), 0.05) == pytest.approx(0.5)
    assert band.power(0.01, 0.05) > 0.999
    assert Band(1.0, 0.0, 0.1).power(0.05, 0.05) == 0.0


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seeds_that_are_no_words_are_refused(seed: int) -> None:
    with pytest.raises(InputError, match="seed must be"):
        simulate(engine_models.solved("banks"), seed=seed)


COMMAND = ["simulate", "regulator", "--set", "default", "--paths", "500", "--seed", "1"]


def test_exact_values_that_no_interval_covers_are_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = CliRunner().invoke(cli, COMMAND)
    assert right.exit_code == 0 and "  outside" not in right.output
    wrong = {"J": 1.0, "regulator": 1.0}
    monkeypatch.setattr(sampling, "claimed_values", lambda claim: wrong)
    result = CliRunner().invoke(cli, COMMAND)
    assert result.exit_code == 1 and "no interval covers" in result.stderr
    assert result.stdout.count("  outside") == 2


def test_an_estimate_that_hangs_on_one_path_has_no_interval(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(estimates, "_HEAVY", -1.0)
    result = CliRunner().invoke(cli, [*COMMAND, "--json"])
    for row in json.loads(result.stdout)["moments"].values():
        assert row["heavy_tail"] and row["inside"] is None
        assert (row["standard_error"], row["low"], row["high"]) == (None,) * 3
    told = CliRunner().invoke(cli, COMMAND)
    assert told.exit_code == 0 and told.stdout.count(" none") == 6
    assert "there is no interval" in told.stdout


@pytest.mark.parametrize("size", [3, None])
def test_against_given_averages_the_exact_values_are_those_in_play(size: int | None) -> None:
    """The functions of the ansatz hold for averages that do not move: V is .80369 at three."""
    given = {"r": ".03", "b": ".12", "nu": ".2", "sigma": ".2", "theta": ".5", "gamma": 2}
    given |= {"alpha": 1, "beta": ".5", "lambda": ".6"}
    found = eqsolve.simulate("relative-wealth", given, size=size, paths=500, seed=1)
    obtained = eqsolve.solve("relative-wealth", given, size=size, at={"x": 1, "m": 1}).at.J
    rows = found.to_dict()["moments"]
    assert rows["agent"]["exact"] == pytest.approx(obtained, rel=1e-9)
    if size == 3:
        assert obtained == pytest.approx(0.800884053529316, rel=1e-12)
    assert all(row["inside"] for row in rows.values())
