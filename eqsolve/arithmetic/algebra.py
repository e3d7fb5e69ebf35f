"""Exact algebra in polynomial rings over the rationals: the only arithmetic of the engine.

Rational functions are kept as coprime pairs of multivariate polynomials (python-flint), so that a
test for zero is exact and nothing ever depends on a heuristic simplification.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, reduce

import sympy as sp
from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from eqsolve.errors import DerivationError


@dataclass(frozen=True)
class Ring:
    """The polynomial ring QQ[symbols]."""

    symbols: tuple[sp.Symbol, ...]

    @staticmethod
    def of(*expressions: sp.Expr | Iterable[sp.Expr]) -> Ring:
        """Return the ring of all symbols of the expressions, in order of name."""
        found: set[sp.Symbol] = set()
        for item in expressions:
            for expression in (item,) if isinstance(item, sp.Expr) else item:
                found |= expression.free_symbols
        return Ring(tuple(sorted(found, key=lambda s: s.name)))

    @cached_property
    def context(self) -> fmpq_mpoly_ctx:
        """The python-flint context of the ring."""
        return fmpq_mpoly_ctx.get([f"v{i}" for i in range(len(self.symbols))], Ordering.lex)

    @cached_property
    def places(self) -> dict[sp.Symbol, int]:
        """The number of every symbol."""
        return {symbol: k for k, symbol in enumerate(self.symbols)}

    def generator(self, symbol: sp.Symbol) -> fmpq_mpoly:
        """Return ``symbol`` as an element of the ring."""
        return self.context.gen(self.places[symbol])

    def constant(self, value: sp.Rational) -> fmpq_mpoly:
        """Return a rational number as an element of the ring."""
        return self.context.constant(fmpq(int(value.p), int(value.q)))

    def ratio(self, expression: sp.Expr) -> Ratio:
        """Convert a rational SymPy expression in the ring's symbols.

        Raises
        ------
        DerivationError
            If the expression is not rational in the ring's symbols, or divides by zero.
        """
        one = self.context.constant(1)
        if isinstance(expression, sp.Symbol):
            return Ratio(self, self.generator(expression), one)
        if isinstance(expression, sp.Rational):
            return Ratio(self, self.constant(expression), one)
        if isinstance(expression, sp.Add):
            # monomials together, and what has the same denominator: reducing takes most of the time
            terms: dict[tuple[int, ...], fmpq] = {}
            sums: list[Ratio] = []
            for term in expression.args:
                monomial = self._monomial(term)
                if monomial is not None:
                    exponents, value = monomial
                    terms[exponents] = terms.get(exponents, fmpq(0)) + value
                    continue
                new = self.ratio(term)
                for k, old in enumerate(sums):
                    if old.denominator == new.denominator:
                        sums[k] = Ratio(self, old.numerator + new.numerator, old.denominator)
                        break
                else:
                    sums.append(new)
            total = Ratio(self, self.context.from_dict(terms), one)
            reduced = (Ratio.reduced(self, r.numerator, r.denominator) for r in sums)
            return reduce(Ratio.__add__, reduced, total)
        if isinstance(expression, sp.Mul):
            monomial = self._monomial(expression)
            if monomial is not None:
                return Ratio(self, self.context.from_dict(dict([monomial])), one)
            return reduce(Ratio.__mul__, map(self.ratio, expression.args))
        if isinstance(expression, sp.Pow) and isinstance(expression.exp, sp.Integer):
            return self.ratio(expression.base) ** int(expression.exp)
        raise DerivationError(f"{expression} is not a rational function.", stage="algebra")

    def _monomial(self, expression: sp.Expr) -> tuple[tuple[int, ...], fmpq] | None:
        """Exponents and coefficient of a product of powers of symbols; None for others."""
        exponents = [0] * len(self.symbols)
        value = fmpq(1)
        for factor in sp.Mul.make_args(expression):
            base, power = factor, 1
            if isinstance(factor, sp.Pow) and isinstance(factor.exp, sp.Integer):
                base, power = factor.base, int(factor.exp)
            if isinstance(base, sp.Symbol) and power > 0:
                exponents[self.places[base]] += power
            elif isinstance(factor, sp.Rational):
                value *= fmpq(int(factor.p), int(factor.q))
            else:
                return None
        return tuple(exponents), value

    def polynomial(self, expression: sp.Expr) -> fmpq_mpoly:
        """Convert a polynomial SymPy expression; raises DerivationError if it has a denominator."""
        result = self.ratio(expression)
        if not result.denominator.is_constant():
            raise DerivationError(f"{expression} is not a polynomial.", stage="algebra")
        return result.numerator / result.denominator.leading_coefficient()

    def expression(self, polynomial: fmpq_mpoly) -> sp.Expr:
        """Return a polynomial as an expanded SymPy expression."""
        return sp.Add(
            *(
                sp.Mul(
                    sp.Rational(int(coefficient.p), int(coefficient.q)),
                    *(s ** int(e) for s, e in zip(self.symbols, exponents) if e),
                )
                for exponents, coefficient in polynomial.to_dict().items()
            )
        )

    def factors(self, polynomial: fmpq_mpoly) -> tuple[sp.Rational, list[tuple[sp.Expr, int]]]:
        """Factor over QQ: the content and the primitive integer factors with multiplicities."""
        content, pairs = polynomial.factor()
        result: list[tuple[sp.Expr, int]] = []
        value = sp.Rational(int(content.p), int(content.q))
        for factor, multiplicity in pairs:
            unit, primitive = self.expression(factor).as_content_primitive()
            value *= unit ** int(multiplicity)
            result.append((primitive, int(multiplicity)))
        return value, result

    def coefficients(self, polynomial: fmpq_mpoly, symbol: sp.Symbol) -> list[fmpq_mpoly]:
        """Return the coefficients in ``symbol``, constant term first."""
        index = self.places[symbol]
        none: dict[str | int, int] = {f"v{index}": 0}
        parts: list[fmpq_mpoly] = []
        # by derivatives at zero, which flint takes a hundred times as fast as Python sorts terms
        factorial = 1
        while not polynomial.is_zero():
            parts.append(polynomial.subs(none) / factorial)
            factorial *= len(parts)
            polynomial = polynomial.derivative(index)
        return parts

    def substituted(self, polynomial: fmpq_mpoly, symbol: sp.Symbol, value: Ratio) -> fmpq_mpoly:
        """Return the polynomial at ``symbol = value``, multiplied by a power of the denominator."""
        coefficients = self.coefficients(polynomial, symbol)
        top, bottom = value.numerator, value.denominator
        result, power = self.context.constant(0), self.context.constant(1)
        for coefficient in reversed(coefficients):
            result = result * top + coefficient * power
            power *= bottom
        return result

    def remainder(self, polynomial: fmpq_mpoly, divisor: fmpq_mpoly, main: sp.Symbol) -> fmpq_mpoly:
        """Return the pseudo-remainder of a division in ``main``."""
        head = self.coefficients(divisor, main)
        variable = self.generator(main)
        rest = self.coefficients(polynomial, main)
        while len(rest) >= len(head):
            shift = variable ** (len(rest) - len(head))
            polynomial = head[-1] * polynomial - rest[-1] * divisor * shift
            rest = self.coefficients(polynomial, main)
        return polynomial


@dataclass(frozen=True)
class Ratio:
    """A rational function as a coprime pair, the denominator with leading coefficient 1."""

    ring: Ring
    numerator: fmpq_mpoly
    denominator: fmpq_mpoly

    @staticmethod
    def reduced(ring: Ring, numerator: fmpq_mpoly, denominator: fmpq_mpoly) -> Ratio:
        """Cancel the common factor of the pair; raises DerivationError on a zero denominator."""
        if denominator.is_zero():
            raise DerivationError("division by an expression that is zero.", stage="algebra")
        if not denominator.is_constant():
            common = numerator.gcd(denominator)
            numerator, denominator = numerator / common, denominator / common
        lead = denominator.leading_coefficient()
        return Ratio(ring, numerator / lead, denominator / lead)

    def __add__(self, other: Ratio) -> Ratio:
        if self.denominator == other.denominator:
            return Ratio.reduced(self.ring, self.numerator + other.numerator, self.denominator)
        return Ratio.reduced(
            self.ring,
            self.numerator * other.denominator + other.numerator * self.denominator,
            self.denominator * other.denominator,
        )

    def __mul__(self, other: Ratio) -> Ratio:
        return Ratio.reduced(
            self.ring,
            self.numerator * other.numerator,
            self.denominator * other.denominator,
        )

    def __pow__(self, exponent: int) -> Ratio:
        if exponent >= 0:
            return Ratio(self.ring, self.numerator**exponent, self.denominator**exponent)
        return Ratio.reduced(self.ring, self.denominator**-exponent, self.numerator**-exponent)

    def is_zero(self) -> bool:
        """Decide exactly whether the function vanishes identically."""
        return bool(self.numerator.is_zero())


def is_zero(expression: sp.Expr) -> bool:
    """Decide exactly whether a rational expression vanishes identically."""
    return Ring.of(expression).ratio(expression).is_zero()


def together(expression: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Return the coprime numerator and denominator of a rational expression, expanded."""
    ring = Ring.of(expression)
    ratio = ring.ratio(expression)
    return ring.expression(ratio.numerator), ring.expression(ratio.denominator)


def collect(expression: sp.Expr, variables: Iterable[sp.Symbol]) -> dict[sp.Expr, sp.Expr]:
    """Return the coefficient of every monomial in ``variables`` of a polynomial in them."""
    poly = sp.Poly(sp.expand(expression), *variables)
    return {
        sp.Mul(*(s**e for s, e in zip(poly.gens, exponents))): coefficient
        for exponents, coefficient in poly.terms()
        if coefficient != 0
    }
