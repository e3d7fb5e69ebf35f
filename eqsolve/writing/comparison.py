"""A declared game's derivation as something to compare with: its own LaTeX, read again.

What the derivation writes is read by the same grammar as the author's file, so that a display here
consists of names alone. Where a line cannot be read the author's formula is not checked either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import sympy as sp

from eqsolve.latex.checking.beside import ARGUMENTS
from eqsolve.latex.checking.reader import Reader
from eqsolve.latex.checking.reference import Reference, Side
from eqsolve.latex.checking.symbol_map import SymbolMap
from eqsolve.latex.grammar import parser
from eqsolve.latex.grammar.statements import statements
from eqsolve.latex.grammar.tokens import RELATIONS, Unreadable
from eqsolve.latex.grammar.tree import Atom, Context, Node
from eqsolve.latex.nodes import BREAK
from eqsolve.latex.source.formula import Formula
from eqsolve.ledger import Display, Line
from eqsolve.writing.render import Renderer
from eqsolve.writing.writer import Writing

#: The stages whose lines give names that may be inserted: definitions, and the strategy's.
_INSERTED = ("dynamics", "first-order")
#: The space after a row.
_SKIP = re.compile(r"\\\\\[[^\]]*\]")


def _is_factor(name: Atom, bracket: Node) -> bool:
    """Whether a name before a bracket is a factor, as in an author's file."""
    return not (isinstance(bracket, Atom) and bracket.name in ARGUMENTS)


_CONTEXT = Context(differentials=True, is_factor=_is_factor)


@dataclass(frozen=True)
class Names:
    """The notation of displays that consist of names already.

    Attributes
    ----------
    reader : reads them, and the author's.
    known : every name that any display shows.
    """

    reader: Reader
    known: frozenset[sp.Symbol]

    @property
    def symbols(self) -> dict[sp.Symbol, sp.Symbol]:
        """Names lead back to themselves."""
        return {name: name for name in self.known}

    def convert(self, expression: sp.Expr) -> sp.Expr:
        """The expression itself."""
        return expression


class Written(Reference):
    """One display of a declared game.

    Parameters
    ----------
    display : its lines in names; its number is the stage and the place there.
    notation : of all displays.
    given : names with a value that may be inserted.
    tex : what the derivation writes for its lines.
    positive : names of parameters that are positive.
    """

    def __init__(
        self,
        display: Display,
        notation: Names,
        given: Mapping[sp.Symbol, sp.Expr],
        tex: Mapping[Line, str],
        positive: frozenset[sp.Symbol],
    ) -> None:
        super().__init__(display, notation)
        self._tex = tex
        self._known, self._given, self._is_positive = notation.known, given, positive

    def among(self, lines: tuple[Line, ...]) -> Written:
        """The display with some of its lines only."""
        notation = Names(self.notation.reader, self._known)
        display = replace(self.display, lines=lines)
        return Written(display, notation, self._given, self._tex, self._is_positive)

    def written(self, line: Line, texts: Mapping[sp.Symbol, str]) -> str:
        """The LaTeX of a line in the derivation."""
        return self._tex[line]

    @cached_property
    def table(self) -> dict[sp.Symbol, sp.Expr]:
        """Definitions of the declaration, and the coefficients of the strategy."""
        return dict(self._given)

    @property
    def game_symbols(self) -> set[sp.Symbol]:
        """Every name of the derivation."""
        return set(self._known)

    def _positive(self, factor: sp.Expr) -> bool:
        return factor in self._is_positive

    def _nonzero(self, factor: sp.Expr) -> bool:
        return factor in self._is_positive

    def proves(self, found: Side) -> bool:
        """Nothing: what is in no line is not decided."""
        return False

    def _follows(self, *_: object) -> bool:
        return False


