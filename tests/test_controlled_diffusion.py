"""Merton's problem and its kind on a logarithmic grid of wealth."""

from __future__ import annotations

import signal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from eqsolve.errors import InputError
from eqsolve.pde import DiffusionSolution, solve_controlled_diffusion

MARKET: dict[str, Any] = {"rate": 0.02, "excess": 0.05, "volatility": 0.2}


def merton(aversion: float) -> tuple[float, float]:
    """Fraction at risk, and growth of the certainty equivalent."""
    return 0.05 / (aversion * 0.04), 0.02 + 0.05**2 / (2 * aversion * 0.04)


def policy_error(found: DiffusionSolution, aversion: float) -> float:
    """Largest relative error of the portfolio at any time and wealth."""
    assert found.ok, found.message
    exact = merton(aversion)[0] * found.wealth
    return float(abs(found.portfolio / exact - 1).max())


@pytest.mark.parametrize("aversion", [0.5, 1.0, 3.0, 10.0])
def test_certainty_equivalent_is_exact_over_ten_decades(aversion: float) -> None:
    found = solve_controlled_diffusion(
        **MARKET, risk_aversion=aversion, formulation="certainty_equivalent"
    )
    assert policy_error(found, aversion) < 1e-13
    growth = merton(aversion)[1]
    exact = np.exp(np.outer(1 - found.t, np.full(161, growth))) * found.wealth
    assert found.certainty_equivalent is not None and found.value is not None
    np.testing.assert_allclose(found.certainty_equivalent, exact, rtol=1e-13)


@pytest.mark.parametrize(
    ("aversion", "size"), [(0.5, 4.4e-4), (1.25, 2.2e-5), (2.0, 8.8e-4), (3.0, 4.7e-3)]
)
def test_value_is_of_second_order_over_ten_decades(aversion: float, size: float) -> None:
    errors = []
    for nodes in (161, 321, 641):
        found = solve_controlled_diffusion(**MARKET, nodes=nodes, risk_aversion=aversion)
        errors.append(policy_error(found, aversion))
        assert found.value is not None
        power = 1 - aversion
        exact = np.exp(power * merton(aversion)[1]) * found.wealth**power / power
        assert abs(found.value[0] / exact - 1).max() < errors[-1]
    assert 0.9 * size < errors[0] < size
    slopes = np.log2(np.array(errors[:-1]) / errors[1:])
    assert slopes == pytest.approx([2.0, 2.0], abs=0.1)


def test_planted_errors_are_seen() -> None:
    for name in MARKET:
        wrong = MARKET | {name: MARKET[name] * 1.01}
        found = solve_controlled_diffusion(
            **wrong, risk_aversion=2.0, formulation="certainty_equivalent"
        )
        exact = np.exp(merton(2.0)[1]) * found.wealth
        assert found.certainty_equivalent is not None
        assert abs(found.certainty_equivalent[0] / exact - 1).max() > 1e-4


def excess(x: Any) -> Any:
    return 0.05 + 0.02 * np.tanh(np.log(x))


def method_of_lines(nodes: int, aversion: float) -> tuple[Any, Any]:
    """A third opinion: the maximized equation, differences of fourth order, a stiff integrator."""
    y = np.linspace(np.log(1e-2), np.log(1e2), nodes)
    h = y[1] - y[0]
    premium, power = excess(np.exp(y)), 1 - aversion

    def fraction_and_growth(c: Any) -> tuple[Any, Any]:
        padded = np.concatenate(
            [
                c[0] - (c[1] - c[0]) * np.array([2.0, 1.0]),
                c,
                c[-1] + (c[-1] - c[-2]) * np.array([1.0, 2.0]),
            ]
        )
        slope = (padded[:-4] - 8 * padded[1:-3] + 8 * padded[3:-1] - padded[4:]) / (12 * h)
        bend = (-padded[:-4] + 16 * padded[1:-3] - 30 * c + 16 * padded[3:-1] - padded[4:]) / (
            12 * h * h
        )
        curvature = slope - bend - power * slope**2
        w = premium * slope / (0.04 * curvature)
        return w, 0.02 * slope + 0.5 * w * premium * slope

    end = solve_ivp(
        lambda s, c: fraction_and_growth(c)[1], (0, 1), y, method="LSODA", rtol=1e-10, atol=1e-12
    ).y[:, -1]
    return fraction_and_growth(end)[0], end


