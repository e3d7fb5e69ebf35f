"""Double-double arithmetic against exact rational arithmetic."""

from __future__ import annotations

import itertools
import math
import os
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import fmpq
from numba import njit
from numpy.typing import NDArray

from eqsolve.errors import InputError
from eqsolve.kernels.arithmetic import doubledouble as dd

Array = NDArray[np.float64]
Exact = Callable[[fmpq, fmpq], fmpq]

U2 = Fraction(1, 2**106)
SLACK = 1 + Fraction(1, 2**40)  # the terms of order u^3 and beyond
TINY = Fraction(1, 2**1070)

BINARY: dict[str, tuple[Exact, Fraction]] = {
    "add": (lambda x, y: x + y, 3 * U2),
    "sub": (lambda x, y: x - y, 3 * U2),
    "mul": (lambda x, y: x * y, 4 * U2),
    "div": (lambda x, y: x / y, 15 * U2),
}
MIXED: dict[str, tuple[Exact, Fraction]] = {
    "add_double": (lambda x, y: x + y, 2 * U2),
    "mul_double": (lambda x, y: x * y, 2 * U2),
    "div_double": (lambda x, y: x / y, 15 * U2),
}


def rational(*parts: float) -> fmpq:
    """Exact sum of doubles."""
    total = fmpq(0)
    for part in parts:
        total += fmpq(*float(part).as_integer_ratio())
    return total


def driver(operation: Any, mixed: bool = False) -> Callable[[Array, Array], Array]:
    """Apply a compiled binary operation to rows of pairs."""

    @njit(error_model="numpy")
    def pairs(x: Array, y: Array) -> Array:
        out = np.empty_like(x)
        for i in range(x.shape[0]):
            out[i, 0], out[i, 1] = operation((x[i, 0], x[i, 1]), (y[i, 0], y[i, 1]))
        return out

    @njit(error_model="numpy")
    def doubles(x: Array, y: Array) -> Array:
        out = np.empty_like(x)
        for i in range(x.shape[0]):
            out[i, 0], out[i, 1] = operation((x[i, 0], x[i, 1]), y[i, 0])
        return out

    compiled: Callable[[Array, Array], Array] = doubles if mixed else pairs
    return compiled


def normalized(high: Array, low: Array) -> Array:
    """Rows (hi, lo) with hi = fl(hi + lo)."""
    total = high + low
    return np.stack([total, low - (total - high)], axis=-1)


