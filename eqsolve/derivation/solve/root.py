"""Stationary blocks that are one equation once unknowns that enter linearly are eliminated."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp
from flint import fmpq_mpoly

from eqsolve.arithmetic.algebra import Ratio
from eqsolve.derivation.solve import algebra
from eqsolve.derivation.solve.block import Block, Found, Known
from eqsolve.derivation.solve.linear import divided
from eqsolve.derivation.solve.step import Condition, Explicit, Root
from eqsolve.derivation.units import Units

#: Elimination that ends in a polynomial of a higher degree is no simplification.
LARGEST_DEGREE = 3


def recognize(block: Block, known: Known) -> Found | None:
    """Eliminate unknowns that enter linearly, keep one, and give its equation."""
    # two coefficients of the feedback are left with two equations
    if not block.algebraic or (block.rates and len(block.constraints) > 1):
        return None
    units = Units.of([*block.equations, *known.nonzero])
    hidden = {s for meaning in units.meaning.values() for s in meaning.free_symbols}
    if len(block.symbols) == 1:
        last = _Elimination(block, known, units).last(block.symbols[0])
        return None if last is None else last.found()
    if hidden & set(block.symbols):
        return None
    best: _Last | None = None
    # among equals a coefficient of the feedback: the others then exist whatever the drift
    for pivot in (*block.constraints, *block.rates):
        elimination = _Elimination(block, known, units)
        if elimination.reduce(pivot):
            last = elimination.last(pivot)
            if last is not None and (best is None or last.degree < best.degree):
                best = last
    return best.found() if best is not None and best.degree <= LARGEST_DEGREE else None


class _Elimination:
    """Equations from which unknowns are eliminated one after the other."""

    def __init__(self, block: Block, known: Known, units: Units) -> None:
        self.block, self.units, self.ring = block, units, units.ring
        self.lines = [units.ratio(e).numerator for e in block.equations]
        #: what must not vanish: a root that makes it vanish is none of the system
        self.forbidden = [units.ratio(e).numerator for e in known.nonzero]
        self.values: dict[sp.Symbol, Ratio] = {}

    def reduce(self, pivot: sp.Symbol) -> bool:
        """Eliminate all unknowns but one; False if they do not enter linearly."""
        pending = [s for s in self.block.symbols if s != pivot]
        while pending:
            choices = [
                (len(parts[1].to_dict()), k, symbol)
                for k, line in enumerate(self.lines)
                for symbol in pending
                if len(parts := self.ring.coefficients(line, symbol)) == 2
            ]
            if not choices:
                return False
            _, k, symbol = min(choices, key=lambda choice: choice[:2])
            constant, slope = self.ring.coefficients(self.lines.pop(k), symbol)
            value = Ratio.reduced(self.ring, -constant, slope)
            self.lines = [self.ring.substituted(line, symbol, value) for line in self.lines]
            self.forbidden = [self.ring.substituted(f, symbol, value) for f in self.forbidden]
            self.forbidden.append(slope)
            self.values[symbol] = value
            pending.remove(symbol)
        return True

    def last(self, pivot: sp.Symbol) -> _Last | None:
        """The equation that is left; None if it determines nothing."""
        (line,) = self.lines
        if line.is_zero():
            return None
        ring, units = self.ring, self.units
        places = units.depending([pivot])
        kept = ring.context.constant(1)
        conditions = []
        for factor, _ in units.reduced(line).factor()[1]:
            if not any(e[k] for e in factor.to_dict() for k in places):
                shown = units.expression(factor)
                conditions.append(Condition(shown, "!=", f"an equation determines {pivot}"))
            elif not any(_divides(factor, f) for f in self.forbidden):
                kept = kept * factor
        return None if kept.is_constant() else _Last(self, pivot, kept, tuple(conditions))


@dataclass(frozen=True)
class _Last:
    """The equation of the one unknown that is left."""

    elimination: _Elimination
    pivot: sp.Symbol
    polynomial: fmpq_mpoly
    conditions: tuple[Condition, ...]

    @property
    def degree(self) -> int:
        """Of the polynomial; 0 if the equation is none."""
        units = self.elimination.units
        if any(self.pivot in meaning.free_symbols for meaning in units.meaning.values()):
            return 0
        return len(units.ring.coefficients(self.polynomial, self.pivot)) - 1

    def found(self) -> Found:
        """The steps: the unknown that is left, and the others in it."""
        units, values = self.elimination.units, self.elimination.values
        steps: list[Root | Explicit] = [self._root()]
        for symbol in reversed(values):
            ratio = values[symbol]
            value = algebra.factored(
                units.expression(ratio.numerator) / units.expression(ratio.denominator)
            )
            steps.append(Explicit(symbol, value, "linear", divided(value, f"{symbol} exists")))
        return Found(tuple(steps))

    def _root(self) -> Root:
        units, pivot = self.elimination.units, self.pivot
        if not self.degree:
            equation = units.arranged(self.polynomial, [pivot])
            balanced = units.balanced(units.ring.expression(self.polynomial), [pivot])
            if balanced != units.expression(self.polynomial):
                equation = balanced
            return Root(pivot, equation, (), "equation", self.conditions)
        parts = units.ring.coefficients(self.polynomial, pivot)
        coefficients = tuple(algebra.factored(units.expression(p)) for p in reversed(parts))
        if coefficients[0].could_extract_minus_sign():
            coefficients = tuple(-c for c in coefficients)
        powers = range(len(parts) - 1, -1, -1)
        equation = sp.Add(*(c * pivot**k for c, k in zip(coefficients, powers)))
        return Root(pivot, equation, coefficients, "polynomial", self.conditions)


def _divides(factor: fmpq_mpoly, polynomial: fmpq_mpoly) -> bool:
    return bool((polynomial.gcd(factor) - factor / factor.leading_coefficient()).is_zero())
