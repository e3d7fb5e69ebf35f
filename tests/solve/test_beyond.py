"""Hazard rates that move in time: values, what is obtained, and ends that are later and later."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from importlib import import_module
from typing import Any

import mpmath
import pytest
from flint import arb, fmpq

from by_name import solve, solve_hazard
from eqsolve.arithmetic.code import Code
from eqsolve.arithmetic.function import Function
from eqsolve.expression import letters
from eqsolve.game.hazard_rates import parse_hazard
from eqsolve.solve.beyond import box, payoffs
from reference import cases
from reference import hazard as key

moving = import_module("eqsolve.solve.moving")
S1 = {k: v for k, v in cases.S1.items() if k != "lam"}
#: No interest and a constant weight on the mean: positions are constants, whatever the hazard.
FLAT = {**S1, "r": "0", "b": ".09", "beta": "0", "n": "3"}
PIECES = {"0": ".1", "2": ".5", "5": ".25"}
SPEC = "piecewise:" + ",".join(f"{a}={b}" for a, b in PIECES.items())


def _obtained(rate: key.Hazard, end: float, position: float) -> Any:
    """J of the first of three agents at wealth 1: all hold a constant position until min(tau, T).

    The relative wealth is a Brownian motion with drift that stops at an independent time.
    """
    p = {name: mpmath.mpf(value) for name, value in FLAT.items()}
    own, others = 1 - p["theta"] / 3, p["theta"] / 3
    drift = p["b"] * position * (1 - p["theta"])
    square = position**2 * (
        p["nu"] ** 2 * (own**2 + 2 * others**2) + p["sigma"] ** 2 * (1 - p["theta"]) ** 2
    )
    alive = [0, *(b for b in rate.breaks if b < end), end]

    def mean(weight: Any) -> Any:
        return mpmath.quad(lambda t: weight(t) * mpmath.exp(-rate.cumulative(t)), alive)

    first, second = mean(lambda t: 1), mean(lambda t: 2 * t)
    variance = square * first + drift**2 * (second - first**2)
    expected = (1 - p["theta"]) + drift * first
    return p["alpha"] * expected - p["gamma"] / 2 * variance


@pytest.mark.parametrize(
    ("spec", "rate"),
    [
        (SPEC, key.piecewise(PIECES)),
        ("gompertz:.05,.3", key.makeham("0", ".05", ".3")),
        ("none", key.constant("0")),
    ],
)
def test_what_is_obtained_until_an_end(spec: str, rate: key.Hazard) -> None:
    answer = solve_hazard("n-agent", spec, FLAT, horizon="6", at={"x": 1}).to_dict()
    here = answer["at"]
    expected = _obtained(rate, 6, here["pi"])
    assert here["J"] == pytest.approx(float(expected), rel=1e-12)
    assert abs(here["exploitability"]) < 1e-15
    # an error in the position is one in what is obtained
    assert here["J"] != pytest.approx(float(_obtained(rate, 6, here["pi"] * 1.001)), rel=1e-9)


def test_a_long_horizon_obtains_what_none_does() -> None:
    place = {"x": "1", "y": "2/3"}
    none = solve("n-agent", at=place, **cases.S1, n="3").to_dict()["at"]
    long = solve_hazard("n-agent", "constant:.6", {**S1, "n": "3"}, horizon="40", at=place)
    for name in ("pi", "V", "J", "exploitability"):
        assert long.to_dict()["at"][name] == pytest.approx(none[name], rel=1e-8, abs=1e-12)


@pytest.mark.parametrize(
    ("time", "horizon"),
    [("1.5", "6"), ("2", "6")]
    + [pytest.param(t, None, marks=pytest.mark.full) for t in ("1.5", "2", "5.5", "9")],
)
def test_pieces_at_every_time(time: str, horizon: str | None) -> None:
    """Before and at a jump, in the last piece, and long after: against the key's integration."""
    given, now = {**S1, "n": "3"}, Fraction(time)
    answer = solve_hazard("n-agent", SPEC, given, horizon=horizon, at={"t": time}).to_dict()
    later = key.piecewise({str(max(Fraction(a) - now, Fraction(0))): b for a, b in PIECES.items()})
    end = None if horizon is None else str(Fraction(horizon) - now)
    expected = key.joint_strategy(S1, 3, later, end)
    for monomial, value in zip(("x", "y", "1"), expected):
        assert answer["strategy"][monomial] == pytest.approx(float(value), rel=1e-9)


def test_the_value_at_given_averages() -> None:
    row = {**S1, "n": "5", "m_b": ".05", "m_s": ".1", "m_2": ".01"}
    place = {"x": "1.5", "y": ".7", "t": "2"}
    answer = solve_hazard("best-response", "expr:.2+.1*t", row, horizon="5", at=place).to_dict()
    rate = key.Hazard(lambda t: (2 + t) / 10, lambda t: t / 5 + t * t / 20)
    expected = key.response({**row, "kappa": ".9"}, rate, T=5, t=2, x="1.5", y=".7")
    assert answer["at"]["V"] == pytest.approx(float(expected["V"]), rel=1e-12)


def _rates(*formulas: str) -> Code:
    from eqsolve.expression import read

    names = ["t", *(f"u{k}" for k in range(len(formulas))), "l"]
    parsed = [read("rate", text, names, "test") for text in formulas]
    code = Function(parsed, letters(names))
    return Code(tuple(names), code.constants, code.steps, code.outputs)


def test_what_pulls_is_decided_exactly() -> None:
    assert payoffs(_rates("l*(3-u0)+u1/u0", "(l*(2-u1)*u0+u1)/u0")) == [fmpq(3), fmpq(2)]
    for wrong in ("l*(3-2*u0)", "l**2*(3-u0)", "l*(3-u0)+l*u1/1000", "u0"):
        assert payoffs(_rates(wrong, "l*(2-u1)")) is None


def test_a_box_holds_all_that_comes_from_later() -> None:
    rates = _rates("l*(1-u0)+u0**2/2", "l*(2-u1)+u0*u1")
    held = box(rates, [fmpq(1), fmpq(2)], arb(8))
    assert held is not None
    for side, center, own in zip(held, (1, 2), range(2)):
        width = float(side.rad())
        corner = [float(one.mid()) + float(one.rad()) for one in held]
        corner[own] = center + width
        assert float(rates([arb(0), *map(arb, corner), arb(8)])[own]) < 0
    # near the explosion of the first one there is none
    assert box(rates, [fmpq(1), fmpq(2)], arb("1.9")) is None


def _gompertz(**given: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = solve_hazard(
        "mean-field", "gompertz:.3,.8", {**S1, **given}
    ).to_dict()
    return found


def test_convergence_is_proved() -> None:
    answer = _gompertz()
    assert answer["enclosure"]["convergence"] == "proved"
    expected = key.joint_strategy(S1, None, key.makeham("0", ".3", ".8"))
    for monomial, value in zip(("x", "y", "1"), expected):
        assert answer["strategy"][monomial] == pytest.approx(float(value), rel=1e-11)


@pytest.mark.full
def test_nothing_is_proved_without_a_box(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as planted:
        # where nothing is shown of later ends, nothing is proved
        planted.setattr(moving, "box", lambda *_: None)
        assert _gompertz()["enclosure"]["convergence"] == "observed"
    with monkeypatch.context() as planted:
        # a rate that is not known to rise may fall later
        hazard = parse_hazard("expr:.3*exp(.8*t)")
        assert not hazard.rising
        planted.setattr(moving, "parse_hazard", lambda text: hazard)
        assert _gompertz()["enclosure"]["convergence"] == "observed"
