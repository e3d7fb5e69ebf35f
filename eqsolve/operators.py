"""Inert operators for displays: what an equation shows that is not plain algebra.

Each node is a SymPy expression. ``plain`` removes the nodes that only affect how an expression is
shown, so that what a display says can be checked by the exact algebra of the engine.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import sympy as sp
from sympy.core.symbol import Str
from sympy.core.sympify import _sympify as strictly


class Inert(sp.Expr):
    """A commutative node that SymPy leaves alone."""

    is_commutative = True

    def __new__(cls, *args: Any) -> sp.Expr:
        return sp.Expr.__new__(cls, *map(strictly, args))


class Named(Inert):
    """An expression shown under a name: ``Named(expression, latex)``."""

    def __new__(cls, expression: sp.Expr, latex: str) -> Named:
        result: Named = sp.Expr.__new__(cls, strictly(expression), Str(latex))
        return result

    def _eval_subs(self, old: Any, new: Any) -> sp.Expr:
        return Named(self.args[0].subs(old, new), str(self.args[1]))


class InOrder(Inert):
    """A sum whose terms are shown in the given order."""

    def __new__(cls, *terms: Any) -> sp.Expr:
        shown = [strictly(term) for term in terms if term != 0]
        if len(shown) < 2:
            return sp.Add(*shown)
        return sp.Expr.__new__(cls, *shown)


class Kept(Inert):
    """A sum that stays in brackets where SymPy would distribute a sign or a number over it."""


class Supremum(Inert):
    """``sup_control { expression }``; its plain meaning is the expression at the maximizer."""


class Differential(Inert):
    """``d process``; a second argument names what it is taken of."""


class Noise(Inert):
    """The increment of a Brownian motion: ``Noise(latex)``."""

    def __new__(cls, latex: str) -> Noise:
        result: Noise = sp.Expr.__new__(cls, Str(latex))
        return result


class Expectation(Inert):
    """``E[expression]``, or ``E[expression | condition]`` with the condition in LaTeX."""

    def __new__(cls, expression: sp.Expr, condition: str = "") -> Expectation:
        result: Expectation = sp.Expr.__new__(cls, strictly(expression), Str(str(condition)))
        return result


class Variance(Expectation):
    """``Var[expression]`` or ``Var[expression | condition]``."""

    def __new__(cls, expression: sp.Expr, condition: str = "") -> Variance:
        result: Variance = sp.Expr.__new__(cls, strictly(expression), Str(str(condition)))
        return result


class OverOthers(Inert):
    """``n^{-power} sum_{k != i} term``: ``OverOthers(term, power)``."""


class LimitOf(Inert):
    """``lim_{variable -> point} expression``, never evaluated."""


class LowerLimit(LimitOf):
    """``liminf_{variable -> point} expression``, the variable decreasing."""


class Meant(Inert):
    """One expression shown, another one meant: ``Meant(shown, meaning)``."""


class Along(Inert):
    """A function of the states along their paths: ``Along(function, time)``."""


class Discount(Inert):
    """``exp(-rate (end - start))``: ``Discount(rate, start, end)``."""


class TimeIntegral(Inert):
    """``TimeIntegral(integrand, variable, lower, upper)``."""


class Against(Inert):
    """The integral of a function against a measure: ``Against(function, measure)``."""


class FirstTime(Inert):
    """``inf { s >= start : size >= bound }``: ``FirstTime(s, start, size, bound)``."""


class Earlier(Inert):
    """The earlier of two times."""


class Vector(Inert):
    """A tuple of expressions."""


@cache
def _functional(name: str, *key: sp.Basic) -> sp.Dummy:
    """The indeterminate that stands for a linear functional."""
    return sp.Dummy(real=True)


def shown_symbols(expression: sp.Basic) -> set[sp.Symbol]:
    """Return the symbols a reader sees: those hidden behind a name are left out."""
    if isinstance(expression, Named):
        return set()
    if isinstance(expression, Meant):
        return shown_symbols(expression.args[0])
    if isinstance(expression, sp.Symbol):
        return {expression}
    return set().union(*(shown_symbols(a) for a in expression.args if isinstance(a, sp.Basic)))


def plain(expression: sp.Expr) -> sp.Expr:
    """Return what an expression means, without the nodes that only affect how it is shown.

    Expectations, integrals over time and values along paths are linear in their argument: each
    becomes an indeterminate times the argument. A variance is a quadratic form in the states: it
    becomes an indeterminate times the square. A rational identity in these is an identity of the
    functionals, as long as they are multiplied by constants only (not by functions of the present
    state).
    """
    if not isinstance(expression, sp.Basic) or not expression.has(Inert):
        return expression
    args = [plain(a) for a in expression.args if not isinstance(a, Str)]
    if isinstance(expression, (Named, Kept, Supremum)):
        return args[0]
    if isinstance(expression, InOrder):
        return sp.Add(*args)
    if isinstance(expression, Meant):
        return args[1]
    if isinstance(expression, Discount):
        return _functional("Discount", *expression.args)
    if isinstance(expression, Variance):
        return _functional("Variance", *expression.args[1:]) * args[0] ** 2
    if isinstance(expression, (Along, TimeIntegral, Expectation)):
        return _functional(type(expression).__name__, *expression.args[1:]) * args[0]
    if isinstance(expression, Inert):
        return expression
    return expression.func(*args)
