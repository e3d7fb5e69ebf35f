"""Closed forms of coefficient systems: each against an independent integration, and planted errors.

The equations are written down as blocks; the solvers see nothing but their rates.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import cast

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad, solve_ivp
from scipy.linalg import expm

from eqsolve.derivation.solve import (
    algebra,
    combination,
    equal,
    exponential,
    integral,
    linear,
    matrix_riccati,
    riccati,
    root,
    roots,
    zero,
)
from eqsolve.derivation.solve.block import Block, Found, Known
from eqsolve.derivation.solve.functions import RootCosh, RootSinh, elementary
from eqsolve.derivation.solve.integrate import antiderivative
from eqsolve.derivation.solve.solution import closed
from eqsolve.derivation.solve.step import (
    Explicit,
    Explosion,
    Flow,
    Integral,
    Root,
    Roots,
    running,
    to_go,
)

u, v, y = sp.symbols("u v y")
a, b, c, k, l, q, uT, vT = sp.symbols("a b c k l q u_T v_T")
Numbers = dict[sp.Symbol, sp.Expr]


def _block(*equations: tuple[sp.Symbol, sp.Expr, sp.Expr]) -> Block:
    return Block({s: r for s, r, _ in equations}, {}, {s: start for s, _, start in equations})


def _solved(*blocks: Block) -> tuple[Known, list[Found]]:
    """Solve blocks one after the other in formulas; each must have one."""
    known, results = Known({"u", "v", "y", "a", "b", "c", "k", "l", "q", "u_T", "v_T"}), []
    for block in blocks:
        found = closed(block, known) or combination.recognize_by(closed, block, known)
        assert found is not None and known.proves(found.steps, block)
        known = known.with_steps(found.steps)
        assert block.initial is not None
        known.rates |= block.rates
        known.starts |= block.initial
        results.append(found)
    return known, results


def _numbers(**values: float | str) -> Numbers:
    return {sp.Symbol(name): sp.Rational(str(value)) for name, value in values.items()}


def _value(expression: sp.Expr, numbers: Numbers, time: float) -> float:
    """A closed form at numbers; where a square is negative the functions are trigonometric."""
    moved = expression.xreplace(numbers).xreplace({to_go: sp.Rational(str(time))})
    for function in moved.atoms(RootCosh, RootSinh):
        moved = moved.xreplace({function: elementary(function, bool(function.args[0] > 0))})
    result = complex(sp.N(moved, 25))
    assert abs(result.imag) < 1e-15
    return result.real


def _integrated(blocks: tuple[Block, ...], numbers: Numbers, time: float) -> np.ndarray:
    """The same system by scipy."""
    rates = {s: r for block in blocks for s, r in block.rates.items()}
    starts = {s: e for block in blocks for s, e in (block.initial or {}).items()}
    slope = sp.lambdify([to_go, list(rates)], [r.xreplace(numbers) for r in rates.values()])
    start = [float(starts[s].xreplace(numbers)) for s in rates]
    done = solve_ivp(slope, (0, time), start, "DOP853", rtol=1e-12, atol=1e-13)
    assert done.success
    return cast(np.ndarray, done.y[:, -1])


RICCATI = _block((u, a + b * u + c * u**2, uT))
CASES = {
    "exponential": ((_block((u, k * u + q, uT)),), _numbers(k="0.7", q="-0.3", u_T="1.2")),
    "no slope": ((_block((u, q, uT)),), _numbers(q="-0.3", u_T="1.2")),
    "resonance": (
        (_block((v, k * v, vT)), _block((u, k * u + v, uT))),
        _numbers(k="-0.4", v_T="0.8", u_T="0.5"),
    ),
    "two rates": (
        (_block((v, k * v, vT)), _block((u, l * u + v**2 - to_go * v, uT))),
        _numbers(k="-0.4", l="0.3", v_T="0.8", u_T="0.5"),
    ),
    "calendar time": ((_block((u, k * u + q * to_go**2, uT)),), _numbers(k="2", q="1", u_T="0.5")),
    "Riccati": ((RICCATI,), _numbers(a="0.4", b="0.3", c="-0.8", u_T="0.2")),
    "Riccati, oscillating": ((RICCATI,), _numbers(a="0.6", b="0.3", c="0.8", u_T="0.2")),
    "Riccati, explosive": ((RICCATI,), _numbers(a="0.1", b="0.9", c="0.3", u_T="0.2")),
    "Riccati, linear at these numbers": ((RICCATI,), _numbers(a="1", b="0.5", c="0", u_T="0.2")),
    "Riccati without drift": ((_block((u, c * u**2, uT)),), _numbers(c="-0.8", u_T="0.9")),
    "along a Riccati solution": (
        (RICCATI, _block((v, (b / 2 + c * u) * v + q * u, vT)), _block((y, q * to_go - u, k))),
        _numbers(a="0.4", b="0.3", c="-0.8", u_T="0.2", q="0.7", v_T="-0.4", k="0.1"),
    ),
    "squares of a Riccati solution": (
        (RICCATI, _block((v, b * v + 2 * c * u * v + q * u**2, vT))),
        _numbers(a="0.4", b="0.3", c="-0.8", u_T="0.2", q="0.7", v_T="-0.4"),
    ),
    "by the difference": (
        (RICCATI, _block((v, 2 * u * v + 1 + v**2 + 2 * u**2 - u * u * (1 + c) - b * u - a, vT))),
        _numbers(a="0.4", b="0.3", c="-0.8", u_T="0.2", v_T="-0.4"),
    ),
    "two linear": (
        (_block((u, k * u + l * v + q, uT), (v, a * u + b * v, vT)),),
        _numbers(k="0.3", l="-0.8", a="0.9", b="0.1", q="0.4", u_T="1", v_T="-0.5"),
    ),
    "zero": (
        (_block((u, k * u + l * u * v, sp.S.Zero), (v, a * u + b * v, sp.S.Zero)),),
        _numbers(k="0.3", l="-0.8", a="0.9", b="0.1"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_closed_forms_are_the_integrated_solutions(name: str) -> None:
    blocks, numbers = CASES[name]
    known, _ = _solved(*blocks)
    for time in (0.35, 1.1):
        reference = _integrated(blocks, numbers, time)
        symbols = [s for block in blocks for s in block.rates]
        values = [_value(known.spelled(s), numbers, time) for s in symbols]
        assert values == pytest.approx(list(reference), rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("name", [name for name in CASES if name != "zero"])
def test_planted_errors_are_not_proved(name: str) -> None:
    blocks, _ = CASES[name]
    known, results = _solved(*blocks)
    block, found = blocks[-1], results[-1]
    before = _solved(*blocks[:-1])[0]
    assert before.proves(found.steps, block)
    for position, step in enumerate(found.steps):
        assert isinstance(step, Explicit)
        for wrong in (
            step.expression * sp.Rational(1000001, 1000000),
            -step.expression,
            step.expression + to_go,
            step.expression.xreplace({to_go: 2 * to_go}),
        ):
            if wrong == step.expression:
                continue
            steps = list(found.steps)
            steps[position] = replace(step, expression=wrong)
            assert not before.proves(tuple(steps), block), (step.symbol, wrong)
    late = replace(block, initial={s: e + 1 for s, e in (block.initial or {}).items()})
    assert not before.proves(found.steps, late)
    fast = replace(block, rates={s: r + to_go for s, r in block.rates.items()})
    assert not before.proves(found.steps, fast)


def test_the_pair_of_functions_obeys_its_relation() -> None:
    s = to_go
    cosh, sinh = RootCosh(a / b, s / 2), RootSinh(a / b, s / 2)
    assert algebra.vanishes(cosh**2 - a / b * sinh**2 - 1)
    assert algebra.vanishes(cosh**5 / b - cosh * (1 + a / b * sinh**2) ** 2 / b)
    assert not algebra.vanishes(cosh**2 - a / b * sinh**2 + 1)
    assert not algebra.vanishes(cosh - sinh)
    assert RootCosh(a, 0) == RootCosh(0, s) == 1 and RootSinh(a, 0) == 0 and RootSinh(0, s) == s


@pytest.mark.parametrize("square", [0.7, -0.7])
@pytest.mark.parametrize("symbol", [a, k])
def test_derivatives_of_the_pair(square: float, symbol: sp.Symbol) -> None:
    for function in (RootCosh(a, k), RootSinh(a, k)):
        at = {a: square, k: 0.3}

        def value(expression: sp.Expr, move: float) -> complex:
            moved = elementary(expression, square > 0).subs({**at, symbol: at[symbol] + move})
            return complex(sp.N(moved))

        ratio = (value(function, 1e-5) - value(function, -1e-5)) / 2e-5
        assert value(sp.diff(function, symbol), 0) == pytest.approx(ratio, abs=1e-9)


def test_integrals_that_are_not_in_the_table_stay_integrals() -> None:
    known, _ = _solved(RICCATI)
    w = next(iter(known.denominators))
    assert antiderivative(1 / w, known.functions()) is None
    assert antiderivative(sp.exp(k * to_go) / w, known.functions()) is None
    assert antiderivative(sp.exp(to_go**2), {}) is None
    block = _block((v, k * v + u, vT))
    assert integral.recognize(block, known) is None
    found = integral.recognize_open(block, known)
    assert found is not None
    (step,) = found.steps
    assert isinstance(step, Integral)
    numbers = _numbers(a="0.4", b="0.3", c="-0.8", u_T="0.2", k="-0.5", v_T="1.5")
    inside = step.integrand.xreplace({running: to_go})
    total, _ = quad(lambda s: _value(inside, numbers, round(s, 14)), 0, 0.9, epsabs=1e-11)
    factor = _value(step.factor, numbers, 0.9)
    value = factor * (float(step.initial.xreplace(numbers)) + total)
    assert value == pytest.approx(_integrated((RICCATI, block), numbers, 0.9)[1], rel=1e-9)


@pytest.mark.parametrize(
    ("square", "slope", "time"),
    [
        (4.0, 3.0, math.atanh(2 / 3)),
        (4.0, 2.0, math.inf),
        (4.0, -3.0, math.inf),
        (0.0, 0.5, 4.0),
        (0.0, -0.5, math.inf),
        (-4.0, 0.0, math.pi / 2),
        (-4.0, -3.0, math.pi / 2 + math.atan(3 / 2)),
    ],
)
def test_the_denominator_vanishes_first_at_the_explosion(
    square: float, slope: float, time: float
) -> None:
    x, z = sp.symbols("x z")
    explosion = Explosion((u,), x, z)
    numbers = {x: sp.Rational(str(square)), z: sp.Rational(str(slope))}
    found = explosion.at(numbers)
    assert found == pytest.approx(time, rel=1e-14)

    def denominator(s: float) -> float:
        root = complex(square) ** 0.5
        half = root * s / 2
        sinh = np.sinh(half) / root if square else s / 2
        return float((np.cosh(half) - slope * sinh).real)

    end = found if math.isfinite(found) else 8.0
    assert all(denominator(s) > 0 for s in np.linspace(0, 0.999 * end, 200))
    if math.isfinite(found):
        assert denominator(found) == pytest.approx(0, abs=1e-13)
        assert denominator(1.001 * found) < 0


def test_explosion_by_cases_is_continuous_where_they_meet() -> None:
    x, z = sp.symbols("x z")
    explosion = Explosion((u,), x, z)
    times = [explosion.at(_numbers(x=e, z="0.5")) for e in ("1e-9", "0", "-1e-9")]
    assert times == pytest.approx([4.0] * 3, rel=1e-7) and times[0] > times[1] > times[2]


def test_a_planner_explodes_at_the_known_horizon() -> None:
    cX, cA, cg, g = sp.symbols("cX cA cg g")
    known = Known({"u"})
    found = riccati.recognize(_block((u, cX - (u - g) ** 2 / cA, cg)), known)
    assert found is not None
    numbers = _numbers(cX="2", cA="1", cg="0.3", g="1.75")
    published = sp.sqrt(cA / cX) * sp.atanh(-sp.sqrt(cX * cA) / (cg - g))
    time = found.explosions[0].at(numbers)
    assert time == pytest.approx(float(sp.N(published.xreplace(numbers), 20)), rel=1e-14)
    assert time == pytest.approx(1.54944070166526, rel=1e-14)
    assert found.explosions[0].at(_numbers(cX="1", cA="0.5", cg="1", g="0.6")) == math.inf


def test_equal_unknowns_are_merged_and_others_are_not() -> None:
    block = _block((u, a * u - u * v + v**2, k), (v, a * v, k))
    smaller, same = equal.merged(block, Known(set()))
    assert same == {v: u} and smaller.rates == {u: a * u}
    for other in (
        _block((u, a * u - u * v + v**2, k), (v, a * v, l)),
        _block((u, a * u - u * v + v**2, k), (v, a * v + k, k)),
    ):
        assert equal.merged(other, Known(set()))[1] == {}


def _constant(*equations: tuple[sp.Symbol, sp.Expr]) -> Block:
    return Block(dict(equations), {}, None)


def test_linear_equations_are_solved_with_their_determinant_as_condition() -> None:
    found = linear.recognize(_constant((u, a * u + v - 1), (v, u - b * v)), Known(set()))
    assert found is not None
    values = {s.symbol: s.expression for s in found.steps if isinstance(s, Explicit)}
    assert algebra.vanishes(values[u] - b / (a * b + 1))
    assert [(c.expression, c.relation) for c in found.steps[0].conditions] == [(a * b + 1, "!=")]
    assert linear.recognize(_constant((u, a * u**2 - 1)), Known(set())) is None
    assert linear.recognize(_constant((u, sp.exp(u) - 1)), Known(set())) is None


def test_one_root_is_kept_and_factors_that_mean_nothing_are_dropped() -> None:
    block = _constant((u, a * u * (u**2 - 2 * b * u + c)))
    found = root.recognize(block, Known(set(), nonzero=(u,)))
    assert found is not None
    (step,) = found.steps
    assert isinstance(step, Root) and step.coefficients == (1, -2 * b, c)
    for value in step.radicals:
        assert sp.expand(step.equation.subs(u, value)) == 0
    assert len(set(step.radicals)) == 2
    assert [c.expression for c in step.conditions] == [a]


def test_elimination_keeps_one_pivot() -> None:
    block = _constant((u, u * v - a), (v, v + u + b * u**2 - c))
    found = root.recognize(block, Known(set()))
    assert found is not None
    pivot, other = found.steps
    assert isinstance(pivot, Root) and isinstance(other, Explicit)
    assert len(pivot.coefficients) == 4
    numbers = _numbers(a="1", b="2", c="3")
    values = sp.Poly(pivot.equation.xreplace(numbers), pivot.symbol).nroots(n=30)
    for value in values:
        at = {**numbers, pivot.symbol: value}
        at[other.symbol] = other.expression.xreplace(at)
        for equation in block.equations:
            assert abs(sp.N(equation.xreplace(at))) < 1e-20


def test_systems_without_a_simple_elimination_are_kept() -> None:
    block = _constant((u, u**2 + a * u * v - 1), (v, v**2 + b * u * v - 1))
    assert root.recognize(block, Known(set())) is None
    found = roots.recognize(block, Known(set()))
    assert found is not None
    (step,) = found.steps
    assert isinstance(step, Roots) and step.kind == "polynomials" and step.symbols == (u, v)


def test_an_equation_with_the_unknown_in_an_exponent_is_a_root_without_polynomial() -> None:
    g = sp.Symbol("g")
    found = root.recognize(_constant((u, a * k * (1 + u) ** g - k * u)), Known(set()))
    assert found is not None
    (step,) = found.steps
    assert isinstance(step, Root) and step.coefficients == () and step.kind == "equation"
    assert [c.expression for c in step.conditions] == [k]


def test_a_matrix_riccati_equation_is_linear_in_twice_the_dimension() -> None:
    names = sp.symbols("P11 P12 P22")
    unknown = sp.Matrix([[names[0], names[1]], [names[1], names[2]]])
    slopes = sp.Matrix([[0, 1], [-1, sp.Rational(-1, 5)]])
    loss = sp.Matrix([[1, sp.Rational(1, 5)], [sp.Rational(1, 5), sp.Rational(1, 2)]])
    gain = sp.Matrix([[sp.Rational(1, 8), a], [a, sp.Rational(3, 4)]])
    right = loss + slopes.T * unknown + unknown * slopes - unknown * gain * unknown
    rates = {names[0]: right[0, 0], names[1]: right[0, 1], names[2]: right[1, 1]}
    start = dict(zip(names, (sp.Rational(1, 3), sp.S.Zero, sp.Rational(1, 2))))
    known = Known(set(), hessians=(unknown,))
    found = matrix_riccati.recognize(Block(rates, {}, start), known)
    assert found is not None
    (flow,) = found.steps
    assert isinstance(flow, Flow) and flow.linearization is not None
    numbers = {a: sp.Rational(1, 10)}
    matrix = np.array(flow.linearization.matrix.xreplace(numbers).tolist(), dtype=float)
    begin = np.array(unknown.xreplace(start).tolist(), dtype=float)
    moved = expm(matrix * 0.8) @ np.vstack([np.eye(2), begin])
    result = moved[2:] @ np.linalg.inv(moved[:2])
    reference = _integrated((Block(rates, {}, start),), numbers, 0.8)
    assert [result[0, 0], result[0, 1], result[1, 1]] == pytest.approx(list(reference), rel=1e-9)
    assert result[0, 1] == pytest.approx(result[1, 0], rel=1e-12)
    broken = {**rates, names[1]: right[0, 1] + names[0] ** 2}
    assert matrix_riccati.recognize(Block(broken, {}, start), known) is None


def test_more_than_two_linear_unknowns_are_named() -> None:
    block = _block((u, v, uT), (v, y, vT), (y, u, k))
    found = exponential.recognize(block, Known(set()))
    assert found is not None
    (flow,) = found.steps
    assert isinstance(flow, Flow) and flow.kind == "linear"


def test_zero_needs_zero_rates_and_zero_payoffs() -> None:
    assert zero.recognize(_block((u, k * u + q, sp.S.Zero)), Known(set())) is None
    assert zero.recognize(_block((u, k * u, uT)), Known(set())) is None
    assert zero.recognize(_block((u, u / (u + k), sp.S.Zero)), Known(set())) is None
