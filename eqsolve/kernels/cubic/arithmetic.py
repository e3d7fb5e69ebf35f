"""How the operations of a number type are written in generated code."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol


@dataclass(frozen=True)
class Operand:
    """A variable or literal of the generated code.

    ``wide`` tells a number of the target's working type from a plain double; ``negative`` that the
    value is minus the variable, which costs nothing until it has to be stored.
    """

    text: str
    wide: bool
    negative: bool = False

    def __neg__(self) -> Operand:
        return Operand(self.text, self.wide, not self.negative)

    @property
    def magnitude(self) -> Operand:
        """The operand without its sign."""
        return Operand(self.text, self.wide)


class Arithmetic(Protocol):
    """How the operations of one number type are written."""

    #: Whether results are wider than a double.
    wide: bool

    def literal(self, value: Fraction) -> Operand:
        """A constant."""

    def negated(self, a: Operand) -> str:
        """-a."""

    def product(self, a: Operand, b: Operand) -> str:
        """a * b."""

    def quotient(self, a: Operand, b: Operand) -> str:
        """a / b."""

    def total(self, a: Operand, b: Operand) -> str:
        """a + b; b may be negative."""

    def leading(self, a: Operand) -> str:
        """The value rounded to a double."""


class Double:
    """Plain double precision."""

    wide = False

    def literal(self, value: Fraction) -> Operand:
        return Operand(repr(float(value)), False)

    def negated(self, a: Operand) -> str:
        return f"-{a.text}"

    def product(self, a: Operand, b: Operand) -> str:
        return f"{a.text} * {b.text}"

    def quotient(self, a: Operand, b: Operand) -> str:
        return f"{a.text} / {b.text}"

    def total(self, a: Operand, b: Operand) -> str:
        return f"{a.text} {'-' if b.negative else '+'} {b.text}"

    def leading(self, a: Operand) -> str:
        return a.text


class DoubleDouble:
    """Pairs of doubles, in functions of ``eqsolve.kernels.arithmetic.doubledouble``, as ``dd``.

    Operations with plain doubles use the cheaper mixed functions.
    """

    wide = True

    def literal(self, value: Fraction) -> Operand:
        high = float(value)
        low = float(value - Fraction(high))
        return Operand(f"({high!r}, {low!r})", True) if low else Operand(repr(high), False)

    def negated(self, a: Operand) -> str:
        return f"dd.neg({a.text})" if a.wide else f"-{a.text}"

    def product(self, a: Operand, b: Operand) -> str:
        if not a.wide and not b.wide:
            return f"dd.two_prod({a.text}, {b.text})"
        if a.wide and b.wide:
            return f"dd.mul({a.text}, {b.text})"
        wide, narrow = (a, b) if a.wide else (b, a)
        return f"dd.mul_double({wide.text}, {narrow.text})"

    def quotient(self, a: Operand, b: Operand) -> str:
        top = a.text if a.wide else f"dd.from_double({a.text})"
        return f"dd.{'div' if b.wide else 'div_double'}({top}, {b.text})"

    def total(self, a: Operand, b: Operand) -> str:
        if a.wide and b.wide:
            return f"dd.{'sub' if b.negative else 'add'}({a.text}, {b.text})"
        if not b.wide:
            term = f"-{b.text}" if b.negative else b.text
            return f"dd.{'add_double' if a.wide else 'two_sum'}({a.text}, {term})"
        term = f"dd.neg({b.text})" if b.negative else b.text
        return f"dd.add_double({term}, {a.text})"

    def leading(self, a: Operand) -> str:
        return f"{a.text}[0]" if a.wide else a.text
