"""What differs between a statement and a line, and the smallest edit that repairs it."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from eqsolve.errors import DerivationError
from eqsolve.latex.checking.beside import Beside
from eqsolve.latex.checking.edits import Neighborhood
from eqsolve.latex.checking.reference import Side
from eqsolve.latex.checking.repair import repaired
from eqsolve.latex.checking.verdict import Part
from eqsolve.latex.grammar import parser
from eqsolve.latex.grammar.tokens import Unreadable
from eqsolve.latex.grammar.tree import Atom, Relation
from eqsolve.ledger import Line

_MAX_TERMS = 60


class Differences(Beside):
    """Describes and repairs differences."""

    def _closest(
        self, relation: Relation, lines: Sequence[Line], same_left: bool = False
    ) -> Line | None:
        """The line about the same left side, or else the one with the shortest difference."""
        left = self.reader.expression(relation.left)
        same = [x for x in lines if self.reference.notation.convert(x.left) == left]
        found = self.reference.statement(relation, self.reader)

        def distance(line: Line) -> tuple[bool, int]:
            wanted = self.reference.line(line)
            gap = found.left - found.right - (wanted.left - wanted.right)
            terms = sp.Add.make_args(self.reference.flattener.flat(gap))
            return found.relation != wanted.relation, len(terms)

        return min(same or ([] if same_left else lines), key=distance, default=None)

    def _differing(self, relation: Relation, line: Line | None) -> Part:
        if line is None:
            reason = "the display has no such line"
            return Part(relation.tex, "different", reason=reason)
        found = self.reference.statement(relation, self.reader)
        wanted = self.reference.line(line)
        expected = self._written(line)
        notes = self._strangers(found)
        if found.relation != wanted.relation:
            notes = [f"the relation is {relation.relation}", *notes]
        try:
            place, gap = self._difference(found, wanted)
            difference = self._shown(gap)
        except DerivationError:
            place = difference = ""
            notes.append("a denominator is zero")
        except Unreadable as error:
            place = difference = ""
            notes.append(f"the difference is {error}")
        if place:
            notes.append(f"the difference is inside {place}")
        edit = None
        if self.repair and found.relation == wanted.relation:
            edit = repaired(
                relation,
                self.reader,
                wanted.left - wanted.right,
                self.reference.table_for(line, self.own),
                self._neighborhood(line),
                lambda tex: self._confirmed(tex, line),
            )
        return Part(
            relation.tex,
            "different",
            difference=difference,
            expected=expected,
            repair="" if edit is None else edit.words,
            repaired="" if edit is None else " ".join(edit.applied(relation.tex).split()),
            reason="; ".join(notes),
        )

    def _strangers(self, found: Side) -> list[str]:
        """Symbols that the derivation does not have: a slip, or another notation."""
        known = self.reference.notation.symbols.keys() | self._names | self.own.keys()
        names = (found.left.free_symbols | found.right.free_symbols) - known
        return [f"the symbol {n.name} is not known" for n in sorted(names, key=lambda n: n.name)]

    def _difference(self, found: Side, wanted: Side) -> tuple[str, sp.Expr]:
        """The author's minus ours, of the side that differs, and inside which function it is."""
        flat = self.reference.flattener.flat
        if flat(found.left - wanted.left) == 0:
            return self.reference.inside(found.right, wanted.right)
        if flat(found.right - wanted.right) == 0:
            return self.reference.inside(found.left, wanted.left)
        return "", found.left - found.right - (wanted.left - wanted.right)

    def _confirmed(self, tex: str, line: Line) -> bool:
        try:
            (relation,) = parser.relations(tex, self.reader.context)
            side = self.reference.statement(relation, self.reader)
            agreement = self._agreement(side, line)
        except (Unreadable, ValueError):
            return False
        return agreement is not None and agreement.is_exact

    def _neighborhood(self, line: Line) -> Neighborhood:
        wanted = self.reference.line(line)
        names = []
        for name in sorted(self._names, key=lambda n: n.name):
            try:
                node = parser.expression(self.symbols.written(name.name), self.reader.context)
            except Unreadable:
                continue
            if isinstance(node, Atom):
                names.append(node)
        terms = {
            term
            for side in (wanted.left, wanted.right)
            for total in side.atoms(sp.Add)
            for term in total.args
        }
        ordered = sorted(terms, key=sp.default_sort_key)[:_MAX_TERMS]
        return Neighborhood(names, [(t, self._shown(t)) for t in ordered])