def test_a_market_that_depends_on_wealth_agrees_with_another_method() -> None:
    w, c = method_of_lines(161, 2.0)
    inner = slice(8, -8)
    for formulation in ("value", "certainty_equivalent"):
        errors = []
        for nodes in (81, 161):
            found = solve_controlled_diffusion(
                **MARKET | {"excess": excess},
                wealth=(1e-2, 1e2),
                nodes=nodes,
                steps=nodes - 1,
                risk_aversion=2.0,
                formulation=formulation,
            )
            assert found.ok and found.certainty_equivalent is not None
            step = 160 // (nodes - 1)
            pairs = (
                (found.fraction[0], w[::step]),
                (np.log(found.certainty_equivalent[0]), c[::step]),
            )
            errors.append([abs(a - b)[inner].max() for a, b in pairs])
        assert max(errors[1]) < 5e-4, errors
        assert all(coarse > 3 * fine for coarse, fine in zip(*errors, strict=True)), errors


def test_a_bound_on_the_fraction() -> None:
    for formulation in ("value", "certainty_equivalent"):
        found = solve_controlled_diffusion(
            **MARKET, nodes=641, risk_aversion=3.0, bounds=(0.0, 0.3), formulation=formulation
        )
        assert found.ok and (found.fraction == 0.3).all()
        assert found.diagnostics["bound_nodes"] == 641
        growth = 0.02 + 0.05 * 0.3 - 1.5 * (0.2 * 0.3) ** 2
        assert found.certainty_equivalent is not None
        ratio = found.certainty_equivalent[0] / found.wealth
        tolerance = 1e-12 if formulation == "certainty_equivalent" else 1e-4
        np.testing.assert_allclose(ratio, np.exp(growth), rtol=tolerance)


def test_a_mixture_of_power_utilities() -> None:
    """The relative risk aversion falls from 3 to 1/2 as wealth grows."""
    errors = []
    for nodes in (161, 321):
        found = solve_controlled_diffusion(
            **MARKET,
            nodes=nodes,
            risk_aversion=2.0,
            terminal=lambda x: 2 * x**0.5 - 0.5 * x**-2.0,
        )
        assert found.ok, found.message
        low, high = found.fraction[0][5], found.fraction[0][-5]
        errors.append((abs(low - merton(3.0)[0]), abs(high - merton(0.5)[0])))
        assert (np.diff(found.fraction[0]) > 0).mean() > 0.9
    for coarse, fine in zip(*errors, strict=True):
        assert fine < 0.3 * coarse < 3e-3


def test_a_convex_utility_is_refused_a_policy() -> None:
    convex = {"terminal": lambda x: x**2, "wealth": (0.5, 2.0)}
    found = solve_controlled_diffusion(**MARKET, risk_aversion=2.0, **convex)
    assert found.status == "second_order_lost" and not found.ok and "concave" in found.message
    bounded = solve_controlled_diffusion(**MARKET, risk_aversion=2.0, bounds=(0, 1), **convex)
    assert bounded.ok and (bounded.fraction == 1.0).all()


@pytest.mark.parametrize("aversion", [0.05, 0.01, 8.0, 15.0, 30.0])
def test_a_grid_that_does_not_resolve_the_value_says_so(aversion: float) -> None:
    errors, estimates = [], []
    for nodes in (161, 641):
        found = solve_controlled_diffusion(**MARKET, nodes=nodes, risk_aversion=aversion)
        error = float(abs(found.fraction[0] / merton(aversion)[0] - 1).max())
        estimate = found.diagnostics["fraction_error"]
        assert found.ok == (max(estimate, found.diagnostics["certainty_error"]) <= 0.01)
        assert not found.ok or error < 0.012
        errors.append(error)
        estimates.append(estimate)
    assert estimates[1] == pytest.approx(errors[1], rel=0.3)
    assert 0.5 * errors[0] < estimates[0]


