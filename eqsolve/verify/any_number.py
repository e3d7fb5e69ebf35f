"""Exact checks of the equilibrium of any number of agents who differ."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import sympy as sp

from eqsolve.arithmetic.algebra import is_zero
from eqsolve.derivation.closed_form import ClosedForm
from eqsolve.notated.agents import GENERIC, Agents
from eqsolve.notated.published import Published
from eqsolve.verify.check import Check
from eqsolve.verify.substitution import exact_check


def any_number_checks(model: Published, agents: Agents, form: ClosedForm) -> list[Check]:
    """Check that the generic agent responds to the averages, and that these are averages.

    The position is the response to every average less the own part; every average is the sum of
    what agents add to it, where the closed form's names for sums stand for what they sum.
    """

    def holds(residual: sp.Expr) -> bool:
        omega = form.table[agents.determinant]
        return bool(is_zero(residual.xreplace({omega.symbol: omega.expression})))

    return [
        exact_check(f"{what} of any number of agents", model.name, partial(holds, residual))
        for what, residual in _residuals(model, agents, form)
    ]


def _residuals(model: Published, agents: Agents, form: ClosedForm) -> Iterator[tuple[str, sp.Expr]]:
    """What must vanish, and what it is."""

    def generic(expression: sp.Expr) -> sp.Expr:
        return agents.of(GENERIC, expression)

    parts, table = next(iter(model.notation.split.values())), form.table
    own, reaction = generic(agents.at_zero), generic(agents.reaction)
    spelled = {reaction: table[reaction].expression}
    position = table[generic(agents.position)].expression
    load = {a.total: generic(agents.weight * a.load) for a in agents.averages.values()}
    around = sp.Add(
        *(
            generic(parts[e]) * (a.total - load[a.total] * position)
            for e, a in agents.averages.items()
        )
    )
    yield "position", (position - own - around).xreplace(spelled)
    affine = (generic(u * s) for u, s in zip(agents.roles.affine, agents.roles.states))
    yield (
        "response at zero averages",
        table[own].expression - sp.Add(*affine, generic(parts[sp.S.One])),
    )
    sums = {d.symbol: d.expression for d in form.definitions if d.expression.is_Atom is False}
    totals = {t: table[t].expression for t in load}
    for total, share in load.items():
        summed = sp.S.Zero
        for term in sp.Add.make_args(sp.expand(share * position)):
            factor = next((t for t in totals if term.has(t)), sp.S.One)
            wanted = agents.over_all(term / factor)
            name = next((n for n, e in sums.items() if e == wanted), None)
            # a sum without a name is none of the closed form's
            summed += factor * (sp.Dummy() if name is None else name)
        yield f"average {total}", (total - summed).xreplace(totals)
