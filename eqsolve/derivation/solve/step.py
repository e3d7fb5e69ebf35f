"""What a solution consists of: one step for each coefficient, or for several at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Literal

import sympy as sp

#: Time to go, ``T - t``: the time of all closed forms. No declared letter has a space.
to_go = sp.Symbol("time to go")
#: Where integrals over the time to go run.
running = sp.Symbol("running time")
#: The kind of equations that are linear, and too many to be solved by a formula.
LINEAR = "linear equations"


@dataclass(frozen=True)
class Condition:
    """``expression > 0`` or ``expression != 0``, and what it is needed for."""

    expression: sp.Expr
    relation: Literal[">", "!="]
    sentence: str


@dataclass(frozen=True)
class Explicit:
    """``symbol = expression`` in parameters, earlier symbols and ``to_go``.

    ``kind`` is the recognizer that found it. ``of`` is the coefficient that a ``discriminant`` or
    a ``denominator`` belongs to, or the sum or difference that a ``combination`` comes from.
    """

    symbol: sp.Symbol
    expression: sp.Expr
    kind: str
    conditions: tuple[Condition, ...] = ()
    of: sp.Symbol | None = None

    @property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """The symbols that the step gives."""
        return (self.symbol,)


@dataclass(frozen=True)
class Root:
    """A root of one equation in parameters and earlier symbols.

    Attributes
    ----------
    equation : what vanishes; a polynomial in ``symbol`` if there are ``coefficients``.
    coefficients : of the polynomial, from the highest power; empty for another equation.
    radicals : both solutions of a quadratic equation, the one with plus first.
    """

    symbol: sp.Symbol
    equation: sp.Expr
    coefficients: tuple[sp.Expr, ...]
    kind: str
    conditions: tuple[Condition, ...] = ()

    @property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """The symbols that the step gives."""
        return (self.symbol,)

    @cached_property
    def radicals(self) -> tuple[sp.Expr, ...]:
        """Both solutions of a quadratic equation, the one with plus first; else nothing."""
        if len(self.coefficients) != 3:
            return ()
        a, b, c = self.coefficients
        root = sp.sqrt(sp.factor(b**2 - 4 * a * c))
        return ((-b + root) / (2 * a), (-b - root) / (2 * a))


@dataclass(frozen=True)
class Linearization:
    """``P = Y X^{-1}`` with ``(X; Y)' = matrix (X; Y)`` in the time to go, ``X(0) = 1``.

    ``P`` is a matrix of coefficients; it explodes where ``det X`` vanishes first.
    """

    unknown: sp.Matrix
    matrix: sp.Matrix


@dataclass(frozen=True)
class Roots:
    """A common root of several equations in parameters and earlier symbols."""

    symbols: tuple[sp.Symbol, ...]
    equations: tuple[sp.Expr, ...]
    kind: str
    conditions: tuple[Condition, ...] = ()
    linearization: Linearization | None = None


@dataclass(frozen=True)
class Flow:
    """The solution of differential equations in the time to go.

    Attributes
    ----------
    rates : derivatives of the symbols in ``to_go``, in parameters, earlier symbols and ``to_go``.
    initial : their values when nothing is left to go; empty if the horizon has no end.
    kind : ``trajectory``, or ``linear`` or ``matrix Riccati`` where that class is known.
    constraints : equations ``= 0`` at all times for the symbols beyond those with rates.
    """

    symbols: tuple[sp.Symbol, ...]
    rates: tuple[sp.Expr, ...]
    initial: tuple[sp.Expr, ...]
    kind: str
    conditions: tuple[Condition, ...] = ()
    linearization: Linearization | None = None
    constraints: tuple[sp.Expr, ...] = ()


@dataclass(frozen=True)
class Integral:
    """``symbol = factor (initial + int_0^to_go integrand(running) d running)``."""

    symbol: sp.Symbol
    factor: sp.Expr
    initial: sp.Expr
    integrand: sp.Expr
    kind: str = "integral"
    conditions: tuple[Condition, ...] = ()

    @property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """The symbols that the step gives."""
        return (self.symbol,)


Step = Explicit | Root | Roots | Flow | Integral


@dataclass(frozen=True)
class Explosion:
    """When the solution of a Riccati equation explodes: the first zero of its denominator.

    The denominator is ``cosh(D s / 2) - slope sinh(D s / 2) / D`` with ``D^2 = square``.

    Attributes
    ----------
    symbols : the coefficients that explode.
    square, slope : in parameters.
    """

    symbols: tuple[sp.Symbol, ...]
    square: sp.Expr
    slope: sp.Expr

    @cached_property
    def time(self) -> sp.Expr:
        """The time to go at which it explodes, by cases; infinite if never."""
        square, slope = self.square, self.slope
        root = sp.sqrt(square)
        oscillating = (sp.pi / 2 - sp.atan(slope / sp.sqrt(-square))) * 2 / sp.sqrt(-square)
        cases = [
            (2 / root * sp.atanh(root / slope), sp.And(square > 0, slope > 0, slope**2 > square)),
            (2 / slope, sp.And(sp.Eq(square, 0), slope > 0)),
            (oscillating, square < 0),
            (sp.oo, True),
        ]
        return sp.Piecewise(*cases)

    def at(self, values: Mapping[sp.Symbol, sp.Expr]) -> float:
        """The same at exact numbers of the parameters."""
        exact = {s: sp.S.Zero + v for s, v in values.items()}
        time = self.time.xreplace(exact)
        return math.inf if time == sp.oo else float(sp.N(time, 20))


@dataclass(frozen=True)
class Solution:
    """The coefficients of a model, step by step.

    Attributes
    ----------
    steps : in an order in which each needs only parameters and earlier symbols.
    explosions : where solutions of Riccati equations end.
    assumed : denominators of the coefficient system, assumed not to vanish.
    """

    steps: tuple[Step, ...]
    explosions: tuple[Explosion, ...] = ()
    assumed: tuple[Condition, ...] = ()

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All conditions, each expression once."""
        found: dict[tuple[sp.Expr, str], Condition] = {}
        for condition in chain(self.assumed, *(step.conditions for step in self.steps)):
            found.setdefault((condition.expression, condition.relation), condition)
        return tuple(found.values())

    @property
    def is_closed(self) -> bool:
        """Whether every coefficient has a closed form, or is a root of one polynomial."""
        return all(isinstance(step, (Explicit, Root)) for step in self.steps)

    def step(self, symbol: sp.Symbol) -> Step:
        """The step that gives a symbol."""
        return next(step for step in self.steps if symbol in step.symbols)

    def spelled(self, expression: sp.Expr) -> sp.Expr:
        """The expression with all explicit steps inserted."""
        for step in reversed(self.steps):
            if isinstance(step, Explicit):
                expression = expression.xreplace({step.symbol: step.expression})
        return expression
