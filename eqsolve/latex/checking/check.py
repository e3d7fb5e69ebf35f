"""Compares an author's file with the derivations, formula by formula.

A formula is found by its number or label, or, of a declared game, by its left side. It is ``equal``
if each of its statements says exactly what a line of the display says and no line is missing;
equality is decided in polynomial rings, see ``eqsolve.latex.checking.reference``. What cannot be
read is never counted as equal.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from time import perf_counter
from typing import Protocol

from eqsolve.latex.checking.beside import Definitions
from eqsolve.latex.checking.comparison import Comparison
from eqsolve.latex.checking.reference import Reference
from eqsolve.latex.checking.sourced import Sourced, sourced
from eqsolve.latex.checking.symbol_map import SymbolMap
from eqsolve.latex.checking.verdict import Finding, Part, PassedOver, Report
from eqsolve.latex.grammar import parser
from eqsolve.latex.grammar.statements import statements
from eqsolve.latex.grammar.tokens import NoRelation, Unreadable
from eqsolve.latex.grammar.tree import Context
from eqsolve.latex.source.formula import Document, Formula, Row
from eqsolve.latex.source.walker import read
from eqsolve.ledger import Checker, Display
from eqsolve.notated.published import Published

#: Formulas of a file that are compared, those whose smallest edit is sought, and characters of
#: those that are compared with nothing and read all the same.
MAX_COMPARED, MAX_REPAIRED, MAX_READ = 2_000, 200, 1_000_000
#: How a formula is read that is compared with nothing: every name may be a function.
_FUNCTIONS = Context(differentials=True, is_factor=lambda name, bracket: False)


class Displays(Protocol):
    """What an author's formulas are compared with."""

    def find(self, numbers: Iterable[str]) -> tuple[str, tuple[Reference, ...]]:
        """The first number that a display has, and the displays."""

    def alike(self, formula: Formula, symbols: SymbolMap) -> tuple[str, tuple[Reference, ...]]:
        """A display that a formula may mean though no number says so, and its candidates."""


class Ledger:
    """The displays of all games by number, made when they are first asked for.

    Parameters
    ----------
    models : the games.
    """

    def __init__(self, models: Iterable[Published]) -> None:
        self.models = tuple(models)

    @cached_property
    def displays(self) -> tuple[tuple[str, Callable[[], Sourced]], ...]:
        """Every display with its number, in the order of the games."""
        result: list[tuple[str, Callable[[], Sourced]]] = []
        for model in self.models:
            others = model.shown
            checker = Checker(model.derivation)
            result += ((d.number, _once(model, d, others, checker)) for d in others)
        return tuple(result)

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """Where the displays of a number are."""
        result: dict[str, list[int]] = {}
        for place, (covered, _) in enumerate(self.displays):
            for number in _covered(covered):
                result.setdefault(number, []).append(place)
        return result

    def find(self, numbers: Iterable[str]) -> tuple[str, tuple[Reference, ...]]:
        """The first number that a display has, and the displays."""
        for number in numbers:
            if number in self.places:
                return number, tuple(self.displays[k][1]() for k in self.places[number])
        return "", ()

    def alike(self, formula: Formula, symbols: SymbolMap) -> tuple[str, tuple[Reference, ...]]:
        """None: a source numbers its equations."""
        return "", ()


def _once(
    model: Published, display: Display, others: tuple[Display, ...], checker: Checker
) -> Callable[[], Sourced]:
    return cache(lambda: sourced(model, display, others, checker))


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
    ledger: Displays,
    symbols: SymbolMap = SymbolMap(),
    repair: bool = True,
    counted: bool = True,
) -> Report:
    """Compare a LaTeX file with the derivations.

    Parameters
    ----------
    path : the author's file.
    ledger : the displays.
    symbols : the author's notation.
    repair : whether to search for the smallest edit where a formula differs.
    counted : whether the numbers that LaTeX counts are compared with those of the displays, too,
        not only tags, labels and the entries of the symbol map.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    return check_document(read(path), ledger, symbols, repair, counted)


def check_document(
    document: Document,
    ledger: Displays,
    symbols: SymbolMap = SymbolMap(),
    repair: bool = True,
    counted: bool = True,
) -> Report:
    """Compare a file that was read before."""
    found = check_formulas(document.name, document.formulas, ledger, symbols, repair, counted)
    readable = _Readable()
    passed = tuple(
        PassedOver(p.place, p.environment, p.reason, readable.said(p.rows)) for p in document.passed
    )
    return replace(found, missing=document.missing, passed=passed, notes=document.notes)


@dataclass
class _Assigned:
    """A formula with the displays that may be meant."""

    number: str
    references: tuple[Reference, ...]
    formula: Formula
    #: Whether only LaTeX's own count says so.
    is_counted: bool
    numbers: set[str]


def check_formulas(
    name: str,
    found: Iterable[Formula],
    ledger: Displays,
    symbols: SymbolMap = SymbolMap(),
    repair: bool = True,
    counted: bool = True,
) -> Report:
    """Compare formulas that were read before."""
    definitions = Definitions()
    section = 0
    findings: list[Finding] = []
    coincidences: list[int] = []
    before: tuple[tuple[Row, ...], ...] = ()
    readable = _Readable()
    compared = repaired = 0
    for item in _assigned(found, ledger, symbols, counted):
        formula = item.formula
        label = formula.labels[0] if formula.labels else ""
        if compared == MAX_COMPARED and item.references and not formula.doubt:
            reason = f"too large: more than {MAX_COMPARED} formulas to compare"
            formula = replace(formula, doubt=reason)
        if not item.references or formula.doubt:
            # what is defined here holds for what follows
            before += formula.before
            findings.append(_without_display(formula, label, item.number, readable))
            continue
        compared += 1
        formula = replace(formula, before=before + formula.before)
        before = ()
        if formula.section != section:
            # a special case ends with its section
            definitions.otherwise.clear()
            section = formula.section
        options = []
        start = perf_counter()
        for reference in item.references:
            own = definitions.copy()
            comparison = Comparison(reference, symbols, own, repair and repaired < MAX_REPAIRED)
            options.append((list(comparison.findings(item.number, label, formula)), own))
        best, definitions = min(options, key=lambda o: sum(f.verdict != "equal" for f in o[0]))
        repaired += any(f.verdict == "different" for f in best)
        if item.is_counted:
            coincidences.append(len(findings) + len(best) - 1)
        *others, last = best
        findings += [*others, replace(last, seconds=perf_counter() - start)]
    return Report(name, tuple(_questioned(findings, coincidences)))


def _without_display(formula: Formula, label: str, number: str, readable: _Readable) -> Finding:
    tex = " ".join(row.tex for row in formula.rows)
    reason = formula.doubt or "no display has this number or label"
    if formula.why:
        reason += f"; the number that LaTeX prints is not known: {formula.why}"
    part = Part(tex, "not checked", reason=f"{reason}; {readable.said(formula.rows)}")
    shown = number or formula.printed or formula.tag
    return Finding(shown, label, formula.place, "", (part,), False, formula.printed)


class _Readable:
    """Says whether formulas that are compared with nothing could be read, up to a budget."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], str] = {}
        self._left = MAX_READ

    def said(self, rows: Sequence[Row]) -> str:
        """What is said of a formula; the same formula is read once."""
        texts = tuple(row.tex for row in rows)
        if texts not in self._known:
            self._left -= sum(map(len, texts))
            if self._left < 0:
                return "it was not read: the file has too many formulas"
            self._known[texts] = _readability(rows)
        return self._known[texts]


