"""Identities in a field: expressions in normal form, whatever values their letters have.

The field consists of quotients of polynomials over the rationals in generators: letters, and what
is transcendental or algebraic over them. A power ``b**e``, an exponential or a logarithm is written
in generators for irreducible bases and directions of exponents, so that no relation among them is
left; a fractional power of a base, a hyperbolic pair, and a letter that an equation defines are
algebraic: they carry the polynomial that vanishes. A numerator is zero in the field if nothing is
left of it when these polynomials are divided out.

Bases of powers and arguments of logarithms are taken to be positive.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import lcm

import sympy as sp
from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx
from flint.utils.flint_exceptions import DomainError

from eqsolve.derivation.solve.functions import RootCosh, RootSinh

#: Most terms of a numerator; beyond that an identity is not decided.
MOST_TERMS = 40_000


class UndecidedError(ArithmeticError):
    """An expression has no normal form here."""


@dataclass(frozen=True)
class Quotient:
    """Numerator and denominator without a common factor."""

    top: fmpq_mpoly
    bottom: fmpq_mpoly


class _Grown(Exception):
    """A generator was added: what was computed before has too few."""


class Field:
    """The field that some values and relations live in.

    Parameters
    ----------
    values : expressions that stand for letters, in letters of the field or such that have values.
    relations : by letter, an expression that vanishes and determines it.
    """

    def __init__(
        self,
        values: Mapping[sp.Symbol, sp.Expr] | None = None,
        relations: Mapping[sp.Symbol, sp.Expr] | None = None,
    ) -> None:
        self.values = dict(values or {})
        self.relations = dict(relations or {})
        self._names: dict[str, int] = {}
        self._letters: dict[sp.Symbol, str] = {}
        #: the generator of every power, logarithm or function, by what it is of
        self._units: dict[str, str] = {}
        #: the common denominator of its exponents
        self._parts: dict[str, int] = {}
        #: generators that each of them is made of
        self._inside: dict[str, set[str]] = {}
        self._restart()

    def vanishes(self, expression: sp.Expr) -> bool:
        """Whether an expression is zero in the field.

        Raises
        ------
        UndecidedError
            If it has no normal form, or one that is too large.
        ZeroDivisionError
            If it divides by zero.
        """
        while True:
            try:
                value = self._value(expression)
                polynomials = self._polynomials()
                break
            except _Grown:
                self._restart()
        if self._is_zero(value.bottom, polynomials):
            raise ZeroDivisionError("a denominator is zero in the field.")
        # of several equations in several letters, each vanishes, whatever is eliminated first
        given = [self._value(e).top for e in self.relations.values()]
        if any(not e.is_constant() and _divides(e, value.top) for e in given):
            return True
        return self._is_zero(value.top, polynomials)

    def _restart(self) -> None:
        self._context = fmpq_mpoly_ctx.get(list(self._names), Ordering.lex)
        self._one = self._context.constant(1)
        self._memo: dict[sp.Expr, Quotient] = {}
        #: polynomials that vanish, by their main generator
        self._algebraic: dict[str, fmpq_mpoly] = {}
        #: what the logarithms among the generators are of, by place
        self._logs: dict[int, tuple[str, fmpq_mpoly]] = {}

    def _generator(self, name: str) -> fmpq_mpoly:
        if name not in self._names:
            self._names[name] = len(self._names)
            raise _Grown
        return self._context.gen(self._names[name])

    def _value(self, expression: sp.Expr) -> Quotient:
        found = self._memo.get(expression)
        if found is None:
            found = self._memo[expression] = self._evaluated(expression)
            if len(found.top) + len(found.bottom) > MOST_TERMS:
                raise UndecidedError("the normal form is too large.")
        return found

    def _evaluated(self, expression: sp.Expr) -> Quotient:
        if isinstance(expression, sp.Rational):
            return Quotient(self._constant(expression), self._one)
        if isinstance(expression, sp.Symbol):
            if expression in self.values:
                return self._value(self.values[expression])
            return Quotient(self._generator(self._letter(expression)), self._one)
        if expression.is_Add:
            return self._sum(map(self._value, expression.args))
        if expression.is_Mul:
            return self._product(map(self._value, expression.args))
        if isinstance(expression, sp.exp) or expression.is_Pow:
            base, exponent = expression.as_base_exp()
            if base is not sp.E and exponent.is_Integer:
                return self._power(self._value(base), int(exponent))
            return self._unit(base, self._value(exponent))
        if isinstance(expression, sp.log):
            return self._logarithm(self._value(expression.args[0]))
        if isinstance(expression, (RootCosh, RootSinh)):
            return self._hyperbolic(expression)
        raise UndecidedError(f"{expression} has no normal form.")

    def _letter(self, symbol: sp.Symbol) -> str:
        if symbol not in self._letters:
            self._letters[symbol] = f"v{len(self._letters)}"
        return self._letters[symbol]

    def _constant(self, value: sp.Rational) -> fmpq_mpoly:
        return self._context.constant(fmpq(int(value.p), int(value.q)))

    def _quotient(self, top: fmpq_mpoly, bottom: fmpq_mpoly) -> Quotient:
        if bottom.is_zero():
            raise ZeroDivisionError("division by zero.")
        if not bottom.is_constant():
            common = top.gcd(bottom)
            if not common.is_constant():
                top, bottom = top / common, bottom / common
        lead = bottom.leading_coefficient()
        return Quotient(top / lead, bottom / lead)

    def _sum(self, terms: Iterable[Quotient]) -> Quotient:
        """Terms of the same denominator are added first."""
        groups: list[Quotient] = []
        for term in terms:
            for k, group in enumerate(groups):
                if group.bottom == term.bottom:
                    groups[k] = Quotient(group.top + term.top, group.bottom)
                    break
            else:
                groups.append(term)
        top, bottom = self._context.constant(0), self._one
        for group in groups:
            common = bottom.gcd(group.bottom)
            ours, theirs = group.bottom / common, bottom / common
            top, bottom = top * ours + group.top * theirs, bottom * ours
        return self._quotient(top, bottom)

    def _product(self, factors: Iterable[Quotient]) -> Quotient:
        top, bottom = self._one, self._one
        for factor in factors:
            # what cancels crosswise is all that cancels
            left, right = top.gcd(factor.bottom), factor.top.gcd(bottom)
            top = (top / left) * (factor.top / right) if not top.is_zero() else top
            bottom = (bottom / right) * (factor.bottom / left) if not top.is_zero() else self._one
        return self._quotient(top, bottom)

    def _power(self, base: Quotient, exponent: int) -> Quotient:
        if exponent >= 0:
            return Quotient(base.top**exponent, base.bottom**exponent)
        return self._quotient(base.bottom**-exponent, base.top**-exponent)

    def _unit(self, base: sp.Expr, exponent: Quotient) -> Quotient:
        """A power, as a product over irreducible bases and directions of the exponent."""
        while base in self.values:
            base = self.values[base]
        factors = [f for f in sp.Mul.make_args(base) if _is_unit(f)]
        if factors and base is not sp.E:
            rest = sp.Mul(*(f for f in sp.Mul.make_args(base) if not _is_unit(f)))
            parts = [self._unit(rest, exponent)] if rest != 1 else []
            for inner, power in (f.as_base_exp() for f in factors):
                parts.append(self._unit(inner, self._product((self._value(power), exponent))))
            return self._product(parts)
        bases: list[tuple[str, fmpq_mpoly | None, int]] = [("e", None, 1)]
        if base is not sp.E:
            bases = [*self._factors(self._value(base))]
        return self._product(
            self._directed(text, polynomial, powers, number * multiplicity, exponent.bottom)
            for text, polynomial, multiplicity in bases
            for powers, number in exponent.top.to_dict().items()
        )

    def _directed(
        self,
        text: str,
        base: fmpq_mpoly | None,
        powers: tuple[int, ...],
        number: fmpq,
        bottom: fmpq_mpoly,
    ) -> Quotient:
        """One base to one term of an exponent; Euler's number to a logarithm is a power."""
        logs = [k for k in self._logs if powers[k] == 1] if base is None else []
        if logs:
            text, base = self._logs[logs[0]]
            powers = tuple(0 if k == logs[0] else int(e) for k, e in enumerate(powers))
        weight = Fraction(int(number.p), int(number.q))
        direction = self._quotient(self._context.from_dict({powers: fmpq(1)}), bottom)
        if base is not None and direction.top.is_constant() and direction.bottom.is_constant():
            return self._rational(text, base, weight)
        inside = [direction.top, direction.bottom, *([] if base is None else [base])]
        key = f"{text} ** {direction.top} / {direction.bottom}"
        return self._transcendental(key, weight, inside)

    def _factors(self, base: Quotient) -> list[tuple[str, fmpq_mpoly, int]]:
        """Irreducible factors of a positive quotient, primes of its content among them."""
        found: list[tuple[str, fmpq_mpoly, int]] = []
        content = fmpq(1)
        for polynomial, sign in ((base.top, 1), (base.bottom, -1)):
            number, pairs = polynomial.factor()
            content *= number**sign
            for factor, multiplicity in pairs:
                found.append((str(factor), factor, sign * int(multiplicity)))
        if content < 0:
            # the sign belongs to a sum of odd multiplicity: 1 - x is -(x - 1)
            for k, (_, factor, multiplicity) in enumerate(found):
                if len(factor) > 1 and multiplicity % 2:
                    found[k] = (str(-factor), -factor, multiplicity)
                    content = -content
                    break
            else:
                raise UndecidedError("a base is negative.")
        for whole, sign in ((int(content.p), 1), (int(content.q), -1)):
            for prime, multiplicity in sp.factorint(whole).items():
                value = self._context.constant(int(prime))
                found.append((str(prime), value, sign * int(multiplicity)))
        return found

    def _rational(self, name: str, base: fmpq_mpoly, exponent: Fraction) -> Quotient:
        """A base to a rational number: whole powers stay, the rest is algebraic."""
        whole = exponent.numerator // exponent.denominator
        result = self._power(Quotient(base, self._one), whole)
        if exponent == whole:
            return result
        key = f"root of {name}"
        root = self._transcendental(key, exponent - whole, [base])
        generator = self._generator(self._units[key])
        self._algebraic[self._units[key]] = generator ** self._parts[key] - base
        return self._product((result, root))

    def _transcendental(
        self, key: str, exponent: Fraction, inside: Iterable[fmpq_mpoly]
    ) -> Quotient:
        """What ``key`` says to a rational number, as a power of its generator."""
        common = lcm(self._parts.get(key, 1), exponent.denominator)
        if key not in self._units:
            self._units[key] = f"u{len(self._units)}"
            self._inside[self._units[key]] = set().union(*map(self._made_of, inside))
            self._parts[key] = common
        elif self._parts[key] != common:
            self._parts[key] = common
            raise _Grown
        generator = Quotient(self._generator(self._units[key]), self._one)
        return self._power(generator, int(exponent * common))

    def _logarithm(self, value: Quotient) -> Quotient:
        """A sum over the irreducible factors."""
        terms = []
        for text, factor, multiplicity in self._factors(value):
            logarithm = self._transcendental(f"log {text}", Fraction(1), [factor])
            self._logs[self._names[self._units[f"log {text}"]]] = (text, factor)
            weight = Quotient(self._context.constant(multiplicity), self._one)
            terms.append(self._product((weight, logarithm)))
        return self._sum(terms)

    def _hyperbolic(self, function: sp.Expr) -> Quotient:
        """One of a pair, by the formulas for multiples of the shortest length."""
        square, length = map(self._value, function.args)
        if length.top.is_zero():
            return Quotient(self._context.constant(int(isinstance(function, RootCosh))), self._one)
        if square.top.is_zero() or len(length.top) != 1:
            raise UndecidedError(f"{function} has no normal form.")
        ((_, number),) = length.top.to_dict().items()
        unit = self._quotient(length.top / number, length.bottom)
        key = f"pair of {square.top} / {square.bottom} at {unit.top} / {unit.bottom}"
        inside = (square.top, square.bottom, unit.top, unit.bottom)
        weight = Fraction(int(number.p), int(number.q))
        common = lcm(self._parts.get(key, 1), weight.denominator)
        if self._parts.setdefault(key, common) != common:
            self._parts[key] = common
            raise _Grown
        cosh = self._transcendental(f"cosh, {key}", Fraction(1), inside)
        sinh = self._transcendental(f"sinh, {key}", Fraction(1), inside)
        name = self._units[f"cosh, {key}"]
        # cosh^2 - square sinh^2 = 1
        self._algebraic[name] = square.bottom * (cosh.top**2 - 1) - square.top * sinh.top**2
        even, odd = Quotient(self._one, self._one), Quotient(self._context.constant(0), self._one)
        for _ in range(abs(int(weight * common))):
            even, odd = (
                self._sum((self._product((even, cosh)), self._product((square, odd, sinh)))),
                self._sum((self._product((odd, cosh)), self._product((even, sinh)))),
            )
        if isinstance(function, RootCosh):
            return even
        return odd if weight > 0 else Quotient(-odd.top, odd.bottom)

    def _made_of(self, polynomial: fmpq_mpoly) -> set[str]:
        """The generators of a polynomial, and those that these are made of."""
        names = list(self._names)
        found = {n for n, degree in zip(names, polynomial.degrees()) if degree}
        return found.union(*(self._inside.get(n, set()) for n in found))

    def _polynomials(self) -> dict[str, fmpq_mpoly]:
        """By main generator, polynomials that vanish, each in its own main and earlier ones."""
        letters = {s: self._value(e).top for s, e in self.relations.items()}
        found = dict(self._algebraic)
        for symbol, polynomial in letters.items():
            own = self._letter(symbol)
            for name, earlier in found.items():
                if self._enters(own, earlier):
                    polynomial = self._remainder(polynomial, earlier, self._names[name])
            degrees = {
                name: degree
                for name, degree in zip(self._names, polynomial.degrees())
                if degree and name not in found
                if name == own or own in self._inside.get(name, set())
            }
            if not degrees:
                raise UndecidedError(f"the equation of {symbol} does not determine it.")
            main = min(degrees, key=lambda name: degrees[name])
            parts = self._split(polynomial, self._names[main])
            polynomial = polynomial / reduce(fmpq_mpoly.gcd, parts)
            below = {name: e for name, e in found.items() if not self._enters(main, e)}
            above = {name: e for name, e in found.items() if name not in below}
            found = {**below, main: polynomial, **above}
        return found

    def _enters(self, name: str, polynomial: fmpq_mpoly) -> bool:
        return name in self._names and name in self._made_of(polynomial)

    def _is_zero(self, polynomial: fmpq_mpoly, relations: Mapping[str, fmpq_mpoly]) -> bool:
        """Whether nothing is left when the relations are divided out, the last one first."""
        if polynomial.is_zero():
            return True
        entering = [name for name in relations if self._enters(name, polynomial)]
        if not entering:
            return False
        last = entering[-1]
        relation, place = relations[last], self._names[last]
        rest = {name: relations[name] for name in relations if name != last}
        if not any(self._enters(n, e) for n in rest for e in (polynomial, relation)):
            # primitive in its main generator: by Gauss's lemma it divides as a polynomial
            return _divides(relation, polynomial)
        left = self._remainder(polynomial, relation, place)
        return all(self._is_zero(part, rest) for part in self._split(left, place))

    def _remainder(self, polynomial: fmpq_mpoly, divisor: fmpq_mpoly, place: int) -> fmpq_mpoly:
        head = self._split(divisor, place)
        rest = self._split(polynomial, place)
        variable = self._context.gen(place)
        while len(rest) >= len(head):
            shift = variable ** (len(rest) - len(head))
            common = head[-1].gcd(rest[-1])
            polynomial = (head[-1] / common) * polynomial - (rest[-1] / common) * divisor * shift
            if len(polynomial) > MOST_TERMS:
                raise UndecidedError("the normal form is too large.")
            rest = self._split(polynomial, place)
        return polynomial

    def _split(self, polynomial: fmpq_mpoly, place: int) -> list[fmpq_mpoly]:
        """The coefficients of the powers of one generator, constant term first."""
        parts: dict[int, dict[tuple[int, ...], fmpq]] = {}
        for exponents, coefficient in polynomial.to_dict().items():
            rest = tuple(0 if i == place else int(e) for i, e in enumerate(exponents))
            parts.setdefault(int(exponents[place]), {})[rest] = coefficient
        return [
            self._context.from_dict(parts.get(k, {})) for k in range(max(parts, default=-1) + 1)
        ]


def _divides(divisor: fmpq_mpoly, polynomial: fmpq_mpoly) -> bool:
    try:
        polynomial / divisor
    except DomainError:
        return False
    return True


def _is_unit(factor: sp.Expr) -> bool:
    """Whether a factor is an exponential, or a power with an exponent that is no integer."""
    if isinstance(factor, sp.exp):
        return True
    return bool(factor.is_Pow) and not factor.as_base_exp()[1].is_Integer
