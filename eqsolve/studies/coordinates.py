"""Coordinates in which states stay where their functions are defined.

A positive state with loadings proportional to itself is followed by its logarithm: the steps of a
geometric Brownian motion are then exact. One whose noise vanishes at the bounds of its space is
followed as it is, but drift and loadings are taken at the bound that a step passed (Lord, Koekkoek
and van Dijk 2010).
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
    logarithmic : whether a state is followed by its logarithm, state by state.
    bounds : between which a state is evaluated.
    """

    dynamics: Dynamics
    logarithmic: tuple[bool, ...]
    bounds: tuple[tuple[float, float], ...]

    def inside(self, states: Array) -> Array:
        """The coordinates of states, (states, paths)."""
        rows = zip(self.logarithmic, states, strict=True)
        return np.array([np.log(x) if logarithmic else x for logarithmic, x in rows])

    def outside(self, places: Array) -> list[Array]:
        """The states at coordinates."""
        rows = zip(self.logarithmic, self.bounds, places, strict=True)
        return [np.exp(z) if logarithmic else np.clip(z, *ends) for logarithmic, ends, z in rows]


def coordinates(model: Model, dynamics: Dynamics) -> Coordinates:
    """Choose the coordinates of a dynamics."""
    spaces = {s.name: state_space(model, s) for s in model.game.state_symbols}
    drift, noises = dict(dynamics.drift), [dict(n) for n in dynamics.noises]
    jumps = [(rate, dict(sizes)) for rate, sizes in dynamics.jumps]
    logarithmic, bounds = [], []
    for state in dynamics.states:
        # The states of copies are numbered.
        own = state.name if state.name in spaces else state.name.rsplit("_", 1)[0]
        space = spaces.get(own, sp.S.Reals)
        loads = [n[state] for n in dynamics.noises if state in n]
        logarithmic.append(space.inf >= 0 and _proportional(loads, state))
        bounds.append(_bounds(space, loads, state))
        if not logarithmic[-1]:
            continue
        square = sp.Add(*(load**2 for load in loads))
        drift[state] = _expanded(drift[state] / state - square / state**2 / 2)
        for noise in noises:
            if state in noise:
                noise[state] = _expanded(noise[state] / state)
        for _, sizes in jumps:
            if state in sizes:
                sizes[state] = sp.log(1 + _expanded(sizes[state] / state))
    moved = Dynamics(drift, tuple(noises), tuple(jumps))
    return Coordinates(moved, tuple(logarithmic), tuple(bounds))


def _proportional(loads: list[sp.Expr], state: sp.Symbol) -> bool:
    return bool(loads) and all(state not in _expanded(e / state).free_symbols for e in loads)


def _expanded(expression: sp.Expr) -> sp.Expr:
    return sp.powsimp(sp.expand(expression))


def _bounds(space: sp.Set, loads: list[sp.Expr], state: sp.Symbol) -> tuple[float, float]:
    """The bounds of a state's space at which its noise vanishes."""
    ends = []
    for end, none in ((space.inf, -sp.oo), (space.sup, sp.oo)):
        held = end.is_finite and loads and all(e.subs(state, end).is_zero for e in loads)
        ends.append(float(end if held else none))
    return ends[0], ends[1]


def positive_letters(model: Model) -> set[sp.Symbol]:
    """Letters that have no negative values where all that is declared exists."""
    letters = set(model.game.state_symbols).union(*(e.free_symbols for e in _declared(model)))
    return {s for s in letters if state_space(model, s).inf >= 0}


def state_space(model: Model, state: sp.Symbol) -> sp.Set:
    """Where a state may be: its declared domain, where roots, real powers and logarithms exist."""
    declared = (letter.domain for letter in model.vocabulary if letter.symbol == state)
    space: sp.Set = next(declared, sp.S.Reals)
    for expression in _declared(model):
        for power in expression.atoms(sp.Pow, sp.log):
            base = power.args[0]
            if base.free_symbols == {state} and not (power.is_Pow and power.exp.is_Integer):
                space = space.intersect(_positive(base, state))
    return space


def _declared(model: Model) -> list[sp.Expr]:
    """What is written in states, with the form of the solution."""
    parts = [*model.ansatz.functions.values(), *model.ansatz.feedback.values()]
    for state in model.game.states:
        parts += [state.drift, *state.loadings.values()]
    return parts


def _positive(line: sp.Expr, state: sp.Symbol) -> sp.Set:
    """Where a line is positive; everywhere if it is none."""
    slope, rest = line.diff(state), line.xreplace({state: sp.S.Zero})
    if not (slope.is_Rational and rest.is_Rational) or sp.expand(line - slope * state - rest):
        return sp.S.Reals
    if slope > 0:
        return sp.Interval.open(-rest / slope, sp.oo)
    return sp.Interval.open(-sp.oo, -rest / slope)


def middle(domain: sp.Set) -> sp.Rational:
    """A number inside a set of numbers: 1, or what lies well within its bounds."""
    low, high = domain.inf, domain.sup
    if low < 1 < high:
        return sp.S.One
    if low.is_finite and high.is_finite:
        return sp.Rational((low + high) / 2)
    return sp.Rational(low + 1 if low.is_finite else high - 1)


def room(domain: sp.Set, place: sp.Rational) -> sp.Rational:
    """How far a set of numbers goes on around a place, to the nearer side; |place| + 1 at most
    where it has no bound."""
    ends = [abs(place - end) for end in (domain.inf, domain.sup) if end.is_finite]
    return sp.Rational(min(ends, default=abs(place) + 1))
