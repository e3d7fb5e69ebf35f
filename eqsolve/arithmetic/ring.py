"""The rings that straight-line programs run on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from flint import acb, acb_series, arb, arb_series, ctx, fmpq

#: The one constant of a program that is not rational, by its name in flint.
PI = arb.pi.__name__


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
        own = getattr(kind, "ring", None)
        return _ring(kind) if own is None else own(values[0])

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
    if kind.__module__ == "numpy":
        import numpy as np  # its arrays come from one who has imported it

        def doubles(value: Any) -> Any:
            return np.asarray(math.pi if value == PI else int(value.p) / int(value.q))

        return Ring(np.asarray, doubles, lambda name, x: getattr(np, name)(x), lambda: math.nan)
    import mpmath  # what follows is for its numbers

    if issubclass(kind, type(mpmath.iv.mpf(0))):
        return _Limits()
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
        import mpmath

        self.iv: Any = mpmath.iv

        def constant(value: Any) -> Any:
            iv = self.iv
            return +iv.pi if value == PI else iv.mpf(int(value.p)) / iv.mpf(int(value.q))

        super().__init__(
            self.iv.mpf, constant, self._elementary, lambda: self.iv.mpf(["-inf", "inf"])
        )

    def quotient(self, above: Any, below: Any) -> Any:
        low, high = below.a, below.b
        if low < 0 and high > 0:
            rounding = self.iv.mpf(2) ** (-self.iv.prec // 2)
            if -low < high * rounding:
                low = 0
            elif high < -low * rounding:
                high = 0
        return super().quotient(above, self.iv.mpf([low, high]))

    def _elementary(self, name: str, x: Any) -> Any:
        iv = self.iv
        if name in ("log", "sqrt") and x.a < 0 and x.b > 0:
            x = iv.mpf([0, x.b])
        if name == "tanh":
            return 1 - 2 / (1 + iv.exp(2 * x))
        if name in ("sinh", "cosh"):
            above, below = iv.exp(x), iv.exp(-x)
            return (above + below if name == "cosh" else above - below) / 2
        return getattr(iv, name)(x)
