"""The closed loop at one parameter point: moments, exploitability, Nash equilibrium."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Literal

import sympy as sp
from flint import arb, arb_mat, fmpq

from eqsolve.errors import InputError
from eqsolve.model import Model
from eqsolve.numerics.arithmetic.ball import (
    DivisionByZero,
    UndecidedError,
    Values,
    evaluate,
    krawczyk,
    real_roots,
    real_roots_of_balls,
    run,
    sign,
)
from eqsolve.registry import model as find_model
from eqsolve.symbolic.closed_loop import closed_loop_system, symmetric
from eqsolve.symbolic.growth import growth_polynomials
from eqsolve.symbolic.matching import CoefficientSystem, insert
from eqsolve.symbolic.population import Population
from eqsolve.symbolic.solving import ClosedForm, solve
from eqsolve.symbols import symbol, symbols

#: Size of the last step at which Newton's method ends, and of the box examined around its result.
NEWTON, BOX = 1e-50, 1e-40


@lru_cache
def _system(name: str) -> CoefficientSystem:
    model = find_model(name)
    return symmetric(closed_loop_system(model.game, _population(name), model.ansatz))


def _population(name: str) -> Population:
    population = find_model(name).population
    if not isinstance(population, Population):
        raise InputError("there is no population of identical agents.", game=name, stage="loop")
    return population


@lru_cache
def _growth(name: str) -> tuple[sp.Expr, ...]:
    return growth_polynomials(_system(name))


@lru_cache
def _linear(name: str) -> tuple[list[list[sp.Expr]], list[sp.Expr], tuple[sp.Symbol, ...]]:
    """The moment equations ``matrix u = right`` in the moments' coefficients ``u``."""
    equations = [e for e in _system(name).equations if e.source != "feedback"]
    unknowns = tuple(e.unknown for e in equations)
    rows = [[sp.diff(e.expression, u) for u in unknowns] for e in equations]
    zero = dict.fromkeys(unknowns, sp.S.Zero)
    return rows, [-e.expression.xreplace(zero) for e in equations], unknowns


@lru_cache
def _curvature(name: str) -> sp.Expr:
    hjb = _system(name).hjb
    return insert(hjb, _system(name).ansatz, -hjb.second_order_condition)


@lru_cache
def _closed_form(name: str) -> ClosedForm:
    """The Nash feedback in closed form, where the second coefficient solves its own cubic."""
    a, c, h20, h11, p1, p2, p3 = symbols("a c h20 h11 p1 p2 p3")
    notation = find_model(name).notation
    F1, F2, Gamma = symbols("F1 F2 Gamma")
    return solve(
        _system(name),
        replace(
            notation,
            polynomial={**notation.polynomial, p2: symbols("M3 M2 M1 M0")},
            denominators={**notation.denominators, c: (F1,), h11: (F2,), p3: (Gamma,)},
            split={},
        ),
    )


@dataclass(frozen=True)
class Nash:
    """Outcome of the search for a closed-loop Nash equilibrium.

    ``enclosed`` tells whether the balls of the feedback are proved to contain one.
    """

    status: Literal["ok", "infinite-variance", "no-solution"]
    message: str
    feedback: tuple[arb, arb, arb] | None = None
    enclosed: bool = False


