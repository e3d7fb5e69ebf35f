"""What everybody obtains from one affine feedback, and what a deviation from it gains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import sympy as sp
from flint import arb, arb_mat

from eqsolve.arithmetic.ball import Values, evaluate
from eqsolve.arithmetic.number import UndecidedError
from eqsolve.errors import InputError
from eqsolve.notated.closed_loop import closed_loop_system
from eqsolve.notated.growth import growth_polynomials
from eqsolve.notated.matching import CoefficientSystem, insert
from eqsolve.notated.published import Published


@lru_cache
def system_of(model: Published) -> CoefficientSystem:
    """The equations of everybody's common affine feedback; refused without a population."""
    if model.alike is None:
        text = "there is no population of identical agents."
        raise InputError(text, game=model.name, stage="loop")
    return closed_loop_system(model.game, model.alike, model.ansatz)


@lru_cache
def _growth(model: Published) -> tuple[sp.Expr, ...]:
    return growth_polynomials(system_of(model), model.parts.growth)


@lru_cache
def _linear(model: Published) -> tuple[list[list[sp.Expr]], list[sp.Expr], tuple[sp.Symbol, ...]]:
    """The moment equations ``matrix u = right`` in the moments' coefficients ``u``."""
    equations = [e for e in system_of(model).equations if e.source != "feedback"]
    unknowns = tuple(e.unknown for e in equations)
    rows = [[sp.diff(e.expression, u) for u in unknowns] for e in equations]
    zero = dict.fromkeys(unknowns, sp.S.Zero)
    return rows, [-e.expression.xreplace(zero) for e in equations], unknowns


@lru_cache
def curvature_of(model: Published) -> sp.Expr:
    """Minus the second derivative of the gain in the deviation, in the moments' coefficients."""
    hjb = system_of(model).hjb
    return insert(hjb, system_of(model).ansatz, -hjb.second_order_condition)


class ClosedLoop:
    """What agents obtain when all use one affine feedback.

    Parameters
    ----------
    model : a game with a population.
    values : balls of the parameters and of the game's abbreviations.
    exact : the same as rational numbers.
    """

    def __init__(
        self, model: Published, values: Values, exact: Mapping[sp.Symbol, sp.Rational]
    ) -> None:
        self.model, self.values, self.exact = model, values, exact
        self.roles = model.parts
        self.system = system_of(model)

    @property
    def _hazard(self) -> arb:
        return self.values[self.roles.hazard]

    def second_moment(self, y: arb) -> arb:
        """``(1/n) sum over the others of x_k^2`` when all of them have the same wealth."""
        share = 1 - self.values.get(self.roles.reciprocal, arb(0))
        return arb(0) if share.is_zero() else y * y / share

    def abscissa(self, feedback: Sequence[arb]) -> arb:
        """Growth rate of second moments under the common feedback."""
        values = self.values | dict(zip(self.roles.affine, feedback))
        if self.values.get(self.roles.reciprocal, arb(0)) == 1:
            square = self.model.game.state_symbols[0] ** 2
            _, second = self.model.game.preference.moments
            row = next(
                e for e in self.system.equations if e.source == second.name and e.monomial == square
            )
            return evaluate(sp.diff(row.expression, row.unknown), values) + self._hazard
        largest: arb | None = None
        for polynomial in _growth(self.model):
            coefficients = sp.Poly(polynomial, self.roles.growth).all_coeffs()
            top = _largest_root([evaluate(c, values) for c in coefficients])
            largest = top if largest is None else largest.max(top)
        assert largest is not None
        return largest

    def moments(self, feedback: Sequence[arb]) -> dict[sp.Symbol, arb]:
        """Coefficients of G and H when everybody uses the feedback, by a linear solve."""
        values = self.values | dict(zip(self.roles.affine, feedback))
        rows, rights, unknowns = _linear(self.model)
        matrix = arb_mat([[evaluate(e, values) for e in row] for row in rows])
        right = arb_mat([[evaluate(e, values)] for e in rights])
        try:
            solution = matrix.solve(right)
        except ZeroDivisionError:
            raise UndecidedError("the moment system is singular.") from None
        return {u: solution[i, 0] for i, u in enumerate(unknowns)}

    def objective(self, moments: Mapping[sp.Symbol, arb], state: Mapping[sp.Symbol, arb]) -> arb:
        """What an agent obtains at a state."""
        values = self.values | dict(moments) | dict(state)
        preference = self.model.game.preference
        polynomials = self.system.ansatz.functions
        named = {m.symbol: evaluate(polynomials[m.name], values) for m in preference.moments}
        return evaluate(preference.aggregate, values | named)

    def _deviation(
        self, moments: Mapping[sp.Symbol, arb], feedback: Sequence[arb], unknown: sp.Symbol
    ) -> arb:
        values = self.values | dict(moments) | dict(zip(self.roles.affine, feedback))
        return evaluate(self.system.equation(unknown).expression, values)

    def curvature(self, moments: Mapping[sp.Symbol, arb]) -> arb:
        """Minus the second derivative of the gain in the deviation."""
        return evaluate(curvature_of(self.model), self.values | dict(moments))

    def exploitability(
        self,
        moments: Mapping[sp.Symbol, arb],
        feedback: Sequence[arb],
        state: Mapping[sp.Symbol, arb],
    ) -> arb:
        """Largest rate of gain from a brief unilateral deviation at a state."""
        slopes = [self._deviation(moments, feedback, u) for u in self.roles.affine]
        x, y = self.model.game.state_symbols
        slope = slopes[0] * state[x] + slopes[1] * state[y] + slopes[2]
        return slope * slope / (2 * self.curvature(moments))


def _largest_root(monic: Sequence[arb]) -> arb:
    """Largest real part of the roots of a monic polynomial of degree 1 or 2."""
    if len(monic) == 2:
        return -monic[1]
    _, b, c = monic
    discriminant = b * b / 4 - c
    if discriminant < 0:
        return -b / 2
    if discriminant > 0:
        return -b / 2 + discriminant.sqrt()
    return -b / 2 + arb(0, discriminant.abs_upper().sqrt().upper())
