"""The numbered displays of the paper's section 2.2: the best response of one agent."""

from __future__ import annotations

import sympy as sp

from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.ledger import Display, Line
from eqsolve.notated.derivation import Derivation
from eqsolve.operators import InOrder, Named
from eqsolve.paper.displays.cubic import root_displays
from eqsolve.paper.displays.lines import meaning, shown
from eqsolve.paper.displays.model import NAMES, model, of_agent, system
from eqsolve.paper.displays.source import K, Source


def displays(derivation: Derivation) -> tuple[Display, ...]:
    """Return the displays (2.1)-(2.77) and (2.82)-(2.90) that follow from one agent's problem."""
    source = Source(derivation, {})
    general = (
        *model(source),
        *system(source),
        *_ansatz(source),
        *_coefficients(source),
        *_value(source),
        *_response(source),
    )
    return (
        *source.introduced(general),
        *root_displays(derivation),
        *_without_competition(derivation),
    )


def _ansatz(source: Source) -> tuple[Display, ...]:
    ansatz = source.derivation.system.ansatz
    unknown = {name: source.hjb.function(name) for name in ("V", "G", "H")}
    curvature, slopes = source.feedback_by_value()
    at_maximum = slopes[mv.x] * mv.x + slopes[mv.y] * mv.y + slopes[sp.S.One]
    star = Named(source.feedback, r"\pi^*")
    return (
        shown(
            "2.24",
            "ansatz of the value",
            Line(unknown["V"], ansatz.value),
            kind="identity",
            evidence=(source.value_equation(),),
            prose="The ansatz is quadratic in the value,",
        ),
        shown(
            "2.25",
            "ansatz of the mean",
            Line(unknown["G"], ansatz.functions["G"]),
            kind="identity",
            evidence=(source.moment_equation("G"),),
            prose="affine in the mean,",
        ),
        shown(
            "2.26",
            "ansatz of the second moment",
            Line(unknown["H"], ansatz.functions["H"]),
            kind="identity",
            evidence=(source.moment_equation("H"),),
            prose="and quadratic in the second moment,",
        ),
        shown(
            "2.27-2.32",
            "value's equation with the ansatz",
            source.value_at_ansatz(),
            kind="identity",
            names=NAMES,
            depends="2.15-2.17 2.24 2.25",
            prose="Inserted in the equation of the value, it gives",
        ),
        shown(
            "2.33",
            "feedback",
            Line(star, source.feedback),
            kind="identity",
            evidence=(Line(K * source.feedback, at_maximum),),
            depends="2.27-2.32",
            prose="The maximizer is affine in the states,",
        ),
        shown(
            "2.34",
            "curvature",
            Line(K, curvature),
            kind="definition",
            proof="reconstructed",
            depends="2.27-2.32",
            prose="with the curvature",
        ),
        *(
            shown(
                number,
                meaning(unknown) + " by the value",
                Line(unknown, slope / K),
                depends="2.27-2.32 2.34",
                prose=prose,
            )
            for number, unknown, slope, prose in (
                ("2.35", mv.p1, slopes[mv.x], "and the coefficients"),
                ("2.36", mv.p2, slopes[mv.y], ""),
                ("2.37", mv.p3, slopes[sp.S.One], ""),
            )
        ),
        shown(
            "2.38-2.41",
            "second moment's equation with the ansatz",
            source.moment_at_ansatz("H"),
            kind="identity",
            depends="2.19 2.26 2.33",
            prose="The equation of the second moment becomes",
        ),
    )


def _coefficients(source: Source) -> tuple[Display, ...]:
    derivation = source.derivation
    curvature = derivation.value.curvature.expression
    second = source.matched(mv.h20)
    growth = -sp.Poly(second.left, mv.h20).coeff_monomial(mv.h20)
    positive = curvature.subs(mv.h20, second.left.subs(mv.h20, 0)) / K
    compact, powers = source.cubic()
    by_weight = source.feedback_by_value()[1][mv.y]
    return (
        shown(
            "2.42",
            "coefficient of x^2 in H",
            second,
            kind="identity",
            depends="2.38-2.41",
            prose="Its coefficient of $x^2$ demands",
        ),
        shown("2.43", meaning(mv.h20), source.solution(mv.h20), depends="2.42", prose="Hence"),
        shown(
            "2.44",
            "value and preference",
            Line(source.hjb.function("V"), source.hjb.value),
            kind="identity",
            depends="2.14 2.15-2.17",
            prose="Along the solution,",
        ),
        shown(
            "2.45",
            meaning(mv.A1),
            source.by_moments(mv.A1),
            depends="2.44",
            prose="The coefficient of $x^2$ is",
        ),
        shown(
            "curvature",
            "curvature by the second moment",
            Line(K, curvature),
            kind="identity",
            values={K: source.feedback_by_value()[0]},
            depends="2.34 2.45",
            prose="In terms of $h_{20}$ the curvature is",
        ),
        shown(
            "2.46",
            "second-order condition",
            Line(sp.expand(growth), sp.S.Zero, ">", positive),
            kind="assumption",
            depends="2.34 2.43 2.45",
            prose="It is positive, which is the second-order condition, if",
        ),
        *(
            shown(
                number,
                f"coefficient of {place} in the equation of G",
                source.matched(unknown),
                kind="identity",
                depends="2.18",
                prose=prose,
            )
            for number, unknown, place, prose in (
                ("2.47", mv.a, "x", "The equation of the mean demands"),
                ("2.48", mv.c, "y", ""),
                ("2.49", mv.d, "1", ""),
            )
        ),
        *(
            shown(number, meaning(unknown), source.solution(unknown), depends=before, prose=prose)
            for number, unknown, before, prose in (
                ("2.50", mv.a, "2.47", "The solutions are"),
                ("2.51", mv.c, "2.48", ""),
                ("2.52", mv.d, "2.49", ""),
            )
        ),
        shown(
            "2.53-2.54",
            "cubic equation of p1",
            compact,
            powers,
            depends="2.35 2.43 2.45 2.50",
            prose="The coefficient $p_1$ is a root of a cubic,",
        ),
        shown(
            "2.55",
            meaning(mv.p2) + " by the value",
            Line(mv.p2, by_weight / curvature),
            depends="2.36 2.45",
            prose="The second coefficient is",
        ),
    )


