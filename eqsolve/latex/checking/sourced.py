"""A display of a source, which its game proves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.errors import EqsolveError
from eqsolve.latex.checking.notation import Notation
from eqsolve.latex.checking.reference import Naming, Reference, Side
from eqsolve.latex.grammar.tokens import Unreadable
from eqsolve.latex.printer import latex
from eqsolve.ledger import ALGEBRAIC, Checker, Display, Line
from eqsolve.notated.published import Published
from eqsolve.symbols import symbol


class Deciding(Protocol):
    """Decides what follows at one display from a derivation."""

    def introduces(self, line: Line) -> bool:
        """Whether a line only gives a name."""

    def states(self, line: Line) -> bool:
        """Whether a line states something that can fail."""

    def holds(self, line: Line) -> bool:
        """Whether a line follows."""


@dataclass(frozen=True)
class Derived:
    """Decides by the derivation itself."""

    checker: Checker
    display: Display

    def introduces(self, line: Line) -> bool:
        """Whether a line only gives a name."""
        return self.checker.introduces(line, self.display)

    def states(self, line: Line) -> bool:
        """Whether a line states something that can fail."""
        return self.checker.states(line, self.display)

    def holds(self, line: Line) -> bool:
        """Whether a line follows."""
        try:
            return self.checker.holds(line, self.display)
        except EqsolveError:
            return False


@dataclass(frozen=True)
class Known:
    """What a game says besides one of its displays.

    Attributes
    ----------
    table : the abbreviations and special values that are known at the display, in names.
    symbols : the derivation's symbols that any display of the game shows.
    positive, nonzero : names of what is positive, and of what does not vanish.
    """

    table: Mapping[sp.Symbol, sp.Expr]
    symbols: AbstractSet[sp.Symbol]
    positive: AbstractSet[sp.Symbol]
    nonzero: AbstractSet[sp.Symbol]


class Sourced(Reference):
    """One numbered display of a source.

    Parameters
    ----------
    display : the display.
    notation : leads from its expressions to names.
    known : what its game says besides, asked for when it is needed.
    decides : what follows from the derivation.
    """

    def __init__(
        self,
        display: Display,
        notation: Naming,
        known: Callable[[], Known],
        decides: Deciding,
    ) -> None:
        super().__init__(display, notation)
        self._asked, self.decides = known, decides

    @cached_property
    def known(self) -> Known:
        """What the game says besides."""
        return self._asked()

    @cached_property
    def table(self) -> dict[sp.Symbol, sp.Expr]:
        """The abbreviations and special values that are known at this display."""
        return dict(self.known.table)

    @property
    def game_symbols(self) -> set[sp.Symbol]:
        """The derivation's symbols that any display of the game shows."""
        return set(self.known.symbols)

    def _positive(self, factor: sp.Expr) -> bool:
        return factor in self.known.positive

    def _nonzero(self, factor: sp.Expr) -> bool:
        return factor in self.known.nonzero

    def _follows(
        self, found: Side, wanted: Side, line: Line, table: Mapping[sp.Symbol, sp.Expr]
    ) -> bool:
        """Whether the same left side equals something that the derivation proves equal."""
        subject = wanted.left
        established = self.display.proof in ALGEBRAIC
        proved = self.display.kind in ("solution", "identity") and established
        if not proved or found.relation != "=" or not isinstance(subject, sp.Symbol):
            return False
        value = found.right if found.left == subject else found.left
        if subject not in (found.left, found.right) or value.has(subject, AppliedUndef):
            return False
        back = {name: self.notation.symbols.get(name) for name in value.free_symbols}
        if None in back.values() or self.decides.introduces(line):
            return False
        return self.decides.holds(Line(line.left, value.xreplace(back)))

    def proves(self, found: Side) -> bool:
        """Whether an equation that is in no line follows from the derivation all the same."""
        names = found.left.free_symbols | found.right.free_symbols
        back = {name: self.notation.symbols.get(name) for name in names}
        gap = found.left - found.right
        if found.relation != "=" or None in back.values() or gap.has(AppliedUndef):
            return False
        claim = Line(found.left.xreplace(back), found.right.xreplace(back))
        if self._is_zero(gap) or not self.decides.states(claim):
            return False
        return self.decides.holds(claim)


def sourced(
    model: Published, display: Display, others: tuple[Display, ...], checker: Checker
) -> Sourced:
    """A display as its game gives it.

    Parameters
    ----------
    model : the game it is from.
    display : the display.
    others : all displays of the game, whose abbreviations are known here, too.
    checker : decides what follows from the derivation.
    """
    filled = replace(display, lines=_filled(display))
    notation = Notation(filled)

    def known() -> Known:
        symbols = notation.symbols
        assumed = model.derivation.form.nonzero
        positive = frozenset(name for name, own in symbols.items() if own.is_positive)
        nonzero = {name for name, own in symbols.items() if own in assumed}
        lines = (x for d in others for x in (*d.let, *d.lines))
        shown = set[sp.Symbol]().union(*(x.left.free_symbols | x.right.free_symbols for x in lines))
        return Known(_table(model, display, others, notation), shown, positive, positive | nonzero)

    return Sourced(filled, notation, known, Derived(checker, display))


def _filled(display: Display) -> tuple[Line, ...]:
    """The lines; where the left side is left out, it is that of the line before."""
    result: list[Line] = []
    for line in display.lines:
        if result and latex(line.left, dict(display.names)).strip() in ("", "{}"):
            line = replace(line, left=result[-1].left)
        result.append(line)
    return tuple(result)


def _table(
    model: Published, display: Display, others: tuple[Display, ...], notation: Notation
) -> dict[sp.Symbol, sp.Expr]:
    """The abbreviations and special values that are known at a display."""
    known: dict[sp.Symbol, sp.Expr] = {}
    game = model.derivation.game
    roles = model.roles
    pairs = [] if roles is None else [(roles.reciprocal, 1 / roles.size)]
    pairs += game.definitions.items()
    parameters = frozenset(() if roles is None else roles.own)
    for own in _agents_symbols(model, display):
        stem, _, index = own.name.rpartition("_")
        value = game.definitions[symbol(stem)]
        names = {s: symbol(f"{s.name}_{index}") for s in value.free_symbols & parameters}
        pairs.append((own, value.xreplace(names)))
    # a name may mean something else further away: what was introduced last counts
    place = others.index(display)
    general = [d for d in others[place + 1 :] if not d.given]
    for other in (*reversed(general), *others[: place + 1]):
        pairs += [(x.left, x.right) for x in other.let if isinstance(x.left, sp.Symbol)]
    pairs += display.given.items()
    for left, right in pairs:
        try:
            name, value = notation.convert(left), notation.convert(right)
        except Unreadable:
            continue
        if isinstance(name, sp.Symbol) and not value.has(name):
            known[name] = value
    return known


def _agents_symbols(model: Published, display: Display) -> set[sp.Symbol]:
    own_names = frozenset(() if model.roles is None else model.roles.own)
    definitions = own_names & set(model.derivation.game.definitions)
    found = set()
    for line in display.let + display.lines:
        for name in line.left.free_symbols | line.right.free_symbols:
            stem, _, index = name.name.rpartition("_")
            if stem in {s.name for s in definitions} and (index.isdecimal() or index in "ik"):
                for own in definitions:
                    found.add(symbol(f"{own.name}_{index}"))
    return found
