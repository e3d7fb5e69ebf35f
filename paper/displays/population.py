"""The numbered displays of the paper's section 2.3: the equilibrium of n identical agents."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from eqsolve.arithmetic.algebra import collect
from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.ledger import Display, Line
from eqsolve.notated.alike import average_position
from eqsolve.notated.derivation import Derivation
from eqsolve.operators import InOrder, Named
from eqsolve.paper.displays.lines import grouped, meaning, shown
from eqsolve.paper.displays.model import of_agent
from eqsolve.paper.displays.source import Q, Source

#: Averages over all agents, the own one included.
MEAN_WEALTH, MEAN_POSITION = sp.symbols("xbar pibar", real=True)

#: Identical agents: only states and position carry an index.
NAMES: Mapping[sp.Symbol, str] = {
    **{s: of_agent()[s] for s in (mv.p, mv.x, mv.y)},
    MEAN_WEALTH: r"\overline{x}",
}


def response() -> sp.Expr:
    """The best response, its parts in the paper's order."""
    return InOrder(mv.p1 * mv.x, mv.p2 * mv.y, mv.Qb * mv.m_b, mv.Qs * mv.m_s, mv.q3)


def strategy() -> sp.Expr:
    """The common feedback of identical agents."""
    return mv.ROLES.feedback(mv.x, mv.y)


def displays(derivation: Derivation) -> tuple[Display, ...]:
    """Return the displays (2.91)-(2.99)."""
    source = Source(derivation, {})
    reciprocal = mv.OF_MANY.share
    slope = mv.p1 * mv.x + mv.p2 * mv.y + mv.q3 + Q * mv.g
    # averaged over all agents: the mean of y is (1 - N) times that of x, that of g likewise
    means = {mv.x: MEAN_WEALTH, mv.y: (1 - reciprocal) * MEAN_WEALTH}
    averaged = slope.subs(means).subs(mv.g, (1 - reciprocal) * MEAN_POSITION)
    (solved,) = sp.solve(averaged - MEAN_POSITION, MEAN_POSITION)
    top, bottom = sp.fraction(sp.together(solved))
    sign = 1 if bottom.subs(Q, 0) > 0 else -1
    parts = collect(sign * top, (MEAN_WEALTH,))
    average = InOrder(MEAN_WEALTH * grouped(parts[MEAN_WEALTH], mv.p1, mv.p2), parts[sp.S.One])
    average = average / grouped(sign * bottom, Q)
    by_agents = strategy().subs(means)
    conditions = collect(strategy() - slope.subs(mv.g, average_position(mv.OF_MANY)), (mv.x, mv.y))
    unknowns = collect(strategy(), (mv.x, mv.y))
    system = []
    for monomial, unknown in unknowns.items():
        condition = conditions[monomial]
        rest = sp.expand(unknown - condition)
        system.append(Line(unknown, _by_slope(rest)))
    mean = Named(by_agents, r"\overline{\pi}")
    averaged = averaged.subs(MEAN_POSITION, mean)
    result = (
        shown(
            "2.91",
            "common feedback",
            Line(Named(strategy(), r"\pi_i"), strategy()),
            kind="assumption",
            proof="definition",
            names=NAMES,
            prose="Identical agents use the same feedback,",
        ),
        shown(
            "2.92",
            "response of agent i",
            Line(Named(derivation.system.ansatz.response, r"\pi_i"), response()),
            names=NAMES,
            depends="2.68",
            prose="which is to be the best response to the aggregates,",
        ),
        shown(
            "2.93-2.94",
            "average position",
            Line(mean, averaged),
            Line(mean, average),
            names=NAMES,
            depends="2.92",
            prose=r"With $\overline{x}$ and $\overline{\pi}$ the averages of wealth and position "
            "over all agents, the response averages to",
        ),
        shown(
            "2.95",
            "matching system",
            *tuple(system),
            kind="identity",
            depends="2.91 2.92",
            prose="Matching the coefficients of $x_i$, $y_i$ and $1$ gives",
        ),
        *(
            shown(number, meaning(unknown), source.solution(unknown), depends="2.95", prose=prose)
            for number, unknown, prose in (
                ("2.96", mv.k1, "The solution is"),
                ("2.97", mv.k2, ""),
                ("2.98", mv.k3, ""),
            )
        ),
        shown(
            "2.99",
            "equilibrium",
            Line(Named(strategy(), r"\pi_i"), strategy()),
            names=NAMES,
            evidence=(Line(strategy(), slope.subs(mv.g, average_position(mv.OF_MANY))),),
            depends="2.96 2.97 2.98",
            prose=r"For $S \neq 0$ and $W \neq 0$ the equilibrium is",
        ),
    )
    return source.introduced(result)


def _by_slope(expression: sp.Expr) -> sp.Expr:
    """Write ``own part + Q (average)``."""
    own, slope = expression.coeff(Q, 0), expression.coeff(Q, 1)
    parts = collect(slope, (mv.k1, mv.k2, mv.k3))
    return InOrder(own, Q * sp.Add(*(k * sp.factor(part) for k, part in parts.items())))
