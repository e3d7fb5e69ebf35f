"""The cubic kernel against exact integer arithmetic on hard cubics."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import fmpz_poly
from numba import njit
from numpy.typing import NDArray

from eqsolve.kernels.arithmetic import doubledouble as dd
from eqsolve.kernels.arithmetic.cubic import CubicRoots, CubicStatus, real_roots

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
Solution = tuple[Integers, Integers, Array, Array]

SIZE = 6000
ALLOWED = 2.0**-50  # below 1e-15


@njit(error_model="numpy")
def _solve(cubics: Array, status: Integers, number: Integers, roots: Array, gap: Array) -> None:
    for i in range(cubics.shape[0]):
        c = cubics[i]
        found = real_roots(
            (c[0, 0], c[0, 1]), (c[1, 0], c[1, 1]), (c[2, 0], c[2, 1]), (c[3, 0], c[3, 1])
        )
        status[i], number[i], gap[i] = found.status, found.number, found.gap
        for k in range(3):
            roots[i, k, 0], roots[i, k, 1] = found.roots[k]


@njit(error_model="numpy")
def _expand(lead: Array, roots: Array, cubics: Array) -> None:
    for i in range(lead.size):
        x, y, z = (roots[i, 0], 0.0), (roots[i, 1], 0.0), (roots[i, 2], 0.0)
        c3 = (lead[i], 0.0)
        total = dd.add(dd.add(x, y), z)
        pairs = dd.add(dd.mul(x, dd.add(y, z)), dd.mul(y, z))
        product = dd.mul(dd.mul(x, y), z)
        row = (c3, dd.neg(dd.mul(c3, total)), dd.mul(c3, pairs), dd.neg(dd.mul(c3, product)))
        for k in range(4):
            cubics[i, k, 0], cubics[i, k, 1] = row[k]


def solve(cubics: Array) -> Solution:
    """Status, number, roots (n, 3, 2) and gap of n cubics (n, 4, 2)."""
    size = len(cubics)
    status, number = np.zeros(size, np.int64), np.zeros(size, np.int64)
    roots, gap = np.zeros((size, 3, 2)), np.zeros(size)
    _solve(cubics, status, number, roots, gap)
    return status, number, roots, gap


def solve_one(*coefficients: float) -> CubicRoots:
    """Roots for coefficients given as doubles, leading one first."""
    c3, c2, c1, c0 = ((float(c), 0.0) for c in coefficients)
    found: CubicRoots = real_roots(c3, c2, c1, c0)
    return found


def signs(rng: np.random.Generator, *shape: int) -> Array:
    return np.asarray(rng.choice([-1.0, 1.0], shape))


def decades(rng: np.random.Generator, low: float, high: float, *shape: int) -> Array:
    return np.asarray(10.0 ** rng.uniform(low, high, shape))


def with_low_parts(rng: np.random.Generator, high: Array) -> Array:
    """Random low parts for the first half, none for the other."""
    low = high * rng.uniform(-1, 1, high.shape) * 2.0**-54
    low[len(low) // 2 :] = 0.0
    total = high + low
    return np.stack([total, low - (total - high)], axis=-1)


def from_roots(rng: np.random.Generator, roots: Array) -> Array:
    """Double-double coefficients (second half rounded to double) of given roots."""
    cubics = np.empty((len(roots), 4, 2))
    _expand(signs(rng, len(roots)) * decades(rng, -12, 12, len(roots)), roots, cubics)
    cubics[len(roots) // 2 :, :, 1] = 0.0
    return cubics


def coefficients(low: float, high: float) -> Callable[[np.random.Generator], Array]:
    return lambda rng: with_low_parts(rng, signs(rng, SIZE, 4) * decades(rng, low, high, SIZE, 4))


def vanishing(position: int) -> Callable[[np.random.Generator], Array]:
    """One coefficient goes to zero, down to 1e-54 of its size."""

    def family(rng: np.random.Generator) -> Array:
        cubics = coefficients(-1, 1)(rng)
        cubics[:, position] *= np.exp2(-rng.integers(20, 180, SIZE).astype(float))[:, None]
        return cubics

    return family


def absent(position: int) -> Callable[[np.random.Generator], Array]:
    def family(rng: np.random.Generator) -> Array:
        cubics = coefficients(-6, 6)(rng)
        cubics[:, position] = 0.0
        return cubics

    return family


def near_double(rng: np.random.Generator) -> Array:
    base = signs(rng, SIZE) * decades(rng, -6, 6, SIZE)
    third = base * signs(rng, SIZE) * decades(rng, -3, 3, SIZE)
    return from_roots(
        rng, np.stack([base, base * (1 + decades(rng, -13.5, -1, SIZE)), third], axis=1)
    )


def near_triple(rng: np.random.Generator) -> Array:
    base = signs(rng, SIZE) * decades(rng, -6, 6, SIZE)
    right, left = decades(rng, -8, -1, 2, SIZE)
    return from_roots(rng, np.stack([base, base * (1 + right), base * (1 - left)], axis=1))


def scattered(rng: np.random.Generator) -> Array:
    return from_roots(rng, signs(rng, SIZE, 3) * decades(rng, -12, 12, SIZE, 3))


FAMILIES: dict[str, Callable[[np.random.Generator], Array]] = {
    "plain": coefficients(-1, 1),
    "wide": coefficients(-12, 12),
    "very wide": coefficients(-100, 100),
    "leading to zero": vanishing(0),
    "c2 to zero": vanishing(1),
    "constant to zero": vanishing(3),
    "quadratic": absent(0),
    "root at zero": absent(3),
    "near double": near_double,
    "near triple": near_triple,
    "scattered roots": scattered,
}


def integers(parts: list[list[float]]) -> tuple[list[int], int]:
    """Exact m_k and e with pair k equal to m_k 2^e."""
    ratios = [[part.as_integer_ratio() for part in pair] for pair in parts]
    bits = max(q.bit_length() - 1 for pair in ratios for _, q in pair)
    return [sum(p << (bits - q.bit_length() + 1) for p, q in pair) for pair in ratios], -bits


def exact_number(a: int, b: int, c: int, d: int) -> int:
    """Number of distinct real roots, for a discriminant that is not zero."""
    if a == 0:
        return 2 if c * c > 4 * b * d else 0
    square = 18 * a * b * c * d - 4 * b**3 * d + (b * c) ** 2 - 4 * a * c**3 - 27 * (a * d) ** 2
    assert square != 0
    return 3 if square > 0 else 1


def polynomial_sign(a: int, b: int, c: int, d: int, m: int, e: int) -> int:
    """Sign of the polynomial at m 2^e, exactly."""
    num, den = (m << e, 1) if e >= 0 else (m, 1 << -e)
    value = ((a * num + b * den) * num + c * den * den) * num + d * den**3
    return (value > 0) - (value < 0)


def faults(cubics: Array, solution: Solution) -> list[str]:
    """Every departure from the exact answer; roots are certified by a change of sign."""
    found = []
    status, number, roots, _ = solution
    for i, cubic in enumerate(cubics.tolist()):
        coefs, _ = integers(cubic)
        a, b, c, d = coefs
        if status[i] != CubicStatus.OK:
            found.append(f"{i}: status {status[i]}")
        elif number[i] != exact_number(a, b, c, d):
            found.append(f"{i}: {number[i]} roots")
        else:
            row = roots[i, : number[i]].tolist()
            if not all(dd.less(tuple(x), tuple(y)) for x, y in zip(row, row[1:], strict=False)):
                found.append(f"{i}: not ascending")
            for pair in row:
                (m,), e = integers([pair])
                if m == 0 and d == 0:
                    continue
                # m (1 -+ 2^-50): disjoint for distinct roots unless they nearly coincide.
                ends = [polynomial_sign(a, b, c, d, (m << 50) + s * m, e - 50) for s in (-1, 1)]
                if ends[0] * ends[1] != -1:
                    found.append(f"{i}: root {pair}")
    return found


@pytest.mark.parametrize("name", FAMILIES)
def test_numbers_and_roots_are_right(name: str) -> None:
    # 11 families of 6,000: 66,000 cubics, none of them flagged, miscounted or inaccurate.
    cubics = FAMILIES[name](np.random.default_rng(sum(map(ord, name))))
    assert faults(cubics, solve(cubics)) == []


def test_the_verifier_sees_planted_errors() -> None:
    cubics = FAMILIES["scattered roots"](np.random.default_rng(5))[:60]
    status, number, roots, gap = solve(cubics)
    assert faults(cubics, (status, number, roots, gap)) == []

    def planted(change: Callable[[Any, Any, Any], None]) -> list[str]:
        copies = status.copy(), number.copy(), roots.copy()
        change(*copies)
        return faults(cubics, (*copies, gap))

    def shift(_: Any, __: Any, r: Any) -> None:
        r[7, 1, 0] *= 1 + 2.0**-48

    def drop(_: Any, n: Any, __: Any) -> None:
        n[8] -= 1

    def swap(_: Any, __: Any, r: Any) -> None:
        r[9] = r[9, [1, 0, 2]]

    def flag(s: Any, _: Any, __: Any) -> None:
        s[10] = CubicStatus.NEAR_FOLD

    for change, row in ((shift, 7), (drop, 8), (swap, 9), (flag, 10)):
        seen = planted(change)
        assert len(seen) == 1 and seen[0].startswith(f"{row}:")


@pytest.mark.parametrize("name", ["wide", "scattered roots", "near double", "near triple"])
def test_precision_is_double_double(name: str) -> None:
    cubics = FAMILIES[name](np.random.default_rng(21))[::10]
    status, number, roots, gap = solve(cubics)
    order = 2 if name == "near triple" else 1
    assert np.all(status == CubicStatus.OK)
    for i, cubic in enumerate(cubics.tolist()):
        (a, b, c, d), _ = integers(cubic)
        for pair in roots[i, : number[i]].tolist():
            (m,), e = integers([pair])
            num, den = (m << e, 1) if e >= 0 else (m, 1 << -e)
            value = ((a * num + b * den) * num + c * den**2) * num + d * den**3
            change = num * ((3 * a * num + 2 * b * den) * num + c * den**2)
            error = float(abs(Fraction(value, change)))
            assert error * min(1.0, abs(gap[i])) ** order < 2.0**-92


def test_against_isolated_roots() -> None:
    """Roots and gap against python-flint's isolation of all complex roots."""
    rng = np.random.default_rng(31)
    cubics = np.concatenate([FAMILIES[name](rng)[::30] for name in ("wide", "near double")])
    status, number, roots, gap = solve(cubics)
    for i, cubic in enumerate(cubics.tolist()):
        coefs, _ = integers(cubic)
        polynomial: Any = fmpz_poly(coefs[::-1])
        balls = [ball for ball, _ in polynomial.complex_roots()]
        every = [complex(float(z.real.mid()), float(z.imag.mid())) for z in balls]
        # The closest pair relative to its larger member; negative for a complex pair.
        pairs = [(x, y) for k, x in enumerate(every) for y in every[:k]]
        real = sorted(z.real for z in every if z.imag == 0)
        assert status[i] == CubicStatus.OK and number[i] == len(real)
        assert np.allclose(roots[i, : number[i], 0], real, rtol=1e-14, atol=0)
        if number[i] == 1:
            x, y = next((x, y) for x, y in pairs if x == y.conjugate())
            expected = -abs(x - y) / abs(x)
        else:
            expected = min(abs(x - y) / max(abs(x), abs(y)) for x, y in pairs)
        assert gap[i] == pytest.approx(expected, rel=1e-3)


