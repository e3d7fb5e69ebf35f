"""Convergence of n agents to the mean field."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from documents import hold
from eqsolve.cli import cli
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.registry import limit_of, model
from eqsolve.status import Status
from eqsolve.studies.mean_field_limit import convergence
from eqsolve.studies.mean_field_limit.convergence import parse_counts
from eqsolve.studies.mean_field_limit.expansion import Expansion, Pair
from eqsolve.studies.mean_field_limit.pathwise import pathwise
from reference import cases, draws, spec

#: Numbers of agents that are too large or too many.
LARGE = ("1e400:2:3", "2:1e13:3:log", "9" * 5000, "2:3:" + "9" * 5000, "\u0663", "2:200002:200001")
COUNTS = (10, 100, 1000, 10**6, 10**9)
PAIR = Pair(model("n-agent"), model("mean-field"))


def converge(game: str, n: Any, **given: Any) -> convergence.Convergence:
    found = model(game)
    return convergence.converge(found, limit_of(found), n, **given)


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
    """Free of cancellation up to n = 1e9: what is left after two terms is O(1/n^3)."""
    found = converge("n-agent", COUNTS, **cases.S1)
    for row in found.rows:
        for name, constant in found.rate_constants.items():
            second = found.second_order_constants[name]
            assert abs(row["n"] * row[f"distance_{name}"] - constant) <= 0.1 / row["n"]
            assert abs(row[f"remainder_{name}"] - second) <= 0.05 / row["n"] + 1e-15


@pytest.mark.parametrize("seed", [9])
def test_second_order_constants_of_drawn_sets(seed: int) -> None:
    """n^2 (k_n - k - c1/n) tends to c2 at the rate 1/n: extrapolated from two large n."""
    for draw in draws.plausible(8, seed):
        given = {k: v for k, v in draw.items() if k not in ("n", "x", "y", "lam")}
        expansion = Expansion(PAIR, {**given, "lambda": draw["lam"]})
        near, far = expansion.row(10**8), expansion.row(2 * 10**8)
        for name, second in expansion.second.items():
            limit = 2 * far[f"remainder_{name}"] - near[f"remainder_{name}"]
            scale = max(map(abs, (second, expansion.first[name], expansion.limit[name])))
            assert abs(limit - second) <= 1e-12 * scale
            # a planted error: the second derivative without its factor one half
            assert second == 0 or abs(limit - 2 * second) > 0.1 * abs(second)


def test_position_follows_its_own_constant() -> None:
    found = converge("n-agent", (10**7,), **cases.S1)
    (row,) = found.rows
    total = sum(found.limit[name] for name in ("x", "y", "1"))
    assert found.limit["pi"] == pytest.approx(total, rel=1e-15)
    first = found.rate_constants
    assert first["pi"] == pytest.approx(
        first["x"] + first["y"] + first["1"] - found.limit["y"], rel=1e-13
    )
    assert row["n"] * row["distance_pi"] == pytest.approx(first["pi"], rel=1e-6)


def test_orders() -> None:
    found = converge("n-agent", (10**3, 10**6, 10**9), **cases.S1)
    assert found.order == pytest.approx(1, abs=1e-4)
    for order in found.orders.values():
        assert order == pytest.approx(1, abs=1e-4)


SMALL = (100, 1000, 4000)


def exact(params: dict[str, str]) -> dict[str, Fraction]:
    return {"lambda" if k == "lam" else k: Fraction(v) for k, v in params.items()}


def test_paths_converge_at_the_root_of_n() -> None:
    """Along paths the order is one half.

    The interval of the order covers with probability 0.99; between n = 1000 and 4000 the terms of
    higher order add 0.03. Power: an order of 1 is more than 20 half-widths away.
    """
    found = converge("n-agent", SMALL, paths=600, seed=1, **cases.S1).pathwise
    assert found is not None
    order, constant = found.order, found.constant
    assert order["low"] - 0.05 < 0.5 < order["high"]
    assert order["high"] < 0.75
    assert 0.015 < constant["low"] < constant["value"] < constant["high"] < 0.035
    for row in found.rows:
        assert row["low"] < row["distance"] < row["high"]


def test_paths_do_not_depend_on_threads_and_do_on_the_seed() -> None:
    one, two, other = (
        pathwise(PAIR, exact(cases.S1), (10, 20, 30), paths=200, seed=seed, threads=threads)
        for seed, threads in ((1, 1), (1, 2), (2, 1))
    )
    assert one == two
    assert one.rows != other.rows


def test_without_interaction_of_wealth_paths_converge_at_order_one() -> None:
    """With beta = r = 0 strategies are constant: the distance is that of the constants."""
    found = pathwise(PAIR, exact({**cases.S1, "beta": "0", "r": "0"}), SMALL, paths=100, seed=1)
    expansion = Expansion(PAIR, exact({**cases.S1, "beta": "0", "r": "0"}))
    for row in found.rows:
        assert row["distance"] == pytest.approx(
            expansion.row(int(row["n"]))["distance_1"], rel=1e-9
        )


def test_paths_need_a_distance() -> None:
    with pytest.raises(NoSolutionError, match="distance"):
        converge("n-agent", (10, 100), paths=100, **{**cases.S1, "theta": "0"})
    with pytest.raises(InputError):
        converge("n-agent", (10, 100), paths=1, **cases.S1)


@pytest.mark.parametrize("seed", [7, 8])
def test_constants_agree_with_the_key(seed: int) -> None:
    for draw in draws.plausible(15, seed):
        given = {k: v for k, v in draw.items() if k not in ("n", "x", "y", "lam")}
        found = Expansion(PAIR, {**given, "lambda": draw["lam"]}).first
        for value, expected in zip(found.values(), spec.rate_constants(draw)):
            assert abs(value - float(expected)) <= 1e-12 * abs(float(expected))


def test_a_wrong_constant_or_rate_is_seen() -> None:
    found = converge("n-agent", (10**3, 10**4, 10**5), **cases.S1)
    row = found.rows[-1]
    spoiled = replace(found, rate_constants={k: v * 1.001 for k, v in found.rate_constants.items()})
    scaled = row["n"] * row["distance_x"]
    assert abs(scaled / found.rate_constants["x"] - 1) < 1e-4
    assert abs(scaled / spoiled.rate_constants["x"] - 1) > 5e-4
    slow = [{**r, "distance_x": r["n"] ** -0.5} for r in found.rows]
    assert convergence._order(slow, ("x",)) == pytest.approx(0.5)


def test_without_competition_there_is_no_order() -> None:
    found = converge("n-agent", (2, 10), **{**cases.S1, "theta": "0"})
    assert found.order is None
    assert set(found.rate_constants.values()) == {0.0}


def test_games_without_equilibrium_are_skipped() -> None:
    given = {k: v for k, v in cases.INFINITE_VARIANCE.items() if k != "n"}
    found = converge("n-agent", (2, 3, 1000), **given)
    assert found.skipped == ((2, Status.INFINITE_VARIANCE),)
    hold("converge", found.to_dict())
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
    with pytest.raises(InputError, match="ends in .csv"):
        found.write(tmp_path / "rows.pdf")


def test_exact_parameters_are_kept() -> None:
    third = converge("n-agent", (10, 20), **{**cases.S1, "theta": "1/3"})
    same = converge("n-agent", (10, 20), **{**cases.S1, "theta": Fraction(1, 3)})
    assert third == same


def test_exploitability_does_not_vanish_in_the_limit() -> None:
    """Frozen aggregates are no closed-loop Nash equilibrium of the continuum either."""
    found = converge("n-agent", (10, 1000, 10**6), **cases.S1)
    assert found.exploitability == pytest.approx(4.84897750037e-6, rel=1e-11)
    rows = found.to_dict()["rows"]
    for row in rows:
        n = row["n"]
        key = spec.n_agent(cases.S1, n)
        gain = spec.exploitability(
            cases.S1, n, [key[k] for k in ("k1", "k2", "k3")], 1, spec.number(n - 1) / n
        )
        assert row["exploitability"] == pytest.approx(float(gain["eps"]), rel=1e-12)
    gaps = [row["n"] * (found.exploitability - row["exploitability"]) for row in rows]
    # proportional to 1/n, and a planted limit of zero would not be
    assert gaps[1] == pytest.approx(gaps[2], rel=0.02) and gaps[2] > 0
    mean_field = spec.mean_field(cases.S1)
    profile = [mean_field[k] for k in ("k1", "k2", "k3")]
    assert found.exploitability == pytest.approx(
        float(spec.exploitability(cases.S1, None, profile, 1, 1)["eps"]), rel=1e-12
    )


@pytest.mark.parametrize(
    "change", [{"theta": "0"}, {"beta": "0", "r": "0"}, {"beta": "0", "nu": "0"}, {"b": ".03"}]
)
def test_exploitability_is_zero_only_where_it_is(change: dict[str, str]) -> None:
    found = converge("n-agent", (2, 100), **{**cases.S1, **change})
    assert found.exploitability == 0 and all(row["exploitability"] == 0 for row in found.rows)


def test_what_is_small_is_not_shown_as_zero() -> None:
    """With beta = 0 and a small r every deviation is small, and none is rounding."""
    small = {**cases.S1, "beta": "0", "r": ".0001", "b": ".0901"}
    found = converge("n-agent", (10, 100), **small)
    key = spec.mean_field(small)
    profile = [key[k] for k in ("k1", "k2", "k3")]
    assert 0 < found.exploitability < 1e-20
    assert found.exploitability == pytest.approx(
        float(spec.exploitability(small, None, profile, 1, 1)["eps"]), rel=1e-10
    )
    assert 0 < abs(found.limit["x"]) < 1e-7
    words = [f"-p{'lambda' if k == 'lam' else k}={v}" for k, v in small.items()]
    text = CliRunner().invoke(cli, ["converge", "n-agent", "--n", "10,100", *words]).output
    rows = {line[:12].strip(): line.split() for line in text.splitlines()}
    assert float(rows["mean field"][2]) == pytest.approx(found.limit["x"], rel=1e-14)
    assert f"{found.exploitability:.6g} in the limit: not a closed-loop Nash equilibrium" in text
    assert "0.000000" not in text


def test_directions() -> None:
    """More agents: at S1 everything falls; without idiosyncratic noise pi rises."""
    assert set(converge("n-agent", (10,), **cases.S1).directions.values()) == {"falls"}
    common = {**cases.S1, "nu": "0"}
    moves = converge("n-agent", (10,), **common).directions
    assert moves == {"x": "falls", "y": "rises", "1": "rises", "pi": "rises"}
    for given in (cases.S1, common):
        study = converge("n-agent", (1000, 2000), **given)
        for name, move in study.directions.items():
            low, high = (row[name] for row in study.rows)
            assert move == ("rises" if high > low else "falls")
    alone = converge("n-agent", (10,), **{**cases.S1, "theta": "0"}).directions
    assert set(alone.values()) == {"unchanged"}
