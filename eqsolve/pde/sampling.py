"""Coefficients of the extended HJB system of a game, from its declaration alone.

Dynamics, preference and horizon are sampled at the nodes; no ansatz and no closed form enters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from functools import cached_property
from itertools import combinations_with_replacement
from types import NoneType
from typing import NoReturn

import numpy as np
import sympy as sp

from eqsolve.errors import InputError
from eqsolve.game import Game
from eqsolve.notated.published import Published
from eqsolve.pde.coefficients import (
    STAGE,
    Array,
    Field,
    GridProblem,
    Sampled,
    Source,
    refuse,
    stack,
)
from eqsolve.values import game_values


def source_of(
    game: Game | Published | GridProblem,
    values: Mapping[sp.Symbol | str, object] | None,
    environment: Mapping[sp.Symbol | str, Field] | None = None,
) -> Source:
    """Return what samples the coefficients of a game, or the user's own problem.

    Raises
    ------
    InputError
        If a number is missing, unknown or outside its domain, or the game is out of scope.
    """
    mappings: dict[str, object] = {"values": values, "environment": environment}
    for argument, given in mappings.items():
        if not isinstance(given, (Mapping, NoneType)):
            kind = f"of type {type(given).__name__}"
            refuse(getattr(game, "name", str(game)), argument, kind, "a mapping is needed")
    if isinstance(game, GridProblem):
        if values or environment:
            raise InputError(
                "values and environment belong to games of the registry.",
                game=game.name,
                stage="input",
                remedy="Put the numbers into the fields of the problem.",
            )
        return game
    declared = game.game if isinstance(game, Published) else game
    return GameSampler(declared, values or {}, environment or {})


class GameSampler:
    """The coefficient functions of one game at given numbers.

    Parameters
    ----------
    game : the game.
    values : numbers for the parameters and the environment.
    environment : fields in place of numbers for symbols of the environment.
    """

    def __init__(
        self,
        game: Game,
        values: Mapping[sp.Symbol | str, object],
        environment: Mapping[sp.Symbol | str, Field],
    ) -> None:
        self.game = game
        self.name = game.name
        if len(game.states) != 2:
            self._refuse(f"it has {len(game.states)} states", "The grid solver needs two.")
        if game.horizon.end is not None:
            self._refuse("its horizon is fixed", "Use a hazard rate.")
        known = {s.name: s for s in game.environment}
        self.environment: dict[sp.Symbol, Field] = {}
        for key, field in environment.items():
            if str(key) not in known:
                raise InputError(
                    f"{str(key)!r} is not in the environment.",
                    game=game.name,
                    stage="input",
                    remedy=f"The environment is {', '.join(sorted(known)) or 'empty'}.",
                )
            self.environment[known[str(key)]] = field
        placeholders = {s: 0 for s in self.environment}
        given = game_values(game, {**values, **placeholders})
        self.values = {s: v for s, v in given.items() if s not in self.environment}
        self.hazard = self._number(game.horizon.hazard, "the hazard rate")
        self._read_preference()

    def _refuse(self, reason: str, remedy: str) -> NoReturn:
        raise InputError(
            f"the game is out of scope: {reason}.", game=self.name, stage=STAGE, remedy=remedy
        )

    def _number(self, expression: sp.Expr, what: str) -> float:
        number = sp.expand(expression.xreplace(self.values))
        if number.free_symbols:
            self._refuse(f"{what} depends on {number.free_symbols.pop()}", "Make it a constant.")
        return float(number)

    def _read_preference(self) -> None:
        """Read weight and risk aversion off ``weight g - (c/2)(h - g^2)``."""
        preference = self.game.preference
        if len(preference.moments) != 2:
            self._refuse("its preference does not have two moments", "Use a mean-variance one.")
        g, h = (moment.symbol for moment in preference.moments)
        terms = sp.Poly(preference.aggregate.xreplace(self.values), g, h).as_dict()
        self.weight = terms.pop((1, 0), sp.S.Zero)
        curvature, linear = terms.pop((2, 0), sp.S.Zero), terms.pop((0, 1), sp.S.Zero)
        self.gamma = self._number(-2 * linear, "the risk aversion")
        if terms or sp.expand(curvature + linear) != 0 or not self.gamma > 0:
            self._refuse(
                "its preference is not weight g - (c/2)(h - g^2) with c > 0",
                "Use a mean-variance preference.",
            )
        control = self.game.control
        if any(moment.running.has(control) for moment in preference.moments):
            self._refuse("a running part depends on the control", "Use a terminal payoff.")

    def slow_hazard(self) -> tuple[str, float, str] | None:
        """Argument, value and remedy when the horizon comes too late for a second moment.

        A state that the control does not reach, with drift ``rho s + ...`` and loadings
        ``l_k s + ...``, has a second moment that grows at the rate ``g = 2 rho + sum l_k^2``. At an
        exponential time of rate at most ``g`` it is infinite, whatever the policy.
        """
        own = self.game.horizon.hazard
        # fields of the environment may depend on the state: they can turn its growth
        reached = {self.game.control, *self.environment}
        for state in self.game.states:
            parts = [state.drift, *state.loadings.values()]
            if any(reached & part.free_symbols for part in parts):
                continue
            polynomials = [sp.Poly(sp.expand(part), state.symbol) for part in parts]
            slopes = [p.coeff_monomial(state.symbol) for p in polynomials]
            others = set(self.game.state_symbols) - {state.symbol}
            if any(p.degree() > 1 or others & p.free_symbols for p in polynomials):
                continue
            growth = 2 * slopes[0] + sp.Add(*(slope**2 for slope in slopes[1:]))
            bound = sp.expand(growth.xreplace(self.values))
            payoffs = [m.payoff.xreplace(self.values) for m in self.game.preference.moments]
            degree = max(sp.Poly(sp.expand(z), state.symbol).degree() for z in payoffs)
            if degree >= 2 and not bound.free_symbols and self.hazard <= float(bound):
                remedy = (
                    f"{own} must exceed {growth} = {float(bound):g}: otherwise the second moment"
                    f" of {state.symbol} at the horizon is infinite, whatever the policy"
                )
                return str(own), self.hazard, remedy
        return None

    def _powers(self, expression: sp.Expr, degree: int, what: str) -> list[sp.Expr]:
        """Coefficients of 1, p, ..., p^degree as functions of the states."""
        control = self.game.control
        polynomial = sp.Poly(sp.expand(expression.xreplace(self.values)), control)
        if polynomial.degree() > degree:
            self._refuse(f"{what} is not of degree {degree} in the control", "Change the dynamics.")
        return [polynomial.coeff_monomial(control**k) for k in range(degree + 1)]

    @cached_property
    def _functions(self) -> Mapping[str, list[Callable[..., object]]]:
        """Coefficients as functions of the states and of the environment's fields."""
        states, moments = self.game.states, self.game.preference.moments
        drift = [c for s in states for c in self._powers(s.drift, 1, f"the drift of {s.symbol}")]
        diffusion = []
        for first, second in combinations_with_replacement(states, 2):
            shared = sp.Add(
                *(v * second.loadings.get(noise, 0) for noise, v in first.loadings.items())
            )
            what = f"the covariance of {first.symbol} and {second.symbol}"
            diffusion += self._powers(shared, 2, what)
        payoff = [m.payoff.xreplace(self.values) for m in moments]
        running = [m.running.xreplace(self.values) for m in moments]
        arguments = [*self.game.state_symbols, *self.environment]
        groups = {
            "drift": drift,
            "diffusion": diffusion,
            "payoff": payoff,
            "weight": [self.weight],
            "source": running if any(running) else [],
        }
        return {
            name: [sp.lambdify(arguments, function, "numpy") for function in group]
            for name, group in groups.items()
        }

    def placed(self, environment: Mapping[sp.Symbol, Field]) -> GameSampler:
        """The same game with other fields for the same symbols of its environment."""
        # the compiled functions are shared: they do not depend on the fields
        assert self._functions
        other = copy(self)
        other.environment = {s: environment[s] for s in self.environment}
        return other

    def sample(self, x: Array, y: Array) -> Sampled:
        """Sample the coefficients at the nodes."""
        mesh = np.meshgrid(x, y, indexing="ij")
        fields = [
            stack(self.name, symbol.name, [field], mesh)[0]
            for symbol, field in self.environment.items()
        ]

        def values(group: str) -> Array:
            found = [np.asarray(at(*mesh, *fields), dtype=float) for at in self._functions[group]]
            return np.stack([np.broadcast_to(value, mesh[0].shape) for value in found])

        return Sampled(
            self.name,
            x,
            y,
            values("drift"),
            values("diffusion"),
            values("payoff"),
            values("weight")[0],
            self.gamma,
            self.hazard,
            values("source") if self._functions["source"] else None,
        )
