"""Single steps of a proof, where a second step would hide the failure of one."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpz_poly

from eqsolve.arithmetic.number import UndecidedError, precision
from eqsolve.kernels.cubic.program import VALUE
from eqsolve.registry import model
from eqsolve.solve.closed_form import proof
from eqsolve.solve.closed_form.certify import certify
from eqsolve.solve.closed_form.proof import Point
from eqsolve.solve.closed_form.statement import Verdict, state_point
from eqsolve.solve.closed_form.straightline import straight_line
from eqsolve.status import Status
from eqsolve.verbs import kernel
from reference import cases
from test_certify import FOLD, TIE

S1 = {k: float(v) for k, v in cases.S1.items()}


def point(params: dict[str, Any], exact: bool = False) -> Point:
    """The mean-field game at one set."""
    program = straight_line(model("mean-field"))
    names = [s.name for s in program.parameters]
    given = {"lambda" if k == "lam" else k: Fraction(v) for k, v in params.items()}
    return Point(program, [given[name] for name in names], (1.0, None), exact)


def point_roots(params: dict[str, Any]) -> list[arb]:
    here = point(params)
    assert here.find_roots()
    return here.roots


def test_number_of_roots_of_drawn_polynomials() -> None:
    """Against exact isolation, for three real roots of which two come ever closer, and for one."""
    draw = random.Random(5)
    with precision(256):
        for k in range(300):
            low, gap, third = draw.randint(-99, 99), 10 ** draw.randint(0, 9), draw.randint(-99, 99)
            # roots low/gap, (low + 1)/gap and third, or the first two complex
            pair = fmpz_poly([-low, gap]) * fmpz_poly([-low - 1, gap]) + (k % 2)
            whole = pair * fmpz_poly([-third, 1]) if k % 3 else pair
            roots: Any = whole.complex_roots()
            expected = sum(1 for root, _ in roots if root.imag.is_zero())
            coefficients = [arb(int(c)) for c in whole.coeffs()[::-1]]
            assert proof._number_of_roots(coefficients) == expected, whole


def test_a_lost_root_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Isolation in balls that finds a root too few is contradicted by the discriminant."""
    true = proof.real_roots_of_balls
    monkeypatch.setattr(proof, "real_roots_of_balls", lambda c: true(c)[1:])
    with precision(128), pytest.raises(UndecidedError):
        point(S1).find_roots()
    with precision(512):
        exact = point(S1, exact=True)
        assert exact.find_roots()  # decided by factors instead
        monkeypatch.undo()
        assert len(exact.roots) == len(point_roots(S1)) > 0


def test_equal_values_are_no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    with precision(128):
        here = point(S1)
        values = [arb(1.0, 1e-20), arb(1.0 + 1e-25, 1e-20), arb(2.0)]
        monkeypatch.setattr(here, "at_root", lambda k, outputs: {VALUE: values[k]})
        monkeypatch.setattr(here, "finite", lambda values, root: True)
        with pytest.raises(UndecidedError):
            here.most_valuable([0, 1], ())
        assert here.most_valuable([0, 2], ())[0] == 2
        monkeypatch.setattr(here, "finite", lambda values, root: root == 1)
        assert here.most_valuable([0, 1, 2], ())[0] == 1  # the only equilibrium that exists


def test_wide_enclosures_are_not_given() -> None:
    with precision(128):
        here = point(S1)
        assert here.find_roots()
        (name,) = here.program.polynomial[:1]
        with pytest.raises(UndecidedError):
            here.sharp(arb(1.0, 2.0**-40), name, 0)
        assert here.sharp(arb(1.0, 2.0**-80), name, 0).rel_accuracy_bits() > 70


def test_roots_of_several_factors_are_not_mixed_up() -> None:
    with precision(512):
        here = point(FOLD, exact=True)
        assert here.find_roots() and len(here.roots) == 2
        assert here._factor(0) != here._factor(1)
        here.roots[0] = here.roots[0].union(here.roots[1])
        assert here._factor(0) is None


@pytest.mark.parametrize("side", [-1, 1])
def test_what_is_smaller_than_the_first_precisions_is_not_zero(side: int) -> None:
    """The growth rate differs from the hazard rate by 1e-300 of it."""
    program = straight_line(model("mean-field"))
    numbers = {k: Fraction(v) for k, v in TIE.items()}
    numbers["theta"] *= 1 + side * Fraction(1, 10**300)
    found = state_point(program, [numbers[s.name] for s in program.parameters])
    assert found.verdict is Verdict.CERTIFIED and found.bits > 512
    assert found.status is (Status.OK if side < 0 else Status.INFINITE_VARIANCE)


def test_everybody_has_the_same_wealth_by_default() -> None:
    params = {**S1, "n": np.array([2.0, 3.0, 50.0])}
    answers = kernel("n-agent").evaluate(params)
    found = certify(model("n-agent"), params, outputs=("pi", "V"), answers=answers)
    assert found["agrees"].tolist() == [1, 1, 1]
    wrong = {**answers, "V": kernel("n-agent").evaluate({**params, "y": 1.0})["V"]}
    assert (
        certify(model("n-agent"), params, outputs=("V",), answers=wrong)["agrees"].tolist()
        == [0] * 3
    )


def test_numbers_of_agents_are_whole() -> None:
    found = certify(model("n-agent"), {**S1, "n": np.array([3.0, 2.5, 0.0])})
    assert found["certified"].tolist() == [0, Verdict.INVALID_INPUT, Verdict.INVALID_INPUT]
