"""Agents who are alike: from the response to given aggregates to the feedback that all use.

Everybody uses the same affine feedback of own and others' wealth.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from eqsolve.arithmetic.algebra import collect
from eqsolve.derivation.closed_form import ClosedForm, Definition
from eqsolve.errors import DerivationError
from eqsolve.notated.notation import Notation
from eqsolve.notated.representative import Representative
from eqsolve.notated.solving import Solver


def competitor_aggregate(crowd: Representative) -> sp.Expr:
    """``y`` of competitor k: the average over all agents but k, in (x, y, x_k)."""
    own, others = crowd.roles.states
    return others + crowd.share * (own - crowd.roles.competitor)


def average(crowd: Representative, expression: sp.Expr) -> sp.Expr:
    """``(1/n) sum_{k != i}`` of a polynomial of degree at most 2 in a competitor's wealth."""
    other, (_, mean) = crowd.roles.competitor, crowd.roles.states
    means = {sp.S.One: 1 - crowd.share, other: mean, other**2: crowd.roles.square}
    terms = collect(expression, (other,))
    if not terms.keys() <= means.keys():
        raise DerivationError("an average of a cubic is not available.", stage="population")
    return sp.expand(sp.Add(*(means[m] * value for m, value in terms.items())))


def average_position(crowd: Representative) -> sp.Expr:
    """``(1/n) sum_{k != i} pi_k`` under the common feedback, in (x, y)."""
    roles = crowd.roles
    return average(crowd, roles.feedback(roles.competitor, competitor_aggregate(crowd)))


def conditions(
    crowd: Representative, parts: Mapping[sp.Expr, sp.Symbol]
) -> tuple[Definition, dict[sp.Symbol, sp.Expr]]:
    """What makes a feedback the response to itself.

    Returns the slope of the response in the others' average position, and by coefficient of the
    common feedback what must vanish, linear in the coefficients.

    Parameters
    ----------
    parts : the parts of the response's constant by environment symbol (``{1: q3, m_b: Qb}``).
    """
    roles, aggregates = crowd.roles, crowd.aggregates
    states, position, slope = roles.states, roles.position, roles.slope_of_position
    constant = sp.expand(sp.Add(*(u * aggregates.get(m, m) for m, u in parts.items())))
    linear = sp.Add(*(u * s for u, s in zip(roles.affine, states)))
    response = linear + constant.coeff(position, 0) + slope * position
    own = roles.feedback(*states)
    found = collect(own - response.subs(position, average_position(crowd)), states)
    unknowns = collect(own, states)
    return (
        Definition(slope, constant.coeff(position)),
        {unknowns[m]: found[m] for m in unknowns},
    )


def equilibrium(
    crowd: Representative,
    closed: ClosedForm,
    parts: Mapping[sp.Expr, sp.Symbol],
    notation: Notation,
) -> ClosedForm:
    """Close the loop: the feedback everybody uses is the response to itself.

    Parameters
    ----------
    closed : the best response.
    parts : as for :func:`conditions`.
    notation : names of the denominators of the common feedback.

    Raises
    ------
    DerivationError
        If the solution leaves a residual.
    """
    definition, vanishing = conditions(crowd, parts)
    solver = Solver(notation)
    known = solver.closed_form().table
    solver.linear(vanishing)
    form = solver.closed_form()
    for condition in vanishing.values():
        if not form.vanishes(condition):
            raise DerivationError("the equilibrium leaves a residual.", stage="population")
    extra = [d for d in form.definitions if d.symbol not in known]
    return closed.extended([definition, *extra], form.nonzero)
