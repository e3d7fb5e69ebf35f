"""What the grid's solvers of declared games share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sympy as sp

from eqsolve.errors import InputError
from eqsolve.game import Game, Model, t
from eqsolve.game.parameters import Numbers
from eqsolve.pde.edge import Array
from eqsolve.pde.result import Result


class NotRepresentedError(InputError):
    """No grid solver represents a game; ``reason`` says why."""

    def __init__(self, game: Game, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"no grid solver takes this game: {reason}.",
            game=game.name,
            stage="pde",
            remedy="verify checks it by other means.",
        )


@dataclass(frozen=True)
class OnGrid:
    """A grid's solution at time 0, for a comparison.

    Attributes
    ----------
    result : everything, labelled.
    nodes : the states at which the strategy is told, arrays of one shape, by symbol; laws among
        them as numbers.
    control : the strategy there.
    symbol : the control's symbol.
    """

    result: Result
    nodes: Mapping[sp.Symbol, Array]
    control: Array
    symbol: sp.Symbol


@dataclass(frozen=True)
class Part:
    """What the kinds of problems share: one player with one control.

    Parameters
    ----------
    model : of which the game and the initial law are read.
    """

    model: Model

    @property
    def game(self) -> Game:
        """The declaration."""
        return self.model.game

    def refuse(self, reason: str) -> NotRepresentedError:
        """The error with the reason."""
        return NotRepresentedError(self.game, reason)

    @cached_property
    def spelled(self) -> dict[sp.Symbol, sp.Expr]:
        """The game's abbreviations in its parameters."""
        values: dict[sp.Symbol, sp.Expr] = {}
        for name, definition in self.game.definitions.items():
            values[name] = definition.xreplace(values)
        return values

    def plain(self, expression: sp.Expr) -> sp.Expr:
        """An expression without abbreviations."""
        return sp.expand((sp.S.Zero + expression).xreplace(self.spelled))

    @property
    def control(self) -> sp.Symbol:
        """The only control."""
        return self.game.controls[0]

    @property
    def moving(self) -> set[sp.Symbol]:
        """What is no parameter."""
        laws = {law.symbol for law in self.game.laws}
        return {*self.game.state_symbols, *laws, self.control, t}

    def common(self) -> None:
        """Refuse what none of the solvers represents."""
        game = self.game
        if game.clocks:
            raise self.refuse("its states jump")
        if len(game.players) > 1:
            raise self.refuse("it has several players")
        if len(game.controls) > 1:
            raise self.refuse("it has several controls")
        if len(game.states) > 2:
            raise self.refuse("it has more than two states")
        if any(e.has(t) for _, e in game.expressions()):
            raise self.refuse("its coefficients depend on time")

    def affine(self, expression: sp.Expr, what: str) -> tuple[sp.Expr, sp.Expr]:
        """The constant and the factor of an expression affine in the control."""
        whole = self.plain(expression)
        factor = sp.diff(whole, self.control)
        if factor.has(self.control):
            raise self.refuse(f"{what} is not affine in the control")
        return sp.expand(whole - factor * self.control), factor


def numbers_in(numbers: Numbers) -> dict[sp.Symbol, sp.Rational]:
    """Exact values of the parameters."""
    return {s: sp.Rational(v.numerator, v.denominator) for s, v in numbers.parameters.items()}


def field(expression: sp.Expr, *states: sp.Symbol) -> Callable[..., Array]:
    """An expression as a function of arrays of the states."""
    dummies = [sp.Dummy() for _ in states]
    inner = sp.lambdify(dummies, expression.xreplace(dict(zip(states, dummies))), "numpy")

    def at(*arrays: Array) -> Array:
        with np.errstate(all="ignore"):
            found = np.asarray(inner(*arrays), dtype=float)
        return np.array(np.broadcast_to(found, np.shape(arrays[0])))

    return at
