"""A declared game of one state as a mean-field game in one dimension.

With the drift ``b(x) + k a`` and the cost ``q a^2 + l(x) a + f(x, law)`` of the control a, the
Hamiltonian is ``H(x, p) = -b(x) p + (k p + l(x))^2/(4 q)``, and the speed that the solver calls its
control is ``b(x) + k a``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp

from eqsolve import expression
from eqsolve.errors import InputError, NoSolutionError
from eqsolve.game.parameters import Numbers
from eqsolve.pde.costs import coupling
from eqsolve.pde.couplings import Coupling
from eqsolve.pde.declared_part import OnGrid, Part, field, numbers_in
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

_X, _MEAN, _VARIANCE, _SPEED, _P = (
    sp.Symbol(name, real=True) for name in ("x", "mean", "variance", "control_mean", "p")
)


@dataclass(frozen=True)
class MeanField(Part):
    """The mean-field game of a model; its parts are in the model's own letters."""

    @property
    def state(self) -> sp.Symbol:
        """The only state."""
        return self.game.state_symbols[0]

    def checked(self) -> MeanField:
        """Return itself, if the solver represents it."""
        game, crowd = self.game, self.game.crowd
        if crowd is not None and (crowd.size is not None or crowd.own):
            raise self.refuse("its players are finitely many, or have types of their own")
        if crowd is None and game.laws:
            raise self.refuse("it has laws without a crowd")
        if game.horizon.end is None or game.horizon.hazard != 0:
            raise self.refuse("its horizon is not fixed")
        if game.notion == "given":
            raise self.refuse("its laws are given")
        if any(law.given for law in game.laws):
            raise self.refuse("its players share a noise")
        if self.state not in self.model.initial:
            raise self.refuse("it declares no initial law of its state")
        preference = game.players[0].preference
        if preference.aggregate != preference.moments[0].symbol:
            raise self.refuse("its preference is no expectation")
        _ = self.variances  # refuses laws of other kinds
        drift, factor = self.affine(game.states[0].drift, "the drift")
        if factor == 0 or factor.free_symbols & self.moving:
            raise self.refuse("the control does not move the state at a constant factor")
        if drift.free_symbols & (self.moving - {self.state}):
            raise self.refuse("the drift depends on the law")
        if self.viscosity.free_symbols & (self.moving - {self.state}):
            raise self.refuse("the volatility depends on control or law")
        square, linear, _ = self.cost
        if square == 0 or square.free_symbols & self.moving:
            raise self.refuse("the cost is not quadratic in the control")
        rest = linear - self.pull * self.mean
        if self.pull.free_symbols & self.moving or rest.free_symbols & (self.moving - {self.state}):
            raise self.refuse("the cost of the control depends on the law, but not as mean a")
        straight = sp.diff(drift, self.state, 2) == 0
        if self.speeds and self.running.has(*self.speeds) and not straight:
            raise self.refuse("the mean of the control does not follow from that of the drift")
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

        None, too, where that depends on the law: costs that are not quadratic.
        """
        if self.shifted().free_symbols & self.moving:
            return None
        yy, yd, dd, end = (float(e.xreplace(exact)) for e in self.shifted())
        drift, factor = self.affine(self.game.states[0].drift, "the drift")
        growth = sp.diff(drift, self.state)
        if growth.has(self.state):
            return None
        slope, k = (float(part.xreplace(exact)) for part in (growth, factor))
        # in the shift b = slope y + k d of the speed
        square, mixed = dd / k**2, 2 * (yd / k - slope * dd / k**2)
        rest = yy - 2 * slope * yd / k + slope**2 * dd / k**2
        return explosion(self._horizon(exact), square, mixed, rest, end)

    def _horizon(self, exact: Mapping[sp.Symbol, sp.Rational]) -> float:
        assert self.game.horizon.end is not None
        return float(self.plain(self.game.horizon.end).xreplace(exact))

    @cached_property
    def mean(self) -> sp.Symbol:
        """The mean of the state, in the author's letter where there is one."""
        found = [law.symbol for law in self.game.laws if law.of == self.state]
        return found[0] if found else sp.Dummy("mean")

    @cached_property
    def speeds(self) -> tuple[sp.Symbol, ...]:
        """The means of the control."""
        return tuple(law.symbol for law in self.game.laws if law.of == self.control)

    @cached_property
    def variances(self) -> tuple[sp.Symbol, ...]:
        """The variances of the state.

        Raises
        ------
        NotRepresentedError
            If there is a law of another kind.
        """
        found = []
        for law in self.game.laws:
            if law.of not in (self.state, self.control):
                if sp.expand(law.of - (self.state - self.mean) ** 2) != 0:
                    raise self.refuse(f"the law {law.symbol} is no mean and no variance")
                found.append(law.symbol)
        return tuple(found)

    @cached_property
    def viscosity(self) -> sp.Expr:
        """Half the squared volatility."""
        return sp.Add(*(self.plain(v**2) for v in self.game.states[0].loadings.values())) / 2

    @cached_property
    def own(self) -> tuple[sp.Expr, sp.Expr]:
        """What a player's own cost is: running and at the end."""
        preference = self.game.players[0].preference
        sign = 1 if preference.sense == "minimize" else -1
        moment = preference.moments[0]
        return self.plain(sign * moment.running), self.plain(sign * moment.payoff)

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

    @cached_property
    def cost(self) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
        """Factors of the square and of the first power of the control, and the rest."""
        paid = self.own[0]
        if not paid.is_polynomial(self.control):
            return sp.S.Zero, sp.S.Zero, paid
        powers = sp.Poly(paid, self.control)
        if powers.degree() != 2:
            return sp.S.Zero, sp.S.Zero, paid
        square, linear, rest = powers.all_coeffs()
        return square, sp.expand(linear), rest

    @property
    def running(self) -> sp.Expr:
        """The running cost without the control's."""
        return self.cost[2]

    @property
    def pull(self) -> sp.Expr:
        """The factor of ``mean a`` in the cost."""
        return sp.diff(self.cost[1], self.mean)

    def canonical(self, cost: sp.Expr) -> sp.Expr:
        """A cost in the letters of the solver: the speed's mean in place of the control's."""
        drift, factor = self.affine(self.game.states[0].drift, "the drift")
        control = (_SPEED - drift.xreplace({self.state: _MEAN})) / factor
        letters = {self.state: _X, self.mean: _MEAN}
        letters |= dict.fromkeys(self.variances, _VARIANCE)
        return cost.xreplace(letters | dict.fromkeys(self.speeds, control))

    def solve(self, numbers: Numbers, progress: Progress | None = None) -> OnGrid:
        """Solve on a domain that holds the law at all times."""
        exact = numbers_in(numbers)
        drift, factor = (
            part.xreplace(exact) for part in self.affine(self.game.states[0].drift, "the drift")
        )
        square, linear, _ = (part.xreplace(exact) for part in self.cost)
        pull = self.pull.xreplace(exact)
        linear = sp.expand(linear - pull * self.mean)
        mean, variance = (
            float((sp.S.Zero + self.plain(part)).xreplace(exact))
            for part in self.model.initial[self.state]
        )
        if not variance > 0:
            raise InputError(
                "the variance of the initial law is 0, which has no density on a grid.",
                game=self.game.name,
                stage="pde",
            )
        if not float(square) > 0:
            raise InputError("the control costs nothing.", game=self.game.name, stage="pde")
        if self.game.notion == "planner" and (limit := self.bounded(exact)) is not None:
            raise NoSolutionError(
                f"the planner's second-order condition fails on horizons of {limit:.7g} or more: a "
                "shift of all players together lowers the cost.",
                game=self.game.name,
                stage="pde",
            )
        hamiltonian = self._hamiltonian(drift, factor, square, linear)
        effect = (pull / factor * drift).xreplace({self.state: _X}) * _MEAN
        running = self.canonical(self.running).xreplace(exact) - effect
        options: dict[str, Any] = {
            "horizon": self._horizon(exact),
            "viscosity": field(self.viscosity.xreplace(exact), self.state),
            "hamiltonian": hamiltonian,
            "running": self._coupling(running, float(pull / factor)),
            "terminal": self._coupling(self.canonical(self.own[1]).xreplace(exact), 0.0),
            "initial": gaussian(mean, variance**0.5),
            # an open end needs the gradient where the Hamiltonian is smallest
            "boundary": "open" if isinstance(hamiltonian, Quadratic) else "reflecting",
            "planner": self.game.notion == "planner",
        }
        solution = self._wide_enough(mean, variance, options, progress)
        strategy = (solution.control - field(drift, self.state)(solution.x)) / float(factor)
        inside = np.abs(solution.x - mean) <= COMPARED * variance**0.5
        x = solution.x[inside]
        places = {self.state: x, self.mean: np.full_like(x, mean)}
        places |= {v: np.full_like(x, variance) for v in self.variances}
        result = of_mean_field(self.game.name, solution)
        arrays = {**result.arrays, "strategy": (("t", "x"), strategy)}
        result = replace(result, arrays=arrays)
        return OnGrid(result, places, strategy[0][inside], self.control)

    def _hamiltonian(
        self, drift: sp.Expr, factor: sp.Expr, square: sp.Expr, linear: sp.Expr
    ) -> Hamiltonian:
        if drift == 0 and linear == 0:
            return Quadratic(float(factor**2 / (2 * square)))
        drift, linear = (part.xreplace({self.state: _X}) for part in (drift, linear))
        value = -drift * _P + (factor * _P + linear) ** 2 / (4 * square)
        value = sp.N(value)
        names = ("x", "p")
        return Compiled(
            expression.scalar(value, names), expression.scalar(sp.diff(value, _P), names)
        )

    @staticmethod
    def _coupling(cost: sp.Expr, control: float) -> Coupling:
        return coupling(sp.expand(cost), {"control": control} if control else {})

    def _wide_enough(
        self, mean: float, variance: float, options: dict[str, Any], progress: Progress | None
    ) -> MFGSolution:
        """Solve on wider and wider domains until the law keeps away from the ends."""
        half = 2 * REACH * variance**0.5
        low, high = mean - half, mean + half
        for _ in range(TRIES):
            solution = solve_mfg(
                domain=(low, high), nodes=NODES, steps=STEPS, progress=progress, **options
            )
            reach = REACH * np.sqrt(np.maximum(solution.variance, variance))
            if not np.isfinite(reach).all():
                return solution
            left = float(np.min(solution.mean - reach))
            right = float(np.max(solution.mean + reach))
            if low <= left and right <= high:
                return solution
            low, high = min(low, left - half), max(high, right + half)
        return solution