def _value(source: Source) -> tuple[Display, ...]:
    rest = (mv.A2, mv.A3, mv.A4, mv.A5, mv.A6)
    return (
        shown(
            "2.56-2.60",
            "value's equation at the maximizer",
            source.value_maximized(),
            kind="identity",
            depends="2.27-2.32 2.33",
            prose="With the maximizer inserted, the value's equation is",
        ),
        *(
            shown(
                f"2.{61 + k}",
                meaning(unknown),
                source.by_equation(unknown),
                depends="2.56-2.60",
                prose="Its coefficients determine" if k == 0 else "",
            )
            for k, unknown in enumerate(rest)
        ),
    )


def _response(source: Source) -> tuple[Display, ...]:
    form = source.derivation.form
    parts = InOrder(mv.p1 * mv.x, mv.p2 * mv.y, mv.Qb * mv.m_b, mv.Qs * mv.m_s, mv.q3)
    feedback = source.feedback
    rest = InOrder(*parts.args[1:])
    line = sp.Symbol("ell")
    return (
        shown(
            "2.66",
            meaning(mv.p2),
            source.solution(mv.p2),
            depends="2.48 2.55 2.62",
            prose="Solving for $p_2$,",
        ),
        shown(
            "2.67",
            "determinant of p3",
            Line(mv.Delta, form[mv.Delta]),
            Line(mv.Delta, sp.S.Zero, r"\neq"),
            kind="assumption",
            proof="definition",
            depends="2.49 2.63",
            prose="The equation of $p_3$ is solvable if its determinant does not vanish,",
        ),
        shown(
            "2.68",
            "response",
            Line(Named(feedback, r"\pi^*"), parts),
            depends="2.33 2.66 2.67",
            prose="The best response is then",
        ),
        *(
            shown(number, meaning(unknown), source.solution(unknown), depends="2.67", prose=prose)
            for number, unknown, prose in (
                ("2.69", mv.Qb, "with"),
                ("2.70", mv.Qs, ""),
                ("2.71", mv.q3, ""),
            )
        ),
        shown(
            "2.72-2.73",
            "response of agent i",
            Line(Named(feedback, r"\pi_i"), InOrder(mv.p1 * mv.x, line)),
            Line(line, rest),
            names=of_agent() | {line: r"\ell_i"},
            depends="2.68",
            prose="For agent $i$ it is written",
        ),
        shown(
            "2.77",
            "value",
            Line(source.hjb.function("V"), source.derivation.system.ansatz.value),
            evidence=(source.value_equation(),),
            depends="2.45 2.61 2.62 2.63 2.64 2.65",
            prose="The value is",
        ),
    )


def _without_competition(derivation: Derivation) -> tuple[Display, ...]:
    """Corollary: no competition, so that kappa = 1 and the aggregates do not matter."""
    alone = Source(derivation, {mv.theta: sp.S.Zero, mv.kappa: sp.S.One})
    wealth = Source(derivation, {**alone.given, mv.alpha: sp.S.Zero, mv.beta: sp.S.One})
    star = Named(mv.p1 * mv.x + mv.p3, r"\pi^*")
    only = Named(mv.p1 * mv.x, r"\pi^*")
    constant = alone.at(derivation.form[mv.q3])
    first = (
        shown(
            "2.82",
            "response without competition",
            Line(star, mv.p1 * mv.x + mv.p3),
            evidence=(Line(mv.p2, sp.S.Zero), Line(mv.Qb, sp.S.Zero), Line(mv.Qs, sp.S.Zero)),
            depends="2.68",
            prose=r"Without competition ($\theta = 0$, $\kappa = 1$),",
        ),
        shown(
            "2.83-2.84",
            "cubic without competition",
            *alone.cubic(),
            depends="2.53-2.54",
            prose="The coefficient $p_1$ is a root of",
        ),
        shown(
            "2.85",
            "constant without competition",
            Line(mv.p3, constant),
            depends="2.71",
            prose="The constant is",
        ),
        shown(
            "2.86",
            meaning(mv.a) + ", no competition",
            alone.solution(mv.a),
            proof="reconstructed",
            depends="2.50",
            prose="The moments have the coefficients",
        ),
        shown(
            "2.87",
            meaning(mv.h20) + ", no competition",
            alone.solution(mv.h20),
            proof="reconstructed",
            depends="2.43",
        ),
    )
    second = (
        shown(
            "2.88",
            "response proportional to wealth",
            Line(only, mv.p1 * mv.x),
            evidence=(Line(mv.p3, sp.S.Zero),),
            depends="2.82",
            prose=r"If moreover $\alpha = 0$ and $\beta = 1$,",
        ),
        shown(
            "2.89-2.90",
            "cubic with weight on wealth only",
            *wealth.cubic(),
            depends="2.83-2.84",
            prose="The coefficient $p_1$ is a root of",
        ),
    )
    return (*alone.introduced(first), *wealth.introduced(second))
