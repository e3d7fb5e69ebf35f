"""Linear systems over rational functions, possibly with more equations than unknowns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sympy as sp
from flint import fmpq, fmpq_mpoly

from eqsolve.symbolic.algebra import Ratio, Ring


@dataclass(frozen=True)
class LinearSolution:
    """The solution of a linear system.

    Attributes
    ----------
    values : every unknown that the system determines.
    free : unknowns that no equation determines.
    residuals : numerators of equations that no choice of the unknowns satisfies.
    relations : every other unknown as a combination of free ones and a constant.
    """

    values: dict[sp.Symbol, Ratio]
    free: tuple[sp.Symbol, ...]
    residuals: tuple[fmpq_mpoly, ...]
    relations: dict[sp.Symbol, tuple[dict[sp.Symbol, Ratio], Ratio]]

    def solutions(self, unknowns: Sequence[sp.Symbol]) -> dict[sp.Symbol, sp.Expr]:
        """All solutions: every unknown in as many parameters s, t, ... as unknowns are free."""
        steps = dict(zip(self.free, sp.symbols("s t u v w", real=True)))
        found: dict[sp.Symbol, sp.Expr] = {}
        for unknown in unknowns:
            if unknown in steps:
                found[unknown] = steps[unknown]
                continue
            slopes, constant = self.relations[unknown]
            found[unknown] = _expression(constant)
            for free, slope in slopes.items():
                found[unknown] += _expression(slope) * steps[free]
        return found

    def described(self, unknowns: Sequence[sp.Symbol]) -> str:
        """The same as a phrase."""
        shape = {1: "line", 2: "plane"}.get(len(self.free), "space")
        return f"a {shape} of solutions, {equations(self.solutions(unknowns))}"


def equations(values: Mapping[sp.Symbol, sp.Expr]) -> str:
    """Values by name for readers."""
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def is_linear(ring: Ring, polynomial: fmpq_mpoly, unknowns: Sequence[sp.Symbol]) -> bool:
    """Whether a polynomial has degree at most one in the unknowns together."""
    places = [ring.symbols.index(u) for u in unknowns if u in ring.symbols]
    return all(sum(int(e[i]) for i in places) <= 1 for e in polynomial.to_dict())


def solve_linear(
    ring: Ring, polynomials: Sequence[fmpq_mpoly], unknowns: Sequence[sp.Symbol]
) -> LinearSolution:
    """Solve ``polynomials = 0``, linear in the unknowns, by exact elimination."""
    one = ring.context.constant(1)
    places = {ring.symbols.index(u): u for u in unknowns if u in ring.symbols}
    rows = []
    for polynomial in polynomials:
        parts: dict[sp.Symbol | None, dict[tuple[int, ...], fmpq]] = {}
        for exponents, coefficient in polynomial.to_dict().items():
            place = next((k for k in places if exponents[k]), None)
            reduced = tuple(0 if k == place else int(e) for k, e in enumerate(exponents))
            parts.setdefault(None if place is None else places[place], {})[reduced] = coefficient
        constant_term = ring.context.from_dict(parts.pop(None, {}))
        row = {u: Ratio(ring, ring.context.from_dict(part), one) for u, part in parts.items()}
        rows.append((row, Ratio(ring, constant_term, one)))
    solved: dict[sp.Symbol, tuple[dict[sp.Symbol, Ratio], Ratio]] = {}
    residuals = []
    # short rows first: they give simple pivots
    for row, rest in sorted(rows, key=lambda pair: len(pair[0])):
        for unknown, (other, constant) in solved.items():
            factor = row.pop(unknown, None)
            if factor is not None:
                for name, value in other.items():
                    row[name] = _plus(row.get(name), factor * value)
                rest = rest + factor * constant
        row = {name: value for name, value in row.items() if not value.is_zero()}
        if not row:
            if not rest.is_zero():
                residuals.append(rest.numerator)
            continue
        pivot = min(row, key=lambda name: len(row[name].numerator.to_dict()))
        inverse = _negated(row.pop(pivot)) ** -1
        expressed = {name: value * inverse for name, value in row.items()}
        constant = rest * inverse
        for unknown, (other, before) in solved.items():
            factor = other.pop(pivot, None)
            if factor is not None:
                for name, value in expressed.items():
                    other[name] = _plus(other.get(name), factor * value)
                    if other[name].is_zero():
                        del other[name]
                solved[unknown] = (other, before + factor * constant)
        solved[pivot] = (expressed, constant)
    free = tuple(u for u in unknowns if u not in solved)
    values = {u: constant for u, (other, constant) in solved.items() if not other}
    return LinearSolution(values, free, tuple(residuals), solved)


def _expression(value: Ratio) -> sp.Expr:
    above, below = (value.ring.expression(p) for p in (value.numerator, value.denominator))
    return sp.cancel(above / below)


def _plus(first: Ratio | None, second: Ratio) -> Ratio:
    return second if first is None else first + second


def _negated(value: Ratio) -> Ratio:
    return Ratio(value.ring, -value.numerator, value.denominator)
