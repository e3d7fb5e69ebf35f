"""From the extended HJB system and an ansatz to equations for the coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from eqsolve.arithmetic.algebra import collect
from eqsolve.derivation.blocks import triangular
from eqsolve.derivation.equations import Equations
from eqsolve.derivation.identity import GeneralHJB
from eqsolve.errors import DerivationError
from eqsolve.notated.ansatz import Ansatz


@dataclass(frozen=True)
class CoefficientEquation:
    """``expression = 0``: what one monomial of one equation demands.

    ``source`` is the moment's name, or ``"feedback"`` for the first-order condition; ``unknown`` is
    the ansatz coefficient of the same monomial.
    """

    source: str
    monomial: sp.Expr
    expression: sp.Expr
    unknown: sp.Symbol

    def __str__(self) -> str:
        return f"{self.source}, {self.monomial}: {self.expression} = 0"


@dataclass(frozen=True)
class CoefficientSystem(Equations):
    """All coefficient equations of a game under an ansatz.

    For a time-dependent hazard rate the equation of a moment's coefficient ``u`` reads
    ``u' + expression = 0``; in the stationary problem ``u' = 0``.
    """

    hjb: GeneralHJB
    ansatz: Ansatz
    equations: tuple[CoefficientEquation, ...]

    @property
    def unknowns(self) -> tuple[sp.Symbol, ...]:
        """The ansatz coefficients, in the order of the equations."""
        return tuple(equation.unknown for equation in self.equations)

    @property
    def feedback_unknowns(self) -> tuple[sp.Symbol, ...]:
        """The coefficients of the feedback."""
        return tuple(e.unknown for e in self.equations if e.source == "feedback")

    def equation(self, unknown: sp.Symbol) -> CoefficientEquation:
        """The equation matched with one unknown."""
        return next(e for e in self.equations if e.unknown == unknown)

    @cached_property
    def blocks(self) -> tuple[tuple[sp.Symbol, ...], ...]:
        """The unknowns in block-triangular order: each block needs only itself and earlier ones."""
        return triangular(
            {
                e.unknown: [v for v in self.unknowns if v != e.unknown and e.expression.has(v)]
                for e in self.equations
            }
        )

    @property
    def lines(self) -> list[tuple[sp.Basic, sp.Basic]]:
        """The coefficient equations."""
        return [(e.expression, sp.S.Zero) for e in self.equations]


def insert(hjb: GeneralHJB, ansatz: Ansatz, expression: sp.Expr) -> sp.Expr:
    """Replace the unknown functions and the control of an expression by the ansatz."""
    replaced = expression.subs(
        {hjb.function(name): poly for name, poly in ansatz.functions.items()}
        | {hjb.function("V"): ansatz.value}
    ).doit()
    return sp.expand(replaced.subs(ansatz.feedback))


def match(hjb: GeneralHJB, ansatz: Ansatz) -> CoefficientSystem:
    """Insert the ansatz and set the coefficient of every monomial of the states to zero.

    Raises
    ------
    DerivationError
        If a monomial appears that the ansatz has no coefficient for (the ansatz does not close).
    """
    states = hjb.game.state_symbols
    equations: list[CoefficientEquation] = []
    parts = [(m.name, ansatz.functions[m.name], hjb.moment_equation(m)) for m in hjb.moments] + [
        ("feedback", ansatz.response, hjb.first_order_condition)
    ]
    for source, polynomial, left in parts:
        unknowns = {m: u for m, u in collect(polynomial, states).items()}
        for monomial, expression in collect(insert(hjb, ansatz, left), states).items():
            if monomial not in unknowns:
                raise DerivationError(
                    f"the ansatz of {source} has no term {monomial}, but its equation does.",
                    game=hjb.game.name,
                    stage="matching",
                    remedy="Enlarge the ansatz.",
                )
            equations.append(CoefficientEquation(source, monomial, expression, unknowns[monomial]))
    return CoefficientSystem(hjb, ansatz, tuple(equations))
