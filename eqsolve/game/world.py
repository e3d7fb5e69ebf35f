"""A game written out in full: every copy of a player with states and controls of its own.

The checks of a derivation work with this form. It knows no averages over the others, no reduced
states and no representative player: a law is the weighted sum over the copies that it is by
definition. A finite crowd is written out copy by copy. Of a continuum a finite sample of atoms is
written out, beside one player of weight zero; the noises of an atom's own are averaged inside the
atom (law of large numbers), so that they split it instead of moving it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from eqsolve.game import Game

#: The states of one copy, and its weight in the averages.
Place = tuple[sp.Expr, Mapping[sp.Symbol, sp.Expr]]
#: A quantity that depends on the first copy's states and on the laws.
Functional = Callable[[Mapping[sp.Symbol, sp.Expr], Sequence[Place]], sp.Expr]

#: Most copies that are written out.
MOST_COPIES = 12
#: Most atoms of a continuum.
MOST_ATOMS = 30
#: Weights of the atoms of a continuum: unequal, so that an average cannot be mistaken for another.
ATOMS = (sp.Rational(2, 9), sp.Rational(3, 9), sp.Rational(4, 9))


@dataclass(frozen=True)
class Copy:
    """One copy of a player: its weight, and its letters for states, controls and own parameters.

    An atom stands for a part of a continuum.
    """

    weight: sp.Expr
    states: Mapping[sp.Symbol, sp.Symbol]
    controls: Mapping[sp.Symbol, sp.Symbol]
    types: Mapping[sp.Symbol, sp.Symbol]
    number: int = 0
    atom: bool = False

    def letter(self, symbol: sp.Symbol) -> sp.Symbol:
        """This copy's letter for a parameter or a coefficient of its own."""
        return sp.Symbol(f"{symbol.name}_{self.number}") if self.number else symbol


@dataclass(frozen=True)
class Dynamics:
    """How the states of all copies move, controls and laws spelled out as far as they are known.

    Attributes
    ----------
    drift : by state.
    noises : for every independent Brownian motion, the loadings by state.
    jumps : for every clock and mark, the rate and what is added to each state.
    """

    drift: Mapping[sp.Symbol, sp.Expr]
    noises: tuple[Mapping[sp.Symbol, sp.Expr], ...]
    jumps: tuple[tuple[sp.Expr, Mapping[sp.Symbol, sp.Expr]], ...]

    @property
    def states(self) -> tuple[sp.Symbol, ...]:
        """The states of all copies."""
        return tuple(self.drift)

    def closed(self, values: Mapping[sp.Symbol, sp.Expr]) -> Dynamics:
        """The same with letters replaced."""

        def put(table: Mapping[sp.Symbol, sp.Expr]) -> dict[sp.Symbol, sp.Expr]:
            return {s: e.xreplace(dict(values)) for s, e in table.items()}

        jumps = tuple((rate.xreplace(dict(values)), put(sizes)) for rate, sizes in self.jumps)
        return Dynamics(put(self.drift), tuple(map(put, self.noises)), jumps)

    def generator(self, f: sp.Expr) -> sp.Expr:
        """Expected change per unit of time of a function of the states."""
        r = sp.Dummy("r")
        moved = {s: s + r * b for s, b in self.drift.items()}
        terms = [_slope(f.xreplace(moved), r, 1)]
        for loads in self.noises:
            moved = {s: s + r * e for s, e in loads.items()}
            terms.append(_slope(f.xreplace(moved), r, 2) / 2)
        for rate, sizes in self.jumps:
            terms.append(rate * (f.xreplace({s: s + e for s, e in sizes.items()}) - f))
        return sp.Add(*terms)


