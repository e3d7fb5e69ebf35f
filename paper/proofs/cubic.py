"""The cubic of p1, where its roots are admissible, and what is assumed of the parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from eqsolve.derivations.mean_variance.vocabulary import symbols
from eqsolve.notated.derivation import Derivation
from eqsolve.paper.claims.exact import beta, gamma, kappa, lam, p1, r, s2
from eqsolve.prove.statement import Exists, ForAll, Hypothesis, Joined, Relation, Statement

C0, C1, C2, C3, D1, D2, Delta, E0, E1 = symbols("C0 C1 C2 C3 D1 D2 Delta E0 E1")
#: Roots and other values of p1.
p, q, t, x = sp.symbols("p q t x")

VARIANCE = Hypothesis("positive_s2", Relation(s2, ">"))
AVERSION = Hypothesis("positive_gamma", Relation(gamma, ">"))
OWN_WEIGHT = Hypothesis("positive_kappa", Relation(kappa, ">"))
HAZARD = Hypothesis("positive_lambda", Relation(lam, ">"))
HORIZON = Hypothesis("large_lambda", Relation(lam, ">", 2 * r))
INTEREST = Hypothesis("interest", Relation(r, ">="))
WEIGHT = Hypothesis("weight", Relation(beta, ">="))


@dataclass(frozen=True)
class Cubic:
    """The equation of p1 of the best response and what its roots are judged by."""

    derivation: Derivation

    @cached_property
    def definitions(self) -> tuple[Hypothesis, ...]:
        """The coefficients of the cubic, and what they are made of."""
        form = self.derivation.response
        return tuple(
            Hypothesis(f"H_{d.symbol.name}", Relation(d.symbol, "=", d.expression))
            for d in form.needed((C0, C1, C2, C3))
        )

    def value(self, at: sp.Symbol) -> sp.Expr:
        """The cubic at a letter."""
        return self.derivation.response[p1].xreplace({p1: at})

    def second(self, at: sp.Symbol) -> sp.Expr:
        """``D2``, which is positive under the second-order condition."""
        return self.derivation.response[D2].xreplace({p1: at})

    def delta(self, at: sp.Symbol) -> sp.Expr:
        """``Delta``, by which the constant part of the response is divided."""
        form = self.derivation.response
        spelled = form[Delta].xreplace({D1: form[D1], D2: form[D2]})
        return spelled.xreplace({p1: at})

    def admissible(self, at: sp.Symbol) -> Relation:
        """That the second-order condition holds."""
        return Relation(self.second(at), ">")

    def root(self, at: sp.Symbol) -> Relation:
        """That the cubic vanishes."""
        return Relation(self.value(at), "=")

    def outstanding(self, at: sp.Symbol) -> Relation:
        """That ``Delta`` is positive."""
        return Relation(self.delta(at), ">")

    def every(self, at: sp.Symbol, then: Statement) -> ForAll:
        """What holds for every admissible root."""
        return ForAll((at,), Joined("->", (self.admissible(at), self.root(at), then)))

    def exactly_one(self, *more: Relation) -> Exists:
        """That there is one admissible root, of which more holds, and no other admissible root."""
        both = (self.admissible(p), self.root(p), *more)
        only = self.every(q, Relation(q, "=", p))
        return Exists((p,), Joined("/\\", (*both, only)))
