"""Special cases of a closed form, and exact proofs that two closed forms agree."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from eqsolve.arithmetic.algebra import Ratio, Ring, is_zero, together
from eqsolve.derivation.closed_form import ClosedForm, Definition
from eqsolve.errors import DerivationError


def explicit(form: ClosedForm, expression: sp.Expr) -> sp.Expr:
    """Return an expression in parameters and implicit roots alone, factored over the rationals.

    Raises
    ------
    DerivationError
        If a denominator vanishes identically.
    """
    table = {d.symbol: d.expression for d in form.definitions if not d.is_root}
    ring = Ring.of(expression, form.table, *table.values())
    ratio = ring.ratio(expression)
    for symbol, value in reversed(table.items()):
        ratio = _inserted(ratio, symbol, value)
    return factored(ring.expression(ratio.numerator) / ring.expression(ratio.denominator))


def factored(expression: sp.Expr) -> sp.Expr:
    """Return a rational expression as a quotient of products of irreducible polynomials."""
    top, bottom = (_product(part) for part in together(expression))
    return top / bottom


def _product(polynomial: sp.Expr) -> sp.Expr:
    if polynomial == 0:
        return sp.S.Zero
    ring = Ring.of(polynomial)
    content, factors = ring.factors(ring.polynomial(polynomial))
    return sp.Mul(content, *(factor**power for factor, power in factors))


def _inserted(ratio: Ratio, symbol: sp.Symbol, expression: sp.Expr) -> Ratio:
    """Return a rational function at ``symbol = expression``."""
    ring = ratio.ring
    index = ring.symbols.index(symbol)
    above, below = (int(p.degrees()[index]) for p in (ratio.numerator, ratio.denominator))
    if above <= 0 and below <= 0:
        return ratio
    value = ring.ratio(expression)
    top = ring.substituted(ratio.numerator, symbol, value)
    bottom = ring.substituted(ratio.denominator, symbol, value)
    # each was multiplied by the value's denominator to the power of its own degree
    excess = max(above, 0) - max(below, 0)
    top *= value.denominator ** max(-excess, 0)
    bottom *= value.denominator ** max(excess, 0)
    return Ratio.reduced(ring, top, bottom)


def specialize(form: ClosedForm, values: Mapping[sp.Symbol, sp.Expr | int]) -> ClosedForm:
    """Return a closed form at particular values of parameters, and of roots where given.

    Definitions that become numbers are inserted in the later ones. A value given for a root is
    proved to solve its polynomial.

    Raises
    ------
    DerivationError
        If a quantity that was assumed nonzero vanishes, if a denominator does, if a value given
        for a root is not one, or if a value is given for something else that the form defines.
    """
    known = {s: sp.S.Zero + v for s, v in values.items()}
    definitions: list[Definition] = []
    for definition in form.definitions:
        symbol = definition.symbol
        expression = _finite(definition.expression.xreplace(known), symbol)
        if symbol in values:
            if not definition.is_root:
                raise DerivationError(f"{symbol} is not free to choose.", stage="reductions")
            if not ClosedForm(tuple(definitions), ()).vanishes(expression):
                raise DerivationError(
                    f"{values[symbol]} is not a root of the polynomial of {symbol}.",
                    stage="reductions",
                )
            definitions.append(Definition(symbol, known[symbol], is_solution=True))
            continue
        if not definition.is_root and not expression.is_Rational and is_zero(expression):
            expression = sp.S.Zero
        if expression.is_Rational and not definition.is_root:
            known[symbol] = expression
        definitions.append(
            Definition(symbol, expression, definition.polynomial, definition.is_solution)
        )
    special = ClosedForm(tuple(definitions), ())
    nonzero = [assumed.xreplace(known) for assumed in form.nonzero]
    for before, after in zip(form.nonzero, nonzero):
        if special.vanishes(after):
            raise DerivationError(
                f"{before} was assumed nonzero and vanishes at {dict(values)}.",
                stage="reductions",
                remedy="Take a limit instead.",
            )
    return ClosedForm(special.definitions, tuple(e for e in nonzero if not e.is_Rational))


def _finite(expression: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    if expression.has(sp.zoo, sp.nan, sp.oo):
        raise DerivationError(f"{symbol} divides by zero in this case.", stage="reductions")
    return expression


def prove_equal(left: ClosedForm, right: ClosedForm) -> tuple[sp.Symbol, ...]:
    """Prove, definition by definition, that two closed forms give their common symbols alike.

    Both are programs over the same parameters. Each common symbol has, in the symbols proved
    equal before it, the same rational expression; a root has the same polynomial up to a constant.
    Returns the symbols proved.

    Raises
    ------
    DerivationError
        If a symbol differs.
    """
    # abbreviations are spelled out; earlier solutions, already proved equal, are indeterminates
    names = ClosedForm(tuple(d for d in right.definitions if not d.is_solution), ())
    proved: list[sp.Symbol] = []
    for definition in right.definitions:
        symbol = definition.symbol
        if symbol not in left.table:
            continue
        found = left.table[symbol]
        foreign = {d.symbol: d.expression for d in left.definitions if d.symbol not in right.table}
        expression = found.expression
        for name in reversed(foreign):
            expression = expression.xreplace({name: foreign[name]})
        if found.is_root != definition.is_root:
            same = False
        elif definition.is_root:
            same = _proportional(names, expression, definition.expression, symbol)
        else:
            same = names.vanishes(expression - definition.expression)
        if not same:
            raise DerivationError(f"the two forms differ in {symbol}.", stage="reductions")
        proved.append(symbol)
    return tuple(proved)


def _proportional(names: ClosedForm, first: sp.Expr, second: sp.Expr, variable: sp.Symbol) -> bool:
    """Whether two polynomials in a root are proportional, their coefficients spelled out."""
    one, other = (sp.Poly(e, variable).all_coeffs() for e in (first, second))
    return len(one) == len(other) and all(
        names.vanishes(a * other[0] - b * one[0]) for a, b in zip(one, other)
    )
