"""Derivatives, limits and simulations of crowds with types of their own."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import declared
import eqsolve
from eqsolve.cli import cli
from eqsolve.derivation.derivation import derive
from eqsolve.errors import InputError
from eqsolve.game.structure import build
from eqsolve.kernels.steps.crowd import kernel_of
from eqsolve.solve.solve import solve
from eqsolve.studies.equilibrium import equilibria
from eqsolve.studies.limit import Shares, converge_model
from eqsolve.studies.sensitivity.model import model_sensitivity
from eqsolve.studies.simulation.simulator import simulate
from eqsolve.verify.sampling import claimed_values
from reference.games import lacker_zariphopoulou as key

ROWS: dict[str, list[str]] = {
    "mu": [".08", ".05"],
    "nu": [".2", ".15"],
    "sigma": [".15", ".25"],
    "theta": [".5", ".8"],
    "delta": ["1", "2"],
}
VALUES: dict[str, Any] = {**ROWS, "T": "1.5"}


@pytest.mark.parametrize("size", [2, None])
def test_derivatives_in_every_type_are_limits_of_differences(size: int | None) -> None:
    """Central differences of step 1e-6; without the averages' response off by 1e-1."""
    at = {"x": "1", "m": "1"}
    found = model_sensitivity(declared.managers, VALUES, size=size, at=at)
    base = {f"{n}_{k}": Fraction(v) for n, row in ROWS.items() for k, v in enumerate(row, start=1)}
    base["T"] = Fraction(3, 2)
    names = set(base) | ({"n"} if size else set())
    assert set(next(iter(found.derivatives.values()))) == names
    step = Fraction(1, 10**6)
    checked = 0
    for parameter, value in base.items():
        up, down = (
            solve(declared.managers, {**base, parameter: value + s * step}, size=size, at=at)
            for s in (1, -1)
        )
        for output, row in found.derivatives.items():
            pair = [{**a.coefficients, **a.at}.get(output) for a in (up, down)]
            if None not in pair:
                slope = (pair[0] - pair[1]) / float(2 * step)
                assert row[parameter] == pytest.approx(slope, rel=1e-6, abs=1e-8), (
                    output,
                    parameter,
                )
                checked += 1
    assert checked >= 6 * len(base)


def test_a_type_moves_the_others() -> None:
    found = model_sensitivity(declared.managers, VALUES, outputs=["a_1_2"], parameters=["mu_1"])
    assert set(found.derivatives) == {"a_1_2"}
    assert found.derivatives["a_1_2"]["mu_1"] > 0.1


def test_what_is_no_type_is_refused() -> None:
    with pytest.raises(InputError, match="there is no parameter 'mu'"):
        model_sensitivity(declared.managers, VALUES, parameters=["mu"])
    law = {**{n: row[0] for n, row in ROWS.items()}, "mu": "uniform:0.05,0.1", "T": "1"}
    with pytest.raises(InputError, match="there is no parameter 'mu_1'"):
        model_sensitivity(declared.managers, law, parameters=["mu_1"])


# -- n players against the continuum ------------------------------------------------------------


def _rate_constant(k: int) -> float:
    """From the key's formulas for shares 1/n of two types of equal weight, in long arithmetic."""
    agents = key.agents_from(*(ROWS[name] for name in key.NAMES))
    half, small = key.ctx.one / 2, key.ctx.mpf("1e-12")
    weights = [half, half]
    finite, limit = (key._equilibrium(agents, weights, s, False)[2][k] for s in (small, 0))
    return float((finite - limit) / small)


def test_constants_of_types_are_derived_and_those_of_the_formulas() -> None:
    study = converge_model(declared.managers, VALUES, [10, 100, 1000])
    assert (study.constants, study.leading_order) == ("derived", 1.0)
    for k in (1, 2):
        assert study.rate_constants[f"a_{k}.1"] == pytest.approx(_rate_constant(k - 1), rel=1e-9)
    n, row = study.rows[-1]
    for name, constant in study.rate_constants.items():
        assert n * (row[name] - study.limit[name]) == pytest.approx(constant, rel=2e-3)


