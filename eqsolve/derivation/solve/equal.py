"""Unknowns that start at the same value and never part."""

from __future__ import annotations

from itertools import combinations

import sympy as sp

from eqsolve.derivation.solve import algebra
from eqsolve.derivation.solve.block import Block, Known


def merged(block: Block, known: Known) -> tuple[Block, dict[sp.Symbol, sp.Symbol]]:
    """The block without unknowns that equal an earlier one, and which one they equal."""
    rates, same = dict(block.rates), {}
    if block.algebraic or not block.initial:
        return block, {}
    for first, second in combinations(block.rates, 2):
        if first not in rates or second not in rates:
            continue
        if not algebra.vanishes(block.initial[first] - block.initial[second]):
            continue
        difference = (rates[first] - rates[second]).xreplace({second: first})
        if algebra.vanishes(difference):
            del rates[second]
            rates = {u: r.xreplace({second: first}) for u, r in rates.items()}
            same[second] = first
    constraints = {u: e.xreplace(same) for u, e in block.constraints.items()}
    initial = {u: block.initial[u] for u in rates}
    return Block(rates, constraints, initial), same
