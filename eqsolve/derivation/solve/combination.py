"""Blocks that become simpler for the sum or the difference with a coefficient known before."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from eqsolve.derivation.solve import algebra
from eqsolve.derivation.solve.block import Block, Found, Known
from eqsolve.derivation.solve.step import Explicit


def recognize_by(
    solve: Callable[[Block, Known], Found | None], block: Block, known: Known
) -> Found | None:
    """Solve one equation for ``u + v`` or ``u - v`` if that removes a known ``v`` from it."""
    if len(block.rates) != 1 or block.constraints or block.initial == {}:
        return None
    ((unknown, rate),) = block.rates.items()
    for other in reversed([s for s in known.rates if s in rate.free_symbols]):
        if block.initial is not None and known.is_constant(other):
            continue
        for sign, name in ((1, f"({unknown}+{other})"), (-1, f"({unknown}-{other})")):
            total = sp.Dummy()
            moved = rate.xreplace({unknown: total - sign * other}) + sign * known.rates[other]
            moved = algebra.canonical(moved)
            if other in moved.free_symbols:
                continue
            symbol = known.fresh(name)
            start = None
            if block.initial is not None:
                values = block.initial[unknown], known.starts[other]
                start = {symbol: algebra.canonical(values[0] + sign * values[1])}
            inner = Block({symbol: moved.xreplace({total: symbol})}, {}, start)
            found = solve(inner, known)
            if found is not None:
                last = Explicit(unknown, symbol - sign * other, "combination", of=symbol)
                return Found((*found.steps, last), found.explosions)
            known.taken.discard(name)
    return None
