"""Exact decisions about algebraic numbers: arithmetic modulo an irreducible polynomial."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flint import arb, fmpq, fmpq_poly, fmpz_poly


class Residue:
    """An element of Q[p]/(g) with g irreducible: the value of a rational function at a root of g.

    It is zero only if the value is exactly zero. A division by zero gives an undefined element,
    which makes everything computed from it undefined.
    """

    __slots__ = ("value", "modulus")

    def __init__(self, value: fmpq_poly | None, modulus: fmpq_poly) -> None:
        self.value, self.modulus = value, modulus

    @property
    def vanishes(self) -> bool:
        """Whether the element is exactly zero (not if it is undefined)."""
        return self.value is not None and self.value.degree() < 0

    def _other(self, other: Any) -> fmpq_poly | None:
        if isinstance(other, Residue):
            return other.value
        return fmpq_poly([fmpq(other)])

    def _made(self, value: fmpq_poly | None) -> Residue:
        reduced = None if value is None else value % self.modulus
        return Residue(reduced, self.modulus)

    def __add__(self, other: Any) -> Residue:
        a, b = self.value, self._other(other)
        return self._made(None if a is None or b is None else a + b)

    def __sub__(self, other: Any) -> Residue:
        a, b = self.value, self._other(other)
        return self._made(None if a is None or b is None else a - b)

    def __rsub__(self, other: Any) -> Residue:
        return self.__sub__(other).__mul__(-1)

    def __mul__(self, other: Any) -> Residue:
        a, b = self.value, self._other(other)
        return self._made(None if a is None or b is None else a * b)

    def __truediv__(self, other: Any) -> Residue:
        return self.__mul__(self._made(self._other(other))._inverse())

    def __rtruediv__(self, other: Any) -> Residue:
        return self._inverse().__mul__(other)

    __radd__ = __add__
    __rmul__ = __mul__

    def _inverse(self) -> Residue:
        if self.value is None or self.vanishes:
            return Residue(None, self.modulus)
        common, inverse, _ = self.value.xgcd(self.modulus)
        return self._made(inverse / common[0])


def rational(value: float | Fraction) -> fmpq:
    """A double or a fraction as an exact rational number."""
    return fmpq(*value.as_integer_ratio())


def real_roots_with_factors(
    coefficients: list[fmpq],
) -> list[tuple[arb, int, fmpq_poly]]:
    """All real roots, ascending, of a polynomial that is not zero (leading coefficient first).

    Each comes with its multiplicity and with the irreducible factor it belongs to.
    """
    polynomial: fmpz_poly = fmpq_poly(coefficients[::-1]).numer()
    found: list[tuple[arb, int, fmpq_poly]] = []
    for factor, multiplicity in polynomial.factor()[1]:
        pairs: Any = factor.complex_roots()
        for root, _ in pairs:
            if root.imag.is_zero():
                found.append((root.real, int(multiplicity), fmpq_poly(factor)))
    return sorted(found, key=lambda entry: Ascending(entry[0]))


class Ascending:
    """A key that orders balls around different numbers, of any magnitude."""

    def __init__(self, root: arb) -> None:
        self.root = root

    def __lt__(self, other: Ascending) -> bool:
        if self.root < other.root:
            return True
        return bool(not self.root > other.root and self.root.mid() < other.root.mid())
