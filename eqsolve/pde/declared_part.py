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

#: What else takes games that are refused.
COMMON_NOISE = "A problem file takes a noise that all share, as docs/pde/common.toml does."
POPULATIONS = "A problem file takes populations of players, as docs/pde/populations.toml does."


class NotRepresentedError(InputError):
    """No grid solver represents a game; ``reason`` says why."""

    def __init__(self, game: Game, reason: str, remedy: str = "") -> None:
        self.reason = reason
        super().__init__(
            f"no grid solver takes this game: {reason}.",
            game=game.name,
            stage="pde",
            remedy=remedy or "verify checks it by other means.",
        )


@dataclass(frozen=True)
class OnGrid:
    """A grid's solution at time 0, for a comparison.

    Attributes
    ----------
    result : everything, labelled.
    nodes : the states at which the strategy is told, arrays of one shape, by symbol; laws among
        them as numbers.
    controls : the strategy there, by the controls' symbols.
    """

    result: Result
    nodes: Mapping[sp.Symbol, Array]
    controls: Mapping[sp.Symbol, Array]


@dataclass(frozen=True)
class Part:
    """What the kinds of problems share: one player, or players who are alike.

    Parameters
    ----------
    model : of which the game and the initial law are read.
    """

    model: Model

    @property
    def game(self) -> Game:
        """The declaration."""
        return self.model.game

    def refuse(self, reason: str, remedy: str = "") -> NotRepresentedError:
        """The error with the reason."""
        return NotRepresentedError(self.game, reason, remedy)

    def senseless(self, reason: str) -> InputError:
        """The error of numbers at which the problem makes no sense on a grid."""
        return InputError(reason, game=self.game.name, stage="pde")

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
        return {*self.game.state_symbols, *laws, *self.game.controls, t}

    @cached_property
    def own(self) -> tuple[sp.Expr, sp.Expr]:
        """What a player's own cost is: running, with what a hazard rate makes due; at the end."""
        preference = self.game.players[0].preference
        sign = 1 if preference.sense == "minimize" else -1
        moment = preference.moments[0]
        running = moment.running + self.game.horizon.hazard * moment.payoff
        return self.plain(sign * running), self.plain(sign * moment.payoff)

    @cached_property
    def rate(self) -> sp.Expr:
        """The rate at which what is paid later counts less."""
        return self.plain(self.game.players[0].discount + self.game.horizon.hazard)

    def discounted(self, exact: Mapping[sp.Symbol, sp.Rational]) -> float:
        """The discount of a game that no time ends."""
        rate = float(self.rate.xreplace(exact))
        if not rate > 0:
            raise self.senseless("no time ends the game, and its discount is not positive.")
        return rate

    def expectation(self) -> None:
        """Refuse what no solver for laws and their expectations takes."""
        game, crowd = self.game, self.game.crowd
        if crowd is not None and (crowd.size is not None or crowd.own):
            raise self.refuse("its players are finitely many, or have types of their own")
        if crowd is None and game.laws:
            raise self.refuse("it has laws without a crowd")
        if game.horizon.hazard != 0 and crowd is not None:
            raise self.refuse("its players share a random horizon")
        if self.rate.free_symbols & self.moving:
            raise self.refuse("its hazard rate depends on the state")
        if game.notion == "given":
            raise self.refuse("its laws are given")
        if any(law.given for law in game.laws):
            raise self.refuse("its players share a noise", COMMON_NOISE)
        declared = all(state in self.model.initial for state in game.state_symbols)
        if not declared and (crowd is not None or game.horizon.end):
            raise self.refuse("it declares no initial law of its state")
        preference = game.players[0].preference
        if preference.aggregate != preference.moments[0].symbol:
            raise self.refuse("its preference is no expectation")

    def common(self) -> None:
        """Refuse what none of the solvers represents."""
        game = self.game
        if game.clocks:
            raise self.refuse("its states jump")
        if len(game.players) > 1:
            raise self.refuse("it has several players", POPULATIONS)
        if len(game.controls) > 1 and (len(game.states) == 1 or len(game.moments) > 1):
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
