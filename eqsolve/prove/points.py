"""Points at which the statements of theorems hold or fail; as in Coq, 1/0 is 0.

Numbers are rational, and exact where nothing but field operations occurs in a statement; values of
other functions have 40 digits.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Iterable
from fractions import Fraction
from functools import reduce
from typing import Any

import mpmath
import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.derivation.solve.functions import RootCosh, RootSinh
from eqsolve.prove.statement import ForAll, Joined, Relation, Slope, Statement, Theorem

DIGITS = 40
#: Agents, where how many there are is open.
FEW = 2
#: Relative differences that are none, and that are one.
EQUAL, DIFFERENT = mpmath.mpf("1e-25"), mpmath.mpf("1e-12")


class NoPointError(Exception):
    """No point was found, or a statement is of another kind."""


class Model:
    """Numbers and functions for the letters of a theorem, of which hypotheses define some."""

    def __init__(self, theorem: Theorem, rng: random.Random, also: Iterable[Relation] = ()) -> None:
        self._known: dict[sp.Symbol, Any] = {}
        self.letters: dict[sp.Symbol, sp.Expr] = {}
        self.functions: dict[Any, sp.Lambda] = {}
        self.conditions: list[Relation] = []
        for hypothesis in theorem.hypotheses:
            self._take(hypothesis.statement)
        self.conditions = [*also, *self.conditions]
        for function, count in theorem.functions.items():
            if function not in self.functions:
                variables = sp.symbols(f"free_1:{count + 1}")
                slope = sp.Add(*(_drawn(rng) * v for v in variables))
                self.functions[function] = sp.Lambda(variables, _drawn(rng) + slope)
        self.free = [s for s in theorem.letters if s not in self.letters]
        # near the witness other assumptions hold; at 0 much does not
        near, zero = rng.choice(((0.0, 0.0), (0.8, 0.0), (0.6, 0.2), (0.0, 0.3)))
        self.numbers: dict[sp.Symbol, Any] = {}
        for s in self.free:
            known = theorem.witness.get(s)
            kept = rng.random() < near and getattr(known, "is_Rational", False)
            if s in theorem.types:
                self.numbers[s] = Fraction(FEW)
                continue
            self.numbers[s] = _number(known if kept else _drawn(rng) * int(rng.random() >= zero))
        for k, condition in enumerate(self.conditions):
            if condition.relation == "=" and not self.holds(condition):
                self._solve(condition, rng, self.conditions[:k])

    def _take(self, statement: Statement) -> None:
        inner = statement.statement if isinstance(statement, ForAll) else statement
        if isinstance(inner, Relation) and isinstance(inner.left, AppliedUndef):
            if inner.left.func not in self.functions and inner.relation == "=":
                self.functions[inner.left.func] = sp.Lambda(inner.left.args, inner.right)
                return
        if isinstance(statement, ForAll) and isinstance(inner, Relation):
            self.conditions += _coefficients(inner, statement.letters)
        elif isinstance(inner, Relation):
            defines = inner.relation == "=" and inner.left.is_Symbol
            if defines and inner.left not in self.letters:
                self.letters[inner.left] = inner.right
            else:
                self.conditions.append(inner)
        elif isinstance(inner, Slope) and isinstance(inner.value, AppliedUndef):
            self.functions[inner.value.func] = sp.Lambda(inner.value.args, _Slope.of(inner))
        elif isinstance(inner, Slope) and inner.value.is_Symbol:
            self.letters[inner.value] = _Slope.of(inner)
        else:
            raise NoPointError(f"{statement} is of another kind.")

    def value(self, expression: sp.Expr, depth: int = 0) -> Any:
        """A number."""
        if depth > 60:
            raise NoPointError("definitions are circular.")

        def inner(e: sp.Expr) -> Any:
            return self.value(e, depth + 1)

        e = expression
        if isinstance(e, _Slope):
            function, variable, at = e.args
            rate = sp.diff(self.meant(function), variable)
            return inner(rate.xreplace({variable: at}))
        if e.is_Symbol:
            if e in self.numbers:
                return self.numbers[e]
            if e not in self.letters:
                raise NoPointError(f"{e} has no value.")
            if e not in self._known:
                self._known[e] = inner(self.letters[e])
            return self._known[e]
        if e.is_number and not e.args:
            return _number(e)
        if isinstance(e, AppliedUndef):
            return inner(self.functions[e.func](*e.args))
        if isinstance(e, sp.Sum):
            index, first, last = e.limits[0]
            each = range(int(inner(first)), int(inner(last)) + 1)
            return sum(
                (inner(e.function.xreplace({index: sp.Integer(k)})) for k in each), Fraction()
            )
        values = _alike(*(inner(a) for a in e.args))
        if e.is_Add:
            return sum(values[1:], values[0])
        if e.is_Mul:
            return reduce(operator.mul, values)
        if isinstance(e, sp.exp):
            return mpmath.exp(values[0])
        if isinstance(e, sp.log):
            return mpmath.log(values[0]) if values[0] > 0 else mpmath.mpf(0)
        if e.is_Pow:
            base, power = values
            if e.exp.is_Integer:
                return Fraction(0) if base == 0 and power < 0 else base ** int(e.exp)
            if e.exp == sp.Rational(1, 2):
                return mpmath.sqrt(max(base, 0))
            return _real(base) ** _real(power) if base > 0 else mpmath.mpf(1)
        if isinstance(e, (RootCosh, RootSinh)):
            q, s = values
            root = mpmath.sqrt(q)
            if isinstance(e, RootCosh):
                return mpmath.re(mpmath.cosh(root * s))
            return mpmath.re(mpmath.sinh(root * s) / root) if q else s
        raise NoPointError(f"{e} is of another kind.")

    def meant(self, expression: sp.Expr) -> sp.Expr:
        """An expression with what its functions are, and letters that are defined."""
        for _ in range(60):
            applied = {f: self.functions[f.func](*f.args) for f in expression.atoms(AppliedUndef)}
            slopes = {
                s: sp.diff(self.meant(s.args[0]), s.args[1]).xreplace({s.args[1]: s.args[2]})
                for s in expression.atoms(_Slope)
            }
            if not applied and not slopes:
                return expression
            expression = expression.xreplace({**applied, **slopes})
        raise NoPointError("functions are circular.")

    def holds(self, statement: Statement) -> bool:
        """Whether a statement holds here; one about all numbers at one of them only."""
        inner = statement.statement if isinstance(statement, ForAll) else statement
        if isinstance(statement, ForAll) and not isinstance(inner, (Relation, Slope)):
            raise NoPointError("a statement is of another kind.")
        with mpmath.workdps(DIGITS):
            if isinstance(inner, Slope):
                left, right = self.value(_Slope.of(inner)), self.value(inner.value)
                return _same(left, right, DIFFERENT)
            if not isinstance(inner, Relation):
                raise NoPointError("a statement is of another kind.")
            left, right = _alike(self.value(inner.left), self.value(inner.right))
            same, less = _same(left, right, EQUAL), left < right
            return bool(
                {
                    "=": same,
                    "<>": not same,
                    "<": less and not same,
                    ">": not less and not same,
                    "<=": less or same,
                    ">=": not less or same,
                }[inner.relation]
            )

    def fails(self, statement: Statement, rng: random.Random) -> bool:
        """Whether a statement clearly does not hold here; one about all numbers at some of them."""
        if isinstance(statement, ForAll):
            for letter in statement.letters:
                drawn = _drawn(rng)
                self.put(letter, _number(abs(drawn) if letter in statement.positive else drawn))
            return self.fails(statement.statement, rng)
        if isinstance(statement, Joined):
            if statement.word in ("/\\", "\\/"):
                wrong = (self.fails(part, rng) for part in statement.parts)
                return any(wrong) if statement.word == "/\\" else all(wrong)
            *first, second = statement.parts
            found = all(map(self.holds, first)) and self.fails(second, rng)
            other = statement.word == "<->" and self.holds(second)
            return found or (other and self.fails(first[0], rng))
        with mpmath.workdps(DIGITS):
            if isinstance(statement, Relation) and statement.relation == "=":
                left, right = self.value(statement.left), self.value(statement.right)
                return not _same(left, right, DIFFERENT)
            return not self.holds(statement)

    def _solve(self, condition: Relation, rng: random.Random, before: list[Relation]) -> None:
        """Choose a letter, in which an equation is linear, so that it holds beside others."""
        before = [c for c in before if c.relation == "="]
        with mpmath.workdps(DIGITS):
            for letter in rng.sample(self.free, len(self.free)):
                kept, values = self.numbers[letter], []
                for place in (0, 1, 2):
                    self.put(letter, Fraction(place))
                    values.append(self.value(condition.left - condition.right))
                values = _alike(*values)
                first, second = values[1] - values[0], values[2] - values[1]
                if first != 0 and _same(first, second, EQUAL):
                    self.put(letter, -values[0] / first)
                    if all(map(self.holds, before)):
                        return
                self.put(letter, kept)
        raise NoPointError("an equation is linear in no letter.")

    def put(self, letter: sp.Symbol, value: Any) -> None:
        """Give a letter that no hypothesis defines a value."""
        self.numbers[letter] = value
        self._known.clear()

    def stands(self) -> bool:
        """Whether all conditions hold."""
        return all(self.holds(c) for c in self.conditions)


class _Slope(sp.Expr):  # type: ignore[misc]
    """The derivative of a function of one letter somewhere, not taken yet."""

    @classmethod
    def of(cls, slope: Slope) -> sp.Expr:
        bound = sp.Dummy(slope.variable.name)  # what is put in for the variable changes the place
        return cls(slope.function.xreplace({slope.variable: bound}), bound, slope.at)


def _drawn(rng: random.Random) -> sp.Rational:
    return sp.Rational(rng.choice((-1, 1, 1)) * rng.randint(1, 24), 8)


def _number(e: sp.Expr) -> Any:
    if e.is_Rational:
        return Fraction(int(e.p), int(e.q))
    with mpmath.workdps(DIGITS):
        return mpmath.mpf(str(sp.N(e, DIGITS)))


def _coefficients(relation: Relation, letters: tuple[sp.Symbol, ...]) -> list[Relation]:
    """What an equation between polynomials in some letters says that holds for all of them."""
    left = sp.expand(relation.left - relation.right)
    if relation.relation != "=" or not left.is_polynomial(*letters):
        raise NoPointError(f"{relation} is no equation between polynomials.")
    return [Relation(c, "=") for c in sp.Poly(left, *letters).coeffs()]


def _same(left: Any, right: Any, digits: Any) -> bool:
    """Whether two numbers are equal: exactly, if both are rational."""
    first, second = _alike(left, right)
    if isinstance(first, Fraction):
        return bool(first == second)
    with mpmath.workdps(DIGITS):
        return bool(abs(first - second) <= digits * (1 + abs(first)))


def _alike(*values: Any) -> list[Any]:
    """Numbers as they are if all are rational, or with digits."""
    exact = all(isinstance(value, Fraction) for value in values)
    return list(values) if exact else [_real(value) for value in values]


def _real(value: Any) -> Any:
    if not isinstance(value, Fraction):
        return value
    return mpmath.mpf(value.numerator) / value.denominator


def point(
    theorem: Theorem, rng: random.Random, attempts: int = 12, also: Iterable[Relation] = ()
) -> Model | None:
    """A point at which all hypotheses hold and the conclusion fails; None if none was found.

    Parameters
    ----------
    also : what holds there besides.
    """
    for _ in range(attempts):
        try:
            model = Model(theorem, rng, also)
            if model.stands() and model.fails(theorem.conclusion, rng):
                return model
        except (NoPointError, ZeroDivisionError, OverflowError, KeyError, RecursionError):
            continue
    return None
