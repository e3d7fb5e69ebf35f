"""The sign of an expression, proved from the domains of its letters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

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

    @property
    def squares(self) -> tuple[sp.Expr, ...]:
        """What is only asked not to vanish: bases of even powers in the rest."""
        return tuple(e.base for e in self.rest if _even(e))

    @property
    def never(self) -> bool:
        """Whether it is nowhere positive."""
        return self.sign <= 0 and all(map(_even, self.rest))

    @property
    def positive_where(self) -> tuple[str, ...]:
        """The conditions under which it is positive, in words."""
        left = sp.Mul(self.sign, *(e for e in self.rest if not _even(e)))
        found = () if left == 1 else (f"{left} > 0",)
        return found + tuple(f"{base} is not 0" for base in self.squares)


def _even(factor: sp.Expr) -> bool:
    return bool(factor.is_Pow and factor.exp.is_Integer and factor.exp % 2 == 0)


def sign(
    expression: sp.Expr, domains: Mapping[sp.Symbol, sp.Set], positive: Iterable[sp.Symbol] = ()
) -> Sign:
    """Split an expression into a sign and the factors that the domains leave open.

    Sums of squares and other quadratic polynomials are decided by their discriminants.

    Parameters
    ----------
    expression : any expression; what stands under its real powers and logarithms is positive, and
        what it is divided by is not zero.
    domains : sets of real numbers that contain the letters; other letters are real.
    positive : letters known to be positive.
    """
    expression = _powers(expression)
    bases = powered([expression]) - {*domains}
    known = {*positive, *bases}
    # stand-ins: what stands under powers is positive, and waves are between -1 and 1
    zero = {s for s, domain in domains.items() if 0 in domain}
    sums = {
        base: sp.Dummy(positive=True)
        for base in bases
        if base.is_Add or not (base.is_Symbol or base.free_symbols & zero)
    }
    waves = {wave: sp.Dummy(real=True) for wave in expression.atoms(sp.sin, sp.cos)}
    places = dict.fromkeys(waves.values(), sp.Interval(-1, 1))
    letters = sorted(expression.free_symbols, key=lambda s: s.name)
    inside = {s: _letter(s, domains.get(s, sp.S.Reals), s in known) for s in letters}
    places |= {inside[s]: domain for s, domain in domains.items() if s in inside}
    split = _Split(places, tuple(base.xreplace(inside) for base in sums))
    found, rest = split(expression.xreplace(sums).xreplace(waves).xreplace(inside))
    outside = {letter: meaning for meaning, letter in (inside | waves | sums).items()}
    return Sign(found, tuple(e.xreplace(outside) for e in rest))


def powered(expressions: Iterable[sp.Expr]) -> set[sp.Expr]:
    """What stands under real powers and logarithms."""
    found: set[sp.Expr] = set()
    for expression in expressions:
        found |= {p.base for p in expression.atoms(sp.Pow) if not p.exp.is_Integer}
        found |= {e.args[0] for e in expression.atoms(sp.log)}
    return found


@dataclass(frozen=True)
class _Split:
    """Splits expressions of letters with assumptions.

    ``places`` has their domains, and ``positive`` sums that are positive. What was split is kept:
    other letters lead to the same discriminants, level by level.
    """

    places: Mapping[sp.Symbol, sp.Set]
    positive: tuple[sp.Expr, ...]
    kept: dict[sp.Expr, tuple[int, list[sp.Expr]]] = field(default_factory=dict)

    def __call__(self, expression: sp.Expr) -> tuple[int, list[sp.Expr]]:
        """The sign, and the factors that leave it open."""
        if expression not in self.kept:
            self.kept[expression] = self._split(expression)
        return self.kept[expression]

    def _split(self, expression: sp.Expr) -> tuple[int, list[sp.Expr]]:
        found, rest = 1, []
        for factor in sp.Mul.make_args(sp.factor(sp.together(expression))):
            if factor.is_zero:
                return 0, []
            base, exponent = factor.as_base_exp()
            if factor.is_positive or base in self.positive:
                continue
            if not exponent.is_Integer:
                rest += [e for e in self(base)[1] if e.is_nonnegative]
                continue
            odd = exponent % 2 == 1
            known = -1 if base.is_negative else _line(base, self.places) or self.definite(base)
            if known or (not odd and exponent < 0):
                found *= known if odd else 1
                continue
            if factor.is_negative:
                found = -found
                continue
            if base.is_Add and base.could_extract_minus_sign() and odd:
                base, found = -base, -found
            rest.append(base if odd else base**exponent)
        return found, rest

    def definite(self, factor: sp.Expr) -> int:
        """The sign of a sum on the domains of its letters; 0 where it is not found.

        In one of them it is a line, or a quadratic polynomial (of it or its square) without zeros.
        """
        if not factor.is_Add:
            return 0
        for letter in sorted(factor.free_symbols, key=str):
            if not factor.is_polynomial(letter):
                continue
            terms = {int(k): e for (k,), e in sp.Poly(factor, letter).terms()}
            if {*terms} <= {0, 1}:
                ends = {*map(self._strict, self._ends(terms, letter))}
                if len(ends) == 1 and ends != {0}:
                    return ends.pop()
                continue
            step = 2 if {*terms} == {0, 2, 4} else 1
            if not {*terms} <= {0, step, 2 * step} or 2 * step not in terms:
                continue
            last, middle, leading = (terms.get(k * step, sp.S.Zero) for k in range(3))
            here = self._strict(last)
            if not here:
                continue
            if middle == 0:
                there, squares = self(leading)
                if there == here and all(e.is_nonnegative for e in squares):
                    return here
            if self._strict(sp.expand(4 * leading * last - middle**2)) > 0:
                return here
        return 0

    def _strict(self, expression: sp.Expr) -> int:
        """The sign where it is proved, else 0."""
        found, rest = self(expression)
        return 0 if rest else found

    def _ends(self, line: Mapping[int, sp.Expr], letter: sp.Symbol) -> Iterator[sp.Expr]:
        """A line in a letter at the ends of its domain; where there is none, what it tends to."""
        domain, slope = self.places.get(letter, sp.S.Reals), line.get(1, sp.S.Zero)
        for end, side in ((domain.inf, -1), (domain.sup, 1)):
            yield line.get(0, sp.S.Zero) + slope * end if end.is_finite else side * slope


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
