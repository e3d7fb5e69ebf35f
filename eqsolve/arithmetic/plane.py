"""All real solutions of two polynomial equations in two unknowns, each proved.

The first coordinates of solutions are roots of the resultant in the second unknown, and the other
way round (D. Cox, J. Little, D. O'Shea, Using Algebraic Geometry, 2005, section 3.6). So every
solution lies in a box made of a root of each. A box in which a polynomial does not vanish is
dropped; in the others Krawczyk's test proves the solution. For two unknowns this takes a small
part of the time of :mod:`.systems`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flint import acb_poly, arb, arb_mat, arb_poly, ctx, fmpq, fmpq_mpoly, fmpq_poly, fmpz_poly

from eqsolve.arithmetic.systems import Box, Solutions

#: Half widths, relative and in bits below the working precision, of boxes that are examined.
_SLACK = (40, 80, 120)


def plane_solutions(
    first: fmpq_mpoly,
    second: fmpq_mpoly,
    without: fmpq_mpoly,
    *,
    within: Callable[[Box], bool] = lambda box: True,
    bits: int,
) -> Solutions:
    """Find the real common zeros of two polynomials in the same two unknowns.

    Parameters
    ----------
    first, second : the polynomials, not zero.
    without : zeros of this polynomial are no solutions.
    within : False for a box that is outside of the region wanted.
    bits : precision of the enclosures, at least 128.

    Returns
    -------
    Solutions
        If the polynomials vanish together on a curve it is ``degenerate``: ``points`` are those
        off the curve only.
    """
    first, second = _divided(first, without), _divided(second, without)
    common = first.gcd(second)
    degenerate = not common.is_constant()
    first, second = first / common, second / common
    with ctx.workprec(3 * bits):
        columns, rows = _roots(first, second, 0), _roots(first, second, 1)
        heights = [y for _, found in rows for y in found]
        candidates = [
            (factor, [b for x in found for b in _over(first, second, x, heights) if within(b)])
            for factor, found in columns
        ]
    points: list[Box] = []
    undecided: list[Box] = []
    exclusion = _Exclusion(first, second, without)
    with ctx.workprec(bits):
        for factor, boxes in candidates:
            proved, left = _proved((first, second, without), boxes)
            points += proved
            if left and not exclusion.holds(factor, left):
                undecided += left
        if undecided:
            undecided = _left_across((first, second, without), rows, undecided)
    points.sort(key=lambda point: float(point[0]))
    return Solutions(tuple(points), not undecided and not degenerate, degenerate, tuple(undecided))


def _left_across(
    polynomials: tuple[fmpq_mpoly, ...], rows: list[tuple[fmpz_poly, list[arb]]], boxes: list[Box]
) -> list[Box]:
    """The boxes that are not seen to hold no solution when the unknowns change places."""
    first, second, without = (
        p.context().from_dict({(j, i): value for (i, j), value in p.to_dict().items()})
        for p in polynomials
    )
    exclusion = _Exclusion(first, second, without)
    left: list[Box] = []
    for factor, found in rows:
        own: list[Box] = [(y, x) for x, y in boxes if any(y is root for root in found)]
        if own and not exclusion.holds(factor, own):
            left += [(x, y) for y, x in own]
    return left


def _divided(polynomial: fmpq_mpoly, divisor: fmpq_mpoly) -> fmpq_mpoly:
    """Divide out all that a polynomial has in common with another."""
    while not (common := polynomial.gcd(divisor)).is_constant():
        polynomial = polynomial / common
    return polynomial


def _roots(
    first: fmpq_mpoly, second: fmpq_mpoly, unknown: int
) -> list[tuple[fmpz_poly, list[arb]]]:
    """Real roots of the factors of the resultant in one unknown."""
    _, factors = _resultant(first, second, unknown).numer().factor()
    found: list[tuple[fmpz_poly, list[arb]]] = []
    for factor, _ in factors:
        pairs: Any = factor.complex_roots()
        found.append((factor, [z.real for z, _ in pairs if z.imag.is_zero()]))
    return found


def _resultant(first: fmpq_mpoly, second: fmpq_mpoly, unknown: int) -> fmpq_poly:
    """The resultant as a polynomial in one unknown."""
    names = first.context().names()
    resultant = first.resultant(second, names[1 - unknown])
    terms = {m[unknown]: c for m, c in resultant.to_dict().items()}
    return fmpq_poly([terms.get(k, fmpq(0)) for k in range(max(terms, default=0) + 1)])


def _over(first: fmpq_mpoly, second: fmpq_mpoly, x: arb, heights: list[arb]) -> list[Box]:
    """The boxes above a first coordinate in which both polynomials may vanish."""
    one, two = (_at(polynomial, x) for polynomial in (first, second))
    return [(x, y) for y in heights if one(y).contains(0) and two(y).contains(0)]


def _at(polynomial: fmpq_mpoly, x: arb) -> arb_poly:
    """The polynomial in the second unknown at a value of the first."""
    degree, count = (int(d) for d in polynomial.degrees())
    powers = [arb(1)]
    for _ in range(degree):
        powers.append(powers[-1] * x)
    coefficients = [arb(0)] * (count + 1)
    for (i, j), value in polynomial.to_dict().items():
        coefficients[j] = coefficients[j] + powers[i] * arb(value)
    return arb_poly(coefficients)


def _proved(
    polynomials: tuple[fmpq_mpoly, ...], candidates: list[Box]
) -> tuple[list[Box], list[Box]]:
    """The solutions in boxes, and the boxes in which none could be proved."""
    *equations, without = polynomials
    slopes = [[p.derivative(k) for k in (0, 1)] for p in equations]
    points: list[Box] = []
    undecided: list[Box] = []
    for box in candidates:
        point = _solution(equations, slopes, box)
        # Candidates do not overlap, so no solution is counted twice.
        own = point is not None and all(p.overlaps(b) for p, b in zip(point, box))
        if point is None or not own or _at(without, point[0])(point[1]).contains(0):
            undecided.append(box)
        else:
            points.append(point)
    return points, undecided


def _solution(equations: list[fmpq_mpoly], slopes: list[list[fmpq_mpoly]], box: Box) -> Box | None:
    """The one solution in a box, if Krawczyk's test proves it in a somewhat larger one."""
    middle = [x.mid() for x in box]
    center = arb_mat([[_at(p, middle[0])(middle[1])] for p in equations])
    try:
        inverse = arb_mat([[_at(s, middle[0])(middle[1]) for s in row] for row in slopes]).inv()
    except ZeroDivisionError:
        return None
    inverse = inverse.mid()
    for slack in _SLACK:
        width = arb(2) ** (slack - int(ctx.prec))
        large = [x + width * (1 + abs(x)) * arb(0, 1) for x in box]
        slope = arb_mat([[_at(s, large[0])(large[1]) for s in row] for row in slopes])
        spread = arb_mat([[x - m] for x, m in zip(large, middle)])
        step = (arb_mat([[1, 0], [0, 1]]) - inverse * slope) * spread - inverse * center
        found = tuple(m + step[k, 0] for k, m in enumerate(middle))
        if all(x.contains_interior(f) for x, f in zip(large, found)):
            return found
    return None


