"""Common zeros of two polynomials in two unknowns."""

from __future__ import annotations

import pytest
from flint import arb, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpz_poly

from eqsolve.arithmetic import plane
from eqsolve.arithmetic.plane import plane_solutions

RING = fmpq_mpoly_ctx.get(["x", "y"], "lex")
X, Y = RING.gens()
ONE = RING.constant(1)


def test_circle_and_hyperbola() -> None:
    found = plane_solutions(X**2 + Y**2 - 4, X * Y - 1, ONE, bits=200)
    assert found.complete and len(found.points) == 4
    for x, y in found.points:
        assert (x * y - 1).contains(0) and (x**2 + y**2 - 4).contains(0)
        assert x.rad() < 1e-40 and y.rad() < 1e-40


def test_points_above_one_another_and_a_region() -> None:
    found = plane_solutions(X * (X - 1), Y**2 - 2, ONE, bits=200)
    assert found.complete and len(found.points) == 4
    above = plane_solutions(X * (X - 1), Y**2 - 2, ONE, bits=200, within=lambda b: not b[1] < 0)
    assert above.complete and len(above.points) == 2


def test_zeros_of_the_denominator_are_excluded_exactly() -> None:
    # a double zero at (sqrt 2, sqrt 2), where x = y, and two simple ones with x = -y
    first, second = (X**2 - 2) * (Y - X) ** 2 + (X**2 - Y**2), X**2 - 2
    assert not plane_solutions((X - Y) ** 2 * (X + Y), second, X + Y, bits=200).complete
    found = plane_solutions((X - Y) ** 2 * (X + Y), second, X - Y, bits=200)
    assert found.complete and len(found.points) == 2
    assert all((x + y).contains(0) for x, y in found.points)
    assert plane_solutions(first, second, X - Y, bits=200).complete


def test_tangent_curves_are_undecided() -> None:
    found = plane_solutions(Y - X**2, Y, ONE, bits=200)
    assert not found.complete and not found.points
    ((x, y),) = found.undecided
    assert x.contains(0) and y.contains(0)


def test_a_common_curve_is_degenerate() -> None:
    found = plane_solutions((X - Y) * (X - 3), (X - Y) * (Y - 5), ONE, bits=200)
    assert found.degenerate and not found.complete
    ((x, y),) = found.points
    assert x.contains(3) and y.contains(5)


def test_large_heights() -> None:
    big = fmpq(10) ** 30
    found = plane_solutions(X**3 - big * Y, Y**2 * big - X, ONE, bits=256)
    assert found.undecided == () and len(found.points) == 2


def test_a_wrong_resultant_would_lose_solutions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The count of solutions rests on the roots of the resultant: planted, one is left out."""
    roots = plane._roots

    def fewer(*given: fmpq_mpoly) -> list[tuple[object, list[arb]]]:
        return [(factor, found[1:]) for factor, found in roots(*given)]

    monkeypatch.setattr(plane, "_roots", fewer)
    assert len(plane_solutions(X**2 + Y**2 - 4, X * Y - 1, ONE, bits=200).points) < 4


@pytest.mark.parametrize("off", [0, fmpq(1, 10**40)])
def test_a_zero_that_two_parts_share_is_told_from_one_nearby(off: fmpq | int) -> None:
    """The curves meet at (1, 1); a third one passes through it, or misses it by 1e-40."""
    first, second = Y - X**2, (X - 1) * (Y**2 - 3) + Y - 1
    third = (Y - X - off) * (Y + 5)
    exclusion = plane._Exclusion(first, second, third)
    box = (arb(1), arb(1, 1e-50))
    assert exclusion._seen(fmpz_poly([-1, 1]), box) == (off == 0)