def operands(seed: int, size: int) -> tuple[Array, Array]:
    """Pairs of all signs and magnitudes: independent, nearly cancelling, with zeros."""
    rng = np.random.default_rng(seed)

    def draw() -> Array:
        high = rng.choice([-1.0, 1.0], size) * np.exp2(rng.uniform(-200, 200, size))
        high[: size // 2] = rng.choice([-1.0, 1.0], size // 2) * rng.uniform(0.5, 2.0, size // 2)
        low = high * rng.uniform(-1, 1, size) * np.exp2(-54.0 - rng.integers(0, 3, size) * 25)
        low[rng.random(size) < 0.1] = 0.0
        return normalized(high, low)

    x, y = draw(), draw()
    quarter = size // 4
    # y = -x up to a relative perturbation between 2^-105 and 1.
    shift = np.exp2(rng.uniform(-105, 0, quarter))
    near = normalized(-x[:quarter, 0], -x[:quarter, 1] + x[:quarter, 0] * shift)
    y[:quarter] = near
    x[rng.random(size) < 0.01] = 0.0
    y[rng.random(size) < 0.01] = 0.0
    return x, y


def worst_error(x: Array, y: Array, result: Array, exact: Exact, divides: bool) -> Fraction:
    """Largest relative error; a wrong zero or a pair that is not normalized counts as 1."""
    worst = Fraction(0)
    for row_x, row_y, row in zip(x.tolist(), y.tolist(), result.tolist(), strict=True):
        if divides and row_y[0] == 0.0:
            assert not math.isfinite(row[0])
            continue
        truth = exact(rational(*row_x), rational(*row_y))
        error = abs(rational(*row) - truth)
        if row[0] != row[0] + row[1]:
            return Fraction(1)
        if error == 0:
            continue
        if truth == 0:
            return Fraction(1)
        ratio = error / abs(truth)
        worst = max(worst, Fraction(int(ratio.p), int(ratio.q)))
    return worst


@pytest.mark.parametrize("name", BINARY)
def test_error_bounds(name: str) -> None:
    exact, bound = BINARY[name]
    x, y = operands(seed=11, size=6000)
    result = driver(getattr(dd, name))(x, y)
    assert worst_error(x, y, result, exact, name == "div") <= bound * SLACK


@pytest.mark.parametrize("name", MIXED)
def test_error_bounds_with_a_double(name: str) -> None:
    exact, bound = MIXED[name]
    x, y = operands(seed=12, size=3000)
    y[:, 1] = 0.0
    result = driver(getattr(dd, name), mixed=True)(x, y)
    assert worst_error(x, y, result, exact, name == "div_double") <= bound * SLACK


def test_the_measurement_sees_planted_errors() -> None:
    x, y = operands(seed=13, size=2000)
    exact, bound = BINARY["add"]

    @njit(error_model="numpy")
    def sloppy_add(a: dd.DoubleDouble, b: dd.DoubleDouble) -> dd.DoubleDouble:
        # Loses the low parts under cancellation.
        total, error = dd.two_sum(a[0], b[0])
        return dd.quick_two_sum(total, error + (a[1] + b[1]))

    assert worst_error(x, y, driver(sloppy_add)(x, y), exact, False) > 100 * bound
    result = driver(dd.add)(x, y)
    result[7, 1] += result[7, 0] * 2.0**-100
    assert worst_error(x, y, result, exact, False) > bound * SLACK


def test_error_free_transformations() -> None:
    x, y = operands(seed=14, size=2000)

    @njit(error_model="numpy")
    def both(a: Array, b: Array, sums: Array, products: Array) -> None:
        for i in range(a.size):
            sums[i, 0], sums[i, 1] = dd.two_sum(a[i], b[i])
            products[i, 0], products[i, 1] = dd.two_prod(a[i], b[i])

    sums, products = np.empty_like(x), np.empty_like(x)
    both(x[:, 0].copy(), y[:, 0].copy(), sums, products)
    for a, b, s, p in zip(x[:, 0].tolist(), y[:, 0].tolist(), sums, products, strict=True):
        assert rational(*s.tolist()) == rational(a) + rational(b)
        assert rational(*p.tolist()) == rational(a) * rational(b)


def test_square_root() -> None:
    x, _ = operands(seed=15, size=3000)
    for row in np.abs(x[:, :1]) * [1.0, 0.0] + x * [0.0, 1.0]:
        root = rational(*dd.sqrt((row[0], row[1])))
        square = rational(row[0], row[1])
        if square == 0:
            assert root == 0
            continue
        # (root/true)^2 - 1 is twice the relative error.
        ratio = abs(root * root / square - 1)
        assert Fraction(int(ratio.p), int(ratio.q)) <= 2 * Fraction(25, 8) * U2 * SLACK
    assert math.isnan(dd.sqrt((-1.0, 0.0))[0])
    assert dd.sqrt((0.0, 0.0)) == (0.0, 0.0)
    low = dd.sqrt((2.0**-1074, 0.0))
    assert low == (2.0**-537, 0.0)


@pytest.mark.parametrize("exponent", [-7, -3, -1, 0, 1, 2, 3, 5, 8, 12])
def test_integer_powers(exponent: int) -> None:
    rng = np.random.default_rng(16)
    high = rng.choice([-1.0, 1.0], 300) * 10.0 ** rng.uniform(-15, 15, 300)
    for row in normalized(high, high * rng.uniform(-1, 1, 300) * 2.0**-54).tolist():
        ratio = abs(
            rational(*dd.power((row[0], row[1]), exponent)) / rational(*row) ** exponent - 1
        )
        assert Fraction(int(ratio.p), int(ratio.q)) <= 20 * max(abs(exponent), 1) * U2
    assert not math.isfinite(dd.power((math.nan, 0.0), exponent)[0])
    if exponent:
        assert not math.isfinite(dd.power((math.inf, 0.0), exponent)[0])


SPECIAL = [
    *(0.0, -0.0, 1.0, -1.0, 3.0, 2.0**-1074, -(2.0**-1070), 2.0**-1022, 5e-300, 1e-160),
    *(7e-280, 1e160, 1e300, -3e300, sys.float_info.max, math.inf, -math.inf, math.nan),
]


@pytest.mark.parametrize("name", [*BINARY, *MIXED])
def test_exceptional_values_never_turn_finite(name: str) -> None:
    mixed = name in MIXED
    exact, bound = (MIXED if mixed else BINARY)[name]
    grid = np.array(list(itertools.product(SPECIAL, repeat=2)))
    zero = np.zeros(len(grid))
    x, y = np.stack([grid[:, 0], zero], -1), np.stack([grid[:, 1], zero], -1)
    result = driver(getattr(dd, name), mixed)(x, y)
    finite = 0
    for (a, b), row in zip(grid.tolist(), result.tolist(), strict=True):
        defined = math.isfinite(a) and math.isfinite(b) and not (name[:3] == "div" and b == 0.0)
        if not defined:
            assert not math.isfinite(row[0]), (a, b, row)
            continue
        truth = exact(rational(a), rational(b))
        if not math.isfinite(row[0]):
            assert abs(truth) > rational(sys.float_info.max) / 4, (a, b, row)
            continue
        finite += 1
        error = abs(rational(*row) - truth)
        allowed = bound * SLACK * Fraction(int(abs(truth).p), int(abs(truth).q)) + TINY
        assert Fraction(int(error.p), int(error.q)) <= allowed, (a, b, row)
    assert finite > 100


def test_tiny_operands_divide_to_full_precision() -> None:
    for a, b in itertools.product([1e-290, 3.3e-300, 7e-310, 5e-320], [3e-295, 1.7e-301, 9e-315]):
        ratio = abs(rational(*dd.div((a, 0.0), (b, 0.0))) * rational(b) / rational(a) - 1)
        assert Fraction(int(ratio.p), int(ratio.q)) <= 15 * U2 * SLACK


def test_rational_constants() -> None:
    for numerator, denominator in [(1, 3), (-2, 7), (10**15, 3), (5, 1), (0, 4)]:
        value = Fraction(numerator, denominator)
        computed = dd.from_ratio(numerator, denominator)
        literal = dd.rational_literal(value)
        assert abs(Fraction(computed[0]) + Fraction(computed[1]) - value) <= 15 * U2 * abs(value)
        assert abs(Fraction(literal[0]) + Fraction(literal[1]) - value) <= U2 * abs(value)
        assert literal[0] == literal[0] + literal[1]
    assert math.isnan(dd.from_ratio(2**53 + 1, 3)[0])
    assert not math.isfinite(dd.from_ratio(1, 0)[0])
    assert dd.rational_literal(2**53 + 1) == (2.0**53, 1.0)
    for outside in (Fraction(10**400), Fraction(1, 10**400)):
        with pytest.raises(InputError, match="range of double precision"):
            dd.rational_literal(outside)


def test_signs_order_and_scaling() -> None:
    assert dd.neg((1.0, -1e-20)) == (-1.0, 1e-20)
    assert dd.absolute((-1.0, 1e-20)) == (1.0, -1e-20)
    assert dd.absolute((1.0, -1e-20)) == (1.0, -1e-20)
    assert dd.less((1.0, 0.0), (1.0, 1e-20)) and not dd.less((1.0, 1e-20), (1.0, 0.0))
    assert not dd.less((math.nan, 0.0), (1.0, 0.0)) and not dd.less((1.0, 0.0), (math.nan, 0.0))
    assert dd.from_double(3) == (3.0, 0.0)
    assert math.isnan(dd.from_double(math.inf)[1])
    assert dd.fma(1.0 + 2.0**-52, 1.0 - 2.0**-52, -1.0) == -(2.0**-104)
    for exponent in (-1074, -1022, -900, -1, 0, 1, 1023):
        assert dd.exponent_of(-(2.0**exponent)) == exponent
        assert dd.scale((1.0, 0.0), exponent) == (2.0**exponent, 0.0)
    assert dd.exponent_of(1.9999) == 0
    assert dd.scale((2.0**-1074, 0.0), 1500) == (2.0**426, 0.0)
    assert dd.scale((1.0, 0.0), 5000)[0] == math.inf


def test_products_are_exact_without_a_hardware_fma(tmp_path: Path) -> None:
    program = (
        "from eqsolve.kernels.arithmetic import doubledouble as dd\n"
        "print(dd.two_prod(1.0 + 2.0**-52, 1.0 - 2.0**-52) == (1.0, -(2.0**-104)),"
        " dd.mul(dd.from_ratio(1, 3), (3.0, 0.0)))"
    )
    # A processor model without FMA instructions, compiled afresh.
    settings = {
        "NUMBA_CPU_NAME": "generic",
        "NUMBA_CPU_FEATURES": "",
        "NUMBA_CACHE_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split(maxsplit=1)[0] == "True"
    assert done.stdout.split(maxsplit=1)[1].startswith("(1.0, ")
