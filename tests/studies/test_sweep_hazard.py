"""Sweeps under a hazard rate that moves in time: every point is the answer of one solve."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from flint import fmpq
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

import eqsolve
from eqsolve.arithmetic.code import Code, Folding
from eqsolve.cli import cli
from eqsolve.derivations.one_agent import MODEL
from eqsolve.errors import InputError
from eqsolve.solve import moving, path
from eqsolve.solve.moving import solve_moving
from eqsolve.status import Status

SPEC = "piecewise:0=.2,3=.6"
VALUES = {k: v for k, v in MODEL.cases["example"].items() if k not in ("lambda", "x")}


def _run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["sweep", *words])


def test_every_point_is_what_solving_it_gives(tmp_path: Path) -> None:
    out = tmp_path / "found.csv"
    words = ["one-agent", "--hazard", SPEC, "--set", "example", "--horizon", "5"]
    vary = ["--vary", "gamma=list:2,4", "--vary", "t=list:0,4"]
    result = _run(*words, *vary, "--out", str(out))
    assert result.exit_code == 0, result.stderr
    table = pd.read_csv(out, comment="#")
    assert list(table.status) == ["ok"] * 4
    for row in table.itertuples():
        answer = solve_moving(
            MODEL, SPEC, {**VALUES, "gamma": row.gamma}, horizon="5", at={"x": 1, "t": row.t}
        )
        assert row.pi_x == pytest.approx(answer.strategy["pi"]["x"], rel=1e-14)
        assert row.pi_1 == pytest.approx(answer.strategy["pi"]["1"], rel=1e-14)
    # time and aversion both matter, so that a point taken for another would be seen
    assert table[["pi_x", "pi_1"]].drop_duplicates().shape[0] == 4


def _by_hand(
    gamma: float, times: list[float], rate: Callable[[float], float], breaks: list[float]
) -> NDArray[Any]:
    """Slope and constant of the position at descending times up to 5, from the moments' equations.

    E[X] = a x + d and E[X^2] = h x^2 + g x + ... at min(tau, 5), typed from the generator; the
    position maximizes the generator of E[X] (1 + beta x) - gamma/2 Var[X] over a short time.
    """
    known = {k: float(v) for k, v in VALUES.items()}
    r, excess, beta, alpha = known["r"], known["b"] - known["r"], known["beta"], known["alpha"]
    total = known["nu"] ** 2 + known["sigma"] ** 2

    def position(u: NDArray[Any]) -> tuple[float, float]:
        a, d, h, g = u
        below = gamma * total * h
        slope = excess * (beta * a + gamma * (a * a - h)) / below
        return slope, excess * (alpha * a + gamma * (a * d - g / 2)) / below

    def backward(t: float, u: NDArray[Any]) -> list[float]:
        a, d, h, g = u
        (p, q), lam = position(u), rate(t)
        return [
            lam * (a - 1) - (r + excess * p) * a,
            lam * d - excess * q * a,
            lam * (h - 1) - (2 * (r + excess * p) + total * p * p) * h,
            lam * g - (r + excess * p) * g - 2 * (excess + total * p) * q * h,
        ]

    now, begin, found = np.array([1.0, 0.0, 1.0, 0.0]), 5.0, []
    for stop in sorted({*times, *breaks}, reverse=True):
        run = solve_ivp(
            *(backward, (begin, stop + (1e-12 if stop in breaks else 0.0)), now),
            **{"method": "DOP853", "rtol": 1e-11, "atol": 1e-13},
        )
        now, begin = run.y[:, -1], stop
        if stop in times:
            found.append(position(now))
    return np.array(found)


def _swept(spec: str) -> NDArray[Any]:
    """The same by a sweep: for two aversions, at two times."""
    vary = {"gamma": [2.0, 4.0], "t": [4.0, 0.0]}
    rest = {k: v for k, v in VALUES.items() if k != "gamma"}
    found = eqsolve.sweep("one-agent", vary, rest, hazard=spec, horizon=5)
    return np.stack([found.pi_x.values, found.pi_1.values], axis=-1)


def _off(spec: str = SPEC) -> float:
    """How far a sweep is from the equations of moments, integrated by other means."""
    rates = {SPEC: (lambda t: 0.2 if t < 3 else 0.6, [3.0]), GROWING: (_growing, [])}
    by_hand = np.array([_by_hand(gamma, [4.0, 0.0], *rates[spec]) for gamma in (2.0, 4.0)])
    return float(np.abs(_swept(spec) - by_hand).max())


GROWING = "gompertz:.05,.4"


def _growing(t: float) -> float:
    return 0.05 * float(np.exp(0.4 * t))


@pytest.mark.parametrize("spec", [SPEC, GROWING])
def test_a_sweep_is_what_the_equations_of_moments_give(spec: str) -> None:
    # beside the jump the other integration begins 1e-12 late; else both are right to its 1e-11
    assert _off(spec) < 1e-9


def test_another_rate_in_a_sweep_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = moving.parse_hazard

    def later(spec: str) -> Any:
        return right(spec.replace("3=", "3.01="))

    monkeypatch.setattr(moving, "parse_hazard", later)
    assert _off() > 1e-5


def test_another_coefficient_in_the_equations_of_a_sweep_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = path.time_to_go

    def scaled(*given: Any, **how: Any) -> Code:
        code = right(*given, **how)
        builder = Folding(code.arguments)
        nodes = builder.insert(code, dict(zip(code.arguments, range(len(code.arguments)))))
        more = builder.constant(fmpq(1001, 1000))
        return builder.code([builder.step("mul", more, nodes[0]), *nodes[1:]])

    monkeypatch.setattr(path, "time_to_go", scaled)
    assert _off() > 1e-5


def test_a_point_without_an_equilibrium_has_a_status_and_no_numbers() -> None:
    # in the end the rate is .1: at r = .2 second moments grow faster than horizons strike
    found = eqsolve.sweep(
        "one-agent",
        {"r": [0.03, 0.2], "t": [0.0]},
        {k: v for k, v in VALUES.items() if k != "r"},
        hazard="piecewise:0=.6,3=.1",
    )
    fine = found.status.values[:, 0] == Status.OK
    assert fine.tolist() == [True, False]
    assert np.isnan(found.pi_x.values[~fine]).all()
    assert np.isfinite(found.pi_x.values[fine]).all()


def test_who_sweeps_learns_what_is_missing() -> None:
    with pytest.raises(InputError, match="missing parameter gamma"):
        rest = {k: v for k, v in VALUES.items() if k not in ("gamma", "beta")}
        eqsolve.sweep("one-agent", {"beta": [0.5]}, rest, hazard=SPEC)
    with pytest.raises(InputError, match="no parameter 'lambda'"):
        eqsolve.sweep("one-agent", {"lambda": [0.5]}, VALUES, hazard=SPEC)
    with pytest.raises(InputError, match="agents who differ"):
        eqsolve.sweep("two-agent", {"r": [0.5]}, {}, hazard=SPEC)


@pytest.mark.full
def test_a_game_in_its_authors_letters_is_swept(tmp_path: Path) -> None:
    out = tmp_path / "found.csv"
    words = ["mean-field", "--set", "S1", "--hazard", SPEC, "--vary", "theta=list:.2,.5"]
    assert _run(*words, "--out", str(out)).exit_code == 0
    table = pd.read_csv(out, comment="#")
    values = {k: v for k, v in eqsolve_case("S1").items() if k not in ("lambda", "theta")}
    for row in table.itertuples():
        found = eqsolve.course("mean-field", {**values, "theta": row.theta}, hazard=SPEC, times=[0])
        assert row.k_y == pytest.approx(found.rows[0]["k_y"], rel=1e-14)


def eqsolve_case(name: str) -> dict[str, str]:
    """A named set of the game."""
    from eqsolve.registry import resolve

    return dict(resolve("mean-field").model.cases[name])
