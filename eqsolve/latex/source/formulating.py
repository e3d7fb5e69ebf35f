"""Makes formulas of the rows of a display, with their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from eqsolve.latex.grammar.statements import begins_with_relation, left_side
from eqsolve.latex.grammar.tokens import Unreadable
from eqsolve.latex.source.displays import LAYOUTS, Line, Open
from eqsolve.latex.source.environments import COUNTED_ANEW
from eqsolve.latex.source.formula import Formula, Passed, Row
from eqsolve.latex.source.inputs import MISSING_FILE, SKIPPED_FILE
from eqsolve.latex.source.macros import written
from eqsolve.latex.source.numbering import Numbering
from eqsolve.latex.source.prose import Sentence
from eqsolve.latex.source.rows import conditional, rows
from eqsolve.latex.source.scanner import Token
from eqsolve.latex.source.unseen import UNSHOWN, USING, held, register

#: What makes the counters unknown, and why.
_UNCOUNTED = {
    SKIPPED_FILE.text: "a file is left out by \\includeonly",
    MISSING_FILE.text: "a file that is input before is not there",
    COUNTED_ANEW.text: "what stands on some slides only is counted there",
}


class Formulating(Numbering):
    """Makes formulas of rows."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._sentence = Sentence()
        self._formulas: list[Formula] = []
        self._passed: list[Passed] = []
        self._before: list[tuple[Row, ...]] = []
        self._blocks = self._sections = 0
        #: The left side of the statement that goes on from row to row.
        self._left = ""
        #: Which formulas are kept in boxes, by the names of what the boxes keep.
        self._kept: dict[str, list[int]] = {}

    def _counted(self, token: Token) -> bool:
        if token.kind == "command" and token.text in USING:
            self._use(token.text)
            return True
        if token.kind == "command" and token.text in _UNCOUNTED:
            self._unknown(_UNCOUNTED[token.text])
            return True
        return super()._counted(token)

    def _use(self, command: str) -> None:
        """A box is typeset: what stands in it is, or is kept in the box around."""
        name = held(self._expander, register(self._expander))
        inside = self._kept.pop(name, [])
        around = self._expander.hidden
        if around is not None:
            self._kept.setdefault(around[1], []).extend(inside)
            return
        for k in inside:
            self._formulas[k] = replace(self._formulas[k], doubt="")

    def _doubt(self) -> str:
        """Why it is not known whether TeX typesets what is here."""
        hidden = self._expander.hidden
        if hidden is not None and hidden[0] in UNSHOWN:
            return f"it stands in {hidden[0]}, which does not show it"
        name = self._expander.uncertain or (hidden[0] if hidden is not None else "")
        return name and f"it stands in {name}, of which is not known whether TeX typesets it"

    def _end_row(self, display: Open) -> None:
        """A row is complete: it gets its number and becomes a formula, if it has them by rows."""
        line = display.line
        if not display.layout.by_rows:
            line.tokens.append(Token("command", r"\\"))
            return
        layout = LAYOUTS[display.inner] if display.inner else display.layout
        counts = (layout.is_numbered or line.is_counted) and not line.is_silent
        if counts and line.tag is None:
            self._counters.step("equation")
        self._mark(line, counts and line.tag is None)

    def _mark(self, line: Line, is_counted: bool) -> None:
        line.is_counted = is_counted
        if is_counted and line.tag is None:
            self._counters.why = self._counters.why if not self._printed() else ""
        line.printed = line.tag or (self._printed() if is_counted else "")
        line.why = self._counters.why if is_counted and not line.printed else ""

    def _finish(self, display: Open) -> None:
        layout = display.layout
        if layout.by_rows:
            if len(display.lines) > 1 or not display.line.is_blank:
                self._end_row(display)
        else:
            whole = Line()
            for line in display.lines:
                whole.tokens += line.tokens
                whole.labels += line.labels
                whole.tag = line.tag if line.tag is not None else whole.tag
                whole.is_silent = whole.is_silent or line.is_silent
                whole.is_counted = whole.is_counted or line.is_counted
                whole.is_cut = whole.is_cut or line.is_cut
            if display.in_tag is not None:
                tokens = display.in_tag
                whole.tag = (self._counters.number(tokens) or written(tokens)).strip("()$ ")
            counts = layout.is_numbered and not whole.is_silent and whole.tag is None
            if layout.is_numbered and not counts:
                self._counters.add("equation", -1)
            self._mark(whole, counts)
            display.lines = [whole]
        self._formulate(display)

    def _formulate(self, display: Open) -> None:
        """Make formulas of rows: those without a number belong to the next one that has one."""
        self._left = ""
        pending: list[Line] = []
        by_rows = display.layout.by_rows
        numbered = display.layout.is_numbered
        for line in display.lines:
            pending.append(line)
            has_number = line.is_counted or line.tag is not None
            # a label in a row without a number goes with the next one that has one
            has_number = has_number or (bool(line.labels) and not numbered)
            if by_rows and not (has_number or (not numbered and line is display.lines[-1])):
                continue
            self._formula(display, pending)
            pending = []
        if any(not line.is_blank for line in pending):
            self._formula(display, pending)

    def _formula(self, display: Open, lines: Sequence[Line]) -> None:
        last = lines[-1]
        read: list[Row] = []
        for line in lines:
            tokens = line.tokens
            if display.left and not line.is_blank:
                tokens = _case(display.left, tokens)
            read += (Row(tex, place) for tex, place in rows(tokens))
        if not read:
            named = [*(x for line in lines for x in line.labels), last.tag or ""]
            if any(named):
                reason = f"there is nothing to read in {named[0] or named[-1]}"
                self._passed.append(Passed(display.place, display.name, reason))
            return
        try:
            if begins_with_relation(read[0].tex) and self._left:
                # the left side is that of the row before, which has its own number
                read.insert(0, replace(read[0], tex=self._left))
            self._left = left_side(read[0].tex) or self._left
        except Unreadable:
            self._left = ""
        labels = tuple(label for line in lines for label in line.labels)
        place = read[0].place
        doubt, hidden = self._doubt(), self._expander.hidden
        if any(line.is_cut for line in lines):
            hidden = None
            doubt = "too large: a row of too many tokens"
        is_lost = bool(self._expander.uncertain) and last.is_counted
        if is_lost:
            self._unknown(doubt)
        if not (labels or last.printed or last.why or last.tag or self._group_names()):
            role = self._sentence.role
            if not doubt:
                self._before.append(tuple(replace(row, role=role) for row in read))
            reason = doubt or "it has no number and no label"
            self._passed.append(Passed(place, display.name, reason, tuple(read)))
            return
        if hidden is not None:
            self._kept.setdefault(hidden[1], []).append(len(self._formulas))
        self._formulas.append(
            Formula(
                tuple(read),
                last.tag or "",
                labels,
                "" if is_lost else last.printed,
                last.why,
                place,
                tuple(self._before),
                (),
                (),
                self._blocks,
                self._group_names(),
                doubt,
                self._sections,
            )
        )
        self._before = []


def _case(left: Sequence[Token], tokens: Sequence[Token]) -> list[Token]:
    """One case of a formula with cases that are numbered one by one."""
    for k, token in enumerate(tokens):
        if token.text == "&":
            return [*left, *tokens[:k], *conditional(tokens[k + 1 :])]
    return [*left, *tokens]
