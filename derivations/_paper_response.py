"""The numbered displays of the paper's section 2.2: the best response of one agent."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from eqsolve.derivations import _mean_variance as mv
from eqsolve.derivations._paper import K, Source, brownian, dynamics, meaning, t, z
from eqsolve.derivations._paper_cubic import root_displays
from eqsolve.ledger import Display, Line
from eqsolve.operators import (
    Expectation,
    InOrder,
    Kept,
    LimitOf,
    Named,
    Noise,
    OverOthers,
    Variance,
)
from eqsolve.symbolic.derivation import Derivation
from eqsolve.symbolic.game import State
from eqsolve.symbols import entry

#: The control is written pi in the paper.
NAMES: Mapping[sp.Symbol, str] = {mv.p: r"\pi"}

_INDEXED = "b nu sigma theta gamma alpha beta kappa p1 p2 p3 q3 Qb Qs"


def of_agent(*extra: sp.Symbol) -> dict[sp.Symbol, str]:
    """LaTeX of the symbols of agent i."""
    table: dict[sp.Symbol, str] = {mv.p: r"\pi_i", mv.x: "x_i", mv.y: "y_i"}
    for name in _INDEXED.split():
        row = entry(name)
        head, _, tail = row.latex.partition("_")
        table[row.symbol] = f"{head}_{{{tail},i}}" if tail else f"{head}_i"
    return table


def displays(derivation: Derivation) -> tuple[Display, ...]:
    """Return the displays (2.1)-(2.77) and (2.82)-(2.90) that follow from one agent's problem."""
    source = Source(derivation, {})
    general = (
        *_model(source),
        *_system(source),
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


def _model(source: Source) -> tuple[Display, ...]:
    game = source.hjb.game
    own, aggregate = game.states
    bond, stock = sp.Symbol("S0", positive=True), sp.Symbol("S", positive=True)
    market = (
        State(bond, mv.r * bond),
        State(stock, mv.b * stock, {"own": mv.nu * stock, "common": mv.sigma * stock}),
    )
    noise = brownian("i")
    process = of_agent() | {mv.x: "X^i_t", mv.p: r"\pi^i_t", mv.B: "B_i"}
    prices = of_agent() | {bond: "S^0_t", stock: "S^i_t"}
    sum_k = {name: sp.Symbol(f"{name}_k") for name in ("B", "nu", "sigma", "pi", "X")}
    position = sum_k["pi"]
    others = {
        mv.y: OverOthers(sum_k["X"], 1),
        mv.m_b: OverOthers(sum_k["B"] * position, 1),
        mv.m_s: OverOthers(sum_k["sigma"] * position, 1),
        mv.m_2: OverOthers(sum_k["nu"] ** 2 * position**2, 2),
    }
    shown = {**noise, "others": OverOthers(sum_k["nu"] * position * Noise("W^k_t"), 1)}
    loading = {k: v if k != "others" else sp.S.One for k, v in aggregate.loadings.items()}
    relative = source.moment("G").payoff
    mean = sp.Symbol("Xbar", real=True)
    gap = own.symbol - mv.theta * mean
    at_horizon = {mv.x: r"X^i_\tau", mv.y: r"Y^i_\tau", mean: r"\overline{X}_\tau"}
    weight = mv.alpha + mv.beta * mv.x
    today = sp.Symbol("x_0", real=True)
    weight_today = weight.subs(mv.x, today)
    future = {today: "x_i"}
    given = r"\tau > t"
    return (
        Display(
            "2.1",
            "bond",
            (dynamics(market[0], noise),),
            "definition",
            "definition",
            names=prices,
            prose="The bond pays the interest rate $r$,",
        ),
        Display(
            "2.2",
            "stock",
            (dynamics(market[1], noise),),
            "definition",
            "definition",
            names=prices,
            prose="and the stock of agent $i$ has idiosyncratic noise $W^i$ and common noise $W^0$,",
        ),
        Display(
            "2.3",
            "wealth",
            (dynamics(own, noise),),
            "definition",
            "definition",
            let=(Line(mv.B, game.definitions[mv.B]),),
            names=process,
            depends=("2.1", "2.2"),
            prose=r"The wealth of an agent who invests $\pi^i_t$ in the stock satisfies",
        ),
        Display(
            "2.6",
            "objective",
            (
                Line(
                    sp.Symbol("J_i"),
                    InOrder(
                        weight_today * Expectation(gap, given),
                        -mv.gamma / 2 * Variance(gap, given),
                    ),
                ),
            ),
            "definition",
            "definition",
            names=of_agent() | at_horizon | future,
            prose=r"With $\overline{X}$ the average of all agents' wealth, the agent maximizes",
        ),
        Display(
            "2.7",
            "aggregate wealth of the competitors",
            (dynamics(State(aggregate.symbol, aggregate.drift, loading), shown),),
            "definition",
            "definition",
            let=tuple(Line(name, value) for name, value in others.items()),
            names={mv.y: "Y^i_t", sum_k["pi"]: r"\pi^k_t", sum_k["X"]: "X^k_t"},
            depends=("2.3",),
            prose="The competitors' wealth satisfies",
        ),
        Display(
            "2.8-2.9",
            "objective in own and competitors' wealth",
            (
                Line(
                    sp.Symbol("J_i"),
                    InOrder(
                        weight_today * Expectation(relative, given),
                        -mv.gamma / 2 * Variance(relative, given),
                    ),
                ),
            ),
            "identity",
            "exact",
            let=(Line(mv.kappa, game.definitions[mv.kappa]),),
            evidence=(Line(gap.subs(mean, mv.y + mv.N * mv.x), relative),),
            names=of_agent() | at_horizon | future,
            depends=("2.6", "2.7"),
            prose="With $N = 1/n$, the objective in terms of own and competitors' wealth is",
        ),
    )


def _system(source: Source) -> tuple[Display, ...]:
    preference = source.hjb.game.preference.aggregate
    discount = sp.exp(-mv.lam * Kept(sp.Symbol("s") - t))
    test = sp.Symbol("Phi_s")
    vanishing = LimitOf(Expectation(discount * test), sp.Symbol("s"), sp.oo)
    return (
        Display(
            "2.11-2.13",
            "generator",
            (source.generator(),),
            "identity",
            "exact",
            names=NAMES,
            let=(Line(mv.s2, source.hjb.game.definitions[mv.s2]),),
            depends=("2.3", "2.7"),
            prose="The generator of own and competitors' wealth is",
        ),
        Display(
            "2.14",
            "preference",
            (Line(sp.Symbol("F"), preference),),
            "definition",
            "definition",
            depends=("2.8-2.9",),
            let=(Line(z, source.moment("G").payoff),),
            prose="With $G$ and $H$ the conditional means of $z$ and $z^2$ at the horizon, the "
            "preference is",
        ),
        Display(
            "2.15-2.17",
            "extended HJB equation",
            (source.value_equation(),),
            "identity",
            "exact",
            names=NAMES,
            depends=("2.11-2.13", "2.14"),
            prose="The extended Hamilton--Jacobi--Bellman system consists of the equation of the "
            "value,",
        ),
        Display(
            "2.18",
            "equation of G",
            (source.moment_equation("G"),),
            "identity",
            "exact",
            depends=("2.11-2.13",),
            prose="those of the two moments at the maximizer $\\pi^*$,",
        ),
        Display(
            "2.19",
            "equation of H",
            (source.moment_equation("H"),),
            "identity",
            "exact",
            depends=("2.11-2.13",),
            prose="and",
        ),
        Display(
            "2.20",
            "transversality",
            (Line(vanishing, sp.S.Zero),),
            "assumption",
            "definition",
            names={test: r"\Phi(s, X_s, Y_s)"},
            prose=r"together with the transversality condition, for $\Phi$ any of $V, F, G, H$,",
        ),
    )


def _ansatz(source: Source) -> tuple[Display, ...]:
    ansatz = source.derivation.system.ansatz
    unknown = {name: source.hjb.function(name) for name in ("V", "G", "H")}
    curvature, slopes = source.feedback_by_value()
    at_maximum = slopes[mv.x] * mv.x + slopes[mv.y] * mv.y + slopes[sp.S.One]
    star = Named(source.feedback, r"\pi^*")
    return (
        Display(
            "2.24",
            "ansatz of the value",
            (Line(unknown["V"], ansatz.value),),
            "identity",
            "exact",
            evidence=(source.value_equation(),),
            prose="The ansatz is quadratic in the value,",
        ),
        Display(
            "2.25",
            "ansatz of the mean",
            (Line(unknown["G"], ansatz.moments["G"]),),
            "identity",
            "exact",
            evidence=(source.moment_equation("G"),),
            prose="affine in the mean,",
        ),
        Display(
            "2.26",
            "ansatz of the second moment",
            (Line(unknown["H"], ansatz.moments["H"]),),
            "identity",
            "exact",
            prose="and quadratic in the second moment,",
        ),
        Display(
            "2.27-2.32",
            "value's equation with the ansatz",
            (source.value_at_ansatz(),),
            "identity",
            "exact",
            names=NAMES,
            depends=("2.15-2.17", "2.24", "2.25"),
            prose="Inserted in the equation of the value, it gives",
        ),
        Display(
            "2.33",
            "feedback",
            (Line(star, source.feedback),),
            "identity",
            "exact",
            evidence=(Line(K * source.feedback, at_maximum),),
            depends=("2.27-2.32",),
            prose="The maximizer is affine in the states,",
        ),
        Display(
            "2.34",
            "curvature",
            (Line(K, curvature),),
            "definition",
            "reconstructed",
            depends=("2.27-2.32",),
            prose="with the curvature",
        ),
        *(
            Display(
                number,
                meaning(unknown) + " by the value",
                (Line(unknown, slope / K),),
                "solution",
                "exact",
                depends=("2.27-2.32", "2.34"),
                prose=prose,
            )
            for number, unknown, slope, prose in (
                ("2.35", mv.p1, slopes[mv.x], "and the coefficients"),
                ("2.36", mv.p2, slopes[mv.y], ""),
                ("2.37", mv.p3, slopes[sp.S.One], ""),
            )
        ),
        Display(
            "2.38-2.41",
            "second moment's equation with the ansatz",
            (source.moment_at_ansatz("H"),),
            "identity",
            "exact",
            depends=("2.19", "2.26", "2.33"),
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
        Display(
            "2.42",
            "coefficient of x^2 in H",
            (second,),
            "identity",
            "exact",
            depends=("2.38-2.41",),
            prose="Its coefficient of $x^2$ demands",
        ),
        Display(
            "2.43",
            meaning(mv.h20),
            (source.solution(mv.h20),),
            "solution",
            "exact",
            depends=("2.42",),
            prose="Hence",
        ),
        Display(
            "2.44",
            "value and preference",
            (Line(source.hjb.function("V"), source.hjb.value),),
            "identity",
            "exact",
            depends=("2.14", "2.15-2.17"),
            prose="Along the solution,",
        ),
        Display(
            "2.45",
            meaning(mv.A1),
            (source.by_moments(mv.A1),),
            "solution",
            "exact",
            depends=("2.44",),
            prose="The coefficient of $x^2$ is",
        ),
        Display(
            "2.46",
            "second-order condition",
            (Line(K, curvature), Line(sp.expand(growth), sp.S.Zero, ">", positive)),
            "assumption",
            "exact",
            depends=("2.34", "2.43", "2.45"),
            prose="The curvature in terms of $h_{20}$ and the second-order condition are",
        ),
        *(
            Display(
                number,
                f"coefficient of {place} in the equation of G",
                (source.matched(unknown),),
                "identity",
                "exact",
                depends=("2.18",),
                prose=prose,
            )
            for number, unknown, place, prose in (
                ("2.47", mv.a, "x", "The equation of the mean demands"),
                ("2.48", mv.c, "y", ""),
                ("2.49", mv.d, "1", ""),
            )
        ),
        *(
            Display(
                number,
                meaning(unknown),
                (source.solution(unknown),),
                "solution",
                "exact",
                depends=(before,),
                prose=prose,
            )
            for number, unknown, before, prose in (
                ("2.50", mv.a, "2.47", "The solutions are"),
                ("2.51", mv.c, "2.48", ""),
                ("2.52", mv.d, "2.49", ""),
            )
        ),
        Display(
            "2.53-2.54",
            "cubic equation of p1",
            (compact, powers),
            "solution",
            "exact",
            depends=("2.35", "2.43", "2.45", "2.50"),
            prose="The coefficient $p_1$ is a root of a cubic,",
        ),
        Display(
            "2.55",
            meaning(mv.p2) + " by the value",
            (Line(mv.p2, by_weight / curvature),),
            "solution",
            "exact",
            depends=("2.36", "2.45"),
            prose="The second coefficient is",
        ),
    )


def _value(source: Source) -> tuple[Display, ...]:
    rest = (mv.A2, mv.A3, mv.A4, mv.A5, mv.A6)
    return (
        Display(
            "2.56-2.60",
            "value's equation at the maximizer",
            (source.value_maximized(),),
            "identity",
            "exact",
            depends=("2.27-2.32", "2.33"),
            prose="With the maximizer inserted, the value's equation is",
        ),
        *(
            Display(
                f"2.{61 + k}",
                meaning(unknown),
                (source.by_equation(unknown),),
                "solution",
                "exact",
                depends=("2.56-2.60",),
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
        Display(
            "2.66",
            meaning(mv.p2),
            (source.solution(mv.p2),),
            "solution",
            "exact",
            depends=("2.48", "2.55", "2.62"),
            prose="Solving for $p_2$,",
        ),
        Display(
            "2.67",
            "determinant of p3",
            (Line(mv.Delta, form[mv.Delta]), Line(mv.Delta, sp.S.Zero, r"\neq")),
            "assumption",
            "exact",
            depends=("2.49", "2.63"),
            prose="The equation of $p_3$ is solvable if its determinant does not vanish,",
        ),
        Display(
            "2.68",
            "response",
            (Line(Named(feedback, r"\pi^*"), parts),),
            "solution",
            "exact",
            depends=("2.33", "2.66", "2.67"),
            prose="The best response is then",
        ),
        *(
            Display(
                number,
                meaning(unknown),
                (source.solution(unknown),),
                "solution",
                "exact",
                depends=("2.67",),
                prose=prose,
            )
            for number, unknown, prose in (
                ("2.69", mv.Qb, "with"),
                ("2.70", mv.Qs, ""),
                ("2.71", mv.q3, ""),
            )
        ),
        Display(
            "2.72-2.73",
            "response of agent i",
            (Line(Named(feedback, r"\pi_i"), InOrder(mv.p1 * mv.x, line)), Line(line, rest)),
            "solution",
            "exact",
            names=of_agent() | {line: r"\ell_i"},
            depends=("2.68",),
            prose="For agent $i$ it is written",
        ),
        Display(
            "2.77",
            "value",
            (Line(source.hjb.function("V"), source.derivation.system.ansatz.value),),
            "solution",
            "exact",
            depends=("2.45", "2.61", "2.62", "2.63", "2.64", "2.65"),
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
        Display(
            "2.82",
            "response without competition",
            (Line(star, mv.p1 * mv.x + mv.p3),),
            "solution",
            "exact",
            evidence=(Line(mv.p2, sp.S.Zero), Line(mv.Qb, sp.S.Zero), Line(mv.Qs, sp.S.Zero)),
            depends=("2.68",),
            prose=r"Without competition ($\theta = 0$, $\kappa = 1$),",
        ),
        Display(
            "2.83-2.84",
            "cubic without competition",
            alone.cubic(),
            "solution",
            "exact",
            depends=("2.53-2.54",),
            prose="The coefficient $p_1$ is a root of",
        ),
        Display(
            "2.85",
            "constant without competition",
            (Line(mv.p3, constant),),
            "solution",
            "exact",
            depends=("2.71",),
            prose="The constant is",
        ),
        Display(
            "2.86",
            meaning(mv.a) + ", no competition",
            (alone.solution(mv.a),),
            "solution",
            "reconstructed",
            depends=("2.50",),
            prose="The moments have the coefficients",
        ),
        Display(
            "2.87",
            meaning(mv.h20) + ", no competition",
            (alone.solution(mv.h20),),
            "solution",
            "reconstructed",
            depends=("2.43",),
        ),
    )
    second = (
        Display(
            "2.88",
            "response proportional to wealth",
            (Line(only, mv.p1 * mv.x),),
            "solution",
            "exact",
            evidence=(Line(mv.p3, sp.S.Zero),),
            depends=("2.82",),
            prose=r"If moreover $\alpha = 0$ and $\beta = 1$,",
        ),
        Display(
            "2.89-2.90",
            "cubic with weight on wealth only",
            wealth.cubic(),
            "solution",
            "exact",
            depends=("2.83-2.84",),
            prose="The coefficient $p_1$ is a root of",
        ),
    )
    return (*alone.introduced(first), *wealth.introduced(second))
