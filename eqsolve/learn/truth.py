"""The solution of a declared game with which what was learned is compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import sympy as sp

from eqsolve.game import Model
from eqsolve.learn.training import Array, Policy
from eqsolve.studies.equilibrium import Equilibrium, equilibrium
from eqsolve.studies.particles import of_equilibrium

#: Times between which the law is followed.
TIMES = 200

#: A function of time and an array of states.
Form: TypeAlias = Policy


@dataclass(frozen=True)
class Truth:
    """The derived equilibrium of a game of one state and one control on a fixed horizon."""

    claim: Equilibrium

    @classmethod
    def of(cls, model: Model, values: Mapping[str, object]) -> Truth:
        """Derive and solve.

        Raises
        ------
        NoSolutionError
            If there is no equilibrium.
        """
        return cls(equilibrium(model, values))

    @cached_property
    def state(self) -> sp.Symbol:
        """The state."""
        return self.claim.game.state_symbols[0]

    @cached_property
    def dates(self) -> Array:
        """The times at which the law is known."""
        assert self.claim.end is not None
        return np.linspace(0.0, float(self.claim.end), TIMES + 1)

    @cached_property
    def law(self) -> tuple[Array, Array]:
        """Means and standard deviations of the normal law at the dates."""
        moved = of_equilibrium(self.claim).gaussian.limit(self.dates)
        return moved.means[:, 0], np.sqrt(moved.covariances[:, 0, 0])

    def normal(self, t: float) -> tuple[float, float]:
        """Mean and standard deviation of the law at a time."""
        mean, deviation = self.law
        return float(np.interp(t, self.dates, mean)), float(np.interp(t, self.dates, deviation))

    @cached_property
    def control(self) -> Form:
        """The equilibrium's control."""
        return self._form(self.claim.derivation.strategy[self.claim.game.controls[0]])

    @cached_property
    def value(self) -> Form:
        """The value of a single player."""
        game = self.claim.game
        return self._form(self.claim.model.ansatz.functions[game.moments[0].name])

    def _form(self, form: sp.Expr) -> Form:
        """A form in states, laws and coefficients as a function of time and state."""
        claim = self.claim
        form = form.xreplace(claim.spelled).xreplace(claim.numbers)
        laws = [law for law in claim.game.laws if form.has(law.symbol)]
        moving = {self.state, *(law.symbol for law in laws)}
        letters = sorted(form.free_symbols - moving, key=lambda s: s.name)
        curves = claim.curves(letters) if letters else None
        names = [self.state, *(law.symbol for law in laws), *letters]
        inner = sp.lambdify(names, form, "numpy")

        def at(t: float, x: Array) -> Array:
            moments = []
            if laws:
                mean, deviation = self.normal(t)
                moments = [mean if law.of == self.state else deviation**2 for law in laws]
            numbers: Array | list[float] = [] if curves is None else curves(np.array([t]))[:, 0]
            return np.asarray(np.broadcast_to(inner(x, *moments, *numbers), np.shape(x)), float)

        return at
