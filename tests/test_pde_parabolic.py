"""The horizon min(tau, T): against ordinary differential equations and manufactured solutions."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from by_name import solve_hazard
from eqsolve.errors import InputError
from eqsolve.game.hazard_rates import parse_hazard
from eqsolve.pde import GridPath, GridProblem, solve_extended_hjb
from reference import cases

GIVEN = {**cases.S1, "m_b": ".05", "m_s": ".1", "m_2": ".01", "n": "5"}


def feedback(path: GridPath, level: int = 0) -> np.ndarray:
    """Coefficients of x, y, 1 of the policy, fitted on the inner window."""
    window = path.inner
    x, y = np.meshgrid(path.x[window[0]], path.y[window[1]], indexing="ij")
    columns = np.stack([x.ravel(), y.ravel(), np.ones(x.size)], axis=1)
    values = path.policy[level][window].ravel()
    found = np.linalg.lstsq(columns, values, rcond=None)[0]
    assert abs(columns @ found - values).max() < 1e-9
    return np.asarray(found)


def solve(**changes: Any) -> GridPath:
    options: dict[str, Any] = {"nodes": 11, "horizon": 10.0, "time_steps": 40, **changes}
    path = solve_extended_hjb("best-response", GIVEN, **options)
    assert isinstance(path, GridPath)
    return path


@pytest.mark.parametrize(
    ("spec", "horizon", "steps", "printed"),
    [
        ("gompertz:0.05,0.09", 45.0, 360, (0.06497926, 0.02280617, 0.3770766)),
        ("weibull:2,20", 115.0, 460, (-0.04103535, 0.04002708, 0.282167)),
    ],
)
def test_long_horizons_have_the_reference_values(
    spec: str, horizon: float, steps: int, printed: tuple[float, ...]
) -> None:
    path = solve(hazard=spec, horizon=horizon, time_steps=steps)
    assert path.status == "ok", path.message
    assert abs(feedback(path) - printed).max() < 3e-5
    answer = solve_hazard("best-response", spec, {k: v for k, v in GIVEN.items() if k != "lam"})
    strategy = answer.numbers["strategy"]
    assert abs(feedback(path) - [strategy[k] for k in ("x", "y", "1")]).max() < 3e-5


@pytest.mark.parametrize(
    ("scheme", "order"), [("crank-nicolson", 2), (0.5, 2), ("bdf2", 2), ("implicit-euler", 1)]
)
def test_order_in_time(scheme: str | float, order: float) -> None:
    spec = "gompertz:0.05,0.09"
    found = [
        feedback(solve(hazard=spec, horizon=20.0, scheme=scheme, time_steps=n))
        for n in (40, 80, 160)
    ]
    steps = [abs(b - a).max() for a, b in zip(found, found[1:])]
    assert abs(math.log2(steps[0] / steps[1]) - order) < 0.1


def test_a_constant_rate_leads_to_the_stationary_solution() -> None:
    stationary = solve_extended_hjb("best-response", GIVEN, nodes=11)
    for hazard in (None, 0.6, lambda t: 0.6, parse_hazard("constant:.6")):
        path = solve(hazard=hazard, horizon=80.0, time_steps=160, scheme="implicit-euler")
        assert path.status == "ok"
        assert abs(path.policy[0] - stationary.policy).max() < 1e-8
        assert stationary.V is not None and abs(path.V[0] - stationary.V).max() < 1e-8


def test_policy_over_time() -> None:
    path = solve(hazard="gompertz:0.05,0.09")
    assert path.policy.shape == path.G.shape == path.V.shape == (41, 11, 11)
    assert path.times[0] == 0 and path.times[-1] == 10
    assert path.hazard[0] == pytest.approx(0.05)
    # at T the payoff is due at once: V is the payoff's weighted value
    kappa, theta = 1 - 0.5 / 5, 0.5
    x, y = np.meshgrid(path.x, path.y, indexing="ij")
    assert abs(path.G[-1] - (kappa * x - theta * y)).max() < 1e-14
    assert abs(path.V[-1] - (1 + 0.5 * x) * (kappa * x - theta * y)).max() < 1e-12
    result = json.loads(json.dumps(path.to_dict(), allow_nan=False))
    assert result["status"] == "ok" and len(result["policy"]) == 41
    # a fixed horizon is a hazard rate of zero
    fixed = solve(hazard=0.0, horizon=1.0, time_steps=10)
    assert fixed.ok and fixed.diagnostics["second_order_min"] > 0


def test_graded_times_agree() -> None:
    exact = feedback(solve(hazard="gompertz:0.05,0.09", time_steps=320))
    times = 10.0 * np.linspace(0, 1, 81) ** 1.3
    for scheme in ("bdf2", "crank-nicolson"):
        path = solve(hazard="gompertz:0.05,0.09", time_steps=times, scheme=scheme)
        assert abs(feedback(path) - exact).max() < 2e-4


def manufactured(steps: int, nodes: int) -> float:
    """Error of the policy for sin-cos moments that depend on time, sources from the equations."""

    def hazard(t: float) -> float:
        return 0.3 + 0.2 * t

    def jets(t: float, x: np.ndarray, y: np.ndarray) -> list[list[np.ndarray]]:
        """Time derivative, value and derivatives in the states of G and H."""
        out = []
        for size, a, b, mean in (
            (0.05, 1.3, 0.9, (0.8, -0.5, 0, 0)),
            (0.06, 1.1, 1.2, (-0.1, 0.2, 1.0, 0.3)),
        ):
            s, c, u, v = np.sin(a * x + 0.4), np.cos(a * x + 0.4), np.cos(b * y), np.sin(b * y)
            e = size * math.exp(-0.5 * t)
            one, two, quad, square = mean
            out.append(
                [
                    -0.5 * e * s * u,
                    e * s * u + one * x + two * y + quad * x * x + square * y * y,
                    e * a * c * u + one + 2 * quad * x,
                    -e * b * s * v + two + 2 * square * y,
                    -e * a * a * s * u + 2 * quad,
                    -e * a * b * c * v,
                    -e * b * b * s * u + 2 * square,
                ]
            )
        return out

    def weight(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return 1 + 0.3 * x + 0.1 * np.sin(y)

    def policy(t: float, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        g, h = jets(t, x, y)
        f = weight(x, y) + 2 * g[1]
        mix = [f * a - b for a, b in zip(g, h)]
        return np.asarray(-(0.1 * mix[2] + 0.03 * mix[5]) / (0.08 * mix[4]))

    def source(k: int) -> Callable[[float, np.ndarray, np.ndarray], np.ndarray]:
        def at(t: float, x: np.ndarray, y: np.ndarray) -> np.ndarray:
            j, p = jets(t, x, y)[k], policy(t, x, y)
            applied = (0.02 * x + 0.1 * p) * j[2] + (0.02 * y + 0.04) * j[3]
            applied = applied + 0.04 * p**2 * j[4] + 0.03 * p * j[5] + 0.01 * j[6]
            return np.asarray(-j[0] - applied + hazard(t) * (j[1] - start[k](x, y)))

        return at

    def value(k: int) -> Callable[[float, np.ndarray, np.ndarray], np.ndarray]:
        return lambda t, x, y: jets(t, x, y)[k][1]

    horizon = 2.0
    start = [lambda x, y: jets(horizon, x, y)[0][1], lambda x, y: jets(horizon, x, y)[1][1]]
    problem = GridProblem(
        drift=((lambda x, y: 0.02 * x, 0.1), (lambda x, y: 0.02 * y + 0.04, 0)),
        diffusion=((0, 0, 0.08), (0, 0.03, 0), (0.02, 0, 0)),
        payoff=start,
        weight=weight,
        risk_aversion=2.0,
        hazard=1.0,
    )
    path = solve_extended_hjb(
        problem,
        nodes=nodes,
        horizon=horizon,
        hazard=hazard,
        time_steps=steps,
        closure="dirichlet",
        boundary=(value(0), value(1)),
        source=(source(0), source(1)),
    )
    assert path.diagnostics["converged"], path.message
    x, y = np.meshgrid(path.x, path.y, indexing="ij")
    return float(abs(path.policy[0] - policy(0.0, x, y))[path.inner].max())


def test_manufactured_in_time_and_space() -> None:
    errors = [manufactured(5 * k, 10 * k + 1) for k in (1, 2, 4)]
    orders = [math.log2(a / b) for a, b in zip(errors, errors[1:])]
    assert abs(orders[-1] - 2) < 0.1, (errors, orders)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"time_steps": 2}, ["time_steps", "resolve", "3 times"]),
        ({"hazard": "gompertz:0.5,0.9", "time_steps": 20}, ["time_steps", "resolve", "times as"]),
        ({"hazard": lambda t: 0.1 + 2 * (t > 3.3), "time_steps": 20}, ["resolve"]),
        ({"hazard": lambda t: abs(math.sin(7 * t)), "time_steps": 15}, ["resolve"]),
        # the same at nodes and in the middle of every step
        (
            {"hazard": lambda t: 0.5 + 0.4 * math.cos(4 * math.pi * t), "time_steps": 10},
            ["resolve"],
        ),
        ({"hazard": lambda t: 0.1 + 3 * (5.6 < t < 5.72), "time_steps": 20}, ["resolve"]),
        ({"hazard": "weibull:0.7,20"}, ["time_steps", "time 0", "resolve"]),
        ({"hazard": -1.0}, ["hazard", "-1", "nonnegative"]),
        ({"hazard": float("nan")}, ["hazard", "nan", "finite"]),
        ({"hazard": "gompertz:1"}, ["gompertz:1", "gompertz:RATE,GROWTH"]),
        ({"hazard": [1.0]}, ["hazard", "function of time"]),
        ({"horizon": -1.0}, ["horizon", "-1", "positive"]),
        ({"horizon": math.inf}, ["horizon", "inf"]),
        ({"time_steps": 0}, ["time_steps", "0"]),
        ({"time_steps": [0.0, 5.0]}, ["time_steps", "10"]),
        ({"hazard": 0.1, "time_steps": [0.0, 5.0, 5.0, 10.0]}, ["time_steps", "increase"]),
        ({"time_steps": "ten"}, ["time_steps", "ten", "Real"]),
        ({"scheme": "leapfrog"}, ["scheme", "leapfrog", "bdf2"]),
        ({"scheme": 0.3}, ["scheme", "0.3", "1/2"]),
        ({"closure": "dirichlet"}, ["boundary", "missing"]),
        ({"boundary": (0, 0)}, ["boundary", "dirichlet"]),
        ({"closure": "none"}, ["closure", "none"]),
        ({"closure": "dirichlet", "boundary": (0,)}, ["boundary", "Two fields"]),
        ({"closure": "dirichlet", "boundary": 1.0}, ["boundary", "Two fields"]),
        ({"closure": np.ones(2)}, ["closure", "quadratic"]),
        ({"horizon": "long"}, ["horizon", "long", "real"]),
        ({"horizon": True}, ["horizon", "True", "real"]),
        ({"hazard": lambda t: None}, ["hazard(0)", "None", "real"]),
        ({"time_steps": [[0.0, 1.0], [10.0]]}, ["time_steps", "unequal length"]),
        ({"scheme": np.ones(2)}, ["scheme", "real"]),
        ({"tolerance": 0.1}, ["tolerance", "0.1", "0.001"]),
        ({"max_steps": 10}, ["max_steps", "10", "Leave"]),
        ({"anderson": None}, ["anderson", "Leave"]),
        ({"method": "policy"}, ["method", "policy", "Leave"]),
        ({"coarse": 5}, ["coarse"]),
    ],
)
def test_bad_options(options: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        solve(**options)
    assert all(word in str(caught.value) for word in words), caught.value


def test_a_hazard_rate_needs_a_horizon() -> None:
    with pytest.raises(InputError, match="horizon"):
        solve(horizon=None, time_steps=80, hazard="gompertz:1,1")


def test_failures_have_a_status() -> None:
    """Without curvature in the control there is no policy; short waves may grow on the way."""
    problem = GridProblem(
        drift=((0, 0.1), (0, 0)),
        diffusion=((0, 0, 0), (0, 0, 0), (0.1, 0, 0)),
        payoff=(lambda x, y: x - y, lambda x, y: (x - y) ** 2),
        weight=1.0,
        risk_aversion=1.0,
        hazard=1.0,
    )
    path = solve_extended_hjb(problem, nodes=9, horizon=1.0, time_steps=4)
    assert path.status == "step_rejected" and not path.ok
    assert np.isnan(path.policy[0]).all()
    roots = {**cases.ROOTS["three admissible"][0], "m_b": ".05", "m_s": ".1", "m_2": ".01"}
    path = solve_extended_hjb("best-response", roots, nodes=21, horizon=60.0, time_steps=240)
    assert path.status not in ("ok", "degenerate_policy") and path.message


def test_short_waves_are_added_up_over_time() -> None:
    """The integral of a rate that soon is nearly its largest value."""
    roots = {**cases.ROOTS["three admissible"][0], "m_b": ".05", "m_s": ".1", "m_2": ".01"}
    found = []
    for steps in (40, 80):
        path = solve_extended_hjb("best-response", roots, nodes=9, horizon=5.0, time_steps=steps)
        known = path.diagnostics
        assert 0.8 < known["short_wave_exponent"] / (5.0 * known["short_wave_growth"]) < 1.0
        found.append(known["short_wave_exponent"])
    assert found[0] == pytest.approx(found[1], rel=1e-2)