def test_near_folds_are_decided_or_flagged() -> None:
    """Double roots 10^-k apart: decided down to 1e-13, then flagged with both roots right."""
    rng = np.random.default_rng(41)
    for separation in (1e-3, 1e-9, 1e-13):
        base = rng.uniform(1, 2, 300)
        roots = np.stack([base, base * (1 + separation), base * rng.uniform(3, 9, 300)], 1)
        status, number, found, gap = solve(from_roots(rng, roots)[:150])
        assert np.all(status == CubicStatus.OK) and np.all(number == 3)
        assert np.allclose(gap, separation, rtol=1e-2)
        assert np.allclose(found[:, :, 0], roots[:150], rtol=1e-9)
    for k in range(300):
        # (q p - m)^2 (p - s): the double root m/q is exact, and mostly not a double.
        simple, top, bottom = (int(n) for n in rng.choice(np.arange(1, 60), 3, replace=False))
        # The double root is the local maximum or, for odd k, the local minimum.
        other = -simple if k % 2 else simple + top
        product = fmpz_poly([-top, bottom]) ** 2 * fmpz_poly([-other, 1])
        result = solve_one(*(float(int(product[3 - j])) for j in range(4)))
        assert result.status == CubicStatus.NEAR_FOLD and result.number == 2, k
        assert result.gap == 0.0
        found_pair = [r[0] for r in result.roots[:2]]
        assert found_pair == pytest.approx(sorted([other, top / bottom]), rel=1e-14, abs=0)
    triple = solve_one(8.0, -12.0, 6.0, -1.0)
    assert (triple.status, triple.number) == (CubicStatus.NEAR_FOLD, 1)
    assert triple.roots[0] == (0.5, 0.0)