@dataclass(frozen=True)
class World:
    """A game written out.

    Attributes
    ----------
    game : what was declared.
    copies : the players' copies; the first is the one whose problem is checked. A game without a
        crowd is one copy that holds all states and controls.
    size : number of copies of a finite crowd, None for a continuum or without a crowd.
    fixed : the value of the crowd's size, where its symbol stands in expressions.
    """

    game: Game
    copies: tuple[Copy, ...]
    size: int | None = None

    @staticmethod
    def of(game: Game, size: int | None = None, atoms: Sequence[sp.Expr] = ATOMS) -> World:
        """Write a game out.

        Parameters
        ----------
        game : the game.
        size : number of copies, for a crowd of symbolic size.
        atoms : weights of the atoms of a continuum.

        Raises
        ------
        DerivationError
            If the copies are too many.
        """
        crowd = game.crowd
        if crowd is None:
            states = {s: s for s in game.state_symbols}
            return World(game, (Copy(sp.S.One, states, {c: c for c in game.controls}, {}),))
        own = crowd.own
        if crowd.size is None:
            if len(atoms) > MOST_ATOMS:
                raise game.error(f"at most {MOST_ATOMS} atoms are written out.", stage="checks")
            weights, number = (sp.S.Zero, *atoms), None
        else:
            number = int(crowd.size) if crowd.size.is_Integer else size
            if number is None or not 1 <= number <= MOST_COPIES:
                raise game.error(f"at most {MOST_COPIES} copies are written out.", stage="checks")
            weights = (sp.Rational(1, number),) * number
            if crowd.weights is not None:
                letters = (sp.Symbol(f"{crowd.weights.name}_{k}") for k in range(1, number))
                own, weights = (*own, crowd.weights), (crowd.weights, *letters)
        common = common_states(game)
        copies = []
        for k, weight in enumerate(weights):
            states = {
                s: s if s in common else sp.Symbol(f"{s.name}_{k}") for s in game.state_symbols
            }
            controls = {c: sp.Symbol(f"{c.name}_{k}") for c in game.controls}
            types = {s: sp.Symbol(f"{s.name}_{k}") for s in own} if k else {}
            copies.append(Copy(weight, states, controls, types, k, number is None and k > 0))
        return World(game, tuple(copies), number)

    @cached_property
    def fixed(self) -> dict[sp.Symbol, sp.Expr]:
        """Abbreviations, the crowd's size, and the last copy's weight by those of the others."""
        crowd, values = self.game.crowd, {}
        if crowd is not None and crowd.weights is not None:
            *others, last = (copy.weight for copy in self.copies)
            values[last] = 1 - sp.Add(*others)
        if crowd is not None and crowd.size is not None and self.size is not None:
            if crowd.size.is_Symbol:
                values[crowd.size] = sp.Integer(self.size)
        for name, definition in self.game.definitions.items():
            values[name] = definition.xreplace(values)
        return values

    @cached_property
    def common(self) -> frozenset[str]:
        """Noises and clocks that all copies share."""
        game = self.game
        if game.crowd is None:
            return frozenset(
                {*(k for s in game.states for k in s.loadings), *(c.name for c in game.clocks)}
            )
        return frozenset(noise for law in game.laws for noise in law.given)

    @property
    def first(self) -> Copy:
        """The copy whose problem is checked."""
        return self.copies[0]

    @property
    def places(self) -> tuple[Place, ...]:
        """Where the copies are."""
        return tuple((copy.weight, copy.states) for copy in self.copies)

    @cached_property
    def state_laws(self) -> tuple[sp.Symbol, ...]:
        """Laws that are written in states and other such laws only."""
        found: list[sp.Symbol] = []
        for law in self.game.laws:
            other = {*self.game.controls, *(x.symbol for x in self.game.laws)} - {*found}
            if not law.of.free_symbols & other:
                found.append(law.symbol)
        return tuple(found)

    def laws(self, places: Sequence[Place]) -> dict[sp.Symbol, sp.Expr]:
        """The laws of states by their definition: weighted sums over places."""
        values: dict[sp.Symbol, sp.Expr] = {}
        own = set().union(*(copy.types for copy in self.copies))
        for law in self.game.laws:
            if law.symbol in self.state_laws:
                if law.of.free_symbols & own:
                    raise self.game.error(
                        f"the law {law.symbol} has a parameter of the copies' own.", stage="checks"
                    )
                values[law.symbol] = sp.Add(
                    *(w * law.of.xreplace({**values, **states}) for w, states in places)
                )
        return values

    @cached_property
    def all_laws(self) -> dict[sp.Symbol, sp.Expr]:
        """Every law in the letters of the copies, controls as letters."""
        values = self.laws(self.places)
        for law in self.game.laws:
            if law.symbol not in values:
                values[law.symbol] = sp.Add(
                    *(
                        c.weight * law.of.xreplace({**values, **c.states, **c.controls, **c.types})
                        for c in self.copies
                    )
                )
        return values

    def of_copy(self, expression: sp.Expr, copy: Copy) -> sp.Expr:
        """An expression of the game in the letters of a copy."""
        spelled = expression.xreplace(self.fixed)
        return spelled.xreplace({**copy.states, **copy.controls, **copy.types, **self.all_laws})

    def played(
        self, feedback: Mapping[sp.Symbol, sp.Expr], coefficients: Iterable[sp.Symbol] = ()
    ) -> dict[sp.Symbol, sp.Expr]:
        """Every copy's controls by a feedback in states and laws of states.

        Where copies have types of their own, so are their ``coefficients`` of the feedback.
        """
        laws, played = self.laws(self.places), {}
        for copy in self.copies:
            own = {c: copy.letter(c) for c in coefficients} if copy.types else {}
            for control, form in feedback.items():
                put = {**copy.states, **copy.types, **own, **laws}
                played[copy.controls[control]] = form.xreplace(put)
        return played

    def functional(self, expression: sp.Expr) -> Functional:
        """An expression in the first copy's states and laws of states, as a functional."""
        spelled = expression.xreplace(self.fixed)

        def at(states: Mapping[sp.Symbol, sp.Expr], places: Sequence[Place]) -> sp.Expr:
            return spelled.xreplace({**states, **self.laws(places)})

        return at

    def average(self, expression: sp.Expr) -> sp.Expr:
        """The average over the copies of an expression in the game's letters."""
        return sp.Add(*(c.weight * self.of_copy(expression, c) for c in self.copies if c.weight))

    def rate(self, function: Functional) -> sp.Expr:
        """Expected change per unit of time, controls as letters.

        Steps are taken instead of forming a generator: along the drift, of which the first
        derivative in the length counts, and along every noise, of which half the second does.
        """
        r = sp.Dummy("r")
        here = [{**copy.states} for copy in self.copies]

        def value(moved: Sequence[Mapping[sp.Symbol, sp.Expr]]) -> sp.Expr:
            return function(
                moved[0], [(c.weight, m) for c, m in zip(self.copies, moved, strict=True)]
            )

        drifts = [
            {s.symbol: h[s.symbol] + r * self.of_copy(s.drift, copy) for s in self.game.states}
            for copy, h in zip(self.copies, here, strict=True)
        ]
        terms = [_slope(value(drifts), r, 1)]
        for shifts in self._shocks():
            moved = [
                {s: e + r * shift.get(s, 0) for s, e in h.items()} for h, shift in zip(here, shifts)
            ]
            terms.append(_slope(value(moved), r, 2) / 2)
        for shifts in self._splits():
            places: list[Place] = []
            for copy, h, shift in zip(self.copies, here, shifts, strict=True):
                for direction in (1, -1) if copy.atom else (0,):
                    moved_to = {s: e + direction * r * shift.get(s, 0) for s, e in h.items()}
                    places.append((copy.weight / 2 if direction else copy.weight, moved_to))
            terms.append(_slope(function(here[0], places), r, 2) / 2)
        for rate, sizes in self._strikes():
            moved = [{s: e + size.get(s, 0) for s, e in h.items()} for h, size in zip(here, sizes)]
            terms.append(rate * (value(moved) - value(here)))
        return sp.Add(*terms)

    def dynamics(self) -> Dynamics:
        """The motion of all states, controls as letters; an atom moves without its own noises."""

        def named(shifts: Sequence[Mapping[sp.Symbol, sp.Expr]]) -> dict[sp.Symbol, sp.Expr]:
            return {
                copy.states[s]: e
                for copy, shift in zip(self.copies, shifts, strict=True)
                for s, e in shift.items()
                if e != 0
            }

        drift = {
            copy.states[s.symbol]: self.of_copy(s.drift, copy)
            for copy in self.copies
            for s in self.game.states
        }
        noises = tuple(n for n in map(named, self._shocks()) if n)
        jumps = tuple((rate, named(sizes)) for rate, sizes in self._strikes())
        return Dynamics(drift, noises, jumps)

    def _shocks(self) -> Iterator[list[dict[sp.Symbol, sp.Expr]]]:
        """For every independent noise, what it adds to the states of each copy."""
        names = sorted({k for s in self.game.states for k in s.loadings})
        for name in names:
            loads = [self._loading(copy, name) for copy in self.copies]
            if name in self.common:
                yield loads
            else:
                for k, copy in enumerate(self.copies):
                    if not copy.atom:
                        yield [loads[k] if j == k else {} for j in range(len(loads))]

    def _splits(self) -> Iterator[list[dict[sp.Symbol, sp.Expr]]]:
        """For every noise of an atom's own, what it adds to the halves of each atom."""
        if any(copy.atom for copy in self.copies):
            for name in sorted({k for s in self.game.states for k in s.loadings} - self.common):
                yield [self._loading(copy, name) if copy.atom else {} for copy in self.copies]

    def _loading(self, copy: Copy, noise: str) -> dict[sp.Symbol, sp.Expr]:
        return {
            state.symbol: self.of_copy(state.loadings[noise], copy)
            for state in self.game.states
            if noise in state.loadings
        }

    def _strikes(self) -> Iterator[tuple[sp.Expr, list[dict[sp.Symbol, sp.Expr]]]]:
        """For every clock and mark, its rate and what it adds to the states of each copy."""
        atoms = any(copy.atom for copy in self.copies)
        for clock in self.game.clocks:
            for probability, mark in clock.marks:
                rate = (clock.intensity * probability).xreplace(self.fixed)
                sizes = [self._jump(copy, clock.name, clock.mark, mark) for copy in self.copies]
                if not any(sizes):
                    continue
                if clock.name in self.common:
                    yield rate, sizes
                    continue
                if atoms and self.state_laws:
                    raise self.game.error("atoms that jump are not written out.", stage="checks")
                for k, copy in enumerate(self.copies):
                    if not copy.atom:
                        yield rate, [sizes[k] if j == k else {} for j in range(len(sizes))]

    def _jump(
        self, copy: Copy, clock: str, mark: sp.Symbol | None, value: sp.Expr
    ) -> dict[sp.Symbol, sp.Expr]:
        put = {} if mark is None else {mark: value}
        return {
            state.symbol: self.of_copy(state.jumps[clock].xreplace(put), copy)
            for state in self.game.states
            if clock in state.jumps
        }


def _slope(expression: sp.Expr, variable: sp.Symbol, order: int) -> sp.Expr:
    """A derivative at zero."""
    return sp.diff(expression, variable, order).xreplace({variable: sp.S.Zero})


def common_states(game: Game) -> set[sp.Symbol]:
    """States that are one and the same for all copies: nothing of a copy moves them."""
    shared = {noise for law in game.laws for noise in law.given}
    averaged = {s for law in game.laws for s in law.of.free_symbols}
    common = set(game.state_symbols) - averaged
    while True:
        own = {*game.controls, *(set(game.state_symbols) - common)}
        lost = {
            state.symbol
            for state in game.states
            if state.symbol in common
            and (
                not {*state.loadings, *state.jumps} <= shared
                or any(
                    e.free_symbols & own
                    for e in (state.drift, *state.loadings.values(), *state.jumps.values())
                )
            )
        }
        if not lost:
            return common
        common -= lost
