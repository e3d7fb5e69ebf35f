"""Functions of the states along the paths of the best response: what appendix A compares.

Expectations are compared by Dynkin's formula, which is built from the generator.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from eqsolve.operators import Along, Discount, Expectation, Named, TimeIntegral, plain
from eqsolve.paper.displays.source import Source, t

s, h, T = sp.symbols("s h T")
#: The constant amount held during a spike.
u = sp.Symbol("spike")


@dataclass(frozen=True)
class Paths:
    """Functions of the states along the paths, from a source of displays."""

    source: Source

    @property
    def hazard(self) -> sp.Expr:
        """The hazard rate."""
        return self.source.hjb.game.horizon.hazard

    def f(self, name: str) -> sp.Expr:
        """One of the functions V, F, G, H; F is the preference at G and H."""
        hjb = self.source.hjb
        return Named(hjb.value, "F") if name == "F" else hjb.function(name)

    def payoff(self, name: str) -> sp.Expr:
        """What a moment pays at the horizon."""
        return self.source.payoff(1 if name == "G" else 2)

    def applied(self, f: sp.Expr, text: str, control: sp.Expr | None = None) -> sp.Expr:
        """The generator applied to a function, shown as ``A^{pi*} text``."""
        hjb = self.source.hjb
        meaning = hjb.applied(plain(f)).doit()
        if control is None:
            return Named(meaning, rf"\mathcal{{A}}^{{\pi^*}} {text}")
        return Named(meaning.subs(self.source.control, control), rf"\mathcal{{A}}^u {text}")

    def at(self, f: sp.Expr, end: sp.Expr) -> sp.Expr:
        """The discounted expectation of a function at a later time."""
        return Expectation(Discount(self.hazard, t, end) * Along(f, end))

    def until(self, rate: sp.Expr, end: sp.Expr) -> sp.Expr:
        """The expected discounted integral of a rate."""
        inside = Discount(self.hazard, t, s) * Along(rate, s)
        return Expectation(TimeIntegral(inside, s, t, end))

    def dynkin(
        self, f: sp.Expr, text: str, end: sp.Expr, control: sp.Expr | None = None
    ) -> sp.Expr:
        """What vanishes by Dynkin's formula; at infinity, with the transversality condition."""
        later = sp.S.Zero if end == sp.oo else self.at(f, end)
        rate = self.applied(f, text, control) - self.hazard * f
        return plain(later) - plain(f) - plain(self.until(rate, end))
