"""Expressions as functions of doubles."""

from __future__ import annotations

import math

import pytest
import sympy as sp

from eqsolve.solve.conditions import doubles


@pytest.mark.parametrize("name", ["pi", "exp", "sqrt", "lambda", "x0", "math"])
def test_letters_are_not_taken_for_functions_and_constants(name: str) -> None:
    letter, other = sp.Symbol(name), sp.Symbol("u")
    forms = [letter * sp.pi + sp.exp(other), sp.sqrt(other) + (letter + other) ** 3]
    found = doubles([letter, other], forms)(2.0, 4.0)
    assert found == pytest.approx([2 * math.pi + math.exp(4), 2 + 6**3], rel=1e-15)
