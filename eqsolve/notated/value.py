"""The coefficients of the value, in two ways, and the proof that they agree."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from eqsolve.arithmetic.algebra import collect
from eqsolve.derivation.closed_form import Definition
from eqsolve.errors import DerivationError
from eqsolve.notated.matching import CoefficientSystem, insert
from eqsolve.notated.notation import Notation, Writer
from eqsolve.symbols import letters


@dataclass(frozen=True)
class ValueForms:
    """The value's coefficients.

    Attributes
    ----------
    by_moments : from ``V = F(x, G, H)`` (the paper's (2.44), (2.45)).
    equations : ``(factor, coefficient, rest)`` with ``factor * coefficient = rest``, from the
        value's own equation with the feedback inserted ((2.56)-(2.65)), expanded.
    curvature : ``K``, minus the second derivative of the deviation rate in the control, at the
        ansatz; it is positive under the second-order condition.
    """

    by_moments: tuple[Definition, ...]
    equations: tuple[tuple[sp.Expr, sp.Symbol, sp.Expr], ...]
    curvature: Definition
    notation: Notation

    @cached_property
    def by_hjb(self) -> tuple[tuple[sp.Expr, sp.Expr], ...]:
        """The equations as an author would write them: ``(left, right)`` per coefficient."""
        writer = Writer(self.notation)
        return tuple(
            (writer.sum(factor) * name, writer.sum(rest)) for factor, name, rest in self.equations
        )


def value_forms(system: CoefficientSystem, notation: Notation) -> ValueForms:
    """Derive both forms and prove that they agree whenever the coefficient system holds.

    The proof is an identity in all ansatz coefficients: the residual of the second form at the
    coefficients of the first is the combination ``sum_k F_k E_k - p dE`` of the moments' equations
    ``E_k`` and of the first-order condition ``dE``, all at the feedback ``p``.

    Raises
    ------
    DerivationError
        If the identity fails.
    """
    hjb, ansatz, states = system.hjb, system.ansatz, system.hjb.game.state_symbols
    control = hjb.game.control
    writer = Writer(notation)
    names = {m: u for m, u in collect(ansatz.value, states).items()}
    inserted = collect(insert(hjb, ansatz, hjb.value), states)
    by_moments = tuple(
        Definition(name, writer.sum(inserted.get(m, sp.S.Zero)), is_solution=True)
        for m, name in names.items()
    )

    curvature = sp.expand(-hjb.second_order_condition)
    at_ansatz = writer.sum(insert(hjb, ansatz, curvature))
    hamiltonian = sp.expand(hjb.hamiltonian.doit())
    # a quadratic h0 + h1 p + h2 p^2 equals h0 - h2 p^2 at its stationary point
    maximized = hamiltonian.subs(control, 0) + curvature / 2 * control**2
    equation = collect(insert(hjb, ansatz, maximized), states)
    _prove(system, by_moments, equation)

    weight = letters("K")[0]
    shown = hamiltonian.subs(control, 0) + weight / 2 * control**2
    lines = collect(insert(hjb, ansatz, shown), states)
    equations = []
    for monomial, name in names.items():
        factor = sp.Poly(lines[monomial], name).coeff_monomial(name)
        equations.append((-factor, name, sp.expand(lines[monomial] - factor * name)))
    return ValueForms(by_moments, tuple(equations), Definition(weight, at_ansatz), notation)


def _prove(
    system: CoefficientSystem,
    by_moments: tuple[Definition, ...],
    equation: dict[sp.Expr, sp.Expr],
) -> None:
    hjb, ansatz = system.hjb, system.ansatz
    control = hjb.game.control
    combination = hjb.deviation_rate - control * hjb.first_order_condition
    expected = collect(insert(hjb, ansatz, combination), hjb.game.state_symbols)
    values = {d.symbol: d.expression for d in by_moments}
    for monomial in equation.keys() | expected.keys():
        found = equation.get(monomial, sp.S.Zero).subs(values)
        if sp.expand(found - expected.get(monomial, sp.S.Zero)) != 0:
            raise DerivationError(
                f"the two forms of the value differ in {monomial}.",
                game=hjb.game.name,
                stage="value",
            )
