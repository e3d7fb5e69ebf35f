"""What a game is: states, control, preference and horizon, and nothing derived from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import sympy as sp

from eqsolve.errors import DerivationError


@dataclass(frozen=True)
class State:
    """A diffusion: ``d symbol = drift dt + sum_k loadings[k] dW^k``.

    Loadings name independent Brownian motions; states that share a name share the noise.
    """

    symbol: sp.Symbol
    drift: sp.Expr
    loadings: Mapping[str, sp.Expr] = field(default_factory=dict)


@dataclass(frozen=True)
class Control:
    """The real-valued control of the agent."""

    symbol: sp.Symbol


@dataclass(frozen=True)
class Moment:
    """An expectation the preference depends on.

    ``name = E[ payoff at the horizon + integral of running up to the horizon ]``; the payoff is
    written in the states, the running part in states and control.
    """

    name: str
    payoff: sp.Expr
    running: sp.Expr = sp.S.Zero

    @property
    def symbol(self) -> sp.Symbol:
        """The value of the moment as an argument of the preference."""
        return sp.Symbol(self.name, real=True)


@dataclass(frozen=True)
class Preference:
    """``F(states, E phi_1, ..., E phi_k)``, to be maximized.

    ``aggregate`` is written in the state symbols (frozen at the decision time) and the moments'
    symbols. A running reward is a moment with a running part that enters the aggregate linearly.
    """

    moments: tuple[Moment, ...]
    aggregate: sp.Expr


@dataclass(frozen=True)
class Horizon:
    """When the payoff falls due.

    ``exponential``: constant hazard rate; ``hazard``: a hazard rate that depends on time;
    ``fixed``: at a given date, hazard zero.
    """

    kind: Literal["exponential", "hazard", "fixed"]
    hazard: sp.Expr

    @property
    def stationary(self) -> bool:
        """Whether the problem is time-homogeneous."""
        return self.kind == "exponential"


@dataclass(frozen=True)
class Game:
    """The decision problem of one agent given what the others do.

    Parameters
    ----------
    name : identifier used in commands and machine output.
    states, control, preference, horizon : see the classes.
    definitions : abbreviations ``symbol -> expression`` used in the declaration, in order;
        the engine keeps them as atoms.
    environment : symbols that the agent takes as given (aggregates of the competitors).
    implied : letters ``symbol -> expression`` that follow from parameters and stand for them.
    """

    name: str
    states: tuple[State, ...]
    control: Control
    preference: Preference
    horizon: Horizon
    definitions: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    environment: tuple[sp.Symbol, ...] = ()
    implied: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)

    def __post_init__(self) -> None:
        symbols = [state.symbol for state in self.states]
        if len(set(symbols)) != len(symbols):
            raise DerivationError("two states share a symbol.", game=self.name, stage="game")
        if any(m.payoff.has(self.control.symbol) for m in self.preference.moments):
            raise DerivationError(
                "a payoff depends on the control.",
                game=self.name,
                stage="game",
                remedy="Put control costs into the running part of a moment.",
            )

    @property
    def state_symbols(self) -> tuple[sp.Symbol, ...]:
        """The state variables in order of declaration."""
        return tuple(state.symbol for state in self.states)
