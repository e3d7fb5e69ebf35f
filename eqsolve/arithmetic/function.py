"""SymPy expressions compiled to straight-line programs that run on the elements of any ring."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sympy as sp
from flint import fmpq

from eqsolve.arithmetic.code import Builder, Code
from eqsolve.arithmetic.ring import PI
from eqsolve.errors import DerivationError

#: Functions of one argument that a program may contain.
ELEMENTARY: dict[Any, str] = {
    getattr(sp, name): name for name in ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh")
}


class Function(Code):
    """Expressions of the same arguments, compiled once.

    Parameters
    ----------
    expressions : SymPy expressions made of rational numbers, pi, e, the arguments, sums,
        products, powers and the elementary functions exp, log, sin, cos, tan, sinh, cosh, tanh.
        A power whose exponent is not an integer is that of a positive base.
    arguments : the symbols, in the order in which their values will be given.

    Raises
    ------
    DerivationError
        If an expression contains anything else (a Piecewise, a float, an unknown symbol).
    """

    def __init__(self, expressions: Iterable[sp.Expr], arguments: Iterable[sp.Symbol]) -> None:
        arguments = tuple(arguments)
        compiler = _Compiler(arguments)
        shared, reduced = sp.cse(
            list(map(_expression, expressions)),
            symbols=sp.numbered_symbols(cls=sp.Dummy),
            order="none",
        )
        for symbol, expression in shared:
            compiler.nodes[symbol] = compiler.node(expression)
        code = compiler.code([compiler.node(expression) for expression in reduced])
        super().__init__(arguments, code.constants, code.steps, code.outputs)


def _expression(value: sp.Expr | int) -> sp.Expr:
    if isinstance(value, int):
        return sp.Integer(value)
    if not isinstance(value, sp.Expr):
        raise DerivationError(f"{value!r} is not an expression.", stage="arithmetic")
    return value


class _Compiler(Builder):
    """Translates expressions into nodes."""

    def __init__(self, arguments: tuple[sp.Symbol, ...]) -> None:
        super().__init__(arguments)
        self.nodes: dict[sp.Symbol, int] = {symbol: k for k, symbol in enumerate(arguments)}

    def node(self, expression: sp.Expr) -> int:
        """Return the node that holds an expression."""
        if expression in self.nodes:
            return self.nodes[expression]
        if isinstance(expression, sp.Rational):
            return self.constant(fmpq(int(expression.p), int(expression.q)))
        if expression is sp.pi:
            return self.constant(PI)
        if expression is sp.E:
            return self.step("exp", self.constant(fmpq(1)))
        if isinstance(expression, sp.Add):
            return self._sum(expression)
        if isinstance(expression, sp.Mul):
            return self._product(expression.args)
        if isinstance(expression, sp.Pow):
            return self._power(expression.base, expression.exp)
        if expression.func in ELEMENTARY and len(expression.args) == 1:
            return self.step(ELEMENTARY[expression.func], self.node(expression.args[0]))
        raise DerivationError(
            f"{expression} cannot be evaluated in balls.",
            stage="arithmetic",
            remedy="Give rational numbers for every symbol and elementary functions of the rest.",
        )

    def _sum(self, expression: sp.Add) -> int:
        total: int | None = None
        # Terms with a minus sign come last, to be subtracted.
        for term in sorted(expression.args, key=lambda t: bool(t.could_extract_minus_sign())):
            if total is not None and term.could_extract_minus_sign():
                total = self.step("sub", total, self.node(-term))
            else:
                node = self.node(term)
                total = node if total is None else self.step("add", total, node)
        assert total is not None
        return total

    def _product(self, factors: Sequence[sp.Expr]) -> int:
        above: int | None = None
        below: int | None = None
        for factor in factors:
            inverse = (
                isinstance(factor, sp.Pow)
                and not isinstance(factor.exp, sp.Symbol)
                and factor.exp.could_extract_minus_sign()
            )
            if inverse:
                node = self._power(factor.base, -factor.exp)
                below = node if below is None else self.step("mul", below, node)
            else:
                node = self.node(factor)
                above = node if above is None else self.step("mul", above, node)
        above = self.constant(fmpq(1)) if above is None else above
        return above if below is None else self.step("div", above, below)

    def _power(self, base: sp.Expr, exponent: sp.Expr) -> int:
        if exponent.could_extract_minus_sign() and not isinstance(exponent, sp.Symbol):
            return self.step("div", self.constant(fmpq(1)), self._power(base, -exponent))
        if isinstance(exponent, sp.Rational) and exponent.q <= 2:
            node = self.node(base)
            if exponent.q == 2:
                node = self.step("sqrt", node)
            return self.integer_power(node, int(exponent.p))
        logarithm = self.step("log", self.node(base))
        return self.step("exp", self.step("mul", self.node(exponent), logarithm))
