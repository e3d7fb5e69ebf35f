"""Compares an author's file with the derivations, formula by formula.

A formula is found by its number or label. It is ``equal`` if each of its statements says exactly
what a line of the display says and no line is missing; equality is decided in polynomial rings,
see ``eqsolve.latex.reference``. What cannot be read is never counted as equal.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import sympy as sp

from eqsolve.errors import DerivationError
from eqsolve.latex import grammar
from eqsolve.latex.neutral import Reader
from eqsolve.latex.printer import latex
from eqsolve.latex.reference import Agreement, Reference, Side
from eqsolve.latex.repair import Neighborhood, repaired
from eqsolve.latex.source import Formula, Row, formulas, missing_inputs
from eqsolve.latex.symbol_map import SymbolMap
from eqsolve.latex.syntax import Atom, Relation, Unreadable, statements
from eqsolve.latex.verdict import Finding, Part, Report
from eqsolve.ledger import Checker, Display, Line
from eqsolve.model import Model

_MAX_TERMS = 60


class Ledger:
    """The displays of all games by number, made when they are first asked for."""

    def __init__(self, models: Iterable[Model]) -> None:
        self._models = tuple(models)

    @cached_property
    def _by_number(self) -> dict[str, list[Callable[[], Reference]]]:
        result: dict[str, list[Callable[[], Reference]]] = {}
        for model in self._models:
            displays = model.displays(model.derivation)
            checker = Checker(model.derivation)
            for display in displays:
                made = _once(model, display, displays, checker)
                for number in _covered(display.number):
                    result.setdefault(number, []).append(made)
        return result

    def find(self, numbers: Iterable[str]) -> tuple[str, tuple[Reference, ...]]:
        """The first number that a display has, and the displays."""
        for number in numbers:
            if number in self._by_number:
                return number, tuple(made() for made in self._by_number[number])
        return "", ()


def _once(
    model: Model, display: Display, others: tuple[Display, ...], checker: Checker
) -> Callable[[], Reference]:
    made: list[Reference] = []

    def get() -> Reference:
        if not made:
            made.append(Reference(model, display, others, checker))
        return made[0]

    return get


def _covered(number: str) -> list[str]:
    """The numbers of a range such as ``2.11-2.13``."""
    first, dash, last = number.partition("-")
    chapter, dot, start = first.rpartition(".")
    if not dot:
        return [number]
    end = last.rpartition(".")[2] if dash else start
    if not (start.isdecimal() and end.isdecimal()):
        return [number]
    return [f"{chapter}.{k}" for k in range(int(start), int(end) + 1)]


def check(
    path: str | os.PathLike[str],
    ledger: Ledger,
    symbols: SymbolMap = SymbolMap(),
    repair: bool = True,
) -> Report:
    """Compare a LaTeX file with the derivations.

    Parameters
    ----------
    path : the author's file.
    ledger : the displays.
    symbols : the author's notation.
    repair : whether to search for the smallest edit where a formula differs.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    found = check_formulas(Path(path).name, formulas(path), ledger, symbols, repair)
    return replace(found, missing=missing_inputs(path))


def check_formulas(
    name: str,
    found: Iterable[Formula],
    ledger: Ledger,
    symbols: SymbolMap = SymbolMap(),
    repair: bool = True,
) -> Report:
    """Compare formulas that were read before."""
    own: dict[sp.Symbol, sp.Expr] = {}
    findings = []
    for number, references, formula in _assigned(found, ledger, symbols):
        label = formula.labels[0] if formula.labels else ""
        shown = number or (formula.numbers[0] if formula.numbers else "")
        if not references:
            reason = "the ledger has no display with this number or label"
            tex = " ".join(row.tex for row in formula.rows)
            part = Part(tex, "not checked", reason=reason)
            findings.append(Finding(shown, label, formula.place, "", (part,)))
            continue
        options = [
            list(Comparison(reference, symbols, own, repair).findings(shown, label, formula))
            for reference in references
        ]
        findings += min(options, key=lambda o: sum(f.verdict != "equal" for f in o))
    return Report(name, tuple(findings))


def _assigned(
    found: Iterable[Formula], ledger: Ledger, symbols: SymbolMap
) -> Iterator[tuple[str, tuple[Reference, ...], Formula]]:
    """Formulas with their displays; rows numbered one by one are put together."""
    rows: list[tuple[str, tuple[Reference, ...], Formula, set[str]]] = []
    for formula in found:
        mapped = [symbols.numbers[x] for x in formula.labels if x in symbols.numbers]
        number, references = ledger.find((*mapped, *formula.numbers))
        for k, (other, same, former, numbers) in enumerate(rows):
            if references and same == references and number not in numbers:
                joined = replace(
                    former,
                    rows=former.rows + formula.rows,
                    before=former.before + formula.before,
                    labels=former.labels + formula.labels,
                )
                rows[k] = (number, same, joined, numbers | {number})
                break
        else:
            rows.append((number, references, formula, {number}))
    for number, references, formula, _ in rows:
        yield number, references, formula


@dataclass(frozen=True)
class Comparison:
    """Compares one formula with one display; ``own`` collects the author's abbreviations."""

    reference: Reference
    symbols: SymbolMap
    own: dict[sp.Symbol, sp.Expr]
    repair: bool

    @cached_property
    def reader(self) -> Reader:
        """Reads the author's notation."""
        return replace(self.reference.notation.reader, symbols=self.symbols)

    def findings(self, number: str, label: str, formula: Formula) -> Iterator[Finding]:
        """The abbreviations before the formula that the display has, too; then the formula."""
        display = self.reference.display
        lets = {self.reference.notation.convert(x.left): x for x in display.let if _has_name(x)}
        for rows in formula.before:
            for relation in self._readable(rows):
                left = self.reader.expression(relation.left)
                if left in lets and relation.relation == "=":
                    try:
                        parts = self._paired([relation], [lets[left]])
                    except Unreadable as error:
                        parts = (Part(relation.tex, "not checked", reason=str(error)),)
                    yield Finding(number, label, rows[0].place, display.title, parts, True)
                elif relation.relation == "=" and self._is_new(left):
                    self.own[left] = self.reader.expression(relation.right)
        yield Finding(number, label, formula.place, display.title, self._parts(formula))

    def _readable(self, rows: Sequence[Row]) -> Iterator[Relation]:
        try:
            for tex in statements(row.tex for row in rows):
                for relation in grammar.relations(tex, self.reader.context):
                    self.reader.expression(relation.left)
                    self.reader.expression(relation.right)
                    yield relation
        except Unreadable:
            return

    def _is_new(self, left: sp.Expr) -> bool:
        known = self.reference.notation.symbols.keys() | self.reference.table.keys()
        return isinstance(left, sp.Symbol) and left not in known and left not in self._names

    @cached_property
    def _names(self) -> set[sp.Symbol]:
        """Every name that the display shows."""
        found: set[sp.Symbol] = set()
        for line in self.reference.display.let + self.reference.lines:
            try:
                found |= self.reference.notation.convert(line.left).free_symbols
                found |= self.reference.notation.convert(line.right).free_symbols
            except Unreadable:
                continue
        return found

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
