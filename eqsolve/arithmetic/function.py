"""Expressions compiled to straight-line programs that run on the elements of any ring."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import mpmath
import numpy as np
import sympy as sp
from flint import acb, acb_series, arb, arb_series, ctx, fmpq

from eqsolve.errors import DerivationError

#: Functions of one argument that a program may contain.
ELEMENTARY: dict[Any, str] = {
    getattr(sp, name): name for name in ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh")
}
PI = "pi"


class Step(NamedTuple):
    """One operation: ``add``, ``sub``, ``mul``, ``div``, ``sqrt`` or an elementary function.

    ``operands`` number the nodes it reads: first the arguments, then the constants, then the
    results of the steps before.
    """

    name: str
    operands: tuple[int, ...]


class Function:
    """Expressions of the same arguments, compiled once.

    Parameters
    ----------
    expressions : SymPy expressions made of rational numbers, pi, e, the arguments, sums,
        products, powers and the elementary functions exp, log, sin, cos, tan, sinh, cosh, tanh.
        A power whose exponent is not an integer is that of a positive base.
    arguments : the symbols, in the order in which their values will be given.

    Attributes
    ----------
    expressions, arguments : as given.
    constants : the rational numbers (and ``"pi"``) that the program needs.
    steps : its operations in order.
    outputs : the node of each expression.

    Raises
    ------
    DerivationError
        If an expression contains anything else (a Piecewise, a float, an unknown symbol).
    """

    def __init__(self, expressions: Iterable[sp.Expr], arguments: Iterable[sp.Symbol]) -> None:
        self.expressions = tuple(map(_expression, expressions))
        self.arguments = tuple(arguments)
        compiler = _Compiler(self.arguments)
        shared, reduced = sp.cse(
            self.expressions, symbols=sp.numbered_symbols(cls=sp.Dummy), order="none"
        )
        for symbol, expression in shared:
            compiler.nodes[symbol] = compiler.node(expression)
        outputs = [compiler.node(expression) for expression in reduced]
        self.constants, self.steps, self.outputs = compiler.finished(outputs)

    def __call__(self, values: Sequence[Any]) -> list[Any]:
        """Return the values of the expressions at arguments of one type.

        Parameters
        ----------
        values : one number for each argument: flint's ``arb``, ``acb``, ``arb_series`` or
            ``acb_series``, mpmath's ``mpf``, ``mpc`` or intervals, which may be unbounded,
            ``float``, or NumPy arrays of doubles whose shapes broadcast.

        Returns
        -------
        list
            Elements of the same type. What is not defined (a division by a ball around zero, the
            logarithm of one) is not finite. Intervals stand for numbers inside them for which
            all operations are defined.
        """
        ring = Ring.of(values)
        nodes = [*values, *map(ring.constant, self.constants)]
        for name, operands in self.steps:
            nodes.append(ring.apply(name, *(nodes[k] for k in operands)))
        return [ring.element(nodes[k]) for k in self.outputs]

    def jacobian(self, values: Sequence[Any]) -> tuple[list[Any], list[dict[int, Any]]]:
        """Return the values and, of each, the derivatives by the number of the argument.

        Derivatives that vanish identically are left out.
        """
        ring = Ring.of(values)
        nodes = [*values, *map(ring.constant, self.constants)]
        slopes: list[dict[int, Any]] = [{k: ring.one} for k in range(len(values))]
        slopes += [{} for _ in self.constants]
        for name, operands in self.steps:
            inputs = [nodes[k] for k in operands]
            result = ring.apply(name, *inputs)
            slope: dict[int, Any] = {}
            for k, factor in zip(operands, ring.slopes(name, inputs, result)):
                for argument, inner in slopes[k].items():
                    term = inner if factor is None else factor * inner
                    slope[argument] = slope[argument] + term if argument in slope else term
            nodes.append(result)
            slopes.append(slope)
        rows = [{k: ring.element(s) for k, s in slopes[o].items()} for o in self.outputs]
        return [ring.element(nodes[k]) for k in self.outputs], rows


def _expression(value: sp.Expr | int) -> sp.Expr:
    if isinstance(value, int):
        return sp.Integer(value)
    if not isinstance(value, sp.Expr):
        raise DerivationError(f"{value!r} is not an expression.", stage="arithmetic")
    return value


_INTERVAL = type(mpmath.iv.mpf(0))


class _Compiler:
    """Translates expressions into nodes; equal operations are kept once."""

    def __init__(self, arguments: tuple[sp.Symbol, ...]) -> None:
        # Until the constants are counted they are numbered -1, -2, ...
        self.nodes: dict[sp.Symbol, int] = {symbol: k for k, symbol in enumerate(arguments)}
        self.arguments = len(arguments)
        self.constants: dict[fmpq | str, int] = {}
        self.steps: dict[Step, int] = {}

    def finished(
        self, outputs: list[int]
    ) -> tuple[tuple[fmpq | str, ...], tuple[Step, ...], tuple[int, ...]]:
        """Return constants, steps and outputs with their final numbers."""
        first, count = self.arguments, len(self.constants)

        def final(node: int) -> int:
            if node < 0:
                return first - 1 - node
            return node if node < first else node + count

        steps = tuple(Step(s.name, tuple(map(final, s.operands))) for s in self.steps)
        return tuple(self.constants), steps, tuple(map(final, outputs))

    def constant(self, value: fmpq | str) -> int:
        return self.constants.setdefault(value, -1 - len(self.constants))

    def step(self, name: str, *operands: int) -> int:
        operation = Step(name, operands)
        return self.steps.setdefault(operation, self.arguments + len(self.steps))

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
            return self._integer_power(node, int(exponent.p))
        logarithm = self.step("log", self.node(base))
        return self.step("exp", self.step("mul", self.node(exponent), logarithm))

    def _integer_power(self, node: int, exponent: int) -> int:
        if exponent == 0:
            return self.constant(fmpq(1))
        result: int | None = None
        while exponent:
            if exponent & 1:
                result = node if result is None else self.step("mul", result, node)
            exponent >>= 1
            if exponent:
                node = self.step("mul", node, node)
        assert result is not None
        return result


class Ring:
    """The operations of one kind of numbers; none of them raises."""

    def __init__(
        self,
        element: Callable[[Any], Any],
        constant: Callable[[Any], Any],
        function: Callable[[str, Any], Any],
        undefined: Callable[[], Any],
    ) -> None:
        self.element, self.constant = element, constant
        self.function, self.undefined = function, undefined
        self.one = constant(fmpq(1))

    @staticmethod
    def of(values: Sequence[Any]) -> Ring:
        """Return the ring of some numbers (balls if there are none)."""
        kind = type(values[0]) if values else arb
        for value in values:
            if type(value) is not kind:
                raise TypeError(f"arguments of the types {kind} and {type(value)}")
        return _ring(kind)

    def apply(self, name: str, *operands: Any) -> Any:
        """Return the result of a step."""
        if name == "add":
            return operands[0] + operands[1]
        if name == "mul":
            return operands[0] * operands[1]
        if name == "sub":
            return operands[0] - operands[1]
        if name == "div":
            return self.quotient(*operands)
        try:
            return self.function(name, operands[0])
        except (ValueError, OverflowError):
            return self.undefined()

    def quotient(self, above: Any, below: Any) -> Any:
        """Return a quotient, not finite where it is not defined."""
        try:
            return above / below
        except (ValueError, ZeroDivisionError):
            return self.undefined()

    def slopes(self, name: str, inputs: list[Any], result: Any) -> list[Any]:
        """Return the derivatives of a step by its operands; None stands for one."""
        x, one = inputs[0], self.one
        if name == "add":
            return [None, None]
        if name == "sub":
            return [None, -one]
        if name == "mul":
            return [inputs[1], inputs[0]]
        if name == "div":
            inverse = self.quotient(one, inputs[1])
            return [inverse, -(result * inverse)]
        if name == "exp":
            return [result]
        if name == "log":
            return [self.quotient(one, x)]
        if name == "sqrt":
            return [self.quotient(one, result + result)]
        if name == "sin":
            return [self.function("cos", x)]
        if name == "cos":
            return [-self.function("sin", x)]
        if name == "sinh":
            return [self.function("cosh", x)]
        if name == "cosh":
            return [self.function("sinh", x)]
        if name == "tan":
            return [one + result * result]
        return [one - result * result]


def _ring(kind: type[Any]) -> Ring:
    if issubclass(kind, (arb, acb)):
        nan = arb.nan() if issubclass(kind, arb) else acb(arb.nan(), arb.nan())

        def number(value: Any) -> Any:
            return kind(arb.pi() if value == PI else value)

        return Ring(kind, number, _method, lambda: nan)
    if issubclass(kind, (arb_series, acb_series)):

        def element(value: Any) -> Any:
            return value if isinstance(value, kind) else kind([value])

        def scalar(value: Any) -> Any:
            return arb.pi() if value == PI else arb(value)

        return Ring(element, scalar, _of_series, lambda: kind([arb.nan()] * int(ctx.cap)))
    if issubclass(kind, float):

        def double(value: Any) -> float:
            return math.pi if value == PI else int(value.p) / int(value.q)

        return Ring(float, double, lambda name, x: getattr(math, name)(x), lambda: math.nan)
    if issubclass(kind, _INTERVAL):
        return _Limits()
    if issubclass(kind, np.ndarray):

        def doubles(value: Any) -> Any:
            return np.asarray(math.pi if value == PI else int(value.p) / int(value.q))

        return Ring(np.asarray, doubles, lambda name, x: getattr(np, name)(x), lambda: math.nan)
    if issubclass(kind, (mpmath.mpf, mpmath.mpc)):

        def multiple(value: Any) -> Any:
            return +mpmath.pi if value == PI else mpmath.mpf(int(value.p)) / int(value.q)

        return Ring(kind, multiple, lambda name, x: getattr(mpmath, name)(x), lambda: mpmath.nan)
    raise TypeError(f"no arithmetic of {kind}")


def _method(name: str, x: Any) -> Any:
    return getattr(x, name)()


def _of_series(name: str, x: Any) -> Any:
    if not name.endswith("h"):
        return getattr(x, name)()
    # The library has no hyperbolic functions of series; tanh reads its argument once.
    if name == "tanh":
        return 1 - 2 / (1 + (2 * x).exp())
    above, below = x.exp(), (-x).exp()
    return (above + below if name == "cosh" else above - below) / 2


class _Limits(Ring):
    """Closed, possibly unbounded intervals on which every operation is defined in the interior.

    So a divisor has one sign, and the arguments of logarithms and roots are positive: what
    rounding adds beyond zero at an end of the interval is cut off.
    """

    def __init__(self) -> None:
        iv = mpmath.iv

        def constant(value: Any) -> Any:
            return +iv.pi if value == PI else iv.mpf(int(value.p)) / iv.mpf(int(value.q))

        super().__init__(iv.mpf, constant, self._elementary, lambda: iv.mpf(["-inf", "inf"]))

    def quotient(self, above: Any, below: Any) -> Any:
        low, high = below.a, below.b
        if low < 0 and high > 0:
            rounding = mpmath.iv.mpf(2) ** (-mpmath.iv.prec // 2)
            if -low < high * rounding:
                low = 0
            elif high < -low * rounding:
                high = 0
        return super().quotient(above, mpmath.iv.mpf([low, high]))

    def _elementary(self, name: str, x: Any) -> Any:
        iv = mpmath.iv
        if name in ("log", "sqrt") and x.a < 0 and x.b > 0:
            x = iv.mpf([0, x.b])
        if name == "tanh":
            return 1 - 2 / (1 + iv.exp(2 * x))
        if name in ("sinh", "cosh"):
            above, below = iv.exp(x), iv.exp(-x)
            return (above + below if name == "cosh" else above - below) / 2
        return getattr(iv, name)(x)
