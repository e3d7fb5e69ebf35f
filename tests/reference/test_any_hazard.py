"""The key for general hazards: published values, the stationary key, and forward moments."""

from __future__ import annotations

import pytest

from reference import cases, hazard, spec
from reference.cases import agrees
from reference.hazard import Hazard
from reference.precision import ctx

TINY = ctx.mpf(10) ** -18
P = cases.HAZARD
RATES = {
    "constant .6": hazard.constant(".6"),
    "gompertz .05 exp(.09 t)": hazard.makeham(0, ".05", ".09"),
    "weibull k=2 scale=20": hazard.weibull(2, 20),
}


@pytest.mark.parametrize("name", RATES)
def test_published_responses(name: str) -> None:
    found, printed = hazard.response(P, RATES[name]), cases.HAZARD_RESPONSES[name]
    assert printed is not None
    assert all(agrees(found[f"p{k + 1}"], text) for k, text in enumerate(printed))


def test_the_start_of_the_integration_does_not_matter() -> None:
    assert hazard.drift_of_truncation(P, RATES["gompertz .05 exp(.09 t)"]) < 1e-15
    # A hazard that falls below 2 r has no solution: the truncated one keeps moving.
    falling = hazard.weibull(".7", 20)
    near, far = (hazard.response(P, falling, T=T, t=1)["p2"] for T in (40, 80))
    assert abs(near - far) > 1e-3


def test_a_constant_hazard_is_the_stationary_key() -> None:
    found, key = hazard.response(P, RATES["constant .6"], x=1, y=1), spec.best_response(P)
    for name in ("p1", "p2", "p3", "a", "c", "d", "h20", "h11", "h02", "h10", "h01", "h00"):
        assert abs(found[name] - key[name]) < TINY
    assert abs(found["V"] - spec.value(key, 1, 1)) < TINY


@pytest.mark.parametrize("n", [3, None])
def test_a_constant_hazard_is_the_stationary_game(n: int | None) -> None:
    S = cases.S1
    key = spec.mean_field(S) if n is None else spec.n_agent(S, n)
    found = hazard.joint_strategy(S, n, hazard.constant(S["lam"]))
    assert all(abs(u - key[f"k{j + 1}"]) < TINY for j, u in enumerate(found))


@pytest.mark.parametrize(
    "rate",
    [
        hazard.constant(".6"),
        hazard.constant(0),  # a fixed horizon
        hazard.piecewise({0: ".02", 2: ".5"}),
        hazard.makeham(".01", ".05", ".09"),
    ],
)
def test_a_last_date_by_forward_moments(rate: Hazard) -> None:
    found = hazard.response(P, rate, T="2.5", x="1.1", y=".9")
    mean, square = hazard.forward(P, rate, "2.5", "1.1", ".9")
    assert abs(found["G"] - mean) < TINY and abs(found["H"] - square) < TINY
    wrong = hazard.forward({**P, "m_2": ".010001"}, rate, "2.5", "1.1", ".9")[1]
    assert abs(found["H"] - wrong) > 1e-9


def test_cumulative_hazards() -> None:
    rates = [*RATES.values(), hazard.piecewise({0: ".02", 2: ".5", 4: "0"})]
    for rate in rates:
        for t in (ctx.mpf("1.7"), ctx.mpf("3.1")):
            step = ctx.mpf(10) ** -20
            slope = (rate.cumulative(t + step) - rate.cumulative(t - step)) / (2 * step)
            assert abs(slope - rate.rate(t)) < 1e-15
