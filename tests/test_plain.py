"""Kernels run by NumPy: the bits of machine code, without a compiler."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from eqsolve.derivations.mean_variance.declaration import ROLES
from eqsolve.kernels.cubic import plain
from eqsolve.kernels.cubic.kernel import UNDECIDED, CubicKernel
from eqsolve.kernels.storage import load
from eqsolve.verbs import kernel
from hard_families import decades, signs
from reference import cases

GAME = "mean-field"
Array = NDArray[np.float64]


def hostile(names: tuple[str, ...], size: int, seed: int) -> list[Array]:
    """Numbers of all magnitudes and signs for the inputs of a kernel, some of which are none."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in names:
        column = rng.exponential(0.5, size)
        column[rng.random(size) < 0.1] *= 2.0 ** int(rng.integers(-80, 80))
        for value in (0.0, -1.0, 1.0, math.nan, math.inf):
            column[rng.random(size) < 0.02] = value
        found.append(column)
    return found


def outputs(size: int) -> list[NDArray[Any]]:
    """Arrays to fill."""
    return [np.empty(size, np.int8), *(np.full(size, 7.0) for _ in ROLES.outputs)]


def same_bits(found: CubicKernel, size: int, seed: int) -> NDArray[np.int8]:
    """Compare with machine code for all options; the statuses of the last one."""
    columns = hostile((*found.parameters, *found.states), size, seed)
    for flags in product((True, False), repeat=4):
        own, compiled = outputs(size), outputs(size)
        number = plain.fill(found.path, [*columns, *flags, *own])
        assert number == load(found.path).fill(*columns, *flags, *compiled)
        assert [a.tobytes() for a in own] == [a.tobytes() for a in compiled], flags
    return own[0]


def test_tiles_have_the_bits_of_machine_code() -> None:
    found = set(same_bits(kernel(GAME), 3000, 1).tolist())
    assert found == {UNDECIDED, 0, 1, 2}
    same_bits(kernel(GAME), 1, 2)


def test_a_planted_order_of_operations_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a product is rounded before the sum, some bits are others."""
    monkeypatch.setattr(plain, "_module", plain._module.__wrapped__)
    monkeypatch.setitem(plain._OWN, "fma", lambda a, b, c: a * b + c)
    with pytest.raises(AssertionError):
        same_bits(kernel(GAME), 300, 1)


def test_points_in_double_double_numbers_have_the_bits_of_machine_code() -> None:
    exact = kernel(GAME).exact
    assert exact is not None
    assert len(set(same_bits(exact, 12, 3).tolist())) > 1


def rounded(a: float, b: float, c: float) -> float:
    """One rounding, of finite numbers with a finite result."""
    return float(Fraction(a) * Fraction(b) + Fraction(c))


def triples(size: int) -> tuple[Array, Array, Array]:
    """Operands of all magnitudes, that cancel, or whose sum is next to the middle of doubles."""
    rng = np.random.default_rng(4)
    a, b, c = (signs(rng, size) * decades(rng, -150, 150, size) for _ in range(3))
    c[::4] = -(a * b)[::4]
    # a product that rounds to half an ulp of c: two roundings go wrong about half of the times
    half = slice(1, None, 4)
    a[half] = 1 + 2.0**-52
    b[half] = 0.5 * (1 - 2.0**-52) * signs(rng, b[half].size)
    c[half] = rng.integers(2**52, 2**53, c[half].size).astype(float)
    c[2::40], a[6::40] = 0.0, 0.0
    return a, b, c


def test_a_fused_operation_has_one_rounding() -> None:
    a, b, c = triples(4000)
    expected = np.array([rounded(*row) for row in zip(a, b, c)])
    assert plain.fma(a, b, c).tobytes() == expected.tobytes()
    assert plain.fma(a[0], b[0], c[0]) == expected[0]
    assert np.count_nonzero(a * b + c != expected) > 1000


def test_a_planted_second_rounding_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b, c = triples(4000)
    expected = plain.fma(a, b, c)
    monkeypatch.setattr(plain, "_odd_sum", lambda a, b: a + b)
    assert np.count_nonzero(plain.fma(a, b, c) != expected) > 100


@pytest.mark.parametrize(
    ("a", "b", "c", "expected"),
    [
        (2.0**1000, 2.0**24, -(2.0**1023), 2.0**1023),
        (2.0**1000, 2.0**24, 0.0, math.inf),
        (-(2.0**1000), 2.0**30, 1.0, -math.inf),
        (2.0**-600, 2.0**-474, 0.0, 2.0**-1074),
        (2.0**-600, 2.0**-475, 0.0, 0.0),
        (math.inf, 1.0, 2.0, math.inf),
        (-0.0, 1.0, -0.0, -0.0),
        (-0.0, 1.0, 0.0, 0.0),
        (1.0, 1.0, -1.0, 0.0),
    ],
)
@np.errstate(all="ignore")
def test_edges_of_the_doubles(a: float, b: float, c: float, expected: float) -> None:
    for found in (plain.fma(a, b, c), plain.fma(np.array([a]), b, c)[0]):
        assert np.float64(found).tobytes() == np.float64(expected).tobytes()
    assert math.isnan(plain.fma(math.inf, 0.0, c)) and math.isnan(plain.fma(a, b, math.nan))


def test_many_points_are_worth_machine_code(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    monkeypatch.setattr(plain, "_done", plain.Counter())
    monkeypatch.setattr(plain, "loaded", lambda path: False)
    monkeypatch.setattr(plain, "load", lambda path, game="": called.append(game) or load(path))
    fixed = {k: float(v) for k, v in cases.S1.items() if k != "theta"}
    found = kernel(GAME)

    def run(size: int) -> Array:
        result: Array = found.evaluate(theta=np.linspace(0.1, 0.9, size), **fixed)["V"]
        return result

    first = run(plain.TILES // 2)
    assert not called
    second = run(plain.TILES // 2 + 1)
    assert called == [GAME] and first[0] == second[0]


def test_threads_do_not_share_a_tile() -> None:
    found = kernel(GAME)
    columns = hostile((*found.parameters, *found.states), 900, 5)

    def run(size: int) -> list[bytes]:
        own = outputs(size)
        plain.fill(found.path, [*(c[:size] for c in columns), *(4 * [True]), *own])
        return [a.tobytes() for a in own]

    sizes = [900 - 7 * k for k in range(24)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(run, sizes)) == list(map(run, sizes))


def test_a_small_sweep_needs_no_compiler(tmp_path: Path) -> None:
    fixed = {k: v for k, v in cases.S1.items() if k != "theta"}
    words = ["sweep", GAME, "--vary", "theta=0:1:5", "--out", str(tmp_path / "out.csv")]
    words += [part for k, v in fixed.items() for part in ("-p", f"{k}={v}")]
    code = (
        "import sys; from eqsolve.cli import cli;"
        f"cli.main({words!r}, standalone_mode=False);"
        "assert not {'numba', 'llvmlite'} & set(sys.modules)"
    )
    # what the first command left: a kernel of this process may be known by files that were named
    first = code.rpartition(";")[0]
    assert subprocess.run([sys.executable, "-P", "-c", first], env=os.environ).returncode == 0
    done = subprocess.run([sys.executable, "-P", "-c", code], env=os.environ)
    assert done.returncode == 0
