"""Theorem 2.1 of the paper and the first steps of its proof: (2.21)-(2.23) and (A.1)-(A.33).

The steps that need an argument (dominated convergence) are stated with their assumptions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import sympy as sp

from eqsolve.derivation.identity import GeneralHJB
from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.ledger import Display, Line
from eqsolve.notated.derivation import Derivation
from eqsolve.operators import (
    Along,
    Earlier,
    Expectation,
    FirstTime,
    InOrder,
    Meant,
    Named,
    TimeIntegral,
    plain,
)
from eqsolve.paper.displays.lines import shown
from eqsolve.paper.displays.paths import Paths, T, s
from eqsolve.paper.displays.source import Source, t
from eqsolve.paper.displays.spike import STAR, deviation

m, T_m, tau, tau_m = sp.symbols("m T_m tau tau_m")
_AT_MAXIMUM = {mv.p: r"\pi^*"}


def conclusions(derivation: Derivation) -> tuple[Display, ...]:
    """The displays (2.21)-(2.23): what the solution of the system means."""
    paths = Paths(Source(derivation, {}))

    def settled(number: str, name: str, prose: str) -> Display:
        f, payoff = paths.f(name), paths.payoff(name)
        density = paths.hazard * paths.until(payoff, sp.oo)
        # the density of the horizon is the hazard rate times the discount
        mean = Meant(Expectation(Along(payoff, tau), r"\tau > t"), density)
        return shown(
            number,
            f"meaning of {name}",
            Line(f, mean, equals=-paths.dynkin(f, name, sp.oo)),
            kind="identity",
            depends="2.18 A.9" if name == "G" else "2.19 A.13",
            prose=prose,
        )

    return (
        shown(
            "2.21",
            "meaning of V",
            Line(paths.f("V"), Meant(STAR, plain(paths.f("F")))),
            kind="identity",
            names={STAR: r"J(t, x, y; \pi^*)"},
            depends="2.14 2.15-2.17 A.28-A.33",
            prose=r"If $\pi^*$ attains the supremum and is admissible, then it is an equilibrium, "
            "and the solution of the system is its objective and its moments,",
        ),
        settled("2.22", "G", ""),
        settled("2.23", "H", ""),
    )


def appendix(derivation: Derivation) -> tuple[Display, ...]:
    """The displays (A.1)-(A.44), for a constant hazard rate."""
    source = Source(derivation, {})
    return (*_moments(Paths(source)), *_value(source), *deviation(source))


# ---------------------------------------------------------------- steps 1 and 2: the moments


def _settled(paths: Paths, name: str, end: sp.Expr) -> Line:
    """``E[discounted U at end] = U - lambda E int discounted payoff``."""
    f = paths.f(name)
    right = InOrder(f, -paths.hazard * paths.until(paths.payoff(name), end))
    return Line(paths.at(f, end), right, equals=paths.dynkin(f, name, end))


def _stopped(paths: Paths, name: str) -> tuple[Line, Line]:
    """Dynkin's formula up to the stopping time, and with the moment's equation inserted."""
    f = paths.f(name)
    rate = InOrder(paths.applied(f, name), -paths.hazard * f)
    first = Line(paths.at(f, T_m), InOrder(f, paths.until(rate, T_m)))
    settled = _settled(paths, name, T_m)
    formula = paths.dynkin(f, name, T_m)
    return replace(first, equals=formula), replace(settled, left=_same(settled.left))


def _same(left: sp.Expr) -> sp.Expr:
    """The left side of a further line of a chain: meant, but not shown again."""
    return Named(left, "{}")


def _forever(paths: Paths, name: str) -> Line:
    f = paths.f(name)
    right = paths.hazard * paths.until(paths.payoff(name), sp.oo)
    return Line(f, right, equals=-paths.dynkin(f, name, sp.oo))


def _moments(paths: Paths) -> tuple[Display, ...]:
    states = paths.source.hjb.game.state_symbols
    size = sp.Add(*(state**2 for state in states))
    largest = sp.Symbol("largest")
    size_of_payoff = Along(sp.Abs(paths.payoff("G")), s)
    return (
        shown(
            "A.1",
            "stopping times",
            Line(tau_m, FirstTime(s, t, size, m**2), ":="),
            kind="definition",
            proof="definition",
            prose="The proof of the verification theorem stops the states when they become large,",
        ),
        shown(
            "A.2-A.4",
            "mean up to a stopping time",
            *_stopped(paths, "G"),
            kind="identity",
            let=(Line(T_m, Earlier(tau_m, T)),),
            depends="2.18 A.1",
            prose="Dynkin's formula and the equation of the mean give",
        ),
        shown(
            "A.5-A.6",
            "bounds for dominated convergence",
            Line(Expectation(largest), sp.oo, "<"),
            Line(Expectation(TimeIntegral(size_of_payoff, s, t, T)), sp.oo, "<"),
            kind="estimate",
            proof="reconstructed",
            names={largest: r"\sup_{t \leq s \leq T} |G(X_s, Y_s)|"},
            prose="Admissible strategies have second moments that are bounded on bounded "
            "intervals, and $G$ is affine, so that",
        ),
        shown(
            "A.7-A.8",
            "mean up to a fixed time",
            _settled(paths, "G", T),
            kind="identity",
            depends="A.2-A.4 A.5-A.6",
            prose=r"By dominated convergence, as $m \to \infty$,",
        ),
        shown(
            "A.9",
            "mean at the horizon",
            _forever(paths, "G"),
            kind="identity",
            depends="2.20 A.7-A.8",
            prose=r"and as $T \to \infty$, by the transversality condition,",
        ),
        shown(
            "A.10-A.12",
            "second moment up to a stopping time",
            *_stopped(paths, "H"),
            kind="identity",
            depends="2.19 A.1",
            prose="In the same way, the equation of the second moment gives",
        ),
        shown(
            "A.13",
            "second moment at the horizon",
            _forever(paths, "H"),
            kind="identity",
            depends="2.20 A.10-A.12",
            prose="and in the limit",
        ),
    )


# --------------------------------------------------------------------- step 3: the value is F


@dataclass(frozen=True)
class _Steps:
    """The lines of step 3 for one source: they hold for any hazard rate, also one of time."""

    source: Source

    @property
    def paths(self) -> Paths:
        return Paths(self.source)

    def correction(self) -> list[sp.Expr]:
        """The terms of ``A^p F - F_g A^p G - F_h A^p H`` in the order of the generator."""
        value = self.source.hjb.function("V")
        pairs, _ = self.source._parts
        rest = ((k, w, -part.subs(value, 0).doit()) for k, w, part in pairs)
        return [sp.Mul(k, w, sp.factor(part)) for k, w, part in rest if part != 0]

    def by_moments(self) -> list[sp.Expr]:
        """``F_g A G`` and ``F_h A H`` at the maximizer."""
        hjb, paths = self.source.hjb, self.paths
        return [hjb.marginal(m) * paths.applied(f, m.name) for m, f in hjb.moments.items()]

    def rewritten(self) -> Line:
        """The value's equation with the moments' equations inserted."""
        hjb, paths = self.source.hjb, self.paths
        value = hjb.function("V")
        gap = InOrder(paths.f("F"), -value)
        negative = [-term for term in (*self.by_moments(), *self.correction())]
        left = InOrder(paths.applied(value, "V"), *negative, paths.hazard * gap)
        return Line(left, sp.S.Zero, equals=hjb.hamiltonian - hjb.deviation_rate)

    def chain_rule(self) -> Line:
        """The generator applied to F."""
        f = self.paths.f("F")
        return Line(self.paths.applied(f, "F"), InOrder(*self.by_moments(), *self.correction()))

    def slopes(self) -> tuple[Line, ...]:
        """The first derivatives of F in the states."""
        value = self.source.hjb.value
        lines = []
        for state in self.source.hjb.game.state_symbols:
            slope = sp.collect(sp.expand(sp.diff(value, state)), self._first(state))
            lines.append(Line(Named(sp.diff(value, state), rf"F_{state}"), slope))
        return tuple(lines)

    def _first(self, state: sp.Symbol) -> list[sp.Expr]:
        return [sp.diff(f, state) for f in self.source.hjb.moments.values()]

    def difference(self) -> Line:
        """The equation of ``V - F``."""
        hjb, paths = self.source.hjb, self.paths
        value, f = hjb.function("V"), paths.f("F")
        operator = paths.applied(value - plain(f), "(V - F)")
        left = InOrder(operator, -paths.hazard * InOrder(value, -f))
        return Line(left, sp.S.Zero, equals=plain(self.rewritten().left))


def _value(source: Source) -> tuple[Display, ...]:
    # for any functions of time and states, so that nothing but the equations is used
    hjb = GeneralHJB.of(source.hjb.problem, t)
    steps = _Steps(Source(replace(source.derivation, hjb=hjb), {}))
    paths, found = steps.paths, Paths(source)
    value, f = paths.f("V"), paths.f("F")

    def expanded(name: str) -> Line:
        function = paths.f(name)
        rate = InOrder(paths.applied(function, name), -paths.hazard * function)
        right = InOrder(function, paths.until(rate, T))
        return Line(paths.at(function, T), right, equals=paths.dynkin(function, name, T))

    gap = Named(value - plain(f), "(V - F)")
    operator = paths.applied(gap, "(V - F)")
    rate = InOrder(operator, -paths.hazard * gap)
    both = paths.dynkin(value, "V", T) - paths.dynkin(f, "F", T)
    ahead = Line(InOrder(value, -f), InOrder(paths.at(gap, T), -paths.until(rate, T)), equals=-both)
    settled = Line(_same(gap), paths.at(gap, T), equals=-both - plain(paths.until(rate, T)))
    return (
        shown(
            "A.14",
            "value's equation with the moments' equations",
            steps.rewritten(),
            kind="identity",
            names=_AT_MAXIMUM,
            depends="2.15-2.17 2.18 2.19",
            prose=r"At the maximizer, the equations of $G$ and $H$ turn that of the value into",
        ),
        shown(
            "A.15-A.20",
            "generator of F",
            *steps.slopes(),
            steps.chain_rule(),
            kind="identity",
            names=_AT_MAXIMUM,
            depends="2.14",
            prose="The chain rule gives",
        ),
        shown(
            "A.21",
            "equation of V - F",
            steps.difference(),
            kind="identity",
            depends="A.14 A.15-A.20",
            prose="Together they give",
        ),
        shown(
            "A.22-A.23",
            "value up to a fixed time",
            expanded("V"),
            kind="identity",
            depends="A.1",
            prose="As in the first step,",
        ),
        shown("A.24-A.27", "F up to a fixed time", expanded("F"), kind="identity", depends="A.1"),
        shown(
            "A.28-A.33",
            "value and preference agree",
            ahead,
            settled,
            Line(found.f("V"), found.f("F")),
            kind="identity",
            depends="2.20 A.21 A.22-A.23 A.24-A.27",
            prose=r"Hence, with the transversality condition as $T \to \infty$,",
        ),
    )
