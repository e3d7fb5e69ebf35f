"""Polynomial systems turned into linear algebra: the finite quotient of a ring by an ideal.

Multiples of the equations up to a degree are brought to echelon form over the rationals, so every
row is a consequence of the equations (D. Lazard, Groebner bases, Gaussian elimination and
resolution of systems of algebraic equations, 1983). When the leading monomials leave only
finitely many others, those span the quotient, and at each complex solution their values are an
eigenvector of every multiplication matrix. So no solution is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flint import fmpq, fmpq_mat, nmod_mat

Monomial = tuple[int, ...]
Polynomial = dict[Monomial, fmpq]

#: Independent rows are chosen modulo this prime; the arithmetic is exact.
_PRIME = 2**61 - 1
#: Monomials beyond which an elimination is given up.
_LARGEST = 900


@dataclass(frozen=True)
class Quotient:
    """The quotient of a polynomial ring by an ideal with finitely many zeros.

    Attributes
    ----------
    monomials : those that span it, the constant last.
    factors : for each unknown the matrix whose row k expresses it times monomial k.
    """

    monomials: tuple[Monomial, ...]
    factors: tuple[fmpq_mat, ...]


@dataclass(frozen=True)
class Infinite:
    """The ideal has infinitely many complex zeros (``proved``), or its elimination was given up."""

    proved: bool


def quotient(polynomials: Sequence[Polynomial], unknowns: int) -> Quotient | Infinite:
    """Return the quotient of the ring by the ideal that some polynomials generate.

    Independence is decided modulo a large prime; a wrong decision could only make the quotient
    too large, or call a system infinite.
    """
    basis = [p for p in polynomials if p]
    if any(_degree(p) == 0 for p in basis):
        return Quotient((), tuple(fmpq_mat(0, 0) for _ in range(unknowns)))
    if not basis:
        return Infinite(True)
    degree = max(map(_degree, basis))
    rows, basis = basis, []
    # Leading monomials of the rows whose multiples are among the rows.
    multiplied: set[Monomial] = set()
    while True:
        columns = list(_monomials(unknowns, degree))
        if len(columns) > _LARGEST:
            return Infinite(False)
        # Multiples may cancel to a lower degree, and then have multiples themselves.
        while rows:
            basis = _extended(basis, rows, columns)
            # Those of the lowest degree come first: they make the coefficients small.
            fresh = {m: p for p in basis if (m := next(iter(p))) not in multiplied}
            lowest = min(map(sum, fresh), default=degree)
            chosen = {m: p for m, p in fresh.items() if sum(m) == lowest < degree}
            rows = [
                {_raised(m, k): c for m, c in p.items()}
                for p in chosen.values()
                for k in range(unknowns)
            ]
            multiplied |= set(chosen)
        leading = [next(iter(p)) for p in basis]
        if any(sum(m) == 0 for m in leading):
            return Quotient((), tuple(fmpq_mat(0, 0) for _ in range(unknowns)))
        minimal, standard = _divided(leading, columns)
        finite = all(any(m[k] == sum(m) for m in minimal) for k in range(unknowns))
        if finite and max(map(sum, standard)) < degree:
            return _matrices(standard, basis, unknowns)
        # All pairs of leading monomials are covered: this is a Groebner basis.
        pairs = max(sum(map(max, a, b)) for a in minimal for b in minimal)
        if not finite and pairs <= degree:
            return Infinite(True)
        degree += 1
        rows = [{}]


def _matrices(standard: list[Monomial], basis: list[Polynomial], unknowns: int) -> Quotient:
    rows = {next(iter(p)): p for p in basis}
    number = {m: k for k, m in enumerate(standard)}
    factors = []
    for unknown in range(unknowns):
        matrix = fmpq_mat(len(standard), len(standard))
        for k, monomial in enumerate(standard):
            raised = _raised(monomial, unknown)
            if raised in number:
                matrix[k, number[raised]] = 1
                continue
            # The echelon form is reduced: below the leading monomial all are standard.
            for other, coefficient in rows[raised].items():
                if other != raised:
                    matrix[k, number[other]] = -coefficient
        factors.append(matrix)
    return Quotient(tuple(standard), tuple(factors))


def _extended(
    basis: list[Polynomial], rows: list[Polynomial], columns: list[Monomial]
) -> list[Polynomial]:
    """The reduced echelon form of a reduced one and further rows."""
    new = _independent(basis, rows, columns)
    pivots = [next(iter(p)) for p in basis]
    known = set(pivots)
    others = [m for m in columns if m not in known]
    # The old rows are [1 C] and the new ones [A B]: what they add is B - A C.
    old = _matrix(basis, others)
    # They are independent, so its echelon form is the solution of a linear system, which needs
    # no long intermediate numbers.
    table: list[list[fmpq]] = []
    if new:
        table = (_matrix(new, others) - _matrix(new, pivots) * old).tolist()
        leading = _pivots(_images(table))
        square = fmpq_mat([[row[j] for j in leading] for row in table])
        table = square.solve(fmpq_mat(table)).tolist()
    added = [{m: c for m, c in zip(others, row) if c != 0} for row in table]
    leads = [next(iter(p)) for p in added]
    if added:
        old = old - _matrix(basis, leads) * fmpq_mat(table)
    result = added + [
        {pivot: fmpq(1)} | {m: c for m, c in zip(others, row) if c != 0}
        for pivot, row in zip(pivots, old.tolist())
    ]
    place = {m: k for k, m in enumerate(columns)}
    return sorted(result, key=lambda p: place[next(iter(p))])


def _independent(
    basis: list[Polynomial], rows: list[Polynomial], columns: list[Monomial]
) -> list[Polynomial]:
    """Rows that are independent of each other and of the basis modulo a prime."""
    everything = basis + rows
    place = {m: k for k, m in enumerate(columns)}
    images = nmod_mat(len(columns), len(everything), _PRIME)
    for j, row in enumerate(everything):
        for monomial, coefficient in row.items():
            images[place[monomial], j] = _image(coefficient)
    return [everything[j] for j in _pivots(images) if j >= len(basis)]


def pivots(matrix: fmpq_mat) -> list[int]:
    """Return as many independent columns of a matrix as its rank, which is exact."""
    found = _pivots(_images(matrix.tolist())) if matrix.nrows() and matrix.ncols() else []
    if len(found) == matrix.rank():
        return found
    echelon, rank = matrix.rref()
    return [next(j for j in range(matrix.ncols()) if echelon[i, j] != 0) for i in range(rank)]


def _pivots(matrix: nmod_mat) -> list[int]:
    """The columns in which the echelon form of a matrix has its pivots."""
    echelon, rank = matrix.rref()
    pivots: list[int] = []
    for column in range(matrix.ncols()):
        if len(pivots) < rank and int(echelon[len(pivots), column]):
            pivots.append(column)
    return pivots


def _images(table: list[list[fmpq]]) -> nmod_mat:
    return nmod_mat([[_image(x) for x in row] for row in table], _PRIME)


def _image(value: fmpq) -> int:
    """A rational number modulo the prime."""
    below = int(value.q)
    above = int(value.p) % _PRIME
    return above if below == 1 else above * pow(below, -1, _PRIME) % _PRIME


def _matrix(rows: list[Polynomial], columns: list[Monomial]) -> fmpq_mat:
    place = {m: k for k, m in enumerate(columns)}
    result = fmpq_mat(len(rows), len(columns))
    for i, row in enumerate(rows):
        for monomial, coefficient in row.items():
            if monomial in place:
                result[i, place[monomial]] = coefficient
    return result


def _monomials(unknowns: int, degree: int) -> Iterator[Monomial]:
    """All monomials up to a degree, descending in the graded reverse lexicographic order."""

    def of_degree(left: int, count: int) -> list[Monomial]:
        if count == 1:
            return [(left,)]
        return [
            (*first, last)
            for last in range(left + 1)
            for first in of_degree(left - last, count - 1)
        ]

    for total in range(degree, -1, -1):
        yield from of_degree(total, unknowns)


def _degree(polynomial: Polynomial) -> int:
    return max(map(sum, polynomial))


def _divided(
    leading: Sequence[Monomial], columns: Sequence[Monomial]
) -> tuple[list[Monomial], list[Monomial]]:
    """Those of some monomials that no other one divides, and what none of them divides.

    ``columns`` are all monomials up to a degree, descending.
    """
    wanted, multiples = set(leading), set()
    minimal: set[Monomial] = set()
    for monomial in reversed(columns):
        lowered = (monomial[:k] + (e - 1,) + monomial[k + 1 :] for k, e in enumerate(monomial) if e)
        if any(m in multiples for m in lowered):
            multiples.add(monomial)
        elif monomial in wanted:
            multiples.add(monomial)
            minimal.add(monomial)
    return [m for m in leading if m in minimal], [c for c in columns if c not in multiples]


def _raised(monomial: Monomial, unknown: int) -> Monomial:
    return monomial[:unknown] + (monomial[unknown] + 1,) + monomial[unknown + 1 :]
