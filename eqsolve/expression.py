"""Formulas of users: a few operations and functions, read without running anything.

The text is parsed, every node of the syntax tree is looked up in a short list, and an expression is
built from those found. What is not in the list is refused; no part of the text becomes code.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from eqsolve.errors import InputError

Array = NDArray[np.float64]

STAGE = "problem file"
#: Bounds on what is read: characters, nesting, magnitude of numbers, and of exponents.
LONGEST, DEEPEST, LARGEST, STEEPEST = 500, 30, 1e30, 50

_FUNCTIONS: dict[str, Callable[..., sp.Expr]] = {
    "abs": sp.Abs,
    "cos": sp.cos,
    "cosh": sp.cosh,
    "exp": sp.exp,
    "log": sp.log,
    "max": sp.Max,
    "min": sp.Min,
    "sin": sp.sin,
    "sinh": sp.sinh,
    "sqrt": sp.sqrt,
    "tanh": sp.tanh,
}
_CONSTANTS = {str(sp.pi): sp.pi}


def read(where: str, text: object, names: Iterable[str], stage: str = STAGE) -> sp.Expr:
    """Read a formula in the given names, or a number.

    Parameters
    ----------
    where : the entry of the problem file (or another place), for messages.
    text : the formula, with ``+ - * / **``, numbers, parentheses, pi and the functions abs, cos,
        cosh, exp, log, max, min, sin, sinh, sqrt, tanh.
    names : the variables that may occur; they become real symbols.
    stage : who asks, for messages.

    Raises
    ------
    InputError
        If anything else occurs; names the entry and what is not understood.
    """
    allowed = {letter.name: letter for letter in letters(names)}

    def refuse(reason: str) -> NoReturn:
        known = ", ".join([*allowed, *_CONSTANTS, *_FUNCTIONS])
        raise InputError(
            f"{where}: {reason}.", stage=stage, remedy=f"Use + - * / ** and {known}."
        ) from None

    if isinstance(text, bool) or not isinstance(text, (str, int, float)):
        refuse("a formula or a number is needed")
    source = str(text).strip()
    if len(source) > LONGEST:
        refuse(f"a formula has at most {LONGEST} characters")
    try:
        tree = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        refuse(f"{source[:60]!r} is not a formula")
    return _Reader(allowed, refuse).expression(tree, 0)


def letters(names: Iterable[str]) -> list[sp.Symbol]:
    """The variables of formulas that are read: real symbols."""
    return [sp.Symbol(name, real=True) for name in names]


class _Reader:
    def __init__(self, allowed: dict[str, sp.Symbol], refuse: Callable[[str], NoReturn]) -> None:
        self.allowed, self.refuse = allowed, refuse

    def expression(self, node: ast.expr, depth: int) -> sp.Expr:
        if depth > DEEPEST:
            self.refuse("it is nested too deeply")
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return self.checked(self.number(value))
            case ast.Name(id=name):
                if name not in self.allowed and name not in _CONSTANTS:
                    self.refuse(f"{name!r} is not known")
                return self.allowed.get(name) or _CONSTANTS[name]
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
                inner = self.expression(operand, depth + 1)
                return -inner if isinstance(sign, ast.USub) else inner
            case ast.BinOp(left=left, op=operation, right=right):
                return self.binary(
                    operation, self.expression(left, depth + 1), self.expression(right, depth + 1)
                )
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self.call(name, [self.expression(a, depth + 1) for a in arguments])
        self.refuse(f"{ast.unparse(node)[:40]!r} is not understood")

    def number(self, value: int | float) -> sp.Expr:
        if not abs(value) <= LARGEST:
            self.refuse(f"numbers are at most {LARGEST:g}")
        return sp.Integer(value) if isinstance(value, int) else sp.Float(value)

    def binary(self, operation: ast.operator, left: sp.Expr, right: sp.Expr) -> sp.Expr:
        match operation:
            case ast.Add():
                return self.checked(left + right)
            case ast.Sub():
                return self.checked(left - right)
            case ast.Mult():
                return self.checked(left * right)
            case ast.Div():
                if right == 0:
                    self.refuse("it divides by zero")
                return self.checked(left / right)
            case ast.Pow():
                if right.is_number and not abs(float(right)) <= STEEPEST:
                    self.refuse(f"exponents are at most {STEEPEST}")
                if left.is_number and right.is_number:
                    left = sp.Float(float(left))  # exact powers of large numbers take for ever
                return self.checked(left**right)
        self.refuse(f"the operation {type(operation).__name__} is not understood")

    def call(self, name: str, arguments: list[sp.Expr]) -> sp.Expr:
        if name not in _FUNCTIONS:
            self.refuse(f"the function {name!r} is not known")
        many = name in ("max", "min")
        if len(arguments) != 1 and not (many and 2 <= len(arguments) <= 5):
            self.refuse(f"{name} takes {'2 to 5 arguments' if many else 'one argument'}")
        try:
            return self.checked(_FUNCTIONS[name](*arguments))
        except (TypeError, ValueError) as error:  # what SymPy says of numbers that are not real
            self.refuse(f"{name} is not defined everywhere ({error})")

    def checked(self, value: sp.Expr) -> sp.Expr:
        """The value, if it is a function or a real number of moderate size."""
        if value.has(sp.zoo, sp.nan, sp.oo, -sp.oo, sp.I):
            self.refuse("a part of it is not a finite real number")
        if value.is_number:
            number = complex(value)
            if not (number.imag == 0 and abs(number.real) <= LARGEST):
                self.refuse(f"a part of it is {number:g}")
        return value


def function(expression: sp.Expr, names: Iterable[str]) -> Callable[..., Array]:
    """The expression as a function of arrays (or numbers) in the order of the names."""
    compiled = sp.lambdify(letters(names), expression, "numpy")

    def at(*values: Any) -> Array:
        with np.errstate(all="ignore"):  # what is not finite is refused where it is used
            found = np.asarray(compiled(*values), dtype=float)
        shape = np.broadcast_shapes(*(np.shape(v) for v in values))
        return np.array(np.broadcast_to(found, shape))

    return at


def scalar(expression: sp.Expr, names: Iterable[str]) -> Callable[..., float]:
    """The expression as a function of numbers that numba can compile."""
    # numba takes the builtin functions and those of math
    compiled: Callable[..., float] = sp.lambdify(letters(names), 1.0 * expression, "math")
    return compiled
