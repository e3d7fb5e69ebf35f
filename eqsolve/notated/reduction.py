"""Reduction modulo a coefficient system: decides identities without the closed form.

Every coefficient equation is linear in some of its symbols, be it an unknown or a parameter.
Solving each for one symbol, in a suitable order, parametrizes the solutions rationally; an
expression that is zero after these eliminations is zero on the solutions. Roots of polynomials
and the determinants of the closed form never appear, which keeps this fast.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from random import Random

import sympy as sp
from flint import fmpq_mpoly

from eqsolve.arithmetic.algebra import Ring
from eqsolve.errors import DerivationError
from eqsolve.notated.matching import CoefficientSystem

#: Denominator of drawn numbers: a prime that does not occur in formulas.
_PRIME = 997


@dataclass(frozen=True)
class Reduction:
    """The eliminations: each polynomial is linear in its symbol and free of the earlier ones."""

    steps: tuple[tuple[sp.Symbol, sp.Expr], ...]

    @staticmethod
    def of(system: CoefficientSystem) -> Reduction:
        """Find an order of elimination, the sparsest symbol first.

        Raises
        ------
        DerivationError
            If some equation is not linear in any symbol left or splits into factors, or if the
            coefficient of the symbol it is solved for vanishes on the solutions.
        """
        ring = Ring.of(e.expression for e in system.equations)
        pending = [
            _essential(ring, ring.polynomial(e.expression), system) for e in system.equations
        ]
        steps: list[tuple[sp.Symbol, sp.Expr]] = []
        while pending:
            index, symbol = _sparsest(ring, pending, system)
            equation = pending.pop(index)
            steps.append((symbol, ring.expression(equation)))
            pending = [
                _essential(ring, ring.remainder(e, equation, symbol), system) for e in pending
            ]
        reduction = Reduction(tuple(steps))
        for symbol, expression in steps:
            if reduction.vanishes(sp.diff(expression, symbol)):
                raise DerivationError(
                    f"the equation solved for {symbol} degenerates.",
                    game=system.hjb.game.name,
                    stage="reduction",
                )
        return reduction

    def vanishes(self, expression: sp.Expr) -> bool:
        """Prove exactly that a rational expression is zero on the solutions; False if it fails.

        An exact value other than zero at one solution refutes it at once.
        """
        if self._value(expression) != 0:
            return False
        ring = Ring.of(expression, *(e for _, e in self.steps))
        numerator = ring.ratio(expression).numerator
        for symbol, equation in self.steps:
            if numerator.is_zero():
                return True
            numerator = ring.remainder(numerator, ring.polynomial(equation), symbol)
        return bool(numerator.is_zero())

    @cached_property
    def point(self) -> dict[sp.Symbol, sp.Rational]:
        """One solution in rational numbers: the free symbols are drawn, the others follow."""
        values: dict[sp.Symbol, sp.Rational] = {}
        for symbol, equation in reversed(self.steps):
            values |= _drawn(equation.free_symbols - values.keys() - {symbol})
            at_values = sp.expand(equation.xreplace(values))
            values[symbol] = -at_values.coeff(symbol, 0) / at_values.coeff(symbol, 1)
        return values

    def _value(self, expression: sp.Expr) -> sp.Expr:
        """The value at the point; zero where it has none, which refutes nothing."""
        free = _drawn(expression.free_symbols - self.point.keys())
        value = expression.xreplace(self.point | free)
        return value if value.is_Rational else sp.S.Zero


def _drawn(symbols: Iterable[sp.Symbol]) -> dict[sp.Symbol, sp.Rational]:
    """Rational numbers between 1/10 and 2, the same for a name every time."""
    return {
        s: sp.Rational(Random(s.name).randint(_PRIME // 10, 2 * _PRIME), _PRIME) for s in symbols
    }


def _sparsest(
    ring: Ring, pending: list[fmpq_mpoly], system: CoefficientSystem
) -> tuple[int, sp.Symbol]:
    best: tuple[tuple[int, int], int, sp.Symbol] | None = None
    for index, equation in enumerate(pending):
        for place, degree in enumerate(equation.degrees()):
            if degree != 1:
                continue
            symbol = ring.symbols[place]
            others = sum(int(e.degrees()[place]) for e in pending) - 1
            lead = ring.coefficients(equation, symbol)[1]
            cost = (others * len(equation) + len(lead), len(equation))
            if best is None or cost < best[0]:
                best = (cost, index, symbol)
    if best is None:
        raise DerivationError(
            "no equation left is linear in a symbol.",
            game=system.hjb.game.name,
            stage="reduction",
        )
    return best[1], best[2]


def _essential(ring: Ring, polynomial: fmpq_mpoly, system: CoefficientSystem) -> fmpq_mpoly:
    """Drop the factors that are single symbols: no unknown or parameter is zero in general.

    What is left must be irreducible, else the eliminations could follow a wrong branch.
    """
    _, factors = polynomial.factor()
    rest = [f for f, _ in factors if len(f) > 1]
    if len(rest) != 1:
        raise DerivationError(
            f"an equation splits into {len(rest)} factors.",
            game=system.hjb.game.name,
            stage="reduction",
        )
    return rest[0]
