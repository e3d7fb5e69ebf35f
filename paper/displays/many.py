"""The mean-field game as the limit of many agents: (3.40), (3.41), (3.45) of the paper.

The n-agent equilibrium is closed here from the response, so that no other game is needed.
"""

from __future__ import annotations

import sympy as sp

from eqsolve.derivation.closed_form import ClosedForm
from eqsolve.derivation.reductions import factored, specialize
from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.derivations.mean_variance.vocabulary import symbol, symbols
from eqsolve.ledger import TENDS, Display, Line
from eqsolve.notated.alike import equilibrium
from eqsolve.operators import Expectation, Meant
from eqsolve.paper.displays.constant import ConstantResponse, generic, reduced
from eqsolve.paper.displays.population import response

psi, phi = symbols("psi phi")

#: Appendix E lets the coefficients of the response converge first.
_RESPONSE = (mv.C3, mv.C2, mv.C1, mv.C0, mv.Delta, mv.p2, mv.Qb, mv.Qs, mv.q3)


def displays() -> tuple[tuple[Display, ...], tuple[Display, ...]]:
    """Return (3.40) and (3.41), and the limit (3.45)."""
    own = mv.RESPONSE.derivation
    agents = equilibrium(mv.OF_MANY, own.form, mv.NOTATION.parts, mv.NOTATION)
    return _constant(own.form, reduced(own.form)), (_limit(agents),)


def _constant(form: ClosedForm, case: ConstantResponse) -> tuple[Display, ...]:
    """The constant equilibrium, to be checked as the response to its own average."""
    names = {generic(s): s for s in (*form.parameters, mv.b, mv.nu, symbol("pi"))}

    def typical(expression: sp.Expr) -> sp.Expr:
        """One agent of infinitely many: no own weight in the average."""
        return factored(expression).xreplace({generic(mv.kappa): sp.S.One}).xreplace(names)

    means = [typical(summand / generic(mv.w)) for summand in (case.psi, case.phi)]
    strategy = (typical(case.demand) + typical(case.weight) * phi / (1 - psi)) / typical(case.scale)
    meaning = response().subs(mv.m_s, phi / (1 - psi))
    return (
        Display(
            "3.40",
            "weighted competition and demand over the types",
            tuple(Line(s, Expectation(m), ":=") for s, m in zip((psi, phi), means)),
            "definition",
            "reconstructed",
            depends=("3.31",),
            prose=r"Without interest ($r = 0$) and with $\beta = 0$, agents of different types "
            "respond to two averages over the types,",
        ),
        Display(
            "3.41",
            "constant mean-field equilibrium",
            (Line(Meant(symbol("pi"), sp.Add(*meaning.args)), strategy),),
            "solution",
            "exact",
            given={mv.beta: sp.S.Zero, mv.r: sp.S.Zero, mv.p1: sp.S.Zero},
            depends=("3.31", "3.40"),
            prose=r"and the equilibrium is constant if $\psi \neq 1$; there is none if $\psi = 1$ "
            r"and $\varphi \neq 0$,",
        ),
    )


def _limit(agents: ClosedForm) -> Display:
    """The limit, to be checked against the mean-field equilibrium and its response."""
    limit = specialize(agents, {mv.N: 0, mv.kappa: 1, mv.m_2: 0})
    return Display(
        "3.45",
        "many agents",
        tuple(Line(k, _shorter(limit, limit[k]), TENDS) for k in (mv.k1, mv.k2, mv.k3)),
        "limit",
        "exact",
        evidence=tuple(Line(name, limit[name]) for name in _RESPONSE),
        depends=("2.96", "2.97", "2.98", "3.44"),
        prose=r"As $n \to \infty$ the coefficients of the strategy of identical agents converge to "
        "those of the mean-field equilibrium. That the average wealth converges to the conditional "
        "mean, so that the strategies converge as well, is an argument that is not computed here,",
    )


def _shorter(form: ClosedForm, expression: sp.Expr) -> sp.Expr:
    """Cancel the determinant S where it is a factor of the numerator."""
    spelled = factored(expression.xreplace({mv.S: form[mv.S]}))
    return spelled if not spelled.has(symbol("Q")) else expression
