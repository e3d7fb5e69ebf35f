"""Derivatives against differences of the 60-digit answer key, and what surrounds them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner

from eqsolve.cli import cli
from eqsolve.derivations.mean_variance.declaration import ROLES
from eqsolve.derivations.mean_variance.vocabulary import symbol
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.kernels.cubic import tangent
from eqsolve.kernels.cubic.program import program
from eqsolve.registry import model
from eqsolve.status import Status
from eqsolve.studies.sensitivity import derivatives as module
from eqsolve.studies.sensitivity.derivatives import derivatives, names, sensitivity
from eqsolve.studies.sensitivity.region import signs_over
from eqsolve.verbs import kernel
from reference import cases, draws, spec
from reference.precision import ctx, number

KEYS = {
    "p1": "p1",
    "k_x": "k1",
    "k_y": "k2",
    "k_1": "k3",
    "pi": "pi",
    "V": "V",
    "pi_noncompetitive": "pi_noncompetitive",
}
#: Relative step of the differences: their error is its square, far below that of doubles.
STEP = ctx.mpf(10) ** -18
S1 = {**cases.S1, "n": "3"}
S1.pop("lam")
S1["lambda"] = cases.S1["lam"]
POINT = [word for name, value in S1.items() for word in ("-p", f"{name}={value}")]


def outputs(game: str, point: Mapping[str, Any]) -> dict[str, Any]:
    params = {"lam" if k == "lambda" else k: v for k, v in point.items() if k not in "xyn"}
    if game == "n-agent":
        found = spec.n_agent(params, point["n"], point["x"], point["y"])
    else:
        found = spec.mean_field(params, point["x"], point["y"])
    return {name: found[key] for name, key in KEYS.items()}


def differences(game: str, point: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Central differences of all outputs in one parameter; where it is 0 they may cross it."""
    step = STEP * max(abs(point[name]), 1)
    ends = [outputs(game, {**point, name: point[name] + s * step}) for s in (1, -1)]
    return {key: (ends[0][key] - ends[1][key]) / (2 * step) for key in KEYS}


def points(game: str) -> list[dict[str, Fraction]]:
    found = []
    for draw in draws.plausible(4, 21):
        found.append(dict(draw))
    for draw in draws.wide(12, 22):
        if draw["n"] > 1 and all(draw[k] > 0 for k in ("theta", "nu", "alpha", "beta", "r")):
            found.append(dict(draw))
    return [{"lambda" if k == "lam" else k: v for k, v in row.items()} for row in found]


@pytest.mark.parametrize("game", ["n-agent", "mean-field"])
def test_derivatives_agree_with_the_key(game: str) -> None:
    """Every output in every parameter and state, to the rounding that the steepness explains."""
    compared, kept = 0, names(model(game))
    for row in points(game):
        here = {name: row[name] for name in kept}
        found = derivatives(model(game), {k: float(v) for k, v in here.items()}, threads=1)
        if found.status != Status.OK:
            continue
        allowed = 1e-13 / min(1.0, float(found.steepness) ** 2)
        exact = {k: number(v) for k, v in here.items()}
        base = outputs(game, exact)
        for name in kept:
            for output, expected in differences(game, exact, name).items():
                value = found.table[output][name]
                scale = abs(expected) + abs(base[output] / exact[name] if exact[name] else 0)
                error = float(abs(float(value) - expected) / scale) if scale else abs(value)
                assert error <= allowed, (output, name, row)
                compared += 1
    assert compared > 350


