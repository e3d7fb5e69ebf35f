"""All real solutions of several polynomial or rational equations, each proved.

A generic linear form t of the unknowns is eliminated exactly: its real values at solutions are
real roots of a polynomial over the rationals (see :mod:`.elimination`), and a simple root belongs
to one solution only. Each solution is found from the eigenvector of its root and proved by
Krawczyk's test. When there are as many as real roots, none is missing.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from eqsolve.arithmetic.code import Code
from eqsolve.arithmetic.elimination import (
    Infinite,
    Monomial,
    Polynomial,
    Quotient,
    pivots,
    quotient,
)
from eqsolve.arithmetic.krawczyk import krawczyk, solution_near
from eqsolve.arithmetic.rational import Rational, code_of, terms
from eqsolve.arithmetic.roots import Root, polynomial_roots
from eqsolve.errors import DerivationError

if TYPE_CHECKING:
    import sympy as sp

#: Precision of the enclosures, and the highest one tried.
_BITS, _MOST_BITS = 200, 6400
#: Linear forms tried until the solutions are told apart.
_FORMS = 3
#: Starts of Newton's method where nothing was eliminated.
_STARTS = 400
#: They lie in the box of this half width if no region was given.
_REACH = 100
#: Boxes made of the roots of single unknowns.
_MOST_BOXES = 20_000
Box = tuple[arb, ...]


@dataclass(frozen=True)
class Solutions:
    """The real solutions of a system.

    Attributes
    ----------
    points : a ball for each unknown; each point's box holds exactly one solution.
    complete : whether it is proved that there are no others (in ``region``, if one was given).
    degenerate : whether there are infinitely many complex solutions.
    undecided : boxes that may hold further ones: the region (or everything) if nothing could be
        proved about the rest.
    region : where solutions were sought; None is everywhere.
    """

    points: tuple[Box, ...]
    complete: bool
    degenerate: bool = False
    undecided: tuple[Box, ...] = ()
    region: Box | None = None


def real_solutions(
    equations: Sequence[sp.Expr],
    unknowns: Sequence[sp.Symbol],
    *,
    region: Sequence[arb] | None = None,
    bits: int = _BITS,
) -> Solutions:
    """Find all real solutions of as many equations as unknowns.

    Parameters
    ----------
    equations : rational functions of the unknowns with rational coefficients, to vanish
        together. Points at which a denominator vanishes are no solutions.
    unknowns : the symbols.
    region : an interval for each unknown, closed, to which the solutions are restricted.
    bits : precision; enclosures are narrower than 30 digits from the default on.

    Raises
    ------
    DerivationError
        If an equation is not rational in the unknowns, or the numbers do not match.
    """
    from eqsolve.arithmetic.function import Function  # for callers that use SymPy

    if len(equations) != len(unknowns):
        raise DerivationError(
            f"{len(equations)} equations for {len(unknowns)} unknowns.", stage="systems"
        )
    above: list[Polynomial] = []
    below: list[Polynomial] = []
    for equation in equations:
        try:
            rational = Rational(Function([equation], unknowns))
        except DerivationError:
            rational = None
        if rational is None or rational.elementary:
            raise DerivationError(
                f"{equation} is not a rational function of {', '.join(map(str, unknowns))} with"
                " rational coefficients.",
                stage="systems",
            )
        (fraction,) = rational.functions
        above.append(terms(fraction.above))
        for factor, _ in fraction.below.factor()[1]:
            if terms(factor) not in below:
                below.append(terms(factor))
    return real_zeros(above, below, len(unknowns), region=region, bits=bits)


def real_zeros(
    above: Sequence[Polynomial],
    below: Sequence[Polynomial],
    size: int,
    *,
    region: Sequence[arb] | None = None,
    bits: int = _BITS,
    search: bool = True,
) -> Solutions:
    """Find all real common zeros of polynomials at which others do not vanish.

    Parameters
    ----------
    above : as many polynomials as unknowns.
    below : those that may not vanish.
    size : the number of unknowns.
    region, bits : as for :func:`real_solutions`.
    search : whether Newton's method looks for solutions where nothing is eliminated.
    """
    box = None if region is None else tuple(region)
    with ctx.workprec(bits + 20):
        function = code_of(above, range(size))
        algebra = quotient(list(above), size)
        if isinstance(algebra, Infinite) and below:
            # The numerators have more zeros than the equations: one over the denominators is added.
            raised = [{(*e, 0): c for e, c in p.items()} for p in above]
            raised.append(_inverse(below, size))
            algebra = quotient(raised, size + 1)
        if isinstance(algebra, Infinite):
            divisors = code_of(below, range(size))
            starts = _STARTS if search else 0
            found = [
                point
                for point in _searched(function, box or (arb(0, _REACH),) * size, bits, starts)
                if not any(value.contains(0) for value in divisors(point))
            ]
            kept, undecided = _restricted(found, box)
            rest = box or (arb(0, arb("inf")),) * size
            return Solutions(kept, False, algebra.proved, (*undecided, rest), box)
        # If an inverse was added, no zero of a denominator is left.
        divisible = [] if len(algebra.factors) > size else list(below)
        basis, factors = _without_zeros(algebra, divisible)
        found, boxes = _all_points(algebra, basis, factors, function, bits)
        kept, undecided = _restricted(found, box)
        boxes = [b for b in boxes if box is None or all(r.overlaps(x) for r, x in zip(box, b))]
        complete = not undecided and not boxes
        return Solutions(kept, complete, False, (*undecided, *boxes), box)


def _inverse(factors: Sequence[Polynomial], size: int) -> Polynomial:
    """The product of all factors and one more unknown, less 1."""
    product: Polynomial = {(*(0,) * size, 1): fmpq(1)}
    for factor in factors:
        found: Polynomial = {}
        for first, a in product.items():
            for second, b in factor.items():
                monomial = tuple(map(sum, zip(first, (*second, 0))))
                found[monomial] = found.get(monomial, fmpq(0)) + a * b
        product = {e: c for e, c in found.items() if c != 0}
    constant = (0,) * (size + 1)
    product[constant] = product.get(constant, fmpq(0)) - 1
    return product


def _restricted(points: Sequence[Box], region: Box | None) -> tuple[tuple[Box, ...], list[Box]]:
    """Points in the region, and those that may be on its border."""
    if region is None:
        return tuple(points), []
    near = [p for p in points if all(r.overlaps(x) for r, x in zip(region, p))]
    inside = [p for p in near if all(r.contains(x) for r, x in zip(region, p))]
    return tuple(inside), [p for p in near if p not in inside]


def _without_zeros(
    algebra: Quotient, divisors: Sequence[Polynomial]
) -> tuple[fmpq_mat, list[fmpq_mat]]:
    """The part of the quotient that belongs to zeros of no divisor.

    Returns a basis (columns) and the multiplication matrices in it.
    """
    basis, factors = _identity(len(algebra.monomials)), list(algebra.factors)
    for divisor in divisors:
        while basis.ncols():
            image = _value(divisor, factors)
            columns = pivots(image)
            if len(columns) == basis.ncols():
                break
            # The divisor maps out a part of its zeros; the rest is an invariant subspace.
            part = _columns(image, columns)
            factors = [_in_basis(factor, part) for factor in factors]
            basis = basis * part
    return basis, factors


def _value(polynomial: Polynomial, factors: Sequence[fmpq_mat]) -> fmpq_mat:
    """A polynomial of commuting matrices."""
    size = factors[0].nrows()
    powers = {(0,) * len(factors): _identity(size)}

    def power(monomial: Monomial) -> fmpq_mat:
        if monomial not in powers:
            k = next(k for k, exponent in enumerate(monomial) if exponent)
            lower = monomial[:k] + (monomial[k] - 1,) + monomial[k + 1 :]
            powers[monomial] = power(lower) * factors[k]
        return powers[monomial]

    result = fmpq_mat(size, size)
    for monomial, coefficient in polynomial.items():
        result = result + power(monomial) * coefficient
    return result


def _identity(size: int) -> fmpq_mat:
    return fmpq_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])


def _columns(matrix: fmpq_mat, columns: list[int]) -> fmpq_mat:
    entries = [row[c] for row in matrix.tolist() for c in columns]
    return fmpq_mat(matrix.nrows(), len(columns), entries)


def _in_basis(matrix: fmpq_mat, basis: fmpq_mat) -> fmpq_mat:
    """The matrix of a map on an invariant subspace."""
    if basis.ncols() == 0:
        return fmpq_mat(0, 0)
    rows = pivots(basis.transpose())
    square = _columns(basis.transpose(), rows).transpose()
    return square.solve(_columns((matrix * basis).transpose(), rows).transpose())


def _all_points(
    algebra: Quotient,
    basis: fmpq_mat,
    factors: list[fmpq_mat],
    function: Code,
    bits: int,
) -> tuple[list[Box], list[Box]]:
    """Prove the solution of each real root of the form; the boxes of roots where that fails."""
    if basis.ncols() == 0:
        return [], []
    size = len(function.arguments)
    weights, roots = _separated(factors, size, bits)
    form = _combined(factors, weights)
    found: list[Box] = []
    failed: list[Root] = []
    for root in roots:
        point = None
        if root.multiplicity == 1:
            point = _proved(algebra, basis, form, root.value, function, bits)
        if point is None or not _belongs(point, weights, root, roots):
            failed.append(root)
        else:
            found.append(point)
    if not failed:
        return found, []
    return found, _boxes(factors[:size], function, found, bits)


def _separated(factors: list[fmpq_mat], size: int, bits: int) -> tuple[list[int], tuple[Root, ...]]:
    """A linear form of the unknowns whose real roots are simple, if one is found."""
    draw = random.Random(1)
    best: tuple[list[int], tuple[Root, ...]] | None = None
    for _ in range(_FORMS):
        weights = [draw.randint(1, 99) * draw.choice((-1, 1)) for _ in range(size)]
        characteristic = _combined(factors, weights).charpoly()
        roots = polynomial_roots(characteristic.coeffs(), bits=bits).roots
        if best is None or len(roots) > len(best[1]):
            best = weights, roots
        if all(root.multiplicity == 1 for root in roots):
            break
    assert best is not None
    return best


def _combined(factors: list[fmpq_mat], weights: list[int]) -> fmpq_mat:
    result = factors[0] * weights[0]
    for factor, weight in zip(factors[1:], weights[1:]):
        result = result + factor * weight
    return result


def _belongs(point: Box, weights: list[int], root: Root, roots: Sequence[Root]) -> bool:
    value = sum((x * w for x, w in zip(point, weights)), arb(0))
    return all(value.overlaps(other.value) == (other is root) for other in roots)


def _proved(
    algebra: Quotient, basis: fmpq_mat, form: fmpq_mat, root: arb, function: Code, bits: int
) -> Box | None:
    """Find the solution of a simple root by its eigenvector, and prove it."""
    size = len(function.arguments)
    precision = 2 * bits
    while precision <= _MOST_BITS:
        with ctx.workprec(precision):
            # Inverse iteration at a shift from the root of half the precision.
            count = form.nrows()
            shift = root.mid() + arb(2) ** (-precision // 3)
            matrix = arb_mat(form) - arb_mat(_identity(count)) * shift
            vector = arb_mat([[arb(1) / (k + 1)] for k in range(count)])
            try:
                for _ in range(3):
                    vector = matrix.solve(vector).mid()
                    largest = max((abs(x) for x in vector.entries()), key=float)
                    vector = (vector * (1 / largest)).mid()
            except (ZeroDivisionError, ValueError):
                precision *= 2
                continue
            values = arb_mat(basis) * vector
            scale = values[len(algebra.monomials) - 1, 0]
            images = [arb_mat(factor) * values for factor in algebra.factors[:size]]
            start = [image[len(algebra.monomials) - 1, 0] / scale for image in images]
        if all(x.is_finite() for x in start):
            with ctx.workprec(bits):
                found = solution_near(function, start)
            if found is not None:
                return tuple(found)
        precision *= 2
    return None


def _boxes(factors: list[fmpq_mat], function: Code, found: list[Box], bits: int) -> list[Box]:
    """Where else a solution could be: at real roots of each unknown by itself."""
    boxes: list[Box] = [()]
    for factor in factors:
        roots = polynomial_roots(factor.charpoly().coeffs(), bits=bits).roots
        boxes = [(*box, root.value) for box in boxes for root in roots]
        if len(boxes) > _MOST_BOXES:
            return [(arb(0, arb("inf")),) * len(factors)]
    with ctx.workprec(bits):
        boxes = [b for b in boxes if all(value.contains(0) for value in function(b))]
        return [b for b in boxes if not any(_same(function, b, f) for f in found)]


def _same(function: Code, box: Box, point: Box) -> bool:
    """Whether a box around a proved solution is shown to hold no other."""
    if not all(x.overlaps(y) for x, y in zip(box, point)):
        return False
    hull = [x.union(y) for x, y in zip(box, point)]
    smallest = arb(2) ** (8 - int(ctx.prec))
    radius = [2 * x.rad() + smallest * (1 + abs(x.mid())) for x in hull]
    return krawczyk(function, hull, radius) is not None


def _searched(function: Code, region: Box, bits: int, starts: int) -> list[Box]:
    """Solutions that Newton's method finds from many starts, each proved; others may be missed."""
    draw = random.Random(2)
    found: list[Box] = []
    for _ in range(starts):
        # Half of the starts are spread evenly, half crowd around the middle.
        crowd = draw.choice((1.0, 10 ** draw.uniform(-4, 0)))
        start = [r.mid() + r.rad() * (crowd * draw.uniform(-1, 1)) for r in region]
        with ctx.workprec(bits):
            point = solution_near(function, start)
        if point is not None and not any(
            all(x.overlaps(y) for x, y in zip(point, other)) for other in found
        ):
            found.append(tuple(point))
    return found