class ClosedLoop:
    """What agents obtain when all use one affine feedback, and the feedback no one would leave.

    Parameters
    ----------
    model : a game with a population.
    values : balls of the parameters and of the game's abbreviations.
    exact : the same as rational numbers.
    """

    def __init__(
        self, model: Model, values: Values, exact: Mapping[sp.Symbol, sp.Rational]
    ) -> None:
        self.model, self.values, self.exact = model, values, exact
        self.roles = model.parts
        self.system = _system(model.name)

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
            row = self.system.equation(symbol("h20")).expression
            return evaluate(sp.diff(row, symbol("h20")), values) + self._hazard
        largest: arb | None = None
        for polynomial in _growth(self.model.name):
            coefficients = sp.Poly(polynomial, symbol("mu")).all_coeffs()
            top = _largest_root([evaluate(c, values) for c in coefficients])
            largest = top if largest is None else largest.max(top)
        assert largest is not None
        return largest

    def moments(self, feedback: Sequence[arb]) -> dict[sp.Symbol, arb]:
        """Coefficients of G and H when everybody uses the feedback, by a linear solve."""
        values = self.values | dict(zip(self.roles.affine, feedback))
        rows, rights, unknowns = _linear(self.model.name)
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
        polynomials = self.system.ansatz.moments
        named = {m.symbol: evaluate(polynomials[m.name], values) for m in preference.moments}
        return evaluate(preference.aggregate, values | named)

    def _deviation(
        self, moments: Mapping[sp.Symbol, arb], feedback: Sequence[arb], unknown: sp.Symbol
    ) -> arb:
        values = self.values | dict(moments) | dict(zip(self.roles.affine, feedback))
        return evaluate(self.system.equation(unknown).expression, values)

    def curvature(self, moments: Mapping[sp.Symbol, arb]) -> arb:
        """Minus the second derivative of the gain in the deviation."""
        return evaluate(_curvature(self.model.name), self.values | dict(moments))

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

    def equilibrium(self, start: Sequence[arb], response: Values) -> Nash:
        """Find the closed-loop Nash feedback next to the given-aggregate one ``start``."""
        if _population(self.model.name).reciprocal == 0:
            try:
                return self._in_closed_form(start, response)
            except UndecidedError:
                # roots that coincide: the one next to the start is found all the same
                return self._by_newton(start)
        return self._by_newton(start)

    def _in_closed_form(self, start: Sequence[arb], response: Values) -> Nash:
        form, (p1, p2, p3) = _closed_form(self.model.name), self.roles.affine
        values = self.values | {p1: response[p1]}
        found = self._second_roots(form, values)
        good: list[tuple[arb, arb, arb]] = []
        for root in found:
            if sign(self._hazard - self.abscissa((values[p1], root))) <= 0:
                continue
            point = values | {p2: root}
            try:
                run(form.needed((p3,)), point)
            except DivisionByZero:
                continue
            good.append((point[p1], root, point[p3]))
        slopes = ", ".join(f"{float(values[p1] + root):.6g}" for root in found)
        if not good:
            return Nash(
                "no-solution",
                f"The cubic of the aggregate slope {p1} + {p2} has the real roots {slopes}; none "
                "has finite second moments: no closed-loop mean-field equilibrium.",
            )
        best = min(good, key=lambda f: abs(float(f[1] - start[1])))
        text = "closed-loop Nash equilibrium in closed form"
        if len(good) > 1:
            text += f"; of {len(good)} the one next to the given-aggregate equilibrium"
        return Nash("ok", f"The {text}.", best, enclosed=True)

    def _second_roots(self, form: ClosedForm, values: Values) -> list[arb]:
        """Real roots of the polynomial of ``p2``, whose coefficients may cancel exactly."""
        p1, p2, _ = self.roles.affine
        cubic = form.table[p2]
        known = dict(self.exact)
        if values[p1].is_zero():
            known[p1] = sp.S.Zero
        for definition in form.needed(cubic.polynomial):
            if definition.is_root:
                continue
            value = definition.expression.xreplace(known)
            if isinstance(value, sp.Rational):
                known[definition.symbol] = value
                values[definition.symbol] = arb(fmpq(int(value.p), int(value.q)))
            else:
                values[definition.symbol] = evaluate(value, values)
        if all(name in known for name in cubic.polynomial):
            exact = [Fraction(int(known[n].p), int(known[n].q)) for n in cubic.polynomial]
            return [root for root, _ in real_roots(exact)]
        return real_roots_of_balls([values[name] for name in reversed(cubic.polynomial)])

    def _by_newton(self, start: Sequence[arb]) -> Nash:
        p = [v.mid() for v in start]
        step = arb(2) ** -100

        def residual(trial: Sequence[arb], unknowns: Sequence[sp.Symbol]) -> arb_mat:
            moments = self.moments(trial)
            return arb_mat([[self._deviation(moments, trial, u).mid()] for u in unknowns])

        for _ in range(60):
            base = residual(p, self.roles.affine)
            columns = []
            for k in range(3):
                moved = [v + step if i == k else v for i, v in enumerate(p)]
                columns.append((residual(moved, self.roles.affine) - base) / step)
            jacobian = arb_mat([[columns[k][i, 0].mid() for k in range(3)] for i in range(3)])
            try:
                change = jacobian.solve(base)
            except ZeroDivisionError:
                break
            size = max(abs(float(change[k, 0])) for k in range(3))
            damping = min(1.0, 0.5 * (1 + max(abs(float(v)) for v in p)) / max(size, 1e-300))
            p = [(v - change[k, 0] * damping).mid() for k, v in enumerate(p)]
            if size < NEWTON * (1 + max(abs(float(v)) for v in p)):
                return self._accepted((p[0], p[1], p[2]))
        return Nash(
            "no-solution", "Newton's method from the given-aggregate point found no Nash feedback."
        )

    def _accepted(self, feedback: tuple[arb, arb, arb]) -> Nash:
        found = self._enclosed(feedback)
        # without a proof, Newton's last step is a good measure of the error
        own, others, constant = found or (arb(v, NEWTON) for v in feedback)
        balls = own, others, constant
        if sign(self._hazard - self.abscissa(balls)) <= 0:
            return Nash("infinite-variance", "The Nash feedback has infinite second moments.")
        if sign(self.curvature(self.moments(balls))) <= 0:
            return Nash("no-solution", "The stationary feedback fails the second-order condition.")
        text = "The closed-loop Nash equilibrium next to the given-aggregate one."
        return Nash("ok", text, balls, enclosed=found is not None)

    def _enclosed(self, feedback: tuple[arb, arb, arb]) -> tuple[arb, arb, arb] | None:
        """Enclosures of the exact feedback next to an approximate one, if they can be proved."""
        center = self.moments(feedback) | dict(zip(self.roles.affine, feedback))
        equations = [e.expression for e in self.system.equations if e.unknown in center]
        found = krawczyk(equations, center, self.values, BOX)
        if found is None:
            return None
        own, others, constant = (found[s] for s in self.roles.affine)
        return own, others, constant


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
