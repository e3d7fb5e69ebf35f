"""Coefficients that start at zero and stay there."""

from __future__ import annotations

import sympy as sp

from eqsolve.derivation.solve import algebra
from eqsolve.derivation.solve.block import Block, Found, Known
from eqsolve.derivation.solve.step import Explicit


def recognize(block: Block, known: Known) -> Found | None:
    """The solution zero of a block whose payoff and rates at zero vanish."""
    if block.algebraic or block.constraints or not block.initial:
        return None
    if any(value != 0 for value in block.initial.values()):
        return None
    zero = dict.fromkeys(block.symbols, sp.S.Zero)
    for rate in block.rates.values():
        numbers = algebra.powers(rate, block.symbols)
        if numbers is None or any(not any(exponents) for exponents in numbers):
            return None
    return Found(tuple(Explicit(symbol, value, "zero") for symbol, value in zero.items()))
