"""Collects displays: their rows, numbers, labels and tags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from eqsolve.latex.grammar.statements import begins_with_relation, left_side
from eqsolve.latex.grammar.tokens import Unreadable
from eqsolve.latex.source.counters import SECTIONS
from eqsolve.latex.source.displays import LAYOUTS, Line, Open
from eqsolve.latex.source.formula import Formula, Passed, Row
from eqsolve.latex.source.macros import written
from eqsolve.latex.source.numbering import Numbering
from eqsolve.latex.source.prose import Sentence
from eqsolve.latex.source.rows import conditional, is_row_end, rows
from eqsolve.latex.source.scanner import Token

_DIMENSION = re.compile(r"\s*[-+]?[\d.,]*\s*(?:pt|em|ex|mm|cm|in|pc|sp|bp|\\\w+)\b.*", re.DOTALL)


_SILENT = frozenset((r"\notag", r"\nonumber", r"\IEEEnonumber"))
#: Commands in displays that leave nothing to read, by the number of their arguments.
INVISIBLE = {
    r"\hspace": 1,
    r"\vspace": 1,
    r"\phantom": 1,
    r"\hphantom": 1,
    r"\vphantom": 1,
    r"\color": 1,
    r"\textcolor": 1,
    r"\footnote": 1,
    r"\footnotemark": 0,
    r"\footnotetext": 1,
    r"\raisebox": 1,
    r"\intertext": 1,
    r"\shortintertext": 1,
    r"\setlength": 2,
    r"\addtolength": 2,
    r"\displaybreak": 0,
    r"\allowdisplaybreaks": 0,
    r"\pagebreak": 0,
    r"\nopagebreak": 0,
    r"\noindent": 0,
    r"\centering": 0,
    r"\vspace*": 1,
    r"\index": 1,
    r"\hypertarget": 1,
    r"\MoveEqLeft": 0,
    r"\mspace": 1,
    r"\strut": 0,
    r"\mathstrut": 0,
    r"\small": 0,
    r"\footnotesize": 0,
    r"\scriptsize": 0,
    r"\normalsize": 0,
    r"\medskip": 0,
    r"\smallskip": 0,
    r"\bigskip": 0,
    r"\qedhere": 0,
    r"\IEEEeqnarraynumspace": 0,
    r"\IEEEyesnumber": 0,
}


class Collecting(Numbering):
    """Collects displays."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._class = ""
        self._again: list[Token] = []
        self._sentence = Sentence()
        self._formulas: list[Formula] = []
        self._passed: list[Passed] = []
        self._before: list[tuple[Row, ...]] = []
        self._blocks = self._sections = 0
        #: Which formulas the sentence goes on behind.
        self._behind = range(0)
        #: The left side of the statement that goes on from row to row.
        self._left = ""

    def _next(self) -> Token | None:
        token = self._again.pop() if self._again else self._expander.next()
        if self._expander.document_class != self._class:
            self._class = self._expander.document_class
            self._counters.why = ""
            self._counters.choose_class(self._class)
        return token

    def _display(self, name: str, place: str, end: str) -> None:
        """Collect a display up to its end; its rows are numbered as they end."""
        if name not in LAYOUTS:
            self._pass_over(Token("begin", end, place))
            return
        expander = self._expander
        layout = LAYOUTS[name]
        display = Open(name, layout, place, end)
        if name.startswith("IEEE"):
            expander.optional()
        if name.startswith("dmath"):
            options = written(expander.optional() or ())
            found = re.search(r"label\s*=\s*\{([^{}]*)\}", options)
            display.line.labels += [found.group(1)] if found else []
        if layout.argument:
            argument = expander.argument()
            display.left = expander.spelled(argument) if "cases" in name else []
        if layout.is_group:
            # the environment has ended before its last row does
            self._open_group(everywhere=True)
        first = len(self._formulas)
        expander.in_math = True
        if not layout.by_rows and layout.is_numbered:
            self._counters.step("equation")
        fault = self._collect(display)
        expander.in_math = False
        if fault:
            found_rows = tuple(Row(t, p) for line in display.lines for t, p in rows(line.tokens))
            self._passed.append(Passed(place, name, fault, found_rows))
            self._unknown(fault)
        else:
            self._finish(display)
        if layout.is_group:
            self._close_group()
        self._blocks += 1
        self._behind = range(first, len(self._formulas))
        for k in self._behind:
            conditions = tuple(self._sentence.conditions)
            self._formulas[k] = replace(self._formulas[k], conditions=conditions)
        if self._last_character(display) in ".":
            self._behind = range(0)
        self._sentence.end()

    def _collect(self, display: Open) -> str:
        """Collect to the end; why it has none."""
        unended = f"the environment {display.name} is not ended"
        while (token := self._next()) is not None:
            kind, text = token.kind, token.text
            if kind == "end":
                if text == display.end and not display.nested:
                    return ""
                if display.nested and display.nested[-1] == text:
                    display.nested.pop()
                    if display.inner == text and not display.nested:
                        self._end_row(display)
                        display.inner = ""
                        display.lines.append(Line(is_silent=True))
                    else:
                        self._put(display, token)
                elif text == display.end:
                    return f"the environment {display.nested[-1]} is not ended"
            elif kind == "begin":
                if display.name.startswith("gather") and text in LAYOUTS and not display.nested:
                    # amsmath numbers the rows of an align inside of a gather
                    display.inner = display.inner or text
                    display.nested.append(text)
                elif text in LAYOUTS or text == "document":
                    self._again.append(token)
                    return unended
                else:
                    display.nested.append(text)
                    self._put(display, token)
            elif kind == "math":
                if self._ends(display, token):
                    return ""
                if text in ("$$", r"\[") and not display.depth and display.name != "$$":
                    self._again.append(token)
                    return unended
                for _ in range(2 if text == "$$" else 1):
                    self._put(display, Token("math", "$", token.place))
            elif kind == "paragraph":
                if display.name in ("$$", r"\["):
                    self._again.append(token)
                    return f"{display.name} is not ended"
            elif kind == "command":
                if text == f"\\{display.end}":
                    return ""
                if text[1:] in SECTIONS or text == r"\item":
                    self._again.append(token)
                    return unended
                self._in_display(display, token)
            else:
                display.depth += {"open": 1, "close": -1}.get(kind, 0)
                self._put(display, token)
        return unended

    def _in_display(self, display: Open, token: Token) -> None:
        expander = self._expander
        text = token.text
        line = display.line
        if text == r"\tag":
            expander.accepts("*")
            tokens = expander.spelled(expander.argument())
            line.tag = (self._counters.number(tokens) or written(tokens)).strip("()$ ")
        elif text == r"\label":
            line.labels.append(expander.text())
        elif text in _SILENT:
            line.is_silent = True
        elif text in (r"\IEEEyesnumber", r"\yesnumber", r"\numberthis"):
            line.is_counted = True
        elif text in (r"\eqno", r"\leqno"):
            display.in_tag = []
        elif text in INVISIBLE:
            self._drop(token)
        elif self._counted(token):
            return
        elif is_row_end(token):
            # the star or the space to the next row
            expander.accepts("*")
            space = expander.optional()
            if space is not None and not _DIMENSION.fullmatch(written(space)):
                brackets = Token("text", "["), Token("text", "]")
                expander.push([brackets[0], *space, brackets[1]])
            if len(display.nested) > bool(display.inner) or display.depth:
                self._put(display, token)
                self._put(display, Token("blank", " "))
            else:
                self._end_row(display)
                display.lines.append(Line())
        else:
            self._put(display, token)

    def _drop(self, token: Token) -> None:
        self._expander.accepts("*")
        if token.text in (r"\displaybreak", r"\pagebreak", r"\raisebox", r"\MoveEqLeft"):
            self._expander.optional()
        for _ in range(INVISIBLE[token.text]):
            self._expander.argument()

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
            has_number = line.is_counted or line.tag is not None or bool(line.labels)
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
        doubt = self._expander.uncertain
        if doubt:
            doubt = f"it stands in {doubt}, of which is not known whether TeX typesets it"
            if last.is_counted:
                self._unknown(doubt)
        if not (labels or last.printed or last.why or last.tag or self._group_names()):
            role = self._sentence.role
            if not doubt:
                self._before.append(tuple(replace(row, role=role) for row in read))
            reason = doubt or "it has no number and no label"
            self._passed.append(Passed(place, display.name, reason, tuple(read)))
            return
        self._formulas.append(
            Formula(
                tuple(read),
                last.tag or "",
                labels,
                last.printed,
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

    def _pass_over(self, token: Token) -> None:
        """Skip a display of a kind that is not read."""
        depth = 1
        content: list[Token] = []
        while depth and (inner := self._next()) is not None:
            if inner.text == token.text and inner.kind in ("begin", "end"):
                depth += 1 if inner.kind == "begin" else -1
            if depth:
                content.append(inner)
        reason = f"the environment {token.text} is not read"
        if depth:
            reason = f"the environment {token.text} is not ended"
        found = tuple(Row(tex, place) for tex, place in rows(content[:2000]))
        self._passed.append(Passed(token.place, token.text, reason, found))
        if not token.text.endswith("*"):
            self._unknown(reason)

    @staticmethod
    def _last_character(display: Open) -> str:
        text = written(display.line.tokens).rstrip()
        return text[-1:] or " "

    @staticmethod
    def _ends(display: Open, token: Token) -> bool:
        if token.text != display.end:
            return False
        return token.text == r"\]" or display.depth <= 0

    @staticmethod
    def _put(display: Open, token: Token) -> None:
        if display.in_tag is not None:
            display.in_tag.append(token)
        else:
            display.line.tokens.append(token)


def _case(left: Sequence[Token], tokens: Sequence[Token]) -> list[Token]:
    """One case of a formula with cases that are numbered one by one."""
    for k, token in enumerate(tokens):
        if token.text == "&":
            return [*left, *tokens[:k], *conditional(tokens[k + 1 :])]
    return [*left, *tokens]
