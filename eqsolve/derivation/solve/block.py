"""What a recognizer sees: one block of unknowns, and the symbols solved before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import sympy as sp

from eqsolve.derivation.solve import algebra
from eqsolve.derivation.solve.functions import RootCosh, RootSinh
from eqsolve.derivation.solve.step import Explicit, Explosion, Step, to_go


@dataclass(frozen=True)
class Block:
    """Unknowns that depend on each other.

    Attributes
    ----------
    rates : the derivative of every moving unknown in the time to go; in a stationary problem
        what vanishes.
    constraints : for every other unknown an equation ``= 0``.
    initial : values of the moving unknowns when nothing is left to go; None in a stationary
        problem, empty if the horizon has no end.
    """

    rates: Mapping[sp.Symbol, sp.Expr]
    constraints: Mapping[sp.Symbol, sp.Expr]
    initial: Mapping[sp.Symbol, sp.Expr] | None

    @property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """The unknowns."""
        return (*self.rates, *self.constraints)

    @property
    def equations(self) -> tuple[sp.Expr, ...]:
        """What vanishes, in an algebraic block."""
        return (*self.rates.values(), *self.constraints.values())

    @property
    def algebraic(self) -> bool:
        """Whether the unknowns are constants."""
        return self.initial is None or not self.rates

    @property
    def single(self) -> tuple[sp.Symbol, sp.Expr, sp.Expr] | None:
        """Unknown, rate and initial value, if the block is one differential equation."""
        if self.algebraic or self.constraints or len(self.rates) != 1 or not self.initial:
            return None
        ((symbol, rate),) = self.rates.items()
        return symbol, rate, self.initial[symbol]


@dataclass
class Known:
    """The symbols solved so far.

    Attributes
    ----------
    taken : names that no new symbol may have.
    values : explicit expressions in earlier symbols, in order.
    denominators : those of them that are denominators of Riccati solutions.
    squares : the symbol of every discriminant, by its expression in parameters.
    moving : symbols that depend on time and have no expression.
    rates : derivatives in the time to go of the coefficients solved so far; in a stationary
        problem what vanishes.
    starts : their values when nothing is left to go.
    nonzero : expressions that may be divided by.
    hessians : matrices of second derivatives of the unknown functions in the states.
    """

    taken: set[str]
    values: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    denominators: set[sp.Symbol] = field(default_factory=set)
    squares: dict[sp.Expr, sp.Symbol] = field(default_factory=dict)
    moving: set[sp.Symbol] = field(default_factory=set)
    rates: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    starts: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    nonzero: tuple[sp.Expr, ...] = ()
    hessians: tuple[sp.Matrix, ...] = ()

    def fresh(self, name: str) -> sp.Symbol:
        """A new symbol of this name, or nearly."""
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return sp.Symbol(name)

    def named(self, expression: sp.Expr) -> sp.Expr:
        """The expression with discriminants inside functions called by their names."""
        pairs = expression.atoms(RootCosh, RootSinh)
        moved = {f: f.func(self.squares.get(f.args[0], f.args[0]), f.args[1]) for f in pairs}
        return expression.xreplace(moved)

    def discriminant(
        self, square: sp.Expr, unknown: sp.Symbol
    ) -> tuple[sp.Expr, tuple[Explicit, ...]]:
        """The name of a discriminant, and the step that gives it if it is new."""
        if not square.free_symbols or square in self.squares:
            return self.squares.get(square, square), ()
        name = self.fresh(f"Delta_{unknown}")
        return name, (Explicit(name, square, "discriminant", of=unknown),)

    def spelled(self, expression: sp.Expr) -> sp.Expr:
        """The expression with everything explicit inserted."""
        return self._inserted(expression, ())

    def layered(self, expression: sp.Expr) -> sp.Expr:
        """The same, but for denominators of Riccati solutions, which stay symbols."""
        return self._inserted(expression, self.denominators)

    def _inserted(self, expression: sp.Expr, kept: set[sp.Symbol] | tuple[()]) -> sp.Expr:
        for symbol in reversed(self.values):
            if symbol not in kept and symbol in expression.free_symbols:
                expression = expression.xreplace({symbol: self.values[symbol]})
        return expression

    def functions(self) -> dict[sp.Symbol, sp.Expr]:
        """The denominators of Riccati solutions as functions of the time to go."""
        return {w: self.spelled(self.values[w]) for w in self.values if w in self.denominators}

    def is_constant(self, expression: sp.Expr) -> bool:
        """Whether an expression does not depend on time."""
        free = self.spelled(expression).free_symbols
        return to_go not in free and not free & self.moving

    def is_closed(self, expression: sp.Expr) -> bool:
        """Whether all of an expression has a closed form."""
        return not self.spelled(expression).free_symbols & self.moving

    def with_steps(self, steps: tuple[Step, ...]) -> Known:
        """A copy that knows explicit steps that are not proved yet."""
        values, denominators = dict(self.values), set(self.denominators)
        squares = dict(self.squares)
        for step in steps:
            if isinstance(step, Explicit):
                values[step.symbol] = step.expression
                if step.kind == "denominator":
                    denominators.add(step.symbol)
                elif step.kind == "discriminant":
                    squares[step.expression] = step.symbol
        return replace(self, values=values, denominators=denominators, squares=squares)

    def proves(self, steps: tuple[Step, ...], block: Block) -> bool:
        """Whether explicit steps solve their differential equations, from the right values."""
        after = self.with_steps(steps)
        for symbol, rate in block.rates.items():
            if symbol not in after.values or block.initial is None:
                return False
            value = after.spelled(symbol)
            slope = sp.diff(value, to_go)
            if not algebra.vanishes(slope - after.spelled(rate)):
                return False
            if not algebra.vanishes(value.subs(to_go, 0) - self.spelled(block.initial[symbol])):
                return False
        return True


@dataclass(frozen=True)
class Found:
    """What a recognizer gives: steps that solve the block, and where its solution explodes."""

    steps: tuple[Step, ...]
    explosions: tuple[Explosion, ...] = ()


class Recognizer(Protocol):
    """A class of equations: its solution, or None if the block is not of this class."""

    def __call__(self, block: Block, known: Known) -> Found | None:
        """Return the steps that solve a block."""