class _Exclusion:
    """Whether what two polynomials have in common is a zero of a third, and so no solution."""

    def __init__(self, first: fmpq_mpoly, second: fmpq_mpoly, third: fmpq_mpoly) -> None:
        self.polynomials = (first, second, third)
        self.parts = [part for part, _ in third.factor()[1]]
        self.slopes = [p.derivative(1) for p in (first, second)]
        self.meetings: dict[tuple[int, int], fmpq_poly] = {}

    def holds(self, factor: fmpz_poly, boxes: list[Box]) -> bool:
        """Whether no box above a root of a factor of the resultant has a solution."""
        if all(self._seen(factor, box) for box in boxes):
            return True
        return _excluded(self.polynomials, factor)

    def _seen(self, factor: fmpz_poly, box: Box) -> bool:
        """Whether the one zero of a polynomial in a box is exactly one of the third, too.

        The factor divides the resultant of the polynomial and a part of the third: they meet
        above the root. Of the part's zeros there only one can be where, and next to it and the
        box the polynomial has one zero at most.
        """
        x, y = box
        for k, slope in enumerate(self.slopes):
            for j, part in enumerate(self.parts):
                if (self._meeting(k, j) % fmpq_poly(factor)).degree() >= 0:
                    continue
                place = _one_place(_at(self.polynomials[k], x), _at(part, x), y)
                if place is not None and not _at(slope, x)(y.union(place)).contains(0):
                    return True
        return False

    def _meeting(self, k: int, j: int) -> fmpq_poly:
        if (k, j) not in self.meetings:
            polynomial, part = self.polynomials[k], self.parts[j]
            self.meetings[k, j] = _resultant(polynomial, part, 0)
        return self.meetings[k, j]


