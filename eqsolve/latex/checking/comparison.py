"""Compares one formula of an author's with one display."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sympy as sp

from eqsolve.latex.checking.differences import Differences
from eqsolve.latex.checking.reference import Agreement, Side
from eqsolve.latex.checking.surroundings import Surroundings
from eqsolve.latex.checking.verdict import Finding, Part
from eqsolve.latex.grammar.statements import statements
from eqsolve.latex.grammar.tokens import Unreadable
from eqsolve.latex.grammar.tree import Relation
from eqsolve.latex.source.formula import Formula
from eqsolve.ledger import Line


class Comparison(Surroundings, Differences):
    """Pairs the statements of a formula with the lines of a display."""

    def findings(self, number: str, label: str, formula: Formula) -> Iterator[Finding]:
        """The abbreviations around the formula that the display has, too; then the formula."""
        display = self.reference.display
        for rows in (*formula.before, *formula.after):
            for relation in self._readable(rows):
                part = self._definition(relation, rows[0])
                if part is not None:
                    place = rows[0].place
                    yield Finding(number, label, place, display.title, (part,), True)
        parts = self._judged(self._parts(formula), formula)
        used = self.definitions.used(self._used(formula))
        written = tuple(self.definitions.written[name] for name in sorted(used, key=str))
        yield Finding(
            number, label, formula.place, display.title, parts, False, formula.printed, written
        )

    def _abbreviation(self, relation: Relation, line: Line) -> Part:
        try:
            return self._paired([relation], [line])[0]
        except Unreadable as error:
            return Part(relation.tex, "not checked", reason=str(error))

    def _parts(self, formula: Formula) -> tuple[Part, ...]:
        found: list[Relation] = []
        unread: list[Part] = []
        try:
            texts = statements(row.tex for row in formula.rows)
        except Unreadable as error:
            tex = " ".join(row.tex for row in formula.rows)
            return (Part(tex, "not checked", reason=str(error)),)
        for tex in texts:
            try:
                for relation in self._relations(tex):
                    self.reader.expression(relation.left)
                    self.reader.expression(relation.right)
                    if relation.condition:
                        raise Unreadable(f"the text is not read: {relation.condition}")
                    found.append(relation)
            except Unreadable as error:
                unread.append(Part(tex, "not checked", reason=str(error)))
        try:
            parts = self._paired(found, list(self.reference.lines), len(unread))
        except Unreadable as error:
            reason = f"the display cannot be compared: {error}"
            parts = tuple(Part(r.tex, "not checked", reason=reason) for r in found)
        return (*parts, *unread)

    def _paired(
        self, found: Sequence[Relation], lines: list[Line], unread: int = 0
    ) -> tuple[Part, ...]:
        """Pair statements with lines: first those that agree, then the others in order."""
        agreed: dict[int, tuple[Relation, Agreement]] = {}
        again: list[tuple[Relation, Agreement]] = []
        rest: list[Relation] = []
        sides = [self.reference.statement(relation, self.reader) for relation in found]
        for relation, side in zip(found, sides):
            agreeing = self._agreements(side, lines)
            agreeing.sort(key=lambda option: (not option[1].is_exact, option[1].how != "identity"))
            new = next((option for option in agreeing if option[0] not in agreed), None)
            if new is not None:
                agreed[new[0]] = relation, new[1]
            elif agreeing:
                # another form of a line, as the end of a = b = c
                again.append((relation, agreeing[0][1]))
            else:
                rest.append(relation)
        parts = [self._agreeing(*pair) for pair in [*(agreed[k] for k in sorted(agreed)), *again]]
        stated = [lines[k] for k in agreed]
        left = [line for k, line in enumerate(lines) if k not in agreed]
        for relation in rest:
            if not left and self.reference.proves(self.reference.statement(relation, self.reader)):
                parts.append(self._agreeing(relation, Agreement(sp.S.One, "derivation")))
                continue
            closest = self._closest(relation, left) or self._closest(relation, stated, True)
            if closest in left:
                left.remove(closest)
                stated.append(closest)
            parts.append(self._differing(relation, closest))
        for line in left[unread:]:
            if self._is_spare(line, stated, sides):
                continue
            reason = "a line of the display is missing"
            parts.append(Part("", "different", expected=self._written(line), reason=reason))
        return tuple(parts)

    def _agreements(self, side: Side, lines: Sequence[Line]) -> list[tuple[int, Agreement]]:
        """The lines that say what a statement says, by their places."""
        same = [k for k, line in enumerate(lines) if self.reference.repeats(side, line)]
        if same:
            return [(k, Agreement(sp.S.One, "identity")) for k in same]
        options = ((k, self._agreement(side, line)) for k, line in enumerate(lines))
        return [(k, agreement) for k, agreement in options if agreement is not None]

    def _is_spare(self, line: Line, stated: Sequence[Line], sides: Sequence[Side]) -> bool:
        """Whether an author may leave a line out, given the lines that were stated.

        It says the same as one of them, or it defines a name of one that the author spelled out.
        """
        for other in stated:
            agreement = self._agreement(self.reference.line(other), line)
            if agreement is not None and agreement.how != "derivation":
                return True
        name = self.reference.notation.convert(line.left)
        used = (self.reference.line(other) for other in stated)
        return (
            isinstance(name, sp.Symbol)
            and any(name in side.left.free_symbols | side.right.free_symbols for side in used)
            and all(name not in s.left.free_symbols | s.right.free_symbols for s in sides)
        )

    def _agreeing(self, relation: Relation, agreement: Agreement) -> Part:
        if agreement.is_exact:
            return Part(relation.tex, "equal", agreement.how)
        factor = self._shown(agreement.factor)
        return Part(relation.tex, "equal up to a factor", agreement.how, factor)
