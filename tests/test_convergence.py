"""Convergence of n agents to the mean field."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from eqsolve.errors import InputError, NoSolutionError
from eqsolve.numerics import convergence
from eqsolve.numerics.convergence import converge, parse_counts, rate_constants
from eqsolve.numerics.status import Status
from reference import cases, draws, spec

#: Numbers of agents that are too large or too many.
LARGE = ("1e400:2:3", "2:1e13:3:log", "9" * 5000, "2:3:" + "9" * 5000, "\u0663", "2:200002:200001")
COUNTS = (10, 100, 1000, 10**6, 10**9)


def test_published_constants_and_rows() -> None:
    found = converge("n-agent", COUNTS, **cases.S1)
    result = found.to_dict()
    for name, printed in zip(("x", "y", "1"), cases.RATE_CONSTANTS):
        assert cases.agrees(result["rate_constants"][name], printed)
    ten = result["rows"][0]
    for name, printed in zip(("x", "y", "1"), cases.RATE_AT_TEN):
        assert cases.agrees(10 * (ten[name] - result["limit"][name]), printed)
    assert [row["n"] for row in result["rows"]] == list(COUNTS)
    assert "skipped" not in result
    assert result["order"] == pytest.approx(1, abs=2e-3)


def test_differences_follow_the_constants() -> None:
    """The remainder is O(1/n), down to the rounding of the coefficients."""
    found = converge("n-agent", COUNTS, **cases.S1)
    for row in found.rows:
        for name, constant in found.rate_constants.items():
            scaled = row["n"] * (row[name] - found.limit[name])
            allowed = 0.6 / row["n"] + 4e-16 * row["n"]
            assert abs(scaled - constant) <= allowed


@pytest.mark.parametrize("seed", [7, 8])
def test_constants_agree_with_the_key(seed: int) -> None:
    for draw in draws.plausible(15, seed):
        given = {k: v for k, v in draw.items() if k not in ("n", "x", "y", "lam")}
        found = rate_constants("n-agent", {**given, "lambda": draw["lam"]})
        for value, expected in zip(found.values(), spec.rate_constants(draw)):
            assert abs(value - float(expected)) <= 1e-12 * abs(float(expected))


def test_a_wrong_constant_or_rate_is_seen() -> None:
    found = converge("n-agent", (10**3, 10**4, 10**5), **cases.S1)
    row = found.rows[-1]
    spoiled = replace(found, rate_constants={k: v * 1.001 for k, v in found.rate_constants.items()})
    scaled = row["n"] * (row["x"] - found.limit["x"])
    assert abs(scaled / found.rate_constants["x"] - 1) < 1e-4
    assert abs(scaled / spoiled.rate_constants["x"] - 1) > 5e-4
    slow = [dict(r) for r in found.rows]
    for entry in slow:
        for name in ("x", "y", "1"):
            entry[f"distance_{name}"] = entry["n"] ** -0.5
    assert convergence._order(slow) == pytest.approx(0.5)


def test_without_competition_there_is_no_order() -> None:
    found = converge("n-agent", (2, 10), **{**cases.S1, "theta": "0"})
    assert found.order is None
    assert set(found.rate_constants.values()) == {0.0}


def test_games_without_equilibrium_are_skipped() -> None:
    given = {k: v for k, v in cases.INFINITE_VARIANCE.items() if k != "n"}
    found = converge("n-agent", (2, 3, 1000), **given)
    assert found.skipped == ((2, Status.INFINITE_VARIANCE),)
    assert found.to_dict()["skipped"] == [{"n": 2, "status": "infinite-variance"}]
    assert [row["n"] for row in found.rows] == [3, 1000]
    with pytest.raises(NoSolutionError, match="no finite game"):
        converge("n-agent", (2,), **given)


def test_limit_without_equilibrium() -> None:
    hopeless = {**cases.S1, "b": "0.07", "r": "0.05", "lam": "0.08"}
    with pytest.raises(NoSolutionError, match="mean-field"):
        converge("n-agent", (10, 100), **hopeless)


def test_counts() -> None:
    assert parse_counts("10, 100,1000") == (10, 100, 1000)
    assert parse_counts("3,2,3") == (2, 3)
    assert parse_counts("2:1000000:4:log") == (2, 159, 12599, 1000000)
    assert parse_counts("2:5:4") == (2, 3, 4, 5)


@pytest.mark.parametrize(
    "text", ["", "a", "1.5", "0", "-3", "10,,20", "1:2", "0:10:3", "1e3", *LARGE]
)
def test_bad_counts(text: str) -> None:
    with pytest.raises(InputError):
        parse_counts(text)


@pytest.mark.parametrize(
    ("game", "n", "change"),
    [
        ("mean-field", (10,), {}),
        ("chess", (10,), {}),
        ("n-agent", (2.5,), {}),
        ("n-agent", (math.nan,), {}),
        ("n-agent", (math.inf,), {}),
        ("n-agent", (10**400,), {}),
        ("n-agent", (10**5000,), {}),
        ("n-agent", (10,), {"gamma": "1e400"}),
        ("n-agent", ("10",), {}),
        ("n-agent", (), {}),
        ("n-agent", (10,), {"gamma": 0}),
        ("n-agent", (10,), {"foo": 1}),
        ("n-agent", (10,), {"gamma": None}),
        ("n-agent", (10,), {"alpha": 0, "beta": 0}),
    ],
)
def test_bad_input(game: str, n: tuple[Any, ...], change: dict[str, Any]) -> None:
    given: dict[str, Any] = {**cases.S1, **change}
    given = {k: v for k, v in given.items() if v is not None}
    with pytest.raises(InputError):
        converge(game, n, **given)


def test_rows_as_csv(tmp_path: Path) -> None:
    found = converge("n-agent", (10, 100), **cases.S1)
    path = tmp_path / "rows.csv"
    found.write(path)
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [int(row["n"]) for row in rows] == [10, 100]
    assert float(rows[0]["x"]) == found.rows[0]["x"]
    with pytest.raises(InputError):
        found.write(tmp_path / "missing" / "rows.csv")


def test_exact_parameters_are_kept() -> None:
    third = converge("n-agent", (10, 20), **{**cases.S1, "theta": "1/3"})
    same = converge("n-agent", (10, 20), **{**cases.S1, "theta": Fraction(1, 3)})
    assert third == same
