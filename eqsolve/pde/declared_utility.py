"""A declared game of one agent, with the utility of wealth at the end, as control of diffusion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from eqsolve.game.parameters import Numbers
from eqsolve.pde.controlled_diffusion import solve_controlled_diffusion
from eqsolve.pde.declared_part import OnGrid, Part, field, numbers_in
from eqsolve.pde.edge import Progress
from eqsolve.pde.result import of_diffusion

#: Wealth at which the relative risk aversion is measured; it is constant for a power utility.
PLACES = (sp.Rational(1, 2), sp.Integer(1), sp.Integer(3))
#: The strategy is compared between these wealths.
COMPARED = (0.1, 10.0)


@dataclass(frozen=True)
class Utility(Part):
    """The amount at risk scales the diffusion of wealth."""

    def checked(self) -> Utility:
        """Return itself, if the solver represents it."""
        game = self.game
        moment = game.moments[0]
        preference = game.players[0].preference
        if game.horizon.end is None or game.horizon.hazard != 0:
            raise self.refuse("its horizon is not fixed")
        if moment.running != 0 or preference.aggregate != moment.symbol:
            raise self.refuse("its preference is not the expected utility at the end")
        if preference.sense != "maximize":
            raise self.refuse("its utility is minimized")
        _, excess = self.affine(game.states[0].drift, "the drift")
        if excess == 0:
            raise self.refuse("the control does not move the drift")
        for loading in game.states[0].loadings.values():
            constant, factor = self.affine(loading, "the volatility")
            if constant != 0 or factor == 0:
                raise self.refuse("the volatility is not proportional to the control")
        if not game.states[0].loadings:
            raise self.refuse("its wealth has no volatility")
        return self

    def solve(self, numbers: Numbers, progress: Progress | None = None) -> OnGrid:
        """Solve on a logarithmic grid of wealth."""
        exact, x = numbers_in(numbers), self.game.state_symbols[0]
        end = self.game.horizon.end
        assert end is not None
        drift, excess = (p.xreplace(exact) for p in self.affine(self.game.states[0].drift, ""))
        loads = [self.affine(v, "")[1] for v in self.game.states[0].loadings.values()]
        volatility = sp.sqrt(sp.Add(*(v**2 for v in loads))).xreplace(exact)
        utility = self.plain(self.game.moments[0].payoff).xreplace(exact)
        options: dict[str, Any] = {}
        aversions = [self._aversion(utility, x, place) for place in PLACES]
        if max(aversions) - min(aversions) > 1e-12:
            options["terminal"] = field(utility, x)
        else:
            # linear for power utility, and exact there
            options["formulation"] = "certainty_equivalent"
        solution = solve_controlled_diffusion(
            horizon=float(self.plain(end).xreplace(exact)),
            rate=field(drift / x, x),
            excess=field(excess, x),
            volatility=field(volatility, x),
            risk_aversion=aversions[1],
            progress=progress,
            **options,
        )
        low, high = COMPARED
        inside = (low <= solution.wealth) & (solution.wealth <= high)
        result = of_diffusion(self.game.name, solution)
        portfolio = {self.control: solution.portfolio[0][inside]}
        return OnGrid(result, {x: solution.wealth[inside]}, portfolio)

    @staticmethod
    def _aversion(utility: sp.Expr, x: sp.Symbol, place: sp.Expr) -> float:
        first, second = (sp.N(sp.diff(utility, x, k).xreplace({x: place}), 30) for k in (1, 2))
        return float(-place * second / first) if first != 0 else np.nan
