"""Points at which the statements of theorems hold or fail, in numbers; Coq's 1/0 is 0."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import mpmath
import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.derivation.solve.functions import RootCosh, RootSinh
from eqsolve.prove.statement import ForAll, Relation, Slope, Statement, Theorem

DIGITS = 40
#: Relative differences that are none, and that are one.
EQUAL, DIFFERENT = mpmath.mpf("1e-25"), mpmath.mpf("1e-12")


class NoPointError(Exception):
    """No point was found, or a statement is of another kind."""


class Model:
    """Numbers and functions for the letters of a theorem, of which hypotheses define some."""

    def __init__(self, theorem: Theorem, rng: random.Random) -> None:
        self.letters: dict[sp.Symbol, sp.Expr] = {}
        self.functions: dict[Any, sp.Lambda] = {}
        self.conditions: list[Relation] = []
        for hypothesis in theorem.hypotheses:
            self._take(hypothesis.statement)
        for function, count in theorem.functions.items():
            if function not in self.functions:
                variables = sp.symbols(f"free_1:{count + 1}")
                slope = sp.Add(*(_drawn(rng) * v for v in variables))
                self.functions[function] = sp.Lambda(variables, _drawn(rng) + slope)
        self.free = [s for s in theorem.letters if s not in self.letters]
        self.numbers: dict[sp.Symbol, Any] = {s: _number(_drawn(rng)) for s in self.free}
        for condition in self.conditions:
            if condition.relation == "=" and not self.holds(condition):
                self._solve(condition, rng)

    @classmethod
    def of_witness(cls, theorem: Theorem) -> Model:
        """The numbers and functions of the theorem's witness."""
        model = cls.__new__(cls)
        model.functions = {f: e for f, e in theorem.witness.items() if isinstance(e, sp.Lambda)}
        model.letters = {s: e for s, e in theorem.witness.items() if not isinstance(e, sp.Lambda)}
        model.numbers, model.conditions, model.free = {}, [], []
        return model

    def _take(self, statement: Statement) -> None:
        inner = statement.statement if isinstance(statement, ForAll) else statement
        if isinstance(inner, Relation) and isinstance(inner.left, AppliedUndef):
            if inner.left.func not in self.functions and inner.relation == "=":
                self.functions[inner.left.func] = sp.Lambda(inner.left.args, inner.right)
                return
        if isinstance(inner, Relation) and not isinstance(statement, ForAll):
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
            return inner(self.letters[e])
        if e.is_number and not e.args:
            return _number(e)
        if isinstance(e, AppliedUndef):
            return inner(self.functions[e.func](*e.args))
        values = [inner(a) for a in e.args]
        if e.is_Add:
            return mpmath.fsum(values)
        if e.is_Mul:
            return mpmath.fprod(values)
        if isinstance(e, sp.exp):
            return mpmath.exp(values[0])
        if isinstance(e, sp.log):
            return mpmath.log(values[0]) if values[0] > 0 else mpmath.mpf(0)
        if e.is_Pow:
            base, power = values
            if e.exp.is_Integer:
                return mpmath.mpf(0) if base == 0 and power < 0 else base ** int(e.exp)
            if e.exp == sp.Rational(1, 2):
                return mpmath.sqrt(max(base, 0))
            return base**power if base > 0 else mpmath.mpf(1)
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
                return bool(abs(left - right) <= DIFFERENT * (1 + abs(right)))
            if not isinstance(inner, Relation):
                raise NoPointError("a statement is of another kind.")
            left, right = self.value(inner.left), self.value(inner.right)
            same = abs(left - right) <= EQUAL * (1 + abs(left))
            return bool(
                {
                    "=": same,
                    "<>": not same,
                    "<": left < right and not same,
                    ">": left > right and not same,
                    "<=": left < right or same,
                    ">=": left > right or same,
                }[inner.relation]
            )

    def fails(self, statement: Statement) -> bool:
        """Whether a statement clearly does not hold here."""
        with mpmath.workdps(DIGITS):
            if isinstance(statement, Relation) and statement.relation == "=":
                left, right = self.value(statement.left), self.value(statement.right)
                return bool(abs(left - right) > DIFFERENT * (1 + abs(left)))
            return not self.holds(statement)

    def _solve(self, condition: Relation, rng: random.Random) -> None:
        """Choose a letter, in which an equation is linear, so that it holds."""
        with mpmath.workdps(DIGITS):
            for letter in rng.sample(self.free, len(self.free)):
                kept, values = self.numbers[letter], []
                for place in (0, 1, 2):
                    self.numbers[letter] = mpmath.mpf(place)
                    values.append(self.value(condition.left - condition.right))
                first, second = values[1] - values[0], values[2] - values[1]
                if first != 0 and abs(first - second) < EQUAL * abs(first):
                    self.numbers[letter] = -values[0] / first
                    return
                self.numbers[letter] = kept
        raise NoPointError("an equation is linear in no letter.")

    def stands(self) -> bool:
        """Whether all conditions hold."""
        return all(self.holds(c) for c in self.conditions)


class _Slope(sp.Expr):
    """The derivative of a function of one letter somewhere, not taken yet."""

    @classmethod
    def of(cls, slope: Slope) -> sp.Expr:
        bound = sp.Dummy(slope.variable.name)  # what is put in for the variable changes the place
        return cls(slope.function.xreplace({slope.variable: bound}), bound, slope.at)


def _drawn(rng: random.Random) -> sp.Rational:
    return sp.Rational(rng.choice((-1, 1, 1)) * rng.randint(1, 24), 8)


def _number(e: sp.Expr) -> Any:
    with mpmath.workdps(DIGITS):
        if e.is_Rational:
            return mpmath.mpf(int(e.p)) / int(e.q)
        return mpmath.mpf(str(sp.N(e, DIGITS)))


def point(theorem: Theorem, rng: random.Random, attempts: int = 12) -> Model | None:
    """A point at which all hypotheses hold and the conclusion fails; None if none was found."""
    for _ in range(attempts):
        try:
            model = Model(theorem, rng)
            if model.stands() and model.fails(theorem.conclusion):
                return model
        except (NoPointError, ZeroDivisionError, OverflowError, KeyError, RecursionError):
            continue
    return None


def witnessed(theorem: Theorem) -> Mapping[str, bool]:
    """By hypothesis, whether it holds at the theorem's witness."""
    model = Model.of_witness(theorem)
    return {h.name: model.holds(h.statement) for h in theorem.hypotheses}
