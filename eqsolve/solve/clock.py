"""A clock on which a power of the time is a whole one.

The rate ``(k/s) (t/s)^(k-1)`` is no power series at time 0 unless k is a whole number; for k < 1 it
is infinite there. With k = p/q and ``t = T y^q`` the integrated rate is ``(T/s)^k y^p``, and both
are polynomials of y, which runs from 0 to 1. Equations that are affine in the rate move at
``rest dt/dy + slope d(integrated rate)/dy``, which is regular at y = 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, fmpq

from eqsolve.arithmetic.code import Code, Folding
from eqsolve.arithmetic.rational import vanishes
from eqsolve.errors import DerivationError


@dataclass(frozen=True)
class Clock:
    """The clock of a rate that is a power of the time.

    Attributes
    ----------
    letter : what the rate is called.
    shape, scale : k, which is no whole number, and s.
    end : the time T at which the clock shows 1.
    """

    letter: str
    shape: Fraction
    scale: Fraction
    end: Fraction

    def elapsed(self, time: Fraction) -> fmpq | arb:
        """The time to go on the clock."""
        share = fmpq((time / self.end).numerator, (time / self.end).denominator)
        if share in (0, 1):
            return 1 - share
        return 1 - arb(share).root(self.shape.denominator)

    def calendar(self, first: fmpq, last: fmpq) -> arb:
        """A ball around the times at which the clock has between ``first`` and ``last`` to go."""
        end = fmpq(self.end.numerator, self.end.denominator)
        # in balls: the exact power of a shape with many digits fills the memory
        before, after = (arb(1 - s) ** self.shape.denominator * end for s in (last, first))
        return before.union(after)

    def on(self, rates: Code) -> Code:
        """Rates in the time to go on the clock.

        Parameters
        ----------
        rates : in the time to go; of this, of unknowns and of the rate, which they are affine in.

        Raises
        ------
        DerivationError
            If they are not affine in the rate.
        """
        builder = Folding(rates.arguments[:-1])
        step = builder.step

        def constant(value: Fraction) -> int:
            return builder.constant(fmpq(value.numerator, value.denominator))

        def power(exponent: int) -> int:
            return builder.integer_power(now, exponent)

        (above, below), end = self.shape.as_integer_ratio(), constant(self.end)
        now = step("sub", constant(Fraction(1)), 0)
        gone = step("sub", end, step("mul", end, power(below)))
        places = [gone, *range(1, len(builder.arguments))]
        rest, slopes = _affine(rates, builder, places)
        speed = step("mul", constant(below * self.end), power(below - 1))
        # d/dy of (T/s)^k y^p
        log = step("log", constant(self.end / self.scale))
        total = step("exp", step("mul", constant(self.shape), log))
        struck = step("mul", step("mul", constant(Fraction(above)), total), power(above - 1))
        moved = [(step("mul", r, speed), step("mul", s, struck)) for r, s in zip(rest, slopes)]
        return builder.code([step("add", *pair) for pair in moved])


def _affine(rates: Code, builder: Folding, places: Sequence[int]) -> tuple[list[int], list[int]]:
    """The nodes of ``rest`` and ``slope`` where rates are ``rest + slope * last argument``.

    The slope is derived step by step: as a difference of rates it would be as wide as these.
    """
    free = Folding(rates.arguments)
    numbers = dict(zip(rates.arguments, range(len(rates.arguments))))
    whole = free.insert(rates, numbers)
    ends = [
        free.insert(rates, {**numbers, rates.arguments[-1]: free.constant(fmpq(level))})
        for level in (0, 1)
    ]
    for rate, first, second in zip(whole, *ends):
        grown = free.step("mul", free.step("sub", second, first), len(rates.arguments) - 1)
        off = free.step("sub", free.step("sub", rate, first), grown)
        if not vanishes(free.code([off])):
            raise DerivationError(
                f"the equations are not affine in {rates.arguments[-1]}.", stage="integration"
            )
    zero, one = builder.constant(fmpq(0)), builder.constant(fmpq(1))
    nodes = [*places, zero, *map(builder.constant, rates.constants)]
    slopes = [zero] * len(nodes)
    slopes[len(places)] = one
    for name, operands in rates.steps:
        values, moved = [nodes[k] for k in operands], [slopes[k] for k in operands]
        nodes.append(builder.step(name, *values))
        slopes.append(_slope(builder, name, values, moved, nodes[-1], zero))
    return [nodes[k] for k in rates.outputs], [slopes[k] for k in rates.outputs]


def _slope(
    builder: Folding, name: str, values: list[int], moved: list[int], result: int, zero: int
) -> int:
    """The node of the derivative of an operation."""
    step = builder.step
    if all(node == zero for node in moved):
        return zero
    if name in ("add", "sub"):
        return step(name, *moved)
    if name == "mul":
        return step("add", step("mul", moved[0], values[1]), step("mul", values[0], moved[1]))
    if name == "div":
        return step("div", step("sub", moved[0], step("mul", result, moved[1])), values[1])
    raise DerivationError(f"the equations take {name} of the rate.", stage="integration")
