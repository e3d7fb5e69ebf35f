"""Closed forms in ball arithmetic: programs, exact root counts, conversion to doubles."""

from __future__ import annotations

import copyreg
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import arb, arb_mat, fmpq, fmpq_poly

from eqsolve.arithmetic.number import (
    DivisionByZero,
    UndecidedError,
    ball,
    number,
    precision,
    sign,
)
from eqsolve.symbolic.evaluation import evaluate, real_roots_of_balls
from eqsolve.symbolic.solving import Definition

__all__ = [
    "DivisionByZero",
    "UndecidedError",
    "Values",
    "ball",
    "evaluate",
    "krawczyk",
    "number",
    "precision",
    "real_roots",
    "real_roots_of_balls",
    "run",
    "sign",
]

Values = dict[sp.Symbol, arb]


def _unpickled(mid: tuple[int, int], rad: tuple[int, int]) -> arb:
    return arb(mid, rad)


def _pickled(value: arb) -> tuple[Any, ...]:
    """How a ball travels to another process: its radius may be rounded up a little."""
    if not value.is_finite():
        return arb, (str(value),)
    parts = (tuple(map(int, part.man_exp())) for part in (value.mid(), value.rad()))
    return _unpickled, tuple(parts)


copyreg.pickle(arb, _pickled)


def run(program: tuple[Definition, ...], values: Values) -> None:
    """Evaluate definitions in order into ``values``, skipping those already there."""
    for definition in program:
        if definition.symbol not in values:
            values[definition.symbol] = evaluate(definition.expression, values)


def real_roots(coefficients: list[Fraction]) -> list[tuple[arb, int]]:
    """Return all real roots with multiplicities, ascending, of an exact polynomial.

    ``coefficients`` are given leading one first; the root counts are exact.
    """
    polynomial = fmpq_poly([fmpq(c.numerator, c.denominator) for c in reversed(coefficients)])
    if polynomial.degree() < 1:
        return []
    integral = polynomial.numer()
    pairs: Any = integral.complex_roots()
    found = [(z.real, int(m)) for z, m in pairs if z.imag.is_zero()]
    return sorted(found, key=lambda pair: float(pair[0].mid()))


def krawczyk(
    equations: Sequence[sp.Expr], center: Mapping[sp.Symbol, arb], values: Values, size: float
) -> dict[sp.Symbol, arb] | None:
    """Prove that a system has exactly one solution in a box, and enclose it.

    R. Krawczyk's operator (Computing 4, 1969): the box is mapped into its interior.

    Parameters
    ----------
    equations : as many expressions as unknowns, to vanish together.
    center : an approximate solution.
    values : everything else in the equations.
    size : relative half width of the box.

    Returns
    -------
    dict or None
        The enclosures, or None if nothing was proved.
    """
    unknowns = list(center)
    middle = [center[u].mid() for u in unknowns]
    box = [arb(m, size * (1 + abs(float(m)))) for m in middle]
    at_middle, in_box = values | dict(zip(unknowns, middle)), values | dict(zip(unknowns, box))
    slopes = [[sp.diff(e, u) for u in unknowns] for e in equations]
    try:
        residual = arb_mat([[evaluate(e, at_middle)] for e in equations])
        inverse = arb_mat([[evaluate(s, at_middle).mid() for s in row] for row in slopes]).inv()
        jacobian = arb_mat([[evaluate(s, in_box) for s in row] for row in slopes])
    except (ZeroDivisionError, DivisionByZero, UndecidedError):
        return None
    count = len(unknowns)
    inverse = arb_mat([[inverse[i, j].mid() for j in range(count)] for i in range(count)])
    identity = arb_mat([[int(i == j) for j in range(count)] for i in range(count)])
    spread = arb_mat([[b - m] for b, m in zip(box, middle)])
    step = (identity - inverse * jacobian) * spread - inverse * residual
    found = [m + step[k, 0] for k, m in enumerate(middle)]
    if not all(b.contains_interior(f) for b, f in zip(box, found)):
        return None
    return dict(zip(unknowns, found))
