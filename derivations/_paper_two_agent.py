"""Displays of the paper about different agents: (2.78)-(2.80), (2.100)-(2.119), (C.1)-(C.5), and
about the limit of many agents: (3.40), (3.41), (3.45).
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from eqsolve.derivations import _mean_variance as mv
from eqsolve.derivations._agents import BP
from eqsolve.derivations._agents import TWO as AGENTS
from eqsolve.derivations._agents import BQb, BQs, M_b, M_s, sP, sQb, sQs, w
from eqsolve.derivations._constant import (
    POINT,
    RESPONSE,
    ConstantResponse,
    generic,
    large_hazard,
    reduced,
)
from eqsolve.errors import DerivationError
from eqsolve.ledger import Display, Kind, Line, Proof
from eqsolve.operators import Expectation
from eqsolve.symbolic.derivation import Derivation
from eqsolve.symbolic.reductions import factored, specialize
from eqsolve.symbolic.solving import ClosedForm
from eqsolve.symbols import symbol, symbols

Omega = symbol("Omega")
psi, phi, phihat, xi = symbols("psi phi phihat xi")

#: The paper's weights.
HALVES = {symbol(f"w_{k}"): sp.Rational(1, 2) for k in AGENTS.indices}

TENDS, DEFINES, DEMANDED = r"\to", ":=", r"\overset{!}{=}"


def _of(index: int | str, expression: sp.Expr) -> sp.Expr:
    return AGENTS.numbered(index, expression)


def _mean(summand: sp.Expr) -> sp.Expr:
    """The average over n agents of an expression of the generic one."""
    n = symbol("n")
    inner = factored(summand / generic(w))
    return sp.Mul(1 / n, sp.Sum(inner, (sp.Symbol("k", integer=True), 1, n)), evaluate=False)


def displays(derivation: Derivation) -> tuple[Display, ...]:
    """Return the displays of section 2.4, of Corollaries 2.1 and 2.3 and of appendix C."""
    single = derivation.response
    return (
        *_constant(reduced(single)),
        *_two(),
        *_limit(large_hazard(single)),
    )


def _constant(case: ConstantResponse) -> tuple[Display, ...]:
    given = {symbol("beta_i"): sp.S.Zero, mv.r: sp.S.Zero}
    strategy = Line(symbol("pi_i"), _of("i", case.position(phi / (1 - psi))))
    return (
        Display(
            "2.78",
            "weighted competition",
            (Line(psi, _mean(case.psi), DEFINES),),
            "definition",
            "reconstructed",
        ),
        Display(
            "2.79",
            "weighted demand",
            (Line(phi, _mean(case.phi), DEFINES),),
            "definition",
            "reconstructed",
        ),
        Display(
            "2.80",
            "constant equilibrium without interest and wealth-dependent weight",
            (strategy,),
            "solution",
            "exact",
            given=given,
            depends=("2.68", "2.78", "2.79"),
        ),
    )


def _two() -> tuple[Display, ...]:
    first, second = AGENTS.indices

    def lines(*pairs: tuple[sp.Expr, sp.Expr], relation: str = "=") -> tuple[Line, ...]:
        return tuple(Line(a, b.xreplace(HALVES), relation) for a, b in pairs)

    def shown(
        number: str, title: str, content: tuple[Line, ...], *depends: str, definition: bool = False
    ) -> Display:
        kind: Kind = "definition" if definition else "solution"
        proof: Proof = "definition" if definition else "exact"
        return Display(number, title, content, kind, proof, depends=depends, given=HALVES)

    def position(index: int) -> tuple[sp.Expr, sp.Expr]:
        return symbol(f"pi_{index}"), _of(index, POINT.position)

    def product(name: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
        return name, AGENTS.total(POINT.summands[name])

    parts = []
    for k in AGENTS.indices:
        wealth = {symbol(f"y_{k}"): AGENTS.competitors_wealth(k)}
        parts.append((symbol(f"u_{k}"), _of(k, POINT.reaction.expression)))
        parts.append((symbol(f"P_{k}"), _of(k, POINT.own.expression).xreplace(wealth)))
    totals = sp.Matrix([M_b, M_s])
    left = POINT.matrix * totals
    conditions = POINT.proportional(xi)
    return (
        shown("2.100", "position of the first agent", lines(position(first)), "2.68"),
        shown("2.101", "position of the second agent", lines(position(second)), "2.68"),
        shown("2.102", "reaction and own part", lines(*parts), definition=True),
        shown("2.103", "average common volatility", lines((left[1], POINT.right[1])), "2.102"),
        shown("2.104", "average excess drift", lines((left[0], POINT.right[0])), "2.102"),
        shown("2.105", "weighted means", lines(product(sQs), product(sQb)), definition=True),
        shown("2.106", "weighted means", lines(product(sP)), definition=True),
        shown("2.107", "weighted means", lines(product(BQb), product(BQs)), definition=True),
        shown("2.108", "weighted means", lines(product(BP)), definition=True),
        Display(
            "2.109-2.110",
            "average common volatility, solved",
            (Line(M_s, POINT.solution[M_s]),),
            "solution",
            "exact",
            let=(
                Line(
                    Omega,
                    sp.factor_terms(POINT.matrix[0, 0] * POINT.matrix[1, 1])
                    - POINT.matrix[0, 1] * POINT.matrix[1, 0],
                ),
            ),
            depends=("2.103", "2.104"),
        ),
        Display(
            "2.111-2.112",
            "average excess drift, solved",
            (Line(M_b, POINT.solution[M_b]),),
            "solution",
            "exact",
            depends=("2.103", "2.104"),
        ),
        Display(
            "2.113",
            "degenerate system: proportional rows",
            lines(*conditions[:2], relation=DEMANDED),
            "assumption",
            "exact",
            depends=("2.103", "2.104"),
        ),
        Display(
            "2.114",
            "degenerate system: proportional right sides",
            lines(conditions[2], relation=DEMANDED),
            "assumption",
            "exact",
            depends=("2.103", "2.104"),
        ),
    )


def _limit(case: ConstantResponse) -> tuple[Display, ...]:
    first, second = AGENTS.indices
    demand = symbol("ell_k")
    short = replace(case, demand=demand)
    symbols_k = {s: AGENTS.of("k", s) for s in (*RESPONSE, symbol("u"), symbol("P"), symbol("pi"))}

    def limit(number: str, title: str, *lines: Line, depends: tuple[str, ...] = ()) -> Display:
        return Display(number, title, lines, "limit", "exact", depends=depends)

    def tends(left: sp.Expr, right: sp.Expr) -> Line:
        return Line(left, right, TENDS)

    def position(index: int) -> Line:
        value = _of(index, short.position(phihat / (1 - psi)))
        return tends(symbol(f"pi_{index}"), value)

    total = AGENTS.total(case.phi).xreplace(HALVES)
    responses = [tends(symbols_k[s], case.response[s]) for s in (mv.Qb, mv.Qs, mv.q3)]
    return (
        Display(
            "2.115",
            "weighted demand at a large hazard rate",
            (Line(phihat, total, DEFINES),),
            "definition",
            "reconstructed",
        ),
        limit("2.116", "first agent, large hazard rate", position(first), depends=("C.3", "C.5")),
        limit("2.117", "second agent, large hazard rate", position(second), depends=("C.3", "C.5")),
        Display(
            "2.118",
            "own demand at a large hazard rate",
            (Line(demand, case.demand, DEFINES),),
            "definition",
            "reconstructed",
        ),
        limit(
            "2.119",
            "infinitely many limits: weighted competition 1, weighted demand 0",
            tends(symbol("pi_i"), _of("i", short.position(xi))),
            depends=("C.3", "C.5"),
        ),
        limit("C.1", "response at a large hazard rate", *responses),
        limit(
            "C.2",
            "reaction and own part at a large hazard rate",
            tends(symbols_k[symbol("u")], case.reaction),
            tends(symbols_k[symbol("P")], case.own),
            depends=("2.102", "C.1"),
        ),
        limit(
            "C.3",
            "position at a large hazard rate",
            tends(symbols_k[symbol("pi")], short.position(M_s)),
            depends=("2.100", "2.101", "C.2"),
        ),
        limit(
            "C.4",
            "weighted means at a large hazard rate",
            tends(sQs, psi),
            tends(sQb, sp.S.Zero),
            tends(sP, phihat),
            tends(BQb, sp.S.Zero),
            depends=("2.105", "2.106", "2.107", "C.2"),
        ),
        limit(
            "C.5",
            "average common volatility at a large hazard rate",
            tends(limiting_row() * M_s, phihat),
            depends=("2.103", "C.4"),
        ),
    )


def limiting_row() -> sp.Expr:
    """The factor of ``M_s`` in its equation at the limits of the weighted means."""
    at = {sQs: psi, sQb: sp.S.Zero, BQb: sp.S.Zero}
    if POINT.matrix[1, 0].xreplace(at) != 0:
        raise DerivationError("the averages' equations stay coupled.", stage="limits")
    factor: sp.Expr = POINT.matrix[1, 1].xreplace(at)
    return factor


def mean_field_displays(response: ClosedForm, population: ClosedForm) -> tuple[Display, ...]:
    """Return (3.40), (3.41) and (3.45).

    Parameters
    ----------
    response : the best response of one agent.
    population : the closed form of n identical agents.
    """
    case = reduced(response)
    weight, kappa = generic(w), generic(mv.kappa)

    def typical(expression: sp.Expr) -> sp.Expr:
        """One agent of infinitely many: no own weight in the average."""
        names = {generic(s): s for s in (*response.parameters, mv.b, mv.nu, symbol("pi"))}
        return factored(expression).xreplace({kappa: sp.S.One}).xreplace(names)

    means = [typical(summand / weight) for summand in (case.psi, case.phi)]
    strategy = (typical(case.demand) + typical(case.weight) * phi / (1 - psi)) / typical(case.scale)
    limit = specialize(population, {mv.N: 0, mv.kappa: 1, mv.m_2: 0})
    return (
        Display(
            "3.40",
            "weighted competition and demand over the types",
            tuple(Line(s, Expectation(m), DEFINES) for s, m in zip((psi, phi), means)),
            "definition",
            "reconstructed",
        ),
        Display(
            "3.41",
            "constant mean-field equilibrium",
            (Line(symbol("pi"), strategy),),
            "solution",
            "exact",
            given={mv.beta: sp.S.Zero, mv.r: sp.S.Zero},
            depends=("3.31", "3.40"),
        ),
        Display(
            "3.45",
            "many agents",
            tuple(Line(k, _shorter(limit, limit[k]), TENDS) for k in (mv.k1, mv.k2, mv.k3)),
            "limit",
            "exact",
            let=(Line(mv.S, limit[mv.S], DEFINES),),
            depends=("2.96", "2.97", "2.98", "3.44"),
        ),
    )


def _shorter(form: ClosedForm, expression: sp.Expr) -> sp.Expr:
    """Cancel the determinant S where it is a factor of the numerator."""
    spelled = factored(expression.xreplace({mv.S: form[mv.S]}))
    return spelled if not spelled.has(symbol("Q")) else expression
