"""How fast the expectations of an ansatz can grow in equilibrium.

The closed-loop generator maps the functions of the states that an ansatz is made of (monomials,
powers, exponentials) to combinations of such functions. If they span a finite-dimensional space,
expectations grow like the exponential of its matrix: the payoffs have finite expectations, and
transversality holds, when the largest real part of its eigenvalues lies below hazard plus discount
rate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from eqsolve.derivation.blocks import triangular
from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.hjb import Adjoints, ExtendedHJB
from eqsolve.derivation.units import Units


@dataclass(frozen=True)
class GrowthSystem:
    """``A phi_i = sum_j matrix[i][j] phi_j`` for the functions that a player's values need.

    Attributes
    ----------
    functions : the functions of the states.
    matrix : coefficients in parameters and coefficients of functions and feedback; None if the
        generator leads out of every finite space.
    rate : hazard plus discount rate.
    start : for every function, its coefficients in what is followed: where all of them vanish, and
        no other function leads to it, its growth does not matter.
    several : whether the player's preference is one of several expectations, as mean and variance.
    """

    functions: tuple[sp.Expr, ...]
    matrix: tuple[tuple[sp.Expr, ...], ...] | None
    rate: sp.Expr
    start: tuple[tuple[sp.Expr, ...], ...]
    several: bool = False


#: Largest number of functions that are followed.
LARGEST = 60


def growth_systems(derivation: Derivation) -> tuple[GrowthSystem, ...]:
    """The growth system of every player, at the feedback of the ansatz."""
    followers = [_Follower(derivation, system) for system in derivation.systems]
    return tuple(follower.system(follower.start()) for follower in followers)


def growth_of_play(derivation: Derivation) -> GrowthSystem:
    """How expectations of the first player grow when everybody plays the strategy."""
    played = derivation.played
    system = played.systems[0]
    parts = [m.payoff for m in system.problem.moments]
    parts += [played.closure(m.running) for m in system.problem.moments]
    return follow(played, system, [p for p in parts if p != 0])


def follow(
    derivation: Derivation,
    system: ExtendedHJB | Adjoints,
    functions: Sequence[sp.Expr],
    wanted: Callable[[sp.Expr], bool] = lambda function: True,
) -> GrowthSystem:
    """Follow given functions of the states under the closed-loop generator of a player.

    There is no matrix if they lead to one that is not ``wanted``.
    """
    return _Follower(derivation, system).system(functions, wanted)


class _Follower:
    """Follows functions under the closed-loop generator."""

    def __init__(self, derivation: Derivation, system: ExtendedHJB | Adjoints) -> None:
        self.derivation, self.hjb = derivation, system
        self.problem = system.problem
        # averages that are frozen do not move: they are letters
        self.averages = () if derivation.fixed is None else tuple(derivation.fixed.averages)
        self.ones = dict.fromkeys(self.averages, sp.S.One)
        self.states = tuple(s for s in self.problem.states if s not in self.averages)

    def start(self) -> list[sp.Expr]:
        """What payoffs, running parts and functions are made of."""
        parts: list[sp.Expr] = []
        for moment in self.problem.moments:
            parts += [moment.payoff, self.derivation.closure(moment.running)]
            if isinstance(self.hjb, ExtendedHJB) and moment.name in self.hjb.functions:
                parts.append(self.hjb.functions[moment.name])
        return [self.inserted(p.xreplace(self.definitions)) for p in parts if p != 0]

    def inserted(self, expression: sp.Expr) -> sp.Expr:
        """With coefficients of the feedback that are numbers, or the same as others."""
        return expression.xreplace(self.plain)

    @cached_property
    def plain(self) -> dict[sp.Symbol, sp.Expr]:
        feedback = self.derivation.system.feedback
        return {c: e for c, e in feedback.items() if e.is_Symbol or e.is_Rational}

    @cached_property
    def definitions(self) -> dict[sp.Symbol, sp.Expr]:
        return self.derivation.solved.game.abbreviations

    def system(
        self, start: Sequence[sp.Expr], wanted: Callable[[sp.Expr], bool] = lambda f: True
    ) -> GrowthSystem:
        """Follow functions until the generator leads to no new ones."""
        game = self.derivation.solved.game
        rate = (game.horizon.hazard + self.problem.player.discount).xreplace(self.definitions)
        basis: dict[sp.Expr, dict[sp.Expr, sp.Expr]] = {}
        weights: dict[sp.Expr, list[sp.Expr]] = {}
        for part in start:
            for function, weight in terms(part, (*self.states, *self.averages)).items():
                weights.setdefault(function.xreplace(self.ones), []).append(weight)
        pending = list(weights)
        while pending:
            function = pending.pop()
            if function in basis:
                continue
            if len(basis) >= LARGEST or not wanted(function):
                return GrowthSystem(tuple(basis), None, rate, ())
            moved = self.inserted(self.derivation.closure(self.problem.generator(function)))
            basis[function] = terms(moved.xreplace(self.definitions), self.states)
            pending += [f for f in basis[function] if f not in basis]
        functions = tuple(basis)
        if self.averages:
            self._separate(basis)
        rows = tuple(tuple(basis[f].get(g, sp.S.Zero) for g in functions) for f in functions)
        begin = tuple(tuple(weights.get(f, ())) for f in functions)
        several = len(self.problem.moments) > 1
        return GrowthSystem(functions, rows, rate, begin, several)

    def _separate(self, basis: Mapping[sp.Expr, dict[sp.Expr, sp.Expr]]) -> None:
        """Forget how large averages are where they lead to functions that do not lead back."""
        for block in triangular({f: list(row) for f, row in basis.items()}):
            for function in block:
                for other, value in basis[function].items():
                    if other not in block:
                        basis[function][other] = value.xreplace(self.ones)


def terms(expression: sp.Expr, states: Sequence[sp.Symbol]) -> dict[sp.Expr, sp.Expr]:
    """An expression as a combination of functions of the states."""
    units = Units.of([expression])
    places = units.depending(states)
    names, meaning = units.ring.symbols, units.meaning
    # of the denominator, factors that depend on the states belong to every function, the others
    # to the coefficients: powers of parameters would make new functions for ever
    below, outer = units.ratio(expression).denominator, sp.S.One
    for factor, power in below.factor()[1]:
        if any(exponents[i] for exponents in factor.to_dict() for i in places):
            below /= factor ** int(power)
            outer /= units.expression(factor) ** int(power)
    low = units.expression(below)
    found: dict[sp.Expr, sp.Expr] = {}
    for exponents, polynomial in units.monomials(expression, states).items():
        function = sp.Mul(*(meaning.get(names[i], names[i]) ** exponents[i] for i in places), outer)
        coefficient = units.expression(polynomial) / low
        found[function] = found.get(function, sp.S.Zero) + coefficient
    return found