def test_drawn_types_scatter_as_derived() -> None:
    """4000 draws of 2000 players by the kernel: the standard deviation's own standard error is
    1.1 percent, a false alarm at 6 percent below 1e-6."""
    study = converge_model(declared.managers, VALUES, [2000], drawn=True, seed=4)
    assert study.leading_order == 0.5
    n, draws = 2000, 4000
    kernel = kernel_of(derive(declared.managers(size=n)), 2)
    first = np.random.default_rng(8).binomial(n, 0.5, draws) / n
    rows = {f"{name}_{k}": float(row[k - 1]) for name, row in ROWS.items() for k in (1, 2)}
    found = kernel.evaluate({**rows, "weight_1": first, "weight_2": 1 - first, "n": n, "T": 1.5})
    for k in (1, 2):
        gaps = np.sqrt(n) * (found[f"a_1_{k}"] - study.limit[f"a_{k}.1"])
        assert np.std(gaps) == pytest.approx(study.rate_constants[f"a_{k}.1"], rel=0.06)


def test_draws_are_whole_players_in_the_mean_of_their_shares() -> None:
    model = declared.managers()
    given = {**VALUES, "weight": ["1/4", "3/4"]}
    parts = []
    for seed in range(300):
        table = Shares.of(model, given, [40], True, seed).table(40)
        assert table is not None
        weights = [row["weight"] for row in table["type"]]  # type: ignore[attr-defined]
        assert sum(weights) == 1 and all((40 * w).denominator == 1 for w in weights)
        parts.append(float(weights[0]))
    # standard error of the mean .004, of the standard deviation .0028
    assert np.mean(parts) == pytest.approx(0.25, abs=0.02)
    assert np.std(parts) == pytest.approx(np.sqrt(0.25 * 0.75 / 40), abs=0.014)


def test_shares_that_do_not_divide_are_refused_before_work() -> None:
    with pytest.raises(InputError, match="multiples of 2"):
        converge_model(declared.managers, VALUES, [11])
    law = {**{n: row[0] for n, row in ROWS.items()}, "mu": "uniform:0.05,0.1", "T": "1"}
    with pytest.raises(InputError, match="all different"):
        converge_model(declared.managers, law, [10])
    with pytest.raises(InputError, match="all alike"):
        converge_model(declared.crowd, declared.CROWD, [10], drawn=True)


# -- simulation ---------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [3, None])
def test_every_type_reaches_what_its_closed_form_says(size: int | None) -> None:
    """Bands of six standard errors, 1e-8 each; a type with the other's value would be outside."""
    values = {**VALUES, "weight": ["2/3", "1/3"], **({"n": size} if size else {})}
    model = build(declared.managers, values, size=size)
    claims = equilibria(model, values, {"x": "1", "m": "1"})
    claimed = [claimed_values(claim)["J"] for claim in claims]
    assert abs(claimed[0] - claimed[1]) > 0.1
    for claim, value in zip(claims, claimed, strict=True):
        band = simulate(claim, paths=3000, seed=2).moments["J"]
        assert abs(band.estimate - value) < band.allowed(1e-8) < 0.02


def test_the_commands_take_types(tmp_path: Any) -> None:
    file = tmp_path / "types.toml"
    rows = zip(*ROWS.values())
    text = "T = 1.5\n"
    for row in rows:
        text += "[[type]]\n" + "".join(f"{n} = {float(v)}\n" for n, v in zip(ROWS, row))
    file.write_text(text)
    game = "lacker-zariphopoulou-cara"
    run = CliRunner().invoke(
        cli, ["simulate", game, "--params", str(file), "--paths", "500", "--seed", "1", "--json"]
    )
    assert set(json.loads(run.output)["moments"]) == {"J_1", "manager_1", "J_2", "manager_2"}
    run = CliRunner().invoke(cli, ["converge", game, "--params", str(file), "--n", "10", "--json"])
    assert json.loads(run.output)["constants"] == "derived"
    run = CliRunner().invoke(
        cli,
        ["sensitivity", game, "--params", str(file), "--to", "mu_2", "--of", "pi_1_1", "--json"],
    )
    assert json.loads(run.output)["derivatives"]["pi_1_1"]["mu_2"] > 0
    out = tmp_path / "out.csv"
    run = CliRunner().invoke(
        cli,
        ["sweep", game, "--params", str(file), "--vary", "mu_1=.05:.1:3", "--out", str(out)],
    )
    assert run.exit_code == 0, run.output
    exact = eqsolve.solve(game, {**VALUES, "mu": [".1", ".05"]}).strategy["pi_2"]["1"]
    last = dict(zip(*(line.split(",") for line in out.read_text().splitlines()[::3])))
    assert float(last["pi_1_2"]) == pytest.approx(exact, rel=1e-13)
