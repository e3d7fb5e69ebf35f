"""Displays as data, so that what was derived once need not be derived to be compared with again.

The data holds names, numbers and LaTeX; nothing in it is run. What a display does not say by
itself, whether a further equation follows from the derivation, is asked once and kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sympy as sp

from eqsolve.latex.checking.check import Ledger
from eqsolve.latex.checking.expressions import Decoder, Encoder
from eqsolve.latex.checking.reader import Reader
from eqsolve.latex.checking.reference import Reference
from eqsolve.latex.checking.sourced import Deciding, Known, Sourced
from eqsolve.latex.checking.symbol_map import SymbolMap
from eqsolve.latex.grammar.tokens import Unreadable
from eqsolve.latex.grammar.tree import Context
from eqsolve.latex.source.formula import Formula
from eqsolve.ledger import Display, Line
from eqsolve.symbols import latex_names

#: Most decisions that are kept.
MOST = 2_000


def encoded(ledger: Ledger) -> dict[str, Any]:
    """The displays of a ledger as values of JSON.

    Raises
    ------
    TypeError
        If one of them holds something that cannot be written as data.
    """
    encoder = Encoder()
    tables: dict[str, int] = {}
    displays = [_encoded(made(), encoder, tables) for _, made in ledger.displays]
    letters = [[place, latex_names()[e]] for e, place in encoder if e in latex_names()]
    return {
        "letters": letters,
        "nodes": encoder.nodes,
        "tables": [json.loads(table) for table in tables],
        "displays": displays,
        "places": ledger.places,
        "games": [model.name for model in ledger.models],
    }


def _encoded(reference: Sourced, encoder: Encoder, tables: dict[str, int]) -> list[Any]:
    display, notation, known = reference.display, reference.notation, reference.known
    sides = [s for line in (*display.lines, *display.let) for s in (line.left, line.right)]
    converted: list[list[int | str]] = []
    for side in sides:
        try:
            converted.append([encoder.place(side), encoder.place(notation.convert(side))])
        except Unreadable as error:
            converted.append([encoder.place(side), str(error)])

    def shared(table: Any) -> int:
        """Tables that many displays have are written once."""
        return tables.setdefault(json.dumps(table), len(tables))

    def named(names: Iterable[sp.Symbol]) -> int:
        return shared([encoder.place(name) for name in sorted(names, key=str)])

    reader = notation.reader
    return [
        [display.number, display.title, display.kind, display.proof, display.prose],
        [_line(line, encoder) for line in display.lines],
        [_line(line, encoder) for line in display.let],
        [[encoder.place(own), tex] for own, tex in display.names.items()],
        converted,
        [sorted(reader.functions), sorted(reader.context.indexed), reader.context.differentials],
        shared(encoder.pairs(notation.symbols)),
        shared(encoder.pairs(known.table)),
        [
            [k for k, line in enumerate(group) if reference.states(line)]
            for group in (display.lines, display.let)
        ],
        *map(named, (known.symbols, known.positive, known.nonzero)),
    ]


def _line(line: Line, encoder: Encoder) -> list[Any]:
    return [encoder.place(line.left), encoder.place(line.right), line.relation]


@dataclass(frozen=True)
class Names:
    """The notation of a display as it was kept.

    Attributes
    ----------
    reader : reads its names.
    converted : its expressions in names, or why one of them cannot be read.
    pairs : makes the derivation's symbols by the symbols of their names.
    """

    reader: Reader
    converted: Mapping[sp.Expr, sp.Expr | str]
    pairs: Callable[[], dict[sp.Symbol, sp.Symbol]]

    @cached_property
    def symbols(self) -> dict[sp.Symbol, sp.Symbol]:
        """The derivation's symbols by the symbols of their names."""
        return self.pairs()

    def convert(self, expression: sp.Expr) -> sp.Expr:
        """An expression of the display in names."""
        found = self.converted[expression]
        if isinstance(found, str):
            raise Unreadable(found)
        return found


