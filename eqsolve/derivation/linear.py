"""Linear systems over rational functions, possibly with more equations than unknowns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sympy as sp
from flint import fmpq_mpoly

from eqsolve.arithmetic import linear
from eqsolve.arithmetic.algebra import Ratio, Ring
from eqsolve.arithmetic.rational import Fraction


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
    return linear.is_linear(polynomial, [ring.places[u] for u in unknowns if u in ring.places])


def solve_linear(
    ring: Ring, polynomials: Sequence[fmpq_mpoly], unknowns: Sequence[sp.Symbol]
) -> LinearSolution:
    """Solve ``polynomials = 0``, linear in the unknowns, by exact elimination."""
    places = [ring.places[u] for u in unknowns if u in ring.places]
    found = linear.eliminate(ring.context, polynomials, places)

    def ratio(value: Fraction) -> Ratio:
        return Ratio(ring, value.above, value.below)

    relations = {
        ring.symbols[k]: ({ring.symbols[j]: ratio(v) for j, v in other.items()}, ratio(constant))
        for k, (other, constant) in found.relations.items()
    }
    free = tuple(u for u in unknowns if u not in relations)
    values = {u: constant for u, (other, constant) in relations.items() if not other}
    return LinearSolution(values, free, found.residuals, relations)


def _expression(value: Ratio) -> sp.Expr:
    above, below = (value.ring.expression(p) for p in (value.numerator, value.denominator))
    return sp.cancel(above / below)
