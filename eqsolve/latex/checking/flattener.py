"""Functions replaced by symbols, so that equality is an identity of polynomials.

A symbol stands for a function and its arguments in canonical form.
"""

from __future__ import annotations

import re

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.arithmetic.algebra import Ring
from eqsolve.latex.checking.budget import Budget
from eqsolve.latex.checking.reader import atom, call
from eqsolve.latex.grammar.tokens import Unreadable

#: Terms of the largest summand whose factors are sought.
_FACTORED = 300
#: Characters of the name of a function with its arguments.
_LONGEST = 300_000
#: Functions that a positive number may be taken out of.
_HOMOGENEOUS = ("E|", r"\lim", r"\sup", r"\inf", r"\int")


class Flattener:
    """Replaces functions by symbols, one per function and canonical arguments."""

    def __init__(self) -> None:
        self.shown: dict[sp.Symbol, sp.Expr] = {}

    def flat(self, expression: sp.Expr) -> sp.Expr:
        """Return the expression without functions."""
        if not expression.has(AppliedUndef):
            return expression
        if isinstance(expression, AppliedUndef):
            arguments = [self.flat(a) for a in expression.args]
            return self._function(expression.func.__name__, arguments)
        return expression.func(*map(self.flat, expression.args))

    def _function(self, name: str, arguments: list[sp.Expr]) -> sp.Expr:
        outside = sp.S.One
        if name.startswith(r"\sum") and (index := re.match(r"\\sum_\{(\w)", name)):
            outside, arguments = _outside(arguments[0], index.group(1))
        elif len(arguments) == 1 and f"{name}|".startswith(_HOMOGENEOUS):
            linear = not name.startswith((r"\liminf", r"\limsup", r"\sup", r"\inf"))
            outside, arguments = _number_outside(arguments[0], linear)
        for argument in arguments:
            Budget().check(argument)
        ring = Ring.of(arguments)
        written = []
        for argument in arguments:
            ratio = ring.ratio(argument)
            parts = (ring.expression(ratio.numerator), ring.expression(ratio.denominator))
            written.append("/".join(sp.srepr(part) for part in parts))
        text = f"{name}({';'.join(written)})"
        if len(text) > _LONGEST:
            # what is quoted in a quotation is longer by a power of the depth
            raise Unreadable("too large: functions of functions are nested too deeply")
        stands = atom(text)
        self.shown[stands] = call(name, *arguments)
        return outside * stands


def _number_outside(argument: sp.Expr, linear: bool) -> tuple[sp.Expr, list[sp.Expr]]:
    """Take a number out of a linear function, its size out of a limit or a supremum."""
    Budget().check(argument)
    ring = Ring.of(argument)
    ratio = ring.ratio(argument)
    if ratio.is_zero():
        return sp.S.One, [argument]
    number = ring.factors(ratio.numerator)[0] / ring.factors(ratio.denominator)[0]
    number = number if linear else abs(number)
    return number, [argument / number]


def _outside(argument: sp.Expr, index: str) -> tuple[sp.Expr, list[sp.Expr]]:
    """Take the factors of a summand that do not carry the index out of the sum."""
    Budget().check(argument)
    ring = Ring.of(argument)
    ratio = ring.ratio(argument)
    kept = taken = sp.S.One
    for part, power in ((ratio.numerator, 1), (ratio.denominator, -1)):
        if part.is_zero():
            return sp.S.One, [sp.S.Zero]
        if len(part) > _FACTORED:
            raise Unreadable(f"too large: a sum over {len(part)} terms")
        content, factors = ring.factors(part)
        taken *= content**power
        for factor, multiplicity in factors:
            carries = any(_carries(s.name, index) for s in factor.free_symbols)
            if carries:
                kept *= factor ** (power * multiplicity)
            else:
                taken *= factor ** (power * multiplicity)
    return taken, [kept]


def _carries(name: str, index: str) -> bool:
    return bool(re.search(rf"[_^]\{{(?:[^{{}}]*,)?{index}\}}", name)) or "(" in name
