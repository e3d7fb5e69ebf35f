"""Functions without branches against exact numbers, and against the code with branches."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp

import eqsolve
from eqsolve.derivation.solve.functions import RootCosh, RootSinh
from eqsolve.kernels.steps import lanes
from eqsolve.kernels.steps.fused import Fused
from eqsolve.kernels.steps.roots import root_of
from eqsolve.kernels.steps.runtime import root_cosh, root_sinh
from eqsolve.kernels.tiles import Straight, cut, joint, repeat, rows_of, written

ULP = 2.0**-52


def worst(
    function: Callable[[float], float], exact: Callable[..., object], points: object
) -> float:
    """The largest error in ulp; infinite if there is no number."""
    with mpmath.workdps(40):
        found = 0.0
        for x in np.asarray(points):
            value, truth = function(float(x)), exact(mpmath.mpf(float(x)))
            error = abs((mpmath.mpf(value) - truth) / truth) / ULP if value == value else math.inf
            found = max(found, float(error))
        return found


NEAR_ZERO = np.concatenate([10.0 ** np.arange(-300.0, 0.0, 7), -(10.0 ** np.arange(-12.0, 0.0))])
RNG = np.random.default_rng(7)
WIDE = np.concatenate([RNG.uniform(-699, 699, 400), RNG.uniform(-3, 3, 400), NEAR_ZERO])
POSITIVE = np.concatenate(
    [
        np.exp(RNG.uniform(-700, 700, 400)),
        RNG.uniform(0.4, 2.1, 400),
        1 + NEAR_ZERO[NEAR_ZERO > 1e-15],
    ]
)


@pytest.mark.parametrize(
    ("name", "points", "ulp"),
    [
        ("exponential", WIDE, 1.0),
        ("sinh", WIDE, 2.0),
        ("logarithm", POSITIVE[POSITIVE != 1.0], 1.5),
    ],
)
def test_errors_in_ulp(name: str, points: object, ulp: float) -> None:
    exact = {"exponential": "exp", "logarithm": "log"}.get(name, name)
    function = sinh if name == "sinh" else getattr(lanes, name)
    assert worst(function, getattr(mpmath, exact), points) < ulp


def sinh(x: float) -> float:
    up = lanes.exponential(x)
    return lanes.sinh_by(x, up, 1.0 / up)


def power(base: float, exponent: float) -> float:
    return lanes.raised(exponent * lanes.logarithm(base))


def test_powers() -> None:
    bases, exponents = np.exp(RNG.uniform(-5, 5, 300)), RNG.uniform(-4, 4, 300)
    for b, e in zip(bases, exponents):
        value = power(float(b), float(e))
        if abs(e * math.log(b)) < 7.99:
            assert value == pytest.approx(b**e, rel=16 * ULP)
        elif abs(e * math.log(b)) > 8.01:
            assert math.isnan(value)


@pytest.mark.parametrize("x", [0.0, -1.0, -0.0, math.inf, -math.inf, math.nan, 1e-310])
def test_no_logarithm(x: float) -> None:
    assert math.isnan(lanes.logarithm(x))
    assert math.isnan(power(x, 0.5))


@pytest.mark.parametrize("x", [700.0, -701.0, 1e300, math.inf, -math.inf, math.nan])
def test_no_exponential(x: float) -> None:
    assert math.isnan(lanes.exponential(x))


SQUARE, S = sp.symbols("square s")


@pytest.mark.parametrize(
    ("form", "plain"),
    [
        (RootCosh(SQUARE, S), root_cosh),
        (RootSinh(SQUARE, S), root_sinh),
        (sp.tanh(S) - sp.cosh(S) / SQUARE, lambda q, s: math.tanh(s) - math.cosh(s) / q),
        (
            S ** sp.Rational(5, 3) / SQUARE**2 - 7 * S**5,
            lambda q, s: s ** (5 / 3) / q**2 - 7 * s**5,
        ),
    ],
)
def test_expressions_are_those_of_the_code_with_branches(
    form: sp.Expr, plain: Callable[[float, float], float]
) -> None:
    fused = Fused({SQUARE: "square", S: "s"})
    lines = fused.block([("found", form)])
    for square, s in zip(np.exp(RNG.uniform(-30, 6, 300)), RNG.uniform(0.01, 3, 300)):
        known: dict[str, Any] = {"lanes": lanes, "math": math, "square": square, "s": s}
        for entry in lines:
            exec(str(entry), known)
        assert known[fused.resolved("found")] == pytest.approx(plain(square, s), rel=1e-13)


def test_code_is_cut_where_little_is_handed_over() -> None:
    """Every name is assigned in the loop that needs it or before; equal texts are one."""
    forms = [sp.exp(k * S) / (S + k) for k in range(1, 9)]
    forms += [forms[0], sp.sqrt(forms[3]) + SQUARE * forms[0]]
    pairs = [(f"r{k}", form) for k, form in enumerate(forms)]
    fused = Fused({SQUARE: "square", S: "s"})
    lines = fused.block(pairs)
    names = [fused.resolved(name) for name, _ in pairs]
    assert names[8] == names[0]
    code = Straight(lines, [f"{names[3]} > 0.0", f"math.isfinite({names[9]})"])
    pieces = cut(code, set(names))
    assert len(pieces) > 4
    rows, height = rows_of(pieces, ["square", "s", "sure", *dict.fromkeys(names)], [])
    work = np.ones(height * lanes.TILE)
    work[: 2 * lanes.TILE] = np.repeat([2.0, 0.7], lanes.TILE)
    for number, piece in enumerate(pieces):
        text = "\n".join(piece.source(rows[number]))
        exec(text, {"lanes": lanes, "math": math, "TILE": lanes.TILE, "work": work})
    found = work.reshape(height, lanes.TILE)
    for row, name in enumerate(dict.fromkeys(names), start=3):
        form = forms[names.index(name)]
        expected = float(form.subs({S: 0.7, SQUARE: 2.0}))
        assert found[row] == pytest.approx(np.full(lanes.TILE, expected), rel=1e-13)
    assert np.all(found[2] == 1.0)
    assert joint(["a > 0.0 or b < 1.0", "math.isfinite(c)"]) == (
        "((a > 0.0) | (b < 1.0)) & (lanes.fma(c, 0.0, 0.0) == 0.0)"
    )


def test_what_takes_one_operation_is_not_handed_on() -> None:
    """A loop repeats it where what it needs is there; else, or if it is long, it has a row."""

    def found(spoiled: bool) -> tuple[float, int, list[str]]:
        first = Straight(written(["s = a + b", "q = a / b", "h = q * q", "g = s * q"]))
        last = Straight(written(["v = lanes.fma(s, h, g)"]))
        loops = [first, last]
        repeat(loops, {"a", "b", "v"})
        texts = [str(entry) for entry in last.lines]
        if spoiled:
            last.lines[0] = written(["s = a - b"])[0]
        rows, height = rows_of(loops, ["a", "b", "v"], [])
        work = np.zeros(height)
        work[:2] = 3.0, 7.0
        for number, loop in enumerate(loops):
            text = "\n".join(loop.source(rows[number]))
            exec(text, {"lanes": lanes, "TILE": 1, "work": work})
        return float(work[2]), height, texts

    # q is needed by no later loop, so that what needs it keeps rows: h and g
    value, height, texts = found(False)
    assert texts == ["s = a + b", "v = lanes.fma(s, h, g)"]
    assert height == 5
    q = 3.0 / 7.0
    assert value == lanes.fma(10.0, q * q, 10.0 * q)
    assert found(True)[0] != value


def test_roots_are_those_of_the_code_with_branches() -> None:
    """Where lanes answer, the code with branches has the same root; ties and rounding included."""
    answered = 0
    for _ in range(4000):
        a, b, c, start = RNG.integers(-3, 4, 4) * 2.0 ** RNG.integers(-2, 3, 4)
        if RNG.random() < 0.5:
            # two roots that differ by little
            u, v = RNG.uniform(-2, 2), 10.0 ** RNG.uniform(-16, 0)
            a, b, c = 1.0, -(2 * u + v), u * (u + v)
        value = lanes.quadratic_root(a, b, c, start) if a else lanes.linear_root(b, c, start)
        if math.isfinite(value):
            answered += 1
            expected = root_of(np.array([a, b, c]), start, -1)
            assert value == pytest.approx(expected, rel=1e-13, abs=1e-13)
    assert answered > 1200


def test_games_with_closed_forms_need_no_branches() -> None:
    for game in ("execution", "lq-target", "systemic-risk"):
        assert "tile_0" in eqsolve.kernel(game).source
