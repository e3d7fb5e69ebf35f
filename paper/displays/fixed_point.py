"""The mean-field fixed point of identical agents: appendix D of the paper, (3.43) and (3.44)."""

from __future__ import annotations

import sympy as sp

from eqsolve.arithmetic.algebra import collect
from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.ledger import Display, Line
from eqsolve.operators import InOrder, Named
from eqsolve.paper.displays.lines import shown
from eqsolve.paper.displays.population import response
from eqsolve.paper.displays.source import Q, Source

#: The averages as affine functions of the mean: the coefficients of (D.1).
SLOPES = f1, f2, g1, g2 = sp.symbols("f1 f2 g1 g2", real=True)
_SLOPE_NAMES = {f1: "f_1", f2: "f_2", g1: "g_1", g2: "g_2"}


def equilibrium(source: Source) -> tuple[Display, ...]:
    """The displays (D.1)-(D.5), (3.43) and (3.44)."""
    form = source.derivation.form
    affine = {mv.m_b: f1 * mv.y + f2, mv.m_s: g1 * mv.y + g2}
    inserted = response().subs(affine)
    # the mean of the response, in which the mean of x is y
    mean = collect(sp.Add(*inserted.subs(mv.x, mv.y).args), (mv.y,))
    position = {u: mv.OF_MANY.aggregates[u].coeff(mv.g) for u in (mv.m_b, mv.m_s)}
    rows = {
        f1: position[mv.m_b] * mean[mv.y],
        g1: position[mv.m_s] * mean[mv.y],
        f2: position[mv.m_b] * mean[sp.S.One],
        g2: position[mv.m_s] * mean[sp.S.One],
    }
    (solution,) = sp.solve([left - right for left, right in rows.items()], SLOPES, dict=True)
    total = position[mv.m_b] * mv.Qb + position[mv.m_s] * mv.Qs
    solved = {s: _over(solution[s], total) for s in SLOPES}
    strategy = {m: form[k] for m, k in ((mv.x, mv.k1), (mv.y, mv.k2), (sp.S.One, mv.k3))}
    matching = tuple(Line(left - right, sp.S.Zero) for left, right in rows.items())
    plugged = sp.Add(*inserted.args)
    return (
        shown(
            "D.1",
            "affine averages",
            *tuple(Line(u, value) for u, value in affine.items()),
            kind="assumption",
            proof="definition",
            names=_SLOPE_NAMES,
            prose="In equilibrium the averages are affine in the mean,",
        ),
        shown(
            "D.2-D.3",
            "response to affine averages",
            Line(Named(plugged, r"\pi^*"), _regrouped(plugged)),
            kind="identity",
            names=_SLOPE_NAMES,
            depends="3.31 D.1",
            prose="so that the response is",
        ),
        shown(
            "D.4",
            "matching system",
            *tuple(Line(left, right) for left, right in rows.items()),
            kind="identity",
            names=_SLOPE_NAMES,
            values=solved,
            depends="D.2-D.3",
            prose="Averaging it gives the equations",
        ),
        shown(
            "3.43",
            "response to the average position",
            Line(Q, form[Q]),
            Line(Q, sp.S.One, r"\neq"),
            kind="assumption",
            proof="definition",
            depends="3.24 3.25",
            prose="They are solvable if",
        ),
        shown(
            "D.5",
            "affine averages, solved",
            *tuple(Line(left, right.subs(total, Q)) for left, right in solved.items()),
            names=_SLOPE_NAMES,
            evidence=matching,
            depends="D.4",
            prose="with the solution",
        ),
        shown(
            "3.44",
            "mean-field equilibrium",
            Line(
                Named(sp.Add(*(m * k for m, k in strategy.items())), r"\pi^*"),
                InOrder(*(m * k for m, k in strategy.items())).subs(
                    {mv.k1: mv.p1, source.derivation.form[Q]: Q}
                ),
            ),
            depends="3.31 D.5",
            prose="The equilibrium of the mean-field game is",
        ),
    )


def _over(value: sp.Expr, total: sp.Expr) -> sp.Expr:
    """Write a solution of the matching system over ``1 - Q``."""
    top, bottom = sp.fraction(sp.together(value))
    sign = sp.cancel(bottom / (1 - total))
    return sp.factor(top / sign) / (1 - Q).subs(Q, total)


def _regrouped(expression: sp.Expr) -> sp.Expr:
    """Collect the response in the states."""
    parts = collect(expression, (mv.x, mv.y))
    return InOrder(*(m * parts[m] for m in (mv.x, mv.y, sp.S.One)))
