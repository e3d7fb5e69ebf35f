"""Symmetric populations: from a response to given aggregates to an equilibrium."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from eqsolve.arithmetic.algebra import collect
from eqsolve.derivation.closed_form import ClosedForm, Definition
from eqsolve.errors import DerivationError
from eqsolve.notated.notation import Notation
from eqsolve.notated.solving import Solver
from eqsolve.roles import Roles


@dataclass(frozen=True)
class Population:
    """Identical agents who all use the same affine feedback of own and others' wealth.

    Parameters
    ----------
    reciprocal : ``N = 1/n``, one over the number of agents; 0 for a continuum.
    aggregates : what the others' average position ``g = (1/n) sum_{k != i} pi_k`` implies for every
        environment symbol that is linear in the positions, such as ``m_b = B g``.
    roles : the letters.
    """

    reciprocal: sp.Expr
    aggregates: Mapping[sp.Symbol, sp.Expr]
    roles: Roles

    @property
    def competitor_aggregate(self) -> sp.Expr:
        """``y`` of competitor k: the average over all agents but k, in (x, y, x_k)."""
        own, others = self.roles.states
        return others + self.reciprocal * (own - self.roles.competitor)

    def average(self, expression: sp.Expr) -> sp.Expr:
        """``(1/n) sum_{k != i}`` of a polynomial of degree at most 2 in a competitor's wealth."""
        other, (_, mean) = self.roles.competitor, self.roles.states
        means = {sp.S.One: 1 - self.reciprocal, other: mean, other**2: self.roles.square}
        terms = collect(expression, (other,))
        if not terms.keys() <= means.keys():
            raise DerivationError("an average of a cubic is not available.", stage="population")
        return sp.expand(sp.Add(*(means[m] * value for m, value in terms.items())))

    def feedback(self, own: sp.Expr, aggregate: sp.Expr) -> sp.Expr:
        """The common feedback at own and others' wealth."""
        of_own, of_others, constant = self.roles.strategy
        return of_own * own + of_others * aggregate + constant

    @property
    def average_position(self) -> sp.Expr:
        """``(1/n) sum_{k != i} pi_k`` under the common feedback, in (x, y)."""
        return self.average(self.feedback(self.roles.competitor, self.competitor_aggregate))

    def conditions(
        self, parts: Mapping[sp.Expr, sp.Symbol]
    ) -> tuple[Definition, dict[sp.Symbol, sp.Expr]]:
        """What makes a feedback the response to itself.

        Returns the slope of the response in the others' average position, and by coefficient of the
        common feedback what must vanish, linear in the coefficients.
        """
        states, position = self.roles.states, self.roles.position
        slope = self.roles.slope_of_position
        constant = sp.expand(sp.Add(*(u * self.aggregates.get(m, m) for m, u in parts.items())))
        linear = sp.Add(*(u * s for u, s in zip(self.roles.affine, states)))
        response = linear + constant.coeff(position, 0) + slope * position
        own = self.feedback(*states)
        conditions = collect(own - response.subs(position, self.average_position), states)
        unknowns = collect(own, states)
        return (
            Definition(slope, constant.coeff(position)),
            {unknowns[m]: conditions[m] for m in unknowns},
        )

    def residuals(self, parts: Mapping[sp.Expr, sp.Symbol]) -> dict[sp.Symbol, sp.Expr]:
        """What vanishes in equilibrium, by coefficient of the common feedback."""
        return self.conditions(parts)[1]

    def equilibrium(
        self, closed: ClosedForm, parts: Mapping[sp.Expr, sp.Symbol], notation: Notation
    ) -> ClosedForm:
        """Close the loop: the feedback everybody uses is the response to itself.

        Parameters
        ----------
        closed : the best response.
        parts : the parts of the response's constant by environment symbol (``{1: q3, m_b: Qb}``).
        notation : names of the denominators of the common feedback.
        """
        definition, conditions = self.conditions(parts)
        solver = Solver(notation)
        known = solver.closed_form().table
        solver.linear(conditions)
        form = solver.closed_form()
        for condition in conditions.values():
            if not form.vanishes(condition):
                raise DerivationError("the equilibrium leaves a residual.", stage="population")
        extra = [d for d in form.definitions if d.symbol not in known]
        return closed.extended([definition, *extra], form.nonzero)
