"""All real roots of one equation: of a polynomial, or of a smooth function on an open interval.

What is returned is proved: each root exists and is the only one in its ball, and nothing was
missed unless ``undecided`` says where.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flint import arb, arb_poly, ctx, fmpq, fmpq_poly

from eqsolve.arithmetic.code import Code
from eqsolve.errors import DerivationError

#: A point that no symmetric problem singles out: intervals are divided here.
_RATIO = fmpq(3973, 8192)
#: Times that an end of an interval is approached by halves, or by doubling if it is infinite.
_APPROACHES, _DOUBLINGS = 300, 64
#: Intervals that are examined before the rest is given up.
_BUDGET = 20_000


@dataclass(frozen=True)
class Root:
    """A real root in its ball, with its multiplicity."""

    value: arb
    multiplicity: int = 1


@dataclass(frozen=True)
class Roots:
    """The real roots of an equation.

    Attributes
    ----------
    roots : ascending; each is the only root in its ball.
    undecided : balls in which there may be further roots (several close ones, or a double one).
        All other numbers of the region are no roots.
    """

    roots: tuple[Root, ...]
    undecided: tuple[arb, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether there are no other roots."""
        return not self.undecided


def polynomial_roots(coefficients: Sequence[fmpq | arb | int], *, bits: int = 160) -> Roots:
    """Return all real roots of a polynomial.

    Exact coefficients are decided exactly: the count, the multiplicities and every root. With
    balls, roots that the balls cannot tell apart are undecided, and so is everything if the
    leading coefficient may vanish.

    Parameters
    ----------
    coefficients : constant term first.
    bits : relative precision of the roots, as far as the coefficients allow.

    Raises
    ------
    DerivationError
        If all coefficients are zero.
    """
    values = list(coefficients)
    while values and _vanishes(values[-1]):
        values.pop()
    if not values:
        raise DerivationError("every number is a root of zero.", stage="roots")
    with ctx.workprec(bits + 20):
        if not any(isinstance(value, arb) and not value.is_exact() for value in values):
            return _exact_roots(fmpq_poly([_exact(value) for value in values]))
        return _roots_of_balls([arb(value) for value in values])


def _exact_roots(polynomial: fmpq_poly) -> Roots:
    found: list[Root] = []
    for factor, multiplicity in polynomial.numer().factor()[1]:
        pairs: Any = factor.complex_roots()
        for root, _ in pairs:
            if root.imag.is_zero():
                found.append(Root(root.real, int(multiplicity)))
    return Roots(tuple(sorted(found, key=lambda root: _Ascending(root.value))))


def _roots_of_balls(values: list[arb]) -> Roots:
    lead = values[-1]
    if lead.contains(0):
        return Roots((), (arb(0, arb("inf")),))
    polynomial = arb_poly(values)
    slope = polynomial.derivative()
    # Fujiwara's bound of the magnitudes of all roots.
    degree = len(values) - 1
    bound = arb(1)
    for k in range(degree):
        if not values[k].is_zero():
            ratio = abs(values[k] / lead).upper()
            if ratio > 0:
                bound = arb.max(bound, ratio.root(degree - k).upper())
    reach = arb((2 * bound).upper())

    return Roots(*_isolated(_centered(polynomial), _centered(slope), -reach, reach))


def _centered(polynomial: arb_poly) -> Callable[[arb], arb]:
    """Evaluate in powers of the distance from the middle of a ball, which keeps its image small."""

    def value(x: arb) -> arb:
        middle = x.mid()
        return polynomial(arb_poly([middle, 1]))(x - middle)

    return value


def function_roots(
    function: Code,
    low: fmpq | arb | None,
    high: fmpq | arb | None,
    *,
    given: Sequence[arb] = (),
    bits: int = 160,
) -> Roots:
    """Return all roots of a smooth function on an open interval.

    The function need not be defined at the ends. Close to them it is evaluated in unbounded
    intervals (mpmath's), in between in balls with its derivative.

    Parameters
    ----------
    function : one expression; its first argument is the unknown.
    low, high : the ends; None is an infinite one.
    given : the values of the other arguments.
    bits : precision.
    """
    with ctx.workprec(bits + 20):
        fixed = list(given)

        def value(x: arb) -> arb:
            result: arb = function([x, *fixed])[0]
            return result

        def slope(x: arb) -> arb:
            rows = function.jacobian([x, *fixed])[1]
            result: arb = rows[0].get(0, arb(0))
            return result

        middle = _middle(low, high)
        left = _end(function, fixed, low, middle, -1)
        right = _end(function, fixed, high, middle, 1)
        undecided = []
        if not left[1]:
            undecided.append(_tail(low, left[0]))
        found, inside = _isolated(value, slope, left[0], right[0])
        undecided += inside
        if not right[1]:
            undecided.append(_tail(high, right[0]))
        return Roots(found, tuple(undecided))


def _middle(low: fmpq | arb | None, high: fmpq | arb | None) -> arb:
    if low is None and high is None:
        return arb(fmpq(3, 32))
    if low is None or high is None:
        end = low if high is None else high
        return (arb(end).mid() + (1 if high is None else -1)).mid()
    return (arb(low) + (arb(high) - arb(low)) * _RATIO).mid()


