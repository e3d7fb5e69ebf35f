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
    factored = sp.factor(sp.together(expression.xreplace(inside)))
    found, rest = 1, []
    for factor in sp.Mul.make_args(factored):
        if factor.is_zero:
            return Sign(0)
        if factor.is_negative:
            found = -found
        elif not factor.is_positive:
            base, exponent = factor.as_base_exp()
            odd = exponent.is_Integer and exponent % 2 == 1
            if base.is_Add and base.could_extract_minus_sign() and odd:
                base, found = -base, -found
            rest.append((base if odd else base**exponent).xreplace(outside))
    return Sign(found, tuple(rest))


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
