"""What a comparison may cost: estimated before anything is expanded."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import sympy as sp

from eqsolve.latex.grammar.tokens import Unreadable

#: Bounds of numerators and denominators: terms, degree, bits of numbers; and nodes of the tree.
MAX_TERMS, MAX_DEGREE, MAX_BITS, MAX_NODES = 5_000, 100, 2_000, 20_000
_MORE = MAX_TERMS + 1


@dataclass
class _Size:
    """Bounds of a fraction: terms above, and what is below with its power."""

    terms: int = 1
    degree: int = 0
    bits: int = 1
    below: dict[sp.Expr, int] = field(default_factory=dict)


class Budget:
    """Estimates the sizes of expressions that share parts."""

    def __init__(self) -> None:
        self._sizes: dict[sp.Expr, _Size] = {}
        self._nodes = 0

    def check(self, expression: sp.Expr) -> None:
        """Do nothing if an expression is small enough to be compared.

        Raises
        ------
        Unreadable
            If it is not: ``too large`` and what of it.
        """
        size = self._size(expression)
        below = [(self._size(e), k) for e, k in size.below.items()]
        terms = max(size.terms, _capped(s.terms**k for s, k in below))
        degree = max(size.degree, sum(s.degree * k for s, k in below))
        bits = max(size.bits, sum(s.bits * k for s, k in below))
        for value, bound, what in (
            (terms, MAX_TERMS, "terms"),
            (degree, MAX_DEGREE, "as degree"),
            (bits, MAX_BITS, "bits"),
        ):
            if value > bound:
                raise Unreadable(f"too large: more than {bound} {what}")

    def _size(self, e: sp.Expr) -> _Size:
        if e not in self._sizes:
            self._nodes += 1
            if self._nodes > MAX_NODES:
                raise Unreadable(f"too large: more than {MAX_NODES} nodes")
            self._sizes[e] = self._sized(e)
        return self._sizes[e]

    def _sized(self, e: sp.Expr) -> _Size:
        if isinstance(e, sp.Rational):
            return _Size(bits=max(int(e.p).bit_length(), int(e.q).bit_length()))
        if isinstance(e, sp.Add):
            return self._sum([self._size(a) for a in e.args])
        if isinstance(e, sp.Mul):
            return self._product([self._size(a) for a in e.args])
        if isinstance(e, sp.Pow) and isinstance(e.exp, sp.Integer):
            return self._power(e.base, int(e.exp))
        return _Size(degree=1)

    def _sum(self, parts: list[_Size]) -> _Size:
        below: dict[sp.Expr, int] = {}
        for part in parts:
            for base, power in part.below.items():
                below[base] = max(below.get(base, 0), power)
        result = _Size(0, 0, 1, below)
        for part in parts:
            lacking = [(self._size(b), k - part.below.get(b, 0)) for b, k in below.items()]
            terms = _capped([part.terms, *(s.terms**k for s, k in lacking if k < MAX_DEGREE)])
            result.terms = min(result.terms + terms, _MORE)
            result.degree = max(result.degree, part.degree + sum(s.degree * k for s, k in lacking))
            result.bits = max(result.bits, part.bits + sum(s.bits * k for s, k in lacking)) + 1
        return result

    def _product(self, parts: list[_Size]) -> _Size:
        below: dict[sp.Expr, int] = {}
        for part in parts:
            for base, power in part.below.items():
                below[base] = below.get(base, 0) + power
        return _Size(
            _capped(part.terms for part in parts),
            sum(part.degree for part in parts),
            sum(part.bits for part in parts),
            below,
        )

    def _power(self, base: sp.Expr, exponent: int) -> _Size:
        inner = self._size(base)
        power = abs(exponent)
        if power > MAX_DEGREE:
            return _Size(_MORE, MAX_DEGREE + 1, MAX_BITS + 1)
        if exponent > 0:
            below = {b: k * power for b, k in inner.below.items()}
            terms = min(math.comb(inner.terms + power - 1, power), _MORE)
            return _Size(terms, inner.degree * power, inner.bits * power, below)
        over = [(self._size(b), k * power) for b, k in inner.below.items()]
        return _Size(
            _capped(s.terms**k if k < MAX_DEGREE else _MORE for s, k in over),
            sum(s.degree * k for s, k in over),
            sum(s.bits * k for s, k in over) + 1,
            {base: power},
        )


def _capped(factors: Iterable[int]) -> int:
    """A product, or one more than what is allowed."""
    result = 1
    for factor in factors:
        result = min(result * factor, _MORE)
    return result
