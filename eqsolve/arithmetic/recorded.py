"""Numbers that record how they are computed."""

from __future__ import annotations

from typing import Any

from flint import arb, fmpq

from eqsolve.arithmetic.code import Builder
from eqsolve.arithmetic.ring import PI, Ring


class InexactError(ArithmeticError):
    """A number of which only a ball is known cannot be written down."""


class Recorded:
    """A ball, with the node of a program that computes it.

    Calculations with such numbers, written for balls, become programs.
    """

    __slots__ = ("builder", "node", "value")

    def __init__(self, builder: Builder, node: int, value: arb) -> None:
        self.builder, self.node, self.value = builder, node, value

    def constant(self, number: Any) -> Recorded:
        """An exact number beside this one.

        Raises
        ------
        InexactError
            If it is a ball of positive radius.
        """
        if isinstance(number, Recorded):
            return number
        if number == PI and isinstance(number, str):
            return Recorded(self.builder, self.builder.constant(PI), arb.pi())
        if isinstance(number, arb):
            if not number.is_exact():
                raise InexactError
            mantissa, exponent = number.man_exp()
            number = fmpq(int(mantissa)) * fmpq(2) ** int(exponent)
        return Recorded(self.builder, self.builder.constant(fmpq(number)), arb(fmpq(number)))

    def ring(self) -> Ring:
        """The operations of programs on such numbers."""

        def elementary(name: str, x: Recorded) -> Recorded:
            return Recorded(self.builder, self.builder.step(name, x.node), getattr(x.value, name)())

        return Ring(lambda x: x, self.constant, elementary, lambda: self.constant(arb.nan()))

    def _step(self, name: str, first: Any, second: Any) -> Recorded:
        a, b = self.constant(first), self.constant(second)
        value = getattr(a.value, f"__{'truediv' if name == 'div' else name}__")(b.value)
        return Recorded(self.builder, self.builder.step(name, a.node, b.node), value)

    def __add__(self, other: Any) -> Recorded:
        return self._step("add", self, other)

    def __radd__(self, other: Any) -> Recorded:
        return self._step("add", other, self)

    def __sub__(self, other: Any) -> Recorded:
        return self._step("sub", self, other)

    def __rsub__(self, other: Any) -> Recorded:
        return self._step("sub", other, self)

    def __mul__(self, other: Any) -> Recorded:
        return self._step("mul", self, other)

    def __rmul__(self, other: Any) -> Recorded:
        return self._step("mul", other, self)

    def __truediv__(self, other: Any) -> Recorded:
        return self._step("div", self, other)

    def __rtruediv__(self, other: Any) -> Recorded:
        return self._step("div", other, self)

    def __eq__(self, other: object) -> bool:
        """Whether it is surely the other number."""
        return bool(self.value == (other.value if isinstance(other, Recorded) else other))

    __hash__ = object.__hash__
