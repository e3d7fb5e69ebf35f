"""The mean-field game as the limit of many agents: (3.40), (3.41), (3.45) of the paper.

The n-agent equilibrium is closed here from the response, so that no other game is needed.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from eqsolve.derivations import _mean_variance as mv
from eqsolve.derivations._paper_population import POPULATION, response
from eqsolve.derivations._paper_two_agent import mean_field_displays, phi, psi
from eqsolve.ledger import Display, Line
from eqsolve.operators import Meant
from eqsolve.symbolic.reductions import specialize
from eqsolve.symbolic.solving import ClosedForm

#: Appendix E lets the coefficients of the response converge first.
_RESPONSE = (mv.C3, mv.C2, mv.C1, mv.C0, mv.Delta, mv.p2, mv.Qb, mv.Qs, mv.q3)


def displays() -> tuple[tuple[Display, ...], tuple[Display, ...]]:
    """Return (3.40) and (3.41), and the limit (3.45)."""
    own = mv.RESPONSE.derivation
    agents = own.closed(mv.RESPONSE.game, mv.NOTATION, POPULATION).form
    means, constant, many = mean_field_displays(own.form, agents)
    return (
        (
            replace(
                means,
                prose=r"Without interest ($r = 0$) and with $\beta = 0$, agents of different "
                "types respond to two averages over the types,",
            ),
            _constant(constant),
        ),
        (_limit(many, specialize(agents, {mv.N: 0, mv.kappa: 1, mv.m_2: 0})),),
    )


def _constant(display: Display) -> Display:
    """The constant equilibrium, to be checked as the response to its own average."""
    (line,) = display.lines
    meaning = response().subs(mv.m_s, phi / (1 - psi))
    return replace(
        display,
        lines=(replace(line, left=Meant(line.left, sp.Add(*meaning.args))),),
        given={**display.given, mv.p1: sp.S.Zero},
        prose=r"and the equilibrium is constant if $\psi \neq 1$; there is none if $\psi = 1$ and "
        r"$\varphi \neq 0$,",
    )


def _limit(display: Display, limit: ClosedForm) -> Display:
    """The limit, to be checked against the mean-field equilibrium and its response."""
    return replace(
        display,
        lines=tuple(replace(line, equals=sp.S.Zero) for line in display.lines),
        evidence=tuple(Line(name, limit[name]) for name in _RESPONSE),
        prose=r"As $n \to \infty$ the coefficients of the strategy of identical agents converge to "
        "those of the mean-field equilibrium. That the average wealth converges to the conditional "
        "mean, so that the strategies converge as well, is an argument that is not computed here,",
    )
