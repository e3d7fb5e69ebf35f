"""Displays of the paper about different agents: (2.78)-(2.80), (2.100)-(2.114)."""

from __future__ import annotations

import sympy as sp

from eqsolve.derivation.reductions import factored
from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.derivations.mean_variance.agents import BP, BQb, BQs, M_b, M_s, sP, sQb, sQs
from eqsolve.derivations.mean_variance.agents import TWO as AGENTS
from eqsolve.derivations.mean_variance.vocabulary import symbol, symbols
from eqsolve.ledger import DEMANDED, Display, Kind, Line, Proof
from eqsolve.notated.derivation import Derivation
from eqsolve.paper.displays.constant import (
    POINT,
    ConstantResponse,
    Meaning,
    generic,
    large_hazard,
    reduced,
)
from eqsolve.paper.displays.large_hazard import large_hazard_displays

Omega = symbol("Omega")
psi, phi, xi = symbols("psi phi xi")

#: The paper's weights.
HALVES = {symbol(f"w_{k}"): sp.Rational(1, 2) for k in AGENTS.indices}


def _of(index: int | str, expression: sp.Expr) -> sp.Expr:
    return AGENTS.numbered(index, expression)


def _mean(summand: sp.Expr) -> sp.Expr:
    """The average over n agents of an expression of the generic one."""
    n = symbol("n")
    inner = factored(summand / generic(mv.w))
    return sp.Mul(1 / n, sp.Sum(inner, (sp.Symbol("k", integer=True), 1, n)), evaluate=False)


def displays(derivation: Derivation) -> tuple[Display, ...]:
    """Return the displays of Corollary 2.1 and of section 2.4, with appendix C."""
    single = derivation.response
    meaning = Meaning.in_game(derivation.game)
    return (
        *_constant(reduced(single), meaning),
        *_two(),
        *large_hazard_displays(large_hazard(single), meaning),
    )


def _constant(case: ConstantResponse, meaning: Meaning) -> tuple[Display, ...]:
    given = {symbol("beta_i"): sp.S.Zero, mv.r: sp.S.Zero}
    strategy = Line(symbol("pi_i"), _of("i", case.position(phi / (1 - psi))))
    demand = symbol("ell_k")
    own = [_of("i", generic(factor)) for factor in (mv.w, mv.sigma)]
    summands = {symbol("psi_i"): _of("i", case.psi), symbol("phi_i"): _of("i", case.phi)}
    return (
        Display(
            "2.78",
            "weighted competition",
            (Line(psi, _mean(case.psi), ":="),),
            "definition",
            "reconstructed",
            depends=("2.68",),
            prose=r"Without interest ($r = 0$) and with $\beta_i = 0$ for every agent, responses "
            "are constant. With the average competition",
        ),
        Display(
            "2.79",
            "weighted demand",
            (Line(phi, _mean(case.phi), ":="),),
            "definition",
            "reconstructed",
            depends=("2.68",),
            prose="and the average demand",
        ),
        Display(
            "2.80",
            "constant equilibrium without interest and wealth-dependent weight",
            (strategy,),
            "solution",
            "exact",
            given=given,
            depends=("2.68", "2.78", "2.79"),
            evidence=(
                # one agent's contribution to M_s, and the sum over all of them
                Line(sp.Mul(*own, strategy.left), symbol("phi_i") + symbol("psi_i") * M_s),
                Line(M_s, phi + psi * M_s),
            ),
            values={**summands, **meaning.of("i", case, demand), M_s: phi / (1 - psi)},
            prose=r"the equilibrium of $n$ agents who differ is, if $\psi \neq 1$,",
        ),
    )


def _two() -> tuple[Display, ...]:
    first, second = AGENTS.indices

    def lines(*pairs: tuple[sp.Expr, sp.Expr], relation: str = "=") -> tuple[Line, ...]:
        return tuple(Line(a, b.xreplace(HALVES), relation) for a, b in pairs)

    def shown(
        number: str,
        title: str,
        content: tuple[Line, ...],
        *depends: str,
        definition: bool = False,
        prose: str = "",
    ) -> Display:
        kind: Kind = "definition" if definition else "solution"
        proof: Proof = "definition" if definition else "exact"
        return Display(
            number, title, content, kind, proof, depends=depends, given=HALVES, prose=prose
        )

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
    # no side of an equation begins with a minus
    conditions = tuple(
        (-a, -b) if a.could_extract_minus_sign() and not a.is_Add else (a, b) for a, b in conditions
    )
    # the means for which the second row, with the right side, is xi times the first
    degenerate = sp.solve([a - b for a, b in conditions], [sQb, sQs, sP], dict=True)[0]
    solvable = [POINT.determinant.expression, *POINT.minors()]
    return (
        shown(
            "2.100",
            "position of the first agent",
            lines(position(first)),
            "2.68",
            prose=r"Let now two agents differ. With $M_b$ and $M_s$ the averages of $B_k \pi_k$ "
            r"and $\sigma_k \pi_k$ over both of them, their responses are",
        ),
        shown(
            "2.101",
            "position of the second agent",
            lines(position(second)),
            "2.68",
            prose="and",
        ),
        shown(
            "2.102",
            "reaction and own part",
            lines(*parts),
            "2.68",
            definition=True,
            prose="where the reaction to the own part of the averages and the response without "
            "them are",
        ),
        shown(
            "2.103",
            "average common volatility",
            lines((left[1], POINT.right[1])),
            "2.102",
            prose="Averaged, the two positions give two linear equations for $M_s$ and $M_b$,",
        ),
        shown(
            "2.104", "average excess drift", lines((left[0], POINT.right[0])), "2.102", prose="and"
        ),
        shown(
            "2.105",
            "weighted means",
            lines(product(sQs), product(sQb)),
            "2.102",
            definition=True,
            prose="Their coefficients are the weighted means",
        ),
        shown("2.106", "weighted means", lines(product(sP)), "2.102", definition=True),
        shown(
            "2.107", "weighted means", lines(product(BQb), product(BQs)), "2.102", definition=True
        ),
        shown("2.108", "weighted means", lines(product(BP)), "2.102", definition=True),
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
            prose=r"If $\Omega \neq 0$ the solution is",
        ),
        Display(
            "2.111-2.112",
            "average excess drift, solved",
            (Line(M_b, POINT.solution[M_b]),),
            "solution",
            "exact",
            depends=("2.103", "2.104"),
            prose="and",
        ),
        Display(
            "2.113",
            "degenerate system: proportional rows",
            lines(*conditions[:2], relation=DEMANDED),
            "assumption",
            "exact",
            evidence=tuple(Line(e, sp.S.Zero) for e in solvable),
            values=degenerate,
            depends=("2.103", "2.104"),
            prose=r"The system is degenerate if one row is $\xi$ times the other,",
        ),
        Display(
            "2.114",
            "degenerate system: proportional right sides",
            lines(conditions[2], relation=DEMANDED),
            "assumption",
            "exact",
            evidence=tuple(Line(e, sp.S.Zero) for e in solvable),
            values=degenerate,
            depends=("2.103", "2.104"),
            prose="and then has a solution (and infinitely many) only if the right sides are, too,",
        ),
    )