@dataclass
class Decisions:
    """What was decided before by a derivation, and the derivation for what was not.

    Attributes
    ----------
    known : the answers, by what identifies the questions.
    ledger : derives the displays.
    keep : keeps the answers.
    """

    known: dict[str, bool]
    ledger: Callable[[], Ledger]
    keep: Callable[[dict[str, bool]], None]

    def ask(self, question: str, place: int, line: Line) -> bool:
        """Ask a question of ``Deciding`` about a line at a display."""
        encoder = Encoder()
        try:
            said = json.dumps([question, place, _line(line, encoder), encoder.nodes])
        except TypeError:
            return self._decided(question, place, line)
        name = hashlib.sha256(said.encode()).hexdigest()[:32]
        if name not in self.known:
            found = self._decided(question, place, line)
            if len(self.known) >= MOST:
                return found
            self.known[name] = found
            self.keep(self.known)
        return self.known[name]

    def _decided(self, question: str, place: int, line: Line) -> bool:
        decides = self.ledger().displays[place][1]().decides
        return bool(getattr(decides, question)(line))


@dataclass(frozen=True)
class Remembered:
    """Decides at one display by what was decided before."""

    decisions: Decisions
    place: int

    def introduces(self, line: Line) -> bool:
        """Whether a line only gives a name."""
        return self.decisions.ask("introduces", self.place, line)

    def states(self, line: Line) -> bool:
        """Whether a line states something that can fail."""
        return self.decisions.ask("states", self.place, line)

    def holds(self, line: Line) -> bool:
        """Whether a line follows."""
        return self.decisions.ask("holds", self.place, line)


class _Kept(Sourced):
    """A display that was kept, with the LaTeX of symbols that no game was loaded for."""

    letters: Callable[[], Mapping[sp.Symbol, str]] = dict

    def written(self, line: Line, texts: Mapping[sp.Symbol, str]) -> str:
        """The LaTeX of a line."""
        return super().written(line, {**self.letters(), **texts})


@dataclass
class Kept:
    """The displays of a ledger that was kept.

    Parameters
    ----------
    data : of ``encoded``.
    decisions : what was decided before.
    """

    data: Mapping[str, Any]
    decisions: Decisions
    _made: dict[int, Sourced] = field(default_factory=dict)

    @cached_property
    def _decoder(self) -> Decoder:
        return Decoder(self.data["nodes"])

    @cached_property
    def letters(self) -> dict[sp.Symbol, str]:
        """LaTeX of the derivation's symbols."""
        return {self._decoder[place]: tex for place, tex in self.data["letters"]}

    def find(self, numbers: Iterable[str]) -> tuple[str, tuple[Reference, ...]]:
        """The first number that a display has, and the displays."""
        for number in numbers:
            if number in self.data["places"]:
                return number, tuple(self.display(k) for k in self.data["places"][number])
        return "", ()

    def alike(self, formula: Formula, symbols: SymbolMap) -> tuple[str, tuple[Reference, ...]]:
        """None: a source numbers its equations."""
        return "", ()

    def display(self, place: int) -> Sourced:
        """The display at a place of the ledger."""
        if place not in self._made:
            decides = Remembered(self.decisions, place)
            self._made[place] = self._display(self.data["displays"][place], decides)
        return self._made[place]

    def _display(self, data: Sequence[Any], decides: Deciding) -> Sourced:
        head, lines, let, names, converted, reading, symbols, table, solid, *groups = data
        made, tables = self._decoder, self.data["tables"]
        number, title, kind, proof, prose = head
        display = Display(
            number,
            title,
            tuple(Line(made[a], made[b], relation) for a, b, relation in lines),
            kind,
            proof,
            tuple(Line(made[a], made[b], relation) for a, b, relation in let),
            names={made[own]: tex for own, tex in names},
            prose=prose,
        )
        functions, indexed, differentials = reading
        reader = Reader(Context(differentials, frozenset(indexed)), frozenset(functions))
        in_names = {made[a]: b if isinstance(b, str) else made[b] for a, b in converted}
        notation = Names(reader, in_names, lambda: made.table(tables[symbols]))

        def asked() -> Known:
            named = (frozenset(made[k] for k in tables[group]) for group in groups)
            return Known(made.table(tables[table]), *named)

        result = _Kept(display, notation, asked, decides)
        result.letters = lambda: self.letters
        pairs = zip((display.lines, display.let), solid)
        result.solid = frozenset(group[k] for group, places in pairs for k in places)
        return result
