"""Kernels and sweeps of crowds with types of their own, against the independent key."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import declared
import eqsolve
from eqsolve.errors import InputError
from eqsolve.solve.solve import solve
from eqsolve.status import Status
from reference.games import lacker_zariphopoulou as key

OWN = ("mu", "nu", "sigma", "theta", "delta")


def _drawn(rng: np.random.Generator, count: int) -> dict[str, Any]:
    """Types; some have no own noise, some do not compete, some are logarithmic."""
    return {
        "mu": rng.uniform(0.01, 0.15, count),
        "nu": rng.uniform(0.1, 0.4, count) * (rng.random(count) < 0.8),
        "sigma": rng.uniform(0.05, 0.4, count),
        "theta": rng.uniform(0, 1, count) * (rng.random(count) < 0.8),
        "delta": np.where(rng.random(count) < 0.2, 0.5, rng.uniform(0.3, 4, count)),
    }


def _spread(rows: dict[str, Any]) -> dict[str, Any]:
    return {f"{name}_{k}": v for name in OWN for k, v in enumerate(rows[name], start=1)}


@pytest.mark.parametrize(
    ("utility", "size"),
    [
        ("cara", 3),
        ("crra", None),
        *(pytest.param(*row, marks=pytest.mark.full) for row in (("cara", None), ("crra", 3))),
    ],
)
def test_types_agree_with_the_formulas_of_the_key(utility: str, size: int | None) -> None:
    kernel = eqsolve.kernel(f"lacker-zariphopoulou-{utility}", size=size, types=3, T=1)
    rng = np.random.default_rng(11)
    worst = 0.0
    for _ in range(40):
        rows = _drawn(rng, 3)
        weights = rng.dirichlet(np.ones(3))
        how = {"n": 3} if size else {f"weight_{k}": w for k, w in enumerate(weights, start=1)}
        found = kernel.evaluate({**_spread(rows), **how, "T": 1.5})
        law = None if size else list(weights)
        expected = getattr(key, utility)(**rows, weights=law)
        assert found["status"] == Status.OK
        for k, pi in enumerate(expected["pi"], start=1):
            worst = max(worst, abs(found[f"pi_1_{k}"] - float(pi)) / (1 + abs(float(pi))))
    assert worst < 1e-12


def test_a_dropped_own_share_would_be_seen() -> None:
    """With three players the part of a player in the averages moves the strategy by percents."""
    rows = _drawn(np.random.default_rng(1), 3)
    few = eqsolve.kernel("lacker-zariphopoulou-cara", size=3, types=3)
    many = eqsolve.kernel("lacker-zariphopoulou-cara", types=3)
    gap = few.evaluate({**_spread(rows), "n": 3, "T": 1})["pi_1_1"]
    gap -= many.evaluate({**_spread(rows), "T": 1})["pi_1_1"]
    assert abs(gap) > 1e-2


def test_groups_are_the_same_as_single_players() -> None:
    single = eqsolve.kernel("lacker-zariphopoulou-crra", size=4, types=4, T=1)
    groups = eqsolve.kernel("lacker-zariphopoulou-crra", size=4, types=2, T=1)
    rows = _drawn(np.random.default_rng(5), 2)
    doubled = {name: np.repeat(v, [3, 1]) for name, v in rows.items()}
    one = single.evaluate({**_spread(doubled), "n": 4, "T": 1})
    two = groups.evaluate({**_spread(rows), "weight_1": 0.75, "weight_2": 0.25, "n": 4, "T": 1})
    assert two["pi_1_1"] == pytest.approx(one["pi_1_1"], rel=1e-13)
    assert two["pi_1_2"] == pytest.approx(one["pi_1_4"], rel=1e-13)
    # 5 players are not three quarters and a quarter
    odd = groups.evaluate({**_spread(rows), "weight_1": 0.75, "weight_2": 0.25, "n": 5, "T": 1})
    assert odd["status"] == Status.INVALID_INPUT and np.isnan(odd["pi_1_1"])


def test_statuses_of_types_are_those_of_solve() -> None:
    """No own noise and full competition: the averages have no solution, or a type divides by 0."""
    kernel = eqsolve.kernel("lacker-zariphopoulou-cara", types=2)
    base = {"mu": 0.1, "sigma_1": 0.2, "sigma_2": 0.1, "delta": 1.0, "T": 1.0}
    for change, status, certified in (
        ({"nu": 0.1, "theta": 0.5}, Status.OK, Status.OK),
        ({"nu": 0.0, "theta": 1.0}, Status.UNRESOLVED, Status.NO_SOLUTION),
        ({"nu": 0.0, "theta": 1.0, "sigma_1": 0.0}, Status.DEGENERATE, Status.DEGENERATE),
        ({"nu": -0.1, "theta": 0.5}, Status.INVALID_INPUT, None),
        ({"nu": 0.1, "theta": 0.5, "delta": np.nan}, Status.INVALID_INPUT, None),
        ({"nu": 0.1, "theta": 0.5, "weight_1": 0.7, "weight_2": 0.7}, Status.INVALID_INPUT, None),
    ):
        values = {**base, **change}
        assert kernel.evaluate(values)["status"] == status, change
        if certified is not None:
            exact = {k: str(v) for k, v in values.items()}
            answer = eqsolve.solve("lacker-zariphopoulou-cara", exact)
            assert answer.status == certified, change


def test_a_system_of_averages_is_eliminated_only_where_its_pivots_are_sure() -> None:
    from eqsolve.kernels.steps.linear import eliminate

    rng = np.random.default_rng(3)
    for size in (1, 2, 4):
        matrix, right = rng.normal(size=(size, size)), rng.normal(size=size)
        found = np.empty(size)
        errors = np.full((size, size), 1e-15)
        assert eliminate(matrix.copy(), errors.copy(), right.copy(), found)
        assert found == pytest.approx(np.linalg.solve(matrix, right), rel=1e-10)
        if size > 1:
            matrix[-1] = matrix[0] + 1e-16
            assert not eliminate(matrix, errors, right, found)


def test_sweeps_vary_single_types_and_all_of_them() -> None:
    rows = {"nu": [".2", ".15"], "sigma": [".15", ".25"], "delta": ["1", "2"], "mu_2": ".05"}
    found = eqsolve.sweep(
        "lacker-zariphopoulou-cara",
        {"mu_1": [0.05, 0.08], "theta": [0.0, 0.5, 0.8]},
        {**rows, "T": "1.5"},
        size=2,
    )
    assert found.sizes == {"mu_1": 2, "theta": 3}
    for mu, theta in itertools.product((0.05, 0.08), (0.0, 0.5, 0.8)):
        exact = key.cara([mu, 0.05], [0.2, 0.15], [0.15, 0.25], [theta] * 2, [1, 2])
        point = found.sel(mu_1=mu, theta=theta)
        assert float(point["pi_1_2"]) == pytest.approx(float(exact["pi"][1]), rel=1e-13)


def test_tables_and_laws_reach_a_sweep() -> None:
    table = [
        {"mu": ".08", "nu": ".2", "sigma": ".15", "theta": ".5", "delta": ".5", "weight": ".25"},
        {"mu": ".05", "nu": ".15", "sigma": ".25", "theta": ".8", "delta": "2", "weight": ".75"},
    ]
    fixed = {"type": table}
    found = eqsolve.sweep("lacker-zariphopoulou-crra", {"T": [1.0, 2.0]}, fixed)
    answer = eqsolve.solve("lacker-zariphopoulou-crra", {**fixed, "T": "2"})
    for k in (1, 2):
        assert float(found[f"pi_1_{k}"][1]) == pytest.approx(answer.strategy[f"pi_{k}"]["1"])
    law = {"theta": "uniform:0,1", "mu": ".1", "nu": ".2", "sigma": ".2", "delta": "1"}
    nodes = eqsolve.sweep("lacker-zariphopoulou-cara", {"T": [1.0]}, law)
    last = eqsolve.solve("lacker-zariphopoulou-cara", {**law, "T": "1"}).strategy["pi_24"]["1"]
    assert float(nodes["pi_1_24"][0]) == pytest.approx(last, rel=1e-13)


def test_wrong_types_are_refused() -> None:
    kernel = eqsolve.kernel("lacker-zariphopoulou-cara", types=2)
    rows = {name: 0.5 for name in OWN}
    with pytest.raises(InputError, match="mu_1 is given twice"):
        kernel.evaluate({**rows, "mu_1": 0.1, "T": 1})
    with pytest.raises(InputError, match="there is no parameter 'mu_3'"):
        kernel.evaluate({**rows, "mu_3": 0.1, "T": 1})
    with pytest.raises(InputError, match="types of their own"):
        eqsolve.kernel("execution", types=2)
    with pytest.raises(InputError, match="'mu' does not change the equations"):
        eqsolve.kernel("lacker-zariphopoulou-cara", mu=2)
    with pytest.raises(InputError, match="whole numbers of each type"):
        solve(
            declared.managers,
            {**_spread(_drawn(np.random.default_rng(0), 2)), "T": 1, "weight": ["1/3", "2/3"]},
            size=4,
        )
