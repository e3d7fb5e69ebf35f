"""Stationary blocks that are one equation once unknowns that enter linearly are eliminated."""

from __future__ import annotations

import sympy as sp
from flint import fmpq_mpoly

from eqsolve.derivation.solve import algebra
from eqsolve.derivation.solve.block import Block, Found, Known
from eqsolve.derivation.solve.linear import divided
from eqsolve.derivation.solve.step import Condition, Explicit, Root
from eqsolve.derivation.units import Units
from eqsolve.symbolic.algebra import Ratio

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
        found = _Elimination(block, known, units).end(block.symbols[0])
        return found and found[1]
    if hidden & set(block.symbols):
        return None
    best: tuple[int, Found] | None = None
    # among equals a coefficient of the feedback: the others then exist whatever the drift
    for pivot in (*block.constraints, *block.rates):
        elimination = _Elimination(block, known, units)
        if elimination.reduce(pivot):
            found = elimination.end(pivot)
            if found is not None and (best is None or found[0] < best[0]):
                best = found
    return best[1] if best is not None and best[0] <= LARGEST_DEGREE else None


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

    def end(self, pivot: sp.Symbol) -> tuple[int, Found] | None:
        """The steps, and the degree of the last equation (0 if it is no polynomial)."""
        (line,) = self.lines
        if line.is_zero():
            return None
        ring, units = self.ring, self.units
        places = units.depending([pivot])
        kept = ring.context.constant(1)
        conditions = []
        for factor, _ in line.factor()[1]:
            if not any(e[k] for e in factor.to_dict() for k in places):
                shown = units.expression(factor)
                conditions.append(Condition(shown, "!=", f"an equation determines {pivot}"))
            elif not any(_divides(factor, f) for f in self.forbidden):
                kept = kept * factor
        if kept.is_constant():
            return None
        root = self._root(pivot, kept, tuple(conditions))
        steps: list[Root | Explicit] = [root]
        for symbol in reversed(self.values):
            ratio = self.values[symbol]
            value = algebra.factored(
                units.expression(ratio.numerator) / units.expression(ratio.denominator)
            )
            steps.append(Explicit(symbol, value, "linear", divided(value, f"{symbol} exists")))
        return max(len(root.coefficients) - 1, 0), Found(tuple(steps))

    def _root(
        self, pivot: sp.Symbol, polynomial: fmpq_mpoly, conditions: tuple[Condition, ...]
    ) -> Root:
        if any(pivot in meaning.free_symbols for meaning in self.units.meaning.values()):
            return Root(pivot, self.units.expression(polynomial), (), "equation", conditions)
        parts = self.ring.coefficients(polynomial, pivot)
        coefficients = tuple(algebra.factored(self.units.expression(p)) for p in reversed(parts))
        if coefficients[0].could_extract_minus_sign():
            coefficients = tuple(-c for c in coefficients)
        powers = range(len(parts) - 1, -1, -1)
        equation = sp.Add(*(c * pivot**k for c, k in zip(coefficients, powers)))
        return Root(pivot, equation, coefficients, "polynomial", conditions)


def _divides(factor: fmpq_mpoly, polynomial: fmpq_mpoly) -> bool:
    return bool((polynomial.gcd(factor) - factor / factor.leading_coefficient()).is_zero())