def test_the_side_of_a_fold_is_the_exact_one() -> None:
    """(p - 1)^2 (p - 3) + shift has three real roots for shift > 0, one for shift < 0."""
    for exponent in range(-25, -1):
        shift = 10.0**exponent
        for sign in (-1.0, 1.0):
            result = real_roots((1.0, 0.0), (-5.0, 0.0), (7.0, 0.0), (-3.0, sign * shift))
            assert result.status == CubicStatus.OK
            assert result.number == (3 if sign > 0 else 1)
            # (p - 1)^2 = shift/2 at the fold, so the pair is 2 sqrt(shift/2) apart.
            expected = sign * math.sqrt(2 * shift)
            assert result.gap == pytest.approx(expected, rel=1e-3 + 2 * shift**0.5)
    beyond = real_roots((1.0, 0.0), (-5.0, 0.0), (7.0, 0.0), (-3.0, 1e-31))
    assert (beyond.status, beyond.number) == (CubicStatus.NEAR_FOLD, 2)


@pytest.mark.parametrize(
    ("coefficients_", "status", "roots"),
    [
        ((0, 0, 0, 0), CubicStatus.IDENTICALLY_ZERO, []),
        ((0, 0, 0, 5), CubicStatus.OK, []),
        ((0, 0, 4, -6), CubicStatus.OK, [1.5]),
        ((0, 0, 3, 0), CubicStatus.OK, [0.0]),
        ((0, 2, 0, -8), CubicStatus.OK, [-2.0, 2.0]),
        ((0, 1, 0, 8), CubicStatus.OK, []),
        ((0, 1, 3, 0), CubicStatus.OK, [-3.0, 0.0]),
        ((0, 1, -2, 1), CubicStatus.NEAR_FOLD, [1.0]),
        ((0, 7, 0, 0), CubicStatus.NEAR_FOLD, [0.0]),
        ((1, 0, 0, 0), CubicStatus.NEAR_FOLD, [0.0]),
        ((1, 2, 0, 0), CubicStatus.NEAR_FOLD, [-2.0, 0.0]),
        ((1, 0, 0, -8), CubicStatus.OK, [2.0]),
        ((-2, 0, 8, 0), CubicStatus.OK, [-2.0, 0.0, 2.0]),
        ((1, 0, 4, 0), CubicStatus.OK, [0.0]),
        ((1, -2, 1, 0), CubicStatus.NEAR_FOLD, [0.0, 1.0]),
        ((1, -6, 11, -6), CubicStatus.OK, [1.0, 2.0, 3.0]),
        ((1e-300, 1, -3, 2), CubicStatus.OK, [-1e300, 1.0, 2.0]),
        ((1e-280, 1e-280, 1e280, 1e280), CubicStatus.OK, [-1.0]),
        ((1, 1e200, 1, -1e-200), CubicStatus.OK, [-1e200, -1.618033988749895e-200, 6.18e-201]),
    ],
)
def test_degenerate_cubics(
    coefficients_: tuple[float, ...], status: CubicStatus, roots: list[float]
) -> None:
    result = solve_one(*coefficients_)
    assert CubicStatus(result.status) is status and result.number == len(roots)
    assert [r[0] for r in result.roots[: len(roots)]] == pytest.approx(roots, rel=1e-3, abs=0)
    assert all(math.isnan(r[0]) for r in result.roots[len(roots) :])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("position", range(4))
