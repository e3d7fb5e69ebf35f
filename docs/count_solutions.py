"""How many solutions equations can have: a part of check_certificate.py, without eqsolve.

Needs python-flint (exact polynomials and matrices) and nothing else; certificates.md explains it.
"""

import operator
from functools import reduce
from itertools import combinations, product
from math import comb

from flint import arb, fmpq, fmpq_mat, fmpq_mpoly_ctx
from flint.utils.flint_exceptions import DomainError

INFIX = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv}
#: Most monomials up to the degree to which polynomials are multiplied.
LARGEST = 500


def ratio(text):
    return fmpq(*map(int, text.split("/")))


def number(text):
    return arb.pi() if text == "pi" else arb(ratio(text))


def run(code, values, lift=number, apply=lambda n, *v: INFIX.get(n, lambda x: getattr(x, n)())(*v)):
    """The outputs of a straight-line program in any ring, by the operations that they need."""
    first = len(code["arguments"]) + len(code["constants"])
    steps, needed = [*enumerate(code["steps"], first)], {*code["outputs"]}
    for node, (_, *places) in reversed(steps):
        needed |= {*places} if node in needed else set()
    nodes = dict(enumerate(values[name] for name in code["arguments"]))
    nodes |= {k: lift(c) for k, c in enumerate(code["constants"], len(nodes)) if k in needed}
    for node, (name, *places) in steps:
        nodes[node] = apply(name, *(nodes[k] for k in places)) if node in needed else None
    return [nodes[k] for k in code["outputs"]]


def polynomials(code, names, exact):
    """The outputs as polynomials of unknowns; None if they are not."""
    ring = fmpq_mpoly_ctx.get(names, "degrevlex")
    values = {k: ring.constant(v) for k, v in exact.items()} | dict(zip(names, ring.gens()))
    try:
        return run(code, values, lambda c: ring.constant(ratio(c)), lambda n, *v: INFIX[n](*v))
    except (KeyError, ValueError, DomainError):
        return None


def real_roots(poly):
    """How many real roots a polynomial has, with multiplicity, by Sturm's chains."""
    chain = [poly, poly.derivative()]
    while chain[-1]:
        rest = -(chain[-2] % chain[-1])
        chain.append(rest / abs(rest[rest.degree()]) if rest else rest)
    ends = [[p[p.degree()] * sign ** p.degree() for p in chain if p] for sign in (-1, 1)]
    found = int.__sub__(*(sum(a * b < 0 for a, b in zip(end, end[1:])) for end in ends))
    return found + (real_roots(chain[-2]) if chain[-2].degree() > 0 else 0)


def echelon(rows):
    """The rows of the reduced echelon form, by the columns of their pivots."""
    matrix, rank = fmpq_mat(rows).rref()
    return {next(j for j, v in enumerate(row) if v): row for row in matrix.tolist()[:rank]}


def multiplied(polys, places):
    """Matrices of the unknowns: at a common zero the values of some monomials are an eigenvector.

    Multiples of the polynomials, in echelon form, say what a monomial of some degree is in lower
    ones; the monomials are those that are left. None if there would be too many, or other unknowns.
    """
    if any(d > 0 and k not in places for p in polys for k, d in enumerate(p.degrees())):
        return None
    tables = [{tuple(m[k] for k in places): c for m, c in p.terms()} for p in polys if p]
    size, found, left = len(places), [], None
    degree = max((sum(m) for table in tables for m in table), default=LARGEST)
    while left != []:
        if comb(degree + size, size) > LARGEST:
            return None
        every = [m for m in product(range(degree + 1), repeat=size) if sum(m) <= degree]
        place = {m: k for k, m in enumerate(sorted(every, key=lambda m: (-sum(m), m)))}
        rows = []
        for table, by in product(tables, every):
            if sum(by) + max(map(sum, table)) <= degree:
                moved = {place[tuple(map(sum, zip(m, by)))]: c for m, c in table.items()}
                rows.append([moved.get(k, 0) for k in range(len(place))])
        known, before = echelon(rows), left
        free = [m for m, k in place.items() if k not in known]
        if gaps := {*range(degree + 1)} - {*map(sum, free)}:
            left = [m for m in free if sum(m) < min(gaps)]
            if left == before:
                break
        degree += 1 + degree // 4
    for way in range(size):
        rows = []
        for m in left:
            k = place[tuple(e + (i == way) for i, e in enumerate(m))]
            rows += [-known[k][place[b]] if k in known else int(place[b] == k) for b in left]
        found.append(fmpq_mat(len(left), len(left), rows))
    return found


