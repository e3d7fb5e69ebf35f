"""A game declared once more for the engine of all games, and what results are called in its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sympy as sp

from eqsolve.game.model import Model


@dataclass(frozen=True, eq=False)
class Restated:
    """The same problem in the words of ``eqsolve.game``.

    Attributes
    ----------
    source : the function that builds it from its structure.
    continuum : whether there is a crowd, and no number of its players.
    squares : laws of squares in the game's own states, where all others are alike.
    response : by the game's own name for it, the coefficient of the response.
    averages : by the game's own name for it, an average over all.
    moments : by the game's own name for it, a coefficient of a moment in the others', where it is
        not the one of the same name.
    own : builds the model that is written in the game's own states, with its outputs.
    state : where the game is asked, if nothing is given: its states, each in those before and in
        parameters.
    roots : outputs that every solution is shown with, the root itself first; the second one is
        positive where the root is admissible.
    players : the closed loop of so many players who differ, each with states and controls of its
        own, whose letters end in its number.
    """

    source: Callable[..., Model]
    continuum: bool = False
    squares: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    response: Mapping[str, str] = field(default_factory=dict)
    averages: Mapping[str, str] = field(default_factory=dict)
    moments: Mapping[str, sp.Expr] = field(default_factory=dict)
    own: Callable[[], Model] | None = None
    state: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    roots: tuple[str, ...] = ()
    players: Callable[[int], Model] | None = None

    @cached_property
    def states(self) -> Mapping[sp.Symbol, sp.Expr]:
        """Its laws in terms of the game's own states and parameters."""
        return self.own().coordinates if self.own is not None else {}

    def slopes(
        self, name: str, states: Sequence[sp.Symbol], numbers: Mapping[str, Any]
    ) -> dict[str, sp.Rational]:
        """One of its states, or 1, as an affine function of the game's own.

        Parameters
        ----------
        name : of the state, or ``1``.
        states : the game's own.
        numbers : exact parameters by name.
        """
        inner = {s.name: e for s, e in self.states.items()}
        if name not in inner:
            return {name: sp.S.One}
        form = inner[name].xreplace({sp.Symbol(k): sp.Rational(v) for k, v in numbers.items()})
        letters = {state.name: sp.Symbol(state.name) for state in states}
        found = {own: form.coeff(letter) for own, letter in letters.items()}
        return {**found, "1": form.xreplace(dict.fromkeys(letters.values(), sp.S.Zero))}

    def affine(
        self, table: Mapping[str, float], states: Sequence[sp.Symbol], numbers: Mapping[str, Any]
    ) -> dict[str, float]:
        """An affine function of its states as one of the game's own.

        Parameters
        ----------
        table : coefficients by state, and the constant under ``1``.
        states, numbers : as for :meth:`slopes`.
        """
        found = dict.fromkeys([*(s.name for s in states), "1"], 0.0)
        for name, value in table.items():
            for own, slope in self.slopes(name, states, numbers).items():
                found[own] += value * float(slope)
        return found
