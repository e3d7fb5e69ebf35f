"""An equilibrium in numbers: a model, exact parameters, coefficients by time, a start."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias

import numpy as np
import sympy as sp
from flint import arb, ctx
from numpy.typing import NDArray

from eqsolve.arithmetic.function import Function
from eqsolve.derivation.derivation import Derivation, derive
from eqsolve.derivation.given import one_player
from eqsolve.errors import NoSolutionError
from eqsolve.game import Game, Model
from eqsolve.game.hazard_rates import Hazard
from eqsolve.game.parameters import read
from eqsolve.game.types import read_types
from eqsolve.game.world import World
from eqsolve.numbers import exact
from eqsolve.rows import Types
from eqsolve.solve.crowd import averages, numbers_of_types
from eqsolve.solve.derived import DerivedPoint, exact_middle
from eqsolve.solve.joint import joint
from eqsolve.solve.path import center
from eqsolve.solve.point import BITS
from eqsolve.studies.coordinates import middle, state_space
from eqsolve.studies.curves import Curves, interpolated

Array = NDArray[np.float64]
#: Points with weights.
Law: TypeAlias = list[tuple[float, Array]]

#: Atoms of a continuum that is followed by its mean.
_MEAN = (sp.S.One,)


@dataclass(frozen=True)
class Equilibrium:
    """An equilibrium that is claimed.

    Parameters
    ----------
    derivation : of the model; the numerical checks read its model only.
    parameters : exact values.
    coefficients : those of functions and feedback at a calendar time.
    start : exact states at time 0, laws of states among them; absent ones are 1.
    others : where copies have types of their own, the values of the others' parameters, in the
        order of the copies; the coefficients hold those of the copies' feedback, too.
    weights : of the atoms of a continuum, or of the types.
    frozen : with the notion given among types of their own, the averages over the others.
    hazard : the rate, where it moves in time; its letter is no parameter then.
    until : the last time that is looked at, where that is before the end.
    """

    derivation: Derivation
    parameters: Mapping[sp.Symbol, sp.Rational]
    coefficients: Callable[[Fraction], Mapping[sp.Symbol, arb]]
    start: Mapping[sp.Symbol, sp.Rational] = field(default_factory=dict)
    others: tuple[Mapping[sp.Symbol, sp.Rational], ...] = ()
    weights: tuple[sp.Rational, ...] = _MEAN
    frozen: Mapping[sp.Symbol, arb] = field(default_factory=dict)
    hazard: Hazard | None = None
    until: Fraction | None = None

    @property
    def model(self) -> Model:
        """The model."""
        return self.derivation.model

    @property
    def game(self) -> Game:
        """The game."""
        return self.model.game

    @property
    def end(self) -> Fraction | None:
        """When the horizon ends, if it does."""
        end = self.game.horizon.end
        return None if end is None else rational(self.exact(end))

    @property
    def last(self) -> Fraction | None:
        """The last time that is looked at, where the horizon ends."""
        return self.end if self.until is None else self.until

    @cached_property
    def stretches(self) -> list[tuple[float, float]]:
        """Of time up to the end, between the times at which the hazard rate jumps."""
        if self.end is None:
            return []
        breaks = () if self.hazard is None else self.hazard.breaks
        inside = [b for b in breaks if 0 < b < self.end]
        return list(zip([0.0, *inside], [*inside, float(self.end)]))

    @property
    def moving(self) -> tuple[sp.Symbol, ...]:
        """Letters that are functions of time: that of a hazard rate which moves."""
        return () if self.hazard is None else (self.game.horizon.hazard,)

    def moved(self, times: Array) -> Array:
        """(letters, times): their values; where they jump, those after the jump."""
        if self.hazard is None:
            return np.empty((0, len(times)))
        return np.array([[self.hazard.rate(float(time)) for time in times]])

    def exact(self, expression: sp.Expr) -> sp.Rational:
        """The value of an expression in parameters."""
        return sp.Rational(expression.xreplace(self.spelled).xreplace(dict(self.parameters)))

    @cached_property
    def spelled(self) -> dict[sp.Symbol, sp.Expr]:
        """The game's abbreviations in its parameters."""
        return self.game.abbreviations

    @cached_property
    def world(self) -> World:
        """The game written out: copy by copy, or one player and the mean of a continuum.

        Raises
        ------
        DerivationError
            If the crowd is not followed by its mean, or cannot be written out.
        """
        game, crowd = self.game, self.game.crowd
        if crowd is not None and crowd.size is None:
            _require_means(game, self.derivation.strategy)
        size = None
        if crowd is not None and crowd.size is not None:
            size = int(self.exact(crowd.size))
        return World.of(game, size, self.weights)

    @cached_property
    def numbers(self) -> dict[sp.Symbol, sp.Expr]:
        """Values of parameters, abbreviations and the crowd's size."""
        known = dict(self.parameters)
        for copy, values in zip(self.world.copies[1:], self.others):
            known |= {name: values[s] for s, name in copy.types.items()}
        fixed = {s: e.xreplace(known) for s, e in self.world.fixed.items()}
        return {**known, **fixed}

    def state(self, symbol: sp.Symbol) -> sp.Rational:
        """The start of a state or of a law of a state."""
        for law in self.game.laws:
            if law.symbol == symbol and law.of.is_Symbol:
                return self.start.get(symbol, self.state(law.of))
        if symbol in self.start:
            return self.start[symbol]
        return middle(state_space(self.model, symbol))

    @cached_property
    def begin(self) -> dict[sp.Symbol, sp.Rational]:
        """Where all copies start: the first where it is, the others so that the laws are."""
        world, values = self.world, {}
        means = {law.of: law.symbol for law in self.game.laws if law.of.is_Symbol}
        for state, name in world.first.states.items():
            values[name] = self.state(state)
        others = sp.Add(*(copy.weight for copy in world.copies[1:]))
        for copy in world.copies[1:]:
            for state, name in copy.states.items():
                if name in values:
                    continue
                first = values[world.first.states[state]]
                mean = self.state(means[state]) if state in means else first
                values[name] = (mean - world.first.weight * first) / others
        return values

    def spread(self, point: Array, variances: Sequence[float] | None = None) -> Law:
        """A Gaussian law of the first copy around the means, as weighted points.

        The points are exact for polynomials of degree five; states are independent.

        Parameters
        ----------
        point : all states; those of the first copy are replaced.
        variances : of the first copy's states, by default those that the start gives.
        """
        own = len(self.world.first.states)
        mean = point[own:]
        if variances is None:
            variances = [float(self.variance(s)) for s in self.game.state_symbols]
        found = []
        for signs in itertools.product((-1, 0, 1), repeat=own):
            weight = math.prod(2 / 3 if s == 0 else 1 / 6 for s in signs)
            shift = np.array(signs) * np.sqrt(3 * np.array(variances))
            found.append((weight, np.concatenate([mean + shift, mean])))
        return found

    def variance(self, state: sp.Symbol) -> sp.Expr:
        """The variance of a state at the start, 0 where none is given."""
        means = {law.of: law.symbol for law in self.game.laws if law.of.is_Symbol}
        for law in self.game.laws:
            if sp.expand(law.of - (state - means.get(state, sp.S.Zero)) ** 2) == 0:
                return self.start.get(law.symbol, sp.S.Zero)
        return sp.S.Zero

    @cached_property
    def letters(self) -> list[sp.Symbol]:
        """The coefficients of the feedback, in order of their names."""
        forms = self.derivation.strategy.values()
        system = self.derivation.system
        known = {*system.unknowns, *self.derivation.explicit, *system.implicit}
        found = set().union(*(form.free_symbols for form in forms)) & known
        own = [copy for copy in self.world.copies if copy.types]
        found |= {copy.letter(c) for copy in own for c in found}
        return sorted(found, key=lambda s: s.name)

    @cached_property
    def played(self) -> dict[sp.Symbol, sp.Expr]:
        """Every copy's controls in states and coefficients, with numbers for parameters."""
        strategy = self.derivation.strategy
        own = {c for form in strategy.values() for c in form.free_symbols}
        forms = self.world.played(strategy, own & set(self.letters))
        return {c: e.xreplace(self.numbers) for c, e in forms.items()}

    @cached_property
    def strategy(self) -> Curves:
        """The feedback's coefficients at an array of times, one row a coefficient."""
        return self.curves(self.letters)

    def curves(self, letters: Sequence[sp.Symbol]) -> Curves:
        """Coefficients at an array of times, one row a coefficient.

        Raises
        ------
        DerivationError
            If they cannot be interpolated.
        """

        def at(times: Array) -> Array:
            found = []
            for time in times:
                row = self.coefficients(Fraction(float(time)))
                found.append([center(row[s]) for s in letters])
            return np.array(found).reshape(len(times), len(letters))

        return interpolated(at, self.end, stretches=self.stretches)


