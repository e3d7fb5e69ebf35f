"""Limits and expansions of closed forms, exact in the ring of rational functions.

Two kinds of limit occur. Where a closed form stays regular (``1/n`` at 0), it is specialized and
its derivative in the parameter is itself a closed form; the implicit root is differentiated
through its polynomial. Where it does not (a hazard rate that grows without bound), a root that
converges is expanded in the reciprocal of the parameter and everything else follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sympy as sp

from eqsolve.arithmetic.algebra import Ratio, Ring, collect, together
from eqsolve.derivation.closed_form import ClosedForm, Definition
from eqsolve.derivation.reductions import explicit, factored
from eqsolve.errors import DerivationError
from eqsolve.symbols import symbol


def leading(expression: sp.Expr, variable: sp.Symbol, *, infinity: bool) -> tuple[sp.Expr, int]:
    """Return ``(c, m)`` with ``expression ~ c variable^m`` at infinity or, if not, at zero.

    The expression is rational and not identically zero; ``c`` is the ratio of the leading (at
    zero: the lowest) coefficients of its numerator and denominator.
    """
    ring = Ring.of(expression, (variable,))
    ratio = ring.ratio(expression)
    if ratio.is_zero():
        raise DerivationError("zero has no leading term.", stage="limits")
    powers, parts = [], []
    for polynomial in (ratio.numerator, ratio.denominator):
        coefficients = ring.coefficients(polynomial, variable)
        occurring = [k for k, c in enumerate(coefficients) if not c.is_zero()]
        powers.append(occurring[-1] if infinity else occurring[0])
        parts.append(ring.expression(coefficients[powers[-1]]))
    return factored(parts[0] / parts[1]), powers[0] - powers[1]


def limit(expression: sp.Expr, variable: sp.Symbol, *, infinity: bool) -> sp.Expr:
    """Return the limit of a rational expression as a parameter tends to infinity or to zero.

    Raises
    ------
    DerivationError
        If the expression diverges.
    """
    if Ring.of(expression).ratio(expression).is_zero():
        return sp.S.Zero
    coefficient, power = leading(expression, variable, infinity=infinity)
    if power == 0:
        return coefficient
    if (power > 0) == infinity:
        raise DerivationError(f"{expression} diverges in {variable}.", stage="limits")
    return sp.S.Zero


def series(expression: sp.Expr, variable: sp.Symbol, order: int) -> tuple[sp.Expr, ...]:
    """Return the Taylor coefficients at zero, up to ``order``, of a rational expression.

    Raises
    ------
    DerivationError
        If the expression has a pole at zero.
    """
    ring = Ring.of(expression, (variable,))
    ratio = ring.ratio(expression)
    one, zero = ring.context.constant(1), ring.context.constant(0)
    top, bottom = (
        [Ratio(ring, c, one) for c in ring.coefficients(p, variable)]
        for p in (ratio.numerator, ratio.denominator)
    )
    if bottom[0].is_zero():
        raise DerivationError(f"{expression} has a pole at {variable} = 0.", stage="limits")
    minus, inverse = ring.ratio(sp.S.NegativeOne), bottom[0] ** -1
    found: list[Ratio] = []
    for k in range(order + 1):
        value = top[k] if k < len(top) else Ratio(ring, zero, one)
        for j in range(max(0, k - len(bottom) + 1), k):
            value += minus * found[j] * bottom[k - j]
        found.append(value * inverse)
    return tuple(
        factored(ring.expression(c.numerator) / ring.expression(c.denominator)) for c in found
    )


def at_infinity(
    form: ClosedForm, outputs: Iterable[sp.Symbol], variable: sp.Symbol, order: int = 0
) -> dict[sp.Symbol, tuple[sp.Expr, ...]]:
    """Expand outputs of a closed form in ``1/variable`` along the roots that stay bounded.

    A root is expanded first. The leading coefficient of its polynomial in the growing parameter is
    linear in it, so that exactly one root converges and, by the implicit function theorem, it is
    analytic in ``1/variable``. The first entry for each output is its limit.

    Raises
    ------
    DerivationError
        If not exactly one root converges or an output diverges.
    """
    small = sp.Dummy("small")
    roots: dict[sp.Symbol, tuple[sp.Expr, ...]] = {}
    for definition in form.needed(outputs):
        if definition.is_root:
            polynomial = explicit(form, definition.expression)
            roots[definition.symbol] = _bounded_root(polynomial, definition.symbol, variable, order)
    branch = {
        root: sp.Add(*(c * small**k for k, c in enumerate(parts))) for root, parts in roots.items()
    }
    result = dict(roots)
    for output in outputs:
        if output not in roots:
            expression = explicit(form, output).xreplace(branch | {variable: 1 / small})
            result[output] = series(expression, small, order)
    return {output: result[output] for output in outputs}


def _bounded_root(
    polynomial: sp.Expr, root: sp.Symbol, variable: sp.Symbol, order: int
) -> tuple[sp.Expr, ...]:
    small, unknown = sp.Dummy("small"), sp.Dummy("unknown")
    top, _ = leading(polynomial, variable, infinity=True)
    parts: list[sp.Expr] = []
    if sp.Poly(together(top)[0], root).degree() != 1:
        raise DerivationError(f"not exactly one {root} stays bounded.", stage="limits")
    numerator, _ = together(polynomial.xreplace({variable: 1 / small}))
    for k in range(order + 1):
        trial = sp.Add(*(c * small**j for j, c in enumerate(parts)), unknown * small**k)
        condition, _ = leading(numerator.xreplace({root: trial}), small, infinity=False)
        linear = collect(together(condition)[0], (unknown,))
        parts.append(factored(-linear.get(sp.S.One, sp.S.Zero) / linear[unknown]))
    return tuple(parts)


def growing_roots(
    form: ClosedForm, root: sp.Symbol, variable: sp.Symbol, rate: sp.Symbol
) -> sp.Expr:
    """Return the polynomial that ``rate`` solves for the roots that grow as ``rate * variable``."""
    polynomial = explicit(form, form[root]).xreplace({root: rate * variable})
    top, _ = leading(polynomial, variable, infinity=True)
    ring = Ring.of(top, (rate,))
    _, factors = ring.factors(ring.ratio(top).numerator)
    return sp.Mul(*(f**m for f, m in factors if f.has(rate) and f != rate))


def derivative(
    form: ClosedForm,
    outputs: Iterable[sp.Symbol],
    variable: sp.Symbol,
    inner: Mapping[sp.Symbol, sp.Expr],
) -> ClosedForm:
    """Extend a closed form by the derivatives of its outputs in a parameter.

    Parameters
    ----------
    form : the closed form; ``outputs`` are symbols it defines.
    variable : the parameter.
    inner : parameters of the form that depend on it, such as ``kappa = 1 - theta N``.

    The derivative of ``p1`` is called ``dp1``. A root is differentiated implicitly, which needs it
    to be simple: the derivative of its polynomial joins the quantities assumed nonzero.
    """
    outputs = tuple(outputs)
    slopes = {variable: sp.S.One} | {s: sp.diff(e, variable) for s, e in inner.items()}
    extra: list[Definition] = []
    nonzero: list[sp.Expr] = []
    for definition in form.needed(outputs):
        known, expression = definition.symbol, definition.expression
        total = sp.Add(
            *(
                sp.diff(expression, s) * slopes[s]
                for s in sorted(expression.free_symbols, key=lambda s: s.name)
                if s in slopes and s != known
            )
        )
        if definition.is_root:
            steepness = sp.diff(expression, known)
            nonzero.append(steepness)
            total = -total / steepness
        if total != 0:
            slopes[known] = symbol(f"d{known.name}")
            extra.append(Definition(slopes[known], total, is_solution=definition.is_solution))
        elif known in outputs:
            extra.append(Definition(symbol(f"d{known.name}"), sp.S.Zero, is_solution=True))
    return form.extended(extra, nonzero)