def test_a_planted_sign_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the minus of the implicit differentiation the derivatives of p1 change sign."""
    true = tangent.differentiated

    def wrong(source: Any, wanted: Any) -> Any:
        definitions, results = true(source, wanted)
        root = tangent.differential(source.root.symbol)
        flipped = [type(d)(d.symbol, -d.expression) if d.symbol == root else d for d in definitions]
        return flipped, results

    point = {k: float(v) for k, v in S1.items()}
    right = derivatives(model("n-agent"), point)
    monkeypatch.setattr(tangent, "differentiated", wrong)
    monkeypatch.setattr(module, "recalled", lambda title: None)
    monkeypatch.setattr(module, "remember", lambda *args, **note: None)
    module._compiled.cache_clear()
    spoiled = derivatives(model("n-agent"), point)
    module._compiled.cache_clear()
    assert spoiled.table["p1"]["gamma"] == pytest.approx(-right.table["p1"]["gamma"])
    expected = differences(
        "n-agent", {k: number(v) for k, v in {**S1, "x": 1, "y": "2/3"}.items()}, "gamma"
    )
    assert right.table["pi"]["gamma"] == pytest.approx(float(expected["pi"]), rel=1e-12)
    assert abs(float(spoiled.table["pi"]["gamma"] / expected["pi"]) - 1) > 0.1


def test_root_is_differentiated_implicitly_and_symbolically() -> None:
    """The generated differential of p1 is -C_gamma/C_p of the derived cubic."""
    source = program(model("n-agent"))
    definitions, results = tangent.differentiated(source, (source.root.symbol,))
    table = {d.symbol: d.expression for d in definitions}
    root = source.root
    slope = sp.diff(root.expression, root.symbol)
    moved = sp.Add(
        *(sp.diff(root.expression, c) * tangent.differential(c) for c in root.polynomial)
    )
    assert sp.simplify(table[results[root.symbol]] + moved / slope) == 0


def test_point() -> None:
    found = sensitivity(model("n-agent"), **S1)
    assert found.ok and set(found.derivatives) == set(ROLES.outputs.names)
    assert set(found.derivatives["pi"]) == {*S1, "x", "y"}
    assert found.derivatives["pi_noncompetitive"]["theta"] == 0
    assert found.derivatives["k_1"]["alpha"] == pytest.approx(found.values["k_1"])  # alpha = 1
    # k_x and k_y are invariant, k_1 is not: (alpha, beta, gamma) -> c (alpha, beta, gamma)
    for output in ("p1", "k_x", "k_y", "k_1", "pi"):
        row = found.elasticities[output]
        total = sum(row[name] or 0 for name in ("alpha", "beta", "gamma"))
        assert total == pytest.approx(0, abs=1e-13)
    json.dumps(found.to_dict(), allow_nan=False)


def test_mean_field_is_the_limit() -> None:
    large = sensitivity(model("n-agent"), **{**S1, "n": 10**9})
    limit = sensitivity(model("mean-field"), **{k: v for k, v in S1.items() if k != "n"})
    for output, row in limit.derivatives.items():
        for name, value in row.items():
            assert large.derivatives[output][name] == pytest.approx(value, rel=1e-7, abs=1e-9)
    # the derivative in n is -c1/n^2, without cancellation
    assert large.derivatives["k_x"]["n"] == pytest.approx(-0.1244809997404e-18, rel=1e-8)


def test_zero_parameters() -> None:
    """Where a parameter is zero, the derivative in it is one-sided but not switched off."""
    found = sensitivity(model("n-agent"), **{**S1, "theta": 0})
    assert found.derivatives["k_y"]["theta"] == pytest.approx(
        float(kernel("n-agent").evaluate({**_floats(S1), "theta": 1e-9})["k_y"]) / 1e-9, rel=1e-6
    )
    single = sensitivity(model("n-agent"), at={"y": 0}, **{**S1, "n": 1})
    assert single.ok and single.derivatives["pi"]["n"] is None
    assert single.derivatives["pi"]["gamma"] is not None


def _floats(params: Mapping[str, str]) -> dict[str, float]:
    return {k: float(v) for k, v in params.items()}


def test_near_a_fold_the_status_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The threshold is a steepness; the point itself is ordinary."""
    steep = sensitivity(model("n-agent"), **S1).steepness
    assert steep is not None and steep > 0.1
    monkeypatch.setattr(module, "STEEPNESS", 2 * steep)
    found = sensitivity(model("n-agent"), **S1)
    assert found.status == "near-fold" and "diverge" in found.message
    assert not found.derivatives