@pytest.mark.parametrize("part", [0, 1])
def test_coefficients_that_are_not_finite(bad: float, position: int, part: int) -> None:
    parts = [[1.0, 0.0] for _ in range(4)]
    parts[position][part] = bad
    result = real_roots(*((p[0], p[1]) for p in parts))
    assert result.status == CubicStatus.NOT_FINITE and result.number == 0
    assert all(math.isnan(r[0]) for r in result.roots)


def test_roots_outside_the_range_of_doubles() -> None:
    huge = solve_one(1e-320, 1.0, 0.0, -1.0)
    assert huge.status == CubicStatus.OUT_OF_RANGE
    tiny = solve_one(0.0, 0.0, 1e300, 1e-300)
    assert tiny.status == CubicStatus.OUT_OF_RANGE


def test_scaling_by_powers_of_two_changes_nothing() -> None:
    cubics = np.concatenate([f(np.random.default_rng(51))[::40] for f in FAMILIES.values()])
    status, number, roots, gap = solve(cubics)
    scaled = cubics * np.array([-(2.0**30), -(2.0**23), -(2.0**16), -(2.0**9)])[:, None]
    other = solve(scaled)
    assert np.array_equal(status, other[0]) and np.array_equal(number, other[1])
    assert np.array_equal(roots * 2.0**-7, other[2], equal_nan=True)
    assert np.array_equal(gap, other[3])


