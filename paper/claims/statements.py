"""The claims of the paper: where they stand, what they say, and which check judges them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from eqsolve.claims.claim import Context, Finding, Statement
from eqsolve.claims.formal import Wanted
from eqsolve.paper.claims import (
    convergence,
    corollaries,
    equilibria,
    joint,
    limits,
    relative,
    sensitivity,
    theorems,
    weights,
)
from eqsolve.registry import model

#: What is stated of a claim for Coq, by game: chapters and names of theorems.
_THEOREMS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "theorem-2.1": {
        "best-response": ("system.*", "displays.equation_2_2[123]", "displays.equation_A_*")
    },
    "second-order-condition": {
        "best-response": ("signs.*", "displays.curvature", "displays.equation_2_4[56]*")
    },
    "theorem-2.2": {"best-response": ("solution.*",)},
    "corollary-2.1": {"two-agent": ("displays.equation_2_80_*",)},
    "corollary-2.2": {"best-response": ("displays.equation_2_82_*", "displays.equation_2_88")},
    "theorem-2.3": {"n-agent": ("equilibrium.*",)},
    "theorem-2.4": {"two-agent": ("equilibrium.*", "displays.equation_2_11[0123]*")},
    "remark-2.5-count": {
        "best-response": ("roots.*", "selection.one_admissible_root_if_B_is_small"),
    },
    "remark-2.5-selection": {
        "best-response": ("selection.one_admissible_root_has_*", "selection.largest_*")
    },
    "corollary-2.3": {"two-agent": ("displays.equation_2_11[67]", "displays.equation_C_*")},
    "corollary-3.1": {"mean-field": ("displays.equation_3_41",)},
    "remark-3.1": {"mean-field": ("displays.equation_D_*", "displays.equation_3_44")},
    "theta-increasing": {"mean-field": ("competition.position_rises_*",)},
    "competition-above": {"mean-field": ("competition.*",)},
    "gamma-decreasing": {
        "best-response": ("selection.selected_B_p1_rises_*",),
        "mean-field": ("counterexamples.*_fall_with_gamma",),
    },
    "gamma-convex": {"mean-field": ("counterexamples.*_convex_in_gamma",)},
    "alpha-linear": {"n-agent": ("weights.*",), "mean-field": ("weights.*",)},
    "beta-increasing": {
        "best-response": (
            "selection.selected_B_p1_rises_*",
            "counterexamples.*_rise_with_beta",
        ),
    },
    "beta-concave": {"best-response": ("counterexamples.*_concave_in_beta",)},
    "theorem-3.1": {"mean-field": ("system.*",)},
    "theorem-3.2": {"mean-field": ("solution.*",)},
    "theorem-3.3": {"mean-field": ("equilibrium.*",)},
}


def _claim(
    name: str, source: str, statement: str, check: Callable[[Context], Finding]
) -> Statement:
    def theorems() -> Iterator[Wanted]:
        for game, wanted in _THEOREMS.get(name, {}).items():
            yield model(game), wanted

    return Statement(name, f"the paper, {source}", statement, check, theorems)


#: In the order of the paper.
STATEMENTS = (
    _claim(
        "abstract-competitors",
        "abstract and section 1",
        "Equilibrium strategies depend on the current wealth of the competitors.",
        corollaries.competitors_wealth,
    ),
    _claim(
        "theorem-2.1",
        "Theorem 2.1",
        "A solution of the extended HJB system with transversality gives the equilibrium feedback "
        "of one agent, and V, G, H are the value and the two moments.",
        partial(theorems.verification, game="best-response"),
    ),
    _claim(
        "second-order-condition",
        "(2.46)",
        "The second-order condition is h20 > 0, equivalent to lambda - 2 (r + B p1) - s2 p1^2 > 0.",
        theorems.second_order,
    ),
    _claim(
        "theorem-2.2",
        "Theorem 2.2",
        "The closed form is the best response, with the quadratic value, to any given strategies "
        "of the others.",
        partial(theorems.best_response, game="best-response"),
    ),
    _claim(
        "assumption-2.1",
        "section 2.2 and appendix B",
        "G is affine, H and V are quadratic in the wealths, and transversality holds under "
        "Assumption 2.1.",
        theorems.growth,
    ),
    _claim(
        "remark-2.1",
        "Remark 2.1",
        "p2, c, A3, Qb, Qs are proportional to theta; p1 x + q3 does not depend on theta.",
        corollaries.proportional,
    ),
    _claim(
        "corollary-2.1",
        "Corollary 2.1",
        "With state-independent risk aversion and r = 0 the equilibrium is constant and is that of "
        "Lacker and Zariphopoulou.",
        corollaries.constant,
    ),
    _claim(
        "remark-2.2",
        "Remarks 2.2 and 3.2",
        "With r = 0 agents with CARA preferences have the same equilibrium.",
        corollaries.cara,
    ),
    _claim(
        "corollary-2.2",
        "Corollary 2.2",
        "Without competition the strategy is p1 x + p3, and p3 = 0 if alpha = 0.",
        corollaries.alone,
    ),
    _claim(
        "remark-2.3",
        "Remark 2.3",
        "For one agent the strategies are those of Landriault et al., Theorems 3.2 and 3.3.",
        corollaries.single,
    ),
    _claim(
        "arbitrary-number",
        "end of section 2.2",
        "It remains difficult to solve (2.73) for an arbitrary number of agents who differ.",
        convergence.any_number,
    ),
    _claim(
        "theorem-2.3",
        "Theorem 2.3",
        "The common feedback k1 x + k2 y + k3 solves the game of n identical agents if S and W "
        "are not zero.",
        partial(theorems.homogeneous, game="n-agent"),
    ),
    _claim(
        "nash",
        "Theorems 2.3, 2.4, 3.3, Proposition 3.4",
        "The fixed point of the responses is a Nash equilibrium in feedback strategies.",
        equilibria.nash,
    ),
    _claim(
        "value-2.77",
        "(2.77) in section 2.3",
        "V is the value agents obtain in the equilibrium of the homogeneous game.",
        equilibria.value,
    ),
    _claim(
        "remark-2.4",
        "Remark 2.4",
        "State-independent risk aversion (beta = 0) makes all equilibrium strategies constant.",
        corollaries.state_independent,
    ),
    _claim(
        "theorem-2.4",
        "Theorem 2.4",
        "Two agents who differ have the equilibrium (2.100)-(2.111); the system is degenerate if "
        "and only if its rows are proportional.",
        joint.two_agents,
    ),
    _claim(
        "remark-2.5-count",
        "Remark 2.5",
        "There are at most three linear equilibria.",
        equilibria.at_most_three,
    ),
    _claim(
        "remark-2.5-selection",
        "Remark 2.5",
        "The admissible root with the largest objective value identifies one equilibrium.",
        equilibria.selection,
    ),
    _claim(
        "remark-2.5-degenerate",
        "Remark 2.5",
        "In the degenerate case with proportional right sides there may be infinitely many "
        "equilibria.",
        equilibria.degenerate,
    ),
    _claim(
        "corollary-2.3",
        "Corollary 2.3",
        "As lambda tends to infinity the strategies tend to those of (2.116), (2.117).",
        limits.large_hazard,
    ),
    _claim(
        "remark-2.6",
        "Remark 2.6",
        "With state-independent risk aversion and an infinitesimal horizon the strategy is that of "
        "Guan and Hu without insurance.",
        limits.short_horizon,
    ),
    _claim(
        "theorem-3.1",
        "Theorem 3.1",
        "The verification theorem of the mean-field game.",
        partial(theorems.verification, game="mean-field"),
    ),
    _claim(
        "theorem-3.2",
        "Theorem 3.2",
        "The closed form is the best response to given conditional averages in the mean field.",
        partial(theorems.best_response, game="mean-field"),
    ),
    _claim(
        "corollary-3.1",
        "Corollary 3.1",
        "With beta = r = 0 the mean-field equilibrium is that of Lacker and Zariphopoulou; if "
        "psi = 1 there is none.",
        limits.no_equilibrium,
    ),
    _claim(
        "theorem-3.3",
        "Theorem 3.3",
        "The homogeneous mean-field equilibrium is p1 x + k2 xbar + k3 if Q != 1.",
        partial(theorems.homogeneous, game="mean-field"),
    ),
    _claim(
        "remark-3.1",
        "Remark 3.1",
        "The mean-field equilibrium has the Markovian form pi(t, x, xbar).",
        limits.markovian,
    ),
    _claim(
        "proposition-3.4",
        "Proposition 3.4",
        "The equilibrium of n identical agents converges to the mean-field one.",
        convergence.coefficients,
    ),
    _claim(
        "proposition-3.4-paths",
        "Proposition 3.4",
        "The strategies along the agents' own paths converge.",
        convergence.pathwise,
    ),
    _claim(
        "proposition-3.4-proof",
        "appendix E",
        "Given the common noise, the wealths of n identical agents are independent and identically "
        "distributed.",
        convergence.independent,
    ),
    _claim(
        "theta-increasing",
        "section 4.2, first Figure 4.2",
        "pi increases with theta.",
        sensitivity.theta_increasing,
    ),
    _claim(
        "competition-above",
        "section 4.2, Figures 4.2 to 4.4",
        "The competitive strategy lies above the non-competitive one.",
        sensitivity.above,
    ),
    _claim(
        "gamma-decreasing",
        "section 4.2, second Figure 4.2",
        "pi, with and without competition, decreases with the risk aversion gamma.",
        sensitivity.gamma_decreasing,
    ),
    _claim(
        "gamma-convex",
        "section 4.2, second Figure 4.2",
        "pi, with and without competition, is convex in gamma.",
        sensitivity.gamma_convex,
    ),
    _claim(
        "gamma-bounded",
        "section 4.2, second Figure 4.2",
        "The strategy of a highly conservative investor is inherently bounded.",
        sensitivity.gamma_bounded,
    ),
    _claim(
        "alpha-linear",
        "section 4.2, Figure 4.4",
        "pi increases linearly with the constant weight alpha.",
        sensitivity.alpha_linear,
    ),
    _claim(
        "beta-increasing",
        "section 4.2, Figure 4.4",
        "pi increases with the weight beta of wealth.",
        weights.beta_increasing,
    ),
    _claim(
        "beta-concave",
        "section 4.2, Figure 4.4",
        "pi is concave in beta.",
        weights.beta_concave,
    ),
    _claim(
        "relative-sensitivity",
        "section 4.2, Figures 4.4",
        "pi is more sensitive to beta than to alpha.",
        relative.relative,
    ),
    _claim(
        "figure-4.5",
        "section 4.3, Figure 4.5",
        "pi approaches the mean-field strategy monotonically as n grows.",
        convergence.monotone,
    ),
)
