"""Proposes a symbol map: which of the author's names may stand for which of the displays'."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from eqsolve.errors import EqsolveError
from eqsolve.latex.checking.check import Displays, check_formulas
from eqsolve.latex.checking.symbol_map import SymbolMap, atom_of
from eqsolve.latex.checking.verdict import Finding, Proposal, Report
from eqsolve.latex.grammar.tokens import SILENT, Unreadable, tokenize
from eqsolve.latex.source.formula import Document, Formula

#: How many names are sought, how many meanings of each are tried, on how many formulas.
_NAMES, _MEANINGS, _FORMULAS = 4, 30, 12
_REPLACED = re.compile(r"replace (\S+) by (\S+)")
_STRANGER = re.compile(r"the symbol (\S+) is not known")


def proposed(
    document: Document,
    report: Report,
    ledger: Displays,
    symbols: SymbolMap,
    counted: bool = True,
) -> Report:
    """Add to a report what is odd about the symbol map, and a map that is better.

    A name that repairs replace, or that the derivation does not have, is tried for other names; it
    is proposed if more formulas are equal then.
    """
    notes = (*report.notes, *_odd(document, ledger, symbols))
    report = replace(report, notes=tuple(dict.fromkeys(notes)))
    found: dict[str, str] = {}
    for name, meanings in _suspected(report.findings).items():
        known = SymbolMap({**symbols.names, **found}, symbols.numbers)
        formulas = [f for f in document.formulas if _uses(f, name)][:_FORMULAS]
        meaning = _meaning(name, meanings, formulas, ledger, known, counted)
        if meaning:
            found[name] = meaning
        if len(found) == _NAMES:
            break
    if not found:
        return report
    concerned = [f for f in document.formulas if any(_uses(f, name) for name in found)]
    known = SymbolMap({**symbols.names, **found}, symbols.numbers)
    equal, compared = _score(concerned, ledger, known, counted)
    return replace(report, proposal=Proposal(found, equal, compared))


def _odd(document: Document, ledger: Displays, symbols: SymbolMap) -> Iterable[str]:
    """Entries of the map that nothing in the file or in the displays answers to."""
    labels = {label for f in document.formulas for label in (*f.labels, *f.group)}
    for label, number in symbols.numbers.items():
        if label not in labels:
            yield f"symbol map: no formula has the label {label!r}"
        if not ledger.find([number])[0]:
            yield f"symbol map: no display has the number {number!r} of {label!r}"
    used = " ".join(row.tex for f in document.formulas for row in f.rows)
    used += " ".join(row.tex for f in document.formulas for rows in f.before for row in rows)
    shown = _tokens(used)
    for name in symbols.names:
        parts = _tokens(name)
        if parts and not set(parts) <= set(shown):
            yield f"symbol map: {name} is not used"


def _tokens(tex: str) -> list[str]:
    found: list[str] = []
    # a long text is taken in pieces
    for start in range(0, len(tex), 10_000):
        try:
            pieces = tokenize(tex[start : start + 10_000])
        except Unreadable:
            continue
        found += (t.text for t in pieces if t.text not in SILENT and t.text not in "{}_^")
    aliases = {r"\bar": r"\overline", r"\widehat": r"\hat", r"\widetilde": r"\tilde"}
    return [aliases.get(text, text) for text in found]


def _suspected(findings: Iterable[Finding]) -> dict[str, Counter[str]]:
    """Names that a repair replaces, or that the derivation does not have, and by which others."""
    found: dict[str, Counter[str]] = {}
    for finding in findings:
        for part in finding.parts if finding.verdict == "different" else ():
            match = _REPLACED.fullmatch(part.repair)
            if match:
                found.setdefault(_plain(match.group(1)), Counter())[_plain(match.group(2))] += 1
            for name in _STRANGER.findall(part.reason):
                found.setdefault(_plain(name), Counter())
    return found


def _plain(name: str) -> str:
    """A name without the index, which is not what is sought."""
    node = atom_of(name)
    return name if node is None else node.base


def _uses(formula: Formula, name: str) -> bool:
    parts = _tokens(name)
    shown = set(_tokens(" ".join(row.tex for row in formula.rows)))
    return bool(parts) and set(parts) <= shown


def _meaning(
    name: str,
    meanings: Counter[str],
    formulas: list[Formula],
    ledger: Displays,
    symbols: SymbolMap,
    counted: bool,
) -> str:
    """The name of the displays with which most of the formulas are equal, and more than now."""
    best, (most, _) = "", _score(formulas, ledger, symbols, counted)
    likely = [meaning for meaning, _ in meanings.most_common(_MEANINGS)]
    others = _candidates(formulas, ledger, symbols, counted)
    for meaning in dict.fromkeys((*likely, *others)):
        if best in likely and meaning not in likely:
            break
        names: Mapping[str, str] = {**symbols.names, name: meaning}
        changed = SymbolMap(names, symbols.numbers)
        equal, _ = _score(formulas, ledger, changed, counted)
        if equal > most:
            best, most = meaning, equal
    return best


def _candidates(
    formulas: list[Formula], ledger: Displays, symbols: SymbolMap, counted: bool
) -> list[str]:
    """Names of the displays that the formulas do not use."""
    used = set(_tokens(" ".join(row.tex for f in formulas for row in f.rows)))
    found: Counter[str] = Counter()
    for formula in formulas:
        mapped = [symbols.numbers[x] for x in formula.labels if x in symbols.numbers]
        numbers = formula.numbers if counted else formula.named
        for reference in ledger.find((*mapped, *numbers))[1]:
            names = {node.base for s in reference.names if (node := atom_of(s.name)) is not None}
            found.update(names - used - set(symbols.names.values()))
    return [name for name, _ in found.most_common(_MEANINGS)]


def _score(
    formulas: list[Formula],
    ledger: Displays,
    symbols: SymbolMap,
    counted: bool,
) -> tuple[int, int]:
    """How many of some formulas are equal, and how many there are."""
    try:
        report = check_formulas("", formulas, ledger, symbols, False, counted)
    except EqsolveError:
        return 0, 0
    found = [f for f in report.findings if not f.abbreviation and f.title]
    return sum(f.verdict in ("equal", "equal up to a factor") for f in found), len(found)
