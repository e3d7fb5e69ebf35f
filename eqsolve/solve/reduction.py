"""Coupled equations that are linear but for coefficients of the feedback, reduced to these.

Of one or two such coefficients all solutions are found, of three or four those in a region.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from flint import Ordering, arb, arb_mat, ctx, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from eqsolve.arithmetic.linear import eliminate, is_linear
from eqsolve.arithmetic.plane import plane_solutions
from eqsolve.arithmetic.rational import (
    Fraction,
    Rational,
    Terms,
    code_of,
    coefficients,
    exact,
    terms,
    value,
)
from eqsolve.arithmetic.roots import polynomial_roots
from eqsolve.arithmetic.systems import Box

#: What is known of a coefficient: a rational number, or a ball around an irrational one.
Number: TypeAlias = "fmpq | arb"
Values = dict[str, Number]
#: Coefficients of the feedback up to which a reduction is tried.
_MOST = 4
#: Boxes that are examined in search of solutions in a region; where fewer than the second number
#: were needed, the region is doubled.
_BOXES, _FEW = 2500, 500
#: Whether a solution is wanted that has some values.
Region = Callable[[Mapping[str, arb]], bool]


def everywhere(values: Mapping[str, arb]) -> bool:
    """The region of all values."""
    return True


@dataclass(frozen=True)
class Solution:
    """One solution of coupled equations.

    Attributes
    ----------
    values : of all unknowns.
    roots : of those whose polynomials were solved: what tells it from other solutions.
    multiplicity : of the root; 1 where it is not known.
    """

    values: Values
    roots: Mapping[str, Number] = field(default_factory=dict)
    multiplicity: int = 1

    def joined(self, other: Solution) -> Solution:
        """The same with the solution of a later block."""
        return Solution(
            {**self.values, **other.values},
            {**self.roots, **other.roots},
            self.multiplicity * other.multiplicity,
        )


@dataclass(frozen=True)
class Found:
    """The solutions of coupled equations.

    Attributes
    ----------
    solutions : those that were found.
    complete : whether it is proved that there are no others.
    reach : if not, it is proved of those whose coefficients of the feedback are at most this in
        size; None if it is proved of none.
    """

    solutions: list[Solution]
    complete: bool
    reach: fmpq | None = None


class Degenerate(Exception):
    """A block has infinitely many solutions, or may have; the message is a sentence."""


def eliminated(
    rational: Rational,
    block: Sequence[str],
    feedback: Sequence[str],
    known: Sequence[arb],
    within: Region = everywhere,
) -> Found | None:
    """The solutions of a block whose equations are linear but for a few unknowns.

    Parameters
    ----------
    rational : an equation for every unknown; these are its first variables.
    block : the unknowns.
    feedback : those that are not linear.
    known : values of all variables; those of the unknowns are not used.
    within : False for values of ``feedback`` with which no solution is wanted.

    Returns
    -------
    The real solutions. None if the equations are not of this kind.

    Raises
    ------
    Degenerate
        If there are infinitely many.
    """
    inner = [k for k, name in enumerate(block) if name in feedback]
    outer = [k for k, name in enumerate(block) if name not in feedback]
    equations = [function.above for function in rational.functions]
    rows = [equations[k] for k in outer]
    if rational.elementary or len(inner) > _MOST or not all(is_linear(p, outer) for p in rows):
        return None
    solution = eliminate(rational.context, rows, outer)
    if solution.residuals or len(solution.values) < len(outer):
        return None
    left = [equations[k] for k in inner]
    for place, fraction in solution.values.items():
        left = [_substituted(rational.context, p, place, fraction) for p in left]
    # each factor once: what is excluded by it is decided in number fields
    factors = {str(f): f for v in solution.values.values() for f, _ in v.below.factor()[1]}
    below = rational.context.constant(1)
    for factor in factors.values():
        below *= factor
    reach: fmpq | None = None
    if len(inner) == 1:
        points, complete = _line(left[0], below, known, inner[0], block)
    elif any(any(e for k, e in enumerate(m) if k not in inner) for p in left for m in terms(p)):
        return None
    elif len(inner) == 2:
        points, complete = _plane(left, below, inner, block, within)
    else:
        found_in = _space(left, list(factors.values()), inner, block, within)
        if found_in is None:
            return None
        points, complete, reach = found_in
    found: list[Solution] = []
    for point, multiplicity in points:
        at = [point.get(k, v) for k, v in enumerate(known)]
        rest = _completed(rows, outer, at)
        # what is cleared of denominators has zeros of these, too
        complete &= rest is not None
        reach = None if rest is None and len(inner) > 2 else reach
        if rest is not None:
            whole = {**point, **rest}
            values: Values = {name: whole[k] for k, name in enumerate(block)}
            found.append(Solution(values, {block[k]: v for k, v in point.items()}, multiplicity))
    return Found(found, complete, reach)


def _substituted(context: Any, polynomial: fmpq_mpoly, place: int, value: Fraction) -> fmpq_mpoly:
    """The polynomial with a variable at a value, multiplied by a power of the denominator."""
    parts = {power: table for (power,), table in coefficients(polynomial, [place]).items()}
    result: fmpq_mpoly = context.constant(0)
    factor = context.constant(1)
    for power in range(max(parts, default=-1), -1, -1):
        result = result * value.above + context.from_dict(parts.get(power, {})) * factor
        factor *= value.below
    return result


def number(table: Terms, values: Sequence[arb]) -> Number:
    """A polynomial at balls; exact if it is a number."""
    constant = exact(table)
    return value(table, values) if constant is None else constant


def _line(
    polynomial: fmpq_mpoly,
    below: fmpq_mpoly,
    known: Sequence[arb],
    place: int,
    block: Sequence[str],
) -> tuple[list[tuple[dict[int, arb], int]], bool]:
    polynomial = _without(polynomial, [below])
    parts = {power: number(t, known) for (power,), t in coefficients(polynomial, [place]).items()}
    listed = [parts.get(k, fmpq(0)) for k in range(max(parts, default=0) + 1)]
    if all(c == 0 for c in listed):
        raise Degenerate(f"The equation of {block[place]} holds for every number.")
    roots = polynomial_roots(listed, bits=int(ctx.prec))
    return [({place: root.value}, root.multiplicity) for root in roots.roots], roots.complete


def _plane(
    polynomials: Sequence[fmpq_mpoly],
    below: fmpq_mpoly,
    places: Sequence[int],
    block: Sequence[str],
    within: Region,
) -> tuple[list[tuple[dict[int, arb], int]], bool]:
    context = fmpq_mpoly_ctx.get([f"v{k}" for k in range(2)], Ordering.lex)

    def lowered(polynomial: fmpq_mpoly) -> fmpq_mpoly:
        return context.from_dict(
            {tuple(m[k] for k in places): c for m, c in terms(polynomial).items()}
        )

    first, second = map(lowered, polynomials)
    one, two = (block[k] for k in places)
    if first.is_zero() or second.is_zero():
        raise Degenerate(f"An equation of {one} and {two} holds for all numbers.")
    found = plane_solutions(
        first,
        second,
        lowered(below),
        within=lambda box: within(dict(zip((one, two), box))),
        bits=int(ctx.prec),
    )
    if found.degenerate and not found.points:
        raise Degenerate(f"The equations of {one} and {two} hold on a curve.")
    return [(dict(zip(places, point)), 1) for point in found.points], found.complete


def _space(
    polynomials: Sequence[fmpq_mpoly],
    below: Sequence[fmpq_mpoly],
    places: Sequence[int],
    block: Sequence[str],
    within: Region,
) -> tuple[list[tuple[dict[int, arb], int]], bool, fmpq | None] | None:
    """The solutions in a region that is doubled while few boxes are examined."""
    from eqsolve.arithmetic.bernstein import zeros_in  # which needs NumPy

    def lowered(polynomial: fmpq_mpoly) -> dict[tuple[int, ...], fmpq]:
        return {tuple(m[k] for k in places): c for m, c in terms(polynomial).items()}

    names = [block[k] for k in places]
    above = [lowered(_without(p, below)) for p in polynomials]
    if not all(above):
        raise Degenerate(f"An equation of {', '.join(names)} holds for all numbers.")
    divisors = code_of([lowered(p) for p in below], range(len(places)))
    points: list[Box] = []
    reach, proved = fmpq(1), None
    while True:
        found = zeros_in(
            above,
            reach,
            within=lambda box: within(dict(zip(names, box))),
            bits=int(ctx.prec),
            most=_BOXES,
        )
        if found is None:
            return None
        new = (p for p in found.points if not any(_overlap(p, q) for q in points))
        points += [p for p in new if not any(d.contains(0) for d in divisors(p))]
        if not found.complete:
            break
        proved = reach
        if found.boxes > _FEW:
            break
        reach *= 2
    return [(dict(zip(places, p)), 1) for p in points], False, proved


def _overlap(one: Sequence[arb], two: Sequence[arb]) -> bool:
    return all(a.overlaps(b) for a, b in zip(one, two))


def _without(polynomial: fmpq_mpoly, divisors: Sequence[fmpq_mpoly]) -> fmpq_mpoly:
    """Divide out all that a polynomial has in common with others."""
    for divisor in divisors:
        while not (common := polynomial.gcd(divisor)).is_constant():
            polynomial = polynomial / common
    return polynomial


def _completed(
    rows: Sequence[fmpq_mpoly], unknowns: Sequence[int], at: Sequence[arb]
) -> dict[int, arb] | None:
    """The linear unknowns at a point; None where their equations may be singular."""
    size = len(unknowns)
    parts = [coefficients(row, unknowns) for row in rows]
    units = [tuple(int(i == k) for i in range(size)) for k in range(size)]
    none = (0,) * size
    solved = solve_balls(
        [[value(part.get(unit, {}), at) for unit in units] for part in parts],
        [-value(part.get(none, {}), at) for part in parts],
    )
    return None if solved is None else dict(zip(unknowns, solved))


def solve_balls(matrix: Sequence[Sequence[arb]], right: Sequence[arb]) -> list[arb] | None:
    """The solution of a linear system; None where it may be singular."""
    size = len(right)
    entries = [entry for row in matrix for entry in row]
    try:
        solved: Any = arb_mat(size, size, entries).solve(arb_mat(size, 1, list(right)))
    except ZeroDivisionError:
        return None
    return [solved[i, 0] for i in range(size)]
