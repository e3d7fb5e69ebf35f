"""Powers, exponentials and logarithms as generators of a polynomial ring.

A rational function of symbols and of *units* (``x**g``, ``exp(A*y**2/2)``, ``log(x)``) is written
as a rational function of symbols and one generator a unit, so that tests for zero are exact. The
bases of powers and the arguments of logarithms are taken to be positive. Units are treated as
independent of each other: an expression that is found zero is zero; one that vanishes by a
relation among units (``sqrt(x)**2 = x`` beyond what SymPy combines) is not found zero, and the
caller refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import sympy as sp
from flint import fmpq, fmpq_mpoly

from eqsolve.arithmetic.algebra import Ratio, Ring
from eqsolve.errors import DerivationError

#: A unit: base and direction of the exponent, or a function that stands for itself.
Unit = tuple[sp.Expr, sp.Expr]


@dataclass
class Units:
    """The generators that a set of expressions needs.

    Create it with all expressions that are to be compared; ``ratio`` then maps each of them, or
    sums and products of them, into one common ring.
    """

    expressions: tuple[sp.Expr, ...]
    generators: dict[Unit, sp.Symbol] = field(default_factory=dict)
    denominators: dict[Unit, int] = field(default_factory=dict)

    @staticmethod
    def of(expressions: Iterable[sp.Expr]) -> Units:
        """Find the units of the expressions."""
        units = Units(tuple(expressions))
        for expression in units.expressions:
            units._rational(expression)
        return units

    @cached_property
    def ring(self) -> Ring:
        """The ring of the symbols of all expressions and of the units."""
        return Ring.of(*(self._rational(expression) for expression in self.expressions))

    def ratio(self, expression: sp.Expr) -> Ratio:
        """The expression as an element of the ring's fraction field."""
        return self.ring.ratio(self._rational(expression))

    def expression(self, polynomial: fmpq_mpoly) -> sp.Expr:
        """A polynomial of the ring, written with the units again."""
        return self.ring.expression(polynomial).xreplace(self.meaning)

    def shown(self, polynomial: fmpq_mpoly) -> str:
        """The same as text for a message, of bounded length."""
        text = str(self.expression(polynomial))
        return text if len(text) < 200 else text[:200] + "..."

    def hide(self, wanted: Iterable[sp.Symbol]) -> bool:
        """Whether one of the symbols stands inside a unit."""
        return any(m.free_symbols & set(wanted) for m in self.meaning.values())

    @property
    def meaning(self) -> dict[sp.Symbol, sp.Expr]:
        """What every generator stands for."""
        return {
            generator: base ** (direction / self.denominators[base, direction])
            for (base, direction), generator in self.generators.items()
        }

    def reduced(self, polynomial: fmpq_mpoly) -> fmpq_mpoly:
        """The polynomial without the letters and units among its factors that are positive."""
        meaning = self.meaning
        powers = {g: m for g, m in meaning.items() if isinstance(m, (sp.Pow, sp.exp))}
        inner = [m.base for m in powers.values() if isinstance(m, sp.Pow)]
        inner += [m.args[0] for m in meaning.values() if isinstance(m, sp.log)]
        positive = [symbol in powers or symbol in inner for symbol in self.ring.symbols]
        terms = polynomial.to_dict()
        least = [min(column) if terms else 0 for column in zip(*terms)]
        taken = [int(e) if yes else 0 for e, yes in zip(least, positive)]
        return self.ring.context.from_dict(
            {tuple(e - k for e, k in zip(powers, taken)): c for powers, c in terms.items()}
        )

    def balanced(self, expression: sp.Expr, unknowns: Iterable[sp.Symbol]) -> sp.Expr:
        """An expression in symbols and generators, with the units: divided by the greatest ones.

        Where all terms of a sum have powers or exponentials of unknowns and one has them all in
        the highest power, it is divided by these: then it tends to something at either end.
        """
        wanted, meaning = {*unknowns}, self.meaning
        units = [g for g, m in meaning.items() if isinstance(m, (sp.Pow, sp.exp))]
        moving = [g for g in units if meaning[g].free_symbols & wanted and expression.has(g)]
        if moving:
            terms = sp.Poly(expression, *moving).terms()
            top = tuple(map(max, zip(*(powers for powers, _ in terms))))
            if any(powers == top for powers, _ in terms) and all(any(p) for p, _ in terms):
                expression = sp.Add(
                    *(
                        e * sp.Mul(*(g ** (k - m) for g, k, m in zip(moving, powers, top)))
                        for powers, e in terms
                    )
                )
        return expression.xreplace(meaning)

    def depending(self, variables: Iterable[sp.Symbol]) -> list[int]:
        """Positions in the ring of the variables and of the units that depend on them."""
        wanted = set(variables)
        meaning = self.meaning
        return [
            position
            for position, symbol in enumerate(self.ring.symbols)
            if meaning.get(symbol, symbol).free_symbols & wanted
        ]

    def collect(self, expression: sp.Expr, variables: Iterable[sp.Symbol]) -> list[fmpq_mpoly]:
        """The coefficients of the numerator in all monomials of variables and their units.

        The expression vanishes for all values of the variables if and only if all of them do.
        """
        return list(self.monomials(expression, variables).values())

    def monomials(
        self, expression: sp.Expr, variables: Iterable[sp.Symbol]
    ) -> dict[tuple[int, ...], fmpq_mpoly]:
        """The same by the monomial's exponents at all positions of the ring."""
        return self.parts(self.ratio(expression).numerator, variables)

    def arranged(self, polynomial: fmpq_mpoly, variables: Iterable[sp.Symbol]) -> sp.Expr:
        """A polynomial by monomials of variables and their units, each with one coefficient."""
        terms = []
        for key, coefficient in self.parts(polynomial, variables).items():
            monomial = self.expression(self.ring.context.from_dict({key: fmpq(1)}))
            terms.append(sp.factor_terms(self.expression(coefficient)) * monomial)
        return sp.Add(*terms)

    def unmatched(
        self,
        tables: Iterable[Mapping[tuple[int, ...], fmpq_mpoly]],
        unknowns: Iterable[sp.Symbol],
    ) -> str:
        """The terms of equations whose coefficients have none of the unknowns, as a phrase."""
        wanted = self.depending(unknowns)
        letters = {self.ring.places[u] for u in unknowns if u in self.ring.places}
        found: dict[str, None] = {}
        for table in tables:
            for key, coefficient in table.items():
                rows = list(coefficient.to_dict())
                # a unit that all terms have is no zero of the coefficient
                inside = (k for k in wanted if len({e[k] for e in rows}) > 1 or k in letters)
                if rows and not any(e[k] for k in inside for e in rows):
                    found[self.shown(self.ring.context.from_dict({key: fmpq(1)}))] = None
        listed = ["that are constant" if name == "1" else f"in {name}" for name in found]
        return f" for the terms {' and '.join(listed[:3])}" if listed else ""

    def parts(
        self, polynomial: fmpq_mpoly, variables: Iterable[sp.Symbol]
    ) -> dict[tuple[int, ...], fmpq_mpoly]:
        """The coefficients of a polynomial by the monomials of variables and their units."""
        places = self.depending(variables)
        parts: dict[tuple[int, ...], dict[tuple[int, ...], fmpq]] = {}
        for exponents, coefficient in polynomial.to_dict().items():
            key = tuple(int(e) if i in places else 0 for i, e in enumerate(exponents))
            rest = tuple(0 if i in places else int(e) for i, e in enumerate(exponents))
            parts.setdefault(key, {})[rest] = coefficient
        return {key: self.ring.context.from_dict(part) for key, part in parts.items()}

    def _rational(self, expression: sp.Expr) -> sp.Expr:
        if expression.is_Symbol or expression.is_Rational:
            return expression
        if expression.is_Add or expression.is_Mul:
            inner = tuple(map(self._rational, expression.args))
            same = all(new is old for new, old in zip(inner, expression.args))
            return expression if same else expression.func(*inner)
        if isinstance(expression, sp.exp):
            return self._exponential(expression.exp)
        if isinstance(expression, sp.log):
            parts = _factors(expression.args[0])
            if len(parts) > 1 or parts[0][1] != 1:
                return sp.Add(*(self._rational(e * sp.log(b)) for b, e in parts))
            return self._generator(sp.log(parts[0][0]), sp.S.One, 1)
        if expression.is_Pow:
            if expression.exp.is_Integer:
                base = self._rational(expression.base)
                return expression if base is expression.base else base**expression.exp
            if expression.base is sp.S.Exp1:
                return self._exponential(expression.exp)
            return self._power(expression.base, expression.exp)
        if expression.is_Float:
            raise DerivationError(
                f"{expression} is a floating-point number.",
                stage="algebra",
                remedy="Write exact numbers, as in Rational(3, 100).",
            )
        return self._generator(expression, sp.S.One, 1)

    def _power(self, of: sp.Expr, exponent: sp.Expr) -> sp.Expr:
        result = sp.S.One
        for base, weight in _factors(of):
            if base.is_negative:
                raise DerivationError(
                    f"{of**exponent} has a negative base.",
                    stage="algebra",
                    remedy="Write powers of what is positive.",
                )
            for term in sp.Add.make_args(sp.expand(weight * exponent)):
                number, direction = term.as_coeff_Mul()
                if direction == 1 and number.is_Integer:
                    result *= self._rational(base) ** number
                else:
                    result *= self._generator(base, direction, number)
        return result

    def _exponential(self, argument: sp.Expr) -> sp.Expr:
        result = sp.S.One
        for term in sp.Add.make_args(sp.expand(argument)):
            logs = [f for f in sp.Mul.make_args(term) if isinstance(f, sp.log)]
            number, direction = term.as_coeff_Mul()
            if len(logs) == 1:
                result *= self._power(logs[0].args[0], term / logs[0])
            elif direction != 0 and number != 0:
                result *= self._generator(sp.E, direction, number)
        return result

    def _generator(self, base: sp.Expr, direction: sp.Expr, number: sp.Rational) -> sp.Expr:
        """The unit ``base**(number * direction)`` as a power of a generator.

        Denominators of numbers are collected on the first pass, when expressions are read.
        """
        unit = (base, direction)
        number = sp.Rational(number)
        if unit not in self.generators:
            self.generators[unit] = sp.Dummy(f"unit{len(self.generators)}")
            self.denominators[unit] = 1
        common = int(sp.ilcm(self.denominators[unit], number.q))
        if common != self.denominators[unit]:
            self.__dict__.pop("ring", None)
            self.denominators[unit] = common
        return self.generators[unit] ** int(number * common)


