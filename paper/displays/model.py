"""The displays (2.1)-(2.20) of the paper: market, wealth, objective and the extended HJB system."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.derivations.mean_variance.vocabulary import entry
from eqsolve.game import State
from eqsolve.ledger import Display, Line
from eqsolve.notated.representative import OTHERS
from eqsolve.operators import (
    Expectation,
    InOrder,
    Kept,
    LimitOf,
    Noise,
    OverOthers,
    Variance,
)
from eqsolve.paper.displays.lines import brownian, dynamics, shown
from eqsolve.paper.displays.source import Source, t, z

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


def model(source: Source) -> tuple[Display, ...]:
    """The displays (2.1)-(2.9)."""
    game = source.hjb.game
    own, aggregate = game.states
    bond, stock = sp.Symbol("S0", positive=True), sp.Symbol("S", positive=True)
    market = (
        State(bond, mv.r * bond),
        State(stock, mv.b * stock, {"W": mv.nu * stock, "W_0": mv.sigma * stock}),
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
    increments = {**noise, OTHERS: OverOthers(sum_k["nu"] * position * Noise("W^k_t"), 1)}
    loading = {k: v if k != OTHERS else sp.S.One for k, v in aggregate.loadings.items()}
    relative = source.moment("G").payoff
    mean = sp.Symbol("Xbar", real=True)
    gap = own.symbol - mv.theta * mean
    at_horizon = {mv.x: r"X^i_\tau", mv.y: r"Y^i_\tau", mean: r"\overline{X}_\tau"}
    weight = mv.alpha + mv.beta * mv.x
    today = sp.Symbol("x_0", real=True)
    weight_today = weight.subs(mv.x, today)
    future = {today: "x_i"}
    given = r"\tau > t"

    def objective(wealth: sp.Expr) -> sp.Expr:
        spread = -mv.gamma / 2 * Variance(wealth, given)
        return InOrder(weight_today * Expectation(wealth, given), spread)

    return (
        shown(
            "2.1",
            "bond",
            dynamics(market[0], noise),
            kind="definition",
            proof="definition",
            names=prices,
            prose="The bond pays the interest rate $r$,",
        ),
        shown(
            "2.2",
            "stock",
            dynamics(market[1], noise),
            kind="definition",
            proof="definition",
            names=prices,
            prose="and the stock of agent $i$ has own noise $W^i$ and common noise $W^0$,",
        ),
        shown(
            "2.3",
            "wealth",
            dynamics(own, noise),
            kind="definition",
            proof="definition",
            let=(Line(mv.B, game.definitions[mv.B]),),
            names=process,
            depends="2.1 2.2",
            prose=r"The wealth of an agent who invests $\pi^i_t$ in the stock satisfies",
        ),
        shown(
            "2.6",
            "objective",
            Line(sp.Symbol("J_i"), objective(gap)),
            kind="definition",
            proof="definition",
            names=of_agent() | at_horizon | future,
            prose=r"With $\overline{X}$ the average of all agents' wealth, the agent maximizes",
        ),
        shown(
            "2.7",
            "aggregate wealth of the competitors",
            dynamics(State(aggregate.symbol, aggregate.drift, loading), increments),
            kind="definition",
            proof="definition",
            let=tuple(Line(name, value) for name, value in others.items()),
            names={mv.y: "Y^i_t", sum_k["pi"]: r"\pi^k_t", sum_k["X"]: "X^k_t"},
            depends="2.3",
            prose="The competitors' wealth satisfies",
        ),
        shown(
            "2.8-2.9",
            "objective in own and competitors' wealth",
            Line(sp.Symbol("J_i"), objective(relative)),
            kind="identity",
            let=(Line(mv.kappa, game.definitions[mv.kappa]),),
            # the objective (2.6), the average of all agents' wealth spelled out
            values={sp.Symbol("J_i"): objective(gap.subs(mean, mv.y + mv.N * mv.x))},
            names=of_agent() | at_horizon | future,
            depends="2.6 2.7",
            prose="With $N = 1/n$, the objective in terms of own and competitors' wealth is",
        ),
    )


def system(source: Source) -> tuple[Display, ...]:
    """The displays (2.11)-(2.20)."""
    preference = source.hjb.game.preference.aggregate
    discount = sp.exp(-mv.lam * Kept(sp.Symbol("s") - t))
    test = sp.Symbol("Phi_s")
    vanishing = LimitOf(Expectation(discount * test), sp.Symbol("s"), sp.oo)
    return (
        shown(
            "2.11-2.13",
            "generator",
            source.generator(),
            kind="identity",
            names=NAMES,
            let=(Line(mv.s2, source.hjb.game.definitions[mv.s2]),),
            depends="2.3 2.7",
            prose="The generator of own and competitors' wealth is",
        ),
        shown(
            "2.14",
            "preference",
            Line(sp.Symbol("F"), preference),
            kind="definition",
            proof="definition",
            depends="2.8-2.9",
            let=(Line(z, source.moment("G").payoff),),
            prose="With $G$ and $H$ the conditional means of $z$ and $z^2$ at the horizon, the "
            "preference is",
        ),
        shown(
            "2.15-2.17",
            "extended HJB equation",
            source.value_equation(),
            kind="identity",
            names=NAMES,
            depends="2.11-2.13 2.14",
            prose="The extended Hamilton--Jacobi--Bellman system consists of the equation of the "
            "value,",
        ),
        shown(
            "2.18",
            "equation of G",
            source.moment_equation("G"),
            kind="identity",
            depends="2.11-2.13",
            prose="those of the two moments at the maximizer $\\pi^*$,",
        ),
        shown(
            "2.19",
            "equation of H",
            source.moment_equation("H"),
            kind="identity",
            depends="2.11-2.13",
            prose="and",
        ),
        shown(
            "2.20",
            "transversality",
            Line(vanishing, sp.S.Zero),
            kind="assumption",
            proof="definition",
            names={test: r"\Phi(s, X_s, Y_s)"},
            prose=r"together with the transversality condition, for $\Phi$ any of $V, F, G, H$,",
        ),
    )
