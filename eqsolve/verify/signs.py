"""The sign of an expression, proved from the domains of its letters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sympy as sp


@dataclass(frozen=True)
class Sign:
    """An expression is ``sign`` times a positive number times the product of ``rest``.

    ``sign`` is 0 for an expression that vanishes. Without rest the sign is proved.
    """

    sign: int
    rest: tuple[sp.Expr, ...] = ()

    @property
    def proved(self) -> bool:
        """Whether nothing is left open."""
        return not self.rest


def sign(
    expression: sp.Expr, domains: Mapping[sp.Symbol, sp.Set], positive: Iterable[sp.Symbol] = ()
) -> Sign:
    """Split an expression into a sign and the factors that the domains leave open.

    Parameters
    ----------
    expression : any expression.
    domains : sets of real numbers that contain the letters; other letters are real.
    positive : letters known to be positive.
    """
    known = set(positive)
    letters = sorted(expression.free_symbols, key=lambda s: s.name)
    inside = {s: _letter(s, domains.get(s, sp.S.Reals), s in known) for s in letters}
    outside = {value: key for key, value in inside.items()}
    places = {inside[s]: domain for s, domain in domains.items() if s in inside}
    factored = sp.factor(sp.together(_powers(expression.xreplace(inside))))
    found, rest = 1, []
    for factor in sp.Mul.make_args(factored):
        if factor.is_zero:
            return Sign(0)
        base, exponent = factor.as_base_exp()
        odd = exponent.is_Integer and exponent % 2 == 1
        line = _line(base, places) if exponent.is_Integer else 0
        if factor.is_negative or (line < 0 and odd):
            found = -found
        elif not factor.is_positive and line == 0:
            if base.is_Add and base.could_extract_minus_sign() and odd:
                base, found = -base, -found
            rest.append((base if odd else base**exponent).xreplace(outside))
    return Sign(found, tuple(rest))


def _powers(expression: sp.Expr) -> sp.Expr:
    """``exp(c log b)`` as ``b**c``."""

    def power(argument: sp.Expr) -> sp.Expr:
        result = sp.S.One
        for term in sp.Add.make_args(sp.expand(argument)):
            logs = [f for f in sp.Mul.make_args(term) if isinstance(f, sp.log)]
            result *= logs[0].args[0] ** (term / logs[0]) if len(logs) == 1 else sp.exp(term)
        return result

    return expression.replace(sp.exp, power)


def _line(factor: sp.Expr, domains: Mapping[sp.Symbol, sp.Set]) -> int:
    """The sign of a line in one letter on its domain; 0 if it changes or is not known."""
    letters = factor.free_symbols
    if len(letters) != 1 or not letters <= {*domains}:
        return 0
    (letter,) = letters
    slope, rest = factor.diff(letter), factor.xreplace({letter: sp.S.Zero})
    if not (slope.is_Rational and rest.is_Rational) or sp.expand(factor - slope * letter - rest):
        return 0
    zero, domain = -rest / slope, domains[letter]
    if zero in domain:
        return 0
    if domain.inf >= zero:
        return int(sp.sign(slope))
    return -int(sp.sign(slope)) if domain.sup <= zero else 0


def _letter(symbol: sp.Symbol, domain: sp.Set, positive: bool) -> sp.Symbol:
    """A letter with the assumptions that its domain allows."""
    nonzero = domain.contains(sp.S.Zero) is sp.false
    facts: dict[str, bool] = {"real": True}
    if positive or (domain.inf >= 0 and nonzero):
        facts = {"positive": True}
    elif domain.inf >= 0:
        facts = {"nonnegative": True}
    elif domain.sup <= 0:
        facts = {"negative": True} if nonzero else {"nonpositive": True}
    elif nonzero:
        facts = {"real": True, "nonzero": True}
    return sp.Dummy(symbol.name, **facts)
