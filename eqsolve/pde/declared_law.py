"""A declared game of one state as a mean-field game in one dimension.

In the letters of `eqsolve.pde.declared_motion` the Hamiltonian is ``H(x, p) = (p + l(x) + c M + d
V)^2/(4 q)``. A hazard rate of a player on his own adds to his discount, and the payoff times the
rate to the running cost. Where no time ends the game, an end is put off until it does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp

from eqsolve import expression
from eqsolve.errors import NoSolutionError
from eqsolve.game.parameters import Numbers
from eqsolve.pde.costs import coupling
from eqsolve.pde.declared_ends import settled
from eqsolve.pde.declared_motion import GRADIENT, MEAN, SPEED, VARIANCE, Motion, X
from eqsolve.pde.declared_part import OnGrid, field, numbers_in
from eqsolve.pde.edge import Progress
from eqsolve.pde.hamiltonians import Compiled, Hamiltonian, Quadratic
from eqsolve.pde.mfg import MFGSolution, gaussian, solve_mfg
from eqsolve.pde.result import of_mean_field
from eqsolve.pde.second_order import explosion

#: Nodes and steps, both of which can be halved.
NODES, STEPS = 241, 120
#: The domain reaches so many deviations beyond the mean of the law at any time.
REACH = 6.0
#: Most domains that are tried, each as wide as the law on the one before asks for.
TRIES = 5
#: The strategy is compared within so many deviations of the initial law.
COMPARED = 2.0


@dataclass(frozen=True)
class MeanField(Motion):
    """The mean-field game of a model; its parts are in the model's own letters."""

    def checked(self) -> MeanField:
        """Return itself, if the solver represents it."""
        self.expectation()
        _ = self.variances  # refuses laws of other kinds
        drift, factor = self.affine(self.game.states[0].drift, "the drift")
        if factor == 0 or factor.free_symbols & self.moving:
            raise self.refuse("the control does not move the state at a constant factor")
        pushed = sp.Tuple(*self.pushes).free_symbols & self.moving
        if pushed | (self.drift.free_symbols & (self.moving - {self.state})):
            raise self.refuse("the drift depends on the law, but not as means times constants")
        if self.viscosity.free_symbols & (self.moving - {self.state}):
            raise self.refuse("the volatility depends on control or law")
        square, _, _ = self.cost
        if square == 0 or square.free_symbols & self.moving:
            raise self.refuse("the cost is not quadratic in the control")
        if self.in_speeds.linear.free_symbols & {MEAN, VARIANCE, SPEED}:
            raise self.refuse(
                "the cost of the control depends on the law, but not as means times a"
            )
        return self

    def shifted(self) -> sp.Matrix:
        """Second derivatives of the costs when all players shift state and control together.

        In the shifts (y, d) of state and control: yy, yd, dd of the running cost, and yy at the
        end. Laws of states and controls shift with them, variances do not.
        """
        y, d = sp.Dummy("y"), sp.Dummy("d")
        moves = {self.state: y, self.mean: y, self.control: d} | dict.fromkeys(self.speeds, d)
        running, final = (
            cost.xreplace({s: s + move for s, move in moves.items()}) for cost in self.own
        )
        pairs = [(running, y, y), (running, y, d), (running, d, d), (final, y, y)]
        return sp.Matrix([sp.expand(sp.diff(cost, a, b)) for cost, a, b in pairs])

    def bounded(self, exact: Mapping[sp.Symbol, sp.Rational]) -> float | None:
        """The horizon on which a shift of all players together begins to lower the cost, if any.

        None, too, where that depends on the law, costs that are not quadratic, and with a discount.
        """
        if self.rate != 0 or self.shifted().free_symbols & self.moving:
            return None
        yy, yd, dd, end = (float(e.xreplace(exact)) for e in self.shifted())
        growth = sp.diff(self.drift, self.state) + self.pushes[0]
        if growth.has(self.state):
            return None
        slope, k = (float(p.xreplace(exact)) for p in (growth, self.factor + self.pushes[1]))
        # in the shift b = slope y + k d of the speed
        square, mixed = dd / k**2, 2 * (yd / k - slope * dd / k**2)
        rest = yy - 2 * slope * yd / k + slope**2 * dd / k**2
        assert self.game.horizon.end is not None
        horizon = float(self.plain(self.game.horizon.end).xreplace(exact))
        return explosion(horizon, square, mixed, rest, end)

    @cached_property
    def paid(self) -> tuple[sp.Expr, sp.Expr]:
        """What is minimized; of the planner's representative, if there is one."""
        if self.game.notion != "planner":
            return self.own
        running, final = (self._with_effect(cost) for cost in self.own)
        return running, final

    def _with_effect(self, cost: sp.Expr) -> sp.Expr:
        """The cost with what the agent adds to the others' costs through the laws."""
        total = cost
        for law in self.game.laws:
            effect = sp.diff(cost, law.symbol)
            if not effect.is_polynomial(self.state, self.control):
                raise self.refuse("the planner's effect through the laws is no expectation")
            if sp.Poly(effect, self.state, self.control).total_degree() > 1:
                raise self.refuse("the planner's effect through the laws needs more than means")
            if effect.has(self.control) and not self.speeds:
                raise self.refuse("the planner's effect needs the mean of the control")
            means = {self.state: self.mean}
            if self.speeds:
                means[self.control] = self.speeds[0]
            total += effect.xreplace(means) * self.plain(law.of)
        return sp.expand(total)

    def solve(self, numbers: Numbers, progress: Progress | None = None) -> OnGrid:
        """Solve on a domain that holds the law at all times."""
        exact = numbers_in(numbers)
        mean, deviation = self._start(numbers, exact)
        factor, of_control = (float(p.xreplace(exact)) for p in (self.factor, self.pushes[1]))
        if not float(self.cost[0].xreplace(exact)) > 0:
            raise self.senseless("the control costs nothing.")
        if factor + of_control == 0:
            raise self.senseless("together the players do not move their mean.")
        if self.game.notion == "planner" and (limit := self.bounded(exact)) is not None:
            raise NoSolutionError(
                f"the planner's second-order condition fails on horizons of {limit:.7g} or more: a "
                "shift of all players together lowers the cost.",
                game=self.game.name,
                stage="pde",
            )
        options = self._options(exact) | {"progress": progress}
        solution = self._until(exact, mean, deviation, options)
        others = expression.function(self.others.xreplace(exact), (MEAN.name, SPEED.name))
        push = others(solution.mean, solution.control_mean)
        strategy = (solution.control - push[:, None]) / factor
        inside = np.abs(solution.x - mean) <= COMPARED * deviation
        x = solution.x[inside]
        places = {self.state: x, self.mean: np.full_like(x, mean)}
        places |= {v: np.full_like(x, deviation**2) for v in self.variances}
        result = of_mean_field(self.game.name, solution)
        arrays = {**result.arrays, "strategy": (("t", "x"), strategy)}
        result = replace(result, arrays=arrays)
        return OnGrid(result, places, {self.control: strategy[0][inside]})

    def _start(
        self, numbers: Numbers, exact: Mapping[sp.Symbol, sp.Rational]
    ) -> tuple[float, float]:
        """Mean and deviation of the initial law; of a player on his own, where he may soon be."""
        declared = self.model.initial.get(self.state)
        if declared is not None:
            mean, variance = (
                float((sp.S.Zero + self.plain(part)).xreplace(exact)) for part in declared
            )
        else:
            mean = float(numbers.states.get(self.state, 0))
            noise = self.viscosity.xreplace(exact).xreplace({self.state: sp.Float(mean)})
            variance = 2 * float(noise) / self.discounted(exact)
        if not variance > 0:
            raise self.senseless(
                "the variance of the initial law is 0, which has no density on a grid."
            )
        return mean, variance**0.5

    def _options(self, exact: Mapping[sp.Symbol, sp.Rational]) -> dict[str, Any]:
        """The problem without domain and times."""
        paid = self.in_speeds
        linear, square = (sp.N(part.xreplace(exact)) for part in (paid.linear, paid.square))
        costs = {
            name: float(part.xreplace(exact))
            for name, part in (("control", paid.mean), ("control_control", paid.speed))
        }
        hamiltonian: Hamiltonian = Quadratic(float(1 / (2 * square)))
        if linear != 0:
            value = (GRADIENT + linear) ** 2 / (4 * square)
            names = (X.name, GRADIENT.name)
            slope = expression.scalar(sp.diff(value, GRADIENT), names)
            hamiltonian = Compiled(expression.scalar(value, names), slope)
        drift = field(self.drift.xreplace(exact), self.state)
        final = self.own[1].xreplace(self.letters).xreplace(exact)
        return {
            "viscosity": field(self.viscosity.xreplace(exact), self.state),
            "drift": lambda t, x: drift(x),
            "discount": float(self.rate.xreplace(exact)),
            "hamiltonian": hamiltonian,
            "running": coupling(sp.expand(paid.rest.xreplace(exact)), costs),
            "terminal": coupling(sp.expand(final), {}),
            # an open end needs the gradient where the Hamiltonian is smallest
            "boundary": "open" if linear == 0 else "reflecting",
            "planner": self.game.notion == "planner",
        }

    def _until(
        self,
        exact: Mapping[sp.Symbol, sp.Rational],
        mean: float,
        deviation: float,
        options: dict[str, Any],
    ) -> MFGSolution:
        """Solve up to the end, or up to later and later ends until the start settles."""
        end = self.game.horizon.end
        if end is not None:
            horizon = float(self.plain(end).xreplace(exact))
            return self._wide_enough(mean, deviation, options | {"horizon": horizon})
        places = np.linspace(mean - COMPARED * deviation, mean + COMPARED * deviation, NODES)
        return settled(
            lambda until, steps: self._wide_enough(
                mean, deviation, options | {"horizon": until, "steps": steps}
            ),
            lambda found: np.interp(places, found.x, found.control[0]),
            1 / self.discounted(exact),
            STEPS,
        )

    def _wide_enough(self, mean: float, deviation: float, options: dict[str, Any]) -> MFGSolution:
        """Solve on wider and wider domains until the law keeps away from the ends."""
        half = 2 * REACH * deviation
        low, high = mean - half, mean + half
        given: dict[str, Any] = {"nodes": NODES, "steps": STEPS} | options
        given["initial"] = gaussian(mean, deviation)
        for _ in range(TRIES):
            solution = solve_mfg(domain=(low, high), **given)
            reach = REACH * np.sqrt(np.maximum(solution.variance, deviation**2))
            if not np.isfinite(reach).all():
                return solution
            left = float(np.min(solution.mean - reach))
            right = float(np.max(solution.mean + reach))
            if low <= left and right <= high:
                return solution
            low, high = min(low, left - half), max(high, right + half)
        return solution