def test_steps_that_do_not_resolve_the_value_say_so() -> None:
    growth = merton(5.0)[1]
    for steps, horizon in ((400, 50.0), (20, 50.0), (20, 200.0)):
        found = solve_controlled_diffusion(
            **MARKET,
            wealth=(0.1, 10.0),
            nodes=401,
            steps=steps,
            horizon=horizon,
            risk_aversion=5.0,
        )
        assert found.certainty_equivalent is not None
        logarithm = np.log(found.certainty_equivalent[0] / found.wealth)
        error = float(abs(logarithm - growth * horizon).max())
        estimate = found.diagnostics["certainty_error"]
        assert estimate == pytest.approx(error, rel=0.2) or estimate > error > 0.5
        assert found.ok == (error < 0.01) == (found.status != "unresolved")


@pytest.mark.parametrize("nodes", [81, 161, 641])
def test_an_infinite_value_is_no_solution(nodes: int) -> None:
    """Without aversion to risk every fraction is too small; the differences see a curvature."""
    linear: dict[str, Any] = {"terminal": lambda x: x, "risk_aversion": 2.0, "nodes": nodes}
    found = solve_controlled_diffusion(**MARKET, **linear)
    assert found.status in ("unresolved", "second_order_lost") and not found.ok
    assert "infinite" in found.message or "concave" in found.message
    assert solve_controlled_diffusion(**MARKET, **linear, bounds=(0, 1)).ok


def test_rounding_that_spoils_the_value_is_seen() -> None:
    """Power utility next to the logarithm is a large constant plus little."""
    for aversion in (1 + 1e-6, 1 + 1e-12):
        found = solve_controlled_diffusion(**MARKET, risk_aversion=aversion)
        error = abs(found.fraction[0] / merton(aversion)[0] - 1).max()
        assert found.ok == (error < 0.1)


def test_every_coefficient_is_the_one_of_its_wealth() -> None:
    market: dict[str, Any] = {
        "rate": lambda x: 0.02 + 0.01 * np.tanh(np.log(x)),
        "excess": lambda x: 0.05 + 0.01 * np.tanh(np.log(x)),
        "volatility": lambda x: 0.3 + 0.1 * np.tanh(np.log(x)),
        "wealth": (0.05, 20.0),
        "nodes": 401,
        "risk_aversion": 3.0,
    }
    one = solve_controlled_diffusion(**market, formulation="certainty_equivalent")
    two = solve_controlled_diffusion(**market)
    assert one.ok and two.ok
    last = slice(1, -1)
    myopic = market["excess"](one.wealth) / (3.0 * market["volatility"](one.wealth) ** 2)
    np.testing.assert_allclose(one.fraction[-1, last], myopic[last], rtol=1e-10)
    np.testing.assert_allclose(two.fraction[-1, last], myopic[last], rtol=1e-3)
    inner = slice(80, -80)
    assert abs(one.fraction[0] / myopic - 1)[inner].max() > 0.005
    np.testing.assert_allclose(two.fraction[0, inner], one.fraction[0, inner], rtol=1e-3)


def test_functions_that_raise_are_named() -> None:
    def spoil(x: Any) -> Any:
        x *= 2.0
        return x

    with pytest.raises(InputError, match="rate is a function that raises ValueError"):
        solve_controlled_diffusion(**MARKET | {"rate": spoil}, risk_aversion=2.0)


def test_a_solution_is_plain_data() -> None:
    found = solve_controlled_diffusion(
        **MARKET, wealth=(0.5, 2.0), nodes=9, steps=2, risk_aversion=2.0
    )
    result = found.to_dict()
    assert result["status"] == "ok" and isinstance(result["fraction"][0][0], float)


