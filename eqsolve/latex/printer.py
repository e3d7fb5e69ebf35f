"""A LaTeX printer that writes expressions in the order and grouping an author would choose.

Sums start with a positive term, products run from weights to unknowns to sums, function arguments
are suppressed and derivatives are subscripts. Before every sign at which a long display may be
broken the printer leaves the mark ``BREAK``; ``eqsolve.latex.layout`` uses or removes it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.latex.nodes import BREAK, NodePrinter
from eqsolve.latex.order import (
    cleared,
    common_share,
    has_fractions,
    is_function,
    is_sum,
    product_key,
    stem,
    sum_key,
)
from eqsolve.operators import Differential, Expectation, Kept, Named, Noise, TimeIntegral
from eqsolve.symbols import latex_names, order

__all__ = ["BREAK", "AuthorPrinter", "latex", "marked"]

# What a thin space separates from the factor before.
_SPACED = (Differential, Noise, Expectation)
# What stands beside a fraction, not in its numerator.
_BESIDE = (Kept, Expectation, TimeIntegral, sp.Sum)


class AuthorPrinter(NodePrinter):
    """Prints one expression; see the module's description."""

    def __init__(self, names: Mapping[sp.Symbol, str] | None = None) -> None:
        super().__init__({"symbol_names": latex_names() | dict(names or {})})

    # ------------------------------------------------------------------ sums

    def _print_Add(self, expression: sp.Expr, order: str | None = None) -> str:
        share, terms = common_share(expression.args)
        written = self._sum(terms)
        if share == 1:
            return written
        sign, written = ("-", written[1:]) if self._is_negative(terms) else ("", written)
        fraction = rf"\frac{{{share.p}}}{{{share.q}}}"
        return f"{sign}{fraction} {written if sign else self._bracketed(written)}"

    def _sum(self, terms: tuple[sp.Expr, ...]) -> str:
        """A sum that starts with a positive term; without one, minus a sum in brackets."""
        if not self._is_negative(terms):
            return self._joined(self._arranged(terms))
        return f"-{self._bracketed(self._joined(self._arranged(tuple(-t for t in terms))))}"

    def _is_negative(self, terms: tuple[sp.Expr, ...]) -> bool:
        return all(self._sign(term)[0] for term in terms)

    def _print_InOrder(self, expression: sp.Expr) -> str:
        return self._joined(expression.args)

    def _print_Kept(self, expression: sp.Expr) -> str:
        return str(self._print(expression.args[0]))

    def _joined(self, terms: tuple[sp.Expr, ...]) -> str:
        text = ""
        for k, term in enumerate(terms):
            negative, size = self._sign(term)
            sign = "-" if negative else "+"
            written = self._print(size)
            if is_sum(size) or (isinstance(size, sp.Mul) and self._reads_as_sum(size)):
                written = self._bracketed(written)
            if k:
                text += f" {BREAK}{sign} {written}"
            else:
                text = f"-{written}" if negative else written
        return text

    def _reads_as_sum(self, term: sp.Expr) -> bool:
        numerator, denominator = term.as_numer_denom()
        return denominator == 1 and is_sum(numerator)

    def _arranged(self, terms: tuple[sp.Expr, ...]) -> tuple[sp.Expr, ...]:
        ordered = sorted(terms, key=sum_key)
        first = next((t for t in ordered if not self._sign(t)[0]), None)
        if first is not None:
            ordered.remove(first)
            ordered.insert(0, first)
        return tuple(ordered)

    def _sign(self, term: sp.Expr) -> tuple[bool, sp.Expr]:
        """Whether a term shows a minus sign, and the term without it."""
        coefficient, rest = term.as_coeff_Mul()
        negative = bool(coefficient.is_negative)
        factors = [abs(coefficient)]
        # a sum that has a sign of its own keeps it; others then take a minus sign in
        for factor in sorted(sp.Mul.make_args(rest), key=lambda f: not self._settled(f)):
            base, exponent = factor.as_base_exp()
            if isinstance(base, sp.Add) and exponent.is_Integer:
                flipped = -base
                if self._prefers(flipped, base, negative and exponent % 2 == 1):
                    factor = flipped**exponent
                    negative ^= bool(exponent % 2)
            factors.append(factor)
        if factors[0] == 1:
            factors = factors[1:]
        if len(factors) == 1:
            return negative, factors[0]
        return negative, sp.Mul(*factors, evaluate=False)

    def _prefers(self, flipped: sp.Expr, base: sp.Expr, minus: bool) -> bool:
        """Whether a factor reads better with its sign reversed."""
        leads_negative = self._sign(min(base.args, key=sum_key))[0]
        if self._settled(base):
            return leads_negative
        negatives = [self._sign(t)[0] for t in base.args]
        return leads_negative and any(negatives) if minus else all(negatives)

    def _settled(self, factor: sp.Expr) -> bool:
        """Whether a factor is a sum whose first term, whatever stands before, is to be positive."""
        base = factor.as_base_exp()[0]
        if not isinstance(base, sp.Add):
            return False
        lead = min(base.args, key=sum_key)
        size = lead.as_coeff_Mul()[1]
        return bool(lead.is_Number or size.is_Symbol and size.name in order().steady)

    # -------------------------------------------------------------- products

    def _print_Mul(self, expression: sp.Expr) -> str:
        negative, size = self._sign(expression)
        if not isinstance(size, sp.Mul):
            text = self._print(size)
            text = self._bracketed(text) if negative and is_sum(size) else text
            return f"-{text}" if negative else text
        return ("-" if negative else "") + self._product(size.args)

    def _product(self, factors: tuple[sp.Expr, ...]) -> str:
        above: list[sp.Expr] = []
        below: list[sp.Expr] = []
        top = bottom = 1
        for factor in factors:
            base, exponent = factor.as_base_exp()
            if factor.is_Rational:
                top, bottom = top * int(factor.p), bottom * int(factor.q)
            elif exponent.is_Rational and exponent.is_negative:
                times, base = cleared(base) if exponent == -1 else (1, base)
                top *= times
                below.append(base**-exponent)
            else:
                above.append(factor)
        common = math.gcd(top, bottom)
        top, bottom = top // common, bottom // common
        if not below and bottom > 1:
            return self._with_fraction(top, bottom, above)
        number = [sp.Integer(top)] if top != 1 else []
        if not below and bottom == 1:
            return self._factors(number + above)
        beside = [f for f in above if f.is_Symbol and stem(f) in order().states]
        beside = beside if len(beside) < len(above) else []
        beside += [f for f in above if isinstance(f, _BESIDE)]
        beside += [f for f in above if f not in beside and self._stands_beside(f)]
        above = [f for f in above if f not in beside]
        divisor = ([sp.Integer(bottom)] if bottom != 1 else []) + below
        fraction = self._fraction(number + above, divisor)
        return f"{fraction} {self._factors(beside)}" if beside else fraction

    def _stands_beside(self, factor: sp.Expr) -> bool:
        """A sum of fractions is no numerator, and no sum is one in an exponent."""
        return has_fractions(factor) or self._small and is_sum(factor)

    def _fraction(self, above: list[sp.Expr], below: list[sp.Expr]) -> str:
        """A fraction with a bar; with a slash and in brackets in an exponent."""
        if not self._small:
            return rf"\frac{{{self._alone(above)}}}{{{self._alone(below)}}}"
        parts = [self._factors(part) if part else "1" for part in (above, below)]
        long = len(below) > 1
        return f"({parts[0]}/{self._bracketed(parts[1]) if long else parts[1]})"

    def _with_fraction(self, top: int, bottom: int, factors: list[sp.Expr]) -> str:
        """A number such as one half: with the weights above the bar, the rest beside it."""
        weights = [f for f in factors if f.is_Symbol and stem(f) in order().weights]
        rest = [f for f in factors if f not in weights]
        if not weights and len(rest) == 1 and not is_sum(rest[0].as_base_exp()[0]):
            weights, rest = rest, []
        number = [sp.Integer(top)] if top != 1 or not weights else []
        fraction = rf"\frac{{{self._factors(number + weights)}}}{{{bottom}}}"
        return f"{fraction} {self._factors(rest)}" if rest else fraction

    def _alone(self, factors: list[sp.Expr]) -> str:
        """A numerator or denominator: a single sum needs no brackets there."""
        if len(factors) == 1 and not factors[0].is_Pow:
            return str(self._print(factors[0]))
        return self._factors(factors) if factors else "1"

    def _factors(self, factors: list[sp.Expr]) -> str:
        moving = any(
            f.has(sp.Derivative, AppliedUndef) or {s.name for s in f.free_symbols} & order().states
            for f in factors
            if is_sum(f.as_base_exp()[0])
        )
        ordered = sorted(factors, key=lambda f: product_key(f, moving))
        text = self._factor(ordered[0])
        for factor in ordered[1:]:
            space = r" \, " if isinstance(factor, _SPACED) else " "
            text += space + self._factor(factor)
        return text

    def _factor(self, factor: sp.Expr) -> str:
        text = str(self._print(factor))
        return self._bracketed(text) if is_sum(factor) else text

    def _print_Pow(self, expression: sp.Expr) -> str:
        base, exponent = expression.as_base_exp()
        if exponent.is_Rational and exponent.is_negative:
            return self._product((expression,))
        if exponent.is_Rational and exponent.q != 1:
            index = "" if exponent.q == 2 else f"[{exponent.q}]"
            inside = base**exponent.p
            # no bracket under the root of a negative sum
            negative = isinstance(inside, sp.Add) and self._is_negative(inside.args)
            terms = self._arranged(inside.args) if negative else (inside,)
            inner = self._joined(terms) if negative else self._print(inside)
            return rf"\sqrt{index}{{{inner}}}"
        text = str(self._print(base))
        power = str(self._print(exponent))
        power = power if len(power) == 1 else f"{{{power}}}"
        one = base.is_Symbol or is_function(base) or isinstance(base, Named)
        simple = one and not set(text) & set("^+- ")
        return f"{text if simple else self._bracketed(text)}^{power}"


def latex(expression: sp.Expr, names: Mapping[sp.Symbol, str] | None = None) -> str:
    """Return the LaTeX of an expression, for inline use; ``names`` overrides the symbol table."""
    return marked(expression, names).replace(BREAK, "")


def marked(expression: sp.Expr, names: Mapping[sp.Symbol, str] | None = None) -> str:
    """Return the LaTeX of an expression with the mark ``BREAK`` where a line may end."""
    return str(AuthorPrinter(names).doprint(expression))
