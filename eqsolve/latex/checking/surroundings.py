"""What the text around a formula makes of it: definitions, special cases, conditions."""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import replace
from functools import cached_property

import sympy as sp

from eqsolve.latex.checking.beside import Beside
from eqsolve.latex.checking.reference import inserted
from eqsolve.latex.checking.verdict import Part
from eqsolve.latex.grammar import parser
from eqsolve.latex.grammar.tokens import Unreadable
from eqsolve.latex.grammar.tree import Relation
from eqsolve.latex.source.formula import Formula, Row
from eqsolve.ledger import Line

_DEFINES = re.compile(r":\s*=|\\coloneqq|\\equiv|\\triangleq|\\doteq")


class Surroundings(Beside):
    """Reads definitions and conditions around a formula."""

    @abstractmethod
    def _abbreviation(self, relation: Relation, line: Line) -> Part:
        """The verdict on a definition that the display has, too."""

    def _definition(self, relation: Relation, row: Row) -> Part | None:
        """Note what a formula in the text defines; the verdict if the display defines it, too."""
        defines = row.role in ("definition", "earlier") or bool(_DEFINES.search(row.tex))
        if relation.relation != "=" or row.role == "condition":
            return None
        left, right = self.reader.expression(relation.left), self.reader.expression(relation.right)
        line = self._lets.get(left)
        if line is not None:
            part = self._abbreviation(relation, line)
            if defines and part.verdict == "equal":
                self.definitions.otherwise.pop(left, None)
            elif defines and row.role != "earlier":
                self.definitions.otherwise[left] = relation.tex
            return part
        if not defines or not isinstance(left, sp.Symbol):
            return None
        if self._is_new(left):
            if left not in inserted(right, self.own).free_symbols:
                self.own[left] = right
                self.definitions.written[left] = f"{plain(relation.tex)} ({row.place})"
        elif self._says_the_same(left, right):
            self.definitions.otherwise.pop(left, None)
        elif row.role != "earlier":
            self.definitions.otherwise[left] = plain(relation.tex)
        return None

    @cached_property
    def _lets(self) -> dict[sp.Expr, Line]:
        lines = (x for x in self.reference.display.let if _has_name(x))
        return {self.reference.notation.convert(x.left): x for x in lines}

    def _says_the_same(self, left: sp.Expr, right: sp.Expr) -> bool:
        """Whether a definition of a known name is the one that the derivation has."""
        table = {**self.reference.table, **self.reference.defined}
        value = table.get(left)
        if value is None:
            return bool(left == right)
        rest = {name: meaning for name, meaning in table.items() if name != left}
        try:
            gap = inserted(right, rest) - inserted(value, rest)
            return self.reference.vanishes(gap)
        except Unreadable:
            return False

    def _used(self, formula: Formula) -> set[sp.Symbol]:
        names: set[sp.Symbol] = set()
        for relation in self._readable(formula.rows):
            for side in (relation.left, relation.right):
                names |= self.reader.expression(side).free_symbols
        return names

    def _judged(self, parts: tuple[Part, ...], formula: Formula) -> tuple[Part, ...]:
        """The verdicts, given what the text defines otherwise and makes conditions."""
        names = self._meant(self._used(formula))
        other = [tex for name, tex in self.definitions.otherwise.items() if name in names]
        if other:
            reason = f"defined differently here: {'; '.join(other)}"
            return tuple(Part(p.tex, "not checked", reason=reason) for p in parts)
        conditions = [tex for tex in formula.conditions if not self._is_known(tex)]
        special = [tex for tex in conditions if self._is_special(tex)]
        if not conditions:
            return parts
        note = f"the condition in the text is not read: {'; '.join(conditions)}"
        result = []
        for part in parts:
            if part.verdict == "different" and special:
                part = replace(part, verdict="not checked")
            reason = "; ".join(filter(None, (part.reason, note)))
            result.append(replace(part, reason=reason))
        return tuple(result)

    def _meant(self, names: set[sp.Symbol]) -> set[sp.Symbol]:
        """Names, and those that their definitions use."""
        table = {**self.reference.table, **self.own}
        found: set[sp.Symbol] = set()
        pending = set(names)
        while pending:
            found |= pending
            values = (table[name] for name in pending if name in table)
            pending = set().union(*(value.free_symbols for value in values)) - found
        return found

    def _is_known(self, tex: str) -> bool:
        """Whether the display has a condition, too: in its words, or among its special values."""
        bare = re.escape(re.sub(r"\s", "", tex))
        prose = re.sub(r"\s", "", self.reference.display.prose)
        if re.search(rf"(?<=\$){bare}(?=[$,])", prose):
            return True
        try:
            found = parser.relations(tex, self.reader.context)
            sides = [self.reference.statement(relation, self.reader) for relation in found]
        except Unreadable:
            return False
        return all(
            side.relation == "=" and self._says_the_same(side.left, side.right) for side in sides
        )

    def _is_special(self, tex: str) -> bool:
        """Whether a condition gives a name a value."""
        try:
            found = parser.relations(tex, self.reader.context)
        except Unreadable:
            return "=" in tex
        return any(relation.relation == "=" for relation in found)

    def _is_new(self, left: sp.Expr) -> bool:
        """Whether a name means nothing in the derivation of the game."""
        if not isinstance(left, sp.Symbol) or left in self.reference.table or left in self._names:
            return False
        return self.reference.notation.symbols.get(left) not in self.reference.game_symbols


def _has_name(line: Line) -> bool:
    return isinstance(line.left, sp.Symbol)


def plain(tex: str) -> str:
    """A formula in one line without marks of alignment."""
    return " ".join(tex.replace("&", " ").split())