@pytest.mark.parametrize(
    ("change", "argument", "remedy"),
    [
        ({"wealth": (0.0, 1.0)}, "wealth is 0.0", "positive"),
        ({"wealth": (2.0, 1.0)}, "wealth", "smaller"),
        ({"nodes": 6}, "nodes is 6", "7"),
        ({"steps": 0}, "steps is 0", "1"),
        ({"horizon": 0.0}, "horizon is 0.0", "positive"),
        ({"risk_aversion": 0.0}, "risk_aversion is 0.0", "positive"),
        ({"risk_aversion": np.nan}, "risk_aversion", "finite"),
        ({"volatility": 0.0}, "volatility is 0", "positive"),
        ({"excess": np.inf}, "excess is inf", "finite"),
        ({"rate": np.ones(5)}, "rate is an array of shape [5]", "161"),
        ({"terminal": lambda x: -x}, "terminal", "increase"),
        ({"risk_aversion": 100.0}, "terminal", "certainty_equivalent"),
        ({"bounds": (1.0, 0.0)}, "bounds is (1, 0)", "smaller"),
        ({"bounds": 1.0}, "bounds is 1.0", "two numbers"),
        ({"formulation": "dual"}, "formulation is 'dual'", "value"),
        ({"tolerance": 0.0}, "tolerance is 0", "positive"),
        ({"tolerance": 0.1}, "tolerance is 0.1", "up to 0.001"),
        ({"formulation": np.ones(2)}, "formulation is array", "value"),
        ({"max_iterations": 0}, "max_iterations is 0", "1"),
        ({"nodes": 1_000_000, "steps": 1_000_000}, "nodes times steps", "memory"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else str(value),
)
def test_bad_input_is_named(change: dict[str, Any], argument: str, remedy: str) -> None:
    with pytest.raises(InputError) as caught, np.errstate(over="ignore"):
        solve_controlled_diffusion(**MARKET | {"risk_aversion": 2.0} | change)
    text = str(caught.value)
    assert argument in text and remedy.lower() in text.lower(), text


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    nodes=st.integers(7, 60),
    steps=st.integers(1, 10),
    aversion=st.floats(0.1, 20.0),
    market=st.tuples(st.floats(-0.1, 0.2), st.floats(-0.3, 0.3), st.floats(0.01, 1.0)),
    formulation=st.sampled_from(["value", "certainty_equivalent"]),
)
def test_every_answer_says_what_it_is_worth(
    nodes: int, steps: int, aversion: float, market: tuple[float, ...], formulation: str
) -> None:
    rate, premium, volatility = market
    found = solve_controlled_diffusion(
        nodes=nodes,
        steps=steps,
        rate=rate,
        excess=premium,
        volatility=volatility,
        risk_aversion=aversion,
        formulation=formulation,
    )
    assert found.message
    if found.ok:
        assert np.isfinite(found.fraction).all()
        if formulation == "certainty_equivalent":
            exact = premium / (aversion * volatility**2)
            np.testing.assert_allclose(found.fraction, exact, rtol=1e-8, atol=1e-10)


def test_an_interrupt_is_honored() -> None:
    def handler(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt):
            solve_controlled_diffusion(**MARKET, nodes=2000, steps=8_300, risk_aversion=2.0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def test_fractions_at_the_ends_continue_those_inside() -> None:
    """On a market that depends on wealth, linearly in its logarithm."""
    found = solve_controlled_diffusion(
        wealth=(0.1, 10.0),
        nodes=41,
        steps=10,
        rate=0.02,
        excess=lambda x: 0.05 + 0.01 * np.log(x),
        volatility=0.2,
        risk_aversion=2.0,
    )
    w = found.fraction
    assert found.ok and abs(w[0, 1] - w[0, 2]) > 1e-4
    assert w[:, 0] == pytest.approx(2 * w[:, 1] - w[:, 2], rel=1e-12)
    assert w[:, -1] == pytest.approx(2 * w[:, -2] - w[:, -3], rel=1e-12)