def _end(
    function: Code, fixed: list[arb], end: fmpq | arb | None, middle: arb, side: int
) -> tuple[arb, bool]:
    """Find a point near an end beyond which there is no root; whether that was shown."""
    import mpmath  # polynomials do without its intervals

    saved = mpmath.iv.prec
    mpmath.iv.prec = int(ctx.prec)
    try:
        others = [_interval(value) for value in fixed]
        exact = end is not None and function([arb(end), *fixed])[0].is_zero()
        for k in range(_DOUBLINGS if end is None else _APPROACHES):
            if end is None:
                point = (middle + side * (arb(2) ** k - 1)).mid()
                limit = mpmath.iv.mpf(["-inf", "inf"])
            else:
                point = (arb(end) + (middle - arb(end)) / arb(2) ** k).mid()
                limit = _interval(arb(end))
            edge = _interval(point)
            ends = [limit.a, edge.b] if side < 0 else [edge.a, limit.b]
            (value,), (slopes,) = function.jacobian([mpmath.iv.mpf(ends), *others])
            if value.a > 0 or value.b < 0:
                return point, True
            # Or the function moves away from zero, or towards a zero at the end.
            slope = side * slopes.get(0, mpmath.iv.mpf(0))
            if slope.a > 0 or slope.b < 0:
                inner = function([point, *fixed])[0]
                if exact or (inner > 0 if slope.a > 0 else inner < 0):
                    return point, True
    finally:
        mpmath.iv.prec = saved
    return point, False


def _interval(value: arb) -> Any:
    import mpmath

    ends = []
    for end in (value.lower(), value.upper()):
        mantissa, exponent = end.mid().man_exp()
        ends.append(mpmath.iv.mpf(int(mantissa)) * mpmath.iv.mpf(2) ** int(exponent))
    return mpmath.iv.mpf([ends[0].a, ends[1].b])


def _tail(end: fmpq | arb | None, point: arb) -> arb:
    return arb(point, arb("inf")) if end is None else arb(end).union(point)


def _isolated(
    value: Callable[[arb], arb], slope: Callable[[arb], arb], low: arb, high: arb
) -> tuple[tuple[Root, ...], tuple[arb, ...]]:
    """Isolate all roots between two exact numbers by subdivision and interval Newton steps."""
    found: list[Root] = []
    # Intervals that are left over, ascending; neighbours are joined.
    open_intervals: list[tuple[arb, arb]] = []
    # Depth first, from the left.
    stack = [(low, high)]
    budget = _BUDGET
    smallest = arb(2) ** (-int(ctx.prec) // 2)
    while stack:
        a, b = stack.pop()
        budget -= 1
        whole = a.union(b)
        if not value(whole).contains(0):
            continue
        middle = (a + (b - a) * _RATIO).mid()
        steep = slope(whole)
        if steep.is_finite() and not (value(middle) + steep * (whole - middle)).contains(0):
            continue
        if steep.is_finite() and not steep.contains(0):
            root = _single(value, slope, a, b)
            if root is _NONE:
                continue
            if isinstance(root, arb):
                found.append(Root(root))
                continue
        # Where the values at three points are not told from zero, nothing more will be.
        blurred = all(value(x).contains(0) for x in (a, middle, b))
        tiny = (b - a) <= smallest * arb.max(arb(1), abs(middle))
        if blurred or tiny or budget < 0:
            if open_intervals and open_intervals[-1][1] >= a:
                a = open_intervals.pop()[0]
            open_intervals.append((a, b))
            continue
        stack += [(middle, b), (a, middle)]
    undecided = []
    for a, b in open_intervals:
        # A root on a common end shows in a wider interval.
        margin = b - a
        root = _single(value, slope, (a - margin).mid(), (b + margin).mid())
        if isinstance(root, arb) and low < root < high:
            found = [r for r in found if not r.value.overlaps(root)]
            found.append(Root(root))
        elif root is not _NONE:
            undecided.append(a.union(b))
    return tuple(sorted(found, key=lambda r: _Ascending(r.value))), tuple(undecided)


_NONE = object()


def _single(
    value: Callable[[arb], arb], slope: Callable[[arb], arb], a: arb, b: arb
) -> arb | object | None:
    """Return the only root between a and b, ``_NONE`` if there is none, None if undecided."""
    whole = a.union(b)
    steep = slope(whole)
    if not steep.is_finite() or steep.contains(0):
        return None
    first, last = value(a), value(b)
    if (first > 0 and last > 0) or (first < 0 and last < 0):
        return _NONE
    if not ((first < 0 and last > 0) or (first > 0 and last < 0)):
        return None
    return sharpened(value, slope, whole)


def sharpened(value: Callable[[arb], arb], slope: Callable[[arb], arb], root: arb) -> arb:
    """Narrow a ball that holds exactly one root, of non-zero slope, by interval Newton steps."""
    while True:
        middle = root.mid()
        step = middle - value(middle) / slope(root)
        if not step.is_finite():
            return root
        step = step.intersection(root)
        if step.rad() >= root.rad() / 2:
            return step
        root = step


class _Ascending:
    """A key that orders balls around different numbers, of any magnitude."""

    def __init__(self, value: arb) -> None:
        self.value = value

    def __lt__(self, other: _Ascending) -> bool:
        return bool(self.value < other.value or self.value.mid() < other.value.mid())


def _vanishes(value: fmpq | arb | int) -> bool:
    return bool(value.is_zero()) if isinstance(value, arb) else value == 0


def _exact(value: fmpq | arb | int) -> fmpq:
    if isinstance(value, arb):
        mantissa, exponent = value.man_exp()
        return fmpq(mantissa) * fmpq(2) ** int(exponent)
    return fmpq(value)