def _split(part: sp.Expr) -> list[sp.Expr]:
    """The factors of a sum, where a negative number is not one of them."""
    if not part.is_Add:
        return [part]
    factors = list(sp.Mul.make_args(sp.factor(part)))
    if not factors[0].is_negative:
        return factors
    sums = [f for f in factors if f.as_base_exp()[0].is_Add]
    if len(sums) != 1 or not sums[0].is_Add:
        return [part]  # 1 - x^2: whose sign it is, nothing says
    # 1 - x is -(x - 1)
    factors[factors.index(sums[0])] = -sums[0]
    return [f for f in (-factors[0], *factors[1:]) if f != 1]


def _signed(base: sp.Expr) -> list[sp.Expr]:
    """The factors of a product; its minus stays with its only sum, as in -1/(a - 1)."""
    parts = list(sp.Mul.make_args(base))
    sums = [f for f in parts if f.as_base_exp()[0].is_Add and abs(f.as_base_exp()[1]) == 1]
    if parts[0].is_Number and parts[0].is_negative and len(sums) == 1:
        inner, exponent = sums[0].as_base_exp()
        parts[parts.index(sums[0])] = sp.expand(-inner) ** exponent
        parts[0] = -parts[0]
    return [f for f in parts if f != 1]


def _factors(base: sp.Expr) -> list[tuple[sp.Expr, sp.Expr]]:
    """A positive expression as factors with exponents."""
    pairs: list[tuple[sp.Expr, sp.Expr]] = []
    for factor in (f for part in _signed(base) for f in _split(part)):
        if factor.is_Pow and factor.base is not sp.S.Exp1:
            pairs += [(b, e * factor.exp) for b, e in _factors(factor.base)]
        else:
            pairs.append((factor, sp.S.One))
    return pairs