def _readability(rows: Sequence[Row]) -> str:
    """Whether a formula that is compared with nothing could be read."""
    if not rows:
        return "it was not read"
    try:
        found = [_states(tex) for tex in statements(row.tex for row in rows)]
    except Unreadable as error:
        return f"the formula could not be read: {error}"
    if not any(found):
        return "the formula could be read; it has no relation, and states nothing"
    return "the formula could be read"


def _states(tex: str) -> bool:
    """Whether a formula that can be read has a relation."""
    try:
        return bool(parser.relations(tex, _FUNCTIONS))
    except NoRelation:
        return False


def _questioned(findings: list[Finding], coincidences: Sequence[int]) -> Iterator[Finding]:
    """Numbers that only LaTeX counts may coincide: then a difference is a question.

    The file counts as numbered like the derivation if more of these formulas agree than differ.
    """
    verdicts = [findings[k].verdict for k in coincidences]
    agreeing = sum(verdict in ("equal", "equal up to a factor") for verdict in verdicts)
    if agreeing > verdicts.count("different"):
        yield from findings
        return
    asked = set(coincidences)
    for k, finding in enumerate(findings):
        if k in asked and finding.verdict == "different":
            reason = (
                f"only LaTeX's count or the left side leads to ({finding.number}), and the formula "
                "differs from it; is it meant? A tag, a label or an entry in [numbers] says so"
            )
            parts = tuple(Part(p.tex, "not checked", reason=reason) for p in finding.parts[:1])
            finding = replace(finding, parts=parts)
        yield finding


def _assigned(
    found: Iterable[Formula], ledger: Displays, symbols: SymbolMap, counted: bool
) -> Iterator[_Assigned]:
    """Formulas with their displays; rows numbered one by one are put together."""
    rows: list[_Assigned] = []
    for formula in found:
        item = _looked_up(formula, ledger, symbols, counted)
        for former in rows:
            same = item.references and former.references == item.references
            if same and item.number not in former.numbers:
                former.formula = replace(
                    former.formula,
                    rows=former.formula.rows + formula.rows,
                    before=former.formula.before + formula.before,
                    after=former.formula.after + formula.after,
                    labels=former.formula.labels + formula.labels,
                    conditions=former.formula.conditions + formula.conditions,
                    doubt=former.formula.doubt or formula.doubt,
                )
                former.numbers.add(item.number)
                former.number = item.number if item.number in formula.numbers else former.number
                former.is_counted = former.is_counted and item.is_counted
                break
        else:
            rows.append(item)
    yield from rows


def _looked_up(formula: Formula, ledger: Displays, symbols: SymbolMap, counted: bool) -> _Assigned:
    mapped = [symbols.numbers[x] for x in formula.labels if x in symbols.numbers]
    number, references = ledger.find((*mapped, *formula.labels, *formula.named))
    if references:
        return _Assigned(number, references, formula, False, {number})
    grouped = [symbols.numbers[x] for x in formula.group if x in symbols.numbers]
    number, references = ledger.find((*grouped, *formula.named_group))
    if references:
        # each row of the group is a part of the display
        part = f"{number}, {formula.printed or formula.place}"
        return _Assigned(number, references, formula, False, {part})
    if counted:
        numbers = (formula.printed, *formula.group)
        number, references = ledger.find(x for x in numbers if x)
        if references:
            part = number if number == formula.printed else f"{number}, {formula.printed}"
            return _Assigned(number, references, formula, True, {part})
    number, references = ledger.alike(formula, symbols)
    if references:
        return _Assigned(number, references, formula, True, {formula.place})
    return _Assigned("", (), formula, False, set())