def equilibrium(
    model: Model,
    values: Mapping[str, object],
    at: Mapping[str, object] | None = None,
    selection: str | None = None,
) -> Equilibrium:
    """Solve a model for what the studies need.

    Parameters
    ----------
    model : the model, of the structure that is wanted.
    values, at, selection : parameters and states as ``eqsolve.solve.solve`` takes them. States that
        are not given start at the means of their declared initial laws, or at 1.

    Raises
    ------
    NoSolutionError
        If there is no equilibrium.
    InputError, DerivationError
        As for ``solve``.
    """
    with ctx.workprec(BITS):
        derivation = derive(model)
        chosen = selection or model.selection
        crowd = model.game.crowd
        if crowd is not None and crowd.own:
            return next(_of_types(derivation, values, at, chosen))
        point = DerivedPoint(derivation, read(model, values, at), chosen)
        return Equilibrium(derivation, _parameters(point), _coefficients(point), _start(point))


def equilibria(
    model: Model, values: Mapping[str, object], at: Mapping[str, object] | None = None
) -> list[Equilibrium]:
    """The equilibrium as every type of copies sees it, in order; see ``equilibrium``.

    A game without types of their own is seen in one way.
    """
    crowd = model.game.crowd
    if crowd is None or not crowd.own:
        return [equilibrium(model, values, at)]
    with ctx.workprec(BITS):
        return list(_of_types(derive(model), values, at, model.selection))


