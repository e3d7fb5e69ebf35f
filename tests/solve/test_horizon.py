"""Conditions on a whole horizon, and the horizon from which on there is no solution."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp
from flint import arb

import declared
from eqsolve.arithmetic.code import Code
from eqsolve.arithmetic.function import Function
from eqsolve.derivation.derivation import derive
from eqsolve.game import t
from eqsolve.program.make import program
from eqsolve.program.program import Claim
from eqsolve.solve.horizon import Intervals, explosion
from eqsolve.solve.path import backward, legs
from eqsolve.solve.point import Point
from eqsolve.solve.solve import answered, solve
from eqsolve.status import Status


def code(expression: sp.Expr) -> Code:
    """A function of its letters by name."""
    letters = sorted(expression.free_symbols, key=str)
    found = Function([expression], letters)
    return Code([s.name for s in letters], found.constants, found.steps, found.outputs)


def claim(expression: sp.Expr, sentence: str = "") -> Claim:
    """That it is positive."""
    return Claim(sentence, code(expression))


#: Between two of the times that are looked at first.
PLACE, HALF = sp.Rational(53, 100), sp.Rational(1, 100)
BELOW = claim((t - PLACE) ** 2 - HALF**2, "the second derivative has the wrong sign")


@pytest.fixture(scope="module")
def intervals() -> Intervals:
    made = program(derive(declared.crowd()))
    point = Point(made, made.inputs.read(declared.CROWD), "limit")
    end = Fraction(declared.CROWD["T"])
    path = backward(made, legs(point.parameters, end, None), {})
    return Intervals(path, point.environment(path.coefficients(Fraction(0)), Fraction(0)))


def test_a_condition_that_fails_for_a_moment_is_found(intervals: Intervals) -> None:
    holds, moment = intervals.holds(BELOW)
    assert holds is False and abs(moment - Fraction(53, 100)) < Fraction(1, 100)
    near = claim((t - PLACE) ** 2 + sp.Rational(1, 10**6))
    assert intervals.holds(near)[0] is True
    assert intervals.holds(claim((t - PLACE) ** 2))[0] is None, "touches zero"


def test_conditions_in_coefficients_are_enclosed(intervals: Intervals) -> None:
    """A falls from A(0) to its terminal value k: it is above k but not above a value between."""
    unknown = intervals.path.unknowns[0]
    first, last = (
        sp.Rational(str(float(intervals.path.coefficients(time)[unknown].mid())))
        for time in (Fraction(0), intervals.path.end)
    )
    low, high = min(first, last), max(first, last)
    assert high - low > 0.05
    assert intervals.holds(claim(sp.Symbol(unknown) - low + sp.Rational(1, 1000)))[0] is True
    assert intervals.holds(claim(sp.Symbol(unknown) - (low + high) / 2))[0] is False


def test_solve_refuses_what_is_no_optimum_between_the_times() -> None:
    made = program(derive(declared.crowd()))
    assert answered(made, declared.CROWD).certificate["conditions"].endswith("horizon")
    found = answered(replace(made, second_order=(BELOW,)), declared.CROWD)
    assert found.status is Status.NOT_A_MAXIMUM and "at t = 0.5" in found.message
    touching = claim((t - PLACE) ** 2)
    found = answered(replace(made, second_order=(touching,)), declared.CROWD)
    assert found.certificate["conditions"] == "at 17 times"


# -- explosions ---------------------------------------------------------------------------------


def test_an_answer_knows_the_horizon_of_its_explosion() -> None:
    """Below it by the formula, above it by the trajectory, and by hand."""
    values = {**declared.CROWD, "k": "0.05", "w": "1.75"}
    longest = math.atanh(math.sqrt(2) / 1.7) / math.sqrt(2)
    for end, status in (("0.5", Status.OK), ("0.8", Status.OK), ("1.5", Status.EXPLODES)):
        answer = solve(declared.crowd, {**values, "T": end}, notion="planner")
        assert answer.status is status
        assert answer.explosion == pytest.approx(longest, rel=1e-12)
    assert answer.explosion != pytest.approx(longest * (1 + 1e-9), rel=1e-10)


def test_an_answer_says_where_there_is_no_explosion_or_none_was_looked_for() -> None:
    answer = solve(declared.crowd, declared.CROWD, notion="planner")
    assert answer.explosion is None
    assert answer.certificate["explosion"] == "none on any horizon"
    answer = solve(declared.crowd, declared.CROWD)
    assert answer.explosion is None
    assert answer.certificate["explosion"] == "none up to 1; not looked for beyond, for B"


@pytest.mark.parametrize(
    ("parts", "start", "time"),
    [
        ((1, 0, 1), 0, math.pi / 2),
        ((1, 0, 1), -1, 3 * math.pi / 4),
        ((1, 0, -1), 2, math.atanh(1 / 2)),
        ((1, 0, -1), -2, math.inf),
        ((1, 0, 0), 3, 1 / 3),
        ((-1, 0, 0), 3, math.inf),
        ((1, -3, 2), 4, math.log(3 / 2)),
    ],
)
def test_scalar_equations_explode_when_their_solutions_do(
    parts: tuple[int, int, int], start: int, time: float
) -> None:
    """tan, coth, rational and partial fractions."""
    u = sp.Symbol("u")
    rate = sum(c * u**i for i, c in enumerate(reversed(parts)))
    found = explosion(code(sp.S.Zero + rate), "u", {}, arb(start))
    assert found is not None and float(found.mid()) == pytest.approx(time, rel=1e-14)


def test_equations_of_other_kinds_are_not_said_to_be_known() -> None:
    u, v = sp.symbols("u v")
    assert explosion(code(u**3), "u", {}, arb(1)) is None
    assert explosion(code(v * u**2), "u", {}, arb(1)) is None
    assert explosion(code(v**2), "u", {}, arb(1)) is None
