"""Risk and weights beside computations that share nothing with them, and the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import eqsolve
from documents import hold
from eqsolve.arrays import Array
from eqsolve.cli import cli
from eqsolve.errors import InputError
from eqsolve.market.read import Market
from eqsolve.market.regimes import regimes
from eqsolve.market.risk import MEASURES, hurst, portfolio, risk
from eqsolve.market.study import MarketStudy
from eqsolve.market.weights import Constraints, Plan, Weights, on_budget, weights
from pages import Page, broken_links, loads, probe, raw_tex

pl = pytest.importorskip("polars")
pytest.importorskip("hmmlearn")
pytest.importorskip("empyrical")
pytest.importorskip("arch")

NEAR = np.array([0.3, -0.1, 0.2])


def market(seed: int = 0, count: int = 400, size: int = 3) -> Market:
    """Returns with a common factor and unlike means."""
    random = np.random.default_rng(seed)
    common = 0.008 * random.standard_normal((count, 1))
    returns = common + 0.01 * random.standard_normal((count, size))
    returns += np.linspace(0.0, 0.001, size)
    dates = np.datetime64("2020-01-01", "s") + np.arange(count) * np.timedelta64(1, "D")
    return Market(tuple("ABCDEF"[:size]), dates, returns, 252.0, "log-returns", ())


# ------------------------------------------------------------------- risk


def test_measures_are_those_of_sorted_returns() -> None:
    found = risk(market(), rate=0.02, draws=20)
    returns = portfolio(market(), np.full(3, 1 / 3), 0.02)
    ordered, worth = np.sort(returns), np.concatenate([[1.0], np.cumprod(1 + returns)])
    place = 0.05 * (len(returns) - 1)
    below = ordered[int(place)]
    quantile = below + (place - int(place)) * (ordered[int(place) + 1] - below)
    assert found["value-at-risk"].value == pytest.approx(-quantile, rel=1e-12)
    # the worst twentieth with the return at its edge, as empyrical has it
    assert found["conditional-value-at-risk"].value == pytest.approx(
        -ordered[: int(place) + 1].mean(), rel=1e-12
    )
    ratio = (returns - 0.02 / 252).mean() / returns.std(ddof=1) * 252**0.5
    assert found["sharpe"].value == pytest.approx(ratio, rel=1e-12)
    drop = max(1 - worth[k:].min() / worth[k] for k in range(len(worth)))
    assert found["drawdown"].value == pytest.approx(drop, rel=1e-12)
    assert list(found) == list(MEASURES)
    for one in found.values():
        assert one.low < one.high and one.error > 0


def test_what_does_not_move_has_no_ratio() -> None:
    found = risk(market(), np.zeros(3), rate=0.02, draws=9, together=False)
    assert found["value-at-risk"].value == pytest.approx(-0.02 / 252)
    assert np.isnan(found["sharpe"].value) and found["drawdown"].value == 0
    assert "hurst" not in found


def test_memory_is_found() -> None:
    """Fractional noise with the exponent 0.8 by its spectrum, and none; five errors are allowed."""
    random = np.random.default_rng(4)
    count = 4096
    noise = np.fft.rfft(random.standard_normal(count))
    frequency = np.arange(1, len(noise)) / count
    noise[1:] *= frequency ** (0.5 - 0.8)
    long, short = hurst(np.fft.irfft(noise)), hurst(random.standard_normal(count))
    assert abs(long.value - 0.8) < 5 * long.error < 0.2
    assert abs(short.value - 0.5) < 5 * short.error
    assert np.isnan(hurst(np.zeros(100)).value)


@pytest.mark.full
def test_bands_of_risk_cover_it() -> None:
    """Value at risk of independent normal returns, 300 markets.

    Percentile bands of a quantile from 400 returns hold it in 90 to 98 %; a shorter tail's value
    is outside.
    """
    from scipy.stats import norm

    scale = (0.008**2 + 0.01**2 / 3) ** 0.5
    true = -np.expm1(0.0005 + scale * norm.ppf(0.05))
    hits = other = 0
    for seed in range(300):
        band = risk(market(seed), draws=300, seed=seed, together=False)["value-at-risk"]
        hits += band.low <= true <= band.high
        other += band.low <= 1.5 * true <= band.high
    assert 258 <= hits <= 298 and other < 30


# ---------------------------------------------------------------- weights


def excess(of: Market, rate: float = 0.0) -> Array:
    found: Array = np.exp(of.returns) - 1 - rate / of.year
    return found


@pytest.mark.parametrize(
    ("within", "nearest"),
    [
        (Constraints(), NEAR),
        (Constraints(low=0.0), np.array([0.3, 0.0, 0.2])),
        (Constraints(budget=1.0), NEAR + 0.2),
        (Constraints(low=0.0, budget=1.0, high=0.5), np.array([0.5, 0.1, 0.4])),
    ],
)
def test_an_infinite_penalty_leaves_the_equilibrium(within: Constraints, nearest: Array) -> None:
    found = weights(market(), NEAR, Plan("w", np.inf, constraints=within))
    # the evolution ends where squared distances differ by 1e-10
    assert found.values == pytest.approx(nearest, abs=1e-4)
    assert found.converged


def test_no_penalty_leaves_the_portfolio_of_markowitz() -> None:
    """In closed form without constraints that bind, by SLSQP and active ones with them."""
    from scipy.optimize import minimize

    of, aversion = market(), 20.0
    mean = 252 * excess(of, 0.01).mean(axis=0)
    covariance = 252 * np.cov(excess(of, 0.01).T)
    free = np.linalg.solve(aversion * covariance, mean)
    found = weights(of, None, Plan("w", 0.0, aversion, constraints=Constraints(-5, 5)), rate=0.01)
    assert found.values == pytest.approx(free, abs=1e-4) and found.distance is None

    def cost(w: Array) -> float:
        return float(aversion * w @ covariance @ w / 2 - mean @ w)

    within = Constraints(0.0, 0.6, 1.0)
    bounds, on = [(0.0, 0.6)] * 3, {"type": "eq", "fun": lambda w: w.sum() - 1}
    other = minimize(
        cost, np.full(3, 1 / 3), method="SLSQP", bounds=bounds, constraints=on, tol=1e-14
    )
    found = weights(of, None, Plan("w", 0.0, aversion, constraints=within), rate=0.01)
    assert found.values == pytest.approx(other.x, abs=1e-4)
    assert found.values.sum() == pytest.approx(1, abs=1e-7)
    # planted: another aversion is seen
    within = Constraints(-5, 5)
    wrong = weights(of, None, Plan("w", 0.0, 1.05 * aversion, constraints=within), rate=0.01)
    assert np.abs(wrong.values - free).max() > 0.01


def _by_linear_program(of: Market, aversion: float, low: float, high: float) -> float:
    """The least aversion CVaR - mean with weights that sum to 1 (Rockafellar and Uryasev 2000)."""
    from scipy.optimize import linprog

    gains = excess(of)
    count, size = gains.shape
    worst = int(0.05 * count)
    tail = aversion * 252**0.5
    price = np.concatenate([-252 * gains.mean(axis=0), [tail], np.full(count, tail / worst)])
    above = np.hstack([-gains, -np.ones((count, 1)), -np.eye(count)])
    on = np.concatenate([np.ones(size), np.zeros(count + 1)])[None]
    bounds = [(low, high)] * size + [(None, None)] + [(0, None)] * count
    found = linprog(price, above, np.zeros(count), on, [1.0], bounds)
    return float(found.fun)


def test_the_tail_is_that_of_a_linear_program() -> None:
    of = market(count=100)
    found = weights(of, None, Plan("w", 0.0, 3.0, "tail", Constraints(0.0, 1.0, 1.0)))
    best = _by_linear_program(of, 3.0, 0.0, 1.0)
    assert found.objective == pytest.approx(best, abs=1e-7)
    assert abs(found.objective - _by_linear_program(of, 3.1, 0.0, 1.0)) > 1e-3


def test_leverage_is_kept() -> None:
    plan = Plan("w", 0.0, constraints=Constraints(-1, 1, 1.0, 1.5))
    found = weights(market(), None, plan)
    assert np.abs(found.values).sum() <= 1.5 + 1e-9
    loose = weights(market(), None, Plan("w", 0.0, constraints=Constraints(-1, 1, 1.0)))
    assert np.abs(loose.values).sum() > 1.6 and loose.objective < found.objective


def test_projections_are_nearest() -> None:
    """What is left points out of the box: the conditions of Karush, Kuhn and Tucker."""
    points = np.random.default_rng(2).normal(size=(5, 50))
    found = on_budget(points, 0.0, 0.5, 1.0)
    assert found.sum(axis=0) == pytest.approx(np.ones(50), abs=1e-12)
    moved = points - found
    inside = (found > 0) & (found < 0.5)
    for k in range(50):
        shift = moved[inside[:, k], k]
        assert len(shift) == 0 or np.ptp(shift) < 1e-12
        level = shift.mean() if len(shift) else None
        if level is not None:
            assert np.all(moved[found[:, k] == 0, k] <= level + 1e-12)
            assert np.all(moved[found[:, k] == 0.5, k] >= level - 1e-12)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (Plan("w", -1.0), "penalty is -1"),
        (Plan("w", float("nan")), "penalty is nan"),
        (Plan("w", 0.0, float("inf")), "aversion is inf"),
        (Plan("w", 0.0, 1.0, "luck"), "'luck' is unknown"),
        (Plan("w", 0.0, constraints=Constraints(1, 0)), "weights from 1 to 0 are not taken"),
        (Plan("w", 0.0, constraints=Constraints(0, float("inf"))), "weights from 0 to inf"),
        (Plan("w", 0.0, constraints=Constraints(0, 0.2, 1.0)), "do not sum to 1"),
        (Plan("w", 0.0, constraints=Constraints(0, 1, float("nan"))), "do not sum to nan"),
        (Plan("w", 0.0, constraints=Constraints(0, 1, 1.0, 0.5)), "sum to 0.5.*--leverage of 1"),
        (Plan("w", 1.0), "no equilibrium to be near to"),
    ],
)
def test_plans_are_refused(plan: Plan, message: str) -> None:
    with pytest.raises(InputError, match=message):
        weights(market(), None, plan)


# --------------------------------------------------------------- all at once

GIVEN = {"r": "0.03", "theta": "0.5", "gamma": "2", "alpha": "1", "beta": "0.5", "lambda": "0.6"}
MAPPED = {"b": "drift", "nu": "idiosyncratic", "sigma": "common", "n": "assets"}


def table(of: Market) -> Any:
    columns = {f"{name} [1]": of.returns[:, k] for k, name in enumerate(of.assets)}
    return pl.DataFrame({"date": of.dates.astype("datetime64[D]"), **columns})


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[MarketStudy, Path]:
    path = tmp_path_factory.mktemp("market") / "page.html"
    found = eqsolve.market(
        table(market()),
        "n-agent",
        GIVEN,
        estimated=MAPPED,
        kind="log-returns",
        count=1,
        draws=40,
        position="pi",
        penalty=float("inf"),
        box=(-9.0, 9.0),
        out=path,
    )
    return found, path


def test_the_study_holds_risk_and_weights(written: tuple[MarketStudy, Path]) -> None:
    study, _ = written
    document = json.loads(json.dumps(study.to_dict()))
    hold("market", document)
    (one,) = document["regimes"]
    together = one["equilibrium"]["columns"]["pi"]["value"]
    for weight in one["portfolio"]["weights"].values():
        assert weight == pytest.approx(together / 3, abs=1e-3)
    assert document["plan"]["penalty"] == "inf"
    assert "weights are chosen from" in str(study) and "hurst" in str(study)
    cited = str(eqsolve.citation(study))
    assert "stationary bootstrap" in cited and "Differential evolution" in cited


def test_the_page_is_whole_and_loads_nothing(written: tuple[MarketStudy, Path]) -> None:
    study, path = written
    text = path.read_text(encoding="utf-8")
    assert raw_tex(text) == [] and broken_links({"page.html": text}) == []
    # references name where programs are, as text
    assert loads(text.replace("https://", "")) == []
    anchors = Page(text).values("id")
    assert len(anchors) == len(set(anchors)) and {"data", "regime-1", "plan"} <= set(anchors)
    for asset in study.market.assets:
        assert f'<td data-label="asset">{asset}</td>' in text


@pytest.mark.full
@pytest.mark.parametrize("width", [390, 1400])
def test_nothing_sticks_out_of_the_page(written: tuple[MarketStudy, Path], width: int) -> None:
    _, path = written
    seen = probe(path.parent, path.name, width)
    assert seen["console"] == [] and seen["overflow"] <= 0


def test_weights_are_told_where_there_are_none() -> None:
    """A regime without an equilibrium has no weights unless the game plays no part."""
    fixed = {**GIVEN, "theta": "5000"}
    how: dict[str, Any] = {"kind": "log-returns", "count": 1, "draws": 9, "estimated": MAPPED}
    found = eqsolve.market(table(market()), "n-agent", fixed, position="pi", **how)
    if found.regimes[0].outcome.status != "ok":
        assert found.regimes[0].portfolio is None
        assert any("no weights" in note for note in found.notes)
    with pytest.raises(InputError, match="no result 'luck'.*Results are"):
        eqsolve.market(table(market()), "n-agent", GIVEN, position="luck", **how)
    assert Weights(NEAR, None, 0.0, False).to_dict(("A", "B", "C"))["status"] == "unresolved"


@pytest.mark.parametrize(
    "game",
    [
        "n-agent --set S1 --estimate b=drift --estimate nu=idiosyncratic --estimate sigma=common "
        "--estimate n=assets",
        pytest.param(
            "merton -p T=1 -p g=3 -p r=0.01 --estimate B=excess --estimate s=volatility",
            marks=pytest.mark.full,
        ),
    ],
)
def test_the_command_writes_the_page(game: str, tmp_path: Path) -> None:
    table(market()).write_csv(tmp_path / "m.csv")
    words = ["market", str(tmp_path / "m.csv"), "--game", *game.split()]
    words += ["--kind", "log-returns", "--regimes", "1", "--draws", "20"]
    found = CliRunner().invoke(cli, [*words, "--out", str(tmp_path / "a.html")])
    assert found.exit_code == 0, found.output
    assert (tmp_path / "a.html").exists()
    found = CliRunner().invoke(cli, [*words, "--out", str(tmp_path / "none" / "a.html")])
    assert found.exit_code == 2 and "Traceback" not in found.output


@pytest.mark.parametrize(
    ("change", "how", "message"),
    [
        (lambda r: np.c_[r, r[:, 0] + r[:, 1]], {}, "follow from those of the others"),
        (lambda r: np.c_[r, -r[:, 0]], {}, "follow from those of the others"),
        (None, {"rate": float("nan")}, "rate is nan"),
        (None, {"rate": 1e9}, r"rate is 1e\+09"),
        (None, {"seed": -1}, "seed is -1"),
        (None, {"seed": 2**40}, "seed is"),
        (None, {"penalty": 1e308}, r"penalty is 1e\+308"),
        (None, {"box": (-1e200, 1.0)}, "are not taken"),
    ],
)
def test_what_cannot_be_computed_with_is_refused(
    change: Any, how: dict[str, Any], message: str
) -> None:
    of = market()
    returns = of.returns if change is None else change(of.returns)
    of = Market(tuple("ABCDEF"[: returns.shape[1]]), of.dates, returns, 252.0, "", ())
    given: dict[str, Any] = {"draws": 9, "position": "pi", "count": 1, **how}
    with pytest.raises(InputError, match=message):
        eqsolve.market(table(of), "n-agent", GIVEN, estimated=MAPPED, kind="log-returns", **given)


def test_a_regime_that_nothing_follows_is_not_taken() -> None:
    """One fall at the end, from which a chain of two regimes has nowhere to go."""
    returns = market().returns.copy()
    returns[-1] = -900.0
    of = Market(tuple("ABC"), market().dates, returns, 252.0, "", ())
    with pytest.raises(InputError, match="no fit of 2 regimes|fewer than 30 periods"):
        regimes(of, 2)
    assert regimes(of).count == 1