def at_most(polys, divisors, places):
    """A bound of the number of real common zeros where no divisor vanishes; None if none is shown.

    There the eigenvector is in the range of a divisor's matrix: others are left out.
    """
    if (times := multiplied(without(polys, divisors), places)) is None:
        return None
    for divisor in divisors:
        while rank := times[0].nrows():
            one = fmpq_mat(rank, rank, [int(i == j) for i in range(rank) for j in range(rank)])
            value = one * 0
            for m, c in divisor.terms():
                value += reduce(operator.mul, (t ** m[k] for t, k in zip(times, places)), one * c)
            basis = echelon(value.transpose().tolist())
            if len(basis) == rank:
                break
            rows = fmpq_mat(len(basis), rank, [v for row in basis.values() for v in row])
            moved = [(rows * t.transpose()).transpose().tolist() for t in times]
            times = [fmpq_mat([m[k] for k in basis]) if basis else fmpq_mat(0, 0) for m in moved]
    form = reduce(operator.add, (t * (3 * k + 1) for k, t in enumerate(times)))
    return real_roots(form.charpoly()) if form.nrows() else 0


def determinant(rows):
    """Of polynomials, by the first row."""
    if len(rows) == 1:
        return rows[0][0]
    below = ([row[:j] + row[j + 1 :] for row in rows[1:]] for j in range(len(rows)))
    terms = (f * determinant(b) * (-1) ** j for j, (f, b) in enumerate(zip(rows[0], below)) if f)
    return sum(terms, rows[0][0] * 0)


def minors(rows, size, columns):
    """Determinants of as many rows and columns."""
    chosen = product(combinations(rows, size), combinations(columns, size))
    return [determinant([[row[k] for k in where] for row in some]) for some, where in chosen]


def inserted(poly, places, above, below):
    """A polynomial with unknowns at above/below, times a power of below; its factors left out."""
    terms = [(m, sum(m[k] for k in places), c) for m, c in poly.terms()]
    total, highest = poly * 0, max((degree for _, degree, _ in terms), default=0)
    for m, degree, c in terms:
        rest = poly.context().from_dict({tuple(e * (k not in places) for k, e in enumerate(m)): c})
        factors = (v ** m[k] for k, v in zip(places, above))
        total += reduce(operator.mul, factors, rest) * below ** (highest - degree)
    while total and not (common := total.gcd(below)).is_constant():
        total /= common
    return total


def without(polys, divisors):
    """Polynomials without the factors that they share with divisors."""
    return [reduce(lambda p, d: inserted(p, [], [], d), divisors, p) for p in polys]


def bound(polys, core, stages, apart=()):
    """A bound of the number of solutions of a group of equations at one of earlier groups.

    All unknowns but the first ones are found from their own equations, in stages, by Cramer's
    rule; no solution is where a determinant vanishes. At the last stage the equations that are
    left are added: too many for its unknowns, so that all largest minors vanish.

    Parameters
    ----------
    polys : by the place of the unknown.
    core, stages : places of the first unknowns, and of the others.
    apart : an unknown, with what is first and the stages where it is zero: counted by themselves.
    """
    divisors, left, more = [], [*polys.values()], 0
    for place, *parts in apart:
        ring = left[0].context()
        zero = [g * (k != place) for k, g in enumerate(ring.gens())]
        there = {k: p.compose(*zero, ctx=ring) for k, p in polys.items()}
        if (found := bound(there, *parts)) is not None:
            divisors, more = [*divisors, ring.gen(place)], more + found
    while stages:
        stage, *stages = stages
        size, first = len(stage), dict.fromkeys(stage) | dict.fromkeys(polys)
        rows = [polys[place] for place in first]
        slopes = [[p.derivative(place) for place in stage] for p in rows]
        affine = [not any(f.degrees()[k] > 0 for f in row for k in stage) for row in slopes]
        if not all(affine[:size]):
            return None
        if not core:
            return 1 if size == len(polys) else None  # affine, and regular at every solution
        right = [-inserted(p, stage, [p * 0] * size, p * 0 + 1) for p in rows]
        whole = [[*row, f] for row, f in zip(slopes, right)]
        if stages or not all(affine):
            above = [
                determinant([[*r[:k], r[-1], *r[k + 1 : -1]] for r in whole[:size]])
                for k in range(size)
            ]
            below = determinant([row[:-1] for row in whole[:size]])
            tries = ([below, *above], core), ([below, *above, *rows[:size]], [*core, *stage])
            if all(at_most(some, divisors, places) != 0 for some, places in tries):
                if not stages:
                    return None
                stages = [[*stage, *(place for later in stages for place in later)]]
                continue  # what it leaves open, the other equations may settle
            polys = {k: inserted(polys[k], stage, above, below) for k in polys if k not in stage}
            left, divisors = [*polys.values()], [*divisors, *(p for p, _ in below.factor()[1])]
        else:
            left = minors(whole, size + 1, range(size + 1))
            lower = minors(whole, size, range(size))
            common = reduce(lambda p, q: p.gcd(q), [*without(left, divisors), *lower])
            if not common.is_constant():
                # there the unknowns have fewer independent columns, with the right side or without
                some = [common, *lower, *minors(whole, size, range(size + 1))]
                if at_most(some, divisors, core) != 0:
                    return None
                divisors = [*divisors, common]
    return None if (found := at_most(left, divisors, core)) is None else found + more
