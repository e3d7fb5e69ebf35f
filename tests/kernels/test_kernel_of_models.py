"""Kernels of declared models against their certified solutions, and their statuses."""

from __future__ import annotations

import pickle
import re
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
import sympy as sp

import declared
import eqsolve
from eqsolve.derivation.derivation import derive
from eqsolve.derivation.solve.step import Explicit, Flow, Integral, running, to_go
from eqsolve.errors import DerivationError, InputError
from eqsolve.game import (
    Ansatz,
    Game,
    Horizon,
    Model,
    Player,
    State,
    Vocabulary,
    expected,
    parameter,
    positive,
    t,
)
from eqsolve.handle import Handle
from eqsolve.kernels import storage
from eqsolve.kernels.steps.joining import joined
from eqsolve.kernels.steps.kernel import StepsKernel, model_kernel
from eqsolve.kernels.steps.lanes import MANY
from eqsolve.registry import adopt
from eqsolve.solve.solve import solve
from eqsolve.status import Status
from eqsolve.studies.sweep import design
from eqsolve.verbs import sweep

MODELS = {
    "tracker": (declared.TRACKER, declared.TRACKER.cases["default"], {"x": "2"}),
    "planner": (declared.crowd("planner"), declared.CROWD, {"m": "0.5", "v": "0.1"}),
    "few": (declared.crowd(size=3), {**declared.CROWD, "n": "3"}, {"x": "1", "m": "0.5"}),
    "jumper": (declared.JUMPER, declared.JUMPER.cases["default"], {"x": "1"}),
}


@pytest.fixture(scope="module", params=MODELS)
def made(
    request: pytest.FixtureRequest,
) -> tuple[Model, dict[str, str], dict[str, str], StepsKernel]:
    model, values, at = MODELS[request.param]
    return model, dict(values), at, model_kernel(derive(model))


def test_kernels_agree_with_certified_solutions(
    made: tuple[Model, dict[str, str], dict[str, str], StepsKernel],
) -> None:
    """At the named set and at four seeded sets near it; balls have radii below 1e-15."""
    model, values, at, kernel = made
    rng = np.random.default_rng(7)
    checked = 0
    for attempt in range(5):
        moved = {
            k: (
                v
                if k in ("n",) or attempt == 0
                else str(Fraction(v) * Fraction(rng.uniform(0.8, 1.2)))
            )
            for k, v in values.items()
        }
        answer = solve(model, moved, at=at)
        found = kernel.evaluate({k: float(Fraction(v)) for k, v in {**moved, **at}.items()})
        assert found["status"] == answer.status
        if not answer.ok:
            continue
        checked += 1
        for name, value in answer.coefficients.items():
            if name in found and name not in answer.strategy:
                assert found[name] == pytest.approx(value, rel=2e-11, abs=2e-11), name
        for control, table in answer.strategy.items():
            for monomial, value in table.items():
                column = found[f"{control}_{monomial}"]
                assert column == pytest.approx(value, rel=2e-11, abs=2e-11), (control, monomial)
        if "V" in answer.at:
            assert found["V"] == pytest.approx(answer.at["V"], rel=1e-10)
    assert checked >= 3


def test_a_flow_that_needs_an_integral_takes_it_along() -> None:
    """S' = t - 1 in the time to go from 0 is not what it is at the end while g and R move by it."""
    S, e, g, R, T = sp.symbols("S e g R T")
    integral = Integral(S, sp.S.One, sp.S.Zero, T - running - 1)
    steps = (
        integral,
        Explicit(e, 2 * S, "exponential"),
        Flow((g,), (e**2,), (sp.S.One,), "trajectory"),
        Flow((R,), (S * R,), (sp.S.Zero,), "trajectory"),
    )
    system = SimpleNamespace(rates={S: 1 - t}, terminal={S: sp.S.Zero})
    model = SimpleNamespace(game=SimpleNamespace(horizon=Horizon(end=T)))
    *before, flow = joined(steps, SimpleNamespace(system=system, model=model))  # type: ignore
    assert before == [integral, steps[1]] and isinstance(flow, Flow)
    assert flow.symbols == (S, g, R) and flow.initial == (0, 1, 0)
    assert flow.rates == (T - to_go - 1, e**2, S * R)


