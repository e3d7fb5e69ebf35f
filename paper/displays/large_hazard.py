"""Displays of the paper about agents at a large hazard rate: (2.115)-(2.119), (C.1)-(C.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sympy as sp

from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.derivations.mean_variance.agents import BP, BQb, BQs, M_s, sP, sQb, sQs
from eqsolve.derivations.mean_variance.agents import TWO as AGENTS
from eqsolve.derivations.mean_variance.vocabulary import symbol, symbols
from eqsolve.errors import DerivationError
from eqsolve.ledger import TENDS, Display, Line
from eqsolve.paper.displays.constant import POINT, RESPONSE, ConstantResponse, Meaning

Values = Mapping[sp.Symbol, sp.Expr]

psi, phihat, xi = symbols("psi phihat xi")


def large_hazard_displays(case: ConstantResponse, meaning: Meaning) -> tuple[Display, ...]:
    first, second = AGENTS.indices
    demand = symbol("ell_k")
    short = replace(case, demand=demand)
    symbols_k = {s: AGENTS.of("k", s) for s in (*RESPONSE, symbol("u"), symbol("P"), symbol("pi"))}

    solved = {**POINT.solution, POINT.determinant.symbol: POINT.determinant.expression}
    means = {sQs: psi, sQb: sp.S.Zero, BQb: sp.S.Zero, sP: phihat}
    # the others' averages have limits, too
    others = {BP: sp.Symbol("BP_limit"), BQs: sp.Symbol("BQs_limit")}
    tending = {**means, **others, M_s: xi}
    indices = (*AGENTS.indices, "i", "k")
    responding = {AGENTS.of(index, s) for s in case.response for index in indices}
    summed = {name: AGENTS.total(POINT.summands[name]) for name in means}
    summed |= {psi: AGENTS.total(case.psi), phihat: AGENTS.total(case.phi)}

    def own(index: int | str) -> Values:
        return meaning.of(index, case, demand)

    def limit(
        number: str,
        title: str,
        *lines: Line,
        values: Values,
        depends: tuple[str, ...] = (),
        evidence: tuple[Line, ...] = (),
        prose: str = "",
    ) -> Display:
        return Display(
            number,
            title,
            lines,
            "limit",
            "exact",
            depends=depends,
            values=values,
            evidence=evidence,
            limits=tuple(s for s, e in values.items() if s in responding or tending.get(s) == e),
            grows=mv.lam,
            prose=prose,
        )

    def tends(left: sp.Expr, right: sp.Expr) -> Line:
        return Line(left, right, TENDS)

    def position(index: int) -> Line:
        value = AGENTS.numbered(index, short.position(phihat / (1 - psi)))
        return tends(symbol(f"pi_{index}"), value)

    halves = {symbol(f"w_{k}"): sp.Rational(1, 2) for k in AGENTS.indices}
    total = AGENTS.total(case.phi).xreplace(halves)
    average = tends(limiting_row() * M_s, phihat)
    variance = {AGENTS.of("k", mv.nu) ** 2 + AGENTS.of("k", mv.sigma) ** 2: AGENTS.of("k", mv.s2)}
    responses = [tends(symbols_k[s], case.response[s]) for s in (mv.Qb, mv.Qs, mv.q3)]
    return (
        Display(
            "2.115",
            "weighted demand at a large hazard rate",
            (Line(phihat, total, ":="),),
            "definition",
            "reconstructed",
            depends=("C.1",),
            prose=r"As the hazard rates tend to infinity, responses become constant again. With "
            r"$\psi$ as in (2.78) and the average demand at both agents' wealth,",
        ),
        limit(
            "2.116",
            "first agent, large hazard rate",
            position(first),
            depends=("2.118", "C.3", "C.5"),
            values={**own(first), **solved, **means, **others},
            prose=r"and the own demand $\ell_k$ defined in (2.118), if $\psi \neq 1$ the first "
            "agent's position tends to",
        ),
        limit(
            "2.117",
            "second agent, large hazard rate",
            position(second),
            depends=("2.118", "C.3", "C.5"),
            values={**own(second), **solved, **means, **others},
            prose="and the second agent's to",
        ),
        Display(
            "2.118",
            "own demand at a large hazard rate",
            (Line(demand, case.demand, ":="),),
            "definition",
            "reconstructed",
            depends=("C.1",),
            prose="where agent $k$ has the own demand",
        ),
        limit(
            "2.119",
            "infinitely many limits: weighted competition 1, weighted demand 0",
            tends(symbol("pi_i"), AGENTS.numbered("i", short.position(xi))),
            depends=("C.3", "C.5"),
            values={**own("i"), M_s: xi, psi: sp.S.One, phihat: sp.S.Zero},
            evidence=(average,),
            prose=r"If $\psi = 1$ and $\hat\varphi = 0$ every real number $\xi$ gives an "
            "equilibrium in the limit,",
        ),
        limit(
            "C.1",
            "response at a large hazard rate",
            *responses,
            values=own("k"),
            depends=("2.54", "2.69", "2.70", "2.71"),
            prose="The proof takes the limit in the response,",
        ),
        limit(
            "C.2",
            "reaction and own part at a large hazard rate",
            tends(symbols_k[symbol("u")], case.reaction.xreplace(variance)),
            tends(symbols_k[symbol("P")], case.own),
            depends=("2.102", "C.1"),
            values=own("k"),
            prose="then in the reaction and the own part,",
        ),
        limit(
            "C.3",
            "position at a large hazard rate",
            tends(symbols_k[symbol("pi")], short.position(M_s)),
            depends=("2.100", "2.101", "C.2"),
            values=own("k"),
            prose="so that the position tends to",
        ),
        limit(
            "C.4",
            "weighted means at a large hazard rate",
            tends(sQs, psi),
            tends(sQb, sp.S.Zero),
            tends(sP, phihat),
            tends(BQb, sp.S.Zero),
            depends=("2.105", "2.106", "2.107", "C.2"),
            values={**summed, **own(first), **own(second)},
            prose="The weighted means tend to",
        ),
        limit(
            "C.5",
            "average common volatility at a large hazard rate",
            average,
            depends=("2.103", "C.4"),
            values={**solved, **means, **others},
            prose="and (2.103) becomes",
        ),
    )


def limiting_row() -> sp.Expr:
    """The factor of ``M_s`` in its equation at the limits of the weighted means."""
    at = {sQs: psi, sQb: sp.S.Zero, BQb: sp.S.Zero}
    if POINT.matrix[1, 0].xreplace(at) != 0:
        raise DerivationError("the averages' equations stay coupled.", stage="limits")
    factor: sp.Expr = POINT.matrix[1, 1].xreplace(at)
    return factor
