"""Rates that are powers of the time, on a clock on which they are polynomials; any unit of time.

The equations of moments are typed once more and integrated in the logarithm of the time, down to a
time before which the horizon strikes with a probability below 1e-13.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from scipy.integrate import solve_ivp

import eqsolve
from eqsolve.arithmetic.code import Code, Step
from eqsolve.derivations.one_agent import MODEL
from eqsolve.errors import DerivationError
from eqsolve.solve.answer import Answer
from eqsolve.solve.clock import Clock

VALUES: dict[str, object] = {
    k: v for k, v in MODEL.cases["example"].items() if k not in ("lambda", "x")
}


def _position(u: Any, p: dict[str, float]) -> tuple[float, float]:
    """Slope and constant, from E[X] = a x + d and E[X^2] = h x^2 + g x + ..."""
    (a, d, h, g), excess = u, p["b"] - p["r"]
    below = p["gamma"] * (p["nu"] ** 2 + p["sigma"] ** 2) * h
    slope = excess * (p["beta"] * a + p["gamma"] * (a * a - h)) / below
    return slope, excess * (p["alpha"] * a + p["gamma"] * (a * d - g / 2)) / below


def _by_hand(shape: float, scale: float, end: float, **other: str) -> tuple[float, float]:
    """The position at time 0 under a Weibull rate up to an end."""
    p = {k: float(str(v)) for k, v in {**VALUES, **other}.items()}
    excess, total = p["b"] - p["r"], p["nu"] ** 2 + p["sigma"] ** 2
    first = math.log(scale) - 30 / min(shape, 1.0)

    def backward(w: float, u: Any) -> list[float]:
        a, d, h, g = u
        slope, constant = _position(u, p)
        # by d log t: the rate times t
        struck, t = shape * (math.exp(w) / scale) ** shape, math.exp(w)
        grows = p["r"] + excess * slope
        return [
            struck * (a - 1) - t * grows * a,
            struck * d - t * excess * constant * a,
            struck * (h - 1) - t * (2 * grows + total * slope**2) * h,
            struck * g - t * (grows * g + 2 * (excess + total * slope) * constant * h),
        ]

    run = solve_ivp(
        *(backward, (math.log(end), first), [1.0, 0.0, 1.0, 0.0]),
        **{"method": "LSODA", "rtol": 1e-11, "atol": 1e-13},
    )
    return _position(run.y[:, -1], p)


def _solved(spec: str, horizon: object, time: object = 0, **other: object) -> Answer:
    values = {**VALUES, **other}
    found = eqsolve.course(MODEL, values, hazard=spec, times=[time], horizon=horizon, at={"x": 1})
    (answer,) = found.answers
    assert isinstance(answer, Answer)
    return answer


def _played(answer: Answer) -> tuple[float, float]:
    return answer.strategy["pi"]["x"], answer.strategy["pi"]["1"]


@pytest.mark.parametrize(
    "shape",
    [*("0.5", "1.2345678"), *(pytest.param(k, marks=pytest.mark.full) for k in ("0.3", "2.345"))],
)
def test_a_power_of_the_time_is_enclosed_down_to_time_0(shape: str) -> None:
    answer = _solved(f"weibull:{shape},20", 10)
    assert answer.ok and answer.certificate["largest_relative_radius"] < 1e-18
    assert answer.certificate["conditions"] == "on the whole horizon"
    # the other integration is right to some 1e-10
    assert _played(answer) == pytest.approx(_by_hand(float(shape), 20, 10), rel=1e-8)


@pytest.mark.parametrize("name", ["shape", "scale"])
def test_a_wrong_clock_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the rates are those of another shape, or of another scale."""
    from dataclasses import replace

    right = Clock.on

    def wrong(self: Clock, rates: Code) -> Code:
        number = getattr(self, name)
        return right(replace(self, **{name: number * Fraction(1001, 1000)}), rates)

    monkeypatch.setattr(Clock, "on", wrong)
    off = np.abs(np.subtract(_played(_solved("weibull:1.5,20", 10)), _by_hand(1.5, 20, 10)))
    assert off.max() > 1e-6


def test_a_clock_shows_calendar_times() -> None:
    clock = Clock("rate", Fraction(7, 10), Fraction(20), Fraction(10))
    assert (clock.elapsed(Fraction(0)), clock.elapsed(Fraction(10))) == (1, 0)
    gone = clock.elapsed(Fraction(3))
    assert isinstance(gone, arb) and gone.overlaps(1 - (arb(3) / 10) ** (arb(1) / 10))
    over = clock.calendar(fmpq(1, 4), fmpq(1, 2))
    assert over.contains(10 * fmpq(3, 4) ** 10) and over.contains(10 * fmpq(1, 2) ** 10)
    assert not over.contains(10 * fmpq(4, 5) ** 10)


def test_what_is_not_affine_in_the_rate_has_no_clock() -> None:
    square = Code(("gone", "u", "rate"), (), (Step("mul", (2, 2)), Step("mul", (3, 1))), (4,))
    clock = Clock("rate", Fraction(1, 2), Fraction(1), Fraction(1))
    with pytest.raises(DerivationError, match="not affine in rate"):
        clock.on(square)


@pytest.mark.parametrize(
    ("spec", "horizon"),
    [
        ("weibull:{k},{twenty}", 10),
        ("makeham:{a},{b},{c}", 10),
        ("gompertz:{tiny},{c}", 10),
        pytest.param("gompertz:{tiny},{c}", None, marks=pytest.mark.full),
    ],
)
def test_no_digit_depends_on_the_unit_of_time(spec: str, horizon: int | None) -> None:
    found = []
    for root in (Fraction(1), Fraction(10**6), Fraction(1, 1000)):
        unit = root * root
        per = {"a": ".01", "b": ".05", "c": ".1", "tiny": ".00001"}
        numbers = {name: Fraction(text) / unit for name, text in per.items()}
        rate = spec.format(k=".7", twenty=20 * unit, **numbers)
        own: dict[str, object] = {n: Fraction(str(VALUES[n])) / unit for n in ("r", "b")}
        # volatilities are per root of time
        own |= {n: Fraction(str(VALUES[n])) / root for n in ("nu", "sigma")}
        end = None if horizon is None else horizon * unit
        found.append(_solved(rate, end, 3 * unit, **own))
    for other in found[1:]:
        assert other.ok and _played(other) == pytest.approx(_played(found[0]), rel=4e-16)
        assert other.at["V"] == pytest.approx(found[0].at["V"], rel=4e-16)
        assert other.certificate["steps"] == found[0].certificate["steps"]


@pytest.mark.full
@pytest.mark.parametrize(("shape", "far"), [("0.7", 32), ("0.9", 40)])
def test_a_rate_that_falls_has_a_limit_where_nothing_grows(shape: str, far: float) -> None:
    answer = _solved(f"weibull:{shape},20", None, r="0")
    assert answer.ok and answer.certificate["convergence"] == "observed"
    end = 20 * far ** (1 / float(shape))
    assert _played(answer) == pytest.approx(_by_hand(float(shape), 20, end, r="0"), rel=1e-7)
    # where money bears interest, the end is felt however late it is
    assert not _solved(f"weibull:{shape},20", None, r=".03").ok
