"""Second moments of wealth under the response: (2.74)-(2.76) and appendix B of the paper.

The growth constant is computed from the generator. Gronwall's inequality compares with the
solution of a linear equation; that the bound is its solution is checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from eqsolve.arithmetic.algebra import collect
from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.derivations.mean_variance.vocabulary import symbol
from eqsolve.ledger import Display, Line
from eqsolve.notated.derivation import Derivation
from eqsolve.notated.growth import growth_polynomials
from eqsolve.operators import (
    Along,
    Discount,
    Expectation,
    InOrder,
    Kept,
    Named,
    TimeIntegral,
    plain,
)
from eqsolve.paper.displays.lines import shown
from eqsolve.paper.displays.model import NAMES
from eqsolve.paper.displays.source import Source, t

s, T = sp.symbols("s T")
#: The part of the response that does not depend on own wealth, and the constants of its bound.
ell, rho, L1, L2 = sp.symbols("ell rate L1 L2")
#: A free positive constant, the growth rate of own wealth and the weight of the rest.
eps, GROWTH, WEIGHT = sp.symbols("eps Growth Gain")
M1, M2, M3 = sp.symbols("M1 M2 M3")

_LETTERS = {
    **NAMES,
    ell: r"\ell",
    rho: r"\rho",
    eps: r"\varepsilon",
    GROWTH: r"\Lambda",
    WEIGHT: r"\Gamma",
}


def _mean(expression: sp.Expr) -> sp.Expr:
    return Expectation(Along(expression, s))


@dataclass(frozen=True)
class _Growth:
    """The generator on the square of own wealth, by monomials of wealth and rest."""

    derivation: Derivation

    @cached_property
    def rate(self) -> sp.Expr:
        """``A^p x^2``."""
        return self.derivation.hjb.problem.generator(mv.x**2)

    @cached_property
    def parts(self) -> dict[sp.Expr, sp.Expr]:
        """Its coefficients under the response."""
        return collect(self.rate.subs(mv.p, mv.p1 * mv.x + ell), (mv.x, ell))

    @property
    def own(self) -> sp.Expr:
        """The growth rate of ``E X^2`` without the rest."""
        return self.parts[mv.x**2]

    @property
    def ratio(self) -> sp.Expr:
        """Half the mixed coefficient over the free constant."""
        return sp.factor(self.parts[mv.x * ell] / 2) / eps

    @property
    def values(self) -> dict[sp.Symbol, sp.Expr]:
        """What the two constants are: the mixed term is absorbed by completing the square."""
        free = {name: sp.Dummy(real=True) for name in (eps, rho, L1, L2)}
        rest = self.derivation.system.ansatz.response - mv.p1 * mv.x
        return {
            GROWTH: self.own + free[eps],
            WEIGHT: self.weight.subs(free),
            ell: rest,
            **free,
        }

    @property
    def weight(self) -> sp.Expr:
        """The weight of the square of the rest."""
        return self.parts[ell**2] + eps * self.ratio**2

    @property
    def gap(self) -> sp.Expr:
        """What the bound adds to the rate: a square."""
        return eps * (mv.x - self.ratio * ell) ** 2


def constants(derivation: Derivation) -> tuple[Display, ...]:
    """The displays (2.74)-(2.76) and the assumption that the constants enter."""
    growth = _Growth(derivation)
    mu = symbol("mu")
    polynomial = sp.Mul(*growth_polynomials(derivation.system, mu)).subs(mu, growth.own)
    return (
        shown(
            "2.74-2.75",
            "growth of the rest of the response",
            Line(_mean(ell**2), InOrder(L1, L2 * Discount(-rho, t, s)), r"\leq"),
            kind="estimate",
            proof="reconstructed",
            names=_LETTERS,
            depends="2.72-2.73",
            prose=r"If the competitors' strategies are admissible, there are constants with",
        ),
        shown(
            "2.76",
            "growth rate of the second moment of wealth",
            Line(GROWTH, growth.own + eps, ":="),
            Line(WEIGHT, growth.weight, ":="),
            kind="definition",
            proof="reconstructed",
            # it is an eigenvalue of the second moments' equations, but for eps
            evidence=(Line(polynomial, sp.S.Zero), _absorbed(growth)),
            names=_LETTERS,
            values=growth.values,
            depends="2.72-2.73 2.74-2.75",
            prose=r"For any $\varepsilon > 0$ let",
        ),
        shown(
            "growth",
            "growth assumption",
            Line(mv.lam, GROWTH, ">", equals=mv.D2 - eps),
            Line(mv.lam, rho, ">"),
            kind="assumption",
            names=_LETTERS,
            values=growth.values,
            depends="2.46 2.76",
            prose=r"The hazard rate is assumed to exceed both growth rates; with "
            r"$\varepsilon \to 0$ the first is the second-order condition $D_2 > 0$,",
        ),
    )


def _absorbed(growth: _Growth) -> Line:
    """The rate under the response is the bound less a square."""
    rate = growth.rate.subs(mv.p, mv.p1 * mv.x + ell)
    return Line(rate, GROWTH * mv.x**2 + WEIGHT * ell**2 - growth.gap)


def appendix(derivation: Derivation) -> tuple[Display, ...]:
    """The displays (B.1)-(B.4)."""
    growth = _Growth(derivation)
    second = Expectation(Along(mv.x**2, T))

    def integral(rate: sp.Expr) -> sp.Expr:
        return TimeIntegral(rate, s, t, T)

    formula = plain(second) - mv.x**2 - plain(Expectation(integral(Along(growth.rate, s))))
    shown_rate = InOrder(*(e for e in Source(derivation, {}).applied(mv.x**2) if e != 0))
    bound_rate = InOrder(GROWTH * _mean(mv.x**2), WEIGHT * _mean(ell**2))
    gap = plain(Expectation(integral(Along(growth.gap, s))))
    ends = (Discount(-GROWTH, t, T), Discount(-rho, t, T))
    bound = InOrder(M1, M2 * ends[1], M3 * ends[0])
    return (
        shown(
            "B.1",
            "second moment of wealth",
            Line(
                second,
                InOrder(mv.x**2, Expectation(integral(Along(shown_rate, s)))),
                equals=formula,
            ),
            kind="identity",
            names=NAMES,
            depends="2.3",
            prose="That the response is admissible follows from a bound of the second moment of "
            "own wealth. By Dynkin's formula, stopped and passed to the limit as above,",
        ),
        shown(
            "B.2-B.4",
            "Gronwall bound",
            Line(
                second,
                InOrder(mv.x**2, integral(Kept(bound_rate))),
                r"\leq",
                equals=formula - gap,
            ),
            Line(Named(plain(second), "{}"), bound, r"\leq"),
            kind="estimate",
            proof="reconstructed",
            let=_weights(),
            evidence=_comparison(),
            names=_LETTERS,
            values=growth.values,
            depends="2.74-2.75 2.76 B.1",
            prose=r"For $\rho \neq \Lambda$, Gronwall's inequality gives",
        ),
    )


def _weights() -> tuple[Line, ...]:
    """The weights of the solution of the comparison equation."""
    forced = sp.Symbol("f")
    # f' = GROWTH f + WEIGHT (L1 + L2 e^{rate time}), by undetermined coefficients
    (constant,) = sp.solve(GROWTH * forced + WEIGHT * L1, forced)
    (moving,) = sp.solve((rho - GROWTH) * forced - WEIGHT * L2, forced)
    return (
        Line(M1, constant),
        Line(M2, moving),
        Line(M3, InOrder(mv.x**2, -M1, -M2)),
    )


def _comparison() -> tuple[Line, ...]:
    """The bound solves the comparison equation and starts at the present wealth."""
    time = sp.Symbol("elapsed")
    bound = M1 + M2 * sp.exp(rho * time) + M3 * sp.exp(GROWTH * time)
    right = GROWTH * bound + WEIGHT * (L1 + L2 * sp.exp(rho * time))
    marks = {sp.exp(g * time): sp.Dummy(real=True) for g in (GROWTH, rho)}
    slope = sp.diff(bound, time)
    return (
        Line(slope.xreplace(marks), right.xreplace(marks)),
        Line(bound.subs(time, 0), mv.x**2),
    )