def test_a_root_whose_motion_has_a_factor_of_its_own() -> None:
    """A' = A (A/k - r) with A > 0, and a second coefficient whose equation has A, too.

    With dX = (r X - c + Y) dt, dY = -a Y dt and utility -exp(-k c)/k it is A = k r, b = A/(r + a).
    """
    x, y, c, r, k, a, rho, A, b, d = sp.symbols("x y c r k a rho A b d")
    saver = Player("saver", (c,), expected(-sp.exp(-k * c) / k), discount=rho)
    model = Model(
        Game("income", (State(x, r * x - c + y), State(y, -a * y)), (saver,), Horizon()),
        Ansatz(
            {"J": -sp.exp(-A * x - b * y - d)},
            {c: (A * x + b * y + d - sp.log(A)) / k},
        ),
        Vocabulary(*(parameter(s, domain=positive) for s in (r, k, a, rho))),
    )
    values = {"r": 0.25, "k": 2.0, "a": 0.75, "rho": 0.5}
    found = model_kernel(derive(model)).evaluate(values)
    assert found["status"] == Status.OK
    assert (found["A"], found["b"]) == pytest.approx((0.5, 0.5), rel=1e-15)
    assert found["d"] == pytest.approx(np.log(0.5) + 0.5 / 0.25 - 1, rel=1e-14)


def test_points_beyond_the_explosion_are_no_ok() -> None:
    kernel = model_kernel(derive(declared.crowd("planner")))
    values = {k: float(v) for k, v in {**declared.CROWD, "k": "0.05", "w": "1.75"}.items()}
    horizons = np.array([0.5, 0.8, 0.9, 1.5, 4.0])
    end = np.arctanh(np.sqrt(2) / 1.7) / np.sqrt(2)
    found = kernel.evaluate({**values, "T": horizons})
    expected = np.where(horizons < end, int(Status.OK), int(Status.EXPLODES))
    assert found["status"].tolist() == expected.tolist()
    assert np.isnan(found["A"][expected != 0]).all()


def test_values_outside_their_domain_are_a_status() -> None:
    kernel = model_kernel(derive(declared.TRACKER))
    found = kernel.evaluate({"q": [1.0, -1.0, np.nan], "s": 1.0, "rho": 0.1})
    assert found["status"].tolist() == [0, int(Status.INVALID_INPUT), int(Status.INVALID_INPUT)]
    assert np.isnan(found["V"]).all(), "no state was given"


def test_a_wrong_sense_has_no_kernel_that_says_ok() -> None:
    player = declared.TRACKER.game.players[0]
    wrong = replace(player, preference=replace(player.preference, sense="maximize"))
    model = replace(declared.TRACKER, game=replace(declared.TRACKER.game, players=(wrong,)))
    with pytest.raises(DerivationError, match="does not maximize"):
        model_kernel(derive(model))


def test_wrong_inputs_are_refused() -> None:
    kernel = model_kernel(derive(declared.TRACKER))
    with pytest.raises(InputError, match="rho is missing"):
        kernel.evaluate({"q": 1.0, "s": 1.0})
    with pytest.raises(InputError, match="there is no parameter 'z'"):
        kernel.evaluate({"q": 1.0, "s": 1.0, "rho": 1.0, "z": 1.0})
    with pytest.raises(InputError, match="do not broadcast"):
        kernel.evaluate({"q": [1.0, 2.0], "s": [1.0, 2.0, 3.0], "rho": 1.0})


@pytest.mark.full
def test_what_comes_to_rest_is_no_quotient_of_small_numbers() -> None:
    """Next to an excess return of 0 a coefficient is nearly 0 / 0 in the others."""
    values = {"r": 0.0430799602791456, "b": 0.043054080389371155, "nu": 0.25564287005776654}
    values |= {"sigma": 0.17027820635611274, "gamma": 2.557289563312774, "beta": 1.0130806343097383}
    values |= {"alpha": 2.881113526342126, "lambda": 2.5404877170729327}
    kernel = eqsolve.kernel("one-agent")
    fill = storage.load(kernel.path, kernel.game)
    point = np.array([*(values[name] for name in kernel.parameters), 0.0, 1.0])
    found = np.empty(len(kernel.outputs) - 1)
    assert fill.solve_point(point, np.array([True]), found) == Status.OK
    answer = eqsolve.solve("one-agent", {name: Fraction(v) for name, v in values.items()})
    tile = kernel.evaluate(values)
    for name in ("a", "h20", "d"):
        column = found[kernel.outputs.index(name) - 1]
        assert column == pytest.approx(answer.coefficients[name], rel=1e-12)
        assert tile[name] == pytest.approx(answer.coefficients[name], rel=1e-12)


