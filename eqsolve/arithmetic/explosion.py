"""The time at which a solution becomes infinite, bracketed in coordinates that stay finite."""

from __future__ import annotations

from functools import lru_cache

import sympy as sp
from flint import arb, fmpq

from eqsolve.arithmetic.function import Function
from eqsolve.arithmetic.trajectory import Trajectory

#: Relative width to which a bracket is narrowed.
_NARROW = fmpq(1, 2**60)


def first_zero(trajectory: Trajectory) -> tuple[fmpq, fmpq] | None:
    """Bracket the first zero of the first unknown, if it changes its sign; both ends are proved."""
    positive = bool(trajectory.start[0] > 0)

    def beyond(value: arb) -> bool:
        return bool(value < 0) if positive else bool(value > 0)

    end = trajectory.reached
    if not beyond(trajectory.at(end)[0]):
        return None
    smallest = end * _NARROW
    # Times before ``low`` have the sign of the start; the sign at ``high`` is the other one.
    low, high = fmpq(0), end
    width = end
    while low < end:
        width = min(width, end - low)
        value = trajectory.over(low, low + width)[0]
        if not value.contains(0):
            if beyond(value):
                break
            low += width
            width *= 2
        elif width <= smallest:
            break
        else:
            if beyond(trajectory.at(low + width)[0]):
                high = min(high, low + width)
            width /= 2
    while beyond(trajectory.at((low + high) / 2)[0]) and high - low > smallest:
        high = (low + high) / 2
    return low, high


@lru_cache(maxsize=64)
def projected(rates: Function, largest: int) -> tuple[Function, tuple[int, ...]] | None:
    """Return the rates in the coordinates v = 1/u_k and w_i = u_i/u_k, which go through a pole.

    Only unknowns on which u_k depends, directly or not, are kept.

    Parameters
    ----------
    rates : f of u' = f(s, u).
    largest : the number k.

    Returns
    -------
    The rates of v and the w_i, with the arguments s, v, w_i, and the numbers of the unknowns they
    stand for (k first); None if the rates are not polynomials of degree two for which v cancels.
    """
    time, *unknowns = rates.arguments
    chosen = _needed(rates, largest)
    symbols = [unknowns[k] for k in chosen]
    polynomials = []
    for k in chosen:
        try:
            polynomial = sp.Poly(rates.expressions[k], *symbols)
        except sp.PolynomialError:
            return None
        if polynomial.total_degree() > 2:
            return None
        polynomials.append(polynomial)
    v = sp.Dummy("v")
    images = [sp.S.One, *symbols[1:]]
    squared = [
        sp.Add(
            *(
                c * v ** (2 - sum(powers)) * sp.Mul(*(w**e for w, e in zip(images, powers)))
                for powers, c in polynomial.terms()
            )
        )
        for polynomial in polynomials
    ]
    # With v^2 f = F: v' = -F_k and w_i' = (F_i - w_i F_k)/v, where v has to cancel.
    result = [-squared[0]]
    for w, square in zip(symbols[1:], squared[1:]):
        quotient, rest = sp.div(sp.Poly(square - w * squared[0], v), sp.Poly(v, v))
        if not rest.is_zero:
            return None
        result.append(quotient.as_expr())
    return Function(result, [time, v, *symbols[1:]]), chosen


def _needed(rates: Function, largest: int) -> tuple[int, ...]:
    """The unknown and those that its rate depends on, directly or not."""
    unknowns = rates.arguments[1:]
    chosen = [largest]
    for k in chosen:
        chosen += [
            j
            for j, symbol in enumerate(unknowns)
            if j not in chosen and symbol in rates.expressions[k].free_symbols
        ]
    return tuple(chosen)