def test_a_root_at_zero_is_not_a_fold() -> None:
    """Without excess drift nobody invests, but the position rises with b."""
    found = sensitivity(model("n-agent"), **{**S1, "b": "0.03"})
    assert found.ok and found.values["pi"] == 0
    assert found.derivatives["pi"]["b"] is not None and found.derivatives["pi"]["b"] > 1


def test_no_equilibrium_is_a_status() -> None:
    params = {"lambda" if k == "lam" else k: v for k, v in cases.INFINITE_VARIANCE.items()}
    found = sensitivity(model("n-agent"), **params)
    assert found.status == "infinite-variance" and not found.derivatives


def test_threads_and_shapes() -> None:
    point = {**_floats(S1), "gamma": np.linspace(1, 3, 9000), "theta": 0.25}
    one, two = (derivatives(model("n-agent"), point, threads=t) for t in (1, 2))
    assert one.table["V"]["b"].shape == (9000,)
    assert np.array_equal(one.table["V"]["b"], two.table["V"]["b"])
    square = derivatives(
        model("mean-field"), {**_mean_field(), "gamma": [[1.0], [2.0]], "theta": [0.1, 0.2]}
    )
    assert square.table["pi"]["gamma"].shape == (2, 2)


def _mean_field() -> dict[str, float]:
    return {k: float(v) for k, v in S1.items() if k not in ("n", "gamma", "theta")}


RISING = {
    "r": "0.01436",
    "b": "0.23283",
    "nu": "0.21225",
    "sigma": "0.16384",
    "theta": "0.53384",
    "alpha": "2.9604",
    "beta": "1.6209",
    "lambda": "0.05622",
    "n": "10",
    "x": "0.1",
    "y": "2.99",
}


def test_locus_of_a_change_of_sign() -> None:
    """pi rises with gamma up to a maximum, found to the last digits."""
    axes = {"gamma": np.geomspace(0.05, 4, 12), "theta": [0.5, 0.53384, 0.56]}
    fixed = {k: v for k, v in RISING.items() if k != "theta"}
    region = signs_over(model("n-agent"), axes, fixed, outputs=["pi"])
    assert region.signs["pi"]["gamma"].verdict == "+-"
    assert region.signs["pi"]["theta"].verdict == "+"
    assert len([c for c in region.locus if c.parameter == "gamma"]) == 3
    change = next(c for c in region.locus if c.parameter == "gamma" and c.at["theta"] == 0.53384)
    assert change.kind == "zero"
    assert change.high - change.low <= 4e-16
    gamma, values = change.at["gamma"], _floats(RISING)
    three = kernel("n-agent").evaluate({**values, "gamma": gamma * np.array([0.999, 1, 1.001])})
    assert three["pi"][1] > max(three["pi"][0], three["pi"][2])
    json.dumps(region.to_dict(), allow_nan=False)


def test_locus_along_the_number_of_agents_is_an_interval() -> None:
    fixed = {k: v for k, v in RISING.items() if k != "n"} | {"gamma": "1"}
    region = signs_over(model("n-agent"), {"n": [2.0, 50.0, 1000.0]}, fixed)
    assert all(c.high == c.low + 1 for c in region.locus)
    assert all(c.kind == "between" for c in region.locus)


def test_rounding_errors_have_no_sign() -> None:
    """Without weight on own wealth p1, k_x and k_y do not depend on gamma; p1 not on theta."""
    fixed = {**{k: v for k, v in RISING.items() if k != "b"}, "beta": "0", "gamma": "2"}
    table = derivatives(model("n-agent"), _floats({**fixed, "b": "0.13"})).table
    assert table["k_x"]["gamma"] != 0  # what is left of zero
    region = signs_over(model("n-agent"), {"b": np.linspace(0.02, 0.4, 60)}, fixed)
    for output, name in (("p1", "gamma"), ("k_x", "gamma"), ("k_y", "gamma"), ("p1", "theta")):
        assert region.signs[output][name].zero == region.statuses["ok"] > 30
    assert region.signs["k_x"]["theta"].zero == 0
    given = {k: v for k, v in fixed.items() if k not in "xy"}
    point = sensitivity(model("n-agent"), outputs=["p1"], **{**given, "b": "0.13"})
    assert point.elasticities["p1"]["gamma"] == 0


