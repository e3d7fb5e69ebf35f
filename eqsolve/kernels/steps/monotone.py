"""Why an equation of one unknown has at most one zero: it is monotone.

Every term of the derivative is a constant times factors that are positive wherever the equation is
defined: the constants' signs, known with the parameters, prove that the equation is monotone.
"""

from __future__ import annotations

import sympy as sp


def slopes(equation: sp.Expr, unknown: sp.Symbol) -> tuple[tuple[sp.Expr, ...], ...]:
    """Constants that prove the equation monotone if all have one sign and one is not zero.

    There is one tuple for each form of the equation: itself, and divided by powers that are
    positive wherever it is defined, which does not move its zeros. Forms with a term of no known
    sign are left out.
    """
    powers = [p for p in equation.atoms(sp.Pow) if p.has(unknown) and not p.exp.is_Integer]
    bases = {p.base for p in powers} | {f.args[0] for f in equation.atoms(sp.log)}
    together = sp.Mul(*{p.base: p for p in powers}.values())
    found = []
    for divisor in dict.fromkeys((sp.S.One, *powers, together)):
        form = sp.expand(sp.Add(*(term / divisor for term in sp.Add.make_args(equation))))
        factors: dict[sp.Expr, sp.Expr] = {}
        for part in sp.Add.make_args(form):
            for term in sp.Add.make_args(sp.diff(part, unknown)):
                constant, moving = term.as_independent(unknown, as_Add=False)
                factors[moving] = factors.get(moving, sp.S.Zero) + constant
        if any(factors.values()) and all(_positive(moving, unknown, bases) for moving in factors):
            found.append(tuple(e for e in factors.values() if e != 0))
    return tuple(found)


def _positive(term: sp.Expr, unknown: sp.Symbol, positive: set[sp.Expr]) -> bool:
    """Whether every factor is positive wherever the equation is defined."""
    for factor in sp.Mul.make_args(term):
        base, exponent = factor.as_base_exp()
        known = base in positive and not exponent.has(unknown)
        even = exponent.is_Integer and exponent % 2 == 0
        if factor.has(unknown) and not (known or even or isinstance(factor, sp.exp)):
            return False
    return True