def test_a_coefficient_at_rest_is_written_once() -> None:
    """Another form of a coefficient that the flow gives is not computed besides."""
    source = eqsolve.kernel("one-agent").source
    body = source[source.index("def candidate(") : source.index("solve_point =")]
    rested = re.findall(r"^    (\w+) = u_\w+\[[0-9]\]$", body, re.MULTILINE)
    assert len(rested) == 2
    assert all(len(re.findall(rf"^    {name} = ", body, re.MULTILINE)) == 1 for name in rested)


def test_arrays_are_filled_in_place() -> None:
    """Points that need branches among others; NaN where a state is missing; nothing is aliased."""
    kernel = model_kernel(derive(declared.TRACKER))
    q = np.linspace(-1.0, 3.0, 1000)
    values = {"q": q, "s": 0.5, "rho": 0.1}
    expected = kernel.evaluate(values, x=2.0)
    out = {name: np.empty_like(column) for name, column in expected.items()}
    found = kernel.evaluate(values, x=2.0, out=out)
    for name, column in expected.items():
        assert found[name].base is out[name] and np.array_equal(out[name], column, equal_nan=True)
    invalid = expected["status"] == Status.INVALID_INPUT
    assert np.array_equal(invalid, q < 0) and np.isnan(expected["V"][invalid]).all()
    assert np.isnan(kernel.evaluate(values, outputs=["V"], out={"V": out["V"]})["V"]).all()
    for wrong in ({"V": q}, {"V": np.empty(3)}, {"status": np.empty(1000)}):
        with pytest.raises(InputError, match="the array for"):
            kernel.evaluate(values, x=2.0, out=wrong)
    with pytest.raises(InputError, match="not among the outputs"):
        kernel.evaluate(values, outputs=["status"], out={"V": out["V"]})


def test_results_do_not_depend_on_the_way_to_memory() -> None:
    """Large arrays are filled past the caches where lines begin, wherever the arrays do."""
    kernel = model_kernel(derive(declared.TRACKER))
    size = MANY + 5
    rng = np.random.default_rng(3)
    ranges = {"q": (0.0, 2.0), "s": (0.1, 1.0), "rho": (0.05, 0.5), "x": (-1.0, 1.0)}
    values = {name: rng.uniform(*bounds, size) for name, bounds in ranges.items()}
    expected = [
        kernel.evaluate({name: np.copy(v[part]) for name, v in values.items()})
        for part in (slice(MANY - 1), slice(MANY - 1, size))
    ]
    for behind in (0, 2, 5, None):
        block = np.full((len(kernel.outputs), size + 8), 7.0)
        shift = slice(behind, (behind or 0) + size)
        out = {name: row[shift] for name, row in zip(kernel.outputs[1:], block)}
        found = kernel.evaluate(values, out=None if behind is None else out)
        for name in kernel.outputs:
            parts = np.concatenate([few[name] for few in expected])
            assert np.array_equal(parts, found[name], equal_nan=True)
        if behind is not None:
            assert np.all(block[:, :behind] == 7.0) and np.all(block[:, behind + size :] == 7.0)


def test_a_sweep_without_states_leaves_out_what_needs_them() -> None:
    fixed = {"q": "1", "s": "1/2"}
    axis = {"rho": [0.1, 0.2]}
    tracker = declared.TRACKER
    without = sweep(tracker, axis, fixed)
    within = sweep(tracker, axis, {**fixed, "x": "2"})
    assert set(within) - set(without) == {"a", "V"}
    assert not any(without[name].isnull().any() for name in without)
    assert not any(within[name].isnull().any() for name in within)
    with pytest.raises(InputError, match="the column 'a' needs x.*Give x"):
        sweep(tracker, axis, fixed, columns=["a"])


def test_a_model_sweeps_in_threads_only() -> None:
    plan = design(Handle(adopt(declared.TRACKER)), {"rho": [0.1, 0.2]}, {"q": "1", "s": "1/2"})
    assert list(plan.evaluate(0, 2)["status"]) == [0, 0]
    with pytest.raises(InputError, match="Name the game's file, or use threads"):
        pickle.dumps(plan)