def test_changes_across_a_gap_are_named() -> None:
    """Between the ends there is no equilibrium, so nothing is said of a zero or a jump."""
    fixed = {"r": "0.001", "nu": "0.16", "sigma": "0.36", "theta": "0.91", "gamma": "1"}
    fixed |= {"alpha": "1", "beta": "1.6", "n": "3", "lambda": "0.131"}
    region = signs_over(model("n-agent"), {"b": [-0.119, -0.019]}, fixed, outputs=["p1"])
    change = next(c for c in region.locus if c.parameter == "r")
    assert change.kind == "gap"
    status = derivatives(
        model("n-agent"), {**_floats(fixed), "b": [change.low, change.high]}
    ).status
    assert sorted(status == Status.OK) == [False, True]


def test_a_zero_on_a_wide_axis_is_found_to_the_last_digits() -> None:
    """Between 1e-9 and 1e9 seventy arithmetic halvings would leave an error of 1e-3."""
    fixed = {k: v for k, v in RISING.items() if k not in ("gamma", "y")} | {"y": "2.99"}
    near = signs_over(
        model("n-agent"), {"gamma": [0.5, 2.0]}, fixed, outputs=["pi"], parameters=["gamma"]
    )
    far = signs_over(
        model("n-agent"), {"gamma": [1e-3, 1e9]}, fixed, outputs=["pi"], parameters=["gamma"]
    )
    (one,), (two,) = near.locus, far.locus
    assert two.kind == "zero" and two.low == pytest.approx(one.low, rel=1e-13)


@pytest.mark.parametrize(
    ("vary", "change"),
    [
        ({}, {}),
        ({"gamma": [2, 1]}, {}),
        ({"gamma": [1]}, {}),
        ({"chess": [1, 2]}, {}),
        ({"theta": [0, 1]}, {"gamma": 1}),
        ({"gamma": [-2, -1]}, {}),
    ],
)
def test_bad_regions(vary: dict[str, Any], change: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        signs_over(model("n-agent"), vary, {**RISING, **change})


def test_bad_names() -> None:
    with pytest.raises(InputError):
        sensitivity(model("n-agent"), outputs=["chess"], **S1)
    with pytest.raises(InputError):
        sensitivity(model("n-agent"), parameters_=["chess"], **S1)
    with pytest.raises(InputError):
        sensitivity(model("heterogeneous"), **S1)
    with pytest.raises(NoSolutionError):
        signs_over(model("n-agent"), {"gamma": [1, 2]}, {**RISING, "lambda": "0.001"})


def test_command() -> None:
    result = CliRunner().invoke(cli, ["sensitivity", "n-agent", *POINT, "--of", "pi", "--json"])
    assert result.exit_code == 0
    found = json.loads(result.output)
    assert found["elasticities"]["pi"]["theta"] == pytest.approx(0.457551661)
    table = CliRunner().invoke(cli, ["sensitivity", "n-agent", *POINT, "--to", "theta,lambda"])
    assert table.exit_code == 0 and "elasticity" in table.output
    words = [w for k, v in RISING.items() if k not in "xy" for w in ("-p", f"{k}={v}")]
    words += ["--at", "x=0.1,y=2.99", "--vary", "gamma=0.05:4:12:log", "--of", "pi"]
    region = CliRunner().invoke(cli, ["sensitivity", "n-agent", *words])
    assert region.exit_code == 0
    assert "d pi / d gamma: zero at gamma = 1.265151658702" in region.output
    none = [w.replace("lambda=.6", "lambda=0.01") for w in POINT]
    assert CliRunner().invoke(cli, ["sensitivity", "n-agent", *none]).exit_code == 4


def test_symbols_of_the_states_are_parameters() -> None:
    assert names(model("mean-field"))[-2:] == (symbol("x").name, symbol("y").name)
