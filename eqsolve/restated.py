"""A game declared once more for the engine of all games, and what results are called in its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from eqsolve.game.model import Model


@dataclass(frozen=True)
class Restated:
    """The same problem in the words of ``eqsolve.game``.

    Attributes
    ----------
    source : the function that builds it from its structure.
    continuum : whether there is a crowd, and no number of its players.
    states : its states and laws in terms of the game's own states and parameters, where they are
        other ones.
    response : by the game's own name for it, the coefficient of the response.
    """

    source: Callable[..., Model]
    continuum: bool = False
    states: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    response: Mapping[str, str] = field(default_factory=dict)

    def affine(
        self, table: Mapping[str, float], states: Sequence[sp.Symbol], numbers: Mapping[str, Any]
    ) -> dict[str, float]:
        """An affine function of its states as one of the game's own.

        Parameters
        ----------
        table : coefficients by state, and the constant under ``1``.
        states : the game's own.
        numbers : exact parameters by name.
        """
        found = dict.fromkeys([*(s.name for s in states), "1"], 0.0)
        inner = {s.name: e for s, e in self.states.items()}
        for name, value in table.items():
            if name not in inner:
                found[name] += value
                continue
            form = inner[name].xreplace({sp.Symbol(k): sp.Rational(v) for k, v in numbers.items()})
            letters = [sp.Symbol(state.name) for state in states]
            for letter in letters:
                found[letter.name] += value * float(form.coeff(letter))
            found["1"] += value * float(form.xreplace(dict.fromkeys(letters, sp.S.Zero)))
        return found
