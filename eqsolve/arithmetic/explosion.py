"""The time at which a solution becomes infinite, bracketed in coordinates that stay finite."""

from __future__ import annotations

from functools import lru_cache
from itertools import chain

from flint import arb, fmpq

from eqsolve.arithmetic.code import Code, Folding
from eqsolve.arithmetic.rational import Fraction, Rational, Terms, ZeroDivision, coefficients, terms
from eqsolve.arithmetic.trajectory import Trajectory

#: A polynomial by its powers, with numerators and denominators in the time.
Row = dict[tuple[int, ...], tuple[Terms, Terms]]
#: Relative width to which a bracket is narrowed.
_NARROW = fmpq(1, 2**60)


def first_zero(trajectory: Trajectory) -> tuple[fmpq, fmpq] | None:
    """Bracket the first zero of the first unknown, if it changes its sign; both ends are proved."""
    positive = bool(trajectory.start[0] > 0)

    def beyond(value: arb) -> bool:
        return bool(value < 0) if positive else bool(value > 0)

    end = trajectory.reached
    if not beyond(trajectory.at(end)[0]):
        return None
    smallest = end * _NARROW
    # Times before ``low`` have the sign of the start; the sign at ``high`` is the other one.
    low, high = fmpq(0), end
    width = end
    while low < end:
        width = min(width, end - low)
        value = trajectory.over(low, low + width)[0]
        if not value.contains(0):
            if beyond(value):
                break
            low += width
            width *= 2
        elif width <= smallest:
            break
        else:
            if beyond(trajectory.at(low + width)[0]):
                high = min(high, low + width)
            width /= 2
    while beyond(trajectory.at((low + high) / 2)[0]) and high - low > smallest:
        high = (low + high) / 2
    return low, high


@lru_cache(maxsize=64)
def projected(rates: Code, largest: int) -> tuple[Code, tuple[int, ...]] | None:
    """Return the rates in the coordinates v = 1/u_k and w_i = u_i/u_k, which go through a pole.

    Only unknowns on which u_k depends, directly or not, are kept.

    Parameters
    ----------
    rates : f of u' = f(s, u).
    largest : the number k.

    Returns
    -------
    The rates of v and the w_i, with the arguments s, v, w_i, and the numbers of the unknowns they
    stand for (k first); None if the rates are not polynomials of degree two for which v cancels.
    """
    chosen = _needed(rates, largest)
    outputs = [rates.outputs[k] for k in chosen]
    own = Code(rates.arguments, rates.constants, rates.steps, outputs)
    try:
        rational = Rational(own)
    except ZeroDivision:
        return None
    inner = [k + 1 for k in chosen]
    if any(_depends(argument, inner) for _, argument in rational.elementary if argument):
        return None
    # By the powers of the unknowns that are kept: coefficients in the time, over one denominator.
    rows: list[Row] = []
    for fraction in rational.functions:
        below = coefficients(fraction.below, inner)
        if list(below) != [(0,) * len(inner)]:
            return None
        (bottom,) = below.values()
        above = coefficients(fraction.above, inner)
        if any(sum(powers) > 2 for powers in above):
            return None
        rows.append({powers: (top, bottom) for powers, top in above.items()})
    # With v^2 f = F: v' = -F_k and w_i' = (F_i - w_i F_k)/v, where v has to cancel.
    if not all(_cancels(rational, rows[0], row, i) for i, row in enumerate(rows[1:], 1)):
        return None
    builder = Folding(["s", "v", *(f"w{k}" for k in chosen[1:])])
    time = _Times(builder, rational)
    outputs = [builder.step("sub", builder.constant(fmpq(0)), time.form(rows[0], 0))]
    for i, row in enumerate(rows[1:], 1):
        # the part of degree two in the unknowns has no v left to give, and cancels
        low = {powers: c for powers, c in row.items() if sum(powers) < 2}
        first = {powers: c for powers, c in rows[0].items() if sum(powers) < 2}
        moved = builder.step("mul", i + 1, time.form(first, 1))
        outputs.append(builder.step("sub", time.form(low, 1), moved))
    return builder.code(outputs), chosen


def _depends(argument: Fraction, inner: list[int]) -> bool:
    """Whether a fraction contains one of the variables."""
    parts = (argument.above, argument.below)
    return any(e[k] for part in parts for e in terms(part) for k in inner)


def _cancels(
    rational: Rational,
    first: Row,
    row: Row,
    place: int,
) -> bool:
    """Whether the parts of degree two of F_i and w_i F_k are the same."""
    context = rational.context
    total: dict[tuple[int, ...], list[tuple[Terms, Terms, int]]] = {}
    for powers, (top, bottom) in row.items():
        if sum(powers) == 2:
            total.setdefault((0, *powers[1:]), []).append((top, bottom, 1))
    for powers, (top, bottom) in first.items():
        if sum(powers) == 2:
            moved = [0, *powers[1:]]
            moved[place] += 1
            total.setdefault(tuple(moved), []).append((top, bottom, -1))
    for parts in total.values():
        above = context.constant(0)
        below = context.constant(1)
        for top, bottom, sign in parts:
            left, right = context.from_dict(top), context.from_dict(bottom)
            above, below = above * right + left * below * sign, below * right
        if not above.is_zero():
            return False
    return True


class _Times:
    """Writes functions of the time and of the new coordinates."""

    def __init__(self, builder: Folding, rational: Rational) -> None:
        self.builder = builder
        self.count = len(rational.code.arguments)
        self.special: list[int] = []
        for name, argument in rational.elementary:
            if argument is None:
                self.special.append(builder.constant(name))
            else:
                pair = (self.polynomial(terms(p)) for p in (argument.above, argument.below))
                self.special.append(builder.step(name, builder.step("div", *pair)))

    def form(self, row: Row, less: int) -> int:
        """``sum c v^(2 - less - degree) w^powers``."""
        builder = self.builder
        total = builder.constant(fmpq(0))
        for powers, (top, bottom) in row.items():
            node = builder.step("div", self.polynomial(top), self.polynomial(bottom))
            factors = [1] * (2 - less - sum(powers))
            factors += chain.from_iterable([i + 1] * e for i, e in enumerate(powers) if i)
            for factor in factors:
                node = builder.step("mul", node, factor)
            total = builder.step("add", total, node)
        return total

    def polynomial(self, table: Terms) -> int:
        """A polynomial in the time and in elementary functions of it."""
        builder = self.builder
        total = builder.constant(fmpq(0))
        for exponents, coefficient in table.items():
            node = builder.constant(coefficient)
            for place, exponent in enumerate(exponents):
                if exponent:
                    base = place if place == 0 else self.special[place - self.count]
                    node = builder.step("mul", node, builder.integer_power(base, exponent))
            total = builder.step("add", total, node)
        return total


def _needed(rates: Code, largest: int) -> tuple[int, ...]:
    """The unknown and those that its rate depends on, directly or not."""
    needs = rates.needs()
    chosen = [largest]
    for k in chosen:
        chosen += [j - 1 for j in sorted(needs[rates.outputs[k]]) if j and j - 1 not in chosen]
    return tuple(chosen)