class Derived:
    """The displays of a declared game by number, such as ``system-1``, and by left side.

    Parameters
    ----------
    writing : the derivation.
    """

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._game = writing.derivation.model.name

    @cached_property
    def _references(self) -> dict[str, Written]:
        writing, reader = self._writing, Reader(_CONTEXT)
        displays: dict[str, Display] = {}
        given: dict[sp.Symbol, sp.Expr] = {}
        tex: dict[Line, str] = {}
        for stage in writing.stages:
            shown = (display for display in stage.displays if display.lines)
            for place, display in enumerate(shown, 1):
                found = dict(_read_again(display.lines, writing.renderer, reader))
                lines = tuple(found)
                if len(lines) < len(display.lines):
                    continue  # a line is outside of the grammar
                tex |= found
                number = f"{stage.key}-{place}"
                displays[number] = Display(
                    number, stage.title, lines, "identity", "exact", names=_texts(lines)
                )
                if stage.key in _INSERTED:
                    given |= _definitions(lines, given)
        sides = [s for d in displays.values() for x in d.lines for s in (x.left, x.right)]
        names = frozenset(set().union(*(s.free_symbols for s in sides)))
        game = writing.derivation.model.game
        moving = {
            reader.read(writing.renderer.written(s).replace(BREAK, ""))
            for s in (*game.state_symbols, *game.controls)
        }
        given = {name: value for name, value in given.items() if name not in moving}
        positive = frozenset(
            reader.read(writing.renderer.written(letter.symbol).replace(BREAK, ""))
            for letter in writing.derivation.model.vocabulary.parameters
            if letter.domain.is_subset(sp.Interval.open(0, sp.oo))
        )
        notation = Names(reader, names)
        return {n: Written(d, notation, given, tex, positive) for n, d in displays.items()}

    def find(self, numbers: Iterable[str]) -> tuple[str, tuple[Reference, ...]]:
        """The first number that a display has, and the display; labels of ``--out`` count."""
        for number in numbers:
            own = number.removeprefix("eq:").removeprefix(f"{self._game}-")
            if own in self._references:
                return own, (self._references[own],)
        return "", ()

    def alike(self, formula: Formula, symbols: SymbolMap) -> tuple[str, tuple[Reference, ...]]:
        """Lines with the same left sides as a formula that no number leads to.

        Only the lines concerned are compared, so that none counts as missing.
        """
        lefts = _left_sides(formula, symbols)
        found: dict[str, Reference] = {}
        for number, reference in self._references.items():
            lines = tuple(line for line in reference.lines if line.left in lefts)
            if lines and lefts <= {line.left for line in lines}:
                found[number] = reference.among(lines)
        return next(iter(found), ""), tuple(found.values())


def _texts(lines: Iterable[Line]) -> dict[sp.Symbol, str]:
    """LaTeX of the names, which they are called like."""
    names = set().union(*(s.free_symbols for x in lines for s in (x.left, x.right)))
    return {name: name.name for name in names}


def _read_again(
    lines: Iterable[Line], renderer: Renderer, reader: Reader
) -> Iterable[tuple[Line, str]]:
    """The lines that can be read, in names, each with its LaTeX."""
    for line in lines:
        left, right = (
            _SKIP.sub(r"\\\\", renderer.written(side).replace(BREAK, ""))
            for side in (line.left, line.right)
        )
        if line.relation not in ("=", *RELATIONS):
            continue
        try:
            found = Line(reader.read(left), reader.read(right), line.relation)
        except Unreadable:
            continue
        if found.left != found.right:  # the name of a sum may be written like it
            yield found, f"{left} {line.relation} {right}"


def _definitions(
    lines: Iterable[Line], known: Mapping[sp.Symbol, sp.Expr]
) -> dict[sp.Symbol, sp.Expr]:
    """What lines of the form ``name = value`` define; the first of a name counts."""
    return {
        x.left: x.right
        for x in lines
        if x.relation == "=" and isinstance(x.left, sp.Symbol)
        if x.left not in known and not x.right.has(x.left)
    }


def _left_sides(formula: Formula, symbols: SymbolMap) -> set[sp.Expr]:
    """The left sides of a formula in the names of the displays; none if it cannot be read."""
    reader = Reader(_CONTEXT, symbols=symbols)
    try:
        found = [
            reader.expression(relation.left)
            for tex in statements(row.tex for row in formula.rows)
            for relation in parser.relations(tex, reader.context)
        ]
    except Unreadable:
        return set()
    return set(found)
