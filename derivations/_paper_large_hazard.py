"""Displays of the paper about agents at a large hazard rate: (2.115)-(2.119), (C.1)-(C.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sympy as sp

from eqsolve.derivations import _mean_variance as mv
from eqsolve.derivations._agents import TWO as AGENTS
from eqsolve.derivations._agents import BQb, M_s, sP, sQb, sQs
from eqsolve.derivations._constant import POINT, RESPONSE, ConstantResponse, Meaning
from eqsolve.errors import DerivationError
from eqsolve.ledger import TENDS, Display, Line
from eqsolve.symbols import symbol, symbols

Values = Mapping[sp.Symbol, sp.Expr]

psi, phihat, xi = symbols("psi phihat xi")


def large_hazard_displays(case: ConstantResponse, meaning: Meaning) -> tuple[Display, ...]:
    first, second = AGENTS.indices
    demand = symbol("ell_k")
    short = replace(case, demand=demand)
    symbols_k = {s: AGENTS.of("k", s) for s in (*RESPONSE, symbol("u"), symbol("P"), symbol("pi"))}

    solved = {**POINT.solution, POINT.determinant.symbol: POINT.determinant.expression}
    means = {sQs: psi, sQb: sp.S.Zero, BQb: sp.S.Zero, sP: phihat}
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
        )

    def tends(left: sp.Expr, right: sp.Expr) -> Line:
        return Line(left, right, TENDS)

    def position(index: int) -> Line:
        value = AGENTS.numbered(index, short.position(phihat / (1 - psi)))
        return tends(symbol(f"pi_{index}"), value)

    halves = {symbol(f"w_{k}"): sp.Rational(1, 2) for k in AGENTS.indices}
    total = AGENTS.total(case.phi).xreplace(halves)
    average = tends(limiting_row() * M_s, phihat)
    responses = [tends(symbols_k[s], case.response[s]) for s in (mv.Qb, mv.Qs, mv.q3)]
    return (
        Display(
            "2.115",
            "weighted demand at a large hazard rate",
            (Line(phihat, total, ":="),),
            "definition",
            "reconstructed",
            depends=("C.1",),
        ),
        *(
            limit(
                number,
                f"{which} agent, large hazard rate",
                position(index),
                depends=("C.3", "C.5"),
                values={**own(index), **solved, **means},
            )
            for number, which, index in (("2.116", "first", first), ("2.117", "second", second))
        ),
        Display(
            "2.118",
            "own demand at a large hazard rate",
            (Line(demand, case.demand, ":="),),
            "definition",
            "reconstructed",
            depends=("C.1",),
        ),
        limit(
            "2.119",
            "infinitely many limits: weighted competition 1, weighted demand 0",
            tends(symbol("pi_i"), AGENTS.numbered("i", short.position(xi))),
            depends=("C.3", "C.5"),
            values={**own("i"), M_s: xi, psi: sp.S.One, phihat: sp.S.Zero},
            evidence=(average,),
        ),
        limit(
            "C.1",
            "response at a large hazard rate",
            *responses,
            values=own("k"),
            depends=("2.54", "2.69", "2.70", "2.71"),
        ),
        limit(
            "C.2",
            "reaction and own part at a large hazard rate",
            tends(symbols_k[symbol("u")], case.reaction),
            tends(symbols_k[symbol("P")], case.own),
            depends=("2.102", "C.1"),
            values=own("k"),
        ),
        limit(
            "C.3",
            "position at a large hazard rate",
            tends(symbols_k[symbol("pi")], short.position(M_s)),
            depends=("2.100", "2.101", "C.2"),
            values=own("k"),
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
        ),
        limit(
            "C.5",
            "average common volatility at a large hazard rate",
            average,
            depends=("2.103", "C.4"),
            values={**solved, **means},
        ),
    )


def limiting_row() -> sp.Expr:
    """The factor of ``M_s`` in its equation at the limits of the weighted means."""
    at = {sQs: psi, sQb: sp.S.Zero, BQb: sp.S.Zero}
    if POINT.matrix[1, 0].xreplace(at) != 0:
        raise DerivationError("the averages' equations stay coupled.", stage="limits")
    factor: sp.Expr = POINT.matrix[1, 1].xreplace(at)
    return factor
