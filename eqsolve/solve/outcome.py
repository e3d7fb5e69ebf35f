"""What a player obtains when everybody plays a strategy, and what a brief deviation gains.

With the notion given this is not the value of the player's problem: the averages that the player
took as frozen follow the states.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp
from flint import arb, arb_mat

from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.fixed_point import second_moments
from eqsolve.derivation.hjb import ExtendedHJB
from eqsolve.numerics.status import Status
from eqsolve.solve.conditions import Environment, balls, evaluate
from eqsolve.solve.decide import abscissa
from eqsolve.solve.growth import GrowthSystem, follow, terms


@dataclass(frozen=True)
class Outcome:
    """The expectations of a player under the strategy, of a stationary problem.

    Attributes
    ----------
    system : the player's problem with the expectations as functions of the states, their
        coefficients as symbols.
    values : parameters, coefficients of the strategy, states, and those symbols.
    """

    derivation: Derivation
    system: ExtendedHJB
    values: Environment

    @property
    def objective(self) -> arb:
        """The preference at the state."""
        return evaluate(self.system.value.xreplace(self._spelled), self.values)

    @property
    def exploitability(self) -> arb | None:
        """The largest rate of gain from a brief deviation; None if it is not bounded."""
        values = self.values
        closure, controls = self.derivation.closure, self.system.problem.player.controls
        size = len(controls)
        slopes = [self._at(closure(g), values) for g in self.system.gradient]
        bends = [self._at(closure(e), values) for e in self.system.hessian]
        sense = -1 if self.system.problem.player.preference.sense == "maximize" else 1
        matrix = arb_mat(size, size, [sense * b for b in bends])
        try:
            shift = matrix.solve(arb_mat(size, 1, slopes))
        except ZeroDivisionError:
            return None
        return sum((s * shift[i, 0] for i, s in enumerate(slopes)), arb(0)) / 2

    def _at(self, expression: sp.Expr, values: Environment) -> arb:
        return evaluate(expression.xreplace(self._spelled), values)

    @property
    def _spelled(self) -> dict[sp.Symbol, sp.Expr]:
        spelled: dict[sp.Symbol, sp.Expr] = {}
        for name, value in self.derivation.model.game.definitions.items():
            spelled[name] = value.xreplace(spelled)
        return spelled


def growth_of_play(derivation: Derivation) -> GrowthSystem:
    """How expectations of the first player grow when everybody plays the strategy."""
    played = derivation.played
    system = played.systems[0]
    parts = [m.payoff for m in system.problem.moments]
    parts += [played.closure(m.running) for m in system.problem.moments]
    return follow(played, system, [p for p in parts if p != 0])


def unplayable(
    derivation: Derivation, growth: GrowthSystem, values: Environment
) -> tuple[Status, str] | None:
    """Why the response of a solution is nobody's strategy, if it is not.

    Parameters
    ----------
    growth : of ``growth_of_play``.
    values : parameters and coefficients.
    """
    fixed = derivation.fixed
    assert fixed is not None, "strategies follow from responses where averages are given"
    if any(evaluate(e, values).contains(0) for e in fixed.nonzero):
        return (
            Status.DEGENERATE,
            "The response does not determine a strategy: the fixed point of the averages over the "
            "others is singular.",
        )
    grown = abscissa(growth, values) if derivation.stationary else None
    if grown is not None and not grown < 0:
        return (
            Status.INFINITE_VARIANCE if grown > 0 else Status.UNRESOLVED,
            "When everybody plays the strategy, expectations grow at least as fast as they are "
            "discounted.",
        )
    return None


def outcome(derivation: Derivation, growth: GrowthSystem, values: Environment) -> Outcome | None:
    """The expectations of the first player when everybody plays the strategy.

    Parameters
    ----------
    growth : of ``growth_of_play``.
    values : parameters, coefficients and states. All others are taken to be where their mean is.

    Returns
    -------
    None if the expectations do not follow from finitely many functions of the states.
    """
    played = derivation.played
    system = played.systems[0]
    if growth.matrix is None:
        return None
    states, size = system.problem.states, len(growth.functions)
    entries = balls((growth.matrix[j][i] for i in range(size) for j in range(size)), values)
    hazard = evaluate(played.model.game.horizon.hazard, values)
    identity = arb_mat(size, size, [arb(int(i == j)) for i in range(size) for j in range(size)])
    matrix = identity * evaluate(growth.rate, values) - arb_mat(size, size, entries)
    numbers: dict[sp.Symbol, arb] = dict(values)
    for name, form in second_moments(played.model.game).items():
        numbers[name] = evaluate(form, numbers)
    functions: dict[str, sp.Expr] = {}
    for moment in system.problem.moments:
        pay, rate = terms(moment.payoff, states), terms(played.closure(moment.running), states)
        right = [
            hazard * evaluate(pay.get(f, sp.S.Zero), values)
            + evaluate(rate.get(f, sp.S.Zero), values)
            for f in growth.functions
        ]
        try:
            solved = matrix.solve(arb_mat(size, 1, right))
        except ZeroDivisionError:
            return None
        letters = [sp.Dummy(f"{moment.name}{i}") for i in range(size)]
        numbers |= {letter: solved[i, 0] for i, letter in enumerate(letters)}
        functions[moment.name] = sp.Add(*(k * f for k, f in zip(letters, growth.functions)))
    return Outcome(played, ExtendedHJB(system.problem, functions, {}), numbers)
