"""A declared preference of mean and variance as an extended HJB system on a grid.

The solver has two states. A game of one state is given a second one that stands still and enters
nothing, so that the system is the same on every line of the grid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from eqsolve.game.hazard_rates import Hazard
from eqsolve.game.parameters import Numbers
from eqsolve.pde.coefficients import GridProblem
from eqsolve.pde.declared_part import OnGrid, Part, field, numbers_in
from eqsolve.pde.edge import Progress
from eqsolve.pde.extended_hjb import solve_extended_hjb
from eqsolve.pde.result import of_game

#: Nodes of a state, and of a second one that stands still.
NODES, STILL = 41, 9
#: Steps of a fixed horizon.
STEPS = 80
#: Length of a step in which a hazard rate jumps, as a part of the horizon.
JUMP = 1e-6


@dataclass(frozen=True)
class Extended(Part):
    """``weight(x) G - aversion(x)/2 (H - G^2)`` of two moments, in the model's own letters.

    ``hazard`` is the hazard rate, where it moves in time and its letter is no parameter.
    """

    hazard: Hazard | None = None

    def checked(self) -> Extended:
        """Return itself, if the solver represents it."""
        game = self.game
        if game.crowd is not None or game.laws:
            raise self.refuse("with a crowd only preferences that are expectations are represented")
        if len(game.moments) != 2:
            raise self.refuse("its preference has more than two moments")
        if game.players[0].preference.sense != "maximize":
            raise self.refuse("its preference is minimized")
        if game.horizon.end is None and game.horizon.hazard == 0:
            raise self.refuse("its horizon is infinite")
        if self.plain(game.horizon.hazard).free_symbols & self.moving:
            raise self.refuse("its hazard rate depends on the state")
        if any(m.running.has(self.control) for m in game.moments):
            raise self.refuse("a running payoff depends on the control")
        # each refuses what the solver does not take
        _ = self.preference, self.drift, self.diffusion
        return self

    @cached_property
    def order(self) -> tuple[int, int]:
        """Which moment is squared in the preference: the places of G and of H."""
        aggregate = self.plain(self.game.players[0].preference.aggregate)
        first, second = (m.symbol for m in self.game.moments)
        return (0, 1) if sp.diff(aggregate, first, 2) != 0 else (1, 0)

    @cached_property
    def preference(self) -> tuple[sp.Expr, sp.Expr]:
        """Weight of the mean and aversion to variance."""
        aggregate = self.plain(self.game.players[0].preference.aggregate)
        mean, square = (self.game.moments[k].symbol for k in self.order)
        aversion = -2 * sp.diff(aggregate, square)
        rest = sp.expand(aggregate + aversion / 2 * (square - mean**2))
        weight = sp.diff(rest, mean)
        if {mean, square} & (aversion.free_symbols | weight.free_symbols) or aversion == 0:
            raise self.refuse("its preference is none of mean and variance")
        if sp.expand(rest - weight * mean) != 0:
            raise self.refuse("its preference has a part without moments")
        return weight, aversion

    @cached_property
    def drift(self) -> list[tuple[sp.Expr, sp.Expr]]:
        """By state, the constant and the factor of the control."""
        return [self.affine(state.drift, "the drift") for state in self.game.states]

    @cached_property
    def diffusion(self) -> list[list[sp.Expr]]:
        """Covariance rates xx, xy, yy by powers of the control."""
        states = self.game.states
        pairs = [(0, 0), (0, 1), (1, 1)] if len(states) > 1 else [(0, 0)]
        found = []
        for i, j in pairs:
            noises = states[i].loadings.keys() & states[j].loadings.keys()
            parts = (states[i].loadings[k] * states[j].loadings[k] for k in sorted(noises))
            rate = self.plain(sp.Add(*parts))
            if not rate.is_polynomial(self.control):
                raise self.refuse("the covariance is not polynomial in the control")
            powers = sp.Poly(rate, self.control)
            if powers.degree() > 2:
                raise self.refuse("the covariance is not quadratic in the control")
            found.append([powers.coeff_monomial(self.control**k) for k in range(3)])
        return found

    def solve(self, numbers: Numbers, progress: Progress | None = None) -> OnGrid:
        """Solve on the first box on which the policy keeps its sign."""
        states = self.game.state_symbols
        centers = [float(numbers.states.get(state, 1)) for state in states]
        problem = self.problem(numbers)
        exact = numbers_in(numbers)
        options: dict[str, Any] = {}
        if self.game.horizon.end is not None:
            options["horizon"] = float(self.plain(self.game.horizon.end).xreplace(exact))
            options["time_steps"] = STEPS
        if self.hazard is not None:
            options["hazard"] = self.hazard
            options["time_steps"] = self._times(options["horizon"], self.hazard)
        solution = None
        for move in (0.0, 1.0, -1.0):
            box = [self._around(center, move) for center in centers] + [(0.0, 2.0)]
            shape = (NODES, NODES) if len(states) > 1 else (NODES, STILL)
            solution = solve_extended_hjb(
                problem, box=box[:2], nodes=shape, progress=progress, **options
            )
            if solution.status == "ok":
                break
        assert solution is not None
        mesh = np.meshgrid(
            solution.x[solution.inner[0]], solution.y[solution.inner[1]], indexing="ij"
        )
        policy = solution.policy[0] if options else solution.policy
        places = dict(zip(states, mesh))
        result = of_game(self.game.name, solution)
        return OnGrid(result, places, {self.control: policy[solution.inner]})

    def _rate(self, exact: Mapping[sp.Symbol, sp.Rational]) -> float:
        """The hazard rate; of one that moves its value at time 0, which the solver does not use."""
        if self.hazard is not None:
            return self.hazard.rate(0.0)
        return float(self.plain(self.game.horizon.hazard).xreplace(exact))

    @staticmethod
    def _times(end: float, hazard: Hazard) -> NDArray[np.float64]:
        """Times of the steps: where the hazard rate jumps, it does so in a step that is short."""
        jumps = [b for b in hazard.breaks if 0 < b < end]
        before = [b - JUMP * end for b in jumps]
        return np.unique([*np.linspace(0.0, end, STEPS + 1), *before, *jumps])

    @staticmethod
    def _around(center: float, move: float) -> tuple[float, float]:
        half = max(abs(center), 1.0) / 2
        return center + (move - 1) * half, center + (move + 1) * half

    def problem(self, numbers: Numbers) -> GridProblem:
        """The coefficients as functions of the two axes."""
        exact, states = numbers_in(numbers), list(self.game.state_symbols)
        axes = [*states, sp.Dummy("still")][:2]

        def fields(parts: Sequence[sp.Expr]) -> list[Any]:
            return [field(part.xreplace(exact), *axes) for part in parts]

        rows = [fields(part) for part in self.drift]
        covariance = [fields(part) for part in self.diffusion]
        if len(states) == 1:
            rows.append([0.0, 0.0])
            covariance += [[0.0] * 3, [0.0] * 3]
        moments = [self.game.moments[k] for k in self.order]
        weight, aversion = fields(self.preference)
        running = [self.plain(m.running) for m in moments]
        return GridProblem(
            rows,
            covariance,
            fields([self.plain(m.payoff) for m in moments]),
            weight,
            aversion,
            self._rate(exact),
            fields(running) if any(running) else None,
            self.game.name,
        )
