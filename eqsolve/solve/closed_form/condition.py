"""Condition numbers: how much a relative change of the parameters changes an output.

The condition of an output ``f`` at parameters ``v_1, v_2, ...`` (the state included) is the sum of
``abs(v_i df/dv_i)``: to first order, the largest change of ``f`` per relative change of all
parameters (componentwise, N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed.,
section 1.6). Divided by ``abs(f)`` it is the relative condition number. Derivatives are exact:
the closed form is evaluated on power series truncated after the first order, with ball
coefficients, and the root enters through the implicit function theorem.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp
from flint import arb, arb_poly, arb_series

from eqsolve.arithmetic.algebraic import rational
from eqsolve.arithmetic.number import precision
from eqsolve.kernels.cubic.growth import OTHERS
from eqsolve.solve.closed_form.proof import Number
from eqsolve.solve.closed_form.statement import Statement
from eqsolve.solve.closed_form.straightline import StraightLine

#: Working precision in bits: derivatives need fewer digits than values.
BITS = 128


def condition_numbers(
    program: StraightLine,
    numbers: Sequence[Number],
    state: tuple[Number, Number | None],
    statement: Statement,
    outputs: tuple[sp.Symbol, ...],
) -> dict[sp.Symbol, arb]:
    """Enclose the larger of ``abs(f)`` and the condition of ``f`` for every output ``f``.

    Near a fold it tends to infinity; at one it is not finite.

    Parameters
    ----------
    program, numbers, state : as for ``state_point``.
    statement : what was proved there, with a selected root.
    outputs : the symbols in question.
    """
    assert statement.roots is not None and statement.selected is not None
    with precision(max(BITS, statement.bits)):
        return _conditions(program, numbers, state, statement.roots[statement.selected], outputs)


def _conditions(
    program: StraightLine,
    numbers: Sequence[Number],
    state: tuple[Number, Number | None],
    root: arb,
    outputs: tuple[sp.Symbol, ...],
) -> dict[sp.Symbol, arb]:
    balls = [arb(rational(v)) for v in (*numbers, *(v for v in state if v is not None))]
    count = len(numbers)
    absent = {s.name for s, v in zip(program.parameters, numbers) if v == 0}
    plain = program.head(absent, *balls[:count])
    if OTHERS in program.place and plain[program.place[OTHERS]].is_zero():
        absent.add(OTHERS.name)
    coefficients = [plain[program.place[s]] for s in program.polynomial]
    slope = arb_poly(coefficients[::-1]).derivative()(root)
    code = program.code(outputs, program.states)
    totals = [arb(0)] * len(outputs)
    values: tuple[Any, ...] = ()
    for moved, ball in enumerate(balls):
        if ball.is_zero():
            continue
        inputs = [_series(b, b if k == moved else arb(0)) for k, b in enumerate(balls)]
        head = program.head(absent, *inputs[:count])
        change = arb(0)
        for name in program.polynomial:
            change = change * root + _order(head[program.place[name]], 1)
        own = inputs[count]
        others = inputs[count + 1] if state[1] is not None else own * _share(program, head)
        values = code(absent, *head, _series(root, -change / slope), own, others)
        totals = [total + abs(_order(v, 1)) for total, v in zip(totals, values)]
    sizes = [abs(_order(v, 0)) for v in values]
    return {s: total.max(size) for s, total, size in zip(outputs, totals, sizes)}


def _share(program: StraightLine, head: Sequence[Any]) -> Any:
    place = program.place.get(OTHERS)
    return 1 if place is None else head[place]


def _series(value: arb, slope: arb) -> arb_series:
    return arb_series([value, slope], prec=2)


def _order(value: Any, order: int) -> arb:
    """A Taylor coefficient of a series or of a constant."""
    if isinstance(value, arb_series):
        return value[order]
    return arb(value) if order == 0 else arb(0)