def _one_place(polynomial: arb_poly, part: arb_poly, y: arb) -> arb | None:
    """The one zero of a part, next to a number, at which it can meet a polynomial."""
    if polynomial[polynomial.degree()].contains(0) or part[part.degree()].contains(0):
        return None
    try:
        zeros: Any = acb_poly(part).roots()
    except ValueError:
        return None
    near = [z for z in zeros if z.imag.contains(0) and z.real.overlaps(y)]
    whole = acb_poly(polynomial)
    if len(near) != 1 or any(whole(z).contains(0) for z in zeros if z is not near[0]):
        return None
    return arb(near[0].real)


def _excluded(polynomials: tuple[fmpq_mpoly, ...], factor: fmpz_poly) -> bool:
    """Whether every common zero of two polynomials above a root of ``factor`` is one of a third."""
    modulus = fmpq_poly(factor)
    first, second, third = (_over_field(p, modulus) for p in polynomials)
    common = _gcd(first, second, modulus)
    while len(common) > 1:
        shared = _gcd(common, third, modulus)
        if len(shared) == 1:
            return False
        common, _ = _division(common, shared, modulus)
    return True


def _over_field(polynomial: fmpq_mpoly, modulus: fmpq_poly) -> list[fmpq_poly]:
    """Coefficients in the second unknown, the first one being a root of ``modulus``."""
    parts: list[dict[int, fmpq]] = [{} for _ in range(polynomial.degrees()[1] + 1)]
    for (i, j), value in polynomial.to_dict().items():
        parts[j][i] = value
    rows = [fmpq_poly([p.get(i, fmpq(0)) for i in range(max(p, default=0) + 1)]) for p in parts]
    return _trimmed([row % modulus for row in rows])


def _trimmed(polynomial: list[fmpq_poly]) -> list[fmpq_poly]:
    while polynomial and polynomial[-1].degree() < 0:
        polynomial = polynomial[:-1]
    return polynomial


def _gcd(first: list[fmpq_poly], second: list[fmpq_poly], modulus: fmpq_poly) -> list[fmpq_poly]:
    """Euclid's algorithm over a number field."""
    while second:
        first, second = second, _division(first, second, modulus)[1]
    return first


def _division(
    above: list[fmpq_poly], below: list[fmpq_poly], modulus: fmpq_poly
) -> tuple[list[fmpq_poly], list[fmpq_poly]]:
    """Quotient and remainder."""
    inverse = below[-1].xgcd(modulus)[1]
    quotient: list[fmpq_poly] = []
    while len(above) >= len(below):
        head = above[-1] * inverse % modulus
        quotient.append(head)
        shift = len(above) - len(below)
        above = [
            (value - head * below[k - shift]) % modulus if k >= shift else value
            for k, value in enumerate(above[:-1])
        ]
    return quotient[::-1], _trimmed(above)
