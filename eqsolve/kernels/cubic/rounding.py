"""How large the terms of a quantity are: what its rounding error is measured by."""

from __future__ import annotations

import sympy as sp

from eqsolve.kernels.cubic.program import Program


def rounded_once(expression: sp.Expr, source: Program) -> bool:
    """Whether an expression is a sum of two terms, both of them inputs times powers of two.

    Such a sum is correctly rounded, however much of it cancels.
    """
    if not expression.is_Add:
        return False
    parts = [term.as_coeff_Mul() for term in expression.args]
    return len(parts) == 2 and all(
        s in source.inputs and s not in source.form.table and _power_of_two(c) for c, s in parts
    )


def _power_of_two(number: sp.Rational) -> bool:
    return all(part & (part - 1) == 0 for part in (abs(int(number.p)), int(number.q)))


def terms(expression: sp.Expr, source: Program) -> sp.Expr:
    """What an expression would be if nothing in it canceled: its terms' magnitudes added up.

    Sums behind its symbols are followed too, except correctly rounded ones. Other symbols count
    with their own magnitude.
    """
    if isinstance(expression, sp.Symbol):
        definition = source.form.table.get(expression)
        if definition is None or definition.is_root:
            return sp.Abs(expression)
        inner = definition.expression
        if not inner.is_Add or inner.is_nonnegative or rounded_once(inner, source):
            return sp.Abs(expression)
        return terms(inner, source)
    if isinstance(expression, sp.Rational):
        return abs(expression)
    if isinstance(expression, (sp.Add, sp.Mul)):
        return expression.func(*(terms(part, source) for part in expression.args))
    base, exponent = expression.as_base_exp()
    return (terms(base, source) if exponent > 0 else sp.Abs(base)) ** exponent
