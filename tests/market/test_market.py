"""From a market's data to an equilibrium: what was planted in the data is found in the answer."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner

import eqsolve
from documents import hold
from eqsolve.cli import cli
from eqsolve.errors import InputError, MissingPartError
from eqsolve.market import study
from eqsolve.market.calendar import gaps, periods_of_year
from eqsolve.market.equilibrium import equilibrium
from eqsolve.market.estimate import alike, each, estimate
from eqsolve.market.read import Market, read_market
from eqsolve.market.regimes import Regimes, regimes
from eqsolve.market.risk import risk
from eqsolve.verbs.markets import evaluation

pl = pytest.importorskip("polars")
pytest.importorskip("hmmlearn")

FOLDER = Path(__file__).parents[2] / "docs" / "market"
MADE = runpy.run_path(str(FOLDER / "generate.py"))
#: b, nu, sigma of the simulated markets, and what else the game needs.
TRUTH = {"drift": 0.12, "idiosyncratic": 0.2, "common": 0.25}
MAPPED = {"b": "drift", "nu": "idiosyncratic", "sigma": "common", "n": "assets"}
FIXED: dict[str, object] = {
    **{"r": "0.03", "theta": "0.5", "gamma": "2", "alpha": "1", "beta": "0.5", "lambda": "0.6"}
}


def simulated(seed: int, count: int = 1000, size: int = 5, year: float = 252) -> Market:
    """A market with these parameters; ``year`` is what is said of its periods."""
    random, (b, nu, sigma) = np.random.default_rng(seed), TRUTH.values()
    noise = nu * random.standard_normal((count, size)) + sigma * random.standard_normal((count, 1))
    returns = (b - (nu**2 + sigma**2) / 2) / 252 + noise / 252**0.5
    dates = np.datetime64("2020-01-01", "s") + np.arange(count) * np.timedelta64(1, "D")
    return Market(tuple(f"A{k}" for k in range(size)), dates, returns, year, "log-returns", ())


def test_the_data_are_made_again() -> None:
    assert (FOLDER / "market.csv").read_text() == MADE["text"]()


def test_moments_give_parameters_exactly() -> None:
    loads, own = np.array([0.1, 0.2, 0.3, 0.25]), np.array([0.2, 0.1, 0.3, 0.15])
    covariance = (np.outer(loads, loads) + np.diag(own**2)) / 252
    mean = (np.array([0.1, 0.05, 0.0, 0.2]) - (loads**2 + own**2) / 2) / 252
    found = each(mean, covariance, 252)
    assert found["common"] == pytest.approx(loads, rel=1e-12)
    assert found["idiosyncratic"] == pytest.approx(own, rel=1e-12)
    assert found["drift"] == pytest.approx([0.1, 0.05, 0.0, 0.2], abs=1e-14)
    same = alike(np.zeros(4), (0.04 * np.ones((4, 4)) + 0.09 * np.eye(4)) / 252, 252, 0.01)
    assert same["common"] == pytest.approx(0.2) and same["idiosyncratic"] == pytest.approx(0.3)
    assert same["excess"] == pytest.approx(0.13 / 2 - 0.01)
    # a negative covariance has no common noise
    assert np.isnan(alike(np.zeros(2), np.array([[1.0, -0.5], [-0.5, 1.0]]), 1)["common"])


def test_errors_are_those_of_normal_returns() -> None:
    """Their squares by hand: of the mean, and of the two eigenvalues of the covariances."""
    count, size = 1000, 5
    found = estimate(simulated(1, count, size), draws=4000).figures()
    nu, sigma = found["idiosyncratic"].value, found["common"].value
    whole = nu**2 + size * sigma**2
    of_whole, of_own = 2 * whole**2 / (count - 1), 2 * nu**4 / ((count - 1) * (size - 1))
    # 4000 draws give a standard deviation to 1.1 %; five times that is allowed
    assert found["idiosyncratic"].error == pytest.approx(of_own**0.5 / (2 * nu), rel=0.055)
    common = (of_whole + of_own) ** 0.5 / size / (2 * sigma)
    assert found["common"].error == pytest.approx(common, rel=0.055)
    drift = whole / size / (count / 252) + (of_whole + (size - 1) ** 2 * of_own) / size**2 / 4
    assert found["drift"].error == pytest.approx(drift**0.5, rel=0.055)


def _covered(seeds: range, year: float = 252) -> dict[str, int]:
    hits = dict.fromkeys(TRUTH, 0)
    for seed in seeds:
        figures = estimate(simulated(seed, year=year), draws=300, seed=seed).figures()
        for name, true in TRUTH.items():
            hits[name] += figures[name].low <= true <= figures[name].high
    return hits


def test_bands_cover_what_was_planted() -> None:
    """40 markets: fewer than 31 hits at 95 % have a probability of 1e-4; a wrong year has none."""
    assert min(_covered(range(40)).values()) >= 31
    wrong = _covered(range(40), year=365)
    assert wrong["idiosyncratic"] == 0 and wrong["common"] < 5


@pytest.mark.full
def test_bands_cover_what_was_planted_at_length() -> None:
    """1000 markets, seeds 0 to 999: the share is 95 % within 3 points (4.3 standard errors)."""
    for name, hits in _covered(range(1000)).items():
        assert 920 <= hits <= 980, name


def test_calendars() -> None:
    every = np.arange("2020-01-01", "2024-01-01", dtype="datetime64[D]")
    work = every[np.is_busday(every)]
    assert periods_of_year(work) == 252 and periods_of_year(every) == 365
    assert periods_of_year(every[::7]) == 52
    months = np.arange("2020-01", "2024-01", dtype="datetime64[M]")
    assert periods_of_year(months.astype("datetime64[D]")) == 12
    with pytest.raises(InputError, match=r"20 days apart.*--periods"):
        periods_of_year(every[::20])
    assert not gaps(work).any() and not gaps(months.astype("datetime64[D]")).any()
    assert np.flatnonzero(gaps(np.delete(work, slice(50, 60)))).tolist() == [49]
    assert np.flatnonzero(gaps(np.delete(every, 50))).tolist() == [49]


def test_what_files_have_is_told() -> None:
    found = read_market(FOLDER / "market.csv")
    assert found.assets == MADE["ASSETS"] and found.year == 252 and found.kind == "prices"
    notes = "\n".join(found.notes)
    for said in (
        "sector is left out: it holds texts such as 'wood'",
        "peg is left out: it is constant",
        "notes is left out: all its entries are missing",
        "cedar misses 7 entries",
        "gaps in the dates: 1, the first before 2021-09-01",
        "24 periods are left out",
    ):
        assert said in notes
    # the days without all prices, and the day after each, have no return
    dates, whole = MADE["days"](), np.diff(np.log(np.round(MADE["prices"](), 4)), axis=0)
    row = np.flatnonzero(dates[1:] == found.dates[100].astype("datetime64[D]"))
    assert found.returns[100] == pytest.approx(whole[row[0]], abs=1e-12)
    assert not np.isin(found.dates, np.array(["2021-09-01"], dtype="datetime64[s]")).any()


def _frame(count: int = 60) -> Any:
    random = np.random.default_rng(5)
    prices = 100 * np.exp(np.cumsum(0.01 * random.standard_normal((count, 3)), axis=0))
    every = np.arange("2023-01-02", "2023-09-01", dtype="datetime64[D]")
    dates = every[np.is_busday(every)][:count]
    columns = {name: prices[:, k] for k, name in enumerate("ABC")}
    return pl.DataFrame({"date": dates, **columns})


def test_files_and_frames_are_read_alike(tmp_path: Path) -> None:
    frame = _frame()
    frame.write_csv(tmp_path / "a.csv")
    frame.write_parquet(tmp_path / "a.parquet")
    frame.write_ipc(tmp_path / "a.arrow")
    pandas = pytest.importorskip("pandas").DataFrame(
        {n: frame[n].to_numpy() for n in frame.columns}
    )
    expected = read_market(frame)
    others = [tmp_path / f"a.{kind}" for kind in ("csv", "parquet", "arrow")]
    for data in (*others, pandas, pandas.set_index("date")):
        found = read_market(data)
        assert np.array_equal(found.returns, expected.returns), data
        assert np.array_equal(found.dates, expected.dates)


def test_units_of_returns() -> None:
    frame = _frame()
    logs = {n: np.diff(np.log(frame[n].to_numpy()), prepend=0.0)[1:] for n in "ABC"}
    dates = frame["date"][1:]
    expected = read_market(frame).returns
    for kind, unit, factor in (
        ("log-returns", "", 1),
        ("log-returns", " [%]", 100),
        ("log-returns", " [bp per day]", 1e4),
        ("log-returns", " [%/year]", 25200),
        ("returns", " [1]", None),
    ):
        told = {n + unit: np.expm1(v) if factor is None else v * factor for n, v in logs.items()}
        found = read_market(pl.DataFrame({"date": dates, **told}), kind=kind)
        assert found.returns == pytest.approx(expected, abs=1e-13), (kind, unit)


def _put(change: Callable[[dict[str, Any]], None]) -> Any:
    columns = {name: _frame()[name].to_list() for name in _frame().columns}
    change(columns)
    return pl.DataFrame(columns, strict=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["date"].__setitem__(7, c["date"][6]), "2023-01-10 is there twice"),
        (lambda c: c["date"].__setitem__(7, None), "row 8 has the date None"),
        (lambda c: c["A"].__setitem__(3, -1.0), r"price of A on 2023-01-05 is -1.*--kind returns"),
        (lambda c: c.update({"A": [5.0] * 60, "B": [None] * 60, "C": ["x"] * 60}), "no column"),
        (lambda c: c.update({n: c[n][:40] + [None] * 20 for n in "ABC"}), "no column can be used"),
        (lambda c: [c.update({n: v[:20]}) for n, v in c.items()], "19 periods.*at least 30"),
        (lambda c: c.update({"A [EUR]": c["A"]}), "A twice"),
    ],
)
def test_tables_are_refused(change: Callable[[dict[str, Any]], None], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_market(_put(change))


def test_dates_are_put_in_order_and_taken_once() -> None:
    expected = read_market(_frame())
    turned = pl.concat([_frame().reverse(), _frame()[5:6]])
    found = read_market(turned)
    assert np.array_equal(found.returns, expected.returns)
    assert "the dates were put in order." in found.notes
    assert any("twice with the same numbers" in note for note in found.notes)


def test_per_cent_without_a_unit_is_refused() -> None:
    frame = _frame()
    told = {n: 100 * np.diff(np.log(frame[n].to_numpy())) for n in "ABC"}
    data = pl.DataFrame({"date": frame["date"][1:], **told})
    with pytest.raises(InputError, match=r"volatility of .* above 500% a year.*\[%\]"):
        read_market(data, kind="log-returns")


@pytest.fixture(scope="module")
def divided() -> Regimes:
    """The regimes of the example."""
    return regimes(read_market(FOLDER / "market.csv"))


def test_regimes_are_found_where_there_are_some(divided: Regimes) -> None:
    found = read_market(FOLDER / "market.csv")
    assert divided.count == 2
    planted = MADE["stressed"](found.dates.astype("datetime64[D]"))
    assert np.mean((divided.of == 1) == planted) > 0.97
    calm = found.at(~planted)
    assert regimes(calm).count == 1


def test_the_equilibrium_is_the_games() -> None:
    """At the estimate it is that of ``solve``; draws that contradict the model are counted."""
    found = estimate(simulated(3), draws=50)
    outcome = equilibrium(evaluation("n-agent", FIXED), found, MAPPED)
    given = {name: repr(float(found.values[what])) for name, what in MAPPED.items()}
    answer = eqsolve.solve("n-agent", {**FIXED, **given, "n": "5"}).to_dict()
    assert outcome.columns["k_x"].value == pytest.approx(answer["strategy"]["x"], rel=1e-12)
    assert outcome.status == "ok" and outcome.statuses == {"ok": 50}
    apart = simulated(3, size=2)
    apart.returns[:, 1] = np.random.default_rng(8).permutation(apart.returns[:, 1])
    outcome = equilibrium(evaluation("n-agent", FIXED), estimate(apart, draws=50), MAPPED)
    assert 10 < outcome.statuses["invalid-input"] < 50
    assert outcome.share == outcome.statuses["ok"] / 50
    for wrong, message in (
        ({}, "no parameter"),
        ({"b": "slope"}, "'slope'.*Quantities are drift"),
    ):
        with pytest.raises(InputError, match=message):
            equilibrium(evaluation("n-agent", FIXED), found, wrong)
    with pytest.raises(InputError, match="agents differ"):
        evaluation("heterogeneous", FIXED)
    with pytest.raises(InputError, match="not known from one asset"):
        equilibrium(evaluation("n-agent", FIXED), estimate(simulated(3, size=1), draws=9), MAPPED)


def _run(*arguments: str) -> click.testing.Result:
    mapped = [part for pair in MAPPED.items() for part in ("--estimate", "=".join(pair))]
    options = ("--game", "n-agent", "--set", "S1", "--draws", "50", *mapped)
    return CliRunner().invoke(cli, ["market", *arguments, *options])


def test_the_command(divided: Regimes, monkeypatch: pytest.MonkeyPatch) -> None:
    data = str(FOLDER / "market.csv")
    result = _run(data, "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.output)
    hold("market", document)
    calm, other = document["regimes"]
    for regime, planted in ((calm, MADE["CALM"]), (other, MADE["STRESSED"])):
        for name, true in zip(TRUTH, planted):
            one = regime["estimates"][name]
            # a period that is put in the wrong regime moves volatilities a little, too
            assert abs(one["value"] - true) < 4 * one["error"], name
    # found once more, they are those
    assert document["regimes"][1]["periods"] == int(np.sum(divided.of == 1))
    monkeypatch.setattr(study, "regimes", lambda *_, **__: divided)
    said = _run(data).output
    assert "regime 2 of 2: 512 periods" in said and "of the draws: 50 ok" in said
    for wrong, message in (
        (("none.csv",), "cannot be read"),
        ((data, "--regimes", "x"), "--regimes takes a number or auto"),
        ((data, "-p", "b=1"), "b is given and estimated"),
        ((data, "--date", "when"), "there is no column 'when'"),
    ):
        result = _run(*wrong)
        assert result.exit_code == 2 and message in result.output


@pytest.mark.full
def test_bands_of_the_equilibrium_cover_it() -> None:
    """Through the kernel, 200 markets: 180 to 198 of the bands at 95 % hold what was planted.

    A binomial count at 95 % is outside with a probability of 1.2e-3. A drift less a rate of 20 % is
    four errors away, and its bands do not hold it.
    """
    truth = {name: repr(TRUTH[what]) for name, what in MAPPED.items() if what != "assets"}
    answer = eqsolve.solve("n-agent", {**FIXED, **truth, "n": "5"}).to_dict()
    true, evaluate = answer["strategy"]["x"], evaluation("n-agent", FIXED)
    counts = []
    for rate in (0.0, 0.2):
        hits, mapped = 0, {**MAPPED, "b": "excess"}
        for seed in range(200):
            found = estimate(simulated(seed, 10000), rate=rate, draws=300, seed=seed)
            one = equilibrium(evaluate, found, mapped).columns["k_x"]
            hits += one.low <= true <= one.high
        counts.append(hits)
    assert 180 <= counts[0] <= 198 and counts[1] < 40, counts


@pytest.mark.parametrize("name", ["polars", "hmmlearn.hmm", "empyrical", "arch.bootstrap"])
def test_without_a_package(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingPartError, match=rf"{name.partition('.')[0]}.*\[market\]"):
        risk(read_market(FOLDER / "market.csv"), draws=2)
        regimes(read_market(FOLDER / "market.csv"))
