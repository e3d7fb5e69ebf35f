"""The numbered displays of the paper's section 3: the mean-field game."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sympy as sp

from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.ledger import Display, Line
from eqsolve.notated.derivation import Derivation
from eqsolve.operators import Expectation, InOrder, Kept, LimitOf, Named, Variance
from eqsolve.paper.displays.fixed_point import equilibrium
from eqsolve.paper.displays.lines import brownian, dynamics, meaning, shown
from eqsolve.paper.displays.population import response
from eqsolve.paper.displays.source import K, Source, t, z

#: The state y is the conditional mean of wealth, the aggregates are conditional averages.
NAMES: Mapping[sp.Symbol, str] = {
    mv.p: r"\pi",
    mv.y: r"\overline{x}",
    mv.m_b: r"\overline{m}_b",
    mv.m_s: r"\overline{m}_s",
}


def displays(derivation: Derivation) -> tuple[Display, ...]:
    """Return the displays (3.4)-(3.44) that hold for identical agents, and (D.1)-(D.5)."""
    source = Source(derivation, {})
    found = (
        *_model(source),
        *_system(source),
        *_response(source),
        *_value(source),
        *equilibrium(source),
    )
    named = tuple(replace(d, names={**NAMES, **d.names}) for d in found)
    return source.introduced(named)


def _model(source: Source) -> tuple[Display, ...]:
    own, mean = source.hjb.game.states
    noise = brownian("")
    gap = own.symbol - mv.theta * mean.symbol
    today = sp.Symbol("x_0", real=True)
    weight = (mv.alpha + mv.beta * mv.x).subs(mv.x, today)
    names = {mv.x: "X_t", mv.y: r"\overline{X}_t", mv.p: r"\pi_t"}
    position = sp.Symbol("pi", real=True)
    averages = (
        Line(mv.m_b, Expectation(mv.B * position, r"\mathcal{F}^0_t")),
        Line(mv.m_s, Expectation(mv.sigma * position, r"\mathcal{F}^0_t")),
    )
    return (
        shown(
            "3.4",
            "wealth of the representative agent",
            dynamics(own, noise),
            kind="definition",
            proof="definition",
            names=names,
            let=(Line(mv.B, source.hjb.game.definitions[mv.B]),),
            prose="The wealth of the representative agent satisfies",
        ),
        shown(
            "3.5",
            "objective",
            Line(
                sp.Symbol("J"),
                InOrder(
                    weight * Expectation(gap, r"\tau > t"),
                    -mv.gamma / 2 * Variance(gap, r"\tau > t"),
                ),
            ),
            kind="definition",
            proof="definition",
            names={mv.x: r"X_\tau", mv.y: r"\overline{X}_\tau", today: "x"},
            prose=r"With $\mathcal{F}^0$ the filtration of the common noise $W^0$ and "
            r"$\overline{X}$ the mean of wealth given $\mathcal{F}^0$, the agent maximizes",
        ),
        shown(
            "3.7",
            "conditional mean of wealth",
            dynamics(mean, noise),
            kind="definition",
            proof="definition",
            names={**names, position: r"\pi_t"},
            let=averages,
            depends="3.4",
            prose="The conditional mean of wealth satisfies",
        ),
    )


def _system(source: Source) -> tuple[Display, ...]:
    test, late = sp.Symbol("Phi_s"), sp.Symbol("s")
    discount = sp.exp(-mv.lam * Kept(late - t))
    preference = source.hjb.game.preference.aggregate
    return (
        shown(
            "3.8-3.9",
            "generator",
            source.generator(),
            kind="identity",
            let=(Line(mv.s2, source.hjb.game.definitions[mv.s2]),),
            depends="3.4 3.7",
            prose="The generator of wealth and mean wealth is",
        ),
        shown(
            "3.10",
            "preference",
            Line(sp.Symbol("F"), preference),
            kind="definition",
            proof="definition",
            depends="3.5",
            let=(Line(z, source.moment("G").payoff),),
            prose="The preference is",
        ),
        shown(
            "3.11-3.13",
            "extended HJB equation",
            source.value_equation(),
            kind="identity",
            depends="3.8-3.9 3.10",
            prose="The extended system consists of",
        ),
        shown(
            "3.14", "equation of G", source.moment_equation("G"), kind="identity", depends="3.8-3.9"
        ),
        shown(
            "3.15", "equation of H", source.moment_equation("H"), kind="identity", depends="3.8-3.9"
        ),
        shown(
            "3.16",
            "transversality",
            Line(LimitOf(Expectation(discount * test), late, sp.oo), sp.S.Zero),
            kind="assumption",
            proof="definition",
            names={test: r"\Phi(s, X_s, \overline{X}_s)"},
            prose=r"and the transversality condition, for $\Phi$ any of $V, F, G, H$,",
        ),
    )


def _response(source: Source) -> tuple[Display, ...]:
    form = source.derivation.form
    curvature, _ = source.feedback_by_value()
    feedback = source.feedback
    return (
        shown(
            "3.17",
            "determinant of p3",
            Line(mv.Delta, form[mv.Delta]),
            Line(mv.Delta, sp.S.Zero, r"\neq"),
            kind="assumption",
            proof="definition",
            depends="3.14 3.15",
            prose="The solution requires",
        ),
        shown(
            "3.18",
            meaning(mv.a),
            source.solution(mv.a),
            proof="reconstructed",
            depends="3.14",
            prose="The coefficient of $x$ in $G$ is",
        ),
        shown(
            "3.19",
            meaning(mv.A1),
            source.by_moments(mv.A1),
            proof="reconstructed",
            depends="3.10",
            prose="and that of $x^2$ in $V$ is",
        ),
        shown(
            "3.20",
            "curvature",
            Line(K, curvature),
            kind="definition",
            proof="reconstructed",
            depends="3.11-3.13",
            prose="The curvature is",
        ),
        shown(
            "3.21-3.23",
            "cubic equation of p1",
            *source.cubic(),
            depends="3.18 3.19",
            prose="The coefficient $p_1$ is a root of the cubic",
        ),
        *(
            shown(number, meaning(unknown), source.solution(unknown), depends="3.17", prose=prose)
            for number, unknown, prose in (
                ("3.24", mv.Qb, "The response to the aggregates is"),
                ("3.25", mv.Qs, ""),
                ("3.26", mv.q3, "Its constant is"),
            )
        ),
        *(
            shown(
                number,
                meaning(unknown),
                source.solution(unknown),
                proof="reconstructed",
                depends="3.14 3.15",
                prose=prose,
            )
            for number, unknown, prose in (
                ("3.27", mv.c, "The moments enter through"),
                ("3.28", mv.h11, ""),
            )
        ),
        shown(
            "3.29-3.30",
            meaning(mv.p2),
            source.solution(mv.p2),
            depends="3.27 3.28",
            prose="The coefficient of the mean is",
        ),
        shown(
            "3.31",
            "response",
            Line(Named(feedback, r"\pi^*"), response()),
            depends="3.21-3.23 3.24 3.25 3.26 3.29-3.30",
            prose="The best response is",
        ),
    )


def _value(source: Source) -> tuple[Display, ...]:
    rest = (mv.A2, mv.A3, mv.A4, mv.A5, mv.A6)
    moments = source.derivation.system.ansatz.functions
    return (
        shown(
            "3.32",
            "value",
            Line(source.hjb.function("V"), source.derivation.system.ansatz.value),
            evidence=(source.value_equation(),),
            depends="3.11-3.13",
            prose="and the value is quadratic,",
        ),
        *(
            shown(
                f"3.{33 + k}",
                meaning(unknown),
                source.by_equation(unknown),
                depends="3.11-3.13",
                prose="with $A_1$ as above and" if k == 0 else "",
            )
            for k, unknown in enumerate(rest)
        ),
        shown(
            "3.38",
            "coefficient of y in the equation of G",
            source.matched(mv.c),
            kind="identity",
            proof="reconstructed",
            depends="3.14",
            evidence=(Line(source.hjb.function("G"), moments["G"]),),
            prose="The remaining coefficients of $G$ solve",
        ),
        shown(
            "3.39",
            "constant in the equation of G",
            source.matched(mv.d),
            kind="identity",
            proof="reconstructed",
            depends="3.14",
        ),
    )
