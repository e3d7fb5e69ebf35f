"""Where solutions of a game merge, in closed form: discriminant and cusps of its polynomial."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import sympy as sp
from flint import arb, fmpq, fmpq_mpoly

from eqsolve.arithmetic.algebra import Ring
from eqsolve.arithmetic.elimination import Polynomial
from eqsolve.arithmetic.rational import terms, value
from eqsolve.arithmetic.roots import polynomial_roots
from eqsolve.arithmetic.systems import real_zeros

Solutions = Callable[[Sequence[Fraction]], "list[float] | None"]
#: Points at which factors are looked at, and how many with real roots tell whose they are.
POINTS, ENOUGH = 150, 5


@dataclass(frozen=True)
class Cusp:
    """Where three solutions merge.

    Attributes
    ----------
    at : both coordinates.
    root : the unknown there.
    equations : for each coordinate a polynomial over the rationals, irreducible, that has it as a
        root.
    """

    at: Mapping[str, float]
    root: float
    equations: Mapping[str, sp.Expr]


@dataclass(frozen=True)
class Locus:
    """The plane of two coordinates, divided by the curves on which solutions merge.

    Attributes
    ----------
    coordinates : two symbols.
    root : the unknown.
    polynomial : in the unknown and the coordinates, without common factors.
    region : of each coordinate the least and the largest value; cusps are sought there.
    left_out : irreducible factors whose roots are no solutions, as where a formula of the solution
        divides by 0 in the whole plane.
    """

    coordinates: tuple[sp.Symbol, sp.Symbol]
    root: sp.Symbol
    polynomial: sp.Expr
    region: tuple[tuple[float, float], tuple[float, float]]
    left_out: tuple[sp.Expr, ...] = ()

    @staticmethod
    def of(
        coefficients: Sequence[sp.Expr],
        root: sp.Symbol,
        values: Mapping[sp.Symbol, sp.Expr],
        coordinates: tuple[sp.Symbol, sp.Symbol],
        region: tuple[tuple[float, float], tuple[float, float]],
        solutions: Solutions | None = None,
    ) -> Locus:
        """The plane of a polynomial's coefficients at exact values of its parameters.

        Parameters
        ----------
        coefficients : from the highest power.
        values : of every other parameter, rational functions of the coordinates.
        solutions : the unknown of every solution at a point, None where that is not decided; tells
            factors of the polynomial that belong to solutions from others.
        """
        powers = range(len(coefficients) - 1, -1, -1)
        spelled = [c.xreplace(dict(values)) for c in coefficients]
        whole = sp.Add(*(c * root**k for c, k in zip(spelled, powers)))
        ring = Ring.of(whole, [*coordinates, root])
        place = ring.places[root]
        powers_of = {
            ring.expression(factor): power
            for factor, power in ring.ratio(whole).numerator.factor()[1]
            if int(factor.degrees()[place]) > 0
        }
        alien: tuple[sp.Expr, ...] = ()
        if solutions is not None and len(powers_of) > 1:
            alien = _aliens([*powers_of], root, coordinates, region, solutions)
        kept = sp.Mul(*(f**power for f, power in powers_of.items() if f not in alien))
        return Locus(coordinates, root, kept, region, alien)

    @cached_property
    def _ring(self) -> Ring:
        return Ring.of(self.polynomial, [*self.coordinates, self.root])

    @cached_property
    def factors(self) -> tuple[tuple[sp.Expr, int], ...]:
        """The irreducible factors of the discriminant, with their multiplicities.

        The number of real solutions changes where a factor of odd multiplicity changes its sign.
        """
        ring = self._ring
        found = _resultant(ring, self._slopes[0], self._slopes[1], self.root)
        lead = ring.coefficients(self._slopes[0], self.root)[-1]
        quotient, rest = divmod(found, lead)
        assert rest.is_zero(), "the resultant with the derivative has the leading coefficient"
        return tuple(ring.factors(quotient)[1])

    @property
    def discriminant(self) -> sp.Expr:
        """What changes its sign where two solutions merge: the factors of odd multiplicity."""
        return sp.Mul(*(factor for factor, power in self.factors if power % 2))

    @cached_property
    def _slopes(self) -> tuple[fmpq_mpoly, fmpq_mpoly, fmpq_mpoly]:
        """The polynomial and its derivatives in the unknown."""
        whole = self._ring.polynomial(self.polynomial)
        place = self._ring.places[self.root]
        first = whole.derivative(place)
        return whole, first, first.derivative(place)

    @property
    def cusps(self) -> tuple[Cusp, ...]:
        """Where three solutions merge in the region; none of a quadratic polynomial."""
        return self._found[0]

    @property
    def complete(self) -> bool:
        """Whether it is proved that there are no other cusps in the region."""
        return self._found[1]

    @cached_property
    def _found(self) -> tuple[tuple[Cusp, ...], bool]:
        ring, whole = self._ring, self._slopes[0]
        names = (*self.coordinates, self.root)
        if len(ring.coefficients(whole, self.root)) < 4:
            return (), True
        places = [ring.places[s] for s in names]

        def read(polynomial: fmpq_mpoly) -> Polynomial:
            return {tuple(e[k] for k in places): c for e, c in terms(polynomial).items()}

        # where the leading coefficient vanishes, a solution is infinite
        lead = ring.coefficients(whole, self.root)[-1]
        below = [] if lead.is_constant() else [read(lead)]
        box = [arb((low + high) / 2, (high - low) / 2) for low, high in self.region]
        found = real_zeros([*map(read, self._slopes)], below, 3, region=[*box, arb(0, arb("inf"))])
        return tuple(map(self._cusp, found.points)), found.complete

    def _cusp(self, point: Sequence[arb]) -> Cusp:
        x, y = self.coordinates
        minimal = {
            own.name: self._minimal(own, other, ball)
            for own, other, ball in ((x, y, point[0]), (y, x, point[1]))
        }
        at = {s.name: float(ball.mid()) for s, ball in zip(self.coordinates, point)}
        return Cusp(at, float(point[2].mid()), minimal)

    def _minimal(self, own: sp.Symbol, other: sp.Symbol, ball: arb) -> sp.Expr:
        """The irreducible polynomial that a coordinate of a cusp solves."""
        ring = self._ring
        candidates = self._eliminated(own, other)
        zeros = [
            f
            for f in candidates
            if value(f, [ball if s == own else arb(0) for s in ring.symbols]).contains(0)
        ]
        return ring.expression(zeros[0]) if len(zeros) == 1 else sp.S.Zero

    def _eliminated(self, own: sp.Symbol, other: sp.Symbol) -> list[fmpq_mpoly]:
        """Factors in one coordinate, one of which vanishes at every cusp."""
        ring, (whole, first, second) = self._ring, self._slopes
        one = _without_common(_resultant(ring, first, second, self.root), ring, whole, self.root)
        two = _resultant(ring, whole, second, self.root)
        common = one.gcd(two)
        found = _resultant(ring, one / common, two / common, other)
        place = ring.places[own]
        pairs = [*found.factor()[1], *common.factor()[1]]
        return [f for f, _ in pairs if int(f.degrees()[place]) > 0]


def _aliens(
    factors: Sequence[sp.Expr],
    root: sp.Symbol,
    coordinates: Sequence[sp.Symbol],
    region: Sequence[tuple[float, float]],
    solutions: Solutions,
) -> tuple[sp.Expr, ...]:
    """The factors that have real roots at points of the region, none of which is a solution.

    That a root of an irreducible factor is a solution are equations: they hold at all its roots, or
    at none of a point that is not special.
    """
    rows = [sp.Poly(factor, root).all_coeffs()[::-1] for factor in factors]
    met: Counter[int] = Counter()
    owned: set[int] = set()
    for k in range(1, POINTS + 1):
        parts = (Fraction(2 * k - 1, 2 * POINTS), Fraction(89 * k % 233, 233))
        point = [Fraction(a) + (Fraction(b) - Fraction(a)) * f for (a, b), f in zip(region, parts)]
        exact = {s: sp.Rational(v.numerator, v.denominator) for s, v in zip(coordinates, point)}
        real = []
        for number, row in enumerate(rows):
            exact_row = [c.xreplace(exact) for c in row]
            roots = polynomial_roots([fmpq(int(c.p), int(c.q)) for c in exact_row]).roots
            real += [(float(r.value.mid()), number) for r in roots]
        wanted = {number for _, number in real if met[number] < ENOUGH} - owned
        found = solutions(point) if wanted else None
        if found is not None:
            met.update({number for _, number in real})
            owned |= {min(real, key=lambda pair: abs(pair[0] - own))[1] for own in found}
    return tuple(f for number, f in enumerate(factors) if met[number] and number not in owned)


def _without_common(
    resultant: fmpq_mpoly, ring: Ring, whole: fmpq_mpoly, root: sp.Symbol
) -> fmpq_mpoly:
    """A resultant without factors of the leading coefficient."""
    lead = ring.coefficients(whole, root)[-1]
    for factor, _ in lead.factor()[1]:
        while not factor.is_constant():
            quotient, rest = divmod(resultant, factor)
            if not rest.is_zero():
                break
            resultant = quotient
    return resultant


def _resultant(ring: Ring, one: fmpq_mpoly, two: fmpq_mpoly, symbol: sp.Symbol) -> fmpq_mpoly:
    return one.resultant(two, ring.places[symbol])


def rational(expression: sp.Expr) -> sp.Expr:
    """A formula with its decimals as exact fractions."""
    return expression.xreplace({f: sp.Rational(str(f)) for f in expression.atoms(sp.Float)})
