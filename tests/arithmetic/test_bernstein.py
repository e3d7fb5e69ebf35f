"""Zeros in a box by subdivision: known ones, none missed, and errors that must show."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from flint import fmpq

from eqsolve.arithmetic import bernstein
from eqsolve.arithmetic.bernstein import zeros_in
from eqsolve.arithmetic.elimination import Polynomial

#: x_k^2 + e x_(k+1) = 1/4: near the corners of a cube, and no rational numbers.
SIZE = 3


def coupled(e: fmpq) -> list[Polynomial]:
    found: list[Polynomial] = []
    for k in range(SIZE):
        square, linear = [0] * SIZE, [0] * SIZE
        square[k], linear[(k + 1) % SIZE] = 2, 1
        zero = (0,) * SIZE
        found.append({tuple(square): fmpq(1), tuple(linear): e, zero: fmpq(-1, 4)})
    return found


def test_every_zero_is_found_and_proved() -> None:
    found = zeros_in(coupled(fmpq(1, 20)), fmpq(2), bits=200, most=5000)
    assert found is not None and found.complete
    signs = {tuple(np.sign([float(v.mid()) for v in p])) for p in found.points}
    assert len(found.points) == 2**SIZE and signs == set(product((-1.0, 1.0), repeat=SIZE))
    assert all(v.rad() < 1e-40 for p in found.points for v in p)


def test_a_region_without_zeros_and_one_with_some() -> None:
    nothing = zeros_in(coupled(fmpq(1, 20)), fmpq(1, 4), bits=200, most=5000)
    assert nothing is not None and nothing.complete and not nothing.points
    wanted = zeros_in(coupled(fmpq(1, 20)), fmpq(2), within=lambda box: False, bits=200, most=5000)
    # boxes that are not wanted are dropped once they are small: what was found is found
    assert wanted is not None and wanted.complete and len(wanted.points) <= 2**SIZE


def test_a_search_that_is_given_up_proves_nothing() -> None:
    found = zeros_in(coupled(fmpq(1, 20)), fmpq(2), bits=200, most=1)
    assert found is not None and not found.complete
    # a double zero has no box with a regular Jacobian
    double: list[Polynomial] = [
        {(2, 0): fmpq(1), (1, 0): fmpq(-2, 3), (0, 0): fmpq(1, 9)},
        {(0, 1): fmpq(1), (0, 0): fmpq(-1, 7)},
    ]
    assert not zeros_in(double, fmpq(1), bits=200, most=500).complete  # type: ignore[union-attr]


def test_a_planted_error_loses_a_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = bernstein._halves

    def wrong(table: bernstein.Array, axis: int) -> tuple[bernstein.Array, bernstein.Array]:
        low, high = whole(table, axis)
        return low, high + np.abs(high).max()

    monkeypatch.setattr(bernstein, "_halves", wrong)
    found = zeros_in(coupled(fmpq(1, 20)), fmpq(2), bits=200, most=5000)
    assert found is not None and len(found.points) < 2**SIZE
