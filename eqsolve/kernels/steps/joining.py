"""Steps of a solution that a kernel integrates together."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.solve.step import Explicit, Flow, Integral, Step, to_go
from eqsolve.game import t


def joined(steps: Sequence[Step], derivation: Derivation) -> list[Step]:
    """The steps with flows that need earlier flows or integrals at all times integrated together.

    An integral stays where it is, and moves along with the flow that needs it.
    """
    system, end = derivation.system, derivation.model.game.horizon.end
    found: list[Step] = []
    for step in steps:
        if isinstance(step, Flow):
            needed = _needed(step.rates, found)
            for flow in [f for f in found if isinstance(f, Flow) and needed & set(f.symbols)]:
                found.remove(flow)
                step = _together(flow, step)
            for integral in [f for f in found if isinstance(f, Integral) and f.symbol in needed]:
                if integral.symbol not in step.symbols:
                    assert end is not None, "only finite horizons have integrals"
                    rate = -system.rates[integral.symbol].xreplace({t: end - to_go})
                    start = system.terminal[integral.symbol]
                    step = _together(Flow(integral.symbols, (rate,), (start,), "linear"), step)
        found.append(step)
    return _ordered(found)


def _ordered(steps: Sequence[Step]) -> list[Step]:
    """The steps, what is explicit after the flows that it needs, which may have moved."""
    found, waiting = list[Step](), [*steps]
    while waiting:
        later = {symbol for step in waiting for symbol in step.symbols}
        later -= {symbol for step in found for symbol in step.symbols}
        ready = next(
            step
            for step in waiting
            if not isinstance(step, Explicit) or not step.expression.free_symbols & later
        )
        waiting.remove(ready)
        found.append(ready)
    return found


def _together(first: Flow, second: Flow) -> Flow:
    return Flow(
        (*first.symbols, *second.symbols),
        (*first.rates, *second.rates),
        (*first.initial, *second.initial),
        "trajectory",
        constraints=(*first.constraints, *second.constraints),
    )


def _needed(rates: Sequence[sp.Expr], steps: Sequence[Step]) -> set[sp.Symbol]:
    """The symbols in rates, also those behind what is explicit."""
    needed = set().union(*(rate.free_symbols for rate in rates))
    for step in reversed(steps):
        if isinstance(step, Explicit) and step.symbol in needed:
            needed |= step.expression.free_symbols
    return needed
