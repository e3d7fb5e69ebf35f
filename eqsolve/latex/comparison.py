"""Compares one formula of an author's with one display."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import sympy as sp

from eqsolve.errors import DerivationError
from eqsolve.latex import grammar
from eqsolve.latex.neutral import Reader
from eqsolve.latex.printer import latex
from eqsolve.latex.reference import Agreement, Reference, Side, inserted
from eqsolve.latex.repair import Neighborhood, repaired
from eqsolve.latex.source import Formula, Row
from eqsolve.latex.symbol_map import SymbolMap
from eqsolve.latex.syntax import Atom, Node, Relation, Unreadable, statements
from eqsolve.latex.verdict import Finding, Part
from eqsolve.ledger import Line

_MAX_TERMS = 60
#: Names that functions depend on.
_ARGUMENTS = frozenset(r"t s u T x y z w X Y \tau \omega \cdot".split())
_DEFINES = re.compile(r":\s*=|\\coloneqq|\\equiv|\\triangleq|\\doteq")


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
class Comparison:
    """Compares one formula with one display; ``definitions`` collects the author's."""

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
        if name.base in functions or (isinstance(bracket, Atom) and bracket.name in _ARGUMENTS):
            return False
        return known in self._names or known in self.own or known in self._known

    @cached_property
    def _known(self) -> set[sp.Symbol]:
        return self.reference.notation.symbols.keys() | self.reference.table.keys()

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
                self.definitions.written[left] = f"{_plain(relation.tex)} ({row.place})"
        elif self._says_the_same(left, right):
            self.definitions.otherwise.pop(left, None)
        elif row.role != "earlier":
            self.definitions.otherwise[left] = _plain(relation.tex)
        return None

    @cached_property
    def _lets(self) -> dict[sp.Expr, Line]:
        lines = (x for x in self.reference.display.let if _has_name(x))
        return {self.reference.notation.convert(x.left): x for x in lines}

    def _abbreviation(self, relation: Relation, line: Line) -> Part:
        try:
            return self._paired([relation], [line])[0]
        except Unreadable as error:
            return Part(relation.tex, "not checked", reason=str(error))

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
        if re.sub(r"\s", "", tex) in re.sub(r"\s", "", self.reference.display.prose):
            return True
        try:
            found = grammar.relations(tex, self.reader.context)
            sides = [self.reference.statement(relation, self.reader) for relation in found]
        except Unreadable:
            return False
        return all(
            side.relation == "=" and self._says_the_same(side.left, side.right) for side in sides
        )

    def _is_special(self, tex: str) -> bool:
        """Whether a condition gives a name a value."""
        try:
            found = grammar.relations(tex, self.reader.context)
        except Unreadable:
            return "=" in tex
        return any(relation.relation == "=" for relation in found)

    def _readable(self, rows: Sequence[Row]) -> Iterator[Relation]:
        try:
            for tex in statements(row.tex for row in rows):
                for relation in grammar.relations(tex, self.reader.context):
                    self.reader.expression(relation.left)
                    self.reader.expression(relation.right)
                    if not relation.condition:
                        yield relation
        except Unreadable:
            return

    def _is_new(self, left: sp.Expr) -> bool:
        """Whether a name means nothing in the derivation of the game."""
        if not isinstance(left, sp.Symbol) or left in self.reference.table or left in self._names:
            return False
        return self.reference.notation.symbols.get(left) not in self.reference.game_symbols

    @property
    def _names(self) -> set[sp.Symbol]:
        return self.reference.names

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
                for relation in grammar.relations(tex, self.reader.context):
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
            options = ((k, self._agreement(side, line)) for k, line in enumerate(lines))
            agreeing = [(k, agreement) for k, agreement in options if agreement is not None]
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

    def _agreement(self, side: Side, line: Line) -> Agreement | None:
        return self.reference.agreement(side, line, self.own)

    def _agreeing(self, relation: Relation, agreement: Agreement) -> Part:
        if agreement.is_exact:
            return Part(relation.tex, "equal", agreement.how)
        factor = self._shown(agreement.factor)
        return Part(relation.tex, "equal up to a factor", agreement.how, factor)

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

    # ------------------------------------------------------------ differences

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
            (relation,) = grammar.relations(tex, self.reader.context)
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
                node = grammar.expression(self.symbols.written(name.name), self.reader.context)
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

    def _shown(self, expression: sp.Expr) -> str:
        names = {n: self.symbols.written(n.name) for n in expression.free_symbols}
        return self.reference.shown(expression, names)

    def _written(self, line: Line) -> str:
        """A line in the author's notation."""
        notation = self.reference.notation
        texts: Mapping[sp.Symbol, str] = dict(self.reference.display.names)
        if self.symbols.names:
            texts = {s: self.symbols.written(n.name) for n, s in notation.symbols.items()}
        return f"{latex(line.left, texts)} {line.relation} {latex(line.right, texts)}"


def _has_name(line: Line) -> bool:
    return isinstance(line.left, sp.Symbol)


def _plain(tex: str) -> str:
    return " ".join(tex.replace("&", " ").split())