def published_cubic(
    B: float,
    r: float,
    nu: float,
    sigma: float,
    lam: float,
    gamma: float,
    beta: float,
    kappa: float,
) -> tuple[float, float, float, float]:
    """Coefficients of the published cubic (2.53)-(2.54)."""
    s2, gk, e1 = nu**2 + sigma**2, gamma * kappa, lam - r
    return (
        B**2 * s2 * (beta - gk),
        B * (beta * (2 * B**2 - s2 * e1) + gk * (s2 * (lam - 2 * r) - B**2)),
        beta * B**2 * (4 * r - 3 * lam) - gk * (2 * B**2 * r + s2 * e1**2),
        B * (beta * e1 * (lam - 2 * r) - gk * r**2),
    )


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (
            (0.15011, 0.08972, 0.4699, -0.32975, 2.42028, 0.52244, 3.92657, 1 - 0.00527 / 5),
            [-4.57, 1.504, 17.70],
        ),
        ((0.33, 0.02, 0.15, 0.1, 0.06, 2, 0.1, 1 - 0.5 / 3), [-9.28555, -0.135734, -0.0277027]),
        ((0.02, 0.1, 0.3, 0.3, 0.15, 2, 0.5, 0.9), [-0.4942]),
    ],
)
def test_cubics_of_the_game(parameters: tuple[float, ...], expected: list[float]) -> None:
    result = solve_one(*published_cubic(*parameters))
    assert result.status == CubicStatus.OK and result.number == len(expected)
    # The reference values are rounded to three or more digits.
    assert [x[0] for x in result.roots[: len(expected)]] == pytest.approx(expected, rel=5e-4)


def test_status_codes_are_plain_integers_in_compiled_code() -> None:
    from eqsolve.kernels.arithmetic import cubic

    for member in CubicStatus:
        constant = getattr(cubic, member.name)
        assert type(constant) is int and constant == member
