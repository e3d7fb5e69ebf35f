"""Differential equations without a closed form."""

from __future__ import annotations

from eqsolve.derivation.solve import algebra
from eqsolve.derivation.solve.block import Block, Found, Known
from eqsolve.derivation.solve.step import Flow


def recognize(block: Block, known: Known) -> Found:
    """Name the equations: their solution is a trajectory, integrated numerically."""
    parts = [algebra.powers(rate, block.symbols) for rate in block.rates.values()]
    linear = not block.constraints and all(
        part is not None and all(sum(exponents) < 2 for exponents in part) for part in parts
    )
    initial = tuple(block.initial[s] for s in block.rates) if block.initial else ()
    return Found(
        (
            Flow(
                block.symbols,
                tuple(block.rates.values()),
                initial,
                "linear" if linear else "trajectory",
                constraints=tuple(block.constraints.values()),
            ),
        )
    )
