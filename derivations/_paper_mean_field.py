"""The numbered displays of the paper's section 3 and appendix D: the mean-field game."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sympy as sp

from eqsolve.derivations import _mean_variance as mv
from eqsolve.derivations._paper import K, Q, Source, brownian, dynamics, meaning, t, z
from eqsolve.derivations._paper_population import response
from eqsolve.ledger import Display, Line
from eqsolve.operators import Expectation, InOrder, Kept, LimitOf, Named, Variance
from eqsolve.symbolic.algebra import collect
from eqsolve.symbolic.derivation import Derivation

#: The state y is the conditional mean of wealth, the aggregates are conditional averages.
NAMES: Mapping[sp.Symbol, str] = {
    mv.p: r"\pi",
    mv.y: r"\overline{x}",
    mv.m_b: r"\overline{m}_b",
    mv.m_s: r"\overline{m}_s",
}

#: The averages as affine functions of the mean: the coefficients of (D.1).
SLOPES = f1, f2, g1, g2 = sp.symbols("f1 f2 g1 g2", real=True)
_SLOPE_NAMES = {f1: "f_1", f2: "f_2", g1: "g_1", g2: "g_2"}


def displays(derivation: Derivation) -> tuple[Display, ...]:
    """Return the displays (3.4)-(3.44) that hold for identical agents, and (D.1)-(D.5)."""
    source = Source(derivation, {})
    found = (
        *_model(source),
        *_system(source),
        *_response(source),
        *_value(source),
        *_equilibrium(source),
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
        Display(
            "3.4",
            "wealth of the representative agent",
            (dynamics(own, noise),),
            "definition",
            "definition",
            names=names,
            let=(Line(mv.B, source.hjb.game.definitions[mv.B]),),
            prose="The wealth of the representative agent satisfies",
        ),
        Display(
            "3.5",
            "objective",
            (
                Line(
                    sp.Symbol("J"),
                    InOrder(
                        weight * Expectation(gap, r"\tau > t"),
                        -mv.gamma / 2 * Variance(gap, r"\tau > t"),
                    ),
                ),
            ),
            "definition",
            "definition",
            names={mv.x: r"X_\tau", mv.y: r"\overline{X}_\tau", today: "x"},
            prose=r"With $\mathcal{F}^0$ the filtration of the common noise $W^0$ and "
            r"$\overline{X}$ the mean of wealth given $\mathcal{F}^0$, the agent maximizes",
        ),
        Display(
            "3.7",
            "conditional mean of wealth",
            (dynamics(mean, noise),),
            "definition",
            "definition",
            names={**names, position: r"\pi_t"},
            let=averages,
            depends=("3.4",),
            prose="The conditional mean of wealth satisfies",
        ),
    )


def _system(source: Source) -> tuple[Display, ...]:
    test, late = sp.Symbol("Phi_s"), sp.Symbol("s")
    discount = sp.exp(-mv.lam * Kept(late - t))
    preference = source.hjb.game.preference.aggregate
    return (
        Display(
            "3.8-3.9",
            "generator",
            (source.generator(),),
            "identity",
            "exact",
            let=(Line(mv.s2, source.hjb.game.definitions[mv.s2]),),
            depends=("3.4", "3.7"),
            prose="The generator of wealth and mean wealth is",
        ),
        Display(
            "3.10",
            "preference",
            (Line(sp.Symbol("F"), preference),),
            "definition",
            "definition",
            depends=("3.5",),
            let=(Line(z, source.moment("G").payoff),),
            prose="The preference is",
        ),
        Display(
            "3.11-3.13",
            "extended HJB equation",
            (source.value_equation(),),
            "identity",
            "exact",
            depends=("3.8-3.9", "3.10"),
            prose="The extended system consists of",
        ),
        Display(
            "3.14",
            "equation of G",
            (source.moment_equation("G"),),
            "identity",
            "exact",
            depends=("3.8-3.9",),
        ),
        Display(
            "3.15",
            "equation of H",
            (source.moment_equation("H"),),
            "identity",
            "exact",
            depends=("3.8-3.9",),
        ),
        Display(
            "3.16",
            "transversality",
            (Line(LimitOf(Expectation(discount * test), late, sp.oo), sp.S.Zero),),
            "assumption",
            "definition",
            names={test: r"\Phi(s, X_s, \overline{X}_s)"},
            prose=r"and the transversality condition, for $\Phi$ any of $V, F, G, H$,",
        ),
    )


def _response(source: Source) -> tuple[Display, ...]:
    form = source.derivation.form
    curvature, _ = source.feedback_by_value()
    feedback = source.feedback
    return (
        Display(
            "3.17",
            "determinant of p3",
            (Line(mv.Delta, form[mv.Delta]), Line(mv.Delta, sp.S.Zero, r"\neq")),
            "assumption",
            "exact",
            prose="The solution requires",
        ),
        Display(
            "3.18",
            meaning(mv.a),
            (source.solution(mv.a),),
            "solution",
            "reconstructed",
            depends=("3.14",),
            prose="The coefficient of $x$ in $G$ is",
        ),
        Display(
            "3.19",
            meaning(mv.A1),
            (source.by_moments(mv.A1),),
            "solution",
            "reconstructed",
            depends=("3.10",),
            prose="and that of $x^2$ in $V$ is",
        ),
        Display(
            "3.20",
            "curvature",
            (Line(K, curvature),),
            "definition",
            "reconstructed",
            depends=("3.11-3.13",),
            prose="The curvature is",
        ),
        Display(
            "3.21-3.23",
            "cubic equation of p1",
            source.cubic(),
            "solution",
            "exact",
            depends=("3.18", "3.19"),
            prose="The coefficient $p_1$ is a root of the cubic",
        ),
        *(
            Display(
                number,
                meaning(unknown),
                (source.solution(unknown),),
                "solution",
                "exact",
                depends=("3.17",),
                prose=prose,
            )
            for number, unknown, prose in (
                ("3.24", mv.Qb, "The response to the aggregates is"),
                ("3.25", mv.Qs, ""),
                ("3.26", mv.q3, "Its constant is"),
            )
        ),
        *(
            Display(
                number,
                meaning(unknown),
                (source.solution(unknown),),
                "solution",
                "reconstructed",
                depends=("3.14", "3.15"),
                prose=prose,
            )
            for number, unknown, prose in (
                ("3.27", mv.c, "The moments enter through"),
                ("3.28", mv.h11, ""),
            )
        ),
        Display(
            "3.29-3.30",
            meaning(mv.p2),
            (source.solution(mv.p2),),
            "solution",
            "exact",
            depends=("3.27", "3.28"),
            prose="The coefficient of the mean is",
        ),
        Display(
            "3.31",
            "response",
            (Line(Named(feedback, r"\pi^*"), response()),),
            "solution",
            "exact",
            depends=("3.21-3.23", "3.24", "3.25", "3.26", "3.29-3.30"),
            prose="The best response is",
        ),
    )


def _value(source: Source) -> tuple[Display, ...]:
    rest = (mv.A2, mv.A3, mv.A4, mv.A5, mv.A6)
    moments = source.derivation.system.ansatz.moments
    return (
        Display(
            "3.32",
            "value",
            (Line(source.hjb.function("V"), source.derivation.system.ansatz.value),),
            "solution",
            "exact",
            evidence=(source.value_equation(),),
            depends=("3.11-3.13",),
            prose="and the value is quadratic,",
        ),
        *(
            Display(
                f"3.{33 + k}",
                meaning(unknown),
                (source.by_equation(unknown),),
                "solution",
                "exact",
                depends=("3.11-3.13",),
                prose="with $A_1$ as above and" if k == 0 else "",
            )
            for k, unknown in enumerate(rest)
        ),
        Display(
            "3.38",
            "coefficient of y in the equation of G",
            (source.matched(mv.c),),
            "identity",
            "reconstructed",
            depends=("3.14",),
            evidence=(Line(source.hjb.function("G"), moments["G"]),),
            prose="The remaining coefficients of $G$ solve",
        ),
        Display(
            "3.39",
            "constant in the equation of G",
            (source.matched(mv.d),),
            "identity",
            "reconstructed",
            depends=("3.14",),
        ),
    )


def _equilibrium(source: Source) -> tuple[Display, ...]:
    form = source.derivation.form
    affine = {mv.m_b: f1 * mv.y + f2, mv.m_s: g1 * mv.y + g2}
    inserted = response().subs(affine)
    # the mean of the response, in which the mean of x is y
    mean = collect(sp.Add(*inserted.subs(mv.x, mv.y).args), (mv.y,))
    position = {u: mv.AGGREGATES[u].coeff(mv.g) for u in (mv.m_b, mv.m_s)}
    rows = {
        f1: position[mv.m_b] * mean[mv.y],
        g1: position[mv.m_s] * mean[mv.y],
        f2: position[mv.m_b] * mean[sp.S.One],
        g2: position[mv.m_s] * mean[sp.S.One],
    }
    (solution,) = sp.solve([left - right for left, right in rows.items()], SLOPES, dict=True)
    total = position[mv.m_b] * mv.Qb + position[mv.m_s] * mv.Qs
    shown = {s: _over(solution[s], total) for s in SLOPES}
    strategy = {m: form[k] for m, k in ((mv.x, mv.k1), (mv.y, mv.k2), (sp.S.One, mv.k3))}
    matching = tuple(Line(left - right, sp.S.Zero) for left, right in rows.items())
    plugged = sp.Add(*inserted.args)
    return (
        Display(
            "D.1",
            "affine averages",
            tuple(Line(u, value) for u, value in affine.items()),
            "assumption",
            "definition",
            names=_SLOPE_NAMES,
            prose="In equilibrium the averages are affine in the mean,",
        ),
        Display(
            "D.2-D.3",
            "response to affine averages",
            (Line(Named(plugged, r"\pi^*"), _regrouped(plugged)),),
            "identity",
            "exact",
            names=_SLOPE_NAMES,
            depends=("3.31", "D.1"),
            prose="so that the response is",
        ),
        Display(
            "D.4",
            "matching system",
            tuple(Line(left, right) for left, right in rows.items()),
            "identity",
            "exact",
            names=_SLOPE_NAMES,
            values=shown,
            depends=("D.2-D.3",),
            prose="Averaging it gives the equations",
        ),
        Display(
            "3.43",
            "response to the average position",
            (Line(Q, form[Q]), Line(Q, sp.S.One, r"\neq")),
            "assumption",
            "exact",
            depends=("3.24", "3.25"),
            prose="They are solvable if",
        ),
        Display(
            "D.5",
            "affine averages, solved",
            tuple(Line(left, right.subs(total, Q)) for left, right in shown.items()),
            "solution",
            "exact",
            names=_SLOPE_NAMES,
            evidence=matching,
            depends=("D.4",),
            prose="with the solution",
        ),
        Display(
            "3.44",
            "mean-field equilibrium",
            (
                Line(
                    Named(sp.Add(*(m * k for m, k in strategy.items())), r"\pi^*"),
                    InOrder(*(m * k for m, k in strategy.items())).subs(
                        {mv.k1: mv.p1, source.derivation.form[Q]: Q}
                    ),
                ),
            ),
            "solution",
            "exact",
            depends=("3.31", "D.5"),
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
