"""A display of a source, which its game proves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

import sympy as sp
from sympy.core.function import AppliedUndef

from eqsolve.errors import EqsolveError
from eqsolve.latex.checking.notation import Notation
from eqsolve.latex.checking.reference import Reference, Side
from eqsolve.latex.grammar.tokens import Unreadable
from eqsolve.latex.printer import latex
from eqsolve.ledger import Checker, Display, Line
from eqsolve.model import Model
from eqsolve.symbols import symbol


class Sourced(Reference):
    """One numbered display of a source.

    Parameters
    ----------
    model : the game it is from.
    display : the display.
    others : all displays of the game, whose abbreviations are known here, too.
    checker : decides what follows from the derivation.
    """

    def __init__(
        self, model: Model, display: Display, others: tuple[Display, ...], checker: Checker
    ) -> None:
        super().__init__(display, Notation(display))
        self.model = model
        self._others, self._checker = others, checker

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The lines; where the left side is left out, it is that of the line before."""
        result: list[Line] = []
        for line in self.display.lines:
            if result and latex(line.left, dict(self.display.names)).strip() in ("", "{}"):
                line = replace(line, left=result[-1].left)
            result.append(line)
        return tuple(result)

    @cached_property
    def table(self) -> dict[sp.Symbol, sp.Expr]:
        """The abbreviations and special values that are known at this display."""
        known: dict[sp.Symbol, sp.Expr] = {}
        game = self.model.derivation.game
        roles = self.model.roles
        pairs = [] if roles is None else [(roles.reciprocal, 1 / roles.size)]
        pairs += game.definitions.items()
        parameters = frozenset(() if roles is None else roles.own)
        for own in self._agents_symbols():
            stem, _, index = own.name.rpartition("_")
            value = game.definitions[symbol(stem)]
            names = {s: symbol(f"{s.name}_{index}") for s in value.free_symbols & parameters}
            pairs.append((own, value.xreplace(names)))
        # a name may mean something else further away: what was introduced last counts
        place = self._others.index(self.display)
        general = [d for d in self._others[place + 1 :] if not d.given]
        for display in (*reversed(general), *self._others[: place + 1]):
            pairs += [(x.left, x.right) for x in display.let if isinstance(x.left, sp.Symbol)]
        pairs += self.display.given.items()
        for left, right in pairs:
            try:
                name, value = self.notation.convert(left), self.notation.convert(right)
            except Unreadable:
                continue
            if isinstance(name, sp.Symbol) and not value.has(name):
                known[name] = value
        return known

    def _agents_symbols(self) -> set[sp.Symbol]:
        roles = self.model.roles
        own_names = frozenset(() if roles is None else roles.own)
        definitions = own_names & set(self.model.derivation.game.definitions)
        found = set()
        for line in self.display.let + self.display.lines:
            for name in line.left.free_symbols | line.right.free_symbols:
                stem, _, index = name.name.rpartition("_")
                if stem in {s.name for s in definitions} and (index.isdecimal() or index in "ik"):
                    for own in definitions:
                        found.add(symbol(f"{own.name}_{index}"))
        return found

    @cached_property
    def game_symbols(self) -> set[sp.Symbol]:
        """The derivation's symbols that any display of the game shows."""
        lines = (x for display in self._others for x in (*display.let, *display.lines))
        return set().union(*(x.left.free_symbols | x.right.free_symbols for x in lines))

    def _positive(self, factor: sp.Expr) -> bool:
        own = self.notation.symbols.get(factor) if isinstance(factor, sp.Symbol) else None
        return own is not None and bool(own.is_positive)

    def _nonzero(self, factor: sp.Expr) -> bool:
        """Whether a factor is known not to vanish."""
        if not isinstance(factor, sp.Symbol):
            return False
        own = self.notation.symbols.get(factor)
        return self._positive(factor) or own in self.model.derivation.form.nonzero

    def _follows(
        self, found: Side, wanted: Side, line: Line, table: Mapping[sp.Symbol, sp.Expr]
    ) -> bool:
        """Whether the same left side equals something that the derivation proves equal."""
        subject = wanted.left
        proved = self.display.kind in ("solution", "identity") and self.display.proof == "exact"
        if not proved or found.relation != "=" or not isinstance(subject, sp.Symbol):
            return False
        value = found.right if found.left == subject else found.left
        if subject not in (found.left, found.right) or value.has(subject, AppliedUndef):
            return False
        back = {name: self.notation.symbols.get(name) for name in value.free_symbols}
        if None in back.values() or self._checker.introduces(line, self.display):
            return False
        claim = Line(line.left, value.xreplace(back))
        try:
            return self._checker.holds(claim, self.display)
        except EqsolveError:
            return False

    def proves(self, found: Side) -> bool:
        """Whether an equation that is in no line follows from the derivation all the same."""
        names = found.left.free_symbols | found.right.free_symbols
        back = {name: self.notation.symbols.get(name) for name in names}
        gap = found.left - found.right
        if found.relation != "=" or None in back.values() or gap.has(AppliedUndef):
            return False
        claim = Line(found.left.xreplace(back), found.right.xreplace(back))
        if self._is_zero(gap) or not self._checker.states(claim, self.display):
            return False
        try:
            return self._checker.holds(claim, self.display)
        except EqsolveError:
            return False
