"""Linear systems over rational functions, possibly with more equations than unknowns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flint import fmpq, fmpq_mpoly

from eqsolve.arithmetic.rational import Fraction


@dataclass(frozen=True)
class Elimination:
    """The solution of a linear system; unknowns are variables of the ring by number.

    Attributes
    ----------
    residuals : numerators of equations that no choice of the unknowns satisfies.
    relations : every unknown that is determined, as a combination of free ones and a constant.
    """

    residuals: tuple[fmpq_mpoly, ...]
    relations: Mapping[int, tuple[Mapping[int, Fraction], Fraction]]

    @property
    def values(self) -> dict[int, Fraction]:
        """Unknowns that depend on no free one."""
        return {u: constant for u, (other, constant) in self.relations.items() if not other}


def is_linear(polynomial: fmpq_mpoly, unknowns: Sequence[int]) -> bool:
    """Whether a polynomial has degree at most one in some variables together."""
    return all(sum(int(e[k]) for k in unknowns) <= 1 for e in polynomial.to_dict())


def eliminate(
    context: Any, polynomials: Sequence[fmpq_mpoly], unknowns: Sequence[int]
) -> Elimination:
    """Solve ``polynomials = 0`` in a ring, linear in the unknowns, by exact elimination."""
    one = context.constant(1)
    rows = []
    for polynomial in polynomials:
        parts: dict[int | None, dict[tuple[int, ...], fmpq]] = {}
        for exponents, coefficient in polynomial.to_dict().items():
            place = next((k for k in unknowns if exponents[k]), None)
            reduced = tuple(0 if k == place else int(e) for k, e in enumerate(exponents))
            parts.setdefault(place, {})[reduced] = coefficient
        constant_term = context.from_dict(parts.pop(None, {}))
        row = {k: Fraction(context.from_dict(p), one) for k, p in parts.items() if k is not None}
        rows.append((row, Fraction(constant_term, one)))
    solved: dict[int, tuple[dict[int, Fraction], Fraction]] = {}
    residuals = []
    # short rows first: they give simple pivots
    for row, rest in sorted(rows, key=lambda pair: len(pair[0])):
        for unknown, (other, constant) in solved.items():
            factor = row.pop(unknown, None)
            if factor is not None:
                for name, value in other.items():
                    row[name] = _plus(row.get(name), factor.apply("mul", value))
                rest = rest.apply("add", factor.apply("mul", constant))
        row = {name: value for name, value in row.items() if not value.above.is_zero()}
        if not row:
            if not rest.above.is_zero():
                residuals.append(rest.above)
            continue
        pivot = min(row, key=lambda name: len(row[name].above.to_dict()))
        taken = row.pop(pivot)
        inverse = Fraction.reduced(taken.below, -taken.above)
        expressed = {name: value.apply("mul", inverse) for name, value in row.items()}
        constant = rest.apply("mul", inverse)
        for unknown, (other, before) in solved.items():
            factor = other.pop(pivot, None)
            if factor is not None:
                for name, value in expressed.items():
                    other[name] = _plus(other.get(name), factor.apply("mul", value))
                    if other[name].above.is_zero():
                        del other[name]
                solved[unknown] = (other, before.apply("add", factor.apply("mul", constant)))
        solved[pivot] = (expressed, constant)
    return Elimination(tuple(residuals), solved)


def _plus(first: Fraction | None, second: Fraction) -> Fraction:
    return second if first is None else first.apply("add", second)
