"""One formula of an author's beside one display, and what the text around it defines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import sympy as sp

from eqsolve.latex.checking.reader import Reader
from eqsolve.latex.checking.reference import Agreement, Reference, Side
from eqsolve.latex.checking.symbol_map import SymbolMap
from eqsolve.latex.grammar import parser
from eqsolve.latex.grammar.statements import statements
from eqsolve.latex.grammar.tokens import Unreadable
from eqsolve.latex.grammar.tree import Atom, Node, Relation
from eqsolve.latex.source.formula import Row
from eqsolve.ledger import Line

#: Names that functions depend on.
ARGUMENTS = frozenset(r"t s u T x y z w X Y \tau \omega \cdot".split())


@dataclass
class Definitions:
    """What the text before a place defines.

    Attributes
    ----------
    own : new names and their values.
    written : the formulas that define them.
    otherwise : known names that the text gives another value, and the formula that does.
    """

    own: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    written: dict[sp.Symbol, str] = field(default_factory=dict)
    otherwise: dict[sp.Symbol, str] = field(default_factory=dict)

    def copy(self) -> Definitions:
        """A copy that changes by itself."""
        return Definitions(dict(self.own), dict(self.written), dict(self.otherwise))

    def used(self, names: set[sp.Symbol]) -> set[sp.Symbol]:
        """The names among some that are defined here, with those that their values use."""
        found: set[sp.Symbol] = set()
        pending = names & self.own.keys()
        while pending:
            found |= pending
            inner = set().union(*(self.own[name].free_symbols for name in pending))
            pending = (inner & self.own.keys()) - found
        return found


@dataclass(frozen=True)
class Beside:
    """One formula beside one display; ``definitions`` collects the author's.

    Attributes
    ----------
    reference : the display.
    symbols : the author's notation.
    definitions : what the text defined so far.
    repair : whether the smallest edit is sought where a formula differs.
    """

    reference: Reference
    symbols: SymbolMap
    definitions: Definitions
    repair: bool

    @property
    def own(self) -> dict[sp.Symbol, sp.Expr]:
        """The author's abbreviations."""
        return self.definitions.own

    @cached_property
    def reader(self) -> Reader:
        """Reads the author's notation."""
        reader = replace(self.reference.notation.reader, symbols=self.symbols)
        context = replace(reader.context, is_factor=self._is_factor)
        return replace(reader, context=context)

    def _is_factor(self, name: Atom, bracket: Node) -> bool:
        """Whether a name before a bracket is a factor: the map or the derivation has it.

        A time or a state alone in brackets is an argument, unless the map says otherwise.
        """
        if name.base in self.symbols.names or name.name in self.symbols.names:
            return True
        functions = self.reference.notation.reader.functions
        known = sp.Symbol(self.symbols.translated(name, functions))
        if name.base in functions or (isinstance(bracket, Atom) and bracket.name in ARGUMENTS):
            return False
        return known in self._names or known in self.own or known in self._known

    @cached_property
    def _known(self) -> set[sp.Symbol]:
        return self.reference.notation.symbols.keys() | self.reference.table.keys()

    @property
    def _names(self) -> set[sp.Symbol]:
        return self.reference.names

    def _readable(self, rows: Sequence[Row]) -> Iterator[Relation]:
        try:
            for tex in statements(row.tex for row in rows):
                for relation in self._relations(tex):
                    self.reader.expression(relation.left)
                    self.reader.expression(relation.right)
                    if not relation.condition:
                        yield relation
        except Unreadable:
            return

    def _relations(self, tex: str) -> tuple[Relation, ...]:
        """The relations of a statement, parsed once as long as the same names are factors."""
        key = tex, len(self.own)
        if key not in self._parsed:
            self._parsed[key] = parser.relations(tex, self.reader.context)
        return self._parsed[key]

    @cached_property
    def _parsed(self) -> dict[tuple[str, int], tuple[Relation, ...]]:
        return {}

    def _agreement(self, side: Side, line: Line) -> Agreement | None:
        return self.reference.agreement(side, line, self.own)

    def _shown(self, expression: sp.Expr) -> str:
        names = {n: self.symbols.written(n.name) for n in expression.free_symbols}
        return self.reference.shown(expression, names)

    def _written(self, line: Line) -> str:
        """A line in the author's notation."""
        notation = self.reference.notation
        texts: Mapping[sp.Symbol, str] = dict(self.reference.display.names)
        if self.symbols.names:
            texts = {s: self.symbols.written(n.name) for n, s in notation.symbols.items()}
        return self.reference.written(line, texts)
