"""A solution as a list of definitions in order of use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

import sympy as sp
from flint import arb, fmpq, fmpq_mpoly

from eqsolve.arithmetic.algebra import Ratio, Ring
from eqsolve.arithmetic.ball import Values, evaluate, real_roots_of_balls
from eqsolve.arithmetic.number import precision
from eqsolve.derivation.equations import Equations
from eqsolve.errors import DerivationError, EqsolveError


@dataclass(frozen=True)
class Definition:
    """``symbol = expression`` in symbols defined earlier, or a root of a polynomial.

    For a root, ``polynomial`` names the coefficients (leading one first) and ``expression`` is the
    polynomial itself, which vanishes at ``symbol``. ``is_solution`` tells an unknown of the problem
    from an abbreviation.
    """

    symbol: sp.Symbol
    expression: sp.Expr
    polynomial: tuple[sp.Symbol, ...] = ()
    is_solution: bool = False

    @property
    def is_root(self) -> bool:
        """Whether the symbol is defined implicitly, as a root."""
        return bool(self.polynomial)


@dataclass(frozen=True)
class ClosedForm(Equations):
    """A solution as a straight-line program.

    Attributes
    ----------
    definitions : every symbol in terms of parameters and earlier symbols.
    nonzero : expressions that were assumed nonzero on the way.
    """

    definitions: tuple[Definition, ...]
    nonzero: tuple[sp.Expr, ...]

    @cached_property
    def table(self) -> dict[sp.Symbol, Definition]:
        """The definitions by symbol."""
        return {d.symbol: d for d in self.definitions}

    def __getitem__(self, symbol: sp.Symbol) -> sp.Expr:
        return self.table[symbol].expression

    @cached_property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """The symbols that nothing defines, in order of name."""
        free = set().union(*(d.expression.free_symbols for d in self.definitions))
        return tuple(sorted(free - set(self.table), key=lambda s: s.name))

    def needed(self, outputs: Iterable[sp.Symbol]) -> tuple[Definition, ...]:
        """The definitions that the outputs depend on, in order."""
        wanted = set(outputs)
        chosen: list[Definition] = []
        for definition in reversed(self.definitions):
            if definition.symbol in wanted:
                chosen.append(definition)
                wanted |= definition.expression.free_symbols
        return tuple(reversed(chosen))

    def vanishes(self, expression: sp.Expr) -> bool:
        """Decide exactly whether an expression is zero by the definitions.

        Solutions are replaced by their definitions, the latest first, until the numerator is the
        zero polynomial once the abbreviations in it are spelled out; an implicit root enters as
        the remainder of a division by its polynomial. Both steps are exact. An expression that is
        not zero is mostly refuted beforehand by an enclosure at one point that excludes zero.
        """
        if self._refuted(expression):
            return False
        return _Elimination(self.needed(expression.free_symbols), expression).reaches_zero()

    def _refuted(self, expression: sp.Expr) -> bool:
        """Whether a ball that encloses the expression at a sample point excludes zero."""
        with precision(256):
            try:
                values = dict(self._sample)
                for unknown in expression.free_symbols - values.keys():
                    values[unknown] = _draw(unknown, 0)
                return not evaluate(expression, values).contains(0)
            except EqsolveError:
                return False

    @cached_property
    def _sample(self) -> dict[sp.Symbol, arb]:
        """Values of all symbols at random parameters, consistent with the definitions."""
        for attempt in range(100):
            values = {s: _draw(s, attempt) for s in self.parameters}
            try:
                for definition in self.definitions:
                    if definition.is_root:
                        names = reversed(definition.polynomial)
                        root = real_roots_of_balls([values[name] for name in names])[0]
                        values[definition.symbol] = root
                    else:
                        values[definition.symbol] = evaluate(definition.expression, values)
            except (EqsolveError, IndexError):
                continue
            return values
        raise DerivationError("no sample point has a real root.", stage="solving")

    def extended(self, extra: Sequence[Definition], nonzero: Sequence[sp.Expr] = ()) -> ClosedForm:
        """Return a longer program."""
        return ClosedForm(self.definitions + tuple(extra), self.nonzero + tuple(nonzero))

    @property
    def lines(self) -> list[tuple[sp.Basic, sp.Basic]]:
        """The definitions; a root by the equation it solves."""
        return [
            (d.expression, sp.S.Zero) if d.is_root else (d.symbol, d.expression)
            for d in self.definitions
        ]


class _Elimination:
    """The definitions that an expression depends on, as rational functions of one ring."""

    def __init__(self, definitions: Sequence[Definition], expression: sp.Expr) -> None:
        self.definitions, self.expression = definitions, expression
        symbols = [d.symbol for d in definitions]
        self.ring = Ring.of(expression, symbols, *(d.expression for d in definitions))
        self.values: dict[sp.Symbol, Ratio] = {}

    def reaches_zero(self) -> bool:
        """Whether the numerator becomes the zero polynomial; see ``ClosedForm.vanishes``."""
        numerator = self.ring.ratio(self.expression).numerator
        if self._spelled_out(numerator).is_zero():
            return True
        for definition in reversed(self.definitions):
            if not definition.is_solution or not self._occurs(definition, numerator):
                continue
            value = self._value(definition)
            if definition.is_root:
                numerator = self._spelled_out(numerator)
                numerator = self.ring.remainder(numerator, value.numerator, definition.symbol)
            else:
                numerator = self.ring.substituted(numerator, definition.symbol, value)
            if self._spelled_out(numerator).is_zero():
                return True
        return False

    def _spelled_out(self, numerator: fmpq_mpoly) -> fmpq_mpoly:
        for definition in reversed(self.definitions):
            if not definition.is_solution and self._occurs(definition, numerator):
                value = self._value(definition)
                numerator = self.ring.substituted(numerator, definition.symbol, value)
        return numerator

    def _occurs(self, definition: Definition, numerator: fmpq_mpoly) -> bool:
        place = self.ring.places[definition.symbol]
        return not numerator.is_zero() and numerator.degrees()[place] > 0

    def _value(self, definition: Definition) -> Ratio:
        """What stands for a symbol, converted when it first occurs."""
        if definition.symbol not in self.values:
            self.values[definition.symbol] = self.ring.ratio(definition.expression)
        return self.values[definition.symbol]


def run(program: Iterable[Definition], values: Values) -> None:
    """Evaluate definitions in order into ``values``, skipping those already there."""
    for definition in program:
        if definition.symbol not in values:
            values[definition.symbol] = evaluate(definition.expression, values)


def _draw(unknown: sp.Symbol, attempt: int) -> arb:
    """A reproducible random rational between 1/2 and 3/2 for a symbol."""
    return arb(fmpq(Random(f"{unknown.name}{attempt}").randrange(500, 1500), 1000))
