"""The last step of the proof of Theorem 2.1 of the paper, (A.34)-(A.44): no spike gains."""

from __future__ import annotations

import sympy as sp

from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.ledger import Display, Line
from eqsolve.operators import InOrder, Kept, LimitOf, LowerLimit, Meant, Named, plain
from eqsolve.paper.displays.lines import shown
from eqsolve.paper.displays.model import NAMES
from eqsolve.paper.displays.paths import Paths, h, u
from eqsolve.paper.displays.source import K, Source, t

#: The moments and the objective under a spike, and the objectives that (2.10) compares.
MEAN, SQUARE, VALUE = sp.symbols("G_h H_h V_h")
STAR, SPIKE = sp.symbols("J_star J_spike")

_LETTERS = {
    **NAMES,
    u: "u",
    MEAN: r"\hat{G}_h",
    SQUARE: r"\hat{H}_h",
    VALUE: r"\hat{V}_h",
}
#: Indeterminates in the checks.
_FREE = {symbol: sp.Dummy(real=True) for symbol in (u, h)}


def equilibrium(number: str, depends: str, aggregate: str = "y") -> Display:
    """The definition of an equilibrium by spikes: (2.10) or (3.6)."""
    states = rf"t, x, {aggregate}"
    return shown(
        number,
        "equilibrium",
        Line(LowerLimit((STAR - SPIKE) / h, h, sp.S.Zero), sp.S.Zero, r"\geq"),
        kind="definition",
        proof="definition",
        names={STAR: rf"J({states}; \pi^*)", SPIKE: rf"J({states}; \pi^{{h,u}})"},
        depends=depends,
        prose=r"Let $\pi^{h,u}$ invest the constant amount $u$ on $[t, t + h)$ and follow $\pi^*$ "
        r"afterwards. The strategy $\pi^*$ is an equilibrium if for every $u$ and every state",
    )


def deviation(source: Source) -> tuple[Display, ...]:
    """The displays (A.34)-(A.44)."""
    hjb, paths = source.hjb, Paths(source)
    aggregate = hjb.game.preference.aggregate
    mean, square = (moment.symbol for moment in hjb.moments)
    spiked = {mean: MEAN, square: SQUARE}
    end = t + h

    def after(name: str) -> sp.Expr:
        f, payoff = paths.f(name), paths.payoff(name)
        return InOrder(paths.at(f, end), paths.hazard * paths.until(payoff, end))

    meaning = {MEAN: after("G"), SQUARE: after("H")}
    objective = aggregate.subs(spiked)

    def gain(name: str) -> sp.Expr:
        """``A^u U - lambda (U - phi)``."""
        f = paths.f(name)
        gap = InOrder(f, -paths.payoff(name))
        return InOrder(paths.applied(f, name, u), -paths.hazard * gap)

    def change(name: str, hat: sp.Symbol) -> Line:
        f = paths.f(name)
        right = paths.until(gain(name), end)
        return Line(InOrder(hat, -f), right, equals=paths.dynkin(f, name, end, u))

    # the objective under the spike, to first order in its length
    first_order = {
        MEAN: paths.f("G") + h * plain(gain("G")),
        SQUARE: paths.f("H") + h * plain(gain("H")),
    }
    slope = -sp.diff(objective.subs(first_order), h).subs(h, 0)
    ratio = LimitOf(InOrder(hjb.function("V"), -VALUE) / h, h, sp.S.Zero)
    marginals = [hjb.marginal(moment) for moment in hjb.moments]
    by_moments = [-w * Kept(gain(n)) for w, n in zip(marginals, ("G", "H"))]
    inside = source.value_equation().left.args
    at_spike = InOrder(inside[0].args[0].subs(source.control, u), inside[1])
    best = Named(source.feedback, r"\pi^*")
    squared = K / 2 * Kept(InOrder(u, -best)) ** 2
    difference = InOrder(
        aggregate.coeff(mean) * InOrder(paths.f("G"), -MEAN),
        -mv.gamma / 2 * InOrder(paths.f("H"), -SQUARE),
        mv.gamma / 2 * InOrder(paths.f("G") ** 2, -(MEAN**2)),
    )
    free = {name: sp.Dummy(real=True) for name in (MEAN, SQUARE)}
    return (
        *(
            shown(
                number,
                title,
                Line(hat, right, ":="),
                kind="definition",
                proof="reconstructed",
                names=_LETTERS,
                depends=before,
                prose=prose,
            )
            for number, title, hat, right, before, prose in (
                (
                    "A.34",
                    "mean after a spike",
                    MEAN,
                    after("G"),
                    "A.9",
                    "If the constant amount $u$ is held on $[t, t + h)$ and $\\pi^*$ afterwards, "
                    "the moments and the objective are",
                ),
                ("A.35", "second moment after a spike", SQUARE, after("H"), "A.13", ""),
                ("A.36", "objective after a spike", VALUE, objective, "2.14 A.34 A.35", ""),
            )
        ),
        shown(
            "A.37",
            "loss by a spike",
            Line(InOrder(hjb.function("V"), -VALUE), difference),
            kind="identity",
            names=_LETTERS,
            values={VALUE: objective, **free},
            depends="2.21 A.36",
            prose="The loss against the equilibrium is",
        ),
        shown(
            "A.38-A.44",
            "a spike does not gain",
            change("G", MEAN),
            change("H", SQUARE),
            Line(Meant(ratio, slope), InOrder(*by_moments)),
            Line(Named(slope, "{}"), -Kept(at_spike)),
            Line(Named(slope, "{}"), squared),
            Line(Named(slope, "{}"), sp.S.Zero, r"\geq", equals=plain(squared)),
            kind="identity",
            names=_LETTERS,
            values={VALUE: objective, **meaning, **_FREE},
            depends="2.10 2.15-2.17 2.33 2.46 A.37",
            prose="By Dynkin's formula the moments change at the rates of their equations. To "
            "first order, the loss is minus the left side of the value's equation at $u$, which is "
            "not positive,",
        ),
    )
