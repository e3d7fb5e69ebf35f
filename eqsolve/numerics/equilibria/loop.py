"""The closed loop at one parameter point: moments, exploitability, Nash equilibrium."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import sympy as sp
from flint import arb, arb_mat

from eqsolve.errors import InputError
from eqsolve.model import Model
from eqsolve.numerics.arithmetic.ball import UndecidedError, Values, evaluate, number, sign
from eqsolve.numerics.equilibria.every import all_feedbacks, reached
from eqsolve.registry import model as find_model
from eqsolve.roles import Symbols
from eqsolve.symbolic.closed_loop import closed_loop_system, symmetric
from eqsolve.symbolic.growth import growth_polynomials, growth_rate
from eqsolve.symbolic.matching import CoefficientSystem, insert
from eqsolve.symbolic.population import Population

#: Radius from which a ball around zero is taken as zero.
_ZERO = 1e-40


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


@dataclass(frozen=True)
class LoopRoot:
    """A stationary feedback ``own x + others y + constant`` with finite second moments.

    ``names`` are the symbols of the coefficients, ``abscissa`` is the growth rate of the moments,
    ``curvature`` minus the second derivative of the gain in the deviation;
    ``constant`` is None where the second-order condition fails, or no number or every one fits.
    """

    names: Symbols
    own: arb
    others: arb
    constant: arb | None
    abscissa: arb
    curvature: arb
    multiplicity: int = 1

    @property
    def admissible(self) -> bool:
        """Whether it is a Nash equilibrium."""
        return self.constant is not None

    @property
    def feedback(self) -> tuple[arb, arb, arb]:
        """The three coefficients of an admissible one."""
        assert self.constant is not None
        return self.own, self.others, self.constant

    def to_dict(self, *, selected: bool) -> dict[str, float | bool | None]:
        """Return the JSON form."""
        coefficients = zip(self.names, (self.own, self.others, self.constant))
        return {
            **{s.name: None if v is None else number(v) for s, v in coefficients},
            "abscissa": float(self.abscissa),
            "admissible": self.admissible,
            "selected": selected,
        }


@dataclass(frozen=True)
class Nash:
    """The closed-loop Nash equilibria with finite second moments.

    Attributes
    ----------
    roots : the stationary feedbacks of finite second moments; those that are admissible are
        equilibria, each enclosed by balls in a box that is proved to hold it and no other.
    selected : the number of the one that is selected.
    complete : whether it is proved that there are no others.
    """

    roots: tuple[LoopRoot, ...]
    selected: int | None
    complete: bool
    message: str

    @property
    def status(self) -> Literal["ok", "unresolved", "no-solution"]:
        """Whether an equilibrium is selected; without a proof none is denied."""
        if self.selected is not None:
            return "ok"
        some = any(root.admissible for root in self.roots)
        return "unresolved" if some or not self.complete else "no-solution"


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
            square = self.model.game.state_symbols[0] ** 2
            _, second = self.model.game.preference.moments
            row = next(
                e for e in self.system.equations if e.source == second.name and e.monomial == square
            )
            return evaluate(sp.diff(row.expression, row.unknown), values) + self._hazard
        largest: arb | None = None
        for polynomial in _growth(self.model.name):
            coefficients = sp.Poly(polynomial, growth_rate()).all_coeffs()
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

    def equilibrium(self, bits: int, state: Mapping[sp.Symbol, arb] | None = None) -> Nash:
        """Find every closed-loop Nash feedback with finite second moments, and select one.

        All stationary feedbacks of finite second moments are found by exact elimination.
        ``bits`` is the working precision. The one selected is the limit of finite horizons, or the
        one of the largest objective at a state, if one is given.
        """
        own, others, _ = self.roles.affine
        found = all_feedbacks(
            self.system, self.exact, (own, others), within=self._may_be_finite, bits=bits
        )
        roots = [self._root(own, others) for own, others in found.points]
        roots = [root for root in roots if sign(self._hazard - root.abscissa) > 0]
        if self.values.get(self.roles.reciprocal, arb(0)) == 1:
            roots = _alone(roots)
        admissible = [k for k, root in enumerate(roots) if root.admissible]
        complete = found.complete
        chosen, how = self._selected(roots, admissible, state)
        return Nash(tuple(roots), chosen, complete, _told(len(admissible), complete, how))

    def _may_be_finite(self, box: Sequence[arb]) -> bool:
        return not self.abscissa(box) > self._hazard

    def _root(self, own: arb, others: arb) -> LoopRoot:
        """Everything at a stationary feedback."""
        curvature = self.curvature(self.moments((own, others, arb(0))))
        constant = self._constant(own, others) if sign(curvature) > 0 else None
        growth = self.abscissa((own, others))
        return LoopRoot(self.roles.affine, own, others, constant, growth, curvature)

    def _constant(self, own: arb, others: arb) -> arb | None:
        """The constant of the feedback, in which its condition is affine."""
        at = [
            self._deviation(self.moments(feedback), feedback, self.roles.affine[2])
            for feedback in ((own, others, arb(0)), (own, others, arb(1)))
        ]
        slope = at[1] - at[0]
        if slope.contains(0):
            if slope.rad() > _ZERO:
                raise UndecidedError("the constant cannot be decided.")
            return None
        return -at[0] / slope

    def _selected(
        self,
        roots: Sequence[LoopRoot],
        admissible: Sequence[int],
        state: Mapping[sp.Symbol, arb] | None,
    ) -> tuple[int | None, str]:
        """One of the admissible feedbacks, and how it was chosen."""
        if len(admissible) < 2:
            return (admissible[0] if admissible else None), ""
        if state is not None:
            others = self.second_moment(state[self.model.game.state_symbols[1]])
            full = {**state, self.roles.square: others}
            worth = {k: self.objective(self.moments(roots[k].feedback), full) for k in admissible}
            best = max(admissible, key=lambda k: float(worth[k]))
            return best, "the one with the largest objective at the state is selected"
        payoffs = {m.name: m.payoff for m in self.model.game.preference.moments}
        limit = reached(
            self.system,
            self.exact,
            self.roles.affine[:2],
            payoffs,
            float(self._hazard),
            [(float(roots[k].own), float(roots[k].others)) for k in admissible],
        )
        if limit is None:
            return None, "none is selected, because finite horizons reach none of them"
        return admissible[limit], "the one that finite horizons reach is selected"


def _told(count: int, complete: bool, how: str) -> str:
    if count == 0:
        text = "No closed-loop Nash equilibrium in affine feedback with finite second moments"
        return (
            f"{text} exists: exact elimination finds no other stationary feedback."
            if complete
            else f"{text} was found, but the search is not complete."
        )
    if count == 1:
        text = "The closed-loop Nash equilibrium in affine feedback with finite second moments"
    else:
        text = f"Of {count} closed-loop Nash equilibria with finite second moments {how}"
    found = "exact elimination misses none" if complete else "others may exist"
    return f"{text}; {found}."


def _alone(roots: Sequence[LoopRoot]) -> list[LoopRoot]:
    """Feedbacks of a single agent, to whom the coefficient of the others' wealth is nothing."""
    kept: list[LoopRoot] = []
    for root in sorted(roots, key=lambda root: abs(float(root.others))):
        if not any(root.own.overlaps(other.own) for other in kept):
            kept.append(root)
    return sorted(kept, key=lambda root: float(root.own))


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
