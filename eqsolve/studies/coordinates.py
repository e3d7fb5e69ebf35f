"""Coordinates in which positive states stay where their functions are defined.

A positive state with loadings proportional to itself is followed by its logarithm: the steps of a
geometric Brownian motion are then exact. One with loadings proportional to its root is followed as
it is, but drift and loadings are taken at zero where a step made it negative (Lord, Koekkoek and
van Dijk 2010).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from eqsolve.game import Model
from eqsolve.game.world import Dynamics

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Coordinates:
    """A dynamics whose states are followed by other coordinates, in order.

    Attributes
    ----------
    dynamics : drift, loadings and jumps of the coordinates, written in the states.
    kinds : for every state ``"log"``, ``"root"`` or an empty text.
    """

    dynamics: Dynamics
    kinds: tuple[str, ...]

    def inside(self, states: Array) -> Array:
        """The coordinates of states, (states, paths)."""
        rows = zip(self.kinds, states, strict=True)
        return np.array([np.log(x) if k == "log" else x for k, x in rows])

    def outside(self, places: Array) -> list[Array]:
        """The states at coordinates."""
        rows = zip(self.kinds, places, strict=True)
        return [
            np.exp(z) if k == "log" else np.maximum(z, 0.0) if k == "root" else z for k, z in rows
        ]


def coordinates(model: Model, dynamics: Dynamics) -> Coordinates:
    """Choose the coordinates of a dynamics."""
    positive = positive_letters(model)
    names = {s.name for s in positive}
    drift, noises = dict(dynamics.drift), [dict(n) for n in dynamics.noises]
    jumps = [(rate, dict(sizes)) for rate, sizes in dynamics.jumps]
    kinds = []
    for state in dynamics.states:
        kind = _kind(state, dynamics) if state.name.rsplit("_", 1)[0] in names else ""
        kind = kind or (_kind(state, dynamics) if state.name in names else "")
        kinds.append(kind)
        if kind != "log":
            continue
        square = sp.Add(*(n[state] ** 2 for n in dynamics.noises if state in n))
        drift[state] = _expanded(drift[state] / state - square / state**2 / 2)
        for noise in noises:
            if state in noise:
                noise[state] = _expanded(noise[state] / state)
        for _, sizes in jumps:
            if state in sizes:
                sizes[state] = sp.log(1 + _expanded(sizes[state] / state))
    return Coordinates(Dynamics(drift, tuple(noises), tuple(jumps)), tuple(kinds))


def _expanded(expression: sp.Expr) -> sp.Expr:
    return sp.powsimp(sp.expand(expression))


def _kind(state: sp.Symbol, dynamics: Dynamics) -> str:
    loads = [n[state] for n in dynamics.noises if state in n]
    for kind, power in (("log", sp.S.One), ("root", sp.Rational(1, 2))):
        if loads and all(state not in _expanded(e / state**power).free_symbols for e in loads):
            return kind
    return ""


def positive_letters(model: Model) -> set[sp.Symbol]:
    """States that are declared positive, or stand under a root, a real power or a logarithm."""
    game = model.game
    expressions = [*model.ansatz.functions.values()]
    expressions += [e for s in game.states for e in s.loadings.values()]
    found = {
        letter.symbol
        for letter in model.vocabulary
        if letter.domain.inf >= 0 and letter.symbol in game.state_symbols
    }
    for expression in expressions:
        for power in expression.atoms(sp.Pow, sp.log):
            base = power.args[0]
            if base.is_Symbol and not (power.is_Pow and power.exp.is_Integer):
                found.add(base)
    return found
