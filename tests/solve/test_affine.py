"""Blocks that are plainly affine: the same solutions as by polynomials, or left to these."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import sympy as sp
from flint import arb, fmpq

from eqsolve.arithmetic.code import Code
from eqsolve.arithmetic.function import Function
from eqsolve.solve.affine import affine_solution
from eqsolve.solve.reduction import Number, Values
from eqsolve.solve.stationary import Block

x, y, a, b = sp.symbols("x y a b")
KNOWN: dict[str, Number] = {"a": fmpq(3, 7), "b": arb(2).sqrt()}


def _code(functions: Sequence[sp.Expr]) -> Code:
    made = Function(functions, (x, y, a, b))
    names = ("x", "y", "a", "b")
    return Code(names, made.constants, made.steps, made.outputs).only(range(len(functions)))


def _ours(functions: Sequence[sp.Expr], unknowns: Sequence[str]) -> Values | None:
    return affine_solution(_code(functions), range(len(functions)), unknowns, KNOWN)


def _by_polynomials(functions: Sequence[sp.Expr], unknowns: Sequence[str]) -> Values:
    code = _code(functions)
    known = {name: KNOWN[name] for name in code.arguments if name in KNOWN}
    (found,), proved = Block(unknowns, code, known).solutions()
    assert proved
    return found.values


def test_rational_numbers_stay_exact() -> None:
    functions = [(a + 2) * x / 5 - (x - a) + 1]
    assert _ours(functions, ["x"]) == _by_polynomials(functions, ["x"]) == {"x": fmpq(25, 9)}


def test_balls_overlap_with_what_polynomials_give() -> None:
    functions = [b * x - a * y + sp.sqrt(a + 1), x + y / b - 1]
    ours, theirs = _ours(functions, ["x", "y"]), _by_polynomials(functions, ["x", "y"])
    assert ours is not None
    for name, value in theirs.items():
        one, other = arb(ours[name]), arb(value)
        assert one.overlaps(other) and one.rad() < 1e-12 and not (one + 1e-9).overlaps(other)


@pytest.mark.parametrize(
    "functions",
    [
        [x * x - a],
        [a / x - 1],
        [sp.exp(x) - a],
        [x / (a - sp.Rational(3, 7)) - 1],
        [sp.sqrt(-a) + x],
        [b * x + 2 * y - 1, x + b * y - 1],
        [x + y, 2 * x + 2 * y],
    ],
    ids=["square", "inverse", "exponential", "by-zero", "undefined", "ball", "line"],
)
def test_what_is_not_decided_is_left_to_polynomials(functions: Sequence[sp.Expr]) -> None:
    assert _ours(functions, ["x", "y"][: len(functions)]) is None