def response(claim: Equilibrium) -> Equilibrium:
    """With the notion given, the best response to the averages over the others at the start.

    Raises
    ------
    DerivationError
        If the averages are not known at the start, or the problem is none of one player's.
    """
    derivation, fixed = claim.derivation, claim.derivation.fixed
    assert fixed is not None, "only averages that are given have responses"
    (system,) = derivation.systems
    model = one_player(derivation.solved, system.problem, fixed.response)
    values = {**claim.coefficients(Fraction(0)), **dict(claim.numbers)}
    start = {s: claim.state(s) for s in derivation.states}
    parameters = dict(claim.parameters)
    for name in fixed.averages:
        if name in claim.frozen:
            parameters[name] = exact_middle(claim.frozen[name])
            continue
        if name not in fixed.values:
            raise claim.game.error(f"{name} is not known.", stage="checks")
        form = fixed.values[name].xreplace(claim.spelled).xreplace({**claim.numbers, **start})
        letters = sorted(form.free_symbols, key=lambda s: s.name)
        parameters[name] = exact_middle(Function([form], letters)([values[s] for s in letters])[0])
    own = Derivation(model, model, derivation.systems, derivation.closure, derivation.system)
    return replace(
        claim,
        derivation=own,
        parameters=parameters,
        start=start,
        others=(),
        weights=_MEAN,
        frozen={},
    )


def _of_types(
    derivation: Derivation,
    values: Mapping[str, object],
    at: Mapping[str, object] | None,
    selection: str,
) -> Iterator[Equilibrium]:
    """Every type's equilibrium among copies of all types."""
    crowd = derivation.model.game.crowd
    assert crowd is not None, "types belong to a crowd"
    count = values.get(str(crowd.size)) if crowd.size is not None else None
    size = None if count is None else int(exact("n", count, game=derivation.model.name))
    types = read_types(derivation.model, values, size, at=at)
    numbers = numbers_of_types(derivation, types)
    if derivation.fixed is not None:
        points = [DerivedPoint(derivation, number, selection) for number in numbers]
        joint([p.point for p in points], types).raise_for_status()
        if not points[0].frozen:
            raise derivation.model.game.error(
                "the averages over the others depend on the states of all types.",
                stage="checks",
                remedy="Give the states of every type.",
            )
        yield from _seen(points, types)
        return
    found = averages(derivation, numbers, types)
    if isinstance(found, tuple):
        raise NoSolutionError(found[1], game=derivation.model.name, stage=found[0].label)
    yield from _seen([DerivedPoint(derivation, n, selection, found) for n in numbers], types)


