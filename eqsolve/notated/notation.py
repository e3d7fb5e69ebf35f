"""Names for what a derivation introduces, and the shortest way to write an expression with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy as sp

from eqsolve.arithmetic.algebra import Ring

#: Sums of more terms than this are not searched for a shorter form.
_LONGEST = 30


@dataclass(frozen=True)
class Notation:
    """The names an author gives to intermediate quantities.

    Parameters
    ----------
    abbreviations : short names known from the start, such as ``E1 = lambda - r``.
    denominators : for an unknown, the names of the new denominators met when solving for it.
    polynomial : for an unknown that is a root, the names of the coefficients, leading one first.
    split : for an unknown affine in the environment, the names of its parts.
    positive : a symbol that enters named denominators with a positive sign.
    """

    abbreviations: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    denominators: Mapping[sp.Symbol, tuple[sp.Symbol, ...]] = field(default_factory=dict)
    polynomial: Mapping[sp.Symbol, tuple[sp.Symbol, ...]] = field(default_factory=dict)
    split: Mapping[sp.Symbol, Mapping[sp.Expr, sp.Symbol]] = field(default_factory=dict)
    positive: sp.Symbol | None = None

    @property
    def parts(self) -> Mapping[sp.Expr, sp.Symbol]:
        """The names of the parts of what is split first; none if nothing is."""
        return next(iter(self.split.values()), {})


class Writer:
    """Writes polynomials in factored form with the shortest use of the known abbreviations."""

    def __init__(self, notation: Notation) -> None:
        self._notation = notation
        self.known: dict[sp.Symbol, sp.Expr] = dict(notation.abbreviations)
        self._written: dict[tuple[sp.Expr, int, int], sp.Expr] = {}
        self._spelled: dict[sp.Expr, sp.Expr] = {}

    def spell_out(self, expression: sp.Expr) -> sp.Expr:
        """Replace the known abbreviations by what they stand for."""
        if expression not in self._spelled:
            plain = expression
            for name in reversed(self.known):
                if plain.has(name):
                    plain = plain.xreplace({name: self.known[name]})
            self._spelled[expression] = sp.expand(plain)
        return self._spelled[expression]

    def recognize(self, factor: sp.Expr) -> sp.Expr | None:
        """Return the abbreviation (with its sign) that equals a factor, if there is one."""
        plain = self.spell_out(factor)
        for name in self.known:
            known = self.spell_out(name)
            if plain == known:
                return name
            if plain == -known:
                return -name
        return None

    def normal_sign(self, factor: sp.Expr) -> sp.Expr:
        """Choose the sign: the positive symbol's leading term, else the constant, is positive."""
        expanded = self.spell_out(factor)
        lead = self._notation.positive
        if lead is not None and expanded.has(lead):
            top = sp.Poly(expanded, lead).LC()
        else:
            top = expanded.as_coeff_Add()[0] or sp.Poly(expanded, *expanded.free_symbols).LC()
        sign = sp.Poly(top, *top.free_symbols).LC() if top.free_symbols else top
        return factor if sign > 0 else sp.expand(-factor)

    def product(self, expression: sp.Expr, depth: int = 2) -> sp.Expr:
        """Write a polynomial as a product of short factors."""
        if not expression.is_Add:
            return expression
        ring = Ring.of(expression)
        content, factors = ring.factors(ring.polynomial(expression))
        return sp.Mul(content, *(self._factor(f, depth) ** m for f, m in factors))

    def sum(self, expression: sp.Expr) -> sp.Expr:
        """Write a polynomial as a sum of short groups, or as a product where that is shorter."""
        if not expression.is_Add:
            return expression
        candidates = [expression, self.product(expression)]
        candidates += [self._grouped(expression, s, 2) for s in _shared(expression)]
        return min(candidates, key=_length)

    def _factor(self, factor: sp.Expr, depth: int) -> sp.Expr:
        key = (factor, depth, len(self.known))
        if key not in self._written:
            self._written[key] = self._shortest(factor, depth) if factor.is_Add else factor
        return self._written[key]

    def _shortest(self, factor: sp.Expr, depth: int) -> sp.Expr:
        name = self.recognize(factor)
        if name is not None or not depth:
            return factor if name is None else name
        plain = self.spell_out(factor)
        if len(plain.args) > _LONGEST:
            return min(factor, plain, key=_length)
        candidates = [factor, *(self._with(name, plain) for name in self._notation.abbreviations)]
        if plain != factor:
            ring = Ring.of(plain)
            content, factors = ring.factors(ring.polynomial(plain))
            parts = [(self.recognize(f) or f) ** m for f, m in factors]
            candidates.append(sp.Mul(content, *parts))
        candidates = sorted(dict.fromkeys(candidates), key=_length)
        for total in [c for c in candidates if c.is_Add][:2]:
            candidates += [self._grouped(total, s, depth) for s in _shared(total)]
        return min(candidates, key=_length)

    def _with(self, name: sp.Symbol, plain: sp.Expr) -> sp.Expr:
        """Rewrite with one abbreviation ``name = s + rest`` in place of its first symbol ``s``."""
        definition = self.known[name]
        lead = self._notation.positive
        if lead is None or not plain.has(lead) or sp.diff(definition, lead) != 1:
            return plain
        return sp.expand(plain.subs(lead, name - (definition - lead)))

    def _grouped(self, total: sp.Expr, symbol: sp.Symbol, depth: int) -> sp.Expr:
        """Collect the terms with and without powers of one symbol."""
        groups: dict[sp.Expr, list[sp.Expr]] = {}
        for term in total.args:
            power = term.as_powers_dict().get(symbol, sp.S.Zero)
            groups.setdefault(symbol**power, []).append(term / symbol**power)
        return sp.Add(
            *(
                sp.Mul(power, self.product(sp.Add(*terms), depth - 1))
                for power, terms in groups.items()
            )
        )


def _shared(total: sp.Expr) -> list[sp.Symbol]:
    """Symbols that occur in at least two terms, in order of name."""
    count: dict[sp.Symbol, int] = {}
    for term in total.args:
        for s in term.free_symbols:
            count[s] = count.get(s, 0) + 1
    return sorted((s for s, k in count.items() if k > 1), key=lambda s: s.name)


def _length(expression: sp.Expr) -> int:
    """How long an expression is on paper: its atoms and operations."""
    return sum(1 for _ in sp.preorder_traversal(expression))