def _seen(points: Sequence[DerivedPoint], types: Types) -> Iterator[Equilibrium]:
    """The equilibrium as a player of each type sees it."""
    derivation = points[0].derivation
    crowd = derivation.model.game.crowd
    assert crowd is not None, "types belong to a crowd"
    tables = [_coefficients(point) for point in points]
    for first, point in enumerate(points):
        others = [*range(len(points))]
        if crowd.size is not None:
            others = [k for k, copies in enumerate(types.counts) for _ in range(copies)]
            others.remove(first)
        yield Equilibrium(
            derivation,
            _parameters(point),
            _together(tables[first], [tables[k] for k in others]),
            _start(point),
            tuple(_parameters(points[k]) for k in others),
            tuple(map(_rational, types.weights)),
            point.frozen,
        )


def _together(
    first: Callable[[Fraction], dict[sp.Symbol, arb]],
    others: Sequence[Callable[[Fraction], dict[sp.Symbol, arb]]],
) -> Callable[[Fraction], dict[sp.Symbol, arb]]:
    """The coefficients of one copy, and of the others with their numbers."""

    def coefficients(time: Fraction) -> dict[sp.Symbol, arb]:
        table = first(time)
        for number, other in enumerate(others, 1):
            table |= {sp.Symbol(f"{c.name}_{number}"): v for c, v in other(time).items()}
        return table

    return coefficients


def _coefficients(point: DerivedPoint) -> Callable[[Fraction], dict[sp.Symbol, arb]]:
    """The coefficients of a point by time.

    Raises
    ------
    NoSolutionError
        If there is no equilibrium.
    """
    if point.path is None:
        point.answer().raise_for_status()

    def coefficients(time: Fraction) -> dict[sp.Symbol, arb]:
        with ctx.workprec(BITS):
            return point.coefficients(time)

    return coefficients


def _parameters(point: DerivedPoint) -> dict[sp.Symbol, sp.Rational]:
    return {s: _rational(v) for s, v in point.numbers.parameters.items()}


def _start(point: DerivedPoint) -> dict[sp.Symbol, sp.Rational]:
    return {s: _rational(v) for s, v in point.initial.items()}


def _rational(value: Fraction) -> sp.Rational:
    return sp.Rational(value.numerator, value.denominator)


def rational(value: sp.Rational) -> Fraction:
    """The same number for Python."""
    return Fraction(int(value.p), int(value.q))


def _require_means(game: Game, strategy: Mapping[sp.Symbol, sp.Expr]) -> None:
    """A continuum is followed by its mean where means move by means."""
    affine = {law.symbol for law in game.laws if law.of.is_Symbol}
    averaged = [s for s in game.state_symbols if any(s in law.of.free_symbols for law in game.laws)]
    higher = {
        law.symbol
        for law in game.laws
        if law.symbol not in affine and not law.of.free_symbols & set(game.controls)
    }
    given = {noise for law in game.laws for noise in law.given}
    forms = [state.drift for state in game.states]
    forms += [e for s in game.states for k, e in s.loadings.items() if k in given]
    forms += [law.of for law in game.laws if law.symbol not in higher]
    for form in forms:
        closed = form.xreplace(dict(strategy))
        if any(sp.expand(sp.diff(closed, a, b)) != 0 for a in averaged for b in averaged):
            raise game.error("means do not move by means alone.", stage="checks")
    used = {s for where, e in game.expressions() for s in e.free_symbols if "law" not in where}
    if higher & (used | {s for f in strategy.values() for s in f.free_symbols}):
        raise game.error("the game depends on a law that is no mean.", stage="checks")
